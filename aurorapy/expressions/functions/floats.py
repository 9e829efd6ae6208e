"""real and double precision: arithmetic with C's overflow rules, conversions, transcendental functions.

A real is kept rounded to 24 bits: `single()` after every operation. NaN compares above everything (`comparison`).

    select 1e308::float8 * 10     →  22003 value out of range: overflow
    select 1e-308::float8 / 1e50  →  22003 value out of range: underflow

Errors: 22003 overflow, underflow, "integer out of range"; 22012 division by zero; 2201E, 2201F, 22003 "input is out of
range" of logarithms, roots and powers.

Not here: numeric's versions of the same names (`numerics`).
"""

from __future__ import annotations

import math
import re
import struct

from aurorapy.errors import DataError
from aurorapy.expressions.functions.integers import to_int
from aurorapy.expressions.registry import function, helper, inline

INF = float("inf")
_pack, _unpack = struct.Struct("f").pack, struct.Struct("f").unpack


@helper
def single(value: float) -> float:
    """Rounded to a C float. A finite value beyond the range becomes infinite; the caller checks."""
    try:
        return _unpack(_pack(value))[0]
    except OverflowError:
        return math.copysign(INF, value)


@helper
def float_overflow(*_: float) -> float:
    raise DataError("value out of range: overflow", sqlstate="22003")


@helper
def float_underflow() -> float:
    raise DataError("value out of range: underflow", sqlstate="22003")


def _finish(result: float, a: float, b: float, real: bool) -> float:
    if real:
        result = single(result)
    if result in (INF, -INF) and abs(a) != INF and abs(b) != INF:
        float_overflow()
    return result


def _add(a: float, b: float, real: bool) -> float:
    return _finish(a + b, a, b, real)


def _subtract(a: float, b: float, real: bool) -> float:
    return _finish(a - b, a, b, real)


def _multiply(a: float, b: float, real: bool) -> float:
    result = _finish(a * b, a, b, real)
    if result == 0.0 and a != 0.0 and b != 0.0:
        float_underflow()
    return result


def _divide(a: float, b: float, real: bool) -> float:
    if b == 0.0:
        if a != a:
            return a
        raise DataError("division by zero", sqlstate="22012")
    result = _finish(a / b, a, 0.0, real)
    if result == 0.0 and a != 0.0 and abs(b) != INF:
        float_underflow()
    return result


_TABLE = """
280 float48div(float4, float8) float8; 282 float48mi(float4, float8) float8; 279 float48mul(float4, float8) float8
281 float48pl(float4, float8) float8; 207 float4abs(float4) float4; 203 float4div(float4, float4) float4
209 float4larger(float4, float4) float4; 205 float4mi(float4, float4) float4; 202 float4mul(float4, float4) float4
204 float4pl(float4, float4) float4; 211 float4smaller(float4, float4) float4; 206 float4um(float4) float4
1913 float4up(float4) float4; 284 float84div(float8, float4) float8; 286 float84mi(float8, float4) float8
283 float84mul(float8, float4) float8; 285 float84pl(float8, float4) float8; 221 float8abs(float8) float8
217 float8div(float8, float8) float8; 223 float8larger(float8, float8) float8; 219 float8mi(float8, float8) float8
216 float8mul(float8, float8) float8; 218 float8pl(float8, float8) float8; 224 float8smaller(float8, float8) float8
220 float8um(float8) float8; 1914 float8up(float8) float8
"""
_PARTS = re.compile(r"(\d+) (float\d+?(pl|mi|mul|div|um|up|abs|larger|smaller))\(([^)]*)\) (\w+)")
_FUNCTIONS = {"pl": _add, "mi": _subtract, "mul": _multiply, "div": _divide}
_FAST = {"pl": "{0} + {1}", "mi": "{0} - {1}", "mul": "{0} * {1}"}
_PLAIN = {
    "um": "-{0}",
    "up": "{0}",
    "abs": "abs({0})",
    "larger": "{0} if {1} == {1} and ({0} != {0} or {0} > {1}) else {1}",
    "smaller": "{0} if {0} == {0} and ({1} != {1} or {0} < {1}) else {1}",
}

for _name, _call in _FUNCTIONS.items():
    helper(_call, f"float_{_name}")


def _source(operation: str, ret: str) -> str:
    if operation in _PLAIN:
        return _PLAIN[operation]
    slow = f"float_{operation}({{0}}, {{1}}, {ret == 'float4'})"
    if ret == "float4" or operation == "div":
        return slow
    # the usual case: a finite result that is not zero is right as it is
    return f"{{t}} if 1e-300 < abs({{t}} := {_FAST[operation]}) < 1e300 else {slow}"


for _oid, _full, _operation, _args, _ret in _PARTS.findall(_TABLE):
    inline(f"{_full}({_args}) {_ret}", int(_oid), _source(_operation, _ret))

inline("abs(float4) float4", 1394, "abs({0})")
inline("abs(float8) float8", 1395, "abs({0})")

# ---- conversions ----------------------------------------------------------------------------------------------------

inline("float8(float4) float8", 311, "{0}")
inline("float8(int2) float8", 235, "float({0})")
inline("float8(int4) float8", 316, "float({0})")
inline("float8(int8) float8", 482, "float({0})")
inline("float4(int2) float4", 236, "float({0})")
inline("float4(int4) float4", 318, "single({0})")
inline("float4(int8) float4", 652, "single({0})")


@function("float4(float8) float4", 312, not_null=True)
def float8_to_float4(value: float) -> float:
    result = single(value)
    if abs(result) == INF and abs(value) != INF:
        float_overflow()
    if result == 0.0 and value != 0.0:
        float_underflow()
    return result


def _to_integer(size: int):
    def convert(value: float) -> int:
        if value != value or abs(value) == INF:
            to_int(1 << 80, size)
        return to_int(round(value), size)

    return convert


function("int2(float4) int2", 238, not_null=True)(_to_integer(2))
function("int2(float8) int2", 237, not_null=True)(_to_integer(2))
function("int4(float4) int4", 319, not_null=True)(_to_integer(4))
function("int4(float8) int4", 317, not_null=True)(_to_integer(4))
function("int8(float4) int8", 653, not_null=True)(_to_integer(8))
function("int8(float8) int8", 483, not_null=True)(_to_integer(8))


# ---- functions of one number ----------------------------------------------------------------------------------------


def _range_error() -> DataError:
    return DataError("input is out of range", sqlstate="22003")


def _keep_special(call):
    """NaN and infinity go through unchanged."""

    def wrapped(value: float) -> float:
        if value != value or abs(value) == INF:
            return value
        return float(call(value))

    return wrapped


def round_half_even(value: float) -> float:
    return math.copysign(round(value), value)


def _signed(call):
    """ceil(-0.5) is -0 in C."""
    return _keep_special(lambda value: math.copysign(call(value), value) if abs(value) < 1 else call(value))


function("ceil(float8) float8", 2308, not_null=True)(_signed(math.ceil))
function("ceiling(float8) float8", 2320, not_null=True)(_signed(math.ceil))
function("floor(float8) float8", 2309, not_null=True)(_keep_special(lambda v: v if v == 0 else math.floor(v)))
function("trunc(float8) float8", 1343, not_null=True)(_signed(math.trunc))
function("dtrunc(float8) float8", 229, not_null=True)(_signed(math.trunc))
function("round(float8) float8", 1342, not_null=True)(_keep_special(round_half_even))
function("dround(float8) float8", 228, not_null=True)(_keep_special(round_half_even))
inline("sign(float8) float8", 2310, "1.0 if {0} > 0 else -1.0 if {0} < 0 else {0} * 0.0 if {0} == {0} else 0.0")
inline("pi() float8", 1610, "3.141592653589793")
inline("degrees(float8) float8", 1608, "checked_float({0} / 0.017453292519943295, {0})")
inline("radians(float8) float8", 1609, "checked_float({0} * 0.017453292519943295, {0})")


@helper
def checked_float(result: float, *given: float) -> float:
    """Overflow when a result is infinite and no argument was."""
    if abs(result) == INF and all(abs(g) != INF for g in given):
        float_overflow()
    return result


@function("sqrt(float8) float8", 1344, not_null=True)
@function("dsqrt(float8) float8", 230, not_null=True)
def sqrt(value: float) -> float:
    if value < 0:
        raise DataError("cannot take square root of a negative number", sqlstate="2201F")
    return math.sqrt(value)


@function("cbrt(float8) float8", 1345, not_null=True)
@function("dcbrt(float8) float8", 231, not_null=True)
def cbrt(value: float) -> float:
    return math.cbrt(value)


@function("exp(float8) float8", 1347, not_null=True)
@function("dexp(float8) float8", 233, not_null=True)
def exp(value: float) -> float:
    try:
        result = math.exp(value)
    except OverflowError:
        return float_overflow()
    if result == 0.0 and abs(value) != INF:
        float_underflow()
    return result


def _logarithm(call):
    def take(value: float) -> float:
        if value == 0:
            raise DataError("cannot take logarithm of zero", sqlstate="2201E")
        if value < 0:
            raise DataError("cannot take logarithm of a negative number", sqlstate="2201E")
        return call(value)

    return take


function("ln(float8) float8", 1341, not_null=True)(_logarithm(math.log))
function("dlog1(float8) float8", 234, not_null=True)(_logarithm(math.log))
function("log(float8) float8", 1340, not_null=True)(_logarithm(math.log10))
function("log10(float8) float8", 1194, not_null=True)(_logarithm(math.log10))
function("dlog10(float8) float8", 1339, not_null=True)(_logarithm(math.log10))


@function("power(float8, float8) float8", 1368, not_null=True)
@function("pow(float8, float8) float8", 1346, not_null=True)
@function("dpow(float8, float8) float8", 232, not_null=True)
def power(base: float, exponent: float) -> float:
    if base == 1.0 or exponent == 0.0:
        return 1.0
    if base != base or exponent != exponent:
        return math.nan
    if base == 0.0 and exponent < 0:
        raise DataError("zero raised to a negative power is undefined", sqlstate="2201F")
    if base < 0 and abs(exponent) != INF and exponent != math.floor(exponent):
        raise DataError("a negative number raised to a non-integer power yields a complex result", sqlstate="2201F")
    try:
        result = math.pow(base, exponent)
    except OverflowError:
        return float_overflow()
    if result == 0.0 and base != 0.0 and abs(base) != INF and abs(exponent) != INF:
        float_underflow()
    return checked_float(result, base, exponent)


def _bounded(call, low: float = -INF, high: float = INF):
    """A function defined between two bounds."""

    def take(value: float) -> float:
        if value != value:
            return value
        if not low <= value <= high:
            raise _range_error()
        try:
            return call(value)
        except OverflowError:
            return float_overflow()

    return take


def _finite_only(call):
    def take(value: float) -> float:
        if abs(value) == INF:
            raise _range_error()
        return call(value)

    return take


function("sin(float8) float8", 1604, not_null=True)(_finite_only(math.sin))
function("cos(float8) float8", 1605, not_null=True)(_finite_only(math.cos))
function("tan(float8) float8", 1606, not_null=True)(_finite_only(math.tan))
function("cot(float8) float8", 1607, not_null=True)(_finite_only(lambda v: 1.0 / math.tan(v) if v else INF))
function("asin(float8) float8", 1600, not_null=True)(_bounded(math.asin, -1, 1))
function("acos(float8) float8", 1601, not_null=True)(_bounded(math.acos, -1, 1))
function("atan(float8) float8", 1602, not_null=True)(math.atan)
function("atan2(float8, float8) float8", 1603, not_null=True)(math.atan2)


def _hyperbolic(call, overflow_sign: bool):
    """sinh and cosh run to infinity without an error."""

    def take(value: float) -> float:
        try:
            return call(value)
        except OverflowError:
            return math.copysign(INF, value) if overflow_sign else INF

    return take


function("sinh(float8) float8", 2462, not_null=True)(_hyperbolic(math.sinh, True))
function("cosh(float8) float8", 2463, not_null=True)(_hyperbolic(math.cosh, False))
function("tanh(float8) float8", 2464, not_null=True)(math.tanh)
function("asinh(float8) float8", 2465, not_null=True)(math.asinh)
function("acosh(float8) float8", 2466, not_null=True)(_bounded(math.acosh, 1))


@function("atanh(float8) float8", 2467, not_null=True)
def atanh(value: float) -> float:
    if value != value:
        return value
    if not -1 <= value <= 1:
        raise _range_error()
    return math.copysign(INF, value) if abs(value) == 1 else math.atanh(value)


# ---- degrees: exact at the multiples of 30 and 45 --------------------------------------------------------------------

_EXACT_SIN = {0: 0.0, 30: 0.5, 90: 1.0}


def _sin_quadrant(degrees: float) -> float:
    """sin of 0..90 degrees."""
    exact = _EXACT_SIN.get(degrees)
    if exact is not None:
        return exact
    if degrees <= 30:
        return math.sin(math.radians(degrees)) / math.sin(math.radians(30.0)) / 2.0
    return _cos_small(90.0 - degrees)


def _cos_small(degrees: float) -> float:
    """cos of 0..60 degrees, exact at both ends."""
    return 1.0 - (1.0 - math.cos(math.radians(degrees))) / (1.0 - math.cos(math.radians(60.0))) / 2.0


def sind(value: float) -> float:
    sign = math.copysign(1.0, value)
    value = math.fmod(abs(value), 360.0)
    if value > 180.0:
        value, sign = 360.0 - value, -sign
    return sign * _sin_quadrant(180.0 - value if value > 90.0 else value)


def cosd(value: float) -> float:
    value = math.fmod(abs(value), 360.0)
    if value > 180.0:
        value = 360.0 - value
    return -_sin_quadrant(value - 90.0) if value > 90.0 else _sin_quadrant(90.0 - value)


def tand(value: float) -> float:
    sine, cosine = sind(value), cosd(value)
    if cosine == 0:
        return math.copysign(INF, sine)
    return sine / cosine / (sind(45.0) / cosd(45.0))


def cotd(value: float) -> float:
    sine, cosine = sind(value), cosd(value)
    if sine == 0:
        return math.copysign(INF, cosine)
    return cosine / sine / (cosd(45.0) / sind(45.0))


function("sind(float8) float8", 2735, not_null=True)(_finite_only(sind))
function("cosd(float8) float8", 2736, not_null=True)(_finite_only(cosd))
function("tand(float8) float8", 2737, not_null=True)(_finite_only(tand))
function("cotd(float8) float8", 2738, not_null=True)(_finite_only(cotd))


_ASIN_HALF, _ACOS_HALF, _ATAN_ONE = math.asin(0.5), math.acos(0.5), math.atan(1.0)


def asind(value: float) -> float:
    """Measured against asin(0.5) below it and acos(0.5) above, so that both ends come out exactly."""
    size = abs(value)
    degrees = math.asin(size) / _ASIN_HALF * 30.0 if size <= 0.5 else 90.0 - math.acos(size) / _ACOS_HALF * 60.0
    return math.copysign(degrees, value)


def acosd(value: float) -> float:
    return 90.0 - asind(value) if value < 0 or value <= 0.5 else math.acos(value) / _ACOS_HALF * 60.0


function("asind(float8) float8", 2731, not_null=True)(_bounded(asind, -1, 1))
function("acosd(float8) float8", 2732, not_null=True)(_bounded(acosd, -1, 1))
function("atand(float8) float8", 2733, not_null=True)(lambda v: math.atan(v) / _ATAN_ONE * 45.0)
function("atan2d(float8, float8) float8", 2734, not_null=True)(lambda y, x: math.atan2(y, x) / _ATAN_ONE * 45.0)


# ---- randomness -----------------------------------------------------------------------------------------------------


@function("random() float8", 1598, volatility="v", context=True, not_null=True)
def random(ctx) -> float:
    return ctx.random()


@function("setseed(float8) void", 1599, volatility="v", context=True, not_null=True)
def setseed(ctx, seed: float) -> str:
    if not -1 <= seed <= 1:
        raise DataError(f"setseed parameter {seed:g} is out of allowed range [-1,1]", sqlstate="22023")
    ctx.seed_random(seed)
    return ""
