"""The row codec: every value comes back as it went in, whatever stands beside it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.errors import DataError, InternalError
from aurorapy.types.values import Array, Interval, Record
from aurorapy_native import tuples
from aurorapy_native.tuples import RowCodec

LETTER_OF = {16: "b", 20: "8", 23: "4", 25: "t", 1700: "n", 1186: "i", 2249: "r", 1007: "a"}.__getitem__

numeric = st.one_of(
    st.decimals(allow_nan=False, places=3),
    st.decimals(allow_nan=False, allow_infinity=True),
    st.builds(lambda n, e: Decimal(n).scaleb(e), st.integers(-(10**90), 10**90), st.integers(-300, 300)),
)
text = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200)
interval = st.builds(
    Interval, st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1)
)
scalars = {
    "b": st.booleans(),
    "1": st.one_of(st.just(""), st.characters(min_codepoint=1, max_codepoint=255)),
    "2": st.integers(-(2**15), 2**15 - 1),
    "4": st.integers(-(2**31), 2**31 - 1),
    "8": st.integers(-(2**63), 2**63 - 1),
    "u": st.integers(0, 2**32 - 1),
    "f": st.floats(width=32, allow_nan=False),
    "d": st.floats(allow_nan=False),
    "6": st.integers(0, 2**48 - 1),
    "g": st.binary(min_size=16, max_size=16),
    "i": interval,
    "v": st.just(""),
    "t": text,
    "y": st.binary(max_size=400),
    "n": numeric,
    "a": st.builds(Array.of, st.lists(st.one_of(st.none(), text), max_size=20), st.just(25)),
    "r": st.builds(lambda a, b, c: Record((a, b, c), (23, 25, 1700)), st.integers(0, 9), st.none() | text, numeric),
}


def same(a, b) -> bool:
    if isinstance(a, Decimal):
        return a.as_tuple() == b.as_tuple()
    if isinstance(a, Interval):
        return (a.months, a.days, a.micros) == (b.months, b.days, b.micros)
    if isinstance(a, Array | Record):
        return type(a) is type(b) and all(x == y for x, y in zip(a, b))
    return a == b and type(a) is type(b)


@st.composite
def rows(draw):
    letters = draw(st.text(alphabet=sorted(scalars), min_size=1, max_size=20))
    return letters, tuple(draw(st.none() | scalars[letter]) for letter in letters)


@settings(max_examples=300, deadline=None)
@given(rows(), st.randoms())
def test_any_row_comes_back(row, random):
    letters, values = row
    codec = RowCodec(letters, letter_of=LETTER_OF)
    raw = codec.encode(values)
    back = codec.decode_row(raw)
    assert len(back) == len(values)
    assert all(a is None if b is None else same(b, a) for a, b in zip(back, values)), (back, values)
    columns = tuple(random.choices(range(1, len(letters) + 1), k=5))
    some = codec.decode_row(raw, columns)
    assert all(a is None if values[n - 1] is None else same(values[n - 1], a) for a, n in zip(some, columns))


def test_numeric_keeps_its_scale():
    codec = RowCodec("n")
    for number in ("0", "0.00", "1.10", "-0.0001", "1E+5", "NaN", "-Infinity", "12345678901234567890.123", "1E-200"):
        (back,) = codec.decode_row(codec.encode((Decimal(number),)))
        assert str(back) == str(Decimal(number))


def test_nested_arrays_and_records():
    codec = RowCodec("a4", letter_of=LETTER_OF)
    inner = Array.of([1, None, 3], 23)
    value = Array((Record((1, inner), (23, 1007)), None), (1, 2), (0, -5), 2249)
    assert codec.decode_row(codec.encode((value, 7))) == (value, 7)


def test_a_long_element_does_not_make_the_row_oversize():
    codec = RowCodec("a", letter_of=LETTER_OF)
    value = Array.of(["x" * 20_000], 25)
    assert codec.decode_row(codec.encode((value,))) == (value,)


def test_columns_younger_than_the_row_take_their_missing_value():
    old = RowCodec("4t").encode((1, "a"))
    codec = RowCodec("4t4n", missing=[None, None, 42, None])
    assert codec.decode_row(old) == (1, "a", 42, None)
    assert codec.decode_row(old, (3,)) == (42,)
    assert codec.attribute_bytes(old, 3) == (4, None)


def test_bytes_of_an_attribute():
    codec = RowCodec("4tyt")
    raw = codec.encode((5, "é", b"x" * 300, None))
    assert codec.attribute_bytes(raw, 1) == (1, b"\5\0\0\0")
    assert codec.attribute_bytes(raw, 2) == (1, "é".encode())
    assert codec.attribute_bytes(raw, 3) == (1, b"x" * 300)
    assert codec.attribute_bytes(raw, 4) == (0, None)


def test_compressed_in_the_row():
    codec = RowCodec("4t")
    stored = tuples.compressed(b"ab" * 3000)
    raw = codec.encode((1, stored))
    assert len(raw) < 200
    assert codec.decode_row(raw) == (1, "ab" * 3000)
    assert tuples.compressed(bytes(range(256))) is None


@pytest.mark.parametrize(("letter", "value"), [("2", 2**15), ("4", -(2**31) - 1), ("u", -1), ("u", 2**32)])
def test_an_int_its_column_cannot_hold(letter, value):
    with pytest.raises(DataError) as e:
        RowCodec(letter).encode((value,))
    assert e.value.sqlstate == "22003"


def test_misuse():
    with pytest.raises(InternalError):
        RowCodec("4").encode((1, 2))
    with pytest.raises(InternalError):
        RowCodec("4").decode_row(RowCodec("4").encode((1,)), (2,))
    with pytest.raises(InternalError):
        RowCodec("z")
    with pytest.raises(InternalError):
        RowCodec("t").encode((3,))


def test_a_failed_row_leaves_no_trace():
    codec = RowCodec("t4")
    before = codec.encode(("a", 1))
    with pytest.raises(DataError):
        codec.encode(("x" * 100, 2**40))
    assert codec.encode(("a", 1)) == before
