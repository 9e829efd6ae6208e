"""Pages for an instance: who may ask, what can be served, and what is said otherwise.

    w → n  ReadPage g0 page=7 lsn=0x1f0 point=0x1a8     the newest version at or below lsn
    n → w  Page g0 A page=7                             8,192 bytes, checksum set

    older epoch                                  Refused
    an epoch whose list is not here yet          State: the sender installs it
    SCL below the point                          ReadFailed 55000: records are missing here that the reader has to see
    lsn below the horizon                        ReadFailed 72000: the version is gone
    damage                                       ReadFailed XX001; the page is repaired from a peer (`scrub`)
    the disk                                     ReadFailed 58030

Every read verifies what it reads: a damaged record or image is never in a Page. The reader asks another copy then.

Not here: which copy is asked, and when another one (`storage/volume`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DatabaseError, DataCorrupted
from aurorapy.storage import messages as m
from aurorapy.storage.node.segment import Segment

BEHIND = "55000"
IO_FAILED = "58030"


class Reading:
    """Handler of one `StorageNode`."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.damaged: Callable[[Segment, int], None] = lambda segment, page_no: None
        self.handlers: dict[type, Callable[[Any], list[m.Message]]] = {m.ReadPage: self._read_page}

    def _read_page(self, message: m.ReadPage) -> list[m.Message]:
        if (refusal := self.node.epochs.refusal(message)) is not None:
            return refusal
        segment = self.node.segments[message.group]
        if segment.scl < message.point:
            reason = f"the segment has records up to {segment.scl:#x}, the read needs {message.point:#x}"
            return [self._failed(segment, message, BEHIND, reason)]
        try:
            content = segment.sealed_page_at(message.page_no, message.lsn)
        except DatabaseError as error:
            if isinstance(error, DataCorrupted):
                self.damaged(segment, message.page_no)
            return [self._failed(segment, message, error.sqlstate, error.message)]
        except OSError as error:
            return [self._failed(segment, message, IO_FAILED, str(error))]
        return [m.Page(segment.epoch, segment.group, segment.copy, message.page_no, content)]

    def _failed(self, segment: Segment, message: m.ReadPage, sqlstate: str, reason: str) -> m.ReadFailed:
        return m.ReadFailed(segment.epoch, segment.group, segment.copy, message.page_no, sqlstate, reason)
