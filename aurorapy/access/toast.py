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

from codecs import getincrementaldecoder
from itertools import zip_longest
from typing import Any, Callable, Iterator

import lz4.block

from aurorapy.errors import DataCorrupted, ProgramLimitExceeded
from aurorapy.ids import Tid, Xid
from aurorapy_native.heap import Heap
from aurorapy_native.pieces import join_bytes, join_text
from aurorapy_native.tuples import EXTERNAL_TAG, VARIABLE_LETTERS, OutOfLine, RowCodec, Stored, compressed, value_of

ROW_TARGET = 2032  # bytes a row may have before its values are shortened
CHUNK = 1985  # bytes a chunk; four chunk rows fill a page
FANOUT = 330  # tids a list chunk
BLOCK = 256 * 1024  # raw bytes (characters of a text) compressed at a time
LONG_TEXT = 1 << 16  # characters above which a text is encoded block by block
SHORT = 1 << 16  # longer values are not compressed to stay in their row
VALUE_MAX = (1 << 30) - 1
LARGE_BATCH = 1 << 20  # bytes of long values that a scan fetches before it hands rows over
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


def blocks_of(payload: str | bytes) -> Iterator[Any]:
    """The bytes of a text or of a payload, some 256 KB at a time; a character is never divided."""
    if isinstance(payload, str):
        for at in range(0, len(payload), BLOCK):
            yield payload[at : at + BLOCK].encode()
    else:
        view = memoryview(payload)
        for at in range(0, len(payload), BLOCK):
            yield view[at : at + BLOCK]


def rechunk(pieces: Iterator[Any], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of `size`, the last one shorter."""
    left = bytearray()
    for piece in pieces:
        left += piece
        whole = len(left) - len(left) % size
        for at in range(0, whole, size):
            yield bytes(left[at : at + size])
        del left[:whole]
    if left:
        yield bytes(left)


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
        payloads: dict[int, str | bytes] = {}
        for n, value in enumerate(values, 1):
            letter = codec.letters[n - 1]
            if value is not None and letter in VARIABLE_LETTERS:
                payloads[n] = value if letter == "t" and len(value) > LONG_TEXT else codec.payload(n, value)
        for n, before in old.items():
            if n in payloads and self._is_same(before, payloads[n]):
                row[n - 1] = Stored(bytes((EXTERNAL_TAG,)) + before.pointer)
                kept.add(before.pointer)
                del payloads[n]
        lengths = {n: len(payload) for n, payload in payloads.items()}
        fixed = sum(8 for value in values if value is not None)
        length = 36 + len(row) // 8 + fixed + sum(lengths.values())
        for n in sorted(payloads, key=lambda n: -lengths[n]):
            if length <= ROW_TARGET:
                break
            payload = payloads[n]
            stored = compressed(payload.encode() if isinstance(payload, str) else payload) if lengths[n] <= SHORT else None
            if stored is not None:
                row[n - 1] = stored
                length -= lengths[n] - len(stored.data)
                lengths[n] = len(stored.data)
        for n in sorted(payloads, key=lambda n: -lengths[n]):
            if length <= ROW_TARGET or lengths[n] < WORTH_MOVING or self.heap is None:
                break
            row[n - 1] = Stored(bytes((EXTERNAL_TAG,)) + self.store(payloads[n], xid, command))
            length -= lengths[n] - 17
        return tuple(row), kept

    def _is_same(self, value: OutOfLine, payload: str | bytes) -> bool:
        raw = raw_length(value.pointer)
        if len(payload) != raw and (isinstance(payload, bytes) or payload.isascii() or not len(payload) <= raw <= 4 * len(payload)):
            return False
        ours, theirs = rechunk(blocks_of(payload), BLOCK), rechunk(self.pieces(value.pointer), BLOCK)
        return all(a == b for a, b in zip_longest(ours, theirs))

    def store(self, payload: str | bytes, xid: Xid, command: int) -> bytes:
        """Writes the chunks of a value; returns its pointer."""
        counts = [0, 0]  # bytes raw, bytes stored
        pieces, flags = self._stored_pieces(payload, counts)
        tids = self._write_level(rechunk(pieces, CHUNK), xid, command)
        if counts[0] > VALUE_MAX:
            raise ProgramLimitExceeded(f"invalid memory alloc request size {counts[0]}", sqlstate="XX000")
        depth = 0
        while len(tids) > 1:
            lists = rechunk((tid.to_bytes(6, "little") for tid in tids), 6 * FANOUT)
            tids = self._write_level(lists, xid, command)
            depth += 1
        return make_pointer(flags, depth, counts[0], counts[1], tids[0])

    def _stored_pieces(self, payload: str | bytes, counts: list[int]) -> tuple[Iterator[Any], int]:
        """The bytes to store, block by block, and the pointer's flags; `counts` is kept up to date."""
        first = next(blocks_of(payload))
        packs = len(lz4.block.compress(first, store_size=False)) <= len(first) * 3 // 4

        def pieces() -> Iterator[Any]:
            for block in blocks_of(payload):
                stored = block
                if packs:
                    body = lz4.block.compress(block, store_size=False)
                    stored = len(block).to_bytes(4, "little") + len(body).to_bytes(4, "little") + body
                counts[0] += len(block)
                counts[1] += len(stored)
                self.give_way()
                yield stored

        return pieces(), _LZ4 if packs else 0

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
            rows[i] = self.resolve(row)
        return rows

    def batches(self, rows: list[tuple]) -> Iterator[list[tuple]]:
        """The rows with their values fetched, in lists that do not fill the memory. Switches."""
        batch: list[tuple] = []
        fetched = 0
        for row in rows:
            length = sum(raw_length(v.pointer) for v in row if type(v) is OutOfLine)
            batch.append(self.resolve(row) if length else row)
            fetched += length
            if fetched > LARGE_BATCH:
                yield batch
                batch, fetched = [], 0
        if batch:
            yield batch

    def value(self, value: OutOfLine) -> Any:
        """The value itself. May switch."""
        if value.letter != "t":
            return value_of(value.letter, self.fetch(value.pointer))
        decoder = getincrementaldecoder("utf-8")()
        texts = [decoder.decode(piece) for piece in rechunk(self.pieces(value.pointer), BLOCK)]
        return join_text([*texts, decoder.decode(b"", True)], self.give_way)

    def fetch(self, pointer: bytes) -> bytes:
        """The payload that a pointer leads to. May switch."""
        return join_bytes(self.pieces(pointer), raw_length(pointer), self.give_way)

    def pieces(self, pointer: bytes) -> Iterator[Any]:
        """The payload piece by piece. DataCorrupted when it is not as long as the pointer says."""
        stored = self._chunks(pointer)
        done = 0
        for piece in self._unpacked(stored) if pointer[0] & _LZ4 else stored:
            done += len(piece)
            yield piece
        if done != raw_length(pointer):
            raise DataCorrupted(f"a value out of line has {done} bytes and should have {raw_length(pointer)}")

    def _chunks(self, pointer: bytes) -> Iterator[bytes]:
        """What the chunks of a value hold, in order."""
        tids = [int.from_bytes(pointer[10:16], "little")]
        for _ in range(pointer[1]):
            tids = [below for number, tid in enumerate(tids) for below in self._tids_in(tid, number)]
        done = 0
        for number, tid in enumerate(tids):
            chunk = self._chunk(tid, number)
            done += len(chunk)
            yield chunk
            if number % _BATCH == _BATCH - 1:
                self.give_way()
        expected = int.from_bytes(pointer[6:10], "little")
        if done != expected:
            raise DataCorrupted(f"a value out of line has {done} bytes in chunks and should have {expected}")

    def _unpacked(self, stored: Iterator[bytes]) -> Iterator[bytes]:
        """The raw blocks of a compressed value."""
        left = bytearray()
        for chunk in stored:
            left += chunk
            while len(left) >= 8:
                size, length = int.from_bytes(left[:4], "little"), int.from_bytes(left[4:8], "little")
                if len(left) < 8 + length:
                    break
                try:
                    yield lz4.block.decompress(bytes(left[8 : 8 + length]), uncompressed_size=size)
                except lz4.block.LZ4BlockError as e:
                    raise DataCorrupted(f"a value out of line cannot be decompressed: {e}") from None
                del left[: 8 + length]
                self.give_way()

    def _chunk(self, tid: Tid, number: int | None) -> bytes:
        row = self.heap.fetch(tid, None, _COLUMNS)
        if row is None or number is not None and row[0] != number:
            raise DataCorrupted(f"chunk {number} of a value out of line is missing")
        return row[1]

    def _tids_in(self, tid: Tid, number: int | None) -> list[Tid]:
        data = self._chunk(tid, number)
        return [int.from_bytes(data[at : at + 6], "little") for at in range(0, len(data), 6)]
