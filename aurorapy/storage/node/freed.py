"""Pages that were given back: what nobody owns any more needs no image and no record.

    DROP TABLE commits ……………… the extents stand in the writer's free list, quarantined: an old snapshot may read them
    the prune horizon passes    a note in the log of each group:  freed (32, 1024) (1056, 64)      LSN x
    every copy, on its own      from x on the pages read as if they had never been written
    the horizon passes x        (PGMRPL, retention) a fold leaves them out; image runs that hold many are written anew

The note is a redo record like any other: it is replicated, fills gaps, is annulled by a recovery, and is sealed only at or
below the VDL, by what does that for all records; there is no other list to agree on, and a record speaks for as many
ranges as there are. Whoever is given such a page again begins it from all zero (prev_page 0), so nothing older is read.

    page_at(40, lsn), x ≤ lsn       begins from all zero at x: images and records from before it count for nothing, whether
                                    they have been dropped here yet, have not, or have come again in a peer's runs

So copies agree at equal LSN although each drops when it comes to it. A segment knows the freeings of its memtables from the
records, older ones from its manifest; they go with the runs to a peer. A freeing is forgotten when neither a read nor a
record is from before it any more (`Segment.built_from`) and no image run holds a page that is.

Not here: which pages are freed, and when (`aurorapy_native.space`), dropping them (`background`).
"""

from __future__ import annotations

import struct
from bisect import bisect_right, insort
from typing import Iterable, Iterator

from aurorapy.storage.messages import FreedRange

RANGE = struct.Struct("<II")  # of a note: first page, pages
PACKED = struct.Struct("<IIQ")  # for aurorapy_native.runs: first page, pages, LSN
BUCKET_BITS = 10


class Freed:
    """The freeings one segment knows."""

    def __init__(self) -> None:
        self._ranges: set[FreedRange] = set()
        # by the upper bits of the page numbers: of (first page, pages) the LSNs, ascending; a table that is made and dropped
        # again and again has the same pages
        self._buckets: dict[int, dict[tuple[int, int], list[int]]] = {}

    def note(self, lsn: int, payload: bytes) -> None:
        """What a record says."""
        self.add(FreedRange(first, pages, lsn) for first, pages in RANGE.iter_unpack(payload))

    def add(self, ranges: Iterable[FreedRange]) -> None:
        for each in ranges:
            if each not in self._ranges:
                self._ranges.add(each)
                for bucket in _buckets_of(each):
                    insort(self._buckets.setdefault(bucket, {}).setdefault(each[:2], []), each.lsn)

    def remove(self, ranges: Iterable[FreedRange]) -> None:
        gone = self._ranges.intersection(ranges)
        self._ranges -= gone
        for bucket in {bucket for each in gone for bucket in _buckets_of(each)}:
            left = {pages: [lsn for lsn in lsns if (*pages, lsn) not in gone] for pages, lsns in self._buckets[bucket].items()}
            self._buckets[bucket] = {pages: lsns for pages, lsns in left.items() if lsns}

    def annul(self, low: int, high: int) -> None:
        """Those with low < LSN <= high never were."""
        self.remove([each for each in self._ranges if low < each.lsn <= high])

    def at(self, page_no: int, lsn: int) -> int:
        """LSN of the page's last freeing at or below `lsn`; 0: there is none."""
        found = 0
        for (first, pages), lsns in self._buckets.get(page_no >> BUCKET_BITS, {}).items():
            if first <= page_no < first + pages and (upto := bisect_right(lsns, lsn)):
                found = max(found, lsns[upto - 1])
        return found

    def upto(self, lsn: int) -> list[FreedRange]:
        """Those at or below `lsn`, in order."""
        return sorted(each for each in self._ranges if each.lsn <= lsn)

    def pages_above(self, lsn: int) -> int:
        """How many pages were freed since."""
        return sum(each.pages for each in self._ranges if each.lsn > lsn)

    def __iter__(self) -> Iterator[FreedRange]:
        return iter(sorted(self._ranges))

    def __len__(self) -> int:
        return len(self._ranges)


def _buckets_of(each: FreedRange) -> range:
    return range(each.first >> BUCKET_BITS, (each.first + each.pages - 1 >> BUCKET_BITS) + 1)


def packed(ranges: Iterable[FreedRange]) -> bytes:
    return b"".join(PACKED.pack(*each) for each in ranges)
