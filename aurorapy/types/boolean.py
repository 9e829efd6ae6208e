"""boolean: `t` and `f` out; any unique prefix of true, false, yes, no, on, off, or 1 and 0, in.

    parse("  YE ") → True        parse("o") → 22P02, for it could be on or off

Not here: casts from integers and texts (`expressions`).
"""

from __future__ import annotations

from aurorapy.types.codec import Codec, invalid_syntax, need_bytes

SPACE = " \t\n\r\v\f"  # what C's isspace() skips


def _spellings() -> dict[str, bool]:
    table = {"1": True, "0": False, "on": True, "of": False, "off": False}
    for word, value in (("true", True), ("false", False), ("yes", True), ("no", False)):
        table.update((word[:end], value) for end in range(1, len(word) + 1))
    return table


_SPELLINGS = _spellings()


def lookup(text: str) -> bool | None:
    """The truth value `text` spells, or None; also used for boolean settings."""
    return _SPELLINGS.get(text.strip(SPACE).lower())


def parse(text: str, typmod, ctx) -> bool:
    value = lookup(text)
    if value is None:
        raise invalid_syntax("boolean", text)
    return value


def show(value: bool, ctx) -> str:
    return "t" if value else "f"


def receive(data: bytes, typmod, ctx) -> bool:
    return need_bytes(data, 1) != b"\0"


def send(value: bool, ctx) -> bytes:
    return b"\1" if value else b"\0"


CODECS = {"bool": Codec(parse, show, receive, send, storage="b", key="b", sql_name="boolean")}
