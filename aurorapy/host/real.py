"""The host that is this process: its clock, its disk, its loop, its threads.

    host = RealHost("/srv/data")                 # a loop of its own (uvloop where installed)
    host.tasks.run(work)                         # tests and tools: one task to its end
    host = RealHost("/srv/data", loop=loop)      # a server: the loop that also serves the sockets

Threads only run C that lets go of the GIL, and decide nothing: `in_thread` is for reads and writes of files and for
building pages.

Not here: clients' sockets (`server` owns them), signals and the command line (`__main__`).
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

from aurorapy.host.disk import RealDisk
from aurorapy.host.network import RealNetwork
from aurorapy.host.tasks import GreenletTasks
from aurorapy_native.clock import wall_us

BACKGROUND_THREADS = 2
LOG_SPINS = 4  # a commit of the same client comes after some statements more
IDLE_SPIN_US = 60  # sleeping and being woken costs more than a client that answers at once needs
CALL_DEPTH_MAX = 10_000  # expressions nest: a chain of 1,000 operators takes some 4,000 calls
STACK_BYTES = 64 << 20
SECRET_BYTES_MIN = 16
FILES_BESIDE = 512  # files of a process that are no connections: runs, log files, libraries


def allow_deep_calls() -> None:
    """Room for statements that nest deeply; beyond it they are refused with 54001. The main thread's stack grows on
    demand, so that a limit which may not be raised costs depth, never memory."""
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if soft != resource.RLIM_INFINITY and soft < STACK_BYTES:
        wanted = STACK_BYTES if hard == resource.RLIM_INFINITY else min(STACK_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))
        if wanted < STACK_BYTES // 8:
            return
    sys.setrecursionlimit(max(CALL_DEPTH_MAX, sys.getrecursionlimit()))


def allow_connections(count: int) -> bool:
    """Raises the limit of open files for so many sockets, as far as it may be; False when it stays too low."""
    wanted = count + FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return True
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed == wanted


class RealClock:
    monotonic = staticmethod(time.monotonic)

    wall_us = staticmethod(wall_us)


class RealRandomness:
    def __init__(self) -> None:
        self._random = random.SystemRandom()

    bytes = staticmethod(os.urandom)

    def below(self, bound: int) -> int:
        return self._random.randrange(bound)

    def uniform(self) -> float:
        return self._random.random()


class RealHost:
    """One process on one machine. root_dir: where `disk` keeps its files; made when missing."""

    def __init__(self, root_dir: str | os.PathLike, loop: Any = None) -> None:
        allow_deep_calls()
        self.loop = loop if loop is not None else new_event_loop()
        self.clock = RealClock()
        self.random = RealRandomness()
        self.tasks = GreenletTasks(self.loop)
        self.disk = RealDisk(root_dir, self.loop)
        self.network = RealNetwork(self.loop, self.random)
        self._own_loop = loop is None
        self._threads: ThreadPoolExecutor | None = None

    def crash(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def in_thread(self, work: Callable[..., Any], *args: Any) -> Any:
        """Runs `work` on another thread while the task waits (not ended by an interrupt: the thread cannot be).
        Outside a task it simply runs."""
        if self.tasks.current() is None:
            return work(*args)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(BACKGROUND_THREADS, thread_name_prefix="background")
        waiter = self.tasks.waiter()
        future = self._threads.submit(work, *args)
        future.add_done_callback(lambda done: self.loop.call_soon_threadsafe(waiter.wake))
        waiter.wait(shielded=True)
        return future.result()

    def spin_when_idle(self, microseconds: int) -> None:
        """idle_spin. -1: where the loop has a processor to itself, because others may use more than one."""
        if microseconds < 0:
            microseconds = IDLE_SPIN_US if len(os.sched_getaffinity(0)) > 1 else 0
        self.tasks.spin_seconds = microseconds / 1e6
        self.disk.log_spin_seconds = LOG_SPINS * microseconds / 1e6

    def buggify(self, site: str) -> bool:
        return False

    def join_cluster(self, secret_file: str, cert_file: str = "", key_file: str = "", ca_file: str = "") -> None:
        """From here on links prove the secret in that file; with a certificate and authorities they go through TLS.
        OSError or ValueError when a file cannot be used."""
        secret = b""
        if secret_file:
            with open(secret_file, "rb") as file:
                secret = file.read().strip()
            if len(secret) < SECRET_BYTES_MIN:
                raise ValueError(f"{secret_file} holds fewer than {SECRET_BYTES_MIN} bytes: no secret")
        server_tls = client_tls = None
        if cert_file:
            server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server_tls.load_cert_chain(cert_file, key_file or None)
            client_tls = ssl.create_default_context(cafile=ca_file or cert_file)
        self.network = RealNetwork(self.loop, self.random, secret, server_tls, client_tls)

    def close(self) -> None:
        """Ends the threads, and the loop if it was made here."""
        if self._threads is not None:
            self._threads.shutdown()
        if self._own_loop:
            self.loop.close()


def new_event_loop() -> Any:
    """uvloop's loop where it is installed, else asyncio's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
