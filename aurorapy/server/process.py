"""One `aurorapy serve` process: settings, host, instance and listener put together, from start to exit status.

    aurorapy serve [--data DIR] [--host H] [--port P] [--config FILE] [--set name=value …]

It makes the directory if it is new, prints one line saying where to connect, and stays in the foreground. SIGTERM waits
for the clients to leave, SIGINT ends them; a second signal leaves at once.

Errors: a line on stderr and exit status 1, 2 for what the command line says, 3 when another instance has taken over the
volume.

Not here: the command line itself (`__main__`).
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from typing import Any

from aurorapy import __version__, config
from aurorapy.errors import DatabaseError, ObjectInUse
from aurorapy.host import preemption
from aurorapy.host.collector import Collector
from aurorapy.host.exposition import Exposition
from aurorapy.host.process import in_task, is_loopback, join_cluster
from aurorapy.host.real import RealHost, allow_connections, new_event_loop
from aurorapy.instance import promotion
from aurorapy.instance.door import InstanceDoor
from aurorapy.instance.instance import Instance
from aurorapy.server import logs
from aurorapy.server.forwarded import ForwardedLink
from aurorapy.server.listener import Listener
from aurorapy.server.metrics import InstanceFigures
from aurorapy.session.interruption import may_switch
from aurorapy.storage.messages import Epoch
from aurorapy.storage.volume.recovery import Superseded
from aurorapy.storage.volume.transport import Unreachable

SUPERSEDED = 3  # exit status
LEAVE_SECONDS = 2.0
OBJECT_BYTES = 64  # of a block of Python's allocator, about


def serve(options: argparse.Namespace) -> int:
    try:
        settings = _settings(options)
    except (DatabaseError, OSError, ValueError) as error:
        print(f"aurorapy: {error}", file=sys.stderr)
        return 2
    if not _trust_is_safe(settings, options.force_trust):
        return 2
    log = logs.LazyLog(settings["log_format"])
    if not allow_connections(settings["max_connections"]):
        log.warning("the limit of open files (ulimit -n) is too low for max_connections", max_connections=settings["max_connections"])
    loop = new_event_loop()
    asyncio.set_event_loop(loop)
    host = RealHost(options.data, loop)
    if not join_cluster(host, settings):
        return 2
    host.spin_when_idle(settings["idle_spin"])
    preemption.arm(host.tasks.give_way, may_switch)
    try:
        return loop.run_until_complete(_serve(host, loop, settings, options, log))
    finally:
        preemption.disarm()
        host.close()


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    overrides = config.assignments(options.set)
    if options.host is not None:
        overrides["listen_addresses"] = options.host
    if options.port is not None:
        overrides["port"] = options.port
    overrides["data_directory"] = options.data
    return config.load(options.config, overrides)


def _trust_is_safe(settings: dict[str, Any], forced: bool) -> bool:
    address = settings["listen_addresses"]
    if is_loopback(address) or forced or settings["auth_method"] != "trust":
        return True
    print(
        f"aurorapy: refusing to serve {address} with trust authentication: anyone who reaches it would be superuser.\n"
        "Set auth_method = scram-sha-256 and give --password, or say --force-trust.",
        file=sys.stderr,
    )
    return False


async def _serve(host: RealHost, loop: Any, settings: dict[str, Any], options: argparse.Namespace, log: Any) -> int:
    door = InstanceDoor(host, settings)
    try:
        if settings["instance_listen"]:
            door.open(settings["instance_listen"])
    except OSError as error:
        print(f"aurorapy: could not listen on {settings['instance_listen']}: {error.strerror}", file=sys.stderr)
        return 1
    try:
        instance = await in_task(host, loop, _open_instance, host, settings, options, log, door)
    except (ObjectInUse, Unreachable, Superseded) as error:
        print(f"aurorapy: {error.message}", file=sys.stderr)
        return 1
    listener = Listener(instance, loop)
    address = settings["listen_addresses"]
    try:
        port = await listener.open(address, settings["port"])
    except OSError as error:
        print(f"aurorapy: could not listen on {address}:{settings['port']}: {error.strerror}", file=sys.stderr)
        await in_task(host, loop, instance.close)
        return 1
    Collector(loop.call_later, memory_bytes=object_bytes).start()
    stop = _signals(loop)  # before anybody is told that the server serves
    print(f"aurorapy {__version__} ready: psql -h {address} -p {port} -U {options.user} postgres", flush=True)
    superseded = loop.create_future()
    ends_with_volume = bool(settings["instance_listen"])  # somebody starts it again, as whatever it shall be then
    instance.volume.on_failure(lambda error: _note_superseded(superseded, error, ends_with_volume))
    stepped_down = loop.create_future()
    _open_door(door, instance, listener, lambda: stepped_down.done() or stepped_down.set_result(None))
    if settings["metrics_listen"]:
        Exposition(loop, settings["metrics_listen"], InstanceFigures(instance, listener, lambda: door.lag_us(), lambda: door.role)).start()
    stopped = loop.create_task(_until_stopped(loop, listener, stop))
    host.tasks.spawn(host.in_thread, log.prepare)
    await asyncio.wait({stopped, superseded, stepped_down}, return_when=asyncio.FIRST_COMPLETED)
    if superseded.done():
        await _leave(listener, superseded.result())
    door.close()
    await in_task(host, loop, instance.close)
    return SUPERSEDED if superseded.done() else 0


def _let_follow(door: InstanceDoor, instance: Instance) -> None:
    door.let_follow(instance.follower.follow)
    door.lag_us = lambda: instance.follower.lag_us


def _open_door(door: InstanceDoor, instance: Instance, listener: Listener, stepped_down: Any) -> None:
    """From here on the control plane is told that the instance serves, and may ask it to step down."""

    def step_down(seconds: float) -> int:
        listener.drain(seconds)
        instance.volume.wait_durable(instance.volume.redo.last_lsn)
        return instance.volume.vdl

    def promote(number: int) -> tuple[Epoch, int]:
        if number < obeyed[0]:
            raise DatabaseError(f"change {number} of writers is older than {obeyed[0]}")
        obeyed[0] = number
        epoch, vdl = promotion.promote(instance)
        door.role = settings["instance_role"] = "writer"
        return epoch, vdl

    obeyed, settings = [0], instance.settings
    door.promote = promote
    door.sessions = lambda: len(listener.by_pid)
    door.step_down, door.stepped_down = step_down, stepped_down
    door.feed = instance.feed
    door.open_session = lambda link, name: ForwardedLink(link, listener)
    door.instance = instance


def _note_superseded(superseded: Any, error: DatabaseError, whatever: bool) -> None:
    if (whatever or isinstance(error, Superseded)) and not superseded.done():
        superseded.set_result(error)


async def _leave(listener: Listener, error: DatabaseError) -> None:
    """Another instance writes the volume now, or this one cannot: every client is told, and none is waited for for long."""
    print(f"aurorapy: {error.message}", file=sys.stderr, flush=True)
    why = "another instance has taken over the volume" if isinstance(error, Superseded) else "the volume has failed"
    listener.end_clients(f"terminating connection because {why}")
    try:
        await asyncio.wait_for(listener.close(fast=False), LEAVE_SECONDS)
    except asyncio.TimeoutError:
        pass


def _open_instance(
    host: RealHost, settings: dict[str, Any], options: argparse.Namespace, log: Any, door: InstanceDoor
) -> Instance:
    if settings["instance_role"] == "reader":
        return Instance.follow(host, settings, log, begun=lambda instance: _let_follow(door, instance))
    return Instance.open_or_create(host, settings, options.user, options.password, log)


def object_bytes() -> int:
    """Memory of Python's objects, which alone a walk over them can give back: a buffer pool that fills is no reason for
    one."""
    return sys.getallocatedblocks() * OBJECT_BYTES


def _signals(loop: Any) -> asyncio.Queue[int]:
    """Those that ask the server to stop, from now on."""
    stop: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.put_nowait, number)
    return stop


async def _until_stopped(loop: Any, listener: Listener, stop: asyncio.Queue[int]) -> None:
    """Returns when no client is left after a signal, or at once after the second."""
    first = await stop.get()
    closing = loop.create_task(listener.close(fast=first == signal.SIGINT))
    again = loop.create_task(stop.get())
    await asyncio.wait({closing, again}, return_when=asyncio.FIRST_COMPLETED)
    if not closing.done():
        listener.end_clients()
        closing.cancel()
    again.cancel()
