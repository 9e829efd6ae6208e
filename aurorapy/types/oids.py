"""Identifiers of the system: oid, xid, xid8, cid, tid, pg_lsn, and the reg* types that show an OID's name.

    oid: unsigned 32 bits, "-1" reads as 4294967295        tid: "(block,line)", kept as ids.make_tid
    regclass "pg_class" → 1259 and back through TypeContext.catalog; digits are taken as the OID, "-" is 0

xid and cid read like C's strtoul with base 0: "0x10" is 16, "010" is 8, "abc" is 0. Without a catalog a reg* type shows
digits and reads only digits.

Not here: the name lookups themselves (the catalog's), pg_lsn arithmetic.
"""

from __future__ import annotations

import re
from struct import Struct

from aurorapy.errors import UndefinedObject
from aurorapy.ids import make_tid, tid_text
from aurorapy.types.codec import Codec, invalid_syntax, need_bytes, out_of_range

_U32 = Struct(">I")
_U64 = Struct(">Q")
_TID = Struct(">IH")
_UNSIGNED = re.compile(r"[ \t\n\r\v\f]*([+-]?)([0-9]+)[ \t\n\r\v\f]*").fullmatch
_C_NUMBER = re.compile(r"[ \t\n\r\v\f]*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))").match
_TID_TEXT = re.compile(r"[^(,)]*\([ \t\n\r\v\f]*([+-]?[0-9]*),[ \t\n\r\v\f]*([+-]?[0-9]*)\).*", re.DOTALL).fullmatch
_LSN_TEXT = re.compile(r"([0-9a-fA-F]{1,8})/([0-9a-fA-F]{1,8})").fullmatch


def parse_oid(text: str, typmod, ctx) -> int:
    match = _UNSIGNED(text)
    if match is None:
        raise invalid_syntax("oid", text)
    value = int(match[2][:4000])
    if value >= 1 << 32 and not (match[1] == "-" and value <= 1 << 31) or match[1] == "-" and value > 1 << 31:
        raise out_of_range("oid", text)
    return -value & 0xFFFFFFFF if match[1] == "-" else value


def c_unsigned(text: str, bits: int) -> int:
    """strtoul(text, NULL, 0) cut to `bits`; 0 where no number starts the text."""
    match = _C_NUMBER(text)
    if match is None:
        return 0
    sign, hexadecimal, octal, decimal = match.groups()
    value = int(hexadecimal, 16) if hexadecimal else int(octal, 8) if octal else int(decimal)
    if value >= 1 << 64:
        value = (1 << 64) - 1
    elif sign == "-":
        value = -value
    return value & (1 << bits) - 1


def parse_xid(text: str, typmod, ctx) -> int:
    return c_unsigned(text, 32)


def parse_xid8(text: str, typmod, ctx) -> int:
    return c_unsigned(text, 64)


def show_number(value: int, ctx) -> str:
    return str(value)


def receive4(data: bytes, typmod, ctx) -> int:
    return _U32.unpack(need_bytes(data, 4))[0]


def send4(value: int, ctx) -> bytes:
    return _U32.pack(value)


def receive8(data: bytes, typmod, ctx) -> int:
    return _U64.unpack(need_bytes(data, 8))[0]


def send8(value: int, ctx) -> bytes:
    return _U64.pack(value)


def parse_tid(text: str, typmod, ctx) -> int:
    match = _TID_TEXT(text)
    if match is None:
        raise invalid_syntax("tid", text)
    block, line = int(match[1] or 0), int(match[2] or 0)
    if block >= 1 << 32 or block < -(1 << 31) or not 0 <= line < 1 << 16:
        raise invalid_syntax("tid", text)
    return make_tid(block & 0xFFFFFFFF, line)


def show_tid(value: int, ctx) -> str:
    return tid_text(value)


def receive_tid(data: bytes, typmod, ctx) -> int:
    return make_tid(*_TID.unpack(need_bytes(data, 6)))


def send_tid(value: int, ctx) -> bytes:
    return _TID.pack(value >> 16, value & 0xFFFF)


def parse_lsn(text: str, typmod, ctx) -> int:
    match = _LSN_TEXT(text)
    if match is None:
        raise invalid_syntax("pg_lsn", text)
    return int(match[1], 16) << 32 | int(match[2], 16)


def show_lsn(value: int, ctx) -> str:
    return f"{value >> 32:X}/{value & 0xFFFFFFFF:X}"


# what a name of each kind that is not found is called, and its SQLSTATE
_KINDS = {
    "regproc": ("function", "42883"),
    "regprocedure": ("function", "42883"),
    "regoper": ("operator", "42883"),
    "regoperator": ("operator", "42883"),
    "regclass": ("relation", "42P01"),
    "regtype": ("type", "42704"),
    "regnamespace": ("schema", "3F000"),
    "regrole": ("role", "42704"),
    "regcollation": ("collation", "42704"),
}


def _reg(kind: str) -> Codec:
    zero = "0" if kind in ("regoper", "regoperator") else "-"
    what, sqlstate = _KINDS[kind]

    def parse(text: str, typmod, ctx) -> int:
        if text == "-" and kind not in ("regoper", "regoperator") or text == "0":
            return 0
        if text[:1].isdigit() and text.isdigit() and text.isascii():
            return parse_oid(text, typmod, ctx)
        if ctx.catalog is None:
            raise UndefinedObject(f'{what} "{text}" does not exist', sqlstate=sqlstate)
        return ctx.catalog.reg_in(kind, text)

    def show(value: int, ctx) -> str:
        if value == 0:
            return zero
        return str(value) if ctx.catalog is None else ctx.catalog.reg_out(kind, value)

    return Codec(parse, show, receive4, send4, storage="u", key="u")


def reg_not_found(kind: str, name: str) -> UndefinedObject:
    """The error `reg_in` raises for a name that names nothing."""
    what, sqlstate = _KINDS[kind]
    shown = name if what == "operator" else f'"{name}"'
    return UndefinedObject(f"{what} {shown} does not exist", sqlstate=sqlstate)


CODECS = {
    "oid": Codec(parse_oid, show_number, receive4, send4, storage="u", key="u"),
    "xid": Codec(parse_xid, show_number, receive4, send4, storage="u"),
    "cid": Codec(parse_xid, show_number, receive4, send4, storage="u"),
    "xid8": Codec(parse_xid8, show_number, receive8, send8, storage="8", key="8"),
    "tid": Codec(parse_tid, show_tid, receive_tid, send_tid, storage="6", key="6"),
    "pg_lsn": Codec(parse_lsn, show_lsn, receive8, send8, storage="8", key="8"),
    **{kind: _reg(kind) for kind in _KINDS},
}
