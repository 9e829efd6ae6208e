"""What a client of the protocol says, and what it reads out of the answers: for a server that is another one's client.

    query("select 1") · parse("", "select $1", [23]) · bind("", "", [1], [b"…"], [0]) · execute("", 0) · SYNC
    reader = BackendReader();  reader.feed(bytes);  reader.next()  →  ("D", body), None while a message is not whole
    error_of(body)  →  DatabaseError, FatalError

Not here: the server's side of both (`backend`, `aurorapy_native.wire`).
"""

from __future__ import annotations

import struct

from aurorapy.errors import DatabaseError, FatalError

PROTOCOL_3 = 3 << 16
_HEAD = struct.Struct("!cI")
_FIELDS = {
    "D": "detail", "H": "hint", "W": "where", "s": "schema", "t": "table", "c": "column", "d": "datatype", "n": "constraint",
}  # fmt: skip


def _message(letter: bytes, body: bytes = b"") -> bytes:
    return _HEAD.pack(letter, len(body) + 4) + body


SYNC = _message(b"S")
TERMINATE = _message(b"X")


def _text(value: str) -> bytes:
    return value.encode() + b"\0"


def startup(parameters: dict[str, str]) -> bytes:
    body = b"".join(_text(name) + _text(value) for name, value in parameters.items()) + b"\0"
    return struct.pack("!II", len(body) + 8, PROTOCOL_3) + body


def query(text: str) -> bytes:
    return _message(b"Q", _text(text))


def parse(name: str, text: str, type_oids: list[int]) -> bytes:
    count = len(type_oids)
    return _message(b"P", _text(name) + _text(text) + struct.pack(f"!H{count}I", count, *type_oids))


def bind(portal: str, name: str, formats: list[int], values: list[bytes | None], result_formats: list[int]) -> bytes:
    parts = [_text(portal), _text(name), _counted(formats), struct.pack("!H", len(values))]
    for value in values:
        parts.append(struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value)
    parts.append(_counted(result_formats))
    return _message(b"B", b"".join(parts))


def _counted(codes: list[int]) -> bytes:
    return struct.pack(f"!H{len(codes)}h", len(codes), *codes)


def describe_portal(name: str) -> bytes:
    return _message(b"D", b"P" + _text(name))


def execute(portal: str, limit: int) -> bytes:
    return _message(b"E", _text(portal) + struct.pack("!i", limit))


class BackendReader:
    """Messages of a server out of the bytes that come."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._at = 0

    def feed(self, data: bytes) -> None:
        if self._at:
            del self._bytes[: self._at]
            self._at = 0
        self._bytes += data

    def next(self) -> tuple[str, bytes] | None:
        at = self._at
        if len(self._bytes) - at < 5:
            return None
        letter, length = _HEAD.unpack_from(self._bytes, at)
        end = at + 1 + length
        if end > len(self._bytes):
            return None
        self._at = end
        return letter.decode("latin-1"), bytes(self._bytes[at + 5 : end])


def error_of(body: bytes, offset: int = 0) -> DatabaseError:
    """An ErrorResponse as the error it tells of; `offset` is added to its position."""
    fields = {chr(part[0]): part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}
    kind = FatalError if fields.get("V") in ("FATAL", "PANIC") else DatabaseError
    position = int(fields.get("P", 0))
    return kind(
        fields.get("M", ""), sqlstate=fields.get("C", "XX000"), position=position + offset if position else 0,
        **{name: fields[letter] for letter, name in _FIELDS.items() if letter in fields},
    )  # fmt: skip


def row_values(body: bytes) -> list[bytes | None]:
    """The fields of a DataRow."""
    (count,) = struct.unpack_from("!H", body)
    found: list[bytes | None] = []
    at = 2
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, at)
        at += 4
        found.append(None if length < 0 else body[at : at + length])
        at += max(length, 0)
    return found


def column_shapes(body: bytes) -> list[tuple[str, int, int]]:
    """(name, type OID, typmod) of each column of a RowDescription."""
    (count,) = struct.unpack_from("!H", body)
    found = []
    at = 2
    for _ in range(count):
        end = body.index(b"\0", at)
        _, _, type_oid, _, typmod, _ = struct.unpack_from("!IhIhih", body, end + 1)
        found.append((body[at:end].decode("utf-8", "replace"), type_oid, typmod))
        at = end + 19
    return found
