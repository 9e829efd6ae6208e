"""Which processes shall run on one host: a machine without I/O.

    supervision = Supervision("h1")
    for action in supervision.step(topology, now): …      # Start(wanted), Stop(name, how)
    supervision.started(wanted); supervision.ended("a1", now)

A process that ends is started again: at once, then, if it does not live, with growing pauses. An instance runs as writer
only by a decision of the leader that says START, once for each; a writer that ended waits for the next decision, which may
be another's; everybody else is a reader of whoever is writer, as soon as somebody was it once. A process in a role that the decisions have left behind is
killed: if it still writes, storage refuses it already.

Not here: pids (`processes`), who becomes writer (`failover`).
"""

from __future__ import annotations

from typing import NamedTuple

from aurorapy.cluster.topology import START, Topology

NODE, INSTANCE, ENDPOINT = "node", "instance", "endpoint"
WRITER, READER = "writer", "reader"
NO_EPOCH = (0, 0)
LIVED_SECONDS = 5.0  # who lives so long has no failure behind it
PAUSE_SECONDS_MAX = 5.0


class Wanted(NamedTuple):
    """number: the decision a writer is started for."""

    name: str
    kind: str
    role: str = ""
    number: int = 0


class Start(NamedTuple):
    wanted: Wanted


class Stop(NamedTuple):
    """gently: nobody needs it any more; otherwise at once."""

    name: str
    gently: bool


class Supervision:
    def __init__(self, host: str) -> None:
        self._host = host
        self.running: dict[str, Wanted] = {}
        self._began: dict[str, float] = {}
        self._stopping: set[str] = set()
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}
        self._used: dict[str, int] = {}  # the decision each instance was last started for

    def step(self, topology: Topology, now: float) -> list[Start | Stop]:
        wanted = {each.name: each for each in self._wanted(topology)}
        actions: list[Start | Stop] = []
        for name, running in self.running.items():
            if name in self._stopping:
                continue
            if name not in wanted:
                actions.append(Stop(name, name not in self._known(topology)))
            elif wanted[name].role != running.role:
                actions.append(Stop(name, False))
        for action in actions:
            self._stopping.add(action.name)
        for name, each in wanted.items():
            if name not in self.running and now >= self._not_before.get(name, 0.0):
                actions.append(Start(each))
        return actions

    def started(self, wanted: Wanted, now: float) -> None:
        self.running[wanted.name] = wanted
        self._began[wanted.name] = now
        self._stopping.discard(wanted.name)
        if wanted.number:
            self._used[wanted.name] = wanted.number

    def promoted(self, name: str) -> None:
        """A running reader has become writer."""
        if name in self.running:
            self.running[name] = self.running[name]._replace(role=WRITER)

    def ended(self, name: str, now: float) -> None:
        self.running.pop(name, None)
        stopped = name in self._stopping
        self._stopping.discard(name)
        if stopped or now - self._began.get(name, now) >= LIVED_SECONDS:
            self._failures[name] = 0
        else:
            self._failures[name] = self._failures.get(name, 0) + 1
        failures = self._failures[name]
        self._not_before[name] = now + (min(0.1 * 2**failures, PAUSE_SECONDS_MAX) if failures > 1 else 0.0)

    def _known(self, topology: Topology) -> set[str]:
        return {*topology.nodes, *topology.instances, self.endpoint_name}

    @property
    def endpoint_name(self) -> str:
        return f"endpoint-{self._host}"

    def _wanted(self, topology: Topology) -> list[Wanted]:
        found = [Wanted(each.name, NODE) for each in topology.nodes.values() if each.host == self._host]
        for each in topology.instances.values():
            if each.host == self._host and (role := self._role(each.name, topology)) is not None:
                found.append(role)
        if any(each.host == self._host for each in topology.endpoints.values()):
            found.append(Wanted(self.endpoint_name, ENDPOINT))
        return found

    def _role(self, name: str, topology: Topology) -> Wanted | None:
        """None: it must not run until the next decision."""
        decision, running = topology.writer, self.running.get(name)
        if decision is None:
            return None
        if decision.name != name:
            nobody_yet = not decision.is_open and decision.epoch == NO_EPOCH  # there may be no volume to read
            return None if nobody_yet and running is None else Wanted(name, INSTANCE, READER)
        if running is not None and (running.role == WRITER or decision.how != START):
            return running  # it writes, is being promoted, or is leaving
        if decision.how == START and decision.number > self._used.get(name, 0):
            return Wanted(name, INSTANCE, WRITER, decision.number)
        return None
