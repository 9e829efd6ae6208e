"""Everything outside the process, as interfaces: clock, disk, log file, randomness, tasks.

Production (`host.real`) and the simulator (`tests/sim`) both implement them; nothing above this floor imports time,
random, os, socket, threading, asyncio or uuid. Code that may wait is straight-line Python on a greenlet: it waits only
through `Tasks`.

    host = RealHost(loop)
    task = host.tasks.spawn(work, name="session 3")     # runs on a greenlet of its own
    waiter = host.tasks.waiter()                        # in work: somebody will call waiter.wake(value)
    value = waiter.wait(timeout=2.0)                    # switches to the loop and comes back

Errors: waits raise what `Task.interrupt` was given (a cancel, a timeout, a shutdown); OSError of the disk comes through
unchanged.
"""

from __future__ import annotations

from typing import Any, Callable, Protocol


class Clock(Protocol):
    def monotonic(self) -> float:
        """Seconds; never goes back. For timeouts and durations."""

    def wall_us(self) -> int:
        """Microseconds since 2000-01-01 00:00 UTC. May jump; nothing safe depends on it."""


class Randomness(Protocol):
    def bytes(self, count: int) -> bytes: ...
    def below(self, bound: int) -> int: ...
    def uniform(self) -> float: ...


class Waiter(Protocol):
    """One wait of one task. Lives on the heap, so nobody holds an address across a switch."""

    def wait(self, timeout: float | None = None, shielded: bool = False) -> Any:
        """Returns what wake() was given; raises TimeoutError, or the task's interrupt. Returns at once if woken.
        shielded: an interrupt stays pending instead of ending this wait."""

    def wake(self, value: Any = None) -> None:
        """Puts the waiting task on the run queue. May come first, may come twice (the first counts)."""


class Timer(Protocol):
    def cancel(self) -> None: ...


class Task(Protocol):
    name: str
    done: bool

    def interrupt(self, error: BaseException) -> None:
        """`error` is raised in the task, once, at its present or next wait or at its next give_way(). The first one
        stays."""

    def pending_interrupt(self) -> BaseException | None: ...
    def clear_interrupt(self) -> None: ...
    def join(self, timeout: float | None = None) -> None: ...

    result: Any
    error: BaseException | None  # of its work, once done
    locals: Any  # for the task's owner: found again through Tasks.current()


class Tasks(Protocol):
    """Greenlets over one loop. Only the loop switches into a task; wake() only queues."""

    def spawn(self, work: Callable[..., Any], *args: Any, name: str = "") -> Task: ...
    def current(self) -> Task | None:
        """None in the loop itself (callbacks must not wait)."""

    def waiter(self) -> Waiter: ...
    def sleep(self, seconds: float) -> None: ...
    def call_later(self, seconds: float, callback: Callable[..., Any], *args: Any) -> Timer: ...
    def call_soon(self, callback: Callable[..., Any], *args: Any) -> None: ...
    def give_way(self) -> None:
        """Called where work may be interrupted, at least every few ms: raises a pending interrupt, and lets others run
        when this task has run for longer than its slice (in the simulator: when the seed says so)."""

    def expect_disk(self) -> None:
        """The task is about to wait for the log: a hint to poll rather than sleep, where the host may."""

    def pause(self) -> None:
        """Lets everything else that is ready run first."""

    def run(self, work: Callable[..., Any], *args: Any) -> Any:
        """For tests and tools: drives the loop until one task has ended; its result, or its error raised."""


class LogFile(Protocol):
    """An append-only file made durable in the background: the hot log of a storage node, one zero-filled file."""

    def append(self, first: bytes, second: bytes = b"", third: bytes = b"") -> int:
        """Queues the parts at the end, as one write; returns the file position after them. Never blocks, never raises
        for I/O."""

    def on_durable(self, callback: Callable[[int], None]) -> None:
        """callback(position): everything below is on disk. Called in the loop; one call may cover many appends."""

    def on_error(self, callback: Callable[[OSError], None]) -> None:
        """A write or fdatasync failed. After that nothing more is reported durable: the file is poisoned."""

    def close(self) -> None: ...


class File(Protocol):
    def pread(self, count: int, position: int) -> bytes: ...
    def pwrite(self, data: bytes, position: int) -> None: ...
    def sync(self) -> None:
        """fdatasync; blocks. Never called twice after a failure."""

    def size(self) -> int: ...
    def truncate(self, size: int) -> None: ...
    def map(self) -> memoryview:
        """Read-only view of the whole file (mmap in production)."""

    def close(self) -> None: ...


class Disk(Protocol):
    """Files of one directory tree; paths are relative to it."""

    def open(self, path: str, create: bool = False) -> File: ...
    def open_log(self, path: str, size: int, position: int) -> LogFile:
        """The log file `path`, zero-filled to `size` (made or recycled beforehand), appending from `position`."""

    def exists(self, path: str) -> bool: ...
    def list(self, path: str) -> list[str]: ...
    def mkdir(self, path: str) -> None: ...
    def rename(self, old: str, new: str) -> None: ...
    def remove(self, path: str) -> None: ...
    def sync_directory(self, path: str) -> None: ...
    def lock(self, path: str) -> None:
        """Exclusive lock for the life of the process; raises BlockingIOError when another holds it."""

    def unlock(self, path: str) -> None: ...

    def free_bytes(self) -> int: ...


class Link(Protocol):
    """A connection between two processes of one cluster: whole frames go in on one side and come out on the other, in
    order, none twice; when it breaks, the last ones may be lost. Authenticated and checked before its user hears of it."""

    address: str  # of the other side
    is_up: bool

    def send(self, *parts: bytes) -> None:
        """One frame, of these parts. Never waits; while the link is down the frame is lost."""

    def backlog(self) -> int:
        """Bytes handed over and not yet taken by the network."""

    def reset(self) -> None:
        """Breaks it, with all that is on its way."""

    def close(self) -> None:
        """For good; a link that was made by `connect` is not tried again."""


class LinkUser(Protocol):
    """Who uses a link. Called in the loop: must not wait."""

    def link_up(self, link: Link) -> None: ...
    def link_frame(self, link: Link, frame: bytes) -> None: ...
    def link_lost(self, link: Link) -> None:
        """It broke. A link made by `connect` is tried again by itself, with growing pauses, and `link_up` follows."""


class Listening(Protocol):
    address: str  # with the port that was found, where 0 was asked for

    def close(self) -> None: ...


class Network(Protocol):
    """Addresses are `host:port`."""

    def connect(self, address: str, user: LinkUser) -> Link: ...
    def listen(self, address: str, user: LinkUser) -> Listening:
        """Every link that somebody makes to the address comes to `user.link_up`. OSError when it cannot be had."""


class Host(Protocol):
    clock: Clock
    random: Randomness
    tasks: Tasks
    disk: Disk
    network: Network

    def crash(self) -> None:
        """Ends the process as a kill -9 would."""

    def in_thread(self, work: Callable[..., Any], *args: Any) -> Any:
        """Runs C-bound work that releases the GIL on another thread; the task waits for the result."""

    def buggify(self, site: str) -> bool:
        """False in production; in the simulator a draw that makes rare paths common."""
