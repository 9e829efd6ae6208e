"""record and composite types: `(1,"a b",)`.

An empty field is NULL, an empty text is `""`; quotes are doubled or escaped by a backslash. Reading needs to know the
columns, so plain `record` cannot be read, and `composite_codec` is given them.

    composite_codec("pair", ((23, -1), (25, -1))).input("(1,\\"a b\\")") → Record((1, "a b"), (23, 25))

Binary form: column count, then per column its type's OID, length, bytes; -1 for NULL.

Not here: row comparison and field selection (`expressions`).
"""

from __future__ import annotations

import re
from struct import pack, unpack_from

from aurorapy.errors import DataError, FeatureNotSupported
from aurorapy.types.codec import Codec, find_type
from aurorapy.types.values import Record

_SPACE = " \t\n\r\v\f"
_MUST_QUOTE = re.compile(r'[\s"\\(),]', re.ASCII)


def show(value: Record, ctx) -> str:
    parts = []
    for item, oid in zip(value.fields, value.type_oids):
        if item is None:
            parts.append("")
            continue
        text = find_type(oid, ctx).output(item, ctx)
        if not text or _MUST_QUOTE.search(text):
            text = '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'
        parts.append(text)
    return f"({','.join(parts)})"


def send(value: Record, ctx) -> bytes:
    parts = [pack(">i", len(value.fields))]
    for item, oid in zip(value.fields, value.type_oids):
        if item is None:
            parts.append(pack(">Ii", oid, -1))
        else:
            data = find_type(oid, ctx).send(item, ctx)
            parts += (pack(">Ii", oid, len(data)), data)
    return b"".join(parts)


def _malformed(text: str, detail: str) -> DataError:
    return DataError(f'malformed record literal: "{text}"', sqlstate="22P02", detail=detail)


def split_fields(text: str, count: int) -> list[str | None]:
    """The `count` field texts of a record literal, None where nothing stands between the commas."""
    body = text.lstrip(_SPACE)
    if not body.startswith("("):
        raise _malformed(text, "Missing left parenthesis.")
    place, fields = 1, []
    for number in range(count):
        if number:
            if body[place : place + 1] != ",":
                raise _malformed(text, "Too few columns.")
            place += 1
        field, place = _field(text, body, place)
        fields.append(field)
    if body[place : place + 1] == ",":
        raise _malformed(text, "Too many columns.")
    if body[place : place + 1] != ")":
        raise _malformed(text, "Too many columns.")
    if body[place + 1 :].strip(_SPACE):
        raise _malformed(text, "Junk after right parenthesis.")
    return fields


def _field(text: str, body: str, place: int) -> tuple[str | None, int]:
    """One field from `place`, and the place of the comma or parenthesis behind it."""
    if body[place : place + 1] in (",", ")"):
        return None, place
    parts: list[str] = []
    quoted = False
    while True:
        char = body[place : place + 1]
        if not char:
            raise _malformed(text, "Unexpected end of input.")
        if not quoted and char in ",)":
            return "".join(parts), place
        place += 1
        if char == "\\":
            if place >= len(body):
                raise _malformed(text, "Unexpected end of input.")
            parts.append(body[place])
            place += 1
        elif char == '"':
            if quoted and body[place : place + 1] == '"':
                parts.append('"')
                place += 1
            else:
                quoted = not quoted
        else:
            parts.append(char)


def _receive_fields(data: bytes, columns: tuple[tuple[int, int], ...], ctx) -> Record:
    if len(data) < 4:
        raise DataError("insufficient data left in message", sqlstate="08P01")
    (count,) = unpack_from(">i", data)
    if count != len(columns):
        raise DataError(f"wrong number of columns: {count}, expected {len(columns)}", sqlstate="42804")
    place, fields = 4, []
    for number, (oid, typmod) in enumerate(columns, 1):
        if len(data) < place + 8:
            raise DataError("insufficient data left in message", sqlstate="08P01")
        sent_oid, size = unpack_from(">Ii", data, place)
        place += 8
        if sent_oid != oid:
            raise DataError(
                f"binary data has type {sent_oid} instead of expected {oid} in record column {number}", sqlstate="42804"
            )
        if size < -1 or size > len(data) - place:
            raise DataError("insufficient data left in message", sqlstate="22P03")
        if size == -1:
            fields.append(None)
            continue
        fields.append(find_type(oid, ctx).receive(data[place : place + size], typmod, ctx))
        place += size
    if place != len(data):
        raise DataError("incorrect binary data format", sqlstate="22P03")
    return Record(tuple(fields), tuple(oid for oid, _ in columns))


def composite_codec(name: str, columns: tuple[tuple[int, int], ...]) -> Codec:
    """The conversions of a composite type with these (type OID, typmod) columns, dropped ones left out."""
    oids = tuple(oid for oid, _ in columns)

    def parse(text: str, typmod, ctx) -> Record:
        values = tuple(
            None if field is None else find_type(oid, ctx).input(field, column_typmod, ctx)
            for field, (oid, column_typmod) in zip(split_fields(text, len(columns)), columns)
        )
        return Record(values, oids)

    def receive(data: bytes, typmod, ctx) -> Record:
        return _receive_fields(data, columns, ctx)

    return Codec(parse, show, receive, send, storage="r", key="r")


def _anonymous(data, typmod, ctx):
    raise FeatureNotSupported("input of anonymous composite types is not implemented")


CODECS = {"record": Codec(_anonymous, show, _anonymous, send, storage="r", key="r")}
