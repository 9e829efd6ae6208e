"""What a node says of its segments to who asks how they are: figures, and digests of their pages.

    w → n  Inspect g0 lsn=0x1f0 first=0
    n → w  Inspected g0 A scl=0x1f0 pages=512 digest=1f3a90c2       the next question begins at `following`

Nothing is changed. Pages are built as for a reader, so a digest is slow: for tests and for people.

Not here: scrubbing (`scrub`), the views over these figures (`instance`).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Callable

from aurorapy.errors import DatabaseError
from aurorapy.storage import messages as m
from aurorapy.storage.node.reading import IO_FAILED
from aurorapy.storage.node.segment import Segment
from aurorapy_native.checksum import crc32c


class Inspection:
    """Handler of one `StorageNode`."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.handlers: dict[type, Callable[[Any], list[m.Message]]] = {m.Inspect: self._inspect}

    def _inspect(self, message: m.Inspect) -> list[m.Message]:
        if (refusal := self.node.epochs.refusal(message)) is not None:
            return refusal
        segment = self.node.segments[message.group]
        numbers = [] if segment.is_tail else segment.page_numbers()
        digest, pages, following, changed = 0, len(numbers), 0, 0
        if message.lsn:
            try:
                digest, pages, following, changed = digest_of(segment, numbers, message)
            except (DatabaseError, OSError) as error:
                sqlstate = error.sqlstate if isinstance(error, DatabaseError) else IO_FAILED
                return [m.ReadFailed(segment.epoch, segment.group, segment.copy, message.first, sqlstate, str(error))]
        last_pass = self.node.scrub.repair(segment).last_pass
        now = self.node.host.clock.monotonic()
        scrubbed_ago = max(1, int((now - last_pass) * 1_000_000)) if last_pass is not None else 0
        return [
            m.Inspected(
                segment.epoch, segment.group, segment.copy, segment.scl, segment.sealed, segment.horizon,
                len(segment.ahead), segment.bytes_on_disk(),
                self.node.gossip.exchange(segment).filled_records, scrubbed_ago,
                pages, digest, following, changed,
            )
        ]  # fmt: skip


def digest_of(segment: Segment, numbers: list[int], message: m.Inspect) -> tuple[int, int, int, int]:
    """(CRC-32C, pages in it, number of the page that follows or 0, pages changed since)"""
    start = bisect_left(numbers, message.first)
    wanted = numbers[start : start + message.count]
    digest = changed = 0
    for page_no in wanted:
        page = segment.sealed_page_at(page_no, message.lsn)
        digest = crc32c(page, crc32c(page_no.to_bytes(4, "little"), digest))
        changed += int.from_bytes(page[:8], "little") > message.since  # its header begins with its LSN
    rest = numbers[start + message.count : start + message.count + 1]
    return digest, len(wanted), rest[0] if rest else 0, changed
