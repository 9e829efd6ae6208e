"""What goes wrong in a simulated fleet, and how often: each seed draws the kinds and their rates.

    storm = Storm(world); storm.begin(seconds); … storm.end()

A kind is a method `_name`; every one undoes itself after a while. `end` undoes everything that is left.

Not here: faults the storage promises no survival of (more than a zone and a node losing their disks).
"""

from __future__ import annotations

from typing import Any

KINDS = (
    "kill_node", "cut_power_of_node", "crash_in_disk_call", "zone_down", "zone_and_one_down", "all_power_off",
    "kill_writer", "cut_power_of_writer", "takeover", "freeze_writer", "cut_off_writer", "pause_node",
    "halves", "isolate", "zone_cut", "one_way", "clog", "resets", "slow_disk", "disk_error", "disk_full", "clock_jump",
)  # fmt: skip


class Storm:
    def __init__(self, world: Any, kinds: tuple[str, ...] | None = None) -> None:
        self.world, self.universe = world, world.universe
        self.rng = rng = world.universe.rng
        if kinds is None:
            share = rng.choice((0.15, 0.4, 0.8))
            kinds = tuple(kind for kind in KINDS if rng.random() < share)
        self.weights = {kind: rng.choice((1, 1, 3)) for kind in kinds}
        self.interval = rng.choice((0.15, 0.5, 1.5))
        self.is_on = False

    def begin(self) -> None:
        self.is_on = True
        self._next()

    def end(self) -> None:
        self.is_on = False

    def _next(self) -> None:
        self.universe.call_later(self.rng.expovariate(1 / self.interval), self._strike)

    def _strike(self) -> None:
        if not self.is_on:
            return
        if self.weights:
            kind = self.rng.choices(list(self.weights), list(self.weights.values()))[0]
            self.world.counts["faults"] += 1
            getattr(self, f"_{kind}")()
        self._next()

    def _tell(self, event: str) -> None:
        self.universe.tell("***", event)

    def _later(self, low: float, high: float, work: Any, *args: Any) -> None:
        self.universe.call_later(self.rng.uniform(low, high), work, *args)

    def _some_node(self) -> Any:
        return self.rng.choice(self.world.nodes)

    # -- crashes ---------------------------------------------------------------------------------------------------------
    def down(self, machine: Any, power: bool, low: float = 0.05, high: float = 3.0) -> None:
        """Down, and for some time."""
        machine.held_until = max(machine.held_until, self.universe.now + self.rng.uniform(low, high))
        if power:
            machine.power_cut()
        else:
            machine.kill()

    def _kill_node(self) -> None:
        self.down(self._some_node(), False)

    def _cut_power_of_node(self) -> None:
        self.down(self._some_node(), True)

    def _crash_in_disk_call(self) -> None:
        machine = self.rng.choice([*self.world.nodes, *self.world.writers])
        if machine.process is not None:
            machine.process.crash_after_disk_calls = machine.process.disk_calls + int(10 ** self.rng.uniform(0, 2))

    def _zone_down(self) -> None:
        self._down_with(self.rng.choice("abc"), 0)

    def _zone_and_one_down(self) -> None:
        self._down_with(self.rng.choice("abc"), 1)

    def _down_with(self, zone: str, more: int) -> None:
        self._tell(f"zone {zone} goes down" + (", and one node more" if more else ""))
        power = self.rng.random() < 0.5
        others = [node for node in self.world.nodes if node.zone != zone]
        gone = [machine for machine in self.world.machines if machine.zone == zone]
        gone += self.rng.sample(others, more)
        for machine in gone:
            self.down(machine, power, 0.5, 4.0)

    def _all_power_off(self) -> None:
        self._tell("everything loses power")
        for machine in self.world.machines:
            self.down(machine, True, 0.1, 1.0)

    def _kill_writer(self) -> None:
        for machine in self.world.live_writers():
            self.down(machine, False, 0.05, 1.0)

    def _cut_power_of_writer(self) -> None:
        for machine in self.world.live_writers():
            self.down(machine, True, 0.05, 1.0)

    # -- two writers -----------------------------------------------------------------------------------------------------
    def _takeover(self) -> None:
        """A second writer begins while the first is well."""
        self.world.start_writer()

    def _freeze_writer(self) -> None:
        for machine in self.world.live_writers():
            self.pause(machine, 0.5, 12.0)
        self._later(0.0, 2.0, self.world.start_writer)

    def _cut_off_writer(self) -> None:
        """From some of the nodes, or from all; a second one takes over."""
        writers = self.world.live_writers()
        if writers:
            some = self.rng.sample(self.world.nodes, self.rng.randrange(1, len(self.world.nodes) + 1))
            self._cut([writers[0]], some)
            self._later(0.0, 2.0, self.world.start_writer)

    def pause(self, machine: Any, low: float, high: float) -> None:
        process = machine.process
        if process is not None and not process.paused:
            process.pause()
            self.world.network.watch()
            self._later(low, high, self._resume, process)

    def _resume(self, process: Any) -> None:
        if process.alive and process.paused:
            process.resume()

    def _pause_node(self) -> None:
        self.pause(self._some_node(), 0.1, 8.0)

    # -- network ---------------------------------------------------------------------------------------------------------
    def _cut(self, some: list, others: list) -> None:
        names = {machine.name for machine in some}, {machine.name for machine in others}
        self._tell(f"cut between {' '.join(sorted(names[0]))} and {' '.join(sorted(names[1]))}")
        self.world.network.cut(*names)
        self._later(0.2, 8.0, self._heal)

    def _heal(self) -> None:
        if self.world.network.cuts:
            self._tell("the network heals")
        self.world.network.heal()

    def _halves(self) -> None:
        machines = self.rng.sample(self.world.machines, len(self.world.machines))
        at = self.rng.randrange(1, len(machines))
        self._cut(machines[:at], machines[at:])

    def _isolate(self) -> None:
        one = self.rng.choice(self.world.machines)
        self._cut([one], [machine for machine in self.world.machines if machine is not one])

    def _zone_cut(self) -> None:
        zone = self.rng.choice("abc")
        self._cut([m for m in self.world.machines if m.zone == zone], [m for m in self.world.machines if m.zone != zone])

    def _one_way(self) -> None:
        one, other = self.rng.sample(self.world.machines, 2)
        self._tell(f"nothing passes from {one.name} to {other.name}")
        self.world.network.cut_one_way(one.name, other.name)
        self._later(0.2, 8.0, self._heal)

    def _clog(self) -> None:
        """Everything towards or from one machine is late."""
        one = self.rng.choice(self.world.machines)
        seconds = self.rng.uniform(0.05, 3.0)
        for other in self.world.machines:
            if other is not one and self.rng.random() < 0.8:
                pair = (one.name, other.name) if self.rng.random() < 0.5 else (other.name, one.name)
                self.world.network.clog(*pair, seconds)

    def _resets(self) -> None:
        for pipe in list(self.world.network.pipes):
            if self.rng.random() < 0.3:
                pipe.reset()

    # -- disks and clocks ------------------------------------------------------------------------------------------------
    def _slow_disk(self) -> None:
        node = self._some_node()
        node.slowness = self.rng.choice((10, 100, 1000))
        self._tell(f"the disk of {node.name} is {node.slowness} times slower")
        self._later(0.5, 5.0, setattr, node, "slowness", 1.0)

    def _disk_error(self) -> None:
        node = self._some_node()
        kind = self.rng.choice(("log_write", "log_sync", "sync", "pwrite", "pread"))
        self._tell(f"on {node.name} a {kind} will fail")
        node.faults.fail(kind, after=self.rng.randrange(20))

    def _disk_full(self) -> None:
        node = self._some_node()
        node.faults.capacity = node.medium.used() + self.rng.randrange(30_000)
        self._tell(f"the disk of {node.name} is full")
        self._later(0.5, 5.0, setattr, node.faults, "capacity", None)

    def _clock_jump(self) -> None:
        machine = self.rng.choice(self.world.machines)
        machine.wall_ahead = self.rng.choice((-1, 1)) * self.rng.choice((60.0, 3600.0, 30 * 86400.0))
        self._tell(f"the clock of {machine.name} jumps by {machine.wall_ahead:.0f} s")
