"""numeric: exact arithmetic, rounding, roots, logarithms and powers, conversions.

Sums, differences and products are exact and keep all decimals; how many the rest show is `decimal_rules`.

    1.10 + 2.2 → 3.30      1.5 * 1.50 → 2.250      1 / 3.0 → 0.33333333333333333333      round(2.5) → 3

NaN goes through everything; infinities follow IEEE 754 as PostgreSQL 14 and later do.

Errors: 22003 value overflows numeric format, 22012 division by zero, 2201E and 2201F of logarithms and powers,
0A000 for conversions of NaN or infinity to integers.

Not here: comparison (`comparison`), gcd and width_bucket (`mathematics`), to_char (`formatting`).
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from aurorapy.errors import DataError, FeatureNotSupported
from aurorapy.expressions.functions import decimal_rules as rules
from aurorapy.expressions.functions.floats import INF, single
from aurorapy.expressions.functions.integers import LIMITS, to_int
from aurorapy.expressions.registry import function, inline
from aurorapy.types.numeric import EXACT, INFINITY, MINUS_INFINITY, NAN, WHOLE_DIGITS_MAX, check, fit, overflow, round_to

ZERO, ONE = Decimal(0), Decimal(1)
_add, _subtract, _multiply = EXACT.add, EXACT.subtract, EXACT.multiply


def _finish(result: Decimal) -> Decimal:
    """A sum, difference or product as numeric keeps it: no negative zero, 22003 when too large."""
    if not result:
        return result.copy_abs()
    if result.adjusted() >= WHOLE_DIGITS_MAX and result.is_finite():
        raise overflow()
    return result


@function("numeric_add(numeric, numeric) numeric", 1724, not_null=True)
def add(a: Decimal, b: Decimal) -> Decimal:
    return _finish(_add(a, b))


@function("numeric_sub(numeric, numeric) numeric", 1725, not_null=True)
def subtract(a: Decimal, b: Decimal) -> Decimal:
    return _finish(_subtract(a, b))


@function("numeric_mul(numeric, numeric) numeric", 1726, not_null=True)
def multiply(a: Decimal, b: Decimal) -> Decimal:
    result = _finish(_multiply(a, b))
    if result.adjusted() > -8000 and result.__sizeof__() < 3000:  # too short to have more decimals than numeric shows
        return result
    return round_to(result, 16383) if rules.scale_of(result) > 16383 else result


def _special_quotient(a: Decimal, b: Decimal) -> Decimal | None:
    """a / b where one of them is not finite or b is zero; None for the ordinary case."""
    if a.is_nan() or b.is_nan():
        return NAN
    if not b:
        raise DataError("division by zero", sqlstate="22012")
    if a.is_infinite():
        return NAN if b.is_infinite() else a if b > 0 else -a
    return ZERO if b.is_infinite() else None


@function("numeric_div(numeric, numeric) numeric", 1727, not_null=True)
def divide(a: Decimal, b: Decimal) -> Decimal:
    if b and a.is_finite() and b.is_finite():
        return rules.divide(a, b)
    return _special_quotient(a, b)


@function("numeric_div_trunc(numeric, numeric) numeric", 1980, not_null=True)
@function("div(numeric, numeric) numeric", 1973, not_null=True)
def divide_whole(a: Decimal, b: Decimal) -> Decimal:
    special = _special_quotient(a, b)
    return check(EXACT.divide_int(a, b)) if special is None else special


@function("numeric_mod(numeric, numeric) numeric", 1729, not_null=True)
@function("mod(numeric, numeric) numeric", 1728, not_null=True)
def modulo(a: Decimal, b: Decimal) -> Decimal:
    if a.is_nan() or b.is_nan():
        return NAN
    if not b:
        raise DataError("division by zero", sqlstate="22012")
    if a.is_infinite():
        return NAN
    if b.is_infinite():
        return a
    result = EXACT.remainder(a, b)
    return round_to(result, max(rules.scale_of(a), rules.scale_of(b)))


@function("numeric_uminus(numeric) numeric", 1771, not_null=True)
def negate(a: Decimal) -> Decimal:
    return a.copy_negate() if a and not a.is_nan() else a


inline("numeric_uplus(numeric) numeric", 1915, "{0}")


@function("numeric_abs(numeric) numeric", 1704, not_null=True)
@function("abs(numeric) numeric", 1705, not_null=True)
def absolute(a: Decimal) -> Decimal:
    return a.copy_abs()


@function("sign(numeric) numeric", 1706, not_null=True)
def sign(a: Decimal) -> Decimal:
    if a.is_nan():
        return NAN
    return Decimal((a > 0) - (a < 0))


def _whole(rounding: str):
    def take(a: Decimal) -> Decimal:
        if not a.is_finite():
            return a
        result = a.quantize(ONE, rounding=rounding, context=EXACT)
        return result if result else ZERO

    return take


function("ceil(numeric) numeric", 1711, not_null=True)(_whole(ROUND_CEILING))
function("ceiling(numeric) numeric", 2167, not_null=True)(_whole(ROUND_CEILING))
function("floor(numeric) numeric", 1712, not_null=True)(_whole(ROUND_FLOOR))


@function("round(numeric) numeric", 1708, not_null=True)
def round_whole(a: Decimal) -> Decimal:
    return round_to(a, 0)


@function("round(numeric, int4) numeric", 1707, not_null=True)
def round_decimal(a: Decimal, scale: int) -> Decimal:
    return round_to(a, min(max(scale, -131072), 16383))


@function("trunc(numeric) numeric", 1710, not_null=True)
def truncate_whole(a: Decimal) -> Decimal:
    return truncate(a, 0)


@function("trunc(numeric, int4) numeric", 1709, not_null=True)
def truncate(a: Decimal, scale: int) -> Decimal:
    if not a.is_finite():
        return a
    scale = min(max(scale, -131072), 16383)
    result = a.quantize(Decimal((0, (1,), -scale)), rounding=ROUND_DOWN, context=EXACT)
    result = result.quantize(ONE, context=EXACT) if scale < 0 else result
    return result if result else abs(result)


@function("scale(numeric) int4", 3281)
def scale(a: Decimal) -> int | None:
    return rules.scale_of(a) if a.is_finite() else None


@function("min_scale(numeric) int4", 5042)
def min_scale(a: Decimal) -> int | None:
    return rules.scale_of(trim_scale(a)) if a.is_finite() else None


@function("trim_scale(numeric) numeric", 5043, not_null=True)
def trim_scale(a: Decimal) -> Decimal:
    if not a.is_finite():
        return a
    text = format(a, "f")
    return Decimal(text.rstrip("0").rstrip(".") or "0") if "." in text else a


@function("numeric_larger(numeric, numeric) numeric", 1767, not_null=True)
def larger(a: Decimal, b: Decimal) -> Decimal:
    return a if a.is_nan() or (not b.is_nan() and a > b) else b


@function("numeric_smaller(numeric, numeric) numeric", 1766, not_null=True)
def smaller(a: Decimal, b: Decimal) -> Decimal:
    return a if b.is_nan() or (not a.is_nan() and a < b) else b


# ---- roots, logarithms, powers --------------------------------------------------------------------------------------


@function("numeric_sqrt(numeric) numeric", 1731, not_null=True)
@function("sqrt(numeric) numeric", 1730, not_null=True)
def sqrt(a: Decimal) -> Decimal:
    if a.is_nan():
        return a
    if a < 0:
        raise DataError("cannot take square root of a negative number", sqlstate="2201F")
    return a if a.is_infinite() else rules.root(a, rules.root_scale(a))


@function("numeric_exp(numeric) numeric", 1733, not_null=True)
@function("exp(numeric) numeric", 1732, not_null=True)
def exp(a: Decimal) -> Decimal:
    if not a.is_finite():
        return ZERO if a == MINUS_INFINITY else a
    digits = int(max(-2000.0, min(2000.0, float(a) * 0.434294481903252)))
    scale = rules.clamp(rules.SIGNIFICANT_MIN - digits, a)
    if abs(a) >= 6000 * 3 and a > 0:
        raise overflow()
    return _exp(a, scale)


def _exp(a: Decimal, scale: int) -> Decimal:
    weight = int(float(a) * 0.434294481903252)
    if weight > WHOLE_DIGITS_MAX:
        raise overflow()
    if weight < -scale - 2:
        return round_to(ZERO, scale)
    return check(round_to(rules.context(max(weight, 0) + scale + 20).exp(a), scale))


@function("numeric_ln(numeric) numeric", 1735, not_null=True)
@function("ln(numeric) numeric", 1734, not_null=True)
def ln(a: Decimal) -> Decimal:
    if a.is_nan():
        return a
    rules.refuse_logarithm(a)
    if a.is_infinite():
        return a
    return rules.logarithm(a, rules.clamp(rules.SIGNIFICANT_MIN - rules.ln_weight(a), a))


@function("log10(numeric) numeric", 1481, not_null=True)
@function("log(numeric) numeric", 1741, not_null=True)
def log10(a: Decimal) -> Decimal:
    return log(Decimal(10), a)


@function("numeric_log(numeric, numeric) numeric", 1737, not_null=True)
@function("log(numeric, numeric) numeric", 1736, not_null=True)
def log(base: Decimal, a: Decimal) -> Decimal:
    if base.is_nan() or a.is_nan():
        return NAN
    rules.refuse_logarithm(base)
    rules.refuse_logarithm(a)
    if base.is_infinite():
        return NAN if a.is_infinite() else ZERO
    if a.is_infinite():
        return a
    if base == 1:
        raise DataError("division by zero", sqlstate="22012")
    scale = rules.clamp(rules.SIGNIFICANT_MIN - rules.ln_weight(a) + rules.ln_weight(base), base, a)
    wide = rules.context(scale + 40)
    return check(round_to(wide.divide(wide.ln(a), wide.ln(base)), scale))


@function("numeric_power(numeric, numeric) numeric", 1739, not_null=True)
@function("power(numeric, numeric) numeric", 2169, not_null=True)
@function("pow(numeric, numeric) numeric", 1738, not_null=True)
def power(base: Decimal, exponent: Decimal) -> Decimal:
    if not (base.is_finite() and exponent.is_finite()):
        return _special_power(base, exponent)
    if not base and exponent < 0:
        raise DataError("zero raised to a negative power is undefined", sqlstate="2201F")
    whole = exponent == exponent.to_integral_value()
    if base < 0 and not whole:
        raise DataError("a negative number raised to a non-integer power yields a complex result", sqlstate="2201F")
    if whole and abs(exponent) < 2**31:
        return _whole_power(base, int(exponent))
    return _real_power(base, exponent, whole)


def _special_power(base: Decimal, exponent: Decimal) -> Decimal:
    if base == 1 or exponent == 0:
        return ONE
    if base.is_nan() or exponent.is_nan():
        return NAN
    if not base and exponent < 0:
        raise DataError("zero raised to a negative power is undefined", sqlstate="2201F")
    if exponent.is_infinite():
        size = abs(base)
        if size == 1:
            return ONE
        return INFINITY if (size > 1) == (exponent > 0) else ZERO
    if base > 0:
        return INFINITY if exponent > 0 else ZERO
    if exponent != exponent.to_integral_value():
        raise DataError("a negative number raised to a non-integer power yields a complex result", sqlstate="2201F")
    if exponent < 0:
        return ZERO
    return MINUS_INFINITY if int(exponent) % 2 else INFINITY


def _whole_power(base: Decimal, exponent: int) -> Decimal:
    scale = rules.clamp(rules.SIGNIFICANT_MIN, base)
    if exponent == 0:
        return round_to(ONE, scale)
    if not base:
        return round_to(ZERO, scale)
    weight = int(math.log10(abs(base)) * exponent) if base.adjusted() < 300 else base.adjusted() * exponent
    if weight > WHOLE_DIGITS_MAX:
        raise overflow()
    if weight < -scale - 2:
        return round_to(ZERO, scale)
    digits = max(weight, 0) + scale + 12 + len(str(abs(exponent)))
    return check(round_to(rules.context(digits).power(base, Decimal(exponent)), scale))


def _real_power(base: Decimal, exponent: Decimal, whole: bool) -> Decimal:
    if not base:
        return round_to(ZERO, rules.clamp(rules.SIGNIFICANT_MIN, base, exponent))
    negative = base < 0 and whole and exponent % 2 == 1
    logarithm = rules.context(40).ln(abs(base))
    value = float(rules.context(40).multiply(logarithm, exponent))
    if abs(value) > 2000 * 3.01 * 100:
        if value > 0:
            raise overflow()
        return round_to(ZERO, rules.SCALE_MAX)
    scale = rules.clamp(rules.SIGNIFICANT_MIN - int(value * 0.434294481903252), base, exponent)
    digits = scale + max(int(value * 0.4343), 0) + 40
    wide = rules.context(digits)
    result = _exp(wide.multiply(wide.ln(abs(base)), exponent), scale)
    return -result if negative else result


@function("factorial(int8) numeric", 1376, not_null=True)
def factorial(n: int) -> Decimal:
    if n < 0:
        raise DataError("factorial of a negative number is undefined", sqlstate="22003")
    if n > 32177:
        raise overflow()
    return EXACT.create_decimal(math.factorial(n))


# ---- conversions ----------------------------------------------------------------------------------------------------

function("numeric(int2) numeric", 1782, not_null=True)(Decimal)
function("numeric(int4) numeric", 1740, not_null=True)(Decimal)
function("numeric(int8) numeric", 1781, not_null=True)(Decimal)
function("numeric(numeric, int4) numeric", 1703, not_null=True)(fit)


def _shortest(value: float, digits: int) -> Decimal:
    if value != value:
        return NAN
    if abs(value) == INF:
        return INFINITY if value > 0 else MINUS_INFINITY
    return check(Decimal(f"{value:.{digits}g}"))


@function("numeric(float4) numeric", 1742, not_null=True)
def float4_to_numeric(value: float) -> Decimal:
    return _shortest(value, 6)


@function("numeric(float8) numeric", 1743, not_null=True)
def float8_to_numeric(value: float) -> Decimal:
    return _shortest(value, 15)


@function("float8(numeric) float8", 1746, not_null=True)
def numeric_to_float8(value: Decimal) -> float:
    result = float(value)
    if abs(result) == INF and value.is_finite():
        raise DataError(f'"{format(value, "f")}" is out of range for type double precision', sqlstate="22003")
    return result


@function("float4(numeric) float4", 1745, not_null=True)
def numeric_to_float4(value: Decimal) -> float:
    result = single(float(value))
    if value.is_finite() and (abs(result) == INF or (result == 0 and value)):
        raise DataError(f'"{format(value, "f")}" is out of range for type real', sqlstate="22003")
    return result


def to_integer(value: Decimal, size: int) -> int:
    """Rounded, halves away from zero; 22003 out of range, 0A000 for NaN and infinity."""
    if not value.is_finite():
        what = "NaN" if value.is_nan() else "infinity"
        kind = {2: "smallint", 4: "integer", 8: "bigint"}[size]
        raise FeatureNotSupported(f"cannot convert {what} to {kind}")
    if value.adjusted() > 30:
        return to_int(LIMITS[8][1] + 1, size)
    return to_int(int(round_to(value, 0)), size)


function("int2(numeric) int2", 1783, not_null=True)(lambda value: to_integer(value, 2))
function("int4(numeric) int4", 1744, not_null=True)(lambda value: to_integer(value, 4))
function("int8(numeric) int8", 1779, not_null=True)(lambda value: to_integer(value, 8))
