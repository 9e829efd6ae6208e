"""What a client says before the first message: which protocol, which user, or "cancel that other session".

    packet = read_startup(reader)            # None: not all of it has arrived
    Startup(3, 0, {"user": "ann", "database": "shop"}) · SslRequest() · GssRequest() · CancelRequest(pid, key)

Errors: FatalError with PostgreSQL's texts (08P01, 0A000, 28000); StartupIgnored for a length that cannot be right: the
connection closes without an answer, as PostgreSQL's does.
"""

from __future__ import annotations

import struct

from aurorapy.errors import FatalError
from aurorapy.records import dataclass, field
from aurorapy_native.wire import MessageReader

PACKET_MAX = 10004  # the length's own four bytes included
CANCEL_CODE, SSL_CODE, GSS_CODE = 80877102, 80877103, 80877104


class StartupIgnored(Exception):
    """Closes the connection silently."""


@dataclass(slots=True)
class SslRequest:
    pass


@dataclass(slots=True)
class GssRequest:
    pass


@dataclass(slots=True)
class CancelRequest:
    pid: int
    key: int


@dataclass(slots=True)
class Startup:
    major: int
    minor: int
    parameters: dict[str, str] = field(default_factory=dict)
    unknown_options: list[str] = field(default_factory=list)  # _pq_.* names the server does not know


def read_startup(reader: MessageReader):
    """The next startup packet, or None when more bytes are needed."""
    head = reader.peek_raw(4)
    if head is None:
        return None
    (length,) = struct.unpack("!i", head)
    if length < 8 or length > PACKET_MAX:
        raise StartupIgnored(length)
    packet = reader.take_raw(length)
    if packet is None:
        return None
    (code,) = struct.unpack_from("!I", packet, 4)
    if code == SSL_CODE:
        return SslRequest()
    if code == GSS_CODE:
        return GssRequest()
    if code == CANCEL_CODE:
        if length != 16:
            raise StartupIgnored(length)
        return CancelRequest(*struct.unpack_from("!II", packet, 8))
    return _startup(code, packet[8:])


def _startup(code: int, body: bytes) -> Startup:
    major, minor = code >> 16, code & 0xFFFF
    if major != 3:
        raise FatalError(
            f"unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.0", sqlstate="0A000"
        )
    result = Startup(major, minor)
    for name, value in _pairs(body):
        key = name.decode("utf-8", "replace")
        if key.startswith("_pq_."):
            result.unknown_options.append(key)
        else:
            result.parameters[key] = value.decode("utf-8", "replace")
    if not result.parameters.get("user"):
        raise FatalError("no PostgreSQL user name specified in startup packet", sqlstate="28000")
    return result


def _pairs(body: bytes) -> list[tuple[bytes, bytes]]:
    """Names and values, each with a zero behind it, and one zero more as the last byte."""
    found, at = [], 0
    while at < len(body) and body[at]:
        name, _, rest = body[at:].partition(b"\0")
        if not rest:
            break
        value = rest.partition(b"\0")[0]
        found.append((name, value))
        at += len(name) + len(value) + 2
    if at != len(body) - 1:
        raise FatalError("invalid startup packet layout: expected terminator as last byte", sqlstate="08P01")
    return found


def split_options(text: str) -> list[str]:
    """The words of the `options` parameter: blanks separate, a backslash takes the next character as it is."""
    words: list[str] = []
    current: list[str] | None = None
    characters = iter(text)
    for char in characters:
        if char.isspace():
            if current is not None:
                words.append("".join(current))
                current = None
            continue
        if current is None:
            current = []
        current.append(next(characters, "") if char == "\\" else char)
    if current is not None:
        words.append("".join(current))
    return words


def settings_of_options(text: str) -> list[tuple[str, str]]:
    """`-c work_mem=1MB --search_path=app` → [("work_mem", "1MB"), ("search_path", "app")]. FatalError 42601."""
    found: list[tuple[str, str]] = []
    words = iter(split_options(text))
    for word in words:
        if word == "-c":
            word = next(words, "")
        elif word.startswith("-c"):
            word = word[2:]
        elif word.startswith("--"):
            word = word[2:]
        else:
            raise FatalError(f"invalid command-line argument for server process: {word}", sqlstate="42601")
        name, equals, value = word.partition("=")
        if not equals:
            raise FatalError(f"-c {name} requires a value", sqlstate="42601")
        found.append((name.replace("-", "_"), value))
    return found
