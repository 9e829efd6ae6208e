"""Sealed runs: immutable files cut from the log.

A *delta run* holds a segment's records of an LSN range, a page's records together; an *image run* holds built pages as
of one LSN. Both end in an index by page number.

    delta   | header 512 | page 3: records | page 7: records | … | index: page, count, offset, first, last | footer |
    image   | header 8192| page 3: 8 KiB   | page 7: 8 KiB   | … | index: page, page LSN                   | footer |

The footer names the place and checksum of the index; the header says whose run it is. A page's records each carry their
own checksum, an image its page checksum; both are verified on every read. Indexes are held in memory.

Errors: DataCorrupted when a checksum, a size or a page number does not fit; OSError of the disk comes through.

Not here: which runs a segment has (`segment`), when they are made and merged (`background`).
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

from aurorapy.errors import DataCorrupted
from aurorapy.host import Disk, File
from aurorapy.ids import PAGE_SIZE
from aurorapy_native.checksum import crc32c, verify_page

DELTA, IMAGE = "delta", "image"
HEADER = struct.Struct("<4sI4sIQQ16s")  # magic, crc of the rest, kind, group, first, last, segment id
HEADER_BYTES = {DELTA: 512, IMAGE: PAGE_SIZE}
FOOTER = struct.Struct("<4sIQQII")  # magic, crc of the rest, index offset, index bytes, pages, crc of the index
DELTA_ENTRY = struct.Struct("<IIQQQ")  # page, records, offset, first, last
IMAGE_ENTRY = struct.Struct("<IQ")  # page, page LSN
MAGIC = b"ARUN"


@dataclass(frozen=True)
class RunInfo:
    """What the manifest says of a run. LSNs: first excluded, last included; an image run is as of `last`."""

    kind: str
    file: str  # name in the segment's directory
    first: int
    last: int
    pages: int
    bytes: int
    sealed_us: int  # wall clock: when its last record was sealed; for retention only

    def as_dict(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __str__(self) -> str:
        return f"{self.kind} {self.file} {self.first:#x}..{self.last:#x} pages={self.pages} bytes={self.bytes}"


class Run:
    """A run opened for reading: its index in memory, its data by pread."""

    def __init__(self, disk: Disk, directory: str, info: RunInfo, group: int, segment_id: str) -> None:
        self.info = info
        self.first, self.last = info.first, info.last
        self.path = f"{directory}/{info.file}"
        self.file: File = disk.open(self.path)
        self._check_header(group, segment_id)
        self._load(self._read_index())

    def _check_header(self, group: int, segment_id: str) -> None:
        data = self.file.pread(HEADER.size, 0)
        if len(data) != HEADER.size or data != make_header(self.info, group, segment_id):
            raise DataCorrupted(f"{self.path} is damaged: its header is not that of {self.info}")

    def _read_index(self) -> bytes:
        size = self.file.size()
        footer = self.file.pread(FOOTER.size, size - FOOTER.size) if size >= FOOTER.size else b""
        if len(footer) != FOOTER.size:
            raise DataCorrupted(f"{self.path} is damaged: it is cut short")
        magic, crc, offset, length, pages, index_crc = FOOTER.unpack(footer)
        if magic != MAGIC or crc != crc32c(footer[8:]) or size != self.info.bytes or pages != self.info.pages:
            raise DataCorrupted(f"{self.path} is damaged: its footer does not match")
        index = self.file.pread(length, offset)
        if len(index) != length or crc32c(index) != index_crc:
            raise DataCorrupted(f"{self.path} is damaged: its index does not match its checksum")
        self.data_end = offset
        return index

    def _load(self, index: bytes) -> None:
        raise NotImplementedError

    def _find(self, page_no: int) -> int:
        """The page's place in the index, or -1."""
        at = bisect_left(self.page_numbers, page_no)
        return at if at < len(self.page_numbers) and self.page_numbers[at] == page_no else -1

    page_numbers: array

    def close(self) -> None:
        self.file.close()

    def __str__(self) -> str:
        return str(self.info)


def first_words(index: bytes, entry_bytes: int) -> array:
    """The page numbers an index's entries begin with, taken out in one step: opening must not look at every entry."""
    words = array("I")
    words.frombytes(index)
    if sys.byteorder == "big":
        words.byteswap()
    return words[:: entry_bytes // 4]


class DeltaRun(Run):
    def _load(self, index: bytes) -> None:
        self._index = index
        self.page_numbers = first_words(index, DELTA_ENTRY.size)

    def _offset(self, at: int) -> int:
        return DELTA_ENTRY.unpack_from(self._index, at * DELTA_ENTRY.size)[2]

    def read(self, page_no: int) -> bytes:
        """The page's records, ascending; empty when it has none here. Each is verified where it is applied."""
        at = self._find(page_no)
        return self.read_at(at) if at >= 0 else b""

    def read_at(self, at: int) -> bytes:
        offset = self._offset(at)
        end = self._offset(at + 1) if at + 1 < len(self.page_numbers) else self.data_end
        data = self.file.pread(end - offset, offset)
        if len(data) != end - offset:
            raise DataCorrupted(f"{self.path} is damaged: it is cut short")
        return data


class ImageRun(Run):
    def _load(self, index: bytes) -> None:
        self._index = index
        self.page_numbers = first_words(index, IMAGE_ENTRY.size)

    def lsn_at(self, at: int) -> int:
        return IMAGE_ENTRY.unpack_from(self._index, at * IMAGE_ENTRY.size)[1]

    def page_lsn(self, page_no: int) -> int:
        """LSN of the page's image here, or -1."""
        at = self._find(page_no)
        return self.lsn_at(at) if at >= 0 else -1

    def read(self, page_no: int) -> bytes:
        return self.read_at(self._find(page_no))

    def read_at(self, at: int) -> bytes:
        page = self.file.pread(PAGE_SIZE, HEADER_BYTES[IMAGE] + at * PAGE_SIZE)
        if len(page) != PAGE_SIZE or not verify_page(page):
            raise DataCorrupted(f"page {self.page_numbers[at]} in {self.path} is damaged")
        if int.from_bytes(page[:8], "little") != self.lsn_at(at):
            raise DataCorrupted(f"page {self.page_numbers[at]} in {self.path} is another version than the index says")
        return page


def open_run(disk: Disk, directory: str, info: RunInfo, group: int, segment_id: str) -> Run:
    return (DeltaRun if info.kind == DELTA else ImageRun)(disk, directory, info, group, segment_id)


def make_header(info: RunInfo, group: int, segment_id: str) -> bytes:
    data = HEADER.pack(MAGIC, 0, info.kind[:4].encode(), group, info.first, info.last, bytes.fromhex(segment_id))
    return data[:4] + crc32c(data[8:]).to_bytes(4, "little") + data[8:]


class RunWriter:
    """Writes one run front to back: add() pieces of data with their index entries, then finish().

    `in_thread` runs the writes beside the loop. Nothing counts before the manifest names the run; a file that a crash
    leaves half written is removed at the next opening.
    """

    def __init__(self, disk: Disk, directory: str, name: str, kind: str, in_thread: Any) -> None:
        self.kind, self.name = kind, name
        self._in_thread = in_thread
        self._file = disk.open(f"{directory}/{name}", create=True)
        self._index = bytearray()
        self.offset = HEADER_BYTES[kind]

    def add(self, data: bytes, entries: bytes) -> None:
        self._in_thread(self._file.pwrite, data, self.offset)
        self.offset += len(data)
        self._index += entries

    def finish(self, first: int, last: int, sealed_us: int, group: int, segment_id: str) -> RunInfo:
        """Index, footer and header, all made durable."""
        entry_bytes = (DELTA_ENTRY if self.kind == DELTA else IMAGE_ENTRY).size
        pages = len(self._index) // entry_bytes
        footer = FOOTER.pack(MAGIC, 0, self.offset, len(self._index), pages, crc32c(self._index))
        footer = footer[:4] + crc32c(footer[8:]).to_bytes(4, "little") + footer[8:]
        tail = bytes(self._index) + footer
        info = RunInfo(self.kind, self.name, first, last, pages, self.offset + len(tail), sealed_us)
        self._in_thread(self._file.pwrite, tail, self.offset)
        self._in_thread(self._file.pwrite, make_header(info, group, segment_id), 0)
        self._in_thread(self._file.sync)
        return info

    def close(self) -> None:
        self._file.close()
