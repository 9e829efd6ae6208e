"""What goes wrong around a simulated control plane, one trouble at a time.

    troubles = Troubles(world); troubles.strike(); … troubles.heal()

Not here: what storage nodes suffer (`storm`).
"""

from __future__ import annotations

from typing import Any

from tests.sim.fleet.control import INSTANCES, STORE

KINDS = (
    "writer_dies", "tail_dies", "reader_dies", "host_dies", "leader_dies", "writer_freezes", "leader_freezes", "no_control",
    "no_storage", "alone", "store_away", "streams_cut", "asked_for",
)  # fmt: skip


class Troubles:
    def __init__(self, world: Any) -> None:
        self.world, self.control = world, world.control
        self.universe, self.rng = world.universe, world.universe.rng

    def strike(self) -> None:
        kind = self.rng.choice(KINDS)
        self.universe.tell("***", kind.replace("_", " "))
        self.world.counts["faults"] += 1
        getattr(self, f"_{kind}")(self.control.decided["name"])

    def heal(self) -> None:
        if self.world.network.cuts or not self.control.store.is_up:
            self.universe.tell("***", "healed")
        self.world.network.heal()
        self.control.store.is_up = True

    def _hold(self, machine: Any) -> None:
        machine.held_until = self.universe.now + self.rng.choice((0.0, 0.2, 2.0))

    def _freeze(self, machine: Any) -> None:
        process = machine.process
        if process is not None and not process.paused:
            process.pause()
            self.world.network.watch()
            self.universe.call_later(self.rng.uniform(0.5, 8.0), lambda: process.paused and process.alive and process.resume())

    def _nodes(self) -> set[str]:
        return {node.name for node in self.world.nodes}

    def _others(self, writer: str) -> set[str]:
        """The control plane and the other hosts."""
        host = self.control.host_of(writer).name
        return {STORE, *(each.name for each in self.control.hosts if each.name != host), *(name for name in INSTANCES if name != writer)}

    # -- deaths ------------------------------------------------------------------------------------------------------------
    def _writer_dies(self, writer: str) -> None:
        self.control.machine(writer).kill()

    def _tail_dies(self, writer: str) -> None:
        """R1: its last records reach three nodes at most, and it dies."""
        some = self.rng.sample(self.world.nodes, self.rng.randrange(3, 7))
        self.world.network.cut({writer}, {node.name for node in some})
        self.universe.run_for(self.rng.uniform(0.01, 0.3))
        self.control.machine(writer).kill()
        self.world.network.heal()

    def _reader_dies(self, writer: str) -> None:
        self.control.machine(self.rng.choice([name for name in INSTANCES if name != writer])).kill()

    def _host_dies(self, writer: str) -> None:
        name = self.rng.choice((writer, *INSTANCES))
        for machine in (self.control.machine(name), self.control.host_of(name)):
            self._hold(machine)
            machine.power_cut()

    def _leader_dies(self, writer: str) -> None:
        leader = self.control.leader()
        if leader is not None:
            self._hold(leader)
            leader.kill()
        if self.rng.random() < 0.5:
            self.control.machine(writer).kill()

    # -- silences ------------------------------------------------------------------------------------------------------------
    def _writer_freezes(self, writer: str) -> None:
        self._freeze(self.control.machine(writer))

    def _leader_freezes(self, writer: str) -> None:
        """It believes to lead when it goes on, and another one does."""
        leader = self.control.leader()
        if leader is not None:
            self._freeze(leader)
        if self.rng.random() < 0.5:
            self.control.machine(writer).kill()

    # -- partitions ----------------------------------------------------------------------------------------------------------
    def _no_control(self, writer: str) -> None:
        """N9: the writer reaches storage, and nobody who decides."""
        self.world.network.cut({writer, self.control.host_of(writer).name}, self._others(writer))

    def _no_storage(self, writer: str) -> None:
        self.world.network.cut({writer}, self._nodes())

    def _alone(self, writer: str) -> None:
        self.world.network.cut({writer, self.control.host_of(writer).name}, self._others(writer) | self._nodes())

    def _store_away(self, writer: str) -> None:
        self.control.store.is_up = False
        self.universe.call_later(self.rng.uniform(1.0, 8.0), setattr, self.control.store, "is_up", True)
        if self.rng.random() < 0.5:
            self.control.machine(writer).kill()

    def _streams_cut(self, writer: str) -> None:
        """R4: a reader hears nothing of its writer for a while, or only one of two directions is heard."""
        reader = self.rng.choice([name for name in INSTANCES if name != writer])
        if self.rng.random() < 0.5:
            self.world.network.cut({writer}, {reader})
        else:
            self.world.network.cut_one_way(*self.rng.sample((writer, reader), 2))
        weather = self.world.network.weather
        weather.duplicate_rate, weather.reorder_rate = self.rng.choice(((0.0, 0.0), (0.3, 0.0), (0.05, 0.05)))

    # -- commands --------------------------------------------------------------------------------------------------------------
    def _asked_for(self, writer: str) -> None:
        to = self.rng.choice(("", *(name for name in INSTANCES if name != writer)))
        self.control.store.put(f"requests/r{self.control.store.revision}", {"what": "failover", "to": to})
