"""bytea: length, cutting, bits, hashes, encode and decode, and conversions between text and bytes.

    encode('\\x616263', 'base64') → 'YWJj'      sha256('abc')      convert_from('\\xc3a9', 'UTF8') → 'é'

Errors: 2202E index out of range, 22023 unknown encodings and bad digits, 22021 invalid byte sequences.

Not here: text (`strings`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from aurorapy.errors import DataError
from aurorapy.expressions.functions.long_values import hashed
from aurorapy.expressions.registry import function, inline
from aurorapy.types.bytea import parse_hex
from aurorapy.types.text import decode_utf8

inline("byteacat(bytea, bytea) bytea", 2011, "{0} + {1}")
inline("length(bytea) int4", 2010, "len({0})")
inline("octet_length(bytea) int4", 720, "len({0})")
inline("bit_length(bytea) int4", 1810, "len({0}) * 8")
inline("position(bytea, bytea) int4", 2014, "{0}.find({1}) + 1")
inline("btrim(bytea, bytea) bytea", 2015, "{0}.strip({1}) if {1} else {0}")
inline("ltrim(bytea, bytea) bytea", 6195, "{0}.lstrip({1}) if {1} else {0}")
inline("rtrim(bytea, bytea) bytea", 6196, "{0}.rstrip({1}) if {1} else {0}")


@function("substr(bytea, int4) bytea", 2086, not_null=True)
@function("substring(bytea, int4) bytea", 2013, not_null=True)
def substring_from(data: bytes, start: int) -> bytes:
    return data[max(start, 1) - 1 :]


@function("substr(bytea, int4, int4) bytea", 2085, not_null=True)
@function("substring(bytea, int4, int4) bytea", 2012, not_null=True)
def substring(data: bytes, start: int, count: int) -> bytes:
    if count < 0:
        raise DataError("negative substring length not allowed", sqlstate="22011")
    end = start + count
    return data[max(start, 1) - 1 : end - 1] if end > 1 else b""


@function("overlay(bytea, bytea, int4, int4) bytea", 749, not_null=True)
def overlay(data: bytes, new: bytes, start: int, count: int) -> bytes:
    if start <= 0:
        raise DataError("negative substring length not allowed", sqlstate="22011")
    return data[: start - 1] + new + data[max(start + count - 1, 0) :]


function("overlay(bytea, bytea, int4) bytea", 752, not_null=True)(lambda d, new, start: overlay(d, new, start, len(new)))

# ---- bytes and bits -------------------------------------------------------------------------------------------------


def _inside(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise DataError(f"index {index} out of valid range, 0..{size - 1}", sqlstate="2202E")


@function("get_byte(bytea, int4) int4", 721, not_null=True)
def get_byte(data: bytes, index: int) -> int:
    _inside(index, len(data))
    return data[index]


@function("set_byte(bytea, int4, int4) bytea", 722, not_null=True)
def set_byte(data: bytes, index: int, value: int) -> bytes:
    _inside(index, len(data))
    return data[:index] + bytes((value & 255,)) + data[index + 1 :]


@function("get_bit(bytea, int8) int4", 723, not_null=True)
def get_bit(data: bytes, index: int) -> int:
    _inside(index, len(data) * 8)
    return data[index // 8] >> (index % 8) & 1


@function("set_bit(bytea, int8, int4) bytea", 724, not_null=True)
def set_bit(data: bytes, index: int, value: int) -> bytes:
    _inside(index, len(data) * 8)
    if value not in (0, 1):
        raise DataError("new bit must be 0 or 1", sqlstate="22023")
    old = data[index // 8]
    mask = 1 << (index % 8)
    return set_byte(data, index // 8, old | mask if value else old & ~mask)


inline("bit_count(bytea) int8", 6163, "int.from_bytes({0}, 'big').bit_count()")

# ---- hashes ---------------------------------------------------------------------------------------------------------


def _md5(data: str | bytes) -> str:
    return hashed(hashlib.md5(usedforsecurity=False), data).hexdigest()


function("md5(text) text", 2311, not_null=True)(_md5)
function("md5(bytea) text", 2321, not_null=True)(_md5)
function("sha224(bytea) bytea", 3419, not_null=True)(lambda data: hashed(hashlib.sha224(), data).digest())
function("sha256(bytea) bytea", 3420, not_null=True)(lambda data: hashed(hashlib.sha256(), data).digest())
function("sha384(bytea) bytea", 3421, not_null=True)(lambda data: hashed(hashlib.sha384(), data).digest())
function("sha512(bytea) bytea", 3422, not_null=True)(lambda data: hashed(hashlib.sha512(), data).digest())

# ---- encode and decode ----------------------------------------------------------------------------------------------


def _unknown(name: str) -> DataError:
    return DataError(f'unrecognized encoding: "{name}"', sqlstate="22023")


@function("encode(bytea, text) text", 1946, not_null=True)
def encode(data: bytes, encoding: str) -> str:
    name = encoding.lower()
    if name == "hex":
        return data.hex()
    if name == "base64":
        text = base64.b64encode(data).decode()
        return "\n".join(text[i : i + 76] for i in range(0, len(text), 76))
    if name == "escape":
        plain = {0: "\\000", 92: "\\\\"}
        return "".join(plain.get(b) or (chr(b) if b < 128 else f"\\{b:03o}") for b in data)
    raise _unknown(encoding)


_OCTAL = re.compile(rb"\\(?:([0-3][0-7][0-7])|(\\))|(\\)")


@function("decode(text, text) bytea", 1947, not_null=True)
def decode(text: str, encoding: str) -> bytes:
    name = encoding.lower()
    if name == "hex":
        return parse_hex(text)
    if name == "base64":
        return _from_base64(text)
    if name == "escape":

        def one(match: re.Match) -> bytes:
            if match[3] is not None:
                raise DataError("invalid input syntax for type bytea", sqlstate="22P02")
            return bytes((int(match[1], 8),)) if match[1] else b"\\"

        return _OCTAL.sub(one, text.encode())
    raise _unknown(encoding)


def _from_base64(text: str) -> bytes:
    compact = re.sub(r"[ \t\n\r]", "", text)
    bad = re.search(r"[^A-Za-z0-9+/=]", compact)
    if bad is not None:
        raise DataError(f'invalid symbol "{bad[0]}" found while decoding base64 sequence', sqlstate="22023")
    hint = "Input data is missing padding, is truncated, or is otherwise corrupted."
    body = compact.rstrip("=")
    if "=" in body:
        raise DataError('unexpected "=" while decoding base64 sequence', sqlstate="22023")
    if len(compact) % 4:
        raise DataError("invalid base64 end sequence", sqlstate="22023", hint=hint)
    try:
        return base64.b64decode(compact)
    except binascii.Error:
        raise DataError("invalid base64 end sequence", sqlstate="22023", hint=hint) from None


# ---- character sets -------------------------------------------------------------------------------------------------

_PYTHON = {
    "UTF8": "utf-8", "UNICODE": "utf-8", "LATIN1": "latin-1", "ISO88591": "latin-1", "LATIN2": "iso8859-2",
    "LATIN9": "iso8859-15", "WIN1250": "cp1250", "WIN1251": "cp1251", "WIN1252": "cp1252", "WIN866": "cp866",
    "KOI8R": "koi8-r", "KOI8U": "koi8-u", "EUCJP": "euc-jp", "SJIS": "shift-jis", "BIG5": "big5", "GBK": "gbk",
    "EUCKR": "euc-kr", "EUCCN": "gb2312", "GB18030": "gb18030", "SQLASCII": "utf-8",
}  # fmt: skip


def _codec(name: str, kind: str) -> str:
    found = _PYTHON.get(re.sub(r"[^A-Z0-9]", "", name.upper()))
    if found is None:
        raise DataError(f'invalid {kind} encoding name "{name}"', sqlstate="22023")
    return found


@function("convert_from(bytea, name) text", 1714, volatility="s", not_null=True)
def convert_from(data: bytes, encoding: str) -> str:
    codec = _codec(encoding, "source")
    if codec == "utf-8":
        return decode_utf8(data)
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        shown = " ".join(f"0x{b:02x}" for b in data[error.start : error.start + 2])
        raise DataError(f'invalid byte sequence for encoding "{encoding.upper()}": {shown}', sqlstate="22021") from None


@function("convert_to(text, name) bytea", 1717, volatility="s", not_null=True)
def convert_to(text: str, encoding: str) -> bytes:
    codec = _codec(encoding, "destination")
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        shown = " ".join(f"0x{b:02x}" for b in text[error.start].encode())
        message = f'character with byte sequence {shown} in encoding "UTF8" has no equivalent in encoding "{encoding.upper()}"'
        raise DataError(message, sqlstate="22P05") from None


@function("convert(bytea, name, name) bytea", 1813, volatility="s", not_null=True)
def convert(data: bytes, source: str, target: str) -> bytes:
    return convert_to(convert_from(data, source), target)


# ---- uuid -----------------------------------------------------------------------------------------------------------


@function("gen_random_uuid() uuid", 3432, volatility="v", context=True, not_null=True)
def gen_random_uuid(ctx) -> bytes:
    data = bytearray(ctx.random_bytes(16))
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    return bytes(data)
