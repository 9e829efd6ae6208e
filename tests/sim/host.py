"""A host made by one seed: virtual clock, tasks in random order, a disk that tears and fails, a hash of all that happened.

    medium = SimMedium()
    host = SimHost(seed=7, medium=medium, crash_after=1200)
    try:
        host.tasks.run(workload, host)           # production code, from Volume up
    except Crash:
        medium.crash(host.rng)                   # power cut; or medium.kill() for kill -9
    host = SimHost(seed=8, medium=medium)        # the next life
    host.hash()                                  # same seed, same hash

Every step (a task is switched into, a callback of the loop runs) is a place where `crash_after` can end the world, every
call of the disk one where `crash_after_disk_calls` can. Time
passes only when nobody is ready: a run of hours takes as long as its steps. Threads run inline, at a random later moment.

Errors: Deadlock when a task waits, nobody is ready and no timer is set; Crash at the chosen step.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from hashlib import blake2b
from typing import Any, Callable

from aurorapy.host.tasks import GreenletTask, GreenletTasks, TaskExit

from tests.sim.disk import PowerLost, SimDisk, SimFaults, SimMedium


class Crash(BaseException):
    """The world ends here."""


class Deadlock(Exception):
    """Somebody waits for what cannot come."""


class SimTimer:
    __slots__ = ("callback", "args", "cancelled")

    def __init__(self, callback: Callable[..., Any], args: tuple) -> None:
        self.callback, self.args, self.cancelled = callback, args, False

    def cancel(self) -> None:
        self.cancelled = True


class SimLoop:
    """An event loop whose time is a number."""

    def __init__(self, host: SimHost) -> None:
        self._host = host
        self._now = 0.0
        self._ready: deque[tuple[Callable[..., Any], tuple]] = deque()
        self._timers: list[tuple[float, float, int, SimTimer]] = []
        self._count = 0
        self._stopped = False

    def time(self) -> float:
        return self._now

    def call_soon(self, callback: Callable[..., Any], *args: Any) -> None:
        self._ready.append((callback, args))

    def call_later(self, seconds: float, callback: Callable[..., Any], *args: Any) -> SimTimer:
        self._count += 1
        timer = SimTimer(callback, args)
        when = self._now + max(0.0, seconds)
        heapq.heappush(self._timers, (when, self._host.rng.random(), self._count, timer))
        return timer

    def stop(self) -> None:
        self._stopped = True

    def run_forever(self) -> None:
        self._stopped = False
        while not self._stopped:
            if not self.step():
                raise Deadlock("nobody is ready and no timer is set")

    def step(self) -> bool:
        """Runs one callback, or lets time pass to the next timer. False when there is neither."""
        if not self._ready:
            while self._timers and self._timers[0][3].cancelled:
                heapq.heappop(self._timers)
            if not self._timers:
                return False
            self._now = max(self._now, self._timers[0][0])
            timer = heapq.heappop(self._timers)[3]
            self._ready.append((timer.callback, timer.args))
        callback, args = self._ready.popleft()
        self._host.count_step()
        callback(*args)
        return True

    def run_until_idle(self) -> None:
        """Runs what is ready; time does not pass."""
        while self._ready:
            self.step()


class SimTasks(GreenletTasks):
    """Tasks in an order drawn from the seed."""

    def __init__(self, host: SimHost, loop: SimLoop) -> None:
        super().__init__(loop)
        self._host = host
        self.on_crash = self._crashed
        self._spawned: list[GreenletTask] = []

    def spawn(self, work: Callable[..., Any], *args: Any, name: str = "") -> GreenletTask:
        task = super().spawn(work, *args, name=name)
        self._spawned.append(task)
        if len(self._spawned) > 100:
            self._spawned = [task for task in self._spawned if not task.done]
        return task

    def end(self) -> None:
        """Ends what a crash left waiting. Nothing else would: what a suspended greenlet holds, the collector cannot see."""
        for task in self._spawned:
            for _ in range(20):  # what it does on its way out may wait again
                if task.done or task._switch is None:
                    break
                try:
                    task._switch.__self__.throw(TaskExit)
                except BaseException:  # noqa: BLE001 - it is dead
                    break
        self._spawned.clear()

    def _crashed(self, task: Any, error: BaseException) -> None:
        if not isinstance(error, (Crash, PowerLost)):
            self._host.unexpected.append((task.name, error))

    def _drain(self) -> None:
        """One ready task, any of them; the rest in later steps."""
        queue = self._queue
        if len(queue) > 1:
            queue.rotate(self._host.rng.randrange(len(queue)))
        task = queue.popleft()
        if queue:
            self._loop.call_soon(self._drain)
        else:
            self._scheduled = False
        self._host.trace(f"run {task.name}")
        try:
            self._switch_into(task)
        finally:
            self._current = None
        if self._until is not None and self._until():
            self._loop.stop()

    def take_turns(self, waiter: Any) -> None:
        self._loop.call_soon(waiter.wake)

    def _slice_is_over(self) -> bool:
        return self._host.rng.random() < 0.2

    def run_until_idle(self) -> None:
        self._loop.run_until_idle()


class SimClock:
    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self.wall_offset_us = 800_000_000_000_000

    def monotonic(self) -> float:
        return self._loop.time()

    def wall_us(self) -> int:
        return self.wall_offset_us + int(self._loop.time() * 1_000_000)


class SimRandomness:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def bytes(self, count: int) -> bytes:
        return self._rng.randbytes(count)

    def below(self, bound: int) -> int:
        return self._rng.randrange(bound)

    def uniform(self) -> float:
        return self._rng.random()


class HostParts:
    """What every simulated host does alike: of its `rng`, its `tasks` and its `buggify_probability`."""

    rng: random.Random
    tasks: SimTasks
    buggify_probability: float

    def in_thread(self, work: Callable[..., Any], *args: Any) -> Any:
        if self.tasks.current() is None:
            return work(*args)
        self._some_time()
        try:
            return work(*args)
        finally:
            self._some_time()

    def _some_time(self) -> None:
        waiter = self.tasks.waiter()
        self.tasks.call_later(self.rng.random() * 0.002, waiter.wake)
        waiter.wait(shielded=True)

    def buggify(self, site: str) -> bool:
        return self.rng.random() < self.buggify_probability

    def close(self) -> None:
        pass


class SimHost(HostParts):
    """One life of one simulated process. crash_after: the step at which it ends, None for never."""

    def __init__(self, seed: int, medium: SimMedium | None = None, crash_after: int | None = None) -> None:
        self.rng = random.Random(seed)
        self.steps = 0
        self.steps_max = 300_000
        self.crash_after = crash_after
        self.disk_calls = 0
        self.crash_after_disk_calls: int | None = None
        self.show: Callable[[str], None] | None = None  # who reads the trace
        self.unexpected: list[tuple[str, BaseException]] = []  # errors of tasks nobody joined: must stay empty
        self.medium = medium if medium is not None else SimMedium()
        self.faults = SimFaults()
        self.loop = SimLoop(self)
        self.tasks = SimTasks(self, self.loop)
        self.clock = SimClock(self.loop)
        self.random = SimRandomness(random.Random(seed + 1))
        self.disk = SimDisk(self, self.medium, self.faults)
        self.buggify_probability = 0.0
        self._trace = blake2b(digest_size=16)

    def count_step(self) -> None:
        self.steps += 1
        if self.steps > self.steps_max:
            raise Deadlock(f"no end after {self.steps} steps: time passes and nothing gets done")
        if self.crash_after is not None and self.steps > self.crash_after:
            self.trace("crash")
            raise Crash

    def count_disk_call(self) -> None:
        """The world may end between two calls of the disk that no switch separates."""
        self.disk_calls += 1
        if self.crash_after_disk_calls is not None and self.disk_calls > self.crash_after_disk_calls:
            self.trace("crash in a disk call")
            self.crash_after = 0  # whatever the code above makes of it
            self.medium.kill()
            raise Crash

    def disk_delay(self) -> float:
        """Seconds a log write takes: mostly a tenth of a millisecond, now and then very long."""
        return self.rng.expovariate(20_000) if self.rng.random() < 0.99 else self.rng.random()

    def trace(self, event: str) -> None:
        self._trace.update(f"{self.loop.time():.9f} {event}\n".encode())

    def tell(self, event: str) -> None:
        """An event that a person wants to read."""
        self.trace(event)
        if self.show is not None:
            self.show(f"{self.loop.time():10.4f}  {event}")

    def hash(self) -> str:
        """Of everything that happened so far."""
        return self._trace.hexdigest()
