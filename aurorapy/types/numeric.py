"""numeric: exact decimals of up to 131,072 digits before the point and 16,383 after it, NaN and both infinities.

A value is a Decimal whose exponent is minus the display scale (never positive), and never a negative zero:

    parse("1e3") → Decimal("1000")     parse("1.50") → Decimal("1.50")     parse("-0.0") → Decimal("0.0")
    fit(Decimal("2.675"), typmod_in(("3", "2"))) → Decimal("2.68")         halves go away from zero
    fit(Decimal("1250"), typmod_in(("2", "-2"))) → Decimal("1300")         a negative scale rounds before the point

Binary form: count, weight, sign, display scale, then digits of base 10,000, each 16 bits. `EXACT` is the decimal context
for every operation on numerics that must not round by itself.

Not here: arithmetic and the scale of its results (`expressions.functions`).
"""

from __future__ import annotations

import re
from decimal import MAX_EMAX, MIN_EMIN, ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from struct import pack, unpack_from

from aurorapy.errors import DataError
from aurorapy.types.codec import Codec, invalid_syntax

EXACT = Context(prec=400_000, rounding=ROUND_HALF_UP, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])
WHOLE_DIGITS_MAX = 131_072
SCALE_MAX = 16_383  # display scale of a value
EXPONENT_END = 0x3FFFFFFF  # of an exponent in input
PRECISION_MAX = 1_000  # of numeric(p, s); s from -1000 to 1000

NAN = Decimal("NaN")
INFINITY = Decimal("Infinity")
MINUS_INFINITY = Decimal("-Infinity")
_ONE = Decimal(1)
_SPECIAL = {"nan": NAN, "infinity": INFINITY, "inf": INFINITY}
_SYNTAX = re.compile(
    r"[ \t\n\r\v\f]*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([eE][ \t\n\r\v\f]*[+-]?[0-9]+)?[ \t\n\r\v\f]*"
).fullmatch
_SPECIAL_SYNTAX = re.compile(
    r"[ \t\n\r\v\f]*([+-]?)(nan|infinity|inf)[ \t\n\r\v\f]*", re.IGNORECASE | re.ASCII
).fullmatch


def overflow() -> DataError:
    return DataError("value overflows numeric format", sqlstate="22003")


def check(value: Decimal) -> Decimal:
    """`value` as a numeric is kept: no positive exponent, no negative zero; 22003 beyond the format."""
    if not value:
        exponent = value.as_tuple().exponent
        if exponent < -SCALE_MAX:
            raise overflow()
        return Decimal((0, (0,), min(exponent, 0)))
    if not value.is_finite():
        return NAN if value.is_nan() else value
    if value.adjusted() >= WHOLE_DIGITS_MAX:
        raise overflow()
    exponent = value.as_tuple().exponent
    if exponent > 0:
        return value.quantize(_ONE, context=EXACT)
    if exponent < -SCALE_MAX:
        raise overflow()
    return value


def round_to(value: Decimal, scale: int) -> Decimal:
    """`value` with `scale` digits after the point, halves away from zero; scale < 0 rounds before the point."""
    if not value.is_finite():
        return value
    result = value.quantize(Decimal((0, (1,), -scale)), context=EXACT)
    if scale < 0:
        result = result.quantize(_ONE, context=EXACT)
    return result if result else abs(result)


def parse(text: str, typmod: int, ctx) -> Decimal:
    whole, point, rest = text.partition(".")
    if whole.isdigit() and (rest.isdigit() or not point) and len(text) < SCALE_MAX and text.isascii():
        value = Decimal(text)  # most numbers
        return value if typmod < 0 else fit(value, typmod)
    match = _SYNTAX(text)
    if match is None:
        return _parse_special(text, typmod)
    digits, exponent = match.groups()
    if exponent is None:
        value = Decimal(digits)
    else:
        power = exponent[1:].strip()
        if len(power) > 9 and abs(int(power[:4000])) >= EXPONENT_END:
            raise overflow()
        value = Decimal(f"{digits}e{power}")
    return check(value) if typmod < 0 else fit(value, typmod)


def _parse_special(text: str, typmod: int) -> Decimal:
    match = _SPECIAL_SYNTAX(text)
    if match is None or match[1] and match[2].lower() == "nan":
        raise invalid_syntax("numeric", text)
    value = _SPECIAL[match[2].lower()]
    return fit(-value if match[1] == "-" else value, typmod)


def show(value: Decimal, ctx) -> str:
    text = str(value)
    return format(value, "f") if "E" in text else text


# numeric(precision, scale)


def typmod_in(args: tuple[str, ...]) -> int:
    """((precision << 16) | scale in 11 bits) + 4."""
    if len(args) > 2:
        raise DataError("invalid NUMERIC type modifier", sqlstate="22023")
    precision = int(args[0])
    scale = int(args[1]) if len(args) == 2 else 0
    if not 1 <= precision <= PRECISION_MAX:
        raise DataError(f"NUMERIC precision {precision} must be between 1 and {PRECISION_MAX}", sqlstate="22023")
    if not -PRECISION_MAX <= scale <= PRECISION_MAX:
        raise DataError(
            f"NUMERIC scale {scale} must be between -{PRECISION_MAX} and {PRECISION_MAX}", sqlstate="22023"
        )
    return (precision << 16 | scale & 0x7FF) + 4


def precision_scale(typmod: int) -> tuple[int, int]:
    """The (precision, scale) of a typmod >= 4."""
    bits = typmod - 4
    return bits >> 16 & 0xFFFF, ((bits & 0x7FF) ^ 1024) - 1024


def typmod_out(typmod: int) -> str:
    return "({},{})".format(*precision_scale(typmod)) if typmod >= 4 else ""


def fit(value: Decimal, typmod: int) -> Decimal:
    """`value` rounded to the typmod's scale; 22003 with its detail where the precision does not hold it."""
    if typmod < 4:
        return value
    precision, scale = precision_scale(typmod)
    if not value.is_finite():
        if value.is_nan():
            return value
        detail = f"A field with precision {precision}, scale {scale} cannot hold an infinite value."
        raise DataError("numeric field overflow", sqlstate="22003", detail=detail)
    whole = precision - scale
    result = round_to(value, scale) if not value or value.adjusted() < whole else value
    if result and result.adjusted() >= whole:
        limit = f"10^{whole}" if whole else "1"
        detail = (
            f"A field with precision {precision}, scale {scale} must round to an absolute value less than {limit}."
        )
        raise DataError("numeric field overflow", sqlstate="22003", detail=detail)
    return result


# binary form

_POSITIVE, _NEGATIVE, _NAN, _PLUS_INF, _MINUS_INF = 0x0000, 0x4000, 0xC000, 0xD000, 0xF000
_INFINITE_SCALE = 0x20  # what PostgreSQL sends with an infinity; nobody reads it


def send(value: Decimal, ctx) -> bytes:
    if not value.is_finite():
        sign = _NAN if value.is_nan() else _PLUS_INF if value > 0 else _MINUS_INF
        return pack(">4H", 0, 0, sign, 0 if sign == _NAN else _INFINITE_SCALE)
    negative, digits, exponent = value.as_tuple()
    scale = -exponent
    sign = _NEGATIVE if negative else _POSITIVE
    if not value:
        return pack(">4H", 0, 0, _POSITIVE, scale)
    text = "".join(map(str, digits)) + "0" * (-scale % 4)
    text = text.rjust((len(text) + 3) // 4 * 4, "0")
    groups = [int(text[i : i + 4]) for i in range(0, len(text), 4)]
    weight = len(groups) - (scale + 3) // 4 - 1
    first = next(i for i, group in enumerate(groups) if group)
    last = next(i for i in range(len(groups), 0, -1) if groups[i - 1])
    groups = groups[first:last]
    return pack(f">HhHH{len(groups)}H", len(groups), weight - first, sign, scale, *groups)


def receive(data: bytes, typmod: int, ctx) -> Decimal:
    if len(data) < 8:
        raise DataError("insufficient data left in message", sqlstate="08P01")
    count, weight, sign, scale = unpack_from(">HhHH", data)
    if sign in (_NAN, _PLUS_INF, _MINUS_INF):
        return fit({_NAN: NAN, _PLUS_INF: INFINITY, _MINUS_INF: MINUS_INFINITY}[sign], typmod)
    if sign not in (_POSITIVE, _NEGATIVE):
        raise DataError('invalid sign in external "numeric" value', sqlstate="22P03")
    if scale > SCALE_MAX:
        raise DataError('invalid scale in external "numeric" value', sqlstate="22P03")
    if len(data) != 8 + 2 * count:
        text = "insufficient data left in message" if len(data) < 8 + 2 * count else "incorrect binary data format"
        raise DataError(text, sqlstate="08P01" if len(data) < 8 + 2 * count else "22P03")
    groups = unpack_from(f">{count}H", data, 8)
    if any(group > 9999 for group in groups):
        raise DataError('invalid digit in external "numeric" value', sqlstate="22P03")
    digits = "".join([f"{group:04}" for group in groups]) or "0"
    value = Decimal(digits).scaleb(4 * (weight + 1 - count), context=EXACT) if count else Decimal(0)
    value = _cut(value, scale)
    if sign == _NEGATIVE and value:
        value = value.copy_negate()
    return fit(check(value), typmod)


def _cut(value: Decimal, scale: int) -> Decimal:
    """`value` shown with `scale` digits; digits the sender put beyond them are dropped, not rounded."""
    return value.quantize(Decimal((0, (1,), -scale)), rounding=ROUND_DOWN, context=EXACT)


CODECS = {
    "numeric": Codec(
        parse, show, receive, send, storage="n", key="n", sql_name="numeric",
        typmod_in=typmod_in, typmod_out=typmod_out,
    ),
}
