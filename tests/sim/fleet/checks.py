"""Checkers of a simulated fleet that know neither the storm nor the workload.

    NodeWatch           everything a node is told and says, across its lives: I4, and the trace for people
    check_convergence   fair weather has come: every copy gets to the same place and builds the same bytes (I5)

Errors: Violation.
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DataCorrupted
from aurorapy.storage import messages as m

from tests.sim.fleet import parts
from tests.sim.fleet.hosts import Process
from tests.sim.fleet.writer import compare
from tests.sim.storage import Violation


class NodeWatch:
    """One node, whichever process it is at present."""

    def __init__(self, world: Any, name: str) -> None:
        self.world, self.name = world, name
        self.fenced: dict[tuple[int, str], m.Epoch] = {}  # (group, segment identity) -> highest epoch it said it keeps

    def watch(self, node: Any, process: Process) -> None:
        step, send = node.step, node.send

        def watched_step(message: m.Message, now: float) -> list[m.Message]:
            process.tell(f"← {message}")
            answers = step(message, now)
            for answer in answers:
                process.tell(f"→ {answer}")
                self.said(node, answer)
            self.judge(node, message, answers)
            return answers

        def watched_send(message: m.Message) -> None:
            process.tell(f"→ {message}")
            self.said(node, message)
            send(message)

        node.step, node.send = watched_step, watched_send

    def highest(self) -> m.Epoch:
        return max(self.fenced.values(), default=m.NO_EPOCH)

    def _key(self, node: Any, group: int) -> tuple[int, str]:
        segment = node.segments.get(group)
        return group, segment.id if segment is not None else ""

    def said(self, node: Any, message: m.Message) -> None:
        """What it says commits it: an epoch it has named is never followed by an older one."""
        if type(message) in (m.Fenced, m.Truncated, m.Durable, m.Installed, m.State, m.Page):
            key = self._key(node, message.group)
            known = self.fenced.get(key, m.NO_EPOCH)
            if message.epoch < known:
                raise Violation(f"I4: {self.name} says {message}, after it had promised epoch {known}")
            if message.epoch > known and message.epoch > (written := parts.epoch_on_disk(node, message.group)):
                raise Violation(f"I4: {self.name} says {message}, and its disk says {written}")
            self.fenced[key] = message.epoch

    def judge(self, node: Any, message: m.Message, answers: list[m.Message]) -> None:
        """Nothing of an older epoch than it promised is accepted or served."""
        if type(message) not in (m.Write, m.ReadPage, m.Truncate, m.Horizons):
            return
        known = self.fenced.get(self._key(node, message.group), m.NO_EPOCH)
        if message.epoch < known and not all(type(answer) is m.Refused for answer in answers or [None]):
            raise Violation(f"I4: {self.name} takes {message}, after it had promised epoch {known}")


def check_convergence(world: Any, seconds: float) -> None:
    """The writers rest; then every copy reaches the last LSN, and all build the same bytes."""
    universe = world.universe
    world.resting = True
    state = Convergence(world)
    if not universe.run_until(state.is_there, seconds):
        raise Violation(f"after {seconds:.0f} s of fair weather: {state.problem}")
    universe.tell("***", f"converged at {state.writer.volume.vdl:#x}")


class Convergence:
    def __init__(self, world: Any) -> None:
        self.world = world
        self.problem = ""
        self.writer: Any = None
        self.points: dict[int, int] = {}
        self.hosts: dict[int, dict[str, bool]] = {}
        self.looked_at = -1.0

    def nodes(self) -> list[tuple[str, Any]]:
        return [(name, self.world.servers[name].node) for name in sorted(self.world.servers)]

    def is_there(self) -> bool:
        now = self.world.universe.now
        if now < self.looked_at + 0.05:
            return False
        self.looked_at = now
        self.problem = self._problem()
        return not self.problem

    def _problem(self) -> str:
        world = self.world
        self.writer = world.current_writer()
        if self.writer is None:
            return "I9: no writer is open"
        volume = self.writer.volume
        if volume.vdl != volume.redo.last_lsn:
            return f"I9: the VDL stays at {volume.vdl:#x}, the last LSN is {volume.redo.last_lsn:#x}"
        down = [machine.name for machine in world.nodes if not machine.is_up or machine.name not in world.servers]
        if down:
            return f"I9: {' '.join(down)} do not come up"
        self.points = {group: volume.read_point(group) for group in world.groups if volume.read_point(group)}
        hosts = {group: world.hosts(group) for group in self.points}
        if None in hosts.values():
            return "I9: a membership is still being changed"
        self.hosts = {group: found for group, found in hosts.items() if found}
        behind = [
            f"{name} g{group} of {point:#x}: {node.segments.get(group)}"
            for name, node in self.nodes()
            for group, point in self.points.items()
            if name in self.hosts[group] and not parts.is_current(node, group, point, volume.epoch)
        ]
        return f"I5: {'; '.join(behind)}" if behind else self._damage()

    def _damage(self) -> str:
        """Every page of every copy, which a scrub may still have to repair; looked at once things are quiet."""
        for name, node in self.nodes():
            for page_no in range(self.world.pages):
                group = page_no // self.world.group_pages
                if group in self.points and self.hosts[group].get(name):
                    try:
                        page = parts.read_here(node, group, page_no, self.writer.volume.vdl)
                    except DataCorrupted as error:
                        self.looked_at += 2.0  # that costs more than a look
                        return f"I6: {name}: {error.message}"
                    compare(page, self.writer.branch, page_no, self.writer.volume.vdl, name)
        return ""
