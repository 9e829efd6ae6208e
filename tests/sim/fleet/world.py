"""One seed, one fleet: six storage nodes in three zones and a writer, a storm over them, then fair weather and the checks.

    World(7, show=print).run()       the trace; returns the hash of everything that happened

    genesis     six machines with an empty segment of every protection group, three machines for writers
    storm       a writer works while processes, machines, zones, disks, clocks and the network fail; others take over
    fair        everything is repaired and started: a writer must commit again, all copies must come to the same place
    checks      I1–I6 by `history` at every recovery and VDL, by `checks` on every node's answers and at the end

Errors: Violation.

Not here: SQL on top (`tests.sim.world` has it on one node).
"""

from __future__ import annotations

import traceback
from collections import Counter
from typing import Any, Callable

from aurorapy.errors import DatabaseError
from aurorapy.storage.members import FULL, NodePlace
from aurorapy.storage.options import StorageConfig

from tests.sim.disk import SimMedium
from tests.sim.fleet import parts
from tests.sim.fleet.checks import NodeWatch, check_convergence
from tests.sim.fleet.control import INSTANCES, ControlPlane
from tests.sim.fleet.history import History
from tests.sim.fleet.hosts import Machine, Process, Universe
from tests.sim.fleet.network import SimNetwork, Weather
from tests.sim.fleet.reader import Door, Reader, can_follow
from tests.sim.fleet.scenarios import SCENARIOS
from tests.sim.fleet.writer import Writer
from tests.sim.storage import Violation

COPIES = "ABCDEF"
NODES = ("a1", "a2", "b1", "b2", "c1", "c2")
SPARES = ("a3", "b3", "c3")  # of scenarios that move copies to other nodes
TAILS = ("B", "D", "F")  # of those whose second copy in each zone keeps the log only
WRITERS = ("w1", "w2", "w3")
READERS = ("r1", "r2")
WITH_READERS = ("readers",)
WITH_CONTROL = ("control", "unreached")
PAGES = 24
PROGRESS_SECONDS = 60.0
CONVERGE_SECONDS = 60.0

bases: dict[StorageConfig, list] = {}


class World:
    def __init__(self, seed: int, show: Callable[[str], None] | None = None, scenario: str = "storm") -> None:
        self.seed, self.scenario = seed, scenario
        self.universe = universe = Universe(seed, show)
        rng = universe.rng
        self.counts: Counter[str] = Counter()
        self.history = History()
        self.in_flight = 0
        self.may_be_damaged = False
        self.resting = False  # writers have nothing more to do
        self.pages = PAGES
        self.frees = 0.12 if scenario == "freed" else 0.05 if scenario == "storm" and seed % 4 == 3 else 0.0  # of its changes
        self.group_pages = rng.choice((10, 32, 32, 32) if scenario in WITH_CONTROL else (10, 32))
        self.groups = list(range(-(-PAGES // self.group_pages)))
        self.pace = rng.choice((0.3, 1.0, 1.0))
        self.seconds = rng.choice((3.0, 6.0, 6.0, 12.0)) * self.pace
        names = NODES + SPARES if scenario == "moves" else NODES
        self.config = StorageConfig(
            nodes=tuple(NodePlace(name, name[0], f"{name}:7000") for name in names),
            group_pages=self.group_pages,
            copies=tuple(COPIES),
            tails=TAILS if scenario == "tails" else (),
            write_quorum=4,
            read_quorum=3,
            lsn_limit_bytes=rng.choice((8 << 10, 24 << 10, 64 << 10)),
            batch_bytes_max=6 << 10,
            log_file_bytes=rng.choice((16 << 10, 24 << 10)),
            retention_s=rng.choice((1.0, 20.0)),
            retention_bytes=60 << 10,
            long_chain_records=6,
            step_bytes=16 << 10,
            scrub_s=5.0,
        )
        self.network = SimNetwork(universe, self._weather())
        self.nodes = [Machine(universe, name, name[0]) for name in names]
        self.writers = [Machine(universe, name, "abc"[n]) for n, name in enumerate(WRITERS)]
        self.reader_machines = [Machine(universe, name, "bc"[n]) for n, name in enumerate(READERS)] if scenario in WITH_READERS else []
        self.control: ControlPlane | None = None
        if scenario in WITH_CONTROL:
            self.writers, self.pace = [], 6.0  # silences take seconds: others would fill them with work
            self.reader_machines = [Machine(universe, name, "abc"[n]) for n, name in enumerate(INSTANCES)]
            self.control = ControlPlane(self)
        self.machines = [*self.nodes, *self.writers, *self.reader_machines, *(self.control.hosts if self.control else ())]
        for machine in self.machines:
            machine.network = self.network
        self.watches = {machine.name: NodeWatch(self, machine.name) for machine in self.nodes}
        self.servers: dict[str, parts.NodeServer] = {}
        self.running: dict[str, Writer] = {}
        self.readers: dict[str, Reader] = {}  # by machine, those that run
        self.hash = ""
        self.supervised = True

    def _weather(self) -> Weather:
        rng = self.universe.rng
        weather = Weather(delay_mean=rng.choice((0.0002, 0.002, 0.02)))
        if rng.random() < 0.3:
            weather.slow_rate = rng.choice((0.01, 0.1))
        if rng.random() < 0.3:
            weather.reset_rate = rng.choice((0.0005, 0.005))
        if rng.random() < 0.2:
            weather.duplicate_rate = rng.choice((0.02, 0.3))
        if rng.random() < 0.2:
            weather.reorder_rate = rng.choice((0.02, 0.3))
        return weather

    # -- the course of things ----------------------------------------------------------------------------------------------
    def run(self) -> str:
        self.universe.tell("***", f"seed {self.seed}, {self.scenario}: {self.network.weather}, {len(self.groups)} groups")
        self._genesis()
        self._supervise()
        SCENARIOS[self.scenario](self)
        self._fair_weather()
        self.hash = self.universe.hash()
        return self.hash

    def close(self) -> None:
        """Ends what still runs: what a suspended greenlet holds, the collector does not see."""
        for machine in self.machines:
            machine.drop()

    def _genesis(self) -> None:
        for machine, medium in zip(self.nodes, self.base(), strict=True):
            machine.medium = medium.copy()

    def base(self) -> list[SimMedium]:
        """Disks with an empty volume on them, made once a process for each configuration: a world is the same whatever
        others ran before it."""
        found = bases.get(self.config)
        if found is None:
            universe = Universe(4711)
            network = SimNetwork(universe, Weather())
            machines = [Machine(universe, place.name, place.zone) for place in self.config.nodes]
            maker = Machine(universe, "w1", "a")
            for machine in (*machines, maker):
                machine.network = network
            for machine, place in zip(machines, self.config.nodes, strict=True):
                machine.start(parts.open_node, place.name, self.config, place.address)
            work = maker.start(parts.create, self.config).main
            universe.run_until(lambda: work.done, 10.0)
            if work.error is not None:
                raise work.error
            for machine in (*machines, maker):
                machine.drop()
            found = bases[self.config] = [machine.medium for machine in machines]
        return found

    def _supervise(self) -> None:
        """What restarts processes that ended: nodes on their machines, a writer wherever there is room."""
        if not self.supervised:
            return
        now = self.universe.now
        for machine in self.nodes:
            if machine.process is None and now >= machine.held_until:
                machine.start(self._node_main)
            elif machine.is_up and (server := self.servers.get(machine.name)) and server.node.failure:
                machine.kill()  # its log is broken: only a new process may go on
        if self.control is not None:
            self.control.supervise()
        else:
            self._start_instances(now)
        self.universe.call_later(self.universe.rng.uniform(0.05, 0.3), self._supervise)

    def _start_instances(self, now: float) -> None:
        for machine in self.reader_machines:
            if machine.process is None and now >= machine.held_until:
                machine.start(self._reader_main)
        if not any(machine.is_up for machine in self.writers) and not self._is_promoted():
            self.start_writer()

    def _reader_main(self, process: Process) -> None:
        reader = self.readers[process.machine.name] = Reader(self, process)
        reader.run(process)

    def _is_promoted(self) -> bool:
        """A reader has become the writer, or is about to."""
        return any(
            machine.process is not None and not can_follow(self.readers.get(machine.name), machine.process)
            for machine in self.reader_machines
        )

    def open_door(self, process: Process, volume: Any) -> Door:
        return Door(process, volume)

    def _node_main(self, process: Process) -> None:
        name = process.machine.name
        self.servers.pop(name, None)
        try:
            server = parts.open_node(process, name, self.config, f"{name}:7000")
        except OSError as error:
            process.tell(f"cannot open: {error}")
            process.exit()
            return
        except DatabaseError as error:
            raise Violation(f"{name} does not open: {error.message}") from error
        self.watches[name].watch(server.node, process)
        self.servers[name] = server

    def start_writer(self) -> None:
        """A new writer, on a machine that has none."""
        now = self.universe.now
        free = [machine for machine in self.writers if machine.process is None and now >= machine.held_until]
        if free:
            machine = self.universe.rng.choice(free)
            process = machine.start(self._writer_main)
            self.running[process.name] = Writer(self, process)

    def _writer_main(self, process: Process) -> None:
        self.running[process.name].run(process)

    def hosts(self, group: int) -> dict[str, bool] | None:
        """Which machines hold the group, and whether their copies have pages; None while that is being changed."""
        membership = self.current_writer().volume.transport.memberships[group]
        if membership.changes or membership.before is not None:
            return None
        return {member.node: member.kind == FULL for member in membership.members}

    def live_writers(self) -> list[Machine]:
        return [machine for machine in self.writers if machine.is_up]

    def current_writer(self) -> Writer | None:
        """The open writer of the newest epoch, if it is well."""
        found = None
        for machine in [*self.live_writers(), *(machine for machine in self.reader_machines if machine.is_up)]:
            writer = self.running.get(machine.process.name)
            if writer is not None and writer.branch is not None and not writer.ended and writer.volume.failure is None:
                if found is None or writer.branch.epoch > found.branch.epoch:
                    found = writer
        return found

    # -- fair weather ------------------------------------------------------------------------------------------------------
    def _fair_weather(self) -> None:
        universe = self.universe
        universe.tell("***", "fair weather")
        self.network.weather = Weather()
        self.network.heal()
        if self.control is not None:
            self.control.store.is_up = True
        for machine in self.machines:
            machine.held_until, machine.slowness = 0.0, 1.0
            machine.faults.capacity = None
            machine.faults.calm()
            process = machine.process
            if process is not None:
                process.crash_after_disk_calls = None
                if process.paused:
                    process.resume()
        before = self.history.commits
        started = universe.now

        def progress() -> bool:
            return self.current_writer() is not None and self.history.commits > before + 3

        if not universe.run_until(progress, PROGRESS_SECONDS):
            raise Violation(f"I9: no writer commits within {PROGRESS_SECONDS:.0f} s of fair weather")
        universe.tell("***", f"commits again after {universe.now - started:.3f} s")
        check_convergence(self, CONVERGE_SECONDS)
        if self.control is not None:
            self.control.check()


def run_seed(seed: int, scenario: str = "storm") -> str:
    world = World(seed, scenario=scenario)
    try:
        return world.run()
    finally:
        world.close()


def failure_of(world: World) -> str | None:
    """What is wrong in this world, in one line; None when nothing is."""
    try:
        world.run()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this seed's
        if world.universe.show is not None:
            world.universe.show("".join(traceback.format_exception(error)))
        return f"{type(error).__name__}: {error}".replace("\n", " ")
    finally:
        world.close()
    return None


def result_of(seed: int, scenario: str = "storm") -> tuple[int, str | None, Counter]:
    """(seed, what is wrong, what was counted): what a process of its own can hand back."""
    world = World(seed, scenario=scenario)
    failure = failure_of(world)
    world.counts["commits"] = world.history.commits
    return seed, failure, world.counts
