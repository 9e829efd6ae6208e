"""Bodies of backend messages other than rows (PostgreSQL manual, "Message Formats").

    out.message("T", row_description([("id", 16385, 1, 23, 4, -1, 0)]))
    out.message("E", error_fields(error))

Every function returns bytes; letters and lengths are `aurorapy_native.wire.OutBuffer`'s.
"""

from __future__ import annotations

import struct
from typing import Iterable

from aurorapy.errors import DatabaseError

_FIELDS = (
    # letter, attribute of DatabaseError; in PostgreSQL's order, in which the position stands after the hint
    ("W", "where"), ("s", "schema"), ("t", "table"), ("c", "column"), ("d", "datatype"), ("n", "constraint"),
)  # fmt: skip


def text(value: str) -> bytes:
    return value.encode("utf-8", "replace") + b"\0"


def error_fields(error: DatabaseError, position_offset: int = 0) -> bytes:
    """ErrorResponse's body. Positions count characters from 1."""
    parts = [b"S" + text(error.severity), b"V" + text(error.severity), b"C" + text(error.sqlstate)]
    parts.append(b"M" + text(error.message))
    if error.detail:
        parts.append(b"D" + text(error.detail))
    if error.hint:
        parts.append(b"H" + text(error.hint))
    if error.position > 0:
        parts.append(b"P" + text(str(error.position + position_offset)))
    for letter, attribute in _FIELDS:
        value = getattr(error, attribute)
        if value:
            parts.append(letter.encode() + text(value))
    return b"".join(parts) + b"\0"


def notice_fields(severity: str, message: str, sqlstate: str, detail: str | None = None, hint: str | None = None) -> bytes:
    """NoticeResponse's body."""
    parts = [b"S" + text(severity), b"V" + text(severity), b"C" + text(sqlstate), b"M" + text(message)]
    if detail:
        parts.append(b"D" + text(detail))
    if hint:
        parts.append(b"H" + text(hint))
    return b"".join(parts) + b"\0"


def row_description(columns: Iterable[tuple[str, int, int, int, int, int, int]]) -> bytes:
    """Columns as (name, table OID, attribute number, type OID, type length, typmod, format)."""
    parts = []
    for name, table, attno, type_oid, length, typmod, format_ in columns:
        parts.append(text(name) + struct.pack("!IhIhih", table, attno, type_oid, length, typmod, format_))
    return struct.pack("!h", len(parts)) + b"".join(parts)


def parameter_description(type_oids: list[int]) -> bytes:
    return struct.pack(f"!H{len(type_oids)}I", len(type_oids), *type_oids)


def parameter_status(name: str, value: str) -> bytes:
    return text(name) + text(value)


def backend_key_data(pid: int, key: int) -> bytes:
    return struct.pack("!II", pid, key)


def copy_response(format_: int, columns: int) -> bytes:
    """CopyInResponse and CopyOutResponse: overall format, then each column's."""
    return struct.pack(f"!bh{columns}h", format_, columns, *([format_] * columns))


def authentication(code: int, data: bytes = b"") -> bytes:
    return struct.pack("!I", code) + data


def sasl_mechanisms(*names: str) -> bytes:
    return authentication(10, b"".join(text(n) for n in names) + b"\0")


def protocol_negotiation(minor: int, unknown: list[str]) -> bytes:
    """NegotiateProtocolVersion: the newest 3.x the server speaks, and the _pq_ options it does not know."""
    return struct.pack("!ii", 3 << 16 | minor, len(unknown)) + b"".join(text(n) for n in unknown)


def notification(pid: int, channel: str, payload: str) -> bytes:
    return struct.pack("!I", pid) + text(channel) + text(payload)
