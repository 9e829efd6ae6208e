"""Long texts and numbers are worked on in steps; the steps' results are those of one."""

import hashlib
import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.expressions.functions import decimal_rules, long_numbers, long_values

TEXT = st.text("ab", max_size=30)
PIECES = st.integers(1, 7)


@pytest.fixture(scope="module", autouse=True)
def short_steps():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_numbers, "BITS", 64)
        patch.setattr(long_numbers, "DIGITS", 7)
        yield


def in_pieces(size, call, *args):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_values, "PIECE", size)
        return call(*args)


@settings(max_examples=300, deadline=None)
@given(PIECES, TEXT, st.text("ab", min_size=1, max_size=3))
def test_split(size, text, separator):
    assert in_pieces(4 * size, long_values.split, text, separator) == text.split(separator)


@given(PIECES, TEXT, st.text("ab", min_size=1, max_size=5), st.text("abx", max_size=3))
def test_replaced(size, text, old, new):
    assert in_pieces(size, long_values.replaced, text, old, new) == text.replace(old, new)


@settings(max_examples=100, deadline=None)
@given(PIECES, TEXT, st.integers(-1, 9))
def test_the_other_texts(size, text, count):
    assert in_pieces(size, long_values.reversed_text, text) == text[::-1]
    assert in_pieces(size, long_values.repeated, text, count) == text * count
    assert in_pieces(size, long_values.mapped, text, str.upper) == text.upper()
    digest = in_pieces(size, long_values.hashed, hashlib.md5(), text)
    assert digest.digest() == hashlib.md5(text.encode()).digest()


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXT, max_size=20), PIECES)
def test_joined(pieces, in_block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_values, "PIECES_MAX", in_block)
        assert long_values.joined(pieces) == "".join(pieces)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**60), st.integers(0, 10**200), st.integers(0, 10**200))
def test_numbers(common, a, b):
    a, b = common * a, common * b
    assert long_numbers.gcd(a, b) == math.gcd(a, b)
    assert long_numbers.to_decimal(a) == Decimal(a)
    assert long_numbers.to_int(Decimal(a).copy_negate()) == a


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**80), st.integers(0, 20), st.integers(0, 12))
def test_square_roots(number, decimals, scale):
    value = Decimal(number).scaleb(-decimals, long_numbers.EXACT)
    found = decimal_rules.root(value, scale)
    whole = math.isqrt(number * 10 ** (2 * (scale + 1 + decimals)) // 10**decimals)  # one place more, and cut
    cut = whole // 10**decimals
    assert found == Decimal((cut + 5) // 10).scaleb(-scale, long_numbers.EXACT)


def test_the_root_of_a_number_too_long_for_pythons_conversions():
    assert decimal_rules.root(Decimal("9" * 10_000), 0) == Decimal(f"1e{5_000}")


@given(st.integers(1, 10**120), st.integers(-60, 60), st.integers(0, 80))
def test_root(number, exponent, scale):
    value = Decimal(number).scaleb(exponent)
    expected = decimal_rules.root(value, scale)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decimal_rules, "ROOT_DIGITS", 24)
        assert decimal_rules.root(value, scale) == expected


@given(st.integers(1, 10**60))
def test_root_of_a_square(number):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decimal_rules, "ROOT_DIGITS", 24)
        assert decimal_rules.root(Decimal(number * number), 3) == number
