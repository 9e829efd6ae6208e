"""Copies that missed something, and what the writer does about it.

    says                                    gets
    link is there (again)                   Horizons, then the batches it may lack
    State, of an older epoch                Install: epoch, list, membership; then the batches
    Missing                                 CreateSegment; then the batches. Of a node whose disk was emptied: a new copy
                                            takes the place of the one it had (`membership`)
    skipped for its backlog                 the batches, once it has taken what it was sent
    nothing, and a group stands still       the batches again, to every copy: a node may drop what it cannot keep (its log
                                            is full behind a gap), and no peer has what too few took

Batches are kept until their write quorum holds them, so they are few; what a copy lacks below that it gets from its peers
by gossip. Everything sent here may come twice.

Not here: gossip (`node/gossip.py`), replacing a copy for good (`membership`).
"""

from __future__ import annotations

from collections import deque
from typing import Any

from aurorapy.storage import messages as m
from aurorapy.storage.volume.links import BACKLOG_BYTES

LOOK_SECONDS = 0.05
STALL_SECONDS = 1.0  # a group that waits so long for its write quorum is sent everything once more


class Laggards:
    """The lagging copies of one `FleetVolume`."""

    def __init__(self, volume: Any) -> None:
        self._volume = volume
        self._transport = volume.transport
        self._kept: dict[int, deque[m.Write]] = {}  # by group: batches that may lack their write quorum, by LSN
        self._stands: dict[int, tuple[int, float]] = {}  # by group with such batches: (PGCL, since when)
        self._transport.sent_batch = self.keep
        self._transport.came_up = self.came_up
        self._look()

    def keep(self, batch: m.Write) -> None:
        """A batch leaves, for the first time or again."""
        kept = self._kept.get(batch.group)
        if kept is None:
            kept = self._kept[batch.group] = deque()
        if kept and batch.last <= kept[-1].last:
            return
        self._trim(batch.group, kept)
        if batch.last > self._volume.groups[batch.group].complete:
            kept.append(batch)

    def _trim(self, group: int, kept: deque[m.Write]) -> None:
        complete = self._volume.groups[group].complete
        while kept and kept[0].last <= complete:
            kept.popleft()

    def kept_bytes(self) -> int:
        return sum(len(batch.records) for kept in self._kept.values() for batch in kept)

    def came_up(self, group: int, copy: str) -> None:
        if group in self._volume.groups:
            self._volume.tell_horizons_to(group, copy)
            self._resend(group, copy)

    def receive(self, copy: str, message: m.Message) -> bool:
        """False for what is not a laggard's."""
        volume, group = self._volume, message.group
        kind = type(message)
        if kind is m.State:
            if message.epoch < volume.epoch or message.truncations.epoch < volume.epoch:
                membership = self._transport.memberships[group]
                self._transport.send(copy, m.Install(volume.epoch, group, volume.truncations, membership))
        elif kind is m.Missing:
            member = next((each for each in self._transport.memberships[group].members if each.copy == copy), None)
            if member is not None and member.segment not in ("", message.node):
                volume.changes.heal(group, member, message.node)
            elif not message.was_here:
                volume.create_segment(group, copy)
        elif kind in (m.Installed, m.SegmentCreated):
            if message.epoch == volume.epoch:
                self.came_up(group, copy)
        else:
            return False
        return True

    def _resend(self, group: int, copy: str) -> None:
        """The batches that the copy may lack, as far as its link takes them."""
        kept = self._kept.get(group)
        if not kept:
            return
        self._trim(group, kept)
        scl = self._volume.groups[group].positions.get(copy, 0)
        for batch in [*kept]:
            if batch.last > scl:
                self._transport.send(copy, batch)
                if (group, copy) in self._transport.skipped:
                    return

    def _look(self) -> None:
        volume, transport = self._volume, self._transport
        if volume.closed or volume.failure is not None:
            return
        volume.tasks.call_later(LOOK_SECONDS, self._look)
        for group, copy in sorted(transport.skipped):
            if transport.backlog(group, copy) < BACKLOG_BYTES // 2:
                transport.skipped.discard((group, copy))
                self._resend(group, copy)
        for group, kept in self._kept.items():
            self._look_at(group, kept, volume.host.clock.monotonic())

    def _look_at(self, group: int, kept: deque[m.Write], now: float) -> None:
        """Does the group wait for its write quorum, and for how long?"""
        self._trim(group, kept)
        complete = self._volume.groups[group].complete
        if not kept:
            self._stands.pop(group, None)
        elif (stands := self._stands.get(group)) is None or stands[0] != complete:
            self._stands[group] = (complete, now)
        elif now > stands[1] + STALL_SECONDS:
            self._stands[group] = (complete, now)
            for copy in self._volume.groups[group].positions:
                self._resend(group, copy)
