"""Batches are sent again to copies whose group stands still, whatever became of the first sending."""

from types import SimpleNamespace

from aurorapy.storage import messages as m
from aurorapy.storage.volume.laggards import STALL_SECONDS, Laggards

COPIES = ("A", "B", "C")


class Fixture:
    """A volume of one group, whose time goes on by hand."""

    def __init__(self) -> None:
        self.now, self.sent, self.due = 0.0, [], []
        self.transport = SimpleNamespace(skipped=set(), backlog=lambda group, copy: 0, send=self._send)
        self.group = SimpleNamespace(complete=0, positions=dict.fromkeys(COPIES, 0))
        self.volume = SimpleNamespace(
            transport=self.transport, groups={0: self.group}, closed=False, failure=None,
            host=SimpleNamespace(clock=SimpleNamespace(monotonic=lambda: self.now)),
            tasks=SimpleNamespace(call_later=lambda seconds, callback: self.due.append((self.now + seconds, callback))),
        )  # fmt: skip
        self.laggards = Laggards(self.volume)

    def _send(self, copy: str, batch: m.Write) -> None:
        self.sent.append((copy, batch.last))

    def run_for(self, seconds: float) -> None:
        until = self.now + seconds
        while self.due[0][0] <= until:
            self.now, callback = self.due.pop(0)
            callback()
        self.now = until


def batch(prev: int, last: int) -> m.Write:
    return m.Write(m.Epoch(1, 1), 0, prev, last, 0, b"records")


def test_a_group_that_stands_still_is_sent_everything_again():
    fixture = Fixture()
    fixture.laggards.keep(batch(0, 10))
    fixture.laggards.keep(batch(10, 20))
    fixture.run_for(STALL_SECONDS / 2)
    assert fixture.sent == []
    fixture.group.positions["A"] = 10
    fixture.run_for(STALL_SECONDS)
    assert fixture.sent == [("A", 20), ("B", 10), ("B", 20), ("C", 10), ("C", 20)]


def test_a_group_that_moves_is_left_alone():
    fixture = Fixture()
    for lsn in range(10, 100, 10):
        fixture.laggards.keep(batch(lsn - 10, lsn))
    for lsn in range(10, 100, 10):
        fixture.run_for(STALL_SECONDS * 0.8)
        fixture.group.complete = lsn
    fixture.run_for(STALL_SECONDS * 3)
    assert fixture.sent == [] and fixture.laggards.kept_bytes() == 0
