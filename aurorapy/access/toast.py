"""Values too long for a row: compressed in place, or kept in chunks of another heap.

A row above 2 KB has its longest values shortened, one after the other, until it is below: first by lz4 in the row, and
where that is not enough by moving the value out. What stays in the row is a pointer of 16 bytes:

    flags u8 (1: lz4) · depth u8 · raw length u32 · stored length u32 · tid 6 bytes

The tid leads to a tree of chunk rows (number, bytes) in the table's toast heap. Depth 0 is one chunk of data; above are
chunks that list the tids of those below:

    pointer → list → chunk 0 | chunk 1 | … | chunk 329         depth 1: up to 0.6 MB, depth 2: 215 MB, depth 3: all

Compressed values are a row of lz4 blocks of 256 KB of input each, so that no step takes long; between steps the session
gives way. Chunks are rows as any other: they carry the xmin of who wrote the value and get the xmax of who deletes or
replaces it, so they live exactly as long as the versions that point to them, whoever crashes or rolls back meanwhile, and
vacuum of the toast heap is vacuum. Readers take a chunk by its tid and do not ask who sees it: whoever sees the row may.

An update that keeps a long value keeps its chunks: the new version points to the same ones.

Errors: DataCorrupted XX001 for a chunk that is missing or of another value.

Not here: one value in a row's bytes (aurorapy_native.tuples).
"""

from __future__ import annotations

from typing import Any, Callable, Iterator

import lz4.block

from aurorapy.errors import DataCorrupted
from aurorapy.ids import Tid, Xid
from aurorapy_native.heap import Heap
from aurorapy_native.tuples import EXTERNAL_TAG, VARIABLE_LETTERS, OutOfLine, RowCodec, Stored, compressed, value_of

ROW_TARGET = 2032  # bytes a row may have before its values are shortened
CHUNK = 1985  # bytes a chunk; four chunk rows fill a page
FANOUT = 330  # tids a list chunk
BLOCK = 256 * 1024  # raw bytes compressed at a time
WORTH_MOVING = 40  # shorter values stay
LETTERS = "4y"  # columns of a toast heap: number of the chunk in its level, bytes
_LZ4 = 1
_BATCH = 64  # chunks written or read between two chances to give way
_COLUMNS = (1, 2)


def open_toast(storage: Any, status: Any, row_locks: Any) -> Heap:
    """The toast heap in `storage`."""
    heap = Heap(storage, RowCodec(LETTERS), status, row_locks)
    heap.reclaims = True  # no index leads to chunks
    return heap


def make_pointer(flags: int, depth: int, raw: int, stored: int, tid: Tid) -> bytes:
    return bytes((flags, depth)) + raw.to_bytes(4, "little") + stored.to_bytes(4, "little") + tid.to_bytes(6, "little")


def raw_length(pointer: bytes) -> int:
    """Bytes of the value itself."""
    return int.from_bytes(pointer[2:6], "little")


class Toaster:
    """What a Heap needs for long values. `heap` is the table's toast heap, None when it has none: then values are only
    compressed. `give_way` is called in long work."""

    def __init__(self, heap: Heap | None, give_way: Callable[[], None] = lambda: None) -> None:
        self.heap = heap
        self.give_way = give_way

    # -- writing

    def shrink(self, codec: RowCodec, values: tuple, xid: Xid, command: int) -> tuple:
        """The row with Stored in place of values, so that it is not longer than ROW_TARGET if that can be."""
        return self.shrink_update(codec, values, xid, command, {})[0]

    def shrink_update(
        self, codec: RowCodec, values: tuple, xid: Xid, command: int, old: dict[int, OutOfLine]
    ) -> tuple[tuple, set[bytes]]:
        """shrink() for the next version of a row whose values `old` (by attno) are out of line; also returns the pointers
        of those that were kept."""
        row = list(values)
        kept: set[bytes] = set()
        payloads = {
            n: codec.payload(n, value)
            for n, value in enumerate(values, 1)
            if value is not None and codec.letters[n - 1] in VARIABLE_LETTERS
        }
        for n, value in old.items():
            if n in payloads and self._is_same(value, payloads[n]):
                row[n - 1] = Stored(bytes((EXTERNAL_TAG,)) + value.pointer)
                kept.add(value.pointer)
                del payloads[n]
        fixed = sum(8 for value in values if value is not None)
        length = 36 + len(row) // 8 + fixed + sum(len(payload) for payload in payloads.values())
        by_length = sorted(payloads, key=lambda n: -len(payloads[n]))
        for n in by_length:
            if length <= ROW_TARGET:
                break
            stored = compressed(payloads[n])
            if stored is not None:
                row[n - 1] = stored
                length -= len(payloads[n]) - len(stored.data)
        in_row = {n: len(row[n - 1].data) if type(row[n - 1]) is Stored else len(payloads[n]) for n in by_length}
        for n in sorted(in_row, key=lambda n: -in_row[n]):
            if length <= ROW_TARGET or in_row[n] < WORTH_MOVING or self.heap is None:
                break
            row[n - 1] = Stored(bytes((EXTERNAL_TAG,)) + self.store(payloads[n], xid, command))
            length -= in_row[n] - 17
        return tuple(row), kept

    def _is_same(self, value: OutOfLine, payload: bytes) -> bool:
        return raw_length(value.pointer) == len(payload) and self.fetch(value.pointer) == payload

    def store(self, payload: bytes, xid: Xid, command: int) -> bytes:
        """Writes the chunks of a value; returns its pointer."""
        data, flags = self._compress(payload)
        stored = len(data)
        tids = self._write_level((data[at : at + CHUNK] for at in range(0, stored, CHUNK)), xid, command)
        depth = 0
        while len(tids) > 1:
            lists = (
                b"".join(tid.to_bytes(6, "little") for tid in tids[at : at + FANOUT]) for at in range(0, len(tids), FANOUT)
            )
            tids = self._write_level(lists, xid, command)
            depth += 1
        return make_pointer(flags, depth, len(payload), stored, tids[0])

    def _compress(self, payload: bytes) -> tuple[bytes, int]:
        first = lz4.block.compress(payload[:BLOCK], store_size=False)
        if len(first) > min(len(payload), BLOCK) * 3 // 4:
            return payload, 0
        out = bytearray()
        for at in range(0, len(payload), BLOCK):
            raw = payload[at : at + BLOCK]
            block = first if at == 0 else lz4.block.compress(raw, store_size=False)
            out += len(raw).to_bytes(4, "little") + len(block).to_bytes(4, "little") + block
            self.give_way()
        return bytes(out), _LZ4

    def _write_level(self, pieces: Iterator[bytes], xid: Xid, command: int) -> list[Tid]:
        tids: list[Tid] = []
        rows: list[tuple[int, bytes]] = []
        for number, piece in enumerate(pieces):
            rows.append((number, piece))
            if len(rows) == _BATCH:
                tids += self.heap.insert_many(rows, xid, command)
                rows = []
                self.give_way()
        return tids + self.heap.insert_many(rows, xid, command)

    # -- deleting

    def delete(self, value: OutOfLine, xid: Xid, command: int, snapshot: Any) -> None:
        """The chunks of a value end with `xid`."""
        pointer = value.pointer
        for done, tid in enumerate(self._tree(pointer[1], int.from_bytes(pointer[10:16], "little"))):
            self.heap.delete(tid, xid, command, snapshot)
            if done % _BATCH == _BATCH - 1:
                self.give_way()

    def take_back(self, row: tuple, kept: set[bytes], xid: Xid, command: int, snapshot: Any) -> None:
        """A row from shrink_update() was not written after all: its new chunks end."""
        for value in row:
            if type(value) is Stored and value.data[0] == EXTERNAL_TAG and value.data[1:] not in kept:
                self.delete(OutOfLine(value.data[1:], ""), xid, command + 1, snapshot)

    def _tree(self, depth: int, tid: Tid) -> Iterator[Tid]:
        """Every chunk of a value, those below before those above."""
        if depth:
            for below in self._tids_in(tid, None):
                yield from self._tree(depth - 1, below)
        yield tid

    # -- reading

    def resolve(self, row: tuple) -> tuple:
        """The row with its values fetched. May switch."""
        for value in row:
            if type(value) is OutOfLine:
                return tuple(self.value(v) if type(v) is OutOfLine else v for v in row)
        return row

    def resolve_all(self, rows: list[tuple]) -> list[tuple]:
        """The rows with their values fetched, in place. May switch."""
        for i, row in enumerate(rows):
            for value in row:
                if type(value) is OutOfLine:
                    rows[i] = self.resolve(row)
                    break
        return rows

    def value(self, value: OutOfLine) -> Any:
        """The value itself. May switch."""
        return value_of(value.letter, self.fetch(value.pointer))

    def fetch(self, pointer: bytes) -> bytes:
        """The payload that a pointer leads to. May switch."""
        raw, stored = raw_length(pointer), int.from_bytes(pointer[6:10], "little")
        tids = [int.from_bytes(pointer[10:16], "little")]
        for level in range(pointer[1], 0, -1):
            tids = [below for number, tid in enumerate(tids) for below in self._tids_in(tid, number)]
        out = bytearray()
        for number, tid in enumerate(tids):
            out += self._chunk(tid, number)
            if number % _BATCH == _BATCH - 1:
                self.give_way()
        if len(out) != stored:
            raise DataCorrupted(f"a value out of line has {len(out)} bytes in chunks and should have {stored}")
        if not pointer[0] & _LZ4:
            return bytes(out)
        return self._decompress(out, raw)

    def _decompress(self, stored: bytearray, raw: int) -> bytes:
        blocks = []
        view = memoryview(stored)
        at = 0
        while at < len(stored):
            size, length = int.from_bytes(view[at : at + 4], "little"), int.from_bytes(view[at + 4 : at + 8], "little")
            try:
                blocks.append(lz4.block.decompress(view[at + 8 : at + 8 + length], uncompressed_size=size))
            except lz4.block.LZ4BlockError as e:
                raise DataCorrupted(f"a value out of line cannot be decompressed: {e}") from None
            at += 8 + length
            self.give_way()
        payload = b"".join(blocks)
        if len(payload) != raw:
            raise DataCorrupted(f"a value out of line has {len(payload)} bytes and should have {raw}")
        return payload

    def _chunk(self, tid: Tid, number: int | None) -> bytes:
        row = self.heap.fetch(tid, None, _COLUMNS)
        if row is None or number is not None and row[0] != number:
            raise DataCorrupted(f"chunk {number} of a value out of line is missing")
        return row[1]

    def _tids_in(self, tid: Tid, number: int | None) -> list[Tid]:
        data = self._chunk(tid, number)
        return [int.from_bytes(data[at : at + 6], "little") for at in range(0, len(data), 6)]
