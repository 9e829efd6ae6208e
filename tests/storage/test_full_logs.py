"""A writer far ahead of its nodes: their logs are full, what does not fit is dropped, and still all of it gets there."""

import pytest

from aurorapy.storage import messages as m
from tests.storage.peers import EPOCH, PAGES, Peers

TAKES, BATCHES_MAX = 100, 4


class Flooded(Peers):
    """The VDL moves from end to end of what left together, and a link keeps the order."""

    def __init__(self, seed: int, gap: float) -> None:
        self.gap, self.takes, self.free_at = gap, [], {}
        super().__init__(seed)

    def _deliver(self, sender: str, to: str, message: m.Message) -> None:
        if sender != "writer":
            return super()._deliver(sender, to, message)
        now = self.world.loop.time()
        at = self.free_at[to] = max(now + 0.0002, self.free_at.get(to, 0.0) + self.gap)
        self.world.tasks.call_later(at - now, self._arrive, sender, to, message)

    def _heard(self, message: m.Message) -> None:
        if type(message) is m.Durable:
            self.scls[message.copy] = max(self.scls[message.copy], message.scl)
            reached = self.geometry.write.reached(self.scls)
            self.vdl = max([self.vdl, *(end for end in self.takes if end <= reached)])

    def flood(self, pause: float) -> None:
        for _ in range(TAKES):
            for _ in range(self.rng.randrange(1, BATCHES_MAX + 1)):
                self._batch()
            self.takes.append(self.last)
            self.run(self.rng.random() * pause)

    def _batch(self) -> None:
        prev, records = self.last, b""
        for _ in range(self.rng.randrange(1, 5)):
            records += self._record(self.rng.randrange(PAGES), self.rng.randrange(1, 300))
        self.model.ingest(records, prev)
        self.kept.append(m.Write(EPOCH, 0, prev, self.last, self.vdl, records))
        for copy in self.media:
            self._deliver("writer", copy, self.kept[-1])


@pytest.mark.parametrize("seed, gap, pause", [(0, 1e-6, 0.0005), (29, 1e-5, 0.01)])
def test_what_lies_behind_a_gap_does_not_take_the_room_of_what_fills_it(seed, gap, pause):
    """Both files of a log were full, the oldest with a record above the VDL, which waited for what no file had room for:
    for ever, on so many nodes that the write quorum stood still."""
    fleet = Flooded(seed, gap)
    fleet.flood(pause)
    assert fleet.settle(20)
    fleet.check()
