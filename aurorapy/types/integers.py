"""smallint, integer, bigint: decimal digits with a sign, blanks around them, nothing else.

    parse_int4(" +42 ") → 42       "1_000", "0x1f", "4.0", "" → 22P02       "99999999999" → 22003

Binary form: 2, 4 or 8 bytes, big-endian.

Not here: arithmetic and its overflow checks (`expressions.functions`), int2vector (`types.arrays`).
"""

from __future__ import annotations

import re
from struct import Struct

from aurorapy.types.codec import Codec, invalid_syntax, need_bytes, out_of_range

_INTEGER = re.compile(r"[ \t\n\r\v\f]*([+-]?[0-9]+)[ \t\n\r\v\f]*", re.ASCII).fullmatch


def parse_integer(text: str, type_name: str, low: int, high: int) -> int:
    """The integer `text` spells, within [low, high]; `type_name` is for the error."""
    if text.isdigit() and text.isascii() and len(text) < 20:
        value = int(text)
    else:
        match = _INTEGER(text)
        if match is None:
            raise invalid_syntax(type_name, text)
        digits = match[1]
        if len(digits) > 40:
            digits = digits[0] + digits[1:].lstrip("0") if digits[0] in "+-" else digits.lstrip("0")
            if len(digits) > 40:
                raise out_of_range(type_name, text)
        value = int(digits) if digits.strip("+-") else 0
    if low <= value <= high:
        return value
    raise out_of_range(type_name, text)


def _codec(name: str, bits: int, storage: str, layout: Struct) -> Codec:
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    pack, unpack, size = layout.pack, layout.unpack, layout.size

    def parse(text: str, typmod, ctx) -> int:
        if text.isdigit() and len(text) < 20 and text.isascii():
            value = int(text)
            if value <= high:
                return value
        elif text[:1] == "-" and text[1:].isdigit() and len(text) < 20 and text.isascii():
            value = int(text)
            if value >= low:
                return value
        return parse_integer(text, name, low, high)

    def show(value: int, ctx) -> str:
        return str(value)

    def receive(data: bytes, typmod, ctx) -> int:
        return unpack(need_bytes(data, size))[0]

    def send(value: int, ctx) -> bytes:
        return pack(value)

    return Codec(parse, show, receive, send, storage=storage, key=storage, sql_name=name)


CODECS = {
    "int2": _codec("smallint", 16, "2", Struct(">h")),
    "int4": _codec("integer", 32, "4", Struct(">i")),
    "int8": _codec("bigint", 64, "8", Struct(">q")),
}
