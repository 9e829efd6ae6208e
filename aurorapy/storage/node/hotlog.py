"""The hot log of a node: what every record reaches first, and the only thing a commit waits for.

One sequence of batches for all segments of the node, in zero-filled files that are used again and again:

    position 0          64 MB          128 MB
             | file 0    | file 1       | file 2  (spare, filled with zeroes beforehand)
             | header ▮▮▮▮▮▮▮▮▮ unused  | header ▮▮▮▮▮▶

A position is a place in that endless sequence: file number × file size + offset. Batches (aurorapy_native.batch) begin on
multiples of 512 bytes and name their position, the checksum of the batch before, and what was durable when they were
written. The end of the log is the first place where the chain does not go on:

    ▮▮▮▮░          nothing after it, or batches that call durable only what lies before: a torn tail, cut off
    ▮▮▮▮░▮▮        a later batch says this place was durable: damage; the node refuses to open (XX001)

At most two files hold records that are in no sealed run. The next file is taken into use only when it is prepared and
that holds; until then `reserve` says no and the node keeps its batches waiting: a full disk is met here, not in a
commit.

Errors: DataCorrupted on opening a damaged log. A failed write or fdatasync poisons the log (`on_error`).

Not here: what is in the records, who seals them (`background`).
"""

from __future__ import annotations

import struct
from typing import Callable

from aurorapy.errors import DataCorrupted
from aurorapy.host import Disk, Host, LogFile
from aurorapy.host.disk import fill_with_zeroes
from aurorapy_native.batch import ALIGNMENT, chain_end, find_later, scan, sound_batches
from aurorapy_native.checksum import crc32c
from aurorapy_native.node import LogCore

FILE_HEADER = struct.Struct("<8sIIQ16s")  # magic, crc of the rest, crc of the last batch before, base position, node id
FILE_MAGIC = b"AURHLOG1"
REREAD_BYTES = 4096  # of a file that the disk could not read at once
REWRITE_BYTES = 1 << 20
NO_GROUP = 0xFFFFFFFF  # of a batch without records, which says only how far the log was durable
FILES_MAX = 2  # that hold records of no sealed run


# A batch as found on opening: position, records, durable, vdl, group, prev, last (batch.pyx explains them).
Batch = tuple[int, bytes, int, int, int, int, int]


class HotLog(LogCore):
    """See the chapter; where the next batch goes is LogCore's part (aurorapy_native.node). `directory`: of the log files;
    `node_id`: 16 bytes, refuses another node's files."""

    def __init__(self, host: Host, directory: str, node_id: bytes, file_bytes: int) -> None:
        super().__init__(file_bytes)
        self._host, self._disk = host, host.disk
        self.directory, self.node_id = directory, node_id
        self.oldest = 0  # lowest file number still needed
        self._retired: list[tuple[int, int, LogFile]] = []  # (number, end, log): full files whose tail is still being written
        self._progress: dict[int, int] = {}  # file number -> position its writer has made durable
        self._marked = 0  # position behind the last mark
        self.on_durable: Callable[[int], None] = lambda position: None
        self.on_error: Callable[[OSError], None] = lambda error: None

    # -- opening -----------------------------------------------------------------------------------------------------

    def create(self) -> None:
        """An empty log with its first file. Blocks."""
        self._disk.mkdir(self.directory)
        self.prepare()
        file = self._disk.open(f"{self.directory}/spare")
        try:
            file.pwrite(self._header(0), 0)  # on disk before anybody counts on this file
            file.sync()
        finally:
            file.close()
        self._take_file(0)

    def open(self, start: int, read_only: bool = False) -> list[Batch]:
        """Reads the log from the file that holds position `start` on; appending goes on at its end. Blocks."""
        self.oldest = start // self.file_bytes
        if not read_only:
            self._collect_spares()
        batches: list[Batch] = []
        number, crc, end, durable, tail = self.oldest, None, 0, 0, None
        while (view := self._read_file(number)) is not None:
            header_crc = self._file_header(view, number)
            if header_crc is None or (crc is not None and header_crc != crc):
                break
            base = number * self.file_bytes
            found, offset, crc = scan(view, base, ALIGNMENT, header_crc)
            batches.extend(found)
            durable = max([durable, *(batch[2] for batch in found[-1:])])
            end, tail = base + offset, view[offset:]
            number += 1
        if crc is None:
            raise DataCorrupted(f"the log file {self._name(number)} is missing or damaged")
        self.number = number - 1
        self._check_tail(end, tail)
        if not read_only:
            self._make_durable(durable, end)
            self._settle(end, crc)
        return [batch for batch in batches if batch[0] >= start]

    def salvage(self) -> tuple[list[Batch], list[str]]:
        """Of a damaged log every batch that is sound, written to new files (they become the log) and durable; and the old
        files, for `remove_files` when nobody names a place in them any more. Blocks."""
        names = [name for name in self._disk.list(self.directory) if name.startswith("log-")]
        found: list[Batch] = []
        for number in sorted(int(name[4:], 16) for name in names):
            view = self._read_what_there_is(self._name(number))
            if len(view) > ALIGNMENT:
                found += sound_batches(view, number * self.file_bytes, ALIGNMENT)
        for name in self._disk.list(self.directory):
            if name.startswith("spare"):
                self._disk.remove(f"{self.directory}/{name}")
        self.spare, self.crc = None, 0
        self.prepare()
        self._take_file(max([int(name[4:], 16) for name in names], default=-1) + 1)
        first = self.number
        moved = []
        for _, records, _, vdl, group, prev, last in found:
            self.oldest = self.number
            if not self.reserve(len(records)):
                self.prepare()
                self.reserve(len(records))
            moved.append((self.position, records, 0, vdl, group, prev, last))
            self.append((0, 0), vdl, group, prev, last, records)
        self.oldest = first
        self.close()
        if self.failed is not None:
            raise self.failed
        self.durable = self.position
        self._open_current(self.position - self.base)
        return moved, [f"{self.directory}/{name}" for name in names]

    def _read_what_there_is(self, name: str) -> bytearray:
        """The file, zeroes where the disk cannot read it."""
        file = self._disk.open(name)
        try:
            view = bytearray(min(file.size(), self.file_bytes))
            for at in range(0, len(view), REREAD_BYTES):
                try:
                    piece = file.pread(min(REREAD_BYTES, len(view) - at), at)
                except OSError:
                    continue
                view[at : at + len(piece)] = piece
            return view
        finally:
            file.close()

    def remove_files(self, names: list[str]) -> None:
        for name in names:
            self._disk.remove(name)

    def _make_durable(self, start: int, end: int) -> None:
        """Writes again what nobody confirmed as durable, [start, end), and syncs it.

        A sync alone would not do: after an fdatasync that failed the page cache may hold, as clean, what never reached
        the disk. And what is read here counts as durable from now on.
        """
        for number in range(max(start // self.file_bytes, self.oldest), self.number + 1):
            base = number * self.file_bytes
            first, last = max(start - base, 0), min(end - base, self.file_bytes)
            if first <= ALIGNMENT:
                first = 0  # the file's header with it
            file = self._disk.open(self._name(number))
            try:
                for at in range(first, last, REWRITE_BYTES):
                    file.pwrite(file.pread(min(REWRITE_BYTES, last - at), at), at)
                file.sync()
            finally:
                file.close()
        self._disk.sync_directory(self.directory)

    def _read_file(self, number: int) -> memoryview | None:
        name = self._name(number)
        if not self._disk.exists(name):
            return None
        file = self._disk.open(name)
        try:
            return memoryview(file.pread(self.file_bytes, 0))
        finally:
            file.close()

    def _file_header(self, view: memoryview, number: int) -> int | None:
        """The checksum of the batch before the file's first, or None when the header is not that file's."""
        data = bytes(view[: FILE_HEADER.size])
        if len(data) != FILE_HEADER.size or len(view) != self.file_bytes:
            return None
        magic, crc, prev_crc, base, node_id = FILE_HEADER.unpack(data)
        if magic != FILE_MAGIC or crc != crc32c(data[12:]) or base != number * self.file_bytes:
            return None
        if node_id != self.node_id:
            raise DataCorrupted(f"the log file {self._name(number)} belongs to another storage node")
        return prev_crc

    def _check_tail(self, end: int, tail: memoryview) -> None:
        """Damage or a torn tail? Looks at everything behind the end of the chain; `tail`: the rest of its file."""
        called_durable = find_later(tail, end, 0) if tail else 0
        number = self.number + 1
        while (view := self._read_file(number)) is not None:
            called_durable = max(called_durable, find_later(view, number * self.file_bytes, ALIGNMENT))
            number += 1
        if called_durable > end:
            raise DataCorrupted(
                f"the log is damaged at position {end} of {self.directory}: a later batch says that everything "
                f"up to {called_durable} was durable"
            )

    def _settle(self, end: int, crc: int) -> None:
        """Appends from `end` on. Files behind it hold nothing and become spares."""
        for name in self._disk.list(self.directory):
            if name.startswith("log-") and int(name[4:], 16) > self.number:
                self._retire_to_spare(f"{self.directory}/{name}")
        self.base = self.number * self.file_bytes
        self.position = self.durable = end
        self.crc = crc
        self._open_current(min(end - self.base, self.file_bytes))

    def _open_current(self, offset: int) -> None:
        self.file = log = self._disk.open_log(self._name(self.number), self.file_bytes, offset)
        number, base = self.number, self.base
        self._progress[number] = base + offset
        log.on_durable(lambda offset: self._became_durable(number, base + offset))
        log.on_error(self._became_broken)

    # -- appending -----------------------------------------------------------------------------------------------------

    def mark(self) -> None:
        """When the log has come to rest: says on disk how far it was durable. Damage to the last batch is not taken for a
        torn tail then."""
        if self.failed is None and self._marked < self.position == self.durable and self.reserve(0):
            self._marked = self.append((0, 0), 0, NO_GROUP, 0, 0, b"")

    def roll(self) -> None:
        """Begins the next file, if that may be."""
        self._next_file(0)

    def damaged_file(self) -> int:
        """Reads what is durable of the log once more: the highest number of a file that is damaged, or -1. Blocks."""
        durable, current, damaged, crc = self.durable, self.number, -1, None
        for number in range(self.oldest, current + 1):
            try:
                view = self._read_file(number)
            except OSError:
                view = None
            header = None if view is None else self._file_header(view, number)
            if number < self.oldest:  # given back meanwhile
                crc = None
                continue
            if crc is not None and header is not None and header != crc and number * self.file_bytes < durable:
                damaged = number - 1
            if header is None:
                if number * self.file_bytes < durable:
                    damaged = number
                crc = None
                continue
            offset, crc = chain_end(view, number * self.file_bytes, ALIGNMENT, header)
            if number == current and number * self.file_bytes + offset < durable:
                damaged = number
        return damaged

    def _next_file(self, needed: int) -> bool:
        if needed > self.file_bytes - ALIGNMENT:
            raise ValueError(f"a batch of {needed} bytes does not fit a log file of {self.file_bytes}")
        if self.spare is None or self.number - self.oldest + 1 >= FILES_MAX:
            return False
        full = (self.number, self.position, self.file)
        try:
            self._take_file(self.number + 1)
        except OSError as error:
            self._became_broken(error)
            return False
        self._retired.append(full)
        return True

    def _take_file(self, number: int) -> None:
        self._disk.rename(self.spare, self._name(number))
        self._disk.sync_directory(self.directory)
        self.spare = None
        self.number, self.base = number, number * self.file_bytes
        self._open_current(0)
        self.file.append(self._header(number))
        self.position = self.base + ALIGNMENT

    def _header(self, number: int) -> bytes:
        rest = struct.pack("<IQ16s", self.crc, number * self.file_bytes, self.node_id)
        header = FILE_MAGIC + crc32c(rest).to_bytes(4, "little") + rest
        return header + bytes(ALIGNMENT - len(header))

    def _became_durable(self, number: int, position: int) -> None:
        """A file's writer got so far. A later file counts only when those before it are complete."""
        if self.failed is not None:
            return
        self._progress[number] = position
        while self._retired:
            first, end, log = self._retired[0]
            self._report(min(self._progress.get(first, 0), end))
            if self._progress.get(first, 0) < end:
                return
            self._retired.pop(0)
            del self._progress[first]
            self._host.tasks.call_soon(log.close)
        self._report(self._progress.get(self.number, 0))

    def _report(self, position: int) -> None:
        if position > self.durable:
            self.durable = position
            self.on_durable(position)

    def _became_broken(self, error: OSError) -> None:
        if self.failed is None:
            self.failed = error
            self.on_error(error)

    # -- files ---------------------------------------------------------------------------------------------------------

    def begun(self) -> int:
        """The highest file number whose header is on disk: only such a file may be the first one to be read again."""
        return (self.durable - 1) // self.file_bytes

    def is_tight(self) -> bool:
        """The last file that may be begun is half full."""
        return self.number - self.oldest + 1 >= FILES_MAX and (self.position - self.base) * 2 >= self.file_bytes

    def prepare(self) -> None:
        """Makes a spare file, zero-filled and durable. Blocks (a thread's work); OSError when the disk is full."""
        name = f"{self.directory}/spare.new"
        file = self._disk.open(name, create=True)
        try:
            file.truncate(0)
            fill_with_zeroes(file, self.file_bytes)
        except OSError:
            file.close()
            self._disk.remove(name)
            raise
        file.close()
        self._retire_to_spare(name)

    def release(self, position: int) -> None:
        """Nothing below `position` is needed any more: files wholly below it are used again or removed."""
        oldest = min(position // self.file_bytes, self.number)
        for number in range(self.oldest, oldest):
            if self._disk.exists(self._name(number)):
                self._retire_to_spare(self._name(number))
        self.oldest = max(oldest, self.oldest)

    def _retire_to_spare(self, name: str) -> None:
        if self.spare is not None:
            self._disk.remove(name)
            return
        spare = f"{self.directory}/spare"
        self._disk.rename(name, spare)
        self._disk.sync_directory(self.directory)
        self.spare = spare

    def _collect_spares(self) -> None:
        for name in self._disk.list(self.directory):
            path = f"{self.directory}/{name}"
            if name == "spare" and self._disk.open(path).size() == self.file_bytes:
                self.spare = path
            elif name.startswith("spare"):
                self._disk.remove(path)
            elif int(name[4:], 16) < self.oldest:
                self._retire_to_spare(path)

    def _name(self, number: int) -> str:
        return f"{self.directory}/log-{number:012x}"

    def close(self) -> None:
        """Makes what was appended durable (and reports it), then ends the writers."""
        for _, _, log in self._retired:
            log.close()
        if self.file is not None:
            self.file.close()
            self.file = None

    def __str__(self) -> str:
        return f"hot log {self.oldest}..{self.number} position={self.position:#x} durable={self.durable:#x}"


def owner_of(disk: Disk, directory: str) -> bytes:
    """The node whose log files these are, by any header that is sound; empty when there is none."""
    for name in sorted(disk.list(directory) if disk.exists(directory) else ()):
        if not name.startswith("log-"):
            continue
        file = disk.open(f"{directory}/{name}")
        try:
            data = file.pread(FILE_HEADER.size, 0)
        except OSError:
            continue
        finally:
            file.close()
        if len(data) == FILE_HEADER.size:
            magic, crc, _, _, node_id = FILE_HEADER.unpack(data)
            if magic == FILE_MAGIC and crc == crc32c(data[12:]):
                return node_id
    return b""
