"""How many digits PostgreSQL gives a numeric result that has no exact one: quotients, roots, logarithms, powers.

A quotient carries at least 16 significant digits and never fewer decimals than its operands. Digits are counted in
groups of four (PostgreSQL's base 10,000), which is why the scale moves in steps of four:

    1 / 3 → 0.33333333333333333333 (20)      100 / 3 → 33.3333333333333333 (16)     10000 / 3 → 3333.3333333333333333

`weight` of a value is the exponent of its first group, `first_group` that group's number 1..9999.

Not here: the functions themselves (`functions.numerics`).
"""

from __future__ import annotations

import math
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

from aurorapy.errors import DataError
from aurorapy.types.numeric import EXACT, MAX_EMAX, MIN_EMIN, check, round_to

SIGNIFICANT_MIN = 16
ROOT_DIGITS = 2000  # the library's square root takes well under a millisecond
SCALE_MAX = 1000  # of a chosen result scale
GROUP = 4

_contexts: dict[tuple[int, str], Context] = {}


def context(digits: int, rounding: str = ROUND_HALF_UP) -> Context:
    """A decimal context of that many digits; no traps."""
    found = _contexts.get((digits, rounding))
    if found is None:
        found = Context(prec=max(digits, 1), rounding=rounding, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])
        if len(_contexts) < 512:
            _contexts[digits, rounding] = found
    return found


def scale_of(value: Decimal) -> int:
    """Digits after the point that the value shows."""
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def groups(value: Decimal) -> tuple[int, int]:
    """(weight, first_group); (0, 0) for zero."""
    if not value:
        return 0, 0
    exponent = value.adjusted()
    weight = exponent // GROUP
    digits = value.as_tuple().digits
    count = exponent - weight * GROUP + 1
    first = 0
    for i in range(count):
        first = first * 10 + (digits[i] if i < len(digits) else 0)
    return weight, first


def clamp(scale: int, *values: Decimal) -> int:
    """At least the scales of the values, between 0 and 1000."""
    return min(max(scale, 0, *(scale_of(v) for v in values)), SCALE_MAX)


def quotient_scale(a: Decimal, b: Decimal) -> int:
    weight_a, first_a = groups(a)
    weight_b, first_b = groups(b)
    weight = weight_a - weight_b
    if first_a <= first_b:
        weight -= 1
    return clamp(SIGNIFICANT_MIN - weight * GROUP, a, b)


_UNITS = [Decimal((0, (1,), -scale)) for scale in range(SCALE_MAX + 1)]


def _shape(value: Decimal) -> tuple[int, int, int, int]:
    """(exponent of the first digit, weight, first group, scale)"""
    _, digits, exponent = value.as_tuple()
    top = len(digits) - 1 + exponent
    scale = -exponent if exponent < 0 else 0
    if digits == (0,):
        return top, 0, 0, scale
    weight = top // GROUP
    first = 0
    for i in range(top - weight * GROUP + 1):
        first = first * 10 + (digits[i] if i < len(digits) else 0)
    return top, weight, first, scale


def divide(a: Decimal, b: Decimal) -> Decimal:
    """a / b with the scale PostgreSQL chooses; both finite, b not zero. `quotient_scale` and `quotient` in one go."""
    top_a, weight_a, first_a, scale_a = _shape(a)
    top_b, weight_b, first_b, scale_b = _shape(b)
    weight = weight_a - weight_b - (first_a <= first_b)
    scale = min(max(SIGNIFICANT_MIN - weight * GROUP, scale_a, scale_b, 0), SCALE_MAX)
    cut = context(max(top_a - top_b + scale + 4, 4), ROUND_DOWN).divide(a, b)
    result = cut.quantize(_UNITS[scale], context=EXACT)
    return check(result) if top_a - top_b > 100_000 else result if result else result.copy_abs()


def quotient(a: Decimal, b: Decimal, scale: int) -> Decimal:
    """a / b rounded to `scale` decimals; b is not zero, both are finite."""
    if not a:
        return round_to(Decimal(0), scale)
    digits = a.adjusted() - b.adjusted() + 2 + scale + 2
    cut = context(max(digits, 4), ROUND_DOWN).divide(a, b)
    return check(round_to(cut, scale))


def root_scale(value: Decimal) -> int:
    weight, _ = groups(value)
    whole = (weight + 1) * GROUP // 2 - 1 if weight >= 0 else -((-(weight + 1) * GROUP) // 2) - 1
    return clamp(SIGNIFICANT_MIN - whole, value)


def root(value: Decimal, scale: int) -> Decimal:
    """Square root rounded to `scale` decimals: cut after one more, and made exact there, as rounding twice may not be."""
    if not value:
        return round_to(Decimal(0), scale)
    places = scale + 1
    digits = value.adjusted() // 2 + 1 + places + 2
    near = _near_root(value, max(digits, 4))
    unit = Decimal((0, (1,), -places))
    cut = near.quantize(unit, ROUND_DOWN, EXACT)
    while EXACT.multiply(cut, cut) > value:
        cut = EXACT.subtract(cut, unit)
    while EXACT.multiply(above := EXACT.add(cut, unit), above) <= value:
        cut = above
    return check(round_to(cut, scale))


def _near_root(value: Decimal, digits: int) -> Decimal:
    """Square root to about `digits` digits. Many of them are found twice as many at a time, from 1/√value, by products
    alone: the library's own way takes a sixth of a second for 60,000, and nothing can interrupt it."""
    if digits <= ROOT_DIGITS:
        return context(digits, ROUND_DOWN).sqrt(value)
    precise = context(ROOT_DIGITS)
    inverse = precise.divide(Decimal(1), precise.sqrt(value))
    known = ROOT_DIGITS // 2
    while known < digits:
        known = min(2 * known - 4, digits + 8)
        precise = context(known + 8)
        gap = precise.subtract(Decimal(1), precise.multiply(precise.multiply(inverse, inverse), precise.plus(value)))
        inverse = precise.add(inverse, precise.multiply(inverse, precise.multiply(gap, Decimal("0.5"))))
    return precise.multiply(inverse, value)


def ln_weight(value: Decimal) -> int:
    """About the decimal exponent of ln(value)."""
    if Decimal("0.9") <= value <= Decimal("1.1"):
        gap = context(1200).subtract(value, Decimal(1))
        return gap.adjusted() if gap else 0
    weight, first = groups(value)
    digits = value.as_tuple().digits
    count = value.adjusted() - weight * GROUP + 1
    lead, exponent = first, weight * GROUP
    if len(digits) > count:
        rest = digits[count : count + GROUP]
        lead = first * 10000 + int("".join(map(str, rest)).ljust(GROUP, "0"))
        exponent -= GROUP
    logarithm = abs(math.log(lead) + exponent * 2.302585092994046)
    return int(math.log10(logarithm)) if logarithm > 0 else 0


def logarithm(value: Decimal, scale: int) -> Decimal:
    """ln(value) rounded to `scale` decimals; value > 0."""
    return check(round_to(context(scale + 30).ln(value), scale))


def refuse_logarithm(value: Decimal) -> None:
    if not value:
        raise DataError("cannot take logarithm of zero", sqlstate="2201E")
    if value < 0:
        raise DataError("cannot take logarithm of a negative number", sqlstate="2201E")
