"""jsonb: JSON in one canonical text, so that equal values are equal texts.

    parse('{"b": 1.50, "a":[true , null],"b":2e2}') → '{"a": [true, null], "b": 200}'

Of a key that comes twice the last one stays; keys stand by length in bytes, then by bytes; numbers are numerics (1.50
keeps its scale, 2e2 is 200); one blank after `:` and `,`. `to_tree` and `from_tree` are for functions on jsonb:

| JSON | tree |
|---|---|
| object, array | dict, list |
| string, true/false, null | str, bool, None |
| number | decimal.Decimal as `types.numeric` keeps it |

Binary form: version byte 1 and the text.

Not here: comparison, whose order is not that of the texts (`expressions`, key letter D).
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from aurorapy.errors import DataError, ProgramLimitExceeded
from aurorapy.types import numeric
from aurorapy.types import text as plain
from aurorapy.types.codec import Codec
from aurorapy.types.json import Checker, stack_depth

STRING_BYTES_MAX = 0x0FFFFFFF
PARTS_MAX = 4096
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPES.update({chr(c): f"\\u{c:04x}" for c in range(32) if chr(c) not in _ESCAPES})
_SPECIAL = re.compile(r'["\\\x00-\x1f]')


def _number(digits: str) -> Decimal:
    return numeric.parse(digits, -1, None)


def _refuse(constant: str):
    raise ValueError(constant)


_decode = json.JSONDecoder(parse_int=_number, parse_float=_number, parse_constant=_refuse).decode


def to_tree(text: str) -> Any:
    """The tree of any JSON text; errors as `types.json`, and those of escapes that stand for no character."""
    if "\\u" in text or "\f" in text or "\v" in text:
        Checker(text, strict=True).check()
    try:
        return _decode(text)
    except RecursionError:
        raise stack_depth() from None
    except ValueError:
        Checker(text, strict=True).check()
        raise


def quote(text: str) -> str:
    """A JSON string literal as PostgreSQL writes it: only what must be escaped is."""
    if _SPECIAL.search(text):
        text = _SPECIAL.sub(lambda match: _ESCAPES[match[0]], text)
    return f'"{text}"'


def _key_order(item: tuple[str, Any]) -> tuple[int, bytes]:
    data = item[0].encode("utf-8")
    return len(data), data


def from_tree(tree: Any) -> str:
    """The canonical text of a tree."""
    text = _Text()
    try:
        _write(tree, text)
    except RecursionError:
        raise stack_depth() from None
    return text.joined()


class _Text:
    """A text under construction, in `parts`. A long one is joined piece by piece: a million parts at once would take
    longer than others can wait."""

    __slots__ = ("parts", "add", "_pieces")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.add = self.parts.append
        self._pieces: list[str] = []

    def join_many(self) -> None:
        if len(self.parts) > PARTS_MAX:
            self._pieces.append("".join(self.parts))
            self.parts.clear()

    def joined(self) -> str:
        return "".join([*self._pieces, *self.parts]) if self._pieces else "".join(self.parts)


def take_apart(tree: Any) -> None:
    """Empties a tree that nobody needs any more, value by value: a step that frees all of it cannot be interrupted."""
    holders = [tree]
    while holders:
        holder = holders[-1]
        if not holder or not isinstance(holder, (dict, list)):
            holders.pop()
            continue
        value = holder.popitem()[1] if isinstance(holder, dict) else holder.pop()
        if isinstance(value, (dict, list)):
            holders.append(value)


def _write(tree: Any, text: _Text) -> None:
    out = text.add
    if isinstance(tree, str):
        out(quote(tree))
    elif tree is None:
        out("null")
    elif tree is True or tree is False:
        out("true" if tree else "false")
    elif isinstance(tree, dict):
        items = sorted(tree.items(), key=_key_order) if len(tree) > 1 else tree.items()
        separator = "{"
        for key, value in items:
            _check_length(key)
            out(f"{separator}{quote(key)}: ")
            _write(value, text)
            text.join_many()
            separator = ", "
        out("}" if tree else "{}")
    elif isinstance(tree, list):
        separator = "["
        for value in tree:
            out(separator)
            _write(value, text)
            text.join_many()
            separator = ", "
        out("]" if tree else "[]")
    else:
        out(numeric.show(tree, None))


def _check_length(key: str) -> None:
    if len(key) * 4 > STRING_BYTES_MAX and len(key.encode()) > STRING_BYTES_MAX:
        raise ProgramLimitExceeded("string too long to represent as jsonb string")


LARGE_CHARACTERS = 16384  # takes milliseconds


def parse(text: str, typmod, ctx) -> str:
    if len(text) > LARGE_CHARACTERS and ctx is not None:
        return ctx.long_call(_normal_of_large, text)
    return from_tree(to_tree(text))


def _normal_of_large(text: str) -> str:
    tree = to_tree(text)
    try:
        return from_tree(tree)
    finally:
        take_apart(tree)


def receive(data: bytes, typmod, ctx) -> str:
    if not data:
        raise DataError("insufficient data left in message", sqlstate="08P01")
    if data[0] != 1:
        raise DataError(f"unsupported jsonb version number {data[0]}", sqlstate="XX000")
    return parse(plain.decode_utf8(data[1:]), -1, ctx)


def send(value: str, ctx) -> bytes:
    return b"\1" + value.encode("utf-8")


CODECS = {"jsonb": Codec(parse, plain.show, receive, send, storage="t", key="D")}
