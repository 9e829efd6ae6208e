"""Values into text: concat, concat_ws, format(), || with any type, and to_char / to_number of numbers.

    format('%-5s|%I|%L', 'ab', 'My Col', 'it''s') → 'ab   |"My Col"|'it''s''
    to_char(-1234.5, '9,999.99') → '-1,234.50'      to_number('1,234', '9G999') → 1234

Errors: 22023 of format specifications, 22004 a NULL identifier, 42601 and 22P02 of number patterns.

Not here: number patterns themselves (`number_pattern`), dates (`datetime_format`).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from aurorapy.errors import DataError
from aurorapy.expressions.functions import number_pattern
from aurorapy.expressions.functions.strings import quote_literal
from aurorapy.expressions.registry import function
from aurorapy.types.identifiers import quote_identifier
from aurorapy.types.numeric import round_to


def _show(ctx, value: Any, oid: int) -> str:
    if oid == 16:
        return "t" if value else "f"
    return ctx.output(value, oid)


@function("concat(variadic any) text", 3058, strict=False, volatility="s", context=True, types=True, not_null=True)
def concat(ctx, types, *args) -> str:
    return "".join(_show(ctx, v, t) for v, t in zip(args, types.args) if v is not None)


@function("concat_ws(text, variadic any) text", 3059, strict=False, volatility="s", context=True, types=True)
def concat_ws(ctx, types, separator, *args) -> str | None:
    if separator is None:
        return None
    return separator.join(_show(ctx, v, t) for v, t in zip(args, types.args[1:]) if v is not None)


@function("textanycat(text, anynonarray) text", 2003, volatility="s", context=True, types=True, not_null=True)
def text_any(ctx, types, text: str, value) -> str:
    return text + ("true" if value is True else "false" if value is False else ctx.output(value, types.args[1]))


@function("anytextcat(anynonarray, text) text", 2004, volatility="s", context=True, types=True, not_null=True)
def any_text(ctx, types, value, text: str) -> str:
    return ("true" if value is True else "false" if value is False else ctx.output(value, types.args[0])) + text


# ---- format() -------------------------------------------------------------------------------------------------------

_SPECIFIER = re.compile(r"%(?:(\d+)\$)?(-*)(?:(\d+)|\*(?:(\d+)\$)?|(\*))?(.?)", re.S)


@function("format(text, variadic any) text", 3539, strict=False, volatility="s", context=True, types=True)
def format_text(ctx, types, pattern, *args) -> str | None:
    if pattern is None:
        return None
    next_arg = 0

    def take(position: str | None) -> tuple[Any, int]:
        nonlocal next_arg
        if position is not None:
            if int(position) == 0:
                raise DataError("format specifies argument 0, but arguments are numbered from 1", sqlstate="22023")
            next_arg = int(position)
        else:
            next_arg += 1
        if next_arg > len(args):
            raise DataError("too few arguments for format()", sqlstate="22023")
        return args[next_arg - 1], types.args[next_arg]

    def replace(match: re.Match) -> str:
        position, minus, width, width_from, _, kind = match.groups()
        if match[0] == "%%":
            return "%"
        if not kind:
            raise DataError("unterminated format() type specifier", sqlstate="22023", hint='For a single "%" use "%%".')
        if kind not in "sIL":
            raise DataError(
                f'unrecognized format() type specifier "{kind}"', sqlstate="22023", hint='For a single "%" use "%%".'
            )
        left = bool(minus)
        size = int(width) if width else 0
        if "*" in match[0]:
            given, _ = take(width_from)
            size = int(given or 0)
            left, size = left or size < 0, abs(size)
        value, oid = take(position)
        text = _specified(ctx, kind, value, oid)
        return text.ljust(size) if left else text.rjust(size)

    return _SPECIFIER.sub(replace, pattern)


def _specified(ctx, kind: str, value: Any, oid: int) -> str:
    if value is None:
        if kind == "I":
            raise DataError("null values cannot be formatted as an SQL identifier", sqlstate="22004")
        return "NULL" if kind == "L" else ""
    text = _show(ctx, value, oid)
    return text if kind == "s" else quote_identifier(text) if kind == "I" else quote_literal(text)


@function("format(text) text", 3540, strict=False, volatility="s", context=True, types=True)
def format_plain(ctx, types, pattern: str | None) -> str | None:
    return format_text(ctx, types, pattern)


# ---- numbers --------------------------------------------------------------------------------------------------------


@function("to_char(numeric, text) text", 1772, volatility="s", not_null=True)
def numeric_to_char(value: Decimal, pattern: str) -> str:
    shape = number_pattern.parse(pattern)
    if value.is_finite() and not shape.scientific and not shape.roman:
        shown = round_to(value * Decimal(10) ** shape.multiplied, shape.decimals)
        return shape.fill(format(abs(shown), "f"), shown.is_signed() and bool(shown) or value < 0)
    return shape.special(value)


@function("to_char(int8, text) text", 1774, volatility="s", not_null=True)
@function("to_char(int4, text) text", 1773, volatility="s", not_null=True)
def int_to_char(value: int, pattern: str) -> str:
    return numeric_to_char(Decimal(value), pattern)


def _float_to_char(digits_max: int):
    def convert(value: float, pattern: str) -> str:
        shape = number_pattern.parse(pattern)
        if value != value or abs(value) == float("inf") or shape.scientific or shape.roman:
            return shape.special(Decimal(repr(value)))
        value *= 10.0**shape.multiplied
        whole = len(f"{abs(value):.0f}")
        decimals = max(min(shape.decimals, digits_max - whole), 0)
        shown = f"{abs(value):.{decimals}f}"
        return shape.fill(shown, value < 0)

    return convert


function("to_char(float8, text) text", 1776, volatility="s", not_null=True)(_float_to_char(15))
function("to_char(float4, text) text", 1775, volatility="s", not_null=True)(_float_to_char(6))


@function("to_number(text, text) numeric", 1777, volatility="s")
def to_number(text: str, pattern: str) -> Decimal | None:
    return number_pattern.parse(pattern).read(text) if pattern else None


