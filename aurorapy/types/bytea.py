"""bytea: `\\x` and hex digits, or the older escapes.

    parse("\\\\x00 ff") → b"\\x00\\xff"      parse("a\\\\001") → b"a\\x01"      show → "\\\\x00ff", or by bytea_output = escape

Not here: encode() and decode() (`expressions.functions`), other text forms.
"""

from __future__ import annotations

import re

from aurorapy.errors import DataError
from aurorapy.types.codec import Codec

_ESCAPE = re.compile(rb"\\(\\|[0-3][0-7][0-7])?")
_ESCAPED = [chr(b) if 32 <= b < 127 and b != 92 else "\\\\" if b == 92 else f"\\{b:03o}" for b in range(256)]


def parse_hex(digits: str) -> bytes:
    """The bytes of `digits`, blanks between pairs allowed; 22023 says which digit is wrong."""
    try:
        if digits.isascii() and "\v" not in digits and "\f" not in digits:
            return bytes.fromhex(digits)
    except ValueError:
        pass
    place = 0
    while place < len(digits):
        if digits[place] in " \n\t\r":
            place += 1
            continue
        _hex_digit(digits[place])
        if place + 1 == len(digits):
            raise DataError("invalid hexadecimal data: odd number of digits", sqlstate="22023")
        _hex_digit(digits[place + 1])
        place += 2
    return bytes.fromhex(digits)


def _hex_digit(char: str) -> None:
    if char not in "0123456789abcdefABCDEF":
        raise DataError(f'invalid hexadecimal digit: "{char}"', sqlstate="22023")


def parse(text: str, typmod, ctx) -> bytes:
    if text[:2] == "\\x":
        return parse_hex(text[2:])
    data = text.encode("utf-8")
    if b"\\" not in data:
        return data

    def byte(match: re.Match) -> bytes:
        code = match[1]
        if code is None:
            raise DataError("invalid input syntax for type bytea", sqlstate="22P02")
        return b"\\" if code == b"\\" else bytes((int(code, 8),))

    return _ESCAPE.sub(byte, data)


def show(value: bytes, ctx) -> str:
    if ctx.bytea_output == "hex":
        return "\\x" + value.hex()
    return "".join([_ESCAPED[byte] for byte in value])


def receive(data: bytes, typmod, ctx) -> bytes:
    return bytes(data)


def send(value: bytes, ctx) -> bytes:
    return value


CODECS = {"bytea": Codec(parse, show, receive, send, storage="y", key="y")}
