"""text: length, case, cutting, padding, searching, quoting, and the conversions among text, varchar, bpchar, name, "char".

Positions count characters from 1. character(n) comes padded; most functions take it as text, its trailing blanks gone.

    substr('hello', -1, 4) → 'he'      lpad('7', 3, '0') → '007'      split_part('a,b,c', ',', -1) → 'c'

Case follows the C.UTF-8 collation: simple one-to-one mappings.

Errors: 22011 negative substring length, 22023 of format-like arguments, 54000 too large.

Not here: patterns (`patterns`), to_char (`formatting`), bytea (`binary`), format() and concat() (`formatting`).
"""

from __future__ import annotations

import re
import unicodedata

from aurorapy.errors import DataError, ProgramLimitExceeded
from aurorapy.expressions.functions.integers import to_int
from aurorapy.expressions.functions.long_values import mapped, repeated, replaced, reversed_text
from aurorapy.expressions.registry import function, helper, inline
from aurorapy.types.identifiers import quote_identifier as quoted_identifier
from aurorapy.types.text import char_of, fit_bpchar, fit_varchar, truncate_name

SIZE_MAX = 0x3FFFFFFF  # bytes of one value

helper(replaced)
helper(reversed_text)
inline("textcat(text, text) text", 1258, "{0} + {1}")
inline("length(text) int4", 1317, "len({0})")
inline("textlen(text) int4", 1257, "len({0})")
inline("char_length(text) int4", 1381, "len({0})")
inline("character_length(text) int4", 1369, "len({0})")
inline("length(bpchar) int4", 1318, "len({0}.rstrip(' '))")
inline("char_length(bpchar) int4", 1372, "len({0}.rstrip(' '))")
inline("character_length(bpchar) int4", 1367, "len({0}.rstrip(' '))")
inline("octet_length(text) int4", 1374, "len({0}.encode())")
inline("octet_length(bpchar) int4", 1375, "len({0}.encode())")
inline("bit_length(text) int4", 1811, "len({0}.encode()) * 8")
inline("replace(text, text, text) text", 2087, "replaced({0}, {1}, {2}) if {1} else {0}")
inline("reverse(text) text", 3062, "reversed_text({0})")
inline("starts_with(text, text) bool", 3696, "{0}.startswith({1})")
inline("text_larger(text, text) text", 458, "{0} if {0} > {1} else {1}")
inline("text_smaller(text, text) text", 459, "{0} if {0} < {1} else {1}")
inline("bpchar_larger(bpchar, bpchar) bpchar", 1063, "{0} if {0}.rstrip(' ') >= {1}.rstrip(' ') else {1}")
inline("bpchar_smaller(bpchar, bpchar) bpchar", 1064, "{0} if {0}.rstrip(' ') <= {1}.rstrip(' ') else {1}")


def _simple(change):
    """A mapping character by character: a letter that would become several stays."""

    def convert(text: str) -> str:
        result = change(text)
        if len(result) == len(text) and text.isascii():
            return result
        return "".join(c if len(m := change(c)) != 1 else m for c in text)

    return lambda text: mapped(text, convert)


_upper, _lower = _simple(str.upper), _simple(str.lower)
upper = function("upper(text) text", 871, not_null=True)(_upper)
lower = function("lower(text) text", 870, not_null=True)(_lower)


@function("initcap(text) text", 872, not_null=True)
def initcap(text: str) -> str:
    out, inside = [], False
    for char in text:
        out.append(_lower(char) if inside else _upper(char))
        inside = char.isalnum()
    return "".join(out)


# ---- cutting and padding --------------------------------------------------------------------------------------------


@function("substr(text, int4) text", 883, not_null=True)
@function("substring(text, int4) text", 937, not_null=True)
def substring_from(text: str, start: int) -> str:
    return text[max(start, 1) - 1 :]


@function("substr(text, int4, int4) text", 877, not_null=True)
@function("substring(text, int4, int4) text", 936, not_null=True)
def substring(text: str, start: int, count: int) -> str:
    if count < 0:
        raise DataError("negative substring length not allowed", sqlstate="22011")
    end = start + count
    return text[max(start, 1) - 1 : end - 1] if end > 1 else ""


@function("left(text, int4) text", 3060, not_null=True)
def left(text: str, count: int) -> str:
    return text[:count]


@function("right(text, int4) text", 3061, not_null=True)
def right(text: str, count: int) -> str:
    return text[-count:] if count < 0 else text[max(len(text) - count, 0) :]


def _padding(text: str, width: int, fill: str) -> str:
    if width * 4 > SIZE_MAX:
        raise ProgramLimitExceeded("requested length too large")
    missing = width - len(text)
    return (fill * (missing // len(fill) + 1))[:missing] if missing > 0 and fill else ""


@function("lpad(text, int4, text) text", 873, not_null=True)
def lpad(text: str, width: int, fill: str) -> str:
    width = max(width, 0)
    return text[:width] if len(text) >= width else _padding(text, width, fill) + text


@function("rpad(text, int4, text) text", 874, not_null=True)
def rpad(text: str, width: int, fill: str) -> str:
    width = max(width, 0)
    return text[:width] if len(text) >= width else text + _padding(text, width, fill)


function("lpad(text, int4) text", 879, not_null=True)(lambda text, width: lpad(text, width, " "))
function("rpad(text, int4) text", 880, not_null=True)(lambda text, width: rpad(text, width, " "))


@function("repeat(text, int4) text", 1622, not_null=True)
def repeat(text: str, count: int) -> str:
    if count > 0 and len(text) * count > SIZE_MAX:
        raise ProgramLimitExceeded("requested length too large")
    return repeated(text, count)


inline("btrim(text) text", 885, "{0}.strip(' ')")
inline("ltrim(text) text", 881, "{0}.lstrip(' ')")
inline("rtrim(text) text", 882, "{0}.rstrip(' ')")
inline("btrim(text, text) text", 884, "{0}.strip({1}) if {1} else {0}")
inline("ltrim(text, text) text", 875, "{0}.lstrip({1}) if {1} else {0}")
inline("rtrim(text, text) text", 876, "{0}.rstrip({1}) if {1} else {0}")


@function("overlay(text, text, int4, int4) text", 1404, not_null=True)
def overlay(text: str, new: str, start: int, count: int) -> str:
    if start <= 0:
        raise DataError("negative substring length not allowed", sqlstate="22011")
    to_int(start + count, 4)
    return text[: start - 1] + new + text[max(start + count - 1, 0) :]


function("overlay(text, text, int4) text", 1405, not_null=True)(
    lambda text, new, start: overlay(text, new, start, len(new))
)


@function("split_part(text, text, int4) text", 2088, not_null=True)
def split_part(text: str, separator: str, field: int) -> str:
    if field == 0:
        raise DataError("field position must not be zero", sqlstate="22023")
    if not text:
        return ""
    parts = text.split(separator) if separator else [text]
    index = field - 1 if field > 0 else len(parts) + field
    return parts[index] if 0 <= index < len(parts) else ""


# ---- searching and replacing ----------------------------------------------------------------------------------------

inline("strpos(text, text) int4", 868, "{0}.find({1}) + 1")
inline("position(text, text) int4", 849, "{0}.find({1}) + 1")


@function("translate(text, text, text) text", 878, not_null=True)
def translate(text: str, old: str, new: str) -> str:
    table: dict[int, str | None] = {}
    for i, char in enumerate(old):
        table.setdefault(ord(char), new[i] if i < len(new) else None)
    return mapped(text, lambda part: part.translate(table))


@function("ascii(text) int4", 1620, not_null=True)
def ascii_code(text: str) -> int:
    return ord(text[0]) if text else 0


@function("chr(int4) text", 1621, not_null=True)
def chr_text(code: int) -> str:
    if code == 0:
        raise ProgramLimitExceeded("null character not permitted")
    if code < 0:
        raise DataError("character number must be positive", sqlstate="22023")
    if code > 0x10FFFF:
        raise ProgramLimitExceeded("requested character too large for encoding: %d" % code)
    if 0xD800 <= code < 0xE000:
        raise ProgramLimitExceeded(f"requested character not valid for encoding: {code}")
    return chr(code)


@function("to_hex(int4) text", 2089, not_null=True)
def to_hex4(value: int) -> str:
    return f"{value & 0xFFFFFFFF:x}"


@function("to_hex(int8) text", 2090, not_null=True)
def to_hex8(value: int) -> str:
    return f"{value & 0xFFFFFFFFFFFFFFFF:x}"


# ---- quoting --------------------------------------------------------------------------------------------------------

function("quote_ident(text) text", 1282, not_null=True)(quoted_identifier)


@function("quote_literal(text) text", 1283, not_null=True)
def quote_literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"E'{quoted}'".replace("\\", "\\\\") if "\\" in quoted else f"'{quoted}'"


@function("quote_nullable(text) text", 1289, strict=False, not_null=True)
def quote_nullable(text: str | None) -> str:
    return "NULL" if text is None else quote_literal(text)


@function("quote_literal(anyelement) text", 1285, volatility="s", context=True, types=True, not_null=True)
def quote_any(ctx, types, value) -> str:
    return quote_literal(ctx.output(value, types.args[0]))


@function("quote_nullable(anyelement) text", 1290, volatility="s", context=True, types=True, strict=False, not_null=True)
def quote_any_nullable(ctx, types, value) -> str:
    return "NULL" if value is None else quote_any(ctx, types, value)


_SPACE = " \t\n\r\v\f"


@function("parse_ident(str text, strict bool = True) text[]", 1268)
def parse_ident(text: str, strict: bool):
    """A qualified identifier taken apart, unquoted parts in lower case."""
    from aurorapy.types.values import Array

    parts, at = [], 0

    def skip(i: int) -> int:
        while i < len(text) and text[i] in _SPACE:
            i += 1
        return i

    def invalid(detail: str | None = None) -> DataError:
        return DataError(f'string is not a valid identifier: "{text}"', sqlstate="22023", detail=detail)

    at = skip(at)
    while True:
        if at < len(text) and text[at] == '"':
            end, name = at + 1, []
            while True:
                close = text.find('"', end)
                if close < 0:
                    raise invalid("String has unclosed double quotes.")
                name.append(text[end:close])
                if text[close + 1 : close + 2] != '"':
                    break
                name.append('"')
                end = close + 2
            at = close + 1
            if not "".join(name):
                raise invalid("Quoted identifier must not be empty.")
            parts.append("".join(name))
        else:
            match = re.compile(r"[A-Za-z_\u0080-\U0010ffff][\w$]*").match(text, at)
            if match is None:
                raise _bad_ident(text, at, bool(parts), invalid)
            parts.append(match[0].lower())
            at = match.end()
        at = skip(at)
        if at < len(text) and text[at] == ".":
            at = skip(at + 1)
            continue
        if at < len(text) and strict:
            raise invalid()
        return Array.of([truncate_name(p) for p in parts], 25)


def _bad_ident(text: str, at: int, after_dot: bool, invalid) -> DataError:
    if at < len(text) and text[at] == ".":
        return invalid('No valid identifier before ".".')
    if after_dot:
        return invalid('No valid identifier after ".".')
    return invalid()


# ---- conversions ----------------------------------------------------------------------------------------------------

inline("text(bpchar) text", 401, "{0}.rstrip(' ')")
inline("text(char) text", 946, "{0}")
inline("text(name) text", 406, "{0}")
inline("text(bool) text", 2971, "'true' if {0} else 'false'")
inline("varchar(name) varchar", 1401, "{0}")
inline("bpchar(name) bpchar", 408, "{0}")
inline("bpchar(char) bpchar", 860, "{0} or ' '")
inline("name(text) name", 407, "truncate_name({0})")
inline("name(varchar) name", 1400, "truncate_name({0})")
inline("name(bpchar) name", 409, "truncate_name({0}.rstrip(' '))")
inline("char(text) char", 944, "first_char({0})")
helper(truncate_name)


@helper
def first_char(text: str) -> str:
    """The first byte of a text as a "char"."""
    return char_of(text.encode()[0]) if text else ""


function("varchar(varchar, int4, bool) varchar", 669, not_null=True)(fit_varchar)
function("bpchar(bpchar, int4, bool) bpchar", 668, not_null=True)(fit_bpchar)


@function("to_ascii(text) text", 1845, not_null=True)
def to_ascii(text: str) -> str:
    raise DataError("encoding conversion from UTF8 to ASCII not supported", sqlstate="0A000")


def _normal_form(name: str) -> str:
    if name.upper() not in ("NFC", "NFD", "NFKC", "NFKD"):
        raise DataError(f"invalid normalization form: {name}", sqlstate="22023")
    return name.upper()


@function("normalize(text, text = 'NFC') text", 4350, not_null=True)
def normalize(text: str, form: str) -> str:
    return unicodedata.normalize(_normal_form(form), text)


@function("is_normalized(text, text = 'NFC') bool", 4351, not_null=True)
def is_normalized(text: str, form: str) -> bool:
    return unicodedata.is_normalized(_normal_form(form), text)


@function("unistr(text) text", 6198, not_null=True)
def unistr(text: str) -> str:
    r"""\XXXX, \+XXXXXX, \uXXXX, \UXXXXXXXX and \\ replaced."""

    def char(match: re.Match) -> str:
        if match[0] == "\\\\":
            return "\\"
        digits = match[1] or match[2] or match[3] or match[4]
        if digits is None:
            hint = "Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX."
            raise DataError("invalid Unicode escape", sqlstate="42601", hint=hint)
        code = int(digits, 16)
        if code == 0 or code > 0x10FFFF:
            raise DataError(f"invalid Unicode code point: {code:04X}", sqlstate="22023")
        return chr(code)

    pattern = r"\\(?:\\|([0-9A-Fa-f]{4})|\+([0-9A-Fa-f]{6})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|)"
    found = re.sub(pattern, char, text)
    if any(0xD800 <= ord(c) < 0xE000 for c in found):
        try:
            return found.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise DataError("invalid Unicode surrogate pair", sqlstate="42601") from None
    return found
