"""Messages as the bodies of frames, and back.

    kind u8 │ number u32 │ fields                             kind: the message's place in messages.Message

`number` is a request's: its answer carries the same; 0 for what nobody asked for. What every commit and every page read
needs has fixed fields, and the records or the page behind them are passed on without a copy:

    encode(Write(...), 0)  →  (head of 53 bytes, records)

Everything else is JSON of the dataclass's fields, behind it one binary tail for a field of bytes or of links. New messages
need nothing here: the fields' types say how they are written and checked.

Errors: decode raises ProtocolError for anything that is not exactly a message: a wrong type, a number out of range, a
field missing or too many, bytes left over.

Not here: checksums and lengths (`host/frames.py`), the checks of what a message asks for (`node`).
"""

from __future__ import annotations

import json
import struct
import types
from functools import lru_cache
from typing import Any, Callable, Union, get_args, get_origin, get_type_hints

from aurorapy.host.frames import ProtocolError
from aurorapy.records import fields
from aurorapy.storage import messages as m
from aurorapy.storage.members import Membership

KINDS: tuple[type, ...] = get_args(m.Message)
_KIND_OF = {kind: number for number, kind in enumerate(KINDS)}
_U64_MAX = 2**64 - 1

_WRITE = struct.Struct("<BI QQI QQQ")
_DURABLE = struct.Struct("<BI QQI Q")
_READ_PAGE = struct.Struct("<BI QQI IQQ")
_HORIZONS = struct.Struct("<BI QQI QQ")
_PAGE = struct.Struct("<BI QQI I")
_GENERIC = struct.Struct("<BI I")  # kind, number, length of the JSON
_LINK = struct.Struct("<QQQB")
_WRITE_KIND, _DURABLE_KIND = _KIND_OF[m.Write], _KIND_OF[m.Durable]
_READ_PAGE_KIND, _PAGE_KIND, _HORIZONS_KIND = _KIND_OF[m.ReadPage], _KIND_OF[m.Page], _KIND_OF[m.Horizons]


MALFORMED = (ValueError, LookupError, TypeError, AttributeError, StopIteration, struct.error, RecursionError)


def encode(message: m.Message, number: int = 0) -> tuple[bytes, ...]:
    """The parts of a frame's body."""
    kind = type(message)
    encoder = _ENCODERS.get(kind)
    if encoder is not None:
        return encoder(message, number)
    return encode_fields(message, _KIND_OF[kind], number)


def decode(body: bytes) -> tuple[m.Message, int]:
    """(message, number). Raises ProtocolError."""
    try:
        decoder = _DECODERS.get(body[0])
        return decoder(body) if decoder is not None else decode_fields(body, KINDS)
    except MALFORMED as error:
        raise ProtocolError(f"a frame is no message: {error!r}") from None


# -- what travels often --------------------------------------------------------------------------------------------------


def _encode_write(w: m.Write, number: int) -> tuple[bytes, ...]:
    epoch = w.epoch
    return _WRITE.pack(_WRITE_KIND, number, epoch[0], epoch[1], w.group, w.prev, w.last, w.vdl), w.records


def _decode_write(body: bytes) -> tuple[m.Message, int]:
    _, number, epoch, instance, group, prev, last, vdl = _WRITE.unpack_from(body)
    return m.Write(m.Epoch(epoch, instance), group, prev, last, vdl, body[_WRITE.size :]), number


def _encode_durable(d: m.Durable, number: int) -> tuple[bytes, ...]:
    return (_DURABLE.pack(_DURABLE_KIND, number, *d.epoch, d.group, d.scl) + d.copy.encode(),)


def _decode_durable(body: bytes) -> tuple[m.Message, int]:
    _, number, epoch, instance, group, scl = _DURABLE.unpack_from(body)
    return m.Durable(m.Epoch(epoch, instance), group, body[_DURABLE.size :].decode(), scl), number


def _encode_read_page(r: m.ReadPage, number: int) -> tuple[bytes, ...]:
    return (_READ_PAGE.pack(_READ_PAGE_KIND, number, *r.epoch, r.group, r.page_no, r.lsn, r.point),)


def _decode_read_page(body: bytes) -> tuple[m.Message, int]:
    _, number, epoch, instance, group, page_no, lsn, point = _READ_PAGE.unpack(body)
    return m.ReadPage(m.Epoch(epoch, instance), group, page_no, lsn, point), number


def _encode_page(p: m.Page, number: int) -> tuple[bytes, ...]:
    copy = p.copy.encode()
    return _PAGE.pack(_PAGE_KIND, number, *p.epoch, p.group, p.page_no) + bytes((len(copy),)) + copy, p.content


def _decode_page(body: bytes) -> tuple[m.Message, int]:
    _, number, epoch, instance, group, page_no = _PAGE.unpack_from(body)
    start = _PAGE.size + 1
    end = start + body[start - 1]
    if len(body) != end + 8192:
        raise ValueError("a page of another size")
    return m.Page(m.Epoch(epoch, instance), group, body[start:end].decode(), page_no, body[end:]), number


def _encode_horizons(h: m.Horizons, number: int) -> tuple[bytes, ...]:
    return (_HORIZONS.pack(_HORIZONS_KIND, number, *h.epoch, h.group, h.pgmrpl, h.vdl),)


def _decode_horizons(body: bytes) -> tuple[m.Message, int]:
    _, number, epoch, instance, group, pgmrpl, vdl = _HORIZONS.unpack(body)
    return m.Horizons(m.Epoch(epoch, instance), group, pgmrpl, vdl), number


_ENCODERS: dict[type, Callable[[Any, int], tuple[bytes, ...]]] = {
    m.Write: _encode_write,
    m.Durable: _encode_durable,
    m.ReadPage: _encode_read_page,
    m.Page: _encode_page,
    m.Horizons: _encode_horizons,
}
_DECODERS: dict[int, Callable[[bytes], tuple[m.Message, int]]] = {
    _WRITE_KIND: _decode_write,
    _DURABLE_KIND: _decode_durable,
    _READ_PAGE_KIND: _decode_read_page,
    _PAGE_KIND: _decode_page,
    _HORIZONS_KIND: _decode_horizons,
}


# -- everything else -----------------------------------------------------------------------------------------------------


def encode_fields(message: Any, kind: int, number: int) -> tuple[bytes, ...]:
    """Any dataclass whose fields `parser` knows, as the parts of a frame's body."""
    plan = _plan(type(message))
    head = json.dumps([to_data(getattr(message, name)) for name, _ in plan.heads], separators=(",", ":")).encode()
    parts: tuple[bytes, ...] = (_GENERIC.pack(kind, number, len(head)), head)
    if plan.tail is not None:
        content = getattr(message, plan.tail)
        parts += (content if plan.tail_is_bytes else b"".join(_LINK.pack(*link) for link in content),)
    return parts


def decode_fields(body: bytes, kinds: tuple[type, ...]) -> tuple[Any, int]:
    """(message, number); raises one of MALFORMED."""
    kind, number, length = _GENERIC.unpack_from(body)
    plan = _plan(kinds[kind])
    end = _GENERIC.size + length
    data = json.loads(body[_GENERIC.size : end])
    if type(data) is not list or len(data) != len(plan.heads) or len(body) < end:
        raise ValueError("fields missing or too many")
    values = {name: parse(each) for (name, parse), each in zip(plan.heads, data)}
    tail = body[end:]
    if plan.tail is None:
        if tail:
            raise ValueError("bytes left over")
    elif plan.tail_is_bytes:
        values[plan.tail] = tail
    else:
        values[plan.tail] = [m.Link(lsn, volume, group, point == 1) for lsn, volume, group, point in _LINK.iter_unpack(tail)]
    return kinds[kind](**values), number


class _Plan:
    """How a message class is written: fields in the JSON with their parsers, and the one behind it."""

    def __init__(self, kind: type) -> None:
        hints = get_type_hints(kind)
        self.heads: list[tuple[str, Callable[[Any], Any]]] = []
        self.tail: str | None = None
        self.tail_is_bytes = False
        for field in fields(kind):
            hint = hints[field.name]
            if (hint is bytes or hint == list[m.Link]) and self.tail is None:
                self.tail, self.tail_is_bytes = field.name, hint is bytes
            else:
                self.heads.append((field.name, parser(hint)))


_plan = lru_cache(maxsize=None)(_Plan)


def to_data(value: Any) -> Any:
    """What JSON can carry; `parser` of the field's type reads it back."""
    if isinstance(value, Membership):
        return value.as_dict()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (tuple, list)):
        return [to_data(each) for each in value]
    if isinstance(value, dict):
        return [[key, to_data(each)] for key, each in sorted(value.items())]
    return value


@lru_cache(maxsize=None)
def parser(hint: Any) -> Callable[[Any], Any]:
    """A function that makes a value of the type from what JSON carried, or raises ValueError or TypeError."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is int:
        return _parse_int
    if hint in (str, bool, float):
        return lambda data: _exactly(hint, data)
    if hint is bytes:
        return lambda data: bytes.fromhex(_exactly(str, data))
    if hint is Membership:
        return lambda data: _parse_membership(_exactly(dict, data))
    if origin in (Union, types.UnionType) and type(None) in arguments:
        inner = parser(next(each for each in arguments if each is not type(None)))
        return lambda data: None if data is None else inner(data)
    if origin is list or (origin is tuple and arguments[1:] == (...,)):
        inner = parser(arguments[0])
        return lambda data: origin(map(inner, _exactly(list, data)))
    if origin is dict:
        return _dict_parser(parser(arguments[0]), parser(arguments[1]))
    if origin is tuple:
        return _tuple_parser(tuple, arguments)
    if isinstance(hint, type) and issubclass(hint, tuple):
        hints = get_type_hints(hint)
        return _tuple_parser(lambda values: hint(*values), [hints[name] for name in hint._fields])
    raise TypeError(f"no message can carry {hint}")


def _exactly(kind: type, data: Any) -> Any:
    if type(data) is not kind:
        raise ValueError(f"{kind.__name__} expected")
    return data


def _parse_int(data: Any) -> int:
    if type(data) is not int or not 0 <= data <= _U64_MAX:
        raise ValueError("a number expected")
    return data


def _dict_parser(key: Callable[[Any], Any], value: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda data: {key(k): value(v) for k, v in _exactly(list, data)}


def _tuple_parser(make: Callable[[tuple], Any], hints: Any) -> Callable[[Any], Any]:
    parsers = [parser(hint) for hint in hints]

    def parse(data: Any) -> Any:
        if len(_exactly(list, data)) != len(parsers):
            raise ValueError("fields missing or too many")
        return make(tuple(each(item) for each, item in zip(parsers, data)))

    return parse


def _parse_membership(data: dict[str, Any]) -> Membership:
    found = Membership.from_dict(data)
    if found.as_dict() != data or type(found.epoch) is not int or found.epoch < 0:
        raise ValueError("no membership")
    for member in found.members:
        for text in member:
            _exactly(str, text)
    return found
