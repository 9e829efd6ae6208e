"""A segment: one copy of one protection group. Its records by page, its sealed runs, its place in the epochs.

    page_at(7, lsn):   newest image of page 7 at or below lsn          image runs
                     + its records since, up to lsn, in order          delta runs, then memtables (hot log)

`last` is the LSN of the segment's last record without a gap below it, `scl` the same for what is on disk. Batches that
come before their predecessor wait in `ahead`. A segment answers reads from `horizon` (older versions are gone) to `scl`.

The manifest holds what must outlive the process: identity, epoch, truncation list, the highest VDL told, the runs, and
from which position the hot log still matters (`log_start`).

Errors: DataCorrupted for damage and for records that do not link; SnapshotTooOld below the horizon.

Not here: how a batch comes in (`SegmentCore` of aurorapy_native.node), the log (`hotlog`), messages (`node`), making and merging runs (`background`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, DataCorrupted
from aurorapy.host import Disk
from aurorapy.ids import PAGE_SIZE
from aurorapy.storage.members import NO_MEMBERSHIP, TAIL, Membership
from aurorapy.storage.messages import (
    NO_EPOCH,
    NO_TRUNCATIONS,
    NO_VOLUME,
    Epoch,
    FreedRange,
    Link,
    Truncation,
    TruncationList,
    VolumeIdentity,
)
from aurorapy.storage.node import manifest
from aurorapy.storage.node.freed import Freed, packed
from aurorapy.storage.node.runs import DELTA, DELTA_ENTRY, DeltaRun, ImageRun, Run, RunInfo, open_run
from aurorapy_native.checksum import seal_page
from aurorapy_native.memtable import NOTES, apply_records, linked_records
from aurorapy_native.node import SegmentCore
from aurorapy_native.redo import records as split_records
from aurorapy_native.runs import living, pages_of

MANIFEST_KIND = "segment manifest"
ZERO_PAGE = bytes(PAGE_SIZE)
LSN_MAX = 1 << 63


class SnapshotTooOld(DatabaseError, sqlstate="72000"):
    """The page's version at that LSN was dropped: below PGMRPL and outside the retention window."""


class LogOnly(DatabaseError, sqlstate="55000"):
    """A tail copy has no pages."""


class Segment(SegmentCore):
    """See the chapter."""

    def __init__(self, disk: Disk, directory: str, group: int, copy: str, identity: str) -> None:
        super().__init__(group, copy, NO_EPOCH, NO_TRUNCATIONS)
        self.disk, self.directory = disk, directory
        self.id = identity  # 32 hex digits, its node's
        self.membership = NO_MEMBERSHIP  # of the group
        self.volume = NO_VOLUME
        self.peers: dict[str, int] = {}  # SCLs of other copies as gossip told them: who forgot is found by it
        self._ranges_of_log: list[Truncation] = []  # annulled ranges the hot log may hold records of
        self.sealed = 0  # every record at or below is in a run
        self.horizon = 0  # versions below are gone
        self.floor = 0  # a repair left older versions of some page incomplete: reads below are refused
        self.pgmrpl = 0
        self.freed = Freed()  # pages that were given back
        self.log_start = 0
        self.saved_log_start = 0  # what the manifest on disk says: log files below may go
        self.deltas: list[DeltaRun] = []  # oldest first
        self.images: list[ImageRun] = []  # oldest first
        self.next_run = 1
        self.serial = 0  # of the manifest
        self.doubt = False  # something was lost: it may have acknowledged what it no longer has
        self.lost_runs: list[RunInfo] = []  # damaged when it was opened
        self.was_repaired = False  # one of the two manifests was damaged

    @property
    def is_tail(self) -> bool:
        """Does this copy keep the log only? Pages are built from full copies."""
        return any(member.copy == self.copy and member.kind == TAIL for member in self.membership.members)

    # -- manifest ------------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Makes identity, epoch, truncations and runs durable. Blocks."""
        content, path = self._content(), f"{self.directory}/manifest"
        if len(self.membership.members) > 1:
            self.serial += 1
            manifest.save_both(self.disk, path, MANIFEST_KIND, content, self.serial)
        else:
            manifest.save(self.disk, path, MANIFEST_KIND, content)
        self.saved_log_start = content["log_start"]

    def _content(self) -> dict[str, Any]:
        return {
            "segment": self.id,
            "group": self.group,
            "copy": self.copy,
            "epoch": list(self.epoch),
            "truncations": {"epoch": list(self.truncations.epoch), "ranges": [list(r) for r in self.truncations.ranges]},
            "membership": self.membership.as_dict(),
            "volume": list(self.volume),
            "peers": self.peers,
            "vdl": self.vdl,
            "sealed": self.sealed,
            "horizon": self.horizon,
            "floor": self.floor,
            "log_start": self.log_start,
            "next_run": self.next_run,
            "doubt": self.doubt,
            "freed": [list(each) for each in self.freed.upto(self.sealed)],
            "runs": [run.info.as_dict() for run in self.runs()],
        }

    @classmethod
    def load(cls, disk: Disk, directory: str, read_only: bool = False) -> Segment:
        """The segment of that directory with its runs open; files the manifest does not name are removed."""
        content, is_whole = manifest.load_either(disk, f"{directory}/manifest", MANIFEST_KIND)
        segment = cls(disk, directory, content["group"], content["copy"], content["segment"])
        segment.epoch = Epoch(*content["epoch"])
        listed = content["truncations"]
        segment.truncations = TruncationList(Epoch(*listed["epoch"]), tuple(Truncation(*r) for r in listed["ranges"]))
        segment.membership = Membership.from_dict(content["membership"])
        segment.volume = VolumeIdentity(*content["volume"])
        segment.peers = content["peers"]
        for name in ("vdl", "sealed", "horizon", "log_start", "next_run", "doubt", "floor"):
            setattr(segment, name, content[name])
        segment.freed.add(FreedRange(*each) for each in content.get("freed", ()))
        segment.serial, segment.was_repaired = content.get("serial", 0), not is_whole
        segment.last = segment.scl = segment.sealed
        segment.saved_log_start = segment.log_start
        segment._ranges_of_log = [each for each in segment.truncations.ranges if each.high > segment.sealed]
        infos = [RunInfo(**info) for info in content["runs"]]
        named = {"manifest", "manifest.copy", *(info.file for info in infos)}
        for name in disk.list(directory):
            if name not in named and not read_only:
                disk.remove(f"{directory}/{name}")
        for info in infos:
            try:
                segment.add_run(open_run(disk, directory, info, segment.group, segment.id))
            except (DataCorrupted, OSError):
                if read_only or len(segment.membership.members) < 2:
                    raise
                segment.lost_runs.append(info)
        return segment

    def is_manifest_damaged(self) -> bool:
        """Is what is on the disk another than was saved?"""
        try:
            content, is_whole = manifest.load_either(self.disk, f"{self.directory}/manifest", MANIFEST_KIND)
        except (DataCorrupted, FileNotFoundError):
            return True
        return not is_whole or content.get("serial", 0) < self.serial

    def begin_again(self) -> list[str]:
        """Runs are lost: the segment ends where the first of them began; peers have the rest. The files that it no longer
        names."""
        at = min(0 if info.kind != DELTA else info.first for info in self.lost_runs)
        later = [run for run in self.runs() if run.last > at]
        gone = [info.file for info in self.lost_runs] + [run.info.file for run in later]
        for run in later:
            run.close()
        self.deltas = [run for run in self.deltas if run.last <= at]
        self.images = [run for run in self.images if run.last <= at]
        self.horizon = min(self.horizon, at)
        self.sealed = self.last = self.scl = at
        self.freed.annul(at, LSN_MAX)  # they come again, with the records
        self._ranges_of_log = [each for each in self.truncations.ranges if each.high > at]
        self.lost_runs, self.doubt = [], True
        return gone

    def runs(self) -> list[Run]:
        return [*self.images, *self.deltas]

    def add_run(self, run: Run) -> None:
        runs: list = self.deltas if run.info.kind == DELTA else self.images
        runs.append(run)
        runs.sort(key=lambda run: run.last)

    def open_info(self, info: RunInfo) -> Run:
        return open_run(self.disk, self.directory, info, self.group, self.id)

    def new_run_name(self, kind: str) -> str:
        name = f"{kind}-{self.next_run:08x}.run"
        self.next_run += 1
        return name

    # -- records in ----------------------------------------------------------------------------------------------------

    def replay(self, file: int, prev: int, last: int, records: bytes) -> None:
        """A batch found in the hot log on opening; what is annulled in it does not count."""
        if last <= self.last:
            return
        cut = None
        for low, high in self._ranges_of_log:
            if low < last <= high:
                if low <= prev:
                    return
                cut = (low, high)
        self.ingest(file, prev, last, records)
        if cut:  # the range begins inside the batch
            self._forget(*cut)

    def pages_freed(self, notes: list[tuple[int, bytes]]) -> None:
        """Records that have come say so."""
        for lsn, payload in notes:
            self.freed.note(lsn, payload)

    def replayed(self) -> None:
        """The log was read to its end, and is durable."""
        self.scl = self.last
        self.ahead_durable = dict(self.ahead)

    def promise(self, epoch: Epoch, truncations: TruncationList, membership: Membership, copy: str) -> None:
        """Takes these over once they are on disk, and forgets what another list annuls. OSError leaves all as it was: what
        came of it on the disk binds the segment after a crash, and nobody was told."""
        annulled = () if truncations is self.truncations else truncations.ranges
        before = self.epoch, self.truncations, self.membership, self.copy, self.peers
        self.epoch, self.truncations, self.membership, self.copy = epoch, truncations, membership, copy
        self.peers = {
            copy: scl for copy, scl in self.peers.items() if not any(low < scl <= high for low, high in annulled)
        }
        try:
            self.save()
        except OSError:
            self.epoch, self.truncations, self.membership, self.copy, self.peers = before
            raise
        for low, high in annulled:
            self._forget(low, high)

    def _forget(self, low: int, high: int) -> None:
        self.freed.annul(low, high)
        left = max([self.sealed, *(table.memtable.annul(low, high) for table in self.tables)])
        if low < self.last <= high:
            self.last = left
        if low < self.scl <= high:
            self.scl = self.last
        for ahead in (self.ahead, self.ahead_durable):
            for prev, last in [*ahead.items()]:
                if low < last <= high and (rest := self.end_below(prev, low)) > prev:
                    ahead[prev] = rest
                elif low < last <= high:
                    del ahead[prev]

    def end_below(self, prev: int, low: int) -> int:
        """The last of the records in (prev, low] that memory holds, `prev` when there is none."""
        return max([prev, *(link.lsn for link in self.links(prev) if link.lsn <= low)])

    def drop_ahead(self) -> None:
        """Forgets what lies behind the gap, which no SCL counts: the log needs the room, and peers have it."""
        for table in self.tables:
            table.memtable.annul(self.last, LSN_MAX)
        self.freed.annul(self.last, LSN_MAX)
        self.ahead.clear()
        self.ahead_durable = {prev: last for prev, last in self.ahead_durable.items() if last <= self.last}

    def adopt(
        self, runs: list[Run], freed: list[FreedRange], sealed: int, horizon: int, vdl: int, instead_of: list[Run]
    ) -> None:
        """Takes a peer's runs in, `instead_of` those: every record up to `sealed` is in runs then. The caller saves."""
        self.deltas = [run for run in self.deltas if run not in instead_of]
        self.images = [run for run in self.images if run not in instead_of]
        for run in runs:
            self.add_run(run)
        self.freed.add(freed)
        if instead_of:
            self.floor = 0
        self.sealed, self.horizon = max(self.sealed, sealed), max(self.horizon, horizon)
        self.vdl = max(self.vdl, vdl)
        for table in self.tables:  # what came before a gap that the runs fill may be of pages that were freed within it
            table.memtable.annul(0, self.sealed)
        self.go_on(self.sealed)

    # -- records and pages out -----------------------------------------------------------------------------------------

    def links(self, above: int) -> list[Link]:
        found = sorted(link for table in self.tables for link in table.memtable.links(above))
        return [Link(*link) for link in found]

    def is_patched(self) -> bool:
        """Is something missing between horizon and floor? Then its runs are no model for a peer."""
        return self.floor > self.horizon

    def records_from(self) -> int:
        """Every record above is here, not only in images."""
        return self.deltas[0].first if self.deltas else self.sealed

    def built_from(self) -> int:
        """No page is read as of an LSN below, and none is built from records below: a peer's runs may begin before the
        horizon of the segment that took them over."""
        firsts = [table.memtable.first for table in self.tables if table.memtable.first]
        return min(self.horizon, self.records_from(), *firsts)

    def records_between(self, after: int, upto: int, bytes_max: int) -> tuple[bytes, int]:
        """Records that follow `after` without a gap, up to LSN `upto` and about `bytes_max` bytes, for a peer: (bytes, LSN of
        the last). None, and `after`, when they are in no memtable and cannot be picked from a run with little reading."""
        if after < self.records_from():
            return b"", after
        window = bytes_max  # an LSN is a place in the log: as many bytes at most lie between two
        while True:
            until = min(upto, after + window)
            parts = [table.memtable.records(after, until) for table in self.tables]
            run = next((run for run in self.deltas if run.first <= after < run.last), None)
            if run is not None:
                blocks = run.blocks_between(after, until)
                if blocks is None:
                    return b"", after
                parts += blocks
            records, last = linked_records(parts, after, until, bytes_max)
            if records or until == upto:
                return records, last
            window *= 4

    def records_of(self, page_no: int, base: int, upto: int) -> bytes:
        """The page's records in (base, upto], ascending, for a peer."""
        parts = [run.read(page_no) for run in self.deltas if run.last > base and run.first < upto]
        parts += [table.memtable.records(base, upto) for table in self.tables if table.memtable.first <= upto]
        found = {lsn: record for part in parts for lsn, record in split_records(part)}
        number = page_no.to_bytes(4, "little")
        return b"".join(found[lsn] for lsn in sorted(found) if base < lsn <= upto and found[lsn][40:44] == number)

    def page_at(self, page_no: int, lsn: int) -> bytearray:
        """The page's bytes at LSN `lsn`, checksum field unset. All zero when it was never written, or not since it was
        freed."""
        if self.is_tail:
            raise LogOnly(f"copy {self.copy} of group {self.group} keeps the log only")
        if lsn < self.horizon or lsn < self.floor:
            horizon = max(self.horizon, self.floor)
            raise SnapshotTooOld("snapshot too old", detail=f"LSN {lsn} is below the horizon {horizon}.")
        page, known = self._newest_image(page_no, lsn)
        freed = self.freed.at(page_no, lsn) if self.freed else 0
        if freed > int.from_bytes(page[:8], "little"):  # whatever is from before that is passed over, as if it were in the page
            page, known = bytearray(freed.to_bytes(8, "little")) + bytes(PAGE_SIZE - 8), freed
        for run in self.deltas:
            if run.last > known and run.first < lsn:
                data = run.read(page_no)
                if data:
                    apply_records(page, data, lsn)
        for table in self.tables:
            table.memtable.apply(page_no, page, lsn)
        if freed and int.from_bytes(page[:8], "little") == freed:
            return bytearray(PAGE_SIZE)
        return page

    def sealed_page_at(self, page_no: int, lsn: int) -> bytes:
        """page_at with its checksum set, ready to leave the node."""
        return seal_page(self.page_at(page_no, lsn))

    def _newest_image(self, page_no: int, lsn: int) -> tuple[bytearray, int]:
        """(image, LSN up to which it is known to be complete)."""
        best, best_lsn, known = None, -1, 0
        for run in self.images:
            found = run.page_lsn(page_no)
            if best_lsn <= found <= lsn and found >= 0:
                best, best_lsn = run, found
                known = max(found, run.last if run.last <= lsn else 0)
        if best is None:
            return bytearray(PAGE_SIZE), 0
        return bytearray(best.read(page_no)), known

    def page_numbers(self) -> list[int]:
        """Every page that was ever written and not freed since, ascending. Walks all indexes: for verify and repair."""
        indexes = [run.index for run in self.runs()]
        pages = pages_of(indexes)
        if self.freed:
            pages = living(pages, indexes, packed(self.freed))
        numbers = set(memoryview(pages).cast("I"))
        for table in self.tables:
            count, start = table.memtable.freeze(), 0
            while start < count:
                _, index, start, _ = table.memtable.export(start, 1 << 20, 0)
                for page_no, _, _, _, newest in DELTA_ENTRY.iter_unpack(index):
                    if not self.freed or newest > self.freed.at(page_no, LSN_MAX):
                        numbers.add(page_no)
        numbers.discard(NOTES)
        return sorted(numbers)

    def bytes_on_disk(self) -> int:
        return sum(run.info.bytes for run in self.runs())

    def close(self) -> None:
        for run in self.runs():
            run.close()

    def __str__(self) -> str:
        return (
            f"g{self.group} {self.copy} scl={self.scl:#x} sealed={self.sealed:#x} horizon={self.horizon:#x} "
            f"deltas={len(self.deltas)} images={len(self.images)} epoch={self.epoch}"
        )
