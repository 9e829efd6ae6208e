"""The host that decides, without a network: what it hears is told to it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from aurorapy.cluster.leader import LeaderWork
from aurorapy.cluster.topology import Writer
from aurorapy.instance import messages as im
from tests.cluster.worlds import topology

TICK_SECONDS = 0.25


class Link:
    is_up = False

    def __init__(self, address: str, user: Any) -> None:
        self.address = address

    def close(self) -> None:
        pass


class World:
    """A writer i1 and a reader i2, seen from a host that leads, or does not."""

    def __init__(self) -> None:
        self.now, self.leads = 0.0, True
        self.decided: list[str] = []
        known = topology(writer=Writer("i1", 1, "start", True), i1="writer", i2="reader")
        mirror = SimpleNamespace(
            topology=known, entries={}, revision_of=lambda key: 1, tell=lambda key, value: None, put=self._put
        )  # fmt: skip
        loop = SimpleNamespace(time=lambda: self.now, create_task=self._run)
        self.work = LeaderWork(loop, mirror, "h1", SimpleNamespace(connect=Link), lambda text: None)
        self.work.lease = SimpleNamespace(tick=lambda now: None, held=lambda now: self.leads)

    async def _put(self, key: str, value: dict[str, Any], revision: int) -> None:
        self.decided.append(value["name"])

    def _run(self, work: Any) -> None:
        try:
            work.send(None)
        except StopIteration:
            pass

    def go_on(self, seconds: float, *alive: str) -> None:
        until = self.now + seconds
        while self.now < until:
            self.now += TICK_SECONDS
            self.work.tick()
            for name in alive if self.leads else ():
                role = im.WRITER if name == "i1" else im.READER
                self.work._heard(name, im.Report(name, role, 1, im.Epoch(3, 1), 0x100, 0, 0, 0, True))


def test_a_writer_that_falls_silent_is_replaced():
    world = World()
    world.go_on(10, "i1", "i2")
    assert world.decided == []
    world.go_on(4, "i2")
    assert world.decided == ["i2"]


def test_so_it_is_by_a_host_that_leads_for_the_second_time():
    """The time in which somebody else led was taken for time asleep: the writer's silence began only after as much again."""
    world = World()
    world.go_on(10, "i1", "i2")
    world.leads = False
    world.go_on(50)
    world.leads = True
    world.go_on(2, "i2")
    assert world.decided == []
    world.go_on(2, "i2")
    assert world.decided == ["i2"]
