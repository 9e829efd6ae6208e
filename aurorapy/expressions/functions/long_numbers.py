"""Whole numbers of a hundred thousand digits, in steps that others can run between.

    greatest_divisor(Decimal(12), Decimal(18))     Decimal('6')

Python's conversions between decimal and binary and its gcd are single steps of C code whose time grows with the square
of the length: seconds for what numeric can hold. Here the number is cut in halves, and the gcd goes Lehmer's way
(Knuth, The Art of Computer Programming 4.5.2, algorithm L): the leading 60 bits say what some thirty division steps do,
which are then made at once.

Not here: products and quotients, which `decimal` makes quickly enough.
"""

from __future__ import annotations

import math
from decimal import Decimal

from aurorapy.types.numeric import EXACT

DIGITS = 2000  # converted in one step
BITS = 6000
LEADING_BITS = 62


def greatest_divisor(a: Decimal, b: Decimal) -> Decimal:
    """Of two whole numbers; 0 for two zeros."""
    return to_decimal(gcd(to_int(a), to_int(b)))


def to_int(number: Decimal) -> int:
    """The absolute value of a whole number."""
    return _int_of(format(number.copy_abs(), "f"))


def _int_of(digits: str) -> int:
    if len(digits) <= DIGITS:
        return int(digits)
    low = len(digits) // 2
    return _int_of(digits[:-low]) * 10**low + _int_of(digits[-low:])


def to_decimal(number: int) -> Decimal:
    """number >= 0"""
    bits = number.bit_length()
    if bits <= BITS:
        return Decimal(number)
    low = bits // 2
    high = EXACT.multiply(to_decimal(number >> low), EXACT.power(Decimal(2), low))
    return EXACT.add(high, to_decimal(number & ((1 << low) - 1)))


def gcd(a: int, b: int) -> int:
    """Of two numbers >= 0."""
    if a < b:
        a, b = b, a
    while b.bit_length() > BITS:
        shift = a.bit_length() - LEADING_BITS
        x, y = a >> shift, b >> shift
        p, q, r, s = 1, 0, 0, 1  # the steps so far turn (a, b) into (p a + q b, r a + s b)
        while y + r and y + s:
            quotient = (x + p) // (y + r)
            if quotient != (x + q) // (y + s):
                break
            p, q, r, s = r, s, p - quotient * r, q - quotient * s
            x, y = y, x - quotient * y
        a, b = (p * a + q * b, r * a + s * b) if q else (b, a % b)
    return math.gcd(a, b)
