"""The control plane of a simulated fleet: production detector, lease, decisions and supervision, over a store in virtual time.

    hosts h1 h2 h3      a supervisor each, which starts the instance i1, i2 or i3 of its host; whoever has the lease leads
    etcd                the store: reached or not, as the network has it; what is put may be lost on the way back
    i1 i2 i3            `InstanceDoor`, Feed and Follower, promotion: the writer and its readers

Whole: leader.LeaderWork (lease, links, detector, failover), supervision.Supervision, door.InstanceDoor. Made here: the
store, the mirror's thread, and starting and watching processes.

What must hold beside the history's, the readers' and the nodes' own checks:

    C1    decisions go on from one another: a number is decided once, and none is smaller than the last
    C2    a decision opens at most one epoch
    C3    in fair weather everybody comes to serve, one as the writer that the store names, and then nothing changes any more
    C4    who alone does not reach storage does not stay the writer (scenario `unreached`)

Errors: Violation.

Not here: processes, SQLite and etcd themselves (tests/cluster), endpoints.
"""

from __future__ import annotations

from typing import Any, Callable, Coroutine

from aurorapy.cluster.leader import LeaderWork
from aurorapy.cluster.store import ABSENT, ANY, Conflict, Entry, StoreUnavailable
from aurorapy.cluster.supervision import INSTANCE, WRITER, Start, Supervision, Wanted
from aurorapy.cluster.topology import GONE, PROMOTE, RUNNING, Instance, Process, Topology, Writer, as_value, writer_value

from tests.sim.fleet.hosts import Machine
from tests.sim.fleet.hosts import Process as SimProcess
from tests.sim.fleet.instances import ControlledInstance
from tests.sim.storage import Violation

HOSTS = ("h1", "h2", "h3")
INSTANCES = ("i1", "i2", "i3")
STORE = "etcd"
TICK_SECONDS = 0.05
LOOK_SECONDS = 0.15
ANSWER_SECONDS = 1.5
WHOLE_SECONDS = 60.0
QUIET_SECONDS = 4.0  # more than a silence


class Store:
    """What etcd would hold."""

    def __init__(self, universe: Any) -> None:
        self._universe = universe
        self.entries: dict[str, Entry] = {}
        self.revision = 0
        self.is_up = True

    def put(self, key: str, value: dict[str, Any], expected: int = ANY) -> int:
        found = self.entries.get(key)
        if expected != ANY and (found.revision if found is not None else ABSENT) != expected:
            raise Conflict(f"{key} is not at revision {expected}")
        if key == "writer" and found is not None:
            self._judge(found.value, value)
        self.revision += 1
        self.entries[key] = Entry(value, self.revision)
        return self.revision

    def delete(self, key: str) -> bool:
        self.revision += 1
        return self.entries.pop(key, None) is not None

    def _judge(self, before: dict[str, Any], value: dict[str, Any]) -> None:
        self._universe.tell(STORE, f"writer {value['number']}: {value['name']} by {value['how']}{', open' if value['is_open'] else ''}")
        if value["number"] < before["number"] or (value["number"] == before["number"] and value["name"] != before["name"]):
            raise Violation(f"C1: writer {value['number']} is {value['name']}, after writer {before['number']} was {before['name']}")


class Answer:
    """What a put waits for."""

    def __init__(self) -> None:
        self.waits: Callable[[], None] | None = None
        self.result: Any = None
        self.error: Exception | None = None

    def __await__(self) -> Any:
        yield self
        if self.error is not None:
            raise self.error
        return self.result


class Loop:
    """A process's loop as the leader needs it: time, and coroutines that wait for the store only."""

    def __init__(self, process: SimProcess) -> None:
        self._loop = process.loop
        self.time = process.loop.time

    def create_task(self, work: Coroutine[Any, Any, Any]) -> None:
        self._loop.call_soon(self._go_on, work)

    def _go_on(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            answer = work.send(None)
        except StopIteration:
            return
        answer.waits = lambda: self._go_on(work)


class Mirror:
    """`cluster.mirror.Mirror` without its thread."""

    def __init__(self, process: SimProcess, store: Store, changed: Callable[[Topology], None]) -> None:
        self._process, self._store, self._changed = process, store, changed
        self.entries: dict[str, Entry] = {}
        self.topology = Topology.of({})
        self.is_connected = False
        self._told: dict[str, dict[str, Any] | None] = {}
        self._seen = -1
        self._ask_soon()

    def tell(self, key: str, value: dict[str, Any] | None) -> None:
        self._told[key] = value

    def revision_of(self, key: str) -> int:
        return self.entries[key].revision if key in self.entries else 0

    async def put(self, key: str, value: dict[str, Any], expected: int = ANY) -> int:
        return await self._do(lambda: self._store.put(key, value, expected))

    async def delete(self, key: str, expected: int = ANY) -> bool:
        return await self._do(lambda: self._store.delete(key))

    def _reaches(self) -> bool:
        network, name = self._process.machine.network, self._process.machine.name
        return self._store.is_up and not network.is_cut(name, STORE) and not network.is_cut(STORE, name)

    def _do(self, work: Callable[[], Any]) -> Answer:
        answer = Answer()
        self._process.loop.call_later(self._process.rng.uniform(0.001, 0.02), self._arrived, work, answer)
        return answer

    def _arrived(self, work: Callable[[], Any], answer: Answer) -> None:
        back = self._process.rng.uniform(0.001, 0.02)
        if not self._reaches():
            answer.error, back = StoreUnavailable("no answer"), ANSWER_SECONDS
        else:
            try:
                answer.result = work()
            except Conflict as error:
                answer.error = error
            if self._process.rng.random() < 0.02:
                answer.error, back = StoreUnavailable("the answer was lost"), ANSWER_SECONDS
        self._process.loop.call_later(back, lambda: answer.waits())

    def _ask_soon(self) -> None:
        self._process.loop.call_later(LOOK_SECONDS if self._reaches() else ANSWER_SECONDS, self._look)

    def _look(self) -> None:
        before, self.is_connected = self.is_connected, self._reaches()
        is_new = False
        if self.is_connected:
            for key, value in self._told.items():
                self._store.delete(key) if value is None else self._store.put(key, value)
            self._told.clear()
            is_new = self._seen != self._store.revision
            self._seen = self._store.revision
        if is_new:
            self.entries = dict(self._store.entries)
            self.topology = Topology.of(self.entries)
        if is_new or before != self.is_connected:
            self._changed(self.topology)
        self._ask_soon()


class Supervisor:
    """One life of a host's supervisor: `cluster.supervisor.Supervisor` with machines for processes."""

    def __init__(self, control: ControlPlane, process: SimProcess) -> None:
        self._control, self._process = control, process
        self._host = process.machine.name
        self._supervision = Supervision(self._host)
        self._children: dict[str, SimProcess] = {}
        self._leader: LeaderWork | None = None
        self._mirror = Mirror(process, control.store, self._changed)
        self._tick()

    @property
    def leads(self) -> bool:
        return self._leader is not None and self._leader.lease.held(self._process.loop.time())

    def _changed(self, topology: Topology) -> None:
        if not topology.cluster:
            return
        if self._leader is None:
            self._take_over(topology)
        writer = topology.writer
        if writer is not None and writer.how == PROMOTE and writer.is_open:
            running = self._supervision.running.get(writer.name)
            if running is not None and running.role != WRITER:
                self._supervision.promoted(writer.name)
                self._tell(self._supervision.running[writer.name]._replace(number=writer.number))
        self._step()
        self._leader.changed(topology)

    def _take_over(self, topology: Topology) -> None:
        process, now = self._process, self._process.loop.time()
        for each in topology.processes.values():
            if each.host == self._host:
                child = self._control.machine(each.name).process
                self._supervision.started(Wanted(each.name, each.kind, each.role, each.number), now)
                if each.state == RUNNING and child is not None and child.machine.lives == each.pid:
                    self._watch(each.name, child)
                else:
                    self._supervision.ended(each.name, now)
                    self._mirror.tell(f"processes/{each.name}", as_value(each._replace(state=GONE)))
        self._leader = LeaderWork(Loop(process), self._mirror, self._host, process.network, process.tell)

    def _tick(self) -> None:
        if self._leader is not None:
            self._leader.tick()
            self._step()
        self._process.loop.call_later(TICK_SECONDS, self._tick)

    def _step(self) -> None:
        for action in self._supervision.step(self._mirror.topology, self._process.loop.time()):
            if type(action) is Start:
                self._start(action.wanted)
            elif action.name in self._children:
                self._process.loop.call_later(0.001, self._children[action.name].machine.kill)

    def _start(self, wanted: Wanted) -> None:
        now, machine = self._process.loop.time(), self._control.machine(wanted.name)
        self._supervision.started(wanted, now)
        if machine.process is not None or machine.universe.now < machine.held_until:
            self._supervision.ended(wanted.name, now)  # as a process that cannot be started
            return
        writer = self._mirror.topology.writer
        link = self._mirror.topology.instances[writer.name].link if writer.name != wanted.name else ""
        instance = ControlledInstance(self._control.world, wanted.role, wanted.number, link)
        self._watch(wanted.name, machine.start(instance.run, name=f"{wanted.role} {wanted.name}"))
        self._tell(wanted)

    def _watch(self, name: str, child: SimProcess) -> None:
        self._children[name] = child
        child.on_exit.append(lambda: self._process.enter(self._ended, (name, child)))

    def _ended(self, name: str, child: SimProcess) -> None:
        if self._children.get(name) is not child:
            return
        wanted = self._supervision.running.get(name)
        del self._children[name]
        self._supervision.ended(name, self._process.loop.time())
        if wanted is not None:
            self._mirror.tell(f"processes/{name}", as_value(self._record(wanted, child, GONE)))

    def _tell(self, wanted: Wanted) -> None:
        self._mirror.tell(f"processes/{wanted.name}", as_value(self._record(wanted, self._children[wanted.name], RUNNING)))

    def _record(self, wanted: Wanted, child: SimProcess, state: str) -> Process:
        return Process(wanted.name, INSTANCE, self._host, child.machine.lives, 0, state, wanted.role, wanted.number)


class ControlPlane:
    def __init__(self, world: Any) -> None:
        self.world, universe = world, world.universe
        self.store = Store(universe)
        self.hosts = [Machine(universe, name, "abc"[n]) for n, name in enumerate(HOSTS)]
        self.supervisors: dict[str, Supervisor] = {}
        self.epochs: dict[int, Any] = {}  # by decision
        self.store.put("cluster", {"name": "simulated"})
        for number, name in enumerate(INSTANCES, 1):
            value = Instance(name, number, min(number, 2), f"h{number}", "", f"{name}:7100")
            self.store.put(f"instances/{name}", as_value(value))
        self.store.put("writer", writer_value(Writer("i1", 1)))

    def supervise(self) -> None:
        """What starts supervisors: an init."""
        for machine in self.hosts:
            if machine.process is None and self.world.universe.now >= machine.held_until:
                machine.start(self._run, name=machine.name)

    def _run(self, process: SimProcess) -> None:
        self.supervisors[process.machine.name] = Supervisor(self, process)

    def machine(self, name: str) -> Machine:
        return next(each for each in self.world.reader_machines if each.name == name)

    def host_of(self, name: str) -> Machine:
        return self.hosts[INSTANCES.index(name)]

    def leader(self) -> Machine | None:
        found = [each for each in self.hosts if each.is_up and each.name in self.supervisors and self.supervisors[each.name].leads]
        return found[0] if found else None

    @property
    def decided(self) -> dict[str, Any]:
        return self.store.entries["writer"].value

    def opened(self, number: int, epoch: Any) -> None:
        if self.epochs.setdefault(number, epoch) != epoch:
            raise Violation(f"C2: decision {number} opened epoch {epoch}, after {self.epochs[number]}")

    # -- fair weather ----------------------------------------------------------------------------------------------------
    def check(self) -> None:
        """C3. Everything is well and the writer rests."""
        universe = self.world.universe
        if not universe.run_until(lambda: not self._missing(), WHOLE_SECONDS):
            raise Violation(f"C3: after {WHOLE_SECONDS:.0f} s of fair weather {self._missing()}")
        number = self.decided["number"]
        universe.run_for(QUIET_SECONDS)
        if self.decided["number"] != number or self._missing():
            raise Violation(f"C3: decision {number} became {self.decided} in fair weather; {self._missing()}")

    def is_whole(self) -> bool:
        """Everybody serves."""
        return not self._missing()

    def instances(self) -> tuple[str, ...]:
        return INSTANCES

    def _missing(self) -> str:
        decided, writer = self.decided, self.world.current_writer()
        if any(key.startswith("requests/") for key in self.store.entries):
            return "a request is not answered"
        if not decided["is_open"] or writer is None or writer.process.machine.name != decided["name"]:
            return f"the writer is {decided}, and {writer and writer.process.name} writes"
        for name in INSTANCES:
            reader = self.world.readers.get(name)
            if name == decided["name"]:
                continue
            if reader is None or reader.instance is None or reader.process is not self.machine(name).process:
                return f"{name} does not serve"
            volume, follower = reader.instance.volume, reader.instance.follower
            if follower is None or not follower.is_attached or (volume.epoch, volume.vdl) != (writer.volume.epoch, writer.volume.vdl):
                return f"{name} is at {volume.epoch} {volume.vdl:#x}, the writer at {writer.volume.epoch} {writer.volume.vdl:#x}"
        return ""
