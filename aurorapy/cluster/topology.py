"""The keys of the store as values.

    cluster            name, settings, secret file; written once
    nodes/a1           zone, host, address                        what shall exist
    instances/i1       number, tier, host, address, link
    endpoints/reader   kind, host, address, members
    writer             who is, or is becoming, the writer         decided by the leader, one number a decision
    processes/i1       pid, role, state                           what runs, by each host's supervisor
    reports/i1         role, epoch, VDL, lag                      how they are, as the leader was told
    leader             host, beat
    requests/…         what a command asks the leader for, and answers/… what became of it

    topology = Topology.of(mirror.entries)
    topology.writer.name

Errors: none; an entry that is not understood (another version's) is left out.

Not here: who writes which of them when.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

from aurorapy.cluster.store import Entry

CLUSTER, READER, CUSTOM = "cluster", "reader", "custom"  # kinds of endpoints
START, PROMOTE, LEAVE = "start", "promote", "leave"  # how somebody becomes writer; who is leaving is none soon
RUNNING, GONE = "running", "gone"


class Node(NamedTuple):
    name: str
    zone: str
    host: str
    address: str
    metrics: str = ""

    def place(self) -> str:
        """As the setting storage_nodes names it."""
        return f"{self.name}={self.zone}:{self.address}"


class Instance(NamedTuple):
    """address: for clients. link: for readers and the leader. number: the high bits of its backends' pids."""

    name: str
    number: int
    tier: int
    host: str
    address: str
    link: str
    metrics: str = ""


class Endpoint(NamedTuple):
    """type: READER or ANY. members: these (static), or all but these (excluded)."""

    name: str
    kind: str
    host: str
    address: str
    type: str = "READER"
    static: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


class Writer(NamedTuple):
    """One decision. how START: its host starts a process as writer, once for this number; PROMOTE: the leader tells the
    reader that it is; LEAVE: it is told to step down, `target` comes next. is_open: sessions may write."""

    name: str
    number: int
    how: str = START
    is_open: bool = False
    epoch: tuple[int, int] = (0, 0)
    target: str = ""

    def __str__(self) -> str:
        return f"writer {self.number}: {self.name} by {self.how}{', open' if self.is_open else ''}"


class Process(NamedTuple):
    """born: its start time in clock ticks, so that a pid used again is not taken for it. number: the writer's decision it
    was started for, 0 for anything else."""

    name: str
    kind: str
    host: str
    pid: int
    born: int
    state: str = RUNNING
    role: str = ""
    number: int = 0


class Condition(NamedTuple):
    """An instance's last Report; `alive`: it has not fallen silent since. `waits`: a writer whose commits wait for storage
    for longer than they should."""

    name: str
    role: str
    alive: bool
    is_open: bool
    epoch: tuple[int, int] = (0, 0)
    vdl: int = 0
    lag_us: int = 0
    cache_pages: int = 0
    sessions: int = 0
    waits: bool = False


class Leader(NamedTuple):
    host: str
    beat: int


class Topology(NamedTuple):
    cluster: dict[str, Any]
    nodes: dict[str, Node]
    instances: dict[str, Instance]
    endpoints: dict[str, Endpoint]
    processes: dict[str, Process]
    reports: dict[str, Condition]
    writer: Writer | None = None
    leader: Leader | None = None

    @classmethod
    def of(cls, entries: Mapping[str, Entry]) -> Topology:
        found = cls({}, {}, {}, {}, {}, {})
        for folder, kind in _FOLDERS.items():
            into = getattr(found, folder)
            for key, entry in entries.items():
                head, _, name = key.partition("/")
                if head == folder and (value := _parse(kind, {"name": name, **entry.value})) is not None:
                    into[name] = value
        single = {name: entries[name].value for name in ("cluster", "writer", "leader") if name in entries}
        found.cluster.update(single.get("cluster", {}))
        return found._replace(writer=_parse(Writer, single.get("writer")), leader=_parse(Leader, single.get("leader")))

    def readers(self) -> list[Instance]:
        """Those that clients may be led to."""
        return [each for each in self.instances.values() if self.serves(each.name) and not self.is_writer(each.name)]

    def serves(self, name: str) -> bool:
        report = self.reports.get(name)
        return report is not None and report.alive and report.is_open

    def is_writer(self, name: str) -> bool:
        return self.writer is not None and self.writer.name == name


_FOLDERS: dict[str, Any] = {
    "nodes": Node, "instances": Instance, "endpoints": Endpoint, "processes": Process, "reports": Condition,
}  # fmt: skip


def as_value(value: Any) -> dict[str, Any]:
    """What the store keeps of it; the name is in the key."""
    return {key: list(each) if isinstance(each, tuple) else each for key, each in value._asdict().items() if key != "name"}


def writer_value(writer: Writer) -> dict[str, Any]:
    return {"name": writer.name, **as_value(writer)}


def _parse(kind: Any, value: dict[str, Any] | None) -> Any:
    if value is None:
        return None
    known = {key: tuple(each) if isinstance(each, list) else each for key, each in value.items() if key in kind._fields}
    try:
        return kind(**known)
    except TypeError:
        return None
