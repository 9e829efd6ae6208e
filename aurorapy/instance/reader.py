"""An instance that reads what another one writes.

    link ── Records ──▶ queue          whole mini-transactions, above the VDL
         ── Moved vdl ──▶ apply        those at or below it, to the pages that are here (aurorapy_native.follow);
                                       read points, commits, catalog notes, and then the VDL: in one step
    every 100 ms  ── Seen ──▶          how far, and what is still read here

A snapshot here is the last VDL applied: commits are seen in the order of their LSNs, as on the writer.

    stream lost      what it would have brought comes from the volume's records, then the stream goes on; snapshots,
                     pages and queries stay. When it is too much, or gone, the instance gives up and is started again
    another writer   the same, under its epoch

Errors: what is wrong with the stream ends the link, which is made again; DataCorrupted for a record.

Not here: who is the writer (`cluster`), becoming it (`promotion`).
"""

from __future__ import annotations

import struct
from collections import deque
from typing import Any

from aurorapy.errors import DatabaseError, DataCorrupted
from aurorapy.host import Link
from aurorapy.instance import messages as im
from aurorapy.instance.cache_sharing import CacheKeeper
from aurorapy.instance.feed import BEHIND_BYTES
from aurorapy.storage.messages import NO_EPOCH, Epoch, Lsn
from aurorapy.storage.volume.recovery import Superseded
from aurorapy_native.follow import Applier

SEEN_SECONDS = 0.1
AGAIN_SECONDS = 0.1
ANSWER_SECONDS = 1.0
STEP_SECONDS = 0.005  # so long records are applied before others may run
NOTE_INVALIDATE, NOTE_DROPPED, NOTE_INCOMPLETE = 2, 3, 7
NEVER = 2**64 - 1


class TooFar(Superseded):
    """The volume no longer has what the stream would have brought: only a fresh start helps."""


class Follower:
    """The stream of one reader. `follow` may be called again for another writer."""

    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._volume = instance.volume
        self._status = instance.txns.status
        self._tasks, self._clock = instance.host.tasks, instance.host.clock
        self.name: str = instance.settings["instance_name"]
        self.applier = Applier(instance.pool, instance.space.maps, self._status, self._volume.config.group_pages)
        self.address = ""
        self.is_attached = False  # the stream is applied as it comes
        self.lag_us = 0
        self.catch_ups = 0
        self._link: Link | None = None
        self._attempt = 0  # to attach
        self._answered = 0  # the last attempt that was
        self._is_first = True  # nothing was heard of any writer yet
        self._opened = self._tasks.waiter()
        self._queue: deque[tuple[Lsn, Lsn, bytes]] = deque()  # (previous end, end, records) above the VDL
        self._queue_end: Lsn = 0
        self._heard: im.Moved | None = None
        self._is_applying = False  # the rest comes in the next round of the loop
        self._seen_timer: Any = None
        self._moments: deque[tuple[float, Lsn]] = deque()  # which VDL was applied when
        self._keeper = CacheKeeper(instance)
        self._asking: list[Any] = []  # waiters for the writer's answer
        self._answer = im.Replicas(())
        self.is_stopped = False  # for good: the instance is, or becomes, the writer, or closes

    # -- whom to follow ------------------------------------------------------------------------------------------------------

    def follow(self, address: str, epoch: Epoch = NO_EPOCH) -> None:
        """The writer is there. DatabaseError for one that is older than the one followed."""
        if self.is_stopped:
            raise DatabaseError("this instance is the writer")
        if epoch != NO_EPOCH and epoch < self._volume.epoch:
            raise DatabaseError(f"a writer of epoch {epoch} is older than {self._volume.epoch}")
        if address == self.address and self._link is not None and epoch in (NO_EPOCH, self._volume.epoch):
            return
        self._disconnect()
        self.address = address
        self._link = self._instance.host.network.connect(address, self)

    def wait_attached(self) -> None:
        """Returns when there is a writer, and pages can be read."""
        self._opened.wait()

    def stop(self) -> None:
        """No stream any more; what has come stays."""
        self.is_stopped = True
        self._disconnect()

    def _disconnect(self) -> None:
        link, self._link = self._link, None
        self.is_attached = False
        if link is not None:
            link.close()

    # -- the link's user -----------------------------------------------------------------------------------------------------

    def link_up(self, link: Link) -> None:
        if link is self._link:
            self._attach()

    def _attach(self) -> None:
        self.is_attached = False
        self._attempt += 1
        self._queue.clear()
        self._queue_end = 0
        self._heard = None
        volume = self._volume
        vdl = 0 if self._is_first else volume.vdl
        tier = self._instance.settings.get("promotion_tier", 1)
        self._tasks.call_later(AGAIN_SECONDS, self._attach_again, self._link, self._attempt)
        self._link.send(*im.encode(im.Attach(self.name, volume.epoch, vdl, self._status.oldest_snapshot_lsn() if vdl else 0, tier), self._attempt))

    def link_lost(self, link: Link) -> None:
        if link is self._link:
            self.is_attached = False

    def link_frame(self, link: Link, frame: bytes) -> None:
        message, number = im.decode(frame)
        if link is not self._link:
            return
        kind = type(message)
        if kind is im.Records:
            self._records(message)
        elif kind is im.Moved:
            if self._heard is None or message.vdl >= self._heard.vdl:
                self._heard = message
            if self.is_attached:
                self._apply()
        elif kind is im.Attached and number == self._attempt:
            self._attached(message)
        elif kind is im.Replicas:
            self._answer, waiters, self._asking = message, self._asking, []
            for waiter in waiters:
                waiter.wake()
        elif kind is im.AskCached:
            self._keeper.say_cached(link)
        elif kind is im.Warm:
            self._keeper.keep(message.pages)

    def _attach_again(self, link: Link, attempt: int, although: bool = False) -> None:
        """Nobody has answered: an instance that is not open yet, or not the writer."""
        if link is self._link and link.is_up and attempt == self._attempt and (although or attempt != self._answered):
            self._attach()

    def _records(self, message: im.Records) -> None:
        if message.last <= self._queue_end:
            return  # twice
        if (self._queue_end or self.is_attached) and message.prev != self._queue_end:
            self._attach()  # something was lost in between
            return
        self._queue_end = message.last
        self._queue.append((message.prev, message.last, message.records))

    # -- attaching -----------------------------------------------------------------------------------------------------------

    def _attached(self, message: im.Attached) -> None:
        if message.epoch < self._volume.epoch or message.vdl < self._volume.vdl:
            return  # an old writer, that does not know yet
        self._answered = self._attempt
        if self._is_first:
            self._is_first = False
            points = dict(message.points)
            self.applier.group_last.update(points)
            self._status.take_ring(message.state)
            self._volume.attached(message.epoch, message.vdl, points)
            self._goes_on(message.vdl)
            self._opened.wake()
            self._say_seen()
        else:
            self._tasks.spawn(self._catch_up, self._link, message, name="catch up")

    def _goes_on(self, vdl: Lsn) -> None:
        """Everything at or below `vdl` is applied."""
        queue = self._queue
        while queue and queue[0][1] <= vdl:
            queue.popleft()
        if (queue[0][0] if queue else max(self._queue_end, vdl)) != vdl:
            self._attach()  # what follows is not what comes next
            return
        self._queue_end = queue[-1][1] if queue else vdl
        self.is_attached = True
        if self._heard is not None:
            self._apply()

    def _catch_up(self, link: Link, message: im.Attached) -> None:
        """What the stream would have brought, from the volume."""
        volume = self._volume
        volume.transport.epoch = max(volume.transport.epoch, message.epoch)
        try:
            records = self.missing_records(dict(message.points))
        except DatabaseError:  # storage cannot be asked now
            self._tasks.call_later(AGAIN_SECONDS, self._attach_again, link, self._attempt, True)
            return
        if link is not self._link or self.is_stopped or volume.failure is not None:
            return
        if records is None:
            volume.fail(TooFar("this reader is too far behind its writer"))
            return
        self.catch_ups += 1
        self._instance.conflict(message.horizon)
        self.applied(records, message.vdl, dict(message.points), message.epoch)
        self._status.take_ring(message.state)
        self._goes_on(message.vdl)

    def missing_records(self, points: dict[int, Lsn]) -> list[bytes] | None:
        """Each group's records from where this reader is up to the point; None when the volume does not have them any
        more, or they are too many. May switch."""
        found: list[bytes] = []
        for group, lsn in sorted(points.items()):
            after = self.applier.group_last.get(group, 0)
            if lsn > after:
                self._volume.point(group, after)
                if group not in self._volume.transport.memberships:
                    self._volume.find_members()
                records = self._volume.records_between(group, after, lsn, BEHIND_BYTES)
                if records is None:
                    return None
                found.append(records)
        return found

    def applied(self, records: list[bytes], vdl: Lsn, points: dict[int, Lsn], epoch: Epoch) -> None:
        """Brings everything here to `vdl` in one step; what is in `records` above it is passed over."""
        notes = [note for each in records for note in self.applier.apply(each, vdl)]
        self.applier.group_last.update(points)
        self._act_on(notes)
        self._volume.attached(epoch, vdl, points)

    # -- the stream ------------------------------------------------------------------------------------------------------------

    def _apply(self) -> None:
        """Everything that has come, up to the VDL heard; in pieces when it is much."""
        if self._is_applying:
            return
        heard, volume, queue, apply = self._heard, self._volume, self._queue, self.applier.apply
        limit = min(heard.vdl, self._queue_end)  # never beyond records that are here
        reached = volume.vdl
        until = self._clock.monotonic() + STEP_SECONDS
        try:
            while queue and queue[0][1] <= limit:
                _, reached, records = queue.popleft()
                notes = apply(records, reached)
                if notes:
                    self._act_on(notes)
                if self._clock.monotonic() > until and queue:
                    break
        except DataCorrupted as error:
            volume.fail(error)
            return
        if queue and queue[0][1] <= limit:
            self._is_applying = True
            self._tasks.call_soon(self._go_on)
        else:
            reached = limit
        if reached > volume.vdl:
            for group, lsn in self.applier.group_last.items():
                volume.point(group, lsn)
            volume.follow(reached)
        if reached == heard.vdl:
            self._status.trim_below(heard.oldest_xid)
            self.lag_us = max(0, self._clock.wall_us() - heard.sent_us)

    def _go_on(self) -> None:
        self._is_applying = False
        if self.is_attached:
            self._apply()

    def _act_on(self, notes: list[tuple[int, bytes]]) -> None:
        instance = self._instance
        for kind, payload in notes:
            if kind == NOTE_INVALIDATE:
                instance.catalog_changed(*struct.unpack("<II", payload))
            elif kind == NOTE_DROPPED:
                (root,) = struct.unpack("<I", payload)
                instance.forget_storage(root)
                instance.space.maps.forget(root)
            elif kind == NOTE_INCOMPLETE:
                root, xid = struct.unpack("<IQ", payload)
                instance.incomplete_indexes[root] = (xid, NEVER)

    def _end_long_snapshots(self) -> None:
        """A snapshot keeps the writer from removing rows for `max_standby_streaming_delay`, and no longer."""
        delay = self._instance.settings["max_standby_streaming_delay"] / 1000
        now, moments = self._clock.monotonic(), self._moments
        if delay < 0:
            return
        moments.append((now, self._volume.vdl))
        while len(moments) > 1 and moments[1][0] <= now - delay:
            moments.popleft()
        if moments[0][0] <= now - delay:
            self._instance.conflict(moments[0][1])

    # -- what the writer is asked ----------------------------------------------------------------------------------------------

    def ask_replicas(self) -> tuple[im.Replica, ...]:
        """The instances that the writer knows; none when it does not answer. May switch."""
        link = self._link
        if link is None or not link.is_up:
            return ()
        waiter = self._tasks.waiter()
        self._asking.append(waiter)
        link.send(*im.encode(im.AskReplicas()))
        try:
            waiter.wait(ANSWER_SECONDS)
        except TimeoutError:
            return ()
        finally:
            if waiter in self._asking:
                self._asking.remove(waiter)
        return self._answer.instances

    # -- what the writer is told -----------------------------------------------------------------------------------------------

    def _say_seen(self) -> None:
        if self.is_stopped or self._volume.closed or self._volume.failure is not None:
            return
        self._seen_timer = self._tasks.call_later(SEEN_SECONDS, self._say_seen)
        self._end_long_snapshots()
        link, volume = self._link, self._volume
        if link is not None and link.is_up and self.is_attached:
            link.send(
                *im.encode(
                    im.Seen(
                        self.name, volume.vdl, self._status.oldest_snapshot_lsn(), volume.oldest_read(), self.lag_us,
                        self._instance.pool.resident_pages,
                    )
                )
            )  # fmt: skip
