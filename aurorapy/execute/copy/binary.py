"""COPY's binary format: signature, flags, then a 16-bit field count and length-prefixed fields a row; -1 ends it.

Errors: 22P04 for anything that does not fit.
"""

from __future__ import annotations

import struct
from typing import Iterable, Iterator

from aurorapy.errors import DataError

SIGNATURE = b"PGCOPY\n\xff\r\n\0"
HEADER = SIGNATURE + struct.pack("!II", 0, 0)
TRAILER = struct.pack("!h", -1)
_BAD = "22P04"


class BinaryReader:
    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._rest = b""
        self._header_seen = False
        self.ended = False

    def feed(self, chunk: bytes) -> Iterator[list[bytes | None]]:
        data = self._rest + chunk if self._rest else chunk
        at = 0
        if not self._header_seen:
            start = self._header(data)
            if start is None:
                self._rest = data
                return
            at = start
        while not self.ended:
            row, after = self._row(data, at)
            if row is None:
                break
            at = after
            yield row
        self._rest = data[at:]

    def _header(self, data: bytes) -> int | None:
        if len(data) < 19:
            if not SIGNATURE.startswith(data[:11]):
                raise DataError("COPY file signature not recognized", sqlstate=_BAD)
            return None
        if not data.startswith(SIGNATURE):
            raise DataError("COPY file signature not recognized", sqlstate=_BAD)
        flags, extension = struct.unpack_from("!II", data, 11)
        if flags & 0xFFFF0000:
            raise DataError("unrecognized critical flags in COPY file header", sqlstate=_BAD)
        if len(data) < 19 + extension:
            return None
        self._header_seen = True
        return 19 + extension

    def _row(self, data: bytes, at: int) -> tuple[list[bytes | None] | None, int]:
        size = len(data)
        if at + 2 > size:
            return None, at
        (count,) = struct.unpack_from("!h", data, at)
        if count == -1:
            self.ended = True
            return None, at + 2
        if count != self._columns:
            raise DataError(f"row field count is {count}, expected {self._columns}", sqlstate=_BAD)
        position = at + 2
        row: list[bytes | None] = []
        for _ in range(count):
            if position + 4 > size:
                return None, at
            (length,) = struct.unpack_from("!i", data, position)
            position += 4
            if length == -1:
                row.append(None)
                continue
            if length < 0:
                raise DataError("invalid field size", sqlstate=_BAD)
            if position + length > size:
                return None, at
            row.append(data[position : position + length])
            position += length
        return row, position

    def finish(self) -> Iterator[list[bytes | None]]:
        if self._rest and not self.ended:
            raise DataError("unexpected EOF in COPY data", sqlstate=_BAD)
        return iter(())


def write_row(fields: Iterable[bytes | None]) -> bytes:
    fields = list(fields)
    parts = [struct.pack("!h", len(fields))]
    for field in fields:
        if field is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            parts.append(struct.pack("!i", len(field)))
            parts.append(field)
    return b"".join(parts)
