"""gcd, lcm, width_bucket and the like: functions of numbers that are not plain arithmetic.

    gcd(1071, 462) → 21      width_bucket(5.35, 0.024, 10.06, 5) → 3

Errors: 22003 out of range, 2201G of width_bucket.

Not here: arithmetic (`integers`, `floats`, `numerics`).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from decimal import Decimal

from aurorapy.errors import DataError
from aurorapy.expressions.functions import decimal_rules
from aurorapy.expressions.functions.integers import to_int
from aurorapy.expressions.functions.long_numbers import greatest_divisor
from aurorapy.expressions.ordering import sort_key
from aurorapy.expressions.registry import function
from aurorapy.types.numeric import EXACT, NAN, round_to
from aurorapy.types.values import Array

function("gcd(int4, int4) int4", 5044, not_null=True)(lambda a, b: to_int(math.gcd(a, b), 4))
function("gcd(int8, int8) int8", 5045, not_null=True)(lambda a, b: to_int(math.gcd(a, b), 8))
function("lcm(int4, int4) int4", 5046, not_null=True)(lambda a, b: to_int(math.lcm(a, b), 4))
function("lcm(int8, int8) int8", 5047, not_null=True)(lambda a, b: to_int(math.lcm(a, b), 8))


@function("gcd(numeric, numeric) numeric", 5048, not_null=True)
def gcd(a: Decimal, b: Decimal) -> Decimal:
    if not (a.is_finite() and b.is_finite()):
        return NAN
    scale = max(decimal_rules.scale_of(a), decimal_rules.scale_of(b))
    found = greatest_divisor(a.scaleb(scale, EXACT), b.scaleb(scale, EXACT))
    return round_to(found.scaleb(-scale, EXACT), scale)


@function("lcm(numeric, numeric) numeric", 5049, not_null=True)
def lcm(a: Decimal, b: Decimal) -> Decimal:
    if not (a.is_finite() and b.is_finite()):
        return NAN
    scale = max(decimal_rules.scale_of(a), decimal_rules.scale_of(b))
    a, b = a.scaleb(scale, EXACT).copy_abs(), b.scaleb(scale, EXACT).copy_abs()
    found = EXACT.multiply(EXACT.divide_int(a, greatest_divisor(a, b)), b) if a and b else Decimal(0)
    return round_to(found.scaleb(-scale, EXACT), scale)


def _bucket_error(message: str) -> DataError:
    return DataError(message, sqlstate="2201G")


def _check_buckets(value, low, high, count: int) -> None:
    if count <= 0:
        raise _bucket_error("count must be greater than zero")
    if any(v != v for v in (value, low, high)):
        raise _bucket_error("operand, lower bound, and upper bound cannot be NaN")
    if abs(low) == math.inf or abs(high) == math.inf:
        raise _bucket_error("lower and upper bounds must be finite")
    if low == high:
        raise _bucket_error("lower bound cannot equal upper bound")


def _past(count: int) -> int:
    return to_int(count + 1, 4)


@function("width_bucket(float8, float8, float8, int4) int4", 320, not_null=True)
def width_bucket(value: float, low: float, high: float, count: int) -> int:
    _check_buckets(value, low, high, count)
    if low < high:
        if value < low:
            return 0
        return _past(count) if value >= high else min(int(count * ((value - low) / (high - low))), count - 1) + 1
    if value > low:
        return 0
    return _past(count) if value <= high else min(int(count * ((low - value) / (low - high))), count - 1) + 1


@function("width_bucket(numeric, numeric, numeric, int4) int4", 2170, not_null=True)
def width_bucket_numeric(value: Decimal, low: Decimal, high: Decimal, count: int) -> int:
    _check_buckets(value, low, high, count)
    if low < high:
        if value < low:
            return 0
        return _past(count) if value >= high else _numeric_bucket(value - low, high - low, count)
    if value > low:
        return 0
    return _past(count) if value <= high else _numeric_bucket(low - value, low - high, count)


def _numeric_bucket(part: Decimal, whole: Decimal, count: int) -> int:
    return int(EXACT.divide_int(EXACT.multiply(part, Decimal(count)), whole)) + 1


@function("width_bucket(anycompatible, anycompatiblearray) int4", 3218, not_null=True)
def width_bucket_array(value, bounds: Array) -> int:
    if len(bounds.dims) > 1:
        raise DataError("thresholds must be one-dimensional array", sqlstate="2202E")
    if None in bounds.items:
        raise DataError("thresholds array must not contain NULLs", sqlstate="22004")
    key = sort_key(bounds.elem_oid)
    return bisect_right(bounds.items, value if key is None else key(value), key=key)


