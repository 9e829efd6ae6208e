"""uuid: 32 hex digits, hyphens after any group of four, braces around it if you like.

    parse("{A0EEBC99-9C0B4EF8-BB6D6BB9-BD380A11}") → 16 bytes      show → "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"

Not here: gen_random_uuid() (`expressions.functions`).
"""

from __future__ import annotations

import re

from aurorapy.types.codec import Codec, invalid_syntax, need_bytes

_UUID = re.compile(r"(\{)?((?:[0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4})(?(1)\})").fullmatch


def parse(text: str, typmod, ctx) -> bytes:
    match = _UUID(text)
    if match is None:
        raise invalid_syntax("uuid", text)
    return bytes.fromhex(match[2].replace("-", ""))


def show(value: bytes, ctx) -> str:
    h = value.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def receive(data: bytes, typmod, ctx) -> bytes:
    return bytes(need_bytes(data, 16))


def send(value: bytes, ctx) -> bytes:
    return value


CODECS = {"uuid": Codec(parse, show, receive, send, storage="g", key="g")}
