"""Which code the wire encoder uses for a type and format, and how a bound parameter becomes a value.

    encoder_of(int4, text)   → ("i", None)
    encoder_of(numeric, text) → ("c", callable giving str)
    decoder_of(int8, binary) → callable(bytes) → int
"""

from __future__ import annotations

import struct
from typing import Any, Callable

from aurorapy.errors import DataError
from aurorapy.types.model import Type, TypeContext
from aurorapy_native.params import ParamReader
from aurorapy_native.wire import encoding_error

_TEXT_INTS = frozenset({20, 21, 23, 26, 28, 29})  # int8, int2, int4, oid, xid, cid
_TEXT_STRS = frozenset({19, 25, 114, 705, 1042, 1043, 194, 3802})
_BINARY = {
    16: "B", 21: "2", 23: "4", 20: "8", 26: "u", 28: "u", 29: "u", 25: "S", 1043: "S", 1042: "S", 19: "S", 114: "S",
    705: "S", 700: "F", 701: "D", 17: "y", 2950: "y", 1082: "4", 1083: "8", 1114: "8", 1184: "8",
    2205: "u", 2206: "u", 24: "u", 2202: "u", 2203: "u", 2204: "u", 4089: "u", 4096: "u",
}  # fmt: skip


def encoder_of(type_: Type, format_: int, context: TypeContext) -> tuple[str, Callable | None]:
    """The letter for RowEncoder and its callable, if any."""
    oid = type_.oid
    if format_ not in (0, 1):
        raise DataError(f"unsupported format code: {format_}", sqlstate="22023")
    if format_ == 1:
        code = _BINARY.get(oid)
        if code is not None:
            return code, None
        send = type_.send
        return "C", lambda value: send(value, context)
    if oid in _TEXT_INTS:
        return "i", None
    if oid in _TEXT_STRS:
        return "s", None
    if oid == 16:
        return "b", None
    output = type_.output
    return "c", lambda value: output(value, context)


_PARAM_TEXT = {21: "h", 23: "i", 20: "l", 25: "s", 1043: "s"}
_PARAM_BINARY = {21: "2", 23: "4", 20: "8", 26: "u"}


def param_reader_of(types: list[Type], formats: list[int], context: TypeContext) -> ParamReader:
    """The native reader of these parameters' values."""
    codes = [(_PARAM_BINARY if f == 1 else _PARAM_TEXT).get(t.oid, "c") for t, f in zip(types, formats)]
    return ParamReader("".join(codes).encode(), tuple([decoder_of(t, f, context) for t, f in zip(types, formats)]))


WRONG_LENGTH = "incorrect binary data format in bind parameter"  # which one, `output` adds
_UNPACK = {21: (2, ">h"), 23: (4, ">i"), 20: (8, ">q"), 26: (4, ">I")}


def decoder_of(type_: Type, format_: int, context: TypeContext) -> Callable[[bytes], Any]:
    """bytes of a bound parameter → value; raises DataError 22P02, 22P03, 22021."""
    if format_ == 1:
        fixed = _UNPACK.get(type_.oid)
        if fixed is not None:
            return _fixed_decoder(*fixed)
        receive = type_.receive
        return lambda data: receive(data, -1, context)
    parse = type_.input

    def from_text(data: bytes) -> Any:
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            raise encoding_error(data, error.start) from None
        if "\0" in text:
            raise DataError('invalid byte sequence for encoding "UTF8": 0x00', sqlstate="22021")
        return parse(text, -1, context)

    return from_text


def _fixed_decoder(size: int, code: str) -> Callable[[bytes], int]:
    unpack = struct.Struct(code).unpack

    def decode(data: bytes) -> int:
        if len(data) != size:
            text = "insufficient data left in message" if len(data) < size else WRONG_LENGTH
            raise DataError(text, sqlstate="08P01" if len(data) < size else "22P03")
        return unpack(data)[0]

    return decode
