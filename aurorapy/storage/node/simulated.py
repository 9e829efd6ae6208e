"""Disks that fail or are slow because somebody asked for it, for a while: how a client meets Aurora's fault injection.

    w → n  Simulate g0 fails 20 s           the segment takes nothing, serves nothing: batches are dropped, reads refused (58030)
    w → n  Simulate g0 slow 0..100 ms 20 s  what reaches the segment waits, each message its own while, in order

Only what touches the segment's disk is concerned; a node that fails like that keeps its promises: what it did not take, it
does not acknowledge, and gets from its peers afterwards.

Not here: which segments (`storage/volume/faults.py`), and anything a restart would not end.
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.host import Host
from aurorapy.storage import messages as m
from aurorapy.storage.node.reading import IO_FAILED

OF_THE_DISK = (m.Write, m.Records, m.ReadPage, m.FetchRecords, m.FetchRun, m.FetchPage)


class SimulatedFaults:
    """Of the segments of one node, by group."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._failing: dict[int, float] = {}  # until when
        self._slow: dict[int, m.Simulate] = {}
        self._slow_until: dict[int, float] = {}
        self._due: dict[int, float] = {}  # when the last one that waits is let go

    def __bool__(self) -> bool:
        return bool(self._failing or self._slow)

    def begin(self, asked: m.Simulate, copy: str) -> m.Simulated:
        until = self._host.clock.monotonic() + asked.seconds
        if asked.maximum_ms > 0:
            self._slow[asked.group], self._slow_until[asked.group] = asked, until
        else:
            self._failing[asked.group] = until
        return m.Simulated(asked.epoch, asked.group, copy)

    def meet(self, message: Any, copy: str, answer: Callable[[m.Message], None], work: Callable[[], None]) -> None:
        """Does the work now, later, or not at all."""
        now, group = self._host.clock.monotonic(), message.group
        self._end(group, now)
        if type(message) not in OF_THE_DISK:
            work()
        elif group in self._failing:
            if type(message) is m.ReadPage:
                reason = "the disk fails: simulated"
                answer(m.ReadFailed(message.epoch, group, copy, message.page_no, IO_FAILED, reason))
        elif group in self._slow:
            asked = self._slow[group]
            delay = asked.minimum_ms + (asked.maximum_ms - asked.minimum_ms) * self._host.random.uniform()
            due = self._due[group] = max(self._due.get(group, 0.0), now + delay / 1000)
            self._host.tasks.call_later(due - now, work)
        else:
            work()

    def _end(self, group: int, now: float) -> None:
        if self._failing.get(group, now) < now:
            del self._failing[group]
        if self._slow_until.get(group, now) < now:
            del self._slow[group], self._slow_until[group]
