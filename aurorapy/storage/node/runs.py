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
from typing import Any

from aurorapy.errors import DataCorrupted
from aurorapy.host import Disk, File
from aurorapy.ids import PAGE_SIZE
from aurorapy.records import dataclass
from aurorapy_native.checksum import crc32c, verify_page
from aurorapy_native.redo import valid_prefix
from aurorapy_native.runs import BuildPlan, RunIndex

DELTA, IMAGE = "delta", "image"
HEADER = struct.Struct("<4sI4sIQQ16s")  # magic, crc of the rest, kind, group, first, last, segment id
HEADER_BYTES = {DELTA: 512, IMAGE: PAGE_SIZE}
FOOTER = struct.Struct("<4sIQQII")  # magic, crc of the rest, index offset, index bytes, pages, crc of the index
DELTA_ENTRY = struct.Struct("<IIQQQ")  # page, records, offset, first, last
IMAGE_ENTRY = struct.Struct("<IQ")  # page, page LSN
ENTRY_BYTES = {DELTA: DELTA_ENTRY.size, IMAGE: IMAGE_ENTRY.size}
MAGIC = b"ARUN"
PICK_PAGES_MAX = 20_000  # records are picked from a run for a peer only when its index is that small
PICK_BYTES_MAX = 4 << 20  # and so little has to be read


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
        self.index = RunIndex(self._read_index(), ENTRY_BYTES[info.kind])

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

    def is_frame_damaged(self, group: int, segment_id: str) -> bool:
        """Header, footer and index as they are on the disk: another than in memory?"""
        try:
            self._check_header(group, segment_id)
            return self._read_index() != self.index.data
        except (DataCorrupted, OSError):
            return True

    def _find(self, page_no: int) -> int:
        """The page's place in the index, or -1."""
        return self.index.find(page_no)

    def source(self) -> tuple[RunIndex, int, int, int]:
        """What a BuildPlan wants to know of it."""
        return self.index, self.first, self.last, self.data_end

    def close(self) -> None:
        self.file.close()

    def __str__(self) -> str:
        return str(self.info)


class DeltaRun(Run):
    def _offset(self, at: int) -> int:
        return DELTA_ENTRY.unpack_from(self.index.data, at * DELTA_ENTRY.size)[2]

    def read(self, page_no: int) -> bytes:
        """The page's records, ascending; empty when it has none here. Each is verified where it is applied."""
        at = self._find(page_no)
        return self.read_at(at) if at >= 0 else b""

    def blocks_between(self, after: int, upto: int) -> list[bytes] | None:
        """The blocks that hold records in (after, upto]; None when that would be much to read."""
        if len(self.index) > PICK_PAGES_MAX:
            return None
        entries = list(DELTA_ENTRY.iter_unpack(self.index.data))
        ends = [entry[2] for entry in entries[1:]] + [self.data_end]
        wanted = [
            at for at, (_, _, _, first, last) in enumerate(entries) if last > after and first <= upto
        ]  # fmt: skip
        if sum(ends[at] - entries[at][2] for at in wanted) > PICK_BYTES_MAX:
            return None
        return [self.read_at(at) for at in wanted]

    def check_at(self, at: int) -> None:
        """DataCorrupted when the block is damaged or not the one the index says."""
        data, (page_no, _, _, _, last) = self.read_at(at), DELTA_ENTRY.unpack_from(self.index.data, at * DELTA_ENTRY.size)
        if valid_prefix(data) != len(data) or len(data) < 48 or int.from_bytes(data[40:44], "little") != page_no:
            raise DataCorrupted(f"the records of page {page_no} in {self.path} are damaged")

    def read_at(self, at: int) -> bytes:
        offset = self._offset(at)
        end = self._offset(at + 1) if at + 1 < len(self.index) else self.data_end
        data = self.file.pread(end - offset, offset)
        if len(data) != end - offset:
            raise DataCorrupted(f"{self.path} is damaged: it is cut short")
        return data


class ImageRun(Run):
    def check_at(self, at: int) -> None:
        self.read_at(at)

    def lsn_at(self, at: int) -> int:
        return IMAGE_ENTRY.unpack_from(self.index.data, at * IMAGE_ENTRY.size)[1]

    def page_lsn(self, page_no: int) -> int:
        """LSN of the page's image here, or -1."""
        at = self._find(page_no)
        return self.lsn_at(at) if at >= 0 else -1

    def read(self, page_no: int) -> bytes:
        return self.read_at(self._find(page_no))

    def read_at(self, at: int) -> bytes:
        page = self.file.pread(PAGE_SIZE, HEADER_BYTES[IMAGE] + at * PAGE_SIZE)
        if len(page) != PAGE_SIZE or not verify_page(page):
            raise DataCorrupted(f"page {self.index.page_at(at)} in {self.path} is damaged")
        if int.from_bytes(page[:8], "little") != self.lsn_at(at):
            raise DataCorrupted(f"page {self.index.page_at(at)} in {self.path} is another version than the index says")
        return page


def open_run(disk: Disk, directory: str, info: RunInfo, group: int, segment_id: str) -> Run:
    return (DeltaRun if info.kind == DELTA else ImageRun)(disk, directory, info, group, segment_id)


def make_header(info: RunInfo, group: int, segment_id: str) -> bytes:
    data = HEADER.pack(MAGIC, 0, info.kind[:4].encode(), group, info.first, info.last, bytes.fromhex(segment_id))
    return data[:4] + crc32c(data[8:]).to_bytes(4, "little") + data[8:]


class RunWriter:
    """Writes one run front to back: add() pieces of data with their index entries, then finish().

    `in_thread` runs finish()'s writes beside the loop. Nothing counts before the manifest names the run; a file that a crash
    leaves half written is removed at the next opening.
    """

    def __init__(self, disk: Disk, directory: str, name: str, kind: str, in_thread: Any) -> None:
        self.kind, self.name = kind, name
        self._in_thread = in_thread
        self._file = disk.open(f"{directory}/{name}", create=True)
        self._index = bytearray()
        self.offset = HEADER_BYTES[kind]

    def add(self, data: bytes, entries: bytes) -> None:
        """On the thread that made the data, or on none."""
        self._file.pwrite(data, self.offset)
        self.offset += len(data)
        self._index += entries

    def finish(self, first: int, last: int, sealed_us: int, group: int, segment_id: str) -> RunInfo:
        """Index, footer and header, all made durable."""
        pages = len(self._index) // ENTRY_BYTES[self.kind]
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


class PageBuilder:
    """Builds pages as of `lsn` from sealed runs alone, step by step, on a thread; `pages` are u32s, ascending; `freed`: what
    was freed up to there."""

    def __init__(self, pages: bytes, images: list[ImageRun], deltas: list[DeltaRun], lsn: int, freed: bytes) -> None:
        self._plan = BuildPlan(pages, [r.source() for r in images], [r.source() for r in deltas], lsn, freed)
        self._files = [run.file for run in (*images, *deltas)]
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at == self._plan.count

    def step(self, writer: RunWriter, bytes_max: int) -> None:
        """Some more pages into the run: reads of about that many bytes, one write."""
        plan, files = self._plan, self._files
        parts = [files[run].pread(length, offset) for run, offset, length in plan.choose(self._at, bytes_max)]
        writer.add(*plan.build(parts))
        self._at += plan.chosen
