"""The writer's side of its readers: what goes to them, and what they hold back.

    reader ── Attach ──▶ flush; from here its records are streamed
    writer ── Records, Records … ──▶
           ── Attached vdl ──▶          once everything before the first of them is in the volume
           ── Records, Moved, Moved ──▶
    reader ── Seen ──▶ oldest snapshot, oldest page read       → prune horizon, PGMRPL

The records are the batches that storage gets, in the same bytes; a flush is one frame for each reader, and costs one call
when there is none. A reader that is behind by more than `BEHIND_BYTES` is let go: it catches up from the volume.

What a reader said last holds until it says something else: neither its snapshots nor those it will take are older. One
that is lost keeps its hold for `max_standby_streaming_delay`, so that it finds its rows when it comes back.

Errors: none; what a reader says out of turn is passed over.

Not here: the frames (`host`), the address (`door`), what a reader does (`reader`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.host import Link
from aurorapy.instance import messages as im
from aurorapy.instance.cache_sharing import CacheSharing
from aurorapy.instance.replica_views import known_to_writer
from aurorapy.storage.messages import Lsn

BEHIND_BYTES = 16 << 20
GRACE_SECONDS = 5.0  # so long a new writer removes nothing: readers of the old one come, with their snapshots
HEARTBEAT_SECONDS = 0.25  # a reader that hears nothing for longer knows that it does not know its lag
NEVER = 2**64 - 1


class AttachedReader:
    """One reader, from its Attach to the end of its link, and then as long as its hold counts."""

    def __init__(self, link: Link, attach: im.Attach, number: int, start: Lsn) -> None:
        self.link = link
        self.number = number  # of its question
        self.name = attach.name
        self.start = start  # its records begin behind
        self.tier = attach.tier
        self.fails_until = 0.0  # on demand: so long a share of what goes to it is dropped
        self.fails = 0.0
        self.horizon = attach.horizon if attach.vdl else NEVER
        self.read_point: Lsn = NEVER
        self.is_admitted = False
        self.seen: im.Seen | None = None
        self.seen_at = 0.0
        self.lost_at = 0.0


class Feed:
    """Of an instance that writes."""

    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._volume = instance.volume
        self._tasks, self._clock = instance.host.tasks, instance.host.clock
        self.readers: dict[Link, AttachedReader] = {}
        self._lost: dict[str, AttachedReader] = {}
        self._sent: Lsn = 0  # end of the records streamed last
        self._follows_vdl = False
        self._moved_at = 0.0
        self._timer: Any = None
        self._graced_until = 0.0

    def begin(self) -> None:
        """This instance has become the writer of a cluster."""
        self._graced_until = self._clock.monotonic() + GRACE_SECONDS
        if self._instance.settings.get("apg_ccm_enabled"):
            self._instance.cache_sharing = CacheSharing(self._instance)
        self._hold()
        self._tasks.call_later(GRACE_SECONDS + HEARTBEAT_SECONDS, self._hold)

    # -- what the door hands over ------------------------------------------------------------------------------------------

    def step(self, link: Link, message: im.Message, number: int) -> None:
        reader = self.readers.get(link)
        if type(message) is im.Attach:
            if not self._volume.follows and self._volume.failure is None:
                self._attach(link, message, number)
            else:
                link.send(*im.encode(im.Failed("this instance is not the writer")))
        elif type(message) is im.Seen and reader is not None:
            reader.seen, reader.seen_at = message, self._clock.monotonic()
            if reader.is_admitted:
                reader.horizon, reader.read_point = message.oldest_snapshot, message.oldest_read_point
                self._hold()
        elif type(message) is im.AskReplicas and reader is not None:
            link.send(*im.encode(im.Replicas(tuple(known_to_writer(self._instance))), number))
        elif type(message) is im.Cached and self._instance.cache_sharing is not None:
            self._instance.cache_sharing.cached(link, message.pages)

    def link_lost(self, link: Link) -> None:
        reader = self.readers.pop(link, None)
        if reader is None:
            return
        reader.lost_at = self._clock.monotonic()
        self._lost[reader.name] = reader
        if not self.readers:
            self._volume.feed = None
        self._hold()

    def close(self) -> None:
        """This instance no longer writes."""
        self._volume.feed = None
        if self._timer is not None:
            self._timer.cancel()
        for link in list(self.readers):
            link.close()

    # -- a reader comes ------------------------------------------------------------------------------------------------------

    def _attach(self, link: Link, message: im.Attach, number: int) -> None:
        volume = self._volume
        volume.flush()
        start = volume.redo.last_lsn
        self.readers.pop(link, None)
        reader = AttachedReader(link, message, number, start)
        if not self.readers:
            self._sent = start
            volume.feed = self._records
        self.readers[link] = reader
        if not self._follows_vdl:
            self._follows_vdl = True
            volume.on_vdl(self._moved)
            self._beat()
        if volume.vdl >= start and not reader.is_admitted:
            self._admit(reader)
        self._hold()

    def _admit(self, reader: AttachedReader) -> None:
        """Everything before its first records is in the volume."""
        volume, status = self._volume, self._instance.txns.status
        reader.is_admitted = True
        horizon = status.oldest_snapshot_lsn()
        reader.horizon = min(reader.horizon, volume.vdl)
        reader.read_point = volume.vdl
        self._lost.pop(reader.name, None)
        points = tuple(im.ReadPoint(group, progress.read_point) for group, progress in sorted(volume.groups.items()))
        attached = im.Attached(volume.epoch, volume.vdl, horizon, points, status.ring_bytes())
        reader.link.send(*im.encode(attached, reader.number))
        reader.link.send(*self._vdl_message(volume.vdl))

    # -- what goes out -------------------------------------------------------------------------------------------------------

    def _records(self, point: Lsn, records: list[bytes]) -> None:
        parts = im.encode_records(self._volume.epoch, self._sent, point, records)
        self._sent = point
        for link in list(self.readers):
            if link.backlog() > BEHIND_BYTES:
                link.close()
            elif not self._drops(self.readers[link]):
                link.send(*parts)

    def _vdl_message(self, vdl: Lsn) -> tuple[bytes, ...]:
        txns = self._instance.txns
        self._moved_at = self._clock.monotonic()
        return im.encode(
            im.Moved(self._volume.epoch, vdl, self._clock.wall_us(), txns.oldest_xid(), txns.status.next_xid)
        )  # fmt: skip

    def _moved(self, vdl: Lsn) -> None:
        if not self.readers:
            return
        parts = self._vdl_message(vdl)
        for reader in self.readers.values():
            if reader.is_admitted:
                if not self._drops(reader):
                    reader.link.send(*parts)
            elif vdl >= reader.start:
                self._admit(reader)

    def _beat(self) -> None:
        self._timer = self._tasks.call_later(HEARTBEAT_SECONDS, self._beat)
        if self._volume.closed or self._volume.failure is not None:
            self.close()
            return
        if self._lost:
            self._hold()
        if self.readers and self._clock.monotonic() - self._moved_at > HEARTBEAT_SECONDS / 2:
            self._moved(self._volume.vdl)

    # -- faults on demand ----------------------------------------------------------------------------------------------------

    def fail(self, percentage: float, seconds: float, name: str) -> bool:
        """So long that share of what goes to the reader named ('': to all) is dropped; then its link is made anew, and it
        catches up from the volume. False when there is none."""
        failing = [reader for reader in self.readers.values() if name in ("", reader.name)]
        for reader in failing:
            reader.fails, reader.fails_until = percentage / 100, self._clock.monotonic() + seconds
            self._tasks.call_later(seconds, reader.link.reset)
        return bool(failing)

    def _drops(self, reader: AttachedReader) -> bool:
        if not reader.fails_until:
            return False
        if self._clock.monotonic() > reader.fails_until:
            reader.fails_until = 0.0
            return False
        return self._instance.host.random.uniform() < reader.fails

    # -- what readers hold back ------------------------------------------------------------------------------------------------

    def _hold(self) -> None:
        """The oldest snapshot and the oldest page read of any reader, from now on."""
        delay = self._instance.settings["max_standby_streaming_delay"] / 1000
        now = self._clock.monotonic()
        for name, reader in list(self._lost.items()):
            if delay >= 0 and now - reader.lost_at > delay:
                del self._lost[name]
        readers = [*self.readers.values(), *self._lost.values()]
        far = min((reader.horizon for reader in readers), default=NEVER)
        self._instance.txns.status.far_horizon = 0 if now < self._graced_until else far
        oldest = min((reader.read_point for reader in readers), default=NEVER)
        self._volume.set_horizons(None if oldest == NEVER else oldest)
