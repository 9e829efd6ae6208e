"""Checkers of a simulated fleet that know neither the storm nor the workload.

    NodeWatch           everything a node is told and says, across its lives: I4, and the trace for people
    check_convergence   fair weather has come: every copy gets to the same place and builds the same bytes (I5)

Errors: Violation.
"""

from __future__ import annotations

from typing import Any

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

    def _key(self, node: Any, group: int) -> tuple[int, str]:
        segment = node.segments.get(group)
        return group, segment.id if segment is not None else ""

    def said(self, node: Any, message: m.Message) -> None:
        """What it says commits it: an epoch it has named is never followed by an older one."""
        if type(message) in (m.Fenced, m.Truncated, m.Durable, m.Installed):
            key = self._key(node, message.group)
            known = self.fenced.get(key, m.NO_EPOCH)
            if message.epoch < known:
                raise Violation(f"I4: {self.name} says {message}, after it had promised epoch {known}")
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
    for writer in world.running.values():
        writer.stopping = True
    writer = world.current_writer()
    volume, branch = writer.volume, writer.branch

    def at_rest() -> bool:
        return volume.vdl == volume.redo.last_lsn

    if not universe.run_until(at_rest, seconds):
        raise Violation(f"I9: the VDL stays at {volume.vdl:#x}, the last LSN is {volume.redo.last_lsn:#x}")

    def converged() -> bool:
        return len(world.servers) == len(world.nodes) and all(
            server.node.segments[group].scl >= volume.read_point(group)
            for server in world.servers.values()
            for group in world.groups
        )

    if not universe.run_until(converged, seconds if parts.GOSSIP else 2.0):
        behind = [
            f"{name} g{group} {server.node.segments[group].scl:#x} < {volume.read_point(group):#x}"
            for name, server in world.servers.items()
            for group in world.groups
            if server.node.segments[group].scl < volume.read_point(group)
        ]
        if parts.GOSSIP:
            raise Violation(f"I5: after {seconds:.0f} s of fair weather: {'; '.join(behind)}")
    for name, server in sorted(world.servers.items()):
        for page_no in range(world.pages):
            group = page_no // world.group_pages
            if server.node.segments[group].scl >= volume.read_point(group):
                page = parts.read_here(server.node, page_no, group, volume.vdl)
                compare(page, branch, page_no, volume.vdl, name)
    universe.tell("***", f"converged at {volume.vdl:#x}")
