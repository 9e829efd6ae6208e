"""Several machines in one virtual time: each with its disk and clocks, each dies, starts again and is paused on its own.

    universe = Universe(seed=7)
    machine = Machine(universe, "a1", zone="a")
    machine.start(work)                      # a process: work(host) runs as its first task
    machine.kill() / machine.power_cut()     # the process is gone; what the disk keeps is the next one's
    machine.pause(); machine.resume()        # SIGSTOP, SIGCONT: time passes outside, nothing runs inside
    universe.run_until(lambda: …, seconds=60)

One loop runs everything: which callback comes next, which of a host's ready tasks runs, how long a disk takes are draws from
the seed. `host.loop` is a host's own view of it: what a dead host asked for never runs, what a paused one asked for runs
when it goes on. Every event of interest goes into one hash.

Errors: Deadlock when a universe makes no end; what a callback or an unjoined task of a live host raises is kept in
`universe.unexpected`, and must stay empty.

Not here: the network between the machines (`network`), what runs on them.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from hashlib import blake2b
from typing import Any, Callable

from tests.sim.disk import PowerLost, SimDisk, SimFaults, SimMedium
from tests.sim.host import Crash, Deadlock, HostParts, SimRandomness, SimTasks, SimTimer
from tests.sim.storage import Violation

EPOCH_US = 800_000_000_000_000
STEPS_MAX = 2_000_000


class Universe:
    """Virtual time, the seed's randomness, the trace."""

    def __init__(self, seed: int, show: Callable[[str], None] | None = None) -> None:
        self.seed, self.show = seed, show
        self.rng = random.Random(f"universe {seed}")
        self.now = 0.0
        self.steps = 0
        self.unexpected: list[tuple[str, BaseException]] = []
        self.dying: list[Process] = []
        self._ready: deque[tuple[Callable[..., Any], tuple]] = deque()
        self._timers: list[tuple[float, float, int, SimTimer]] = []
        self._count = self._numbers = 0
        self._trace = blake2b(digest_size=16)

    def draw_number(self) -> int:
        """1, 2, 3 …"""
        self._numbers += 1
        return self._numbers

    # -- the loop ------------------------------------------------------------------------------------------------------
    def call_soon(self, callback: Callable[..., Any], *args: Any) -> None:
        self._ready.append((callback, args))

    def call_later(self, seconds: float, callback: Callable[..., Any], *args: Any) -> SimTimer:
        self._count += 1
        timer = SimTimer(callback, args)
        heapq.heappush(self._timers, (self.now + max(0.0, seconds), self.rng.random(), self._count, timer))
        return timer

    def step(self) -> None:
        """One callback; time passes when none is ready."""
        ready = self._ready
        if not ready:
            timers = self._timers
            while timers and timers[0][3].cancelled:
                heapq.heappop(timers)
            if not timers:
                raise Deadlock("nobody is ready and no timer is set")
            when, _, _, timer = heapq.heappop(timers)
            self.now = max(self.now, when)
            callback, args = timer.callback, timer.args
        else:
            callback, args = ready.popleft()
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise Deadlock(f"no end after {self.steps} steps: time passes and nothing gets done")
        callback(*args)
        while self.dying:
            self.dying.pop().bury()
        if self.unexpected:
            self._raise_unexpected()

    def _raise_unexpected(self) -> None:
        name, error = self.unexpected[0]
        if isinstance(error, Violation):
            raise error
        raise Violation(f"{name} failed: {type(error).__name__}: {error}") from error

    def run_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Drives everything until `condition()`; False when so much virtual time has passed before."""
        limit = self.now + seconds
        self.call_later(seconds, int)  # so that time gets there
        while not condition():
            if self.now > limit or (self.now == limit and not self._ready):
                return False
            self.step()
        return True

    def run_for(self, seconds: float) -> None:
        self.run_until(lambda: False, seconds)

    # -- the trace -----------------------------------------------------------------------------------------------------
    def trace(self, event: str) -> None:
        self._trace.update(f"{self.now:.9f} {event}\n".encode())

    def tell(self, who: str, event: str) -> None:
        """An event that a person wants to read."""
        self._trace.update(f"{self.now:.9f} {who} {event}\n".encode())
        if self.show is not None:
            self.show(f"{self.now:10.4f}  {who:<4} {event}")

    def hash(self) -> str:
        return self._trace.hexdigest()


class HostLoop:
    """A process's view of the universe's loop."""

    def __init__(self, process: Process) -> None:
        self._process, self._universe = process, process.universe

    def time(self) -> float:
        return self._universe.now + self._process.machine.clock_ahead

    def call_soon(self, callback: Callable[..., Any], *args: Any) -> None:
        self._universe.call_soon(self._process.enter, callback, args)

    def call_later(self, seconds: float, callback: Callable[..., Any], *args: Any) -> SimTimer:
        return self._universe.call_later(seconds, self._process.enter, callback, args)

    def stop(self) -> None:
        pass


class HostClock:
    def __init__(self, process: Process) -> None:
        self._process = process

    def monotonic(self) -> float:
        return self._process.loop.time()

    def wall_us(self) -> int:
        machine = self._process.machine
        return EPOCH_US + int((machine.universe.now + machine.wall_ahead) * 1_000_000)


class Process(HostParts):
    """One life of one process: the `Host` that production code is given."""

    def __init__(self, machine: Machine, number: int) -> None:
        self.machine, self.universe = machine, machine.universe
        self.name = f"{machine.name}.{number}"
        self.rng = random.Random(f"{self.universe.seed} {self.name}")
        self.alive = True
        self.paused = False
        self.power_lost = False
        self._held: list[tuple[Callable[..., Any], tuple]] = []
        self.disk_calls = 0
        self.crash_after_disk_calls: int | None = None
        self.medium, self.faults = machine.medium, machine.faults
        self.loop = HostLoop(self)
        self.tasks = SimTasks(self, self.loop)
        self.tasks.on_crash = self._task_failed
        self.clock = HostClock(self)
        self.random = SimRandomness(random.Random(f"{self.universe.seed} {self.name} values"))
        self.disk = SimDisk(self, self.medium, self.faults)
        self.network: Any = None
        self.main: Any = None  # its first task
        self.buggify_probability = machine.buggify
        self.on_exit: list[Callable[[], None]] = []

    # -- running -------------------------------------------------------------------------------------------------------
    def enter(self, callback: Callable[..., Any], args: tuple = ()) -> None:
        """Runs a callback of this process: not when it is dead, later when it is paused."""
        if not self.alive:
            return
        if self.paused:
            self._held.append((callback, args))
            return
        try:
            callback(*args)
        except (Crash, PowerLost):
            self.end(power_cut=self.rng.random() < 0.5)
        except Exception as error:  # noqa: BLE001 - a real loop would log it and go on: here it is a finding
            self.universe.unexpected.append((self.name, error))

    def _task_failed(self, task: Any, error: BaseException) -> None:
        if isinstance(error, (Crash, PowerLost)):
            self.end(power_cut=self.rng.random() < 0.5)
        elif self.alive:
            self.universe.unexpected.append((f"{self.name} {task.name}", error))

    def count_disk_call(self) -> None:
        """The world may end between two calls of the disk that no switch separates."""
        self.disk_calls += 1
        if self.crash_after_disk_calls is not None and self.disk_calls > self.crash_after_disk_calls:
            self.end(power_cut=self.rng.random() < 0.7)
            raise Crash

    # -- the end -------------------------------------------------------------------------------------------------------
    def end(self, power_cut: bool) -> None:
        """Dead from here on; buried when the loop gets to it."""
        if not self.alive:
            return
        self.alive = False
        self.power_lost = power_cut
        self.tell("power cut" if power_cut else "killed")
        if power_cut:
            self.medium.crash(self.rng)
        else:
            self.medium.kill()
        self.universe.dying.append(self)

    def exit(self) -> None:
        """It ends by itself."""
        if self.alive:
            self.alive = False
            self.tell("exits")
            self.medium.kill()
            self.universe.dying.append(self)

    def bury(self) -> None:
        self.tasks.end()
        self._held.clear()
        if self.machine.process is self:
            self.machine.process = None
        for callback in self.on_exit:
            callback()

    def pause(self) -> None:
        self.paused = True
        self.tell("paused")

    def resume(self) -> None:
        self.paused = False
        self.tell("goes on")
        held, self._held = self._held, []
        for callback, args in held:
            self.universe.call_soon(self.enter, callback, args)

    # -- Host ----------------------------------------------------------------------------------------------------------
    def disk_delay(self) -> float:
        return self.machine.disk_delay(self.rng)

    def trace(self, event: str) -> None:
        self.universe.trace(f"{self.machine.name} {event}")

    def tell(self, event: str) -> None:
        self.universe.tell(self.machine.name, event)


class Machine:
    """Where processes live, one after the other: a disk, clocks of its own, a zone."""

    def __init__(self, universe: Universe, name: str, zone: str) -> None:
        self.universe, self.name, self.zone = universe, name, zone
        self.medium = SimMedium()
        self.faults = SimFaults()
        self.process: Process | None = None
        self.lives = 0
        self.clock_ahead = universe.rng.uniform(0, 1000)  # monotonic clocks begin anywhere
        self.wall_ahead = 0.0
        self.slowness = 1.0
        self.buggify = 0.0
        self.network: Any = None
        self.held_until = 0.0  # nobody starts a process here before

    def start(self, work: Callable[..., Any], *args: Any, name: str = "main") -> Process:
        """A process whose first task is work(process, *args)."""
        if self.process is not None:
            raise RuntimeError(f"{self.name} runs already")
        self.lives += 1
        process = self.process = Process(self, self.lives)
        process.network = self.network.of(process) if self.network is not None else None
        process.tell("starts")
        process.main = process.tasks.spawn(work, process, *args, name=name)
        return process

    @property
    def is_up(self) -> bool:
        return self.process is not None and self.process.alive and not self.process.paused

    def kill(self) -> None:
        if self.process is not None:
            self.process.end(power_cut=False)
            self._bury()

    def power_cut(self) -> None:
        if self.process is not None:
            self.process.end(power_cut=True)
            self._bury()

    def drop(self) -> None:
        """Ends the process without a word: nobody looks on any more."""
        if self.process is not None:
            self.process.alive = False
            self.medium.kill()
            self.process.bury()

    def _bury(self) -> None:
        while self.universe.dying:
            self.universe.dying.pop().bury()

    def disk_delay(self, rng: random.Random) -> float:
        """Seconds a log write takes: mostly a tenth of a millisecond, now and then very long."""
        delay = rng.expovariate(20_000) if rng.random() < 0.99 else rng.random() * 0.2
        return min(delay * self.slowness, 2.0)

    def __str__(self) -> str:
        return f"{self.name} ({self.zone}) {'up' if self.is_up else 'down'}"
