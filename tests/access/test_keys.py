"""Keys sort as values do: for every letter, with NULLs, DESC and several columns.

The oracle is a plain-Python comparison of values; where PostgreSQL's order is peculiar (arrays, jsonb), cases it
answered itself stand beside it.
"""

from __future__ import annotations

import functools
import json
import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.types.values import Array, Interval, Record
from aurorapy_native.keys import KeyCodec

INT4, TEXT, NUMERIC = 23, 25, 1700
LETTERS = {INT4: "4", TEXT: "t", NUMERIC: "n"}
letter_of = LETTERS.__getitem__

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
numerics = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=True),
    st.sampled_from([Decimal("NaN"), Decimal("1.0"), Decimal("1.00"), Decimal("-0"), Decimal("10"), Decimal("1E+3")]),
    st.builds(lambda d, e: Decimal(d).scaleb(e), st.integers(-999, 999), st.integers(-4, 4)),
)
floats = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, 1.0, -1.0, math.nan]))


def ints(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) | st.integers(-3, 3)


def arrays(elements, oid: int):
    def build(flat):
        n = len(flat)
        shapes = [((n,), (1,)), ((n,), (2,)), ((1, n), (1, 1)), ((n, 1), (1, 1))] if n else [((), ())]
        return st.sampled_from(shapes).map(lambda s: Array(tuple(flat), s[0], s[1], oid))

    return st.lists(st.none() | elements, max_size=4).flatmap(build)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-20, 20) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)

VALUES = {
    "b": st.booleans(),
    "2": ints(16),
    "4": ints(32),
    "8": ints(64),
    "u": st.integers(0, 2**32 - 1),
    "6": st.integers(0, 2**48 - 1),
    "f": floats,
    "d": floats,
    "t": texts,
    "c": st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=1),
    "p": texts.map(lambda s: s + "  ") | texts,
    "y": st.binary(max_size=6) | st.lists(st.sampled_from([0, 1, 255]), max_size=5).map(bytes),
    "n": numerics,
    "g": st.binary(min_size=16, max_size=16),
    "i": st.builds(Interval, st.integers(-3, 3), st.integers(-90, 90), ints(64)),
    "a": arrays(st.integers(-2, 2), INT4) | arrays(texts, TEXT),
    "r": st.tuples(st.none() | st.integers(-2, 2), st.none() | texts).map(lambda f: Record(f, (INT4, TEXT))),
    "D": json_values.map(lambda v: json.dumps(v, ensure_ascii=False)),
}


def three_way(a, b) -> int:
    return (a > b) - (a < b)


def compare(letter: str, a, b) -> int:
    """PostgreSQL's default B-tree comparison of two non-NULL values, in plain Python."""
    if letter in "fd":
        return three_way((math.isnan(a), 0 if math.isnan(a) else a), (math.isnan(b), 0 if math.isnan(b) else b))
    if letter == "n":
        return three_way((a.is_nan(), 0 if a.is_nan() else a), (b.is_nan(), 0 if b.is_nan() else b))
    if letter == "p":
        return three_way(a.rstrip(" ").encode(), b.rstrip(" ").encode())
    if letter in "tc":
        return three_way(a.encode(), b.encode())
    if letter == "a":
        return compare_arrays(a, b)
    if letter == "r":
        return next((c for x, y, o in zip(a.fields, b.fields, a.type_oids) if (c := nulls_last(letter_of(o), x, y))), 0)
    if letter == "D":
        return compare_json_roots(json.loads(a), json.loads(b))
    return three_way(a, b)


def nulls_last(letter: str, a, b) -> int:
    if a is None or b is None:
        return three_way(a is None, b is None)
    return compare(letter, a, b)


def compare_arrays(a: Array, b: Array) -> int:
    letter = letter_of(a.elem_oid)
    for x, y in zip(a.items, b.items):
        if c := nulls_last(letter, x, y):
            return c
    return three_way(
        (len(a.items), len(a.dims), a.dims, a.lower),
        (len(b.items), len(b.dims), b.dims, b.lower),
    )


def compare_json_roots(a, b) -> int:
    if isinstance(a, dict) or isinstance(b, dict):
        return compare_json(a, b) if isinstance(a, dict) and isinstance(b, dict) else 1 if isinstance(a, dict) else -1
    elements = [v if isinstance(v, list) else [v] for v in (a, b)]
    return (
        three_way(len(elements[0]), len(elements[1]))
        or three_way(isinstance(a, list), isinstance(b, list))
        or next((c for x, y in zip(*elements) if (c := compare_json(x, y))), 0)
    )


def json_rank(v) -> int:
    if v is None:
        return 0
    return 3 if isinstance(v, bool) else {str: 1, int: 2, float: 2, list: 4, dict: 5}[type(v)]


def compare_json(a, b) -> int:
    if json_rank(a) != json_rank(b):
        return three_way(json_rank(a), json_rank(b))
    if a is None:
        return 0
    if isinstance(a, str):
        return three_way(a.encode(), b.encode())
    if not isinstance(a, (list, dict)):
        return three_way(a, b)
    if len(a) != len(b):
        return three_way(len(a), len(b))
    if isinstance(a, list):
        return next((c for x, y in zip(a, b) if (c := compare_json(x, y))), 0)
    storage_order = functools.partial(sorted, key=lambda k: (len(k.encode()), k.encode()))
    for x, y in zip(storage_order(a), storage_order(b)):
        if c := three_way(x.encode(), y.encode()) or compare_json(a[x], b[y]):
            return c
    return 0


@pytest.mark.parametrize("letter", VALUES)
def test_one_column_sorts_as_its_values(letter):
    ascending, descending = KeyCodec(letter, (0,), letter_of), KeyCodec(letter, (1,), letter_of)

    def same_element_type(pair):
        return letter != "a" or pair[0].elem_oid == pair[1].elem_oid

    @settings(max_examples=150, deadline=None)
    @given(st.tuples(VALUES[letter], VALUES[letter]).filter(same_element_type))
    def check(pair):
        a, b = pair
        expected = compare(letter, a, b)
        x, y = ascending.encode((a,)), ascending.encode((b,))
        assert three_way(x, y) == expected
        assert three_way(descending.encode((a,)), descending.encode((b,))) == -expected
        if expected:
            assert not x.startswith(y) and not y.startswith(x)

    check()


columns = st.lists(
    st.tuples(st.sampled_from(sorted(set(VALUES) - {"a"})), st.integers(0, 3)), min_size=1, max_size=4
)


@settings(max_examples=300, deadline=None)
@given(st.data(), columns)
def test_rows_sort_by_direction_and_null_placement(data, shape):
    letters = "".join(letter for letter, _ in shape)
    options = tuple(option for _, option in shape)
    codec = KeyCodec(letters, options, letter_of)
    a, b = (tuple(data.draw(st.none() | VALUES[letter]) for letter in letters) for _ in range(2))
    if data.draw(st.booleans()):
        b = (a[0], *b[1:])
    assert three_way(codec.encode(a), codec.encode(b)) == compare_rows(letters, options, a, b)


def compare_rows(letters, options, a, b) -> int:
    for letter, option, x, y in zip(letters, options, a, b):
        if x is None and y is None:
            continue
        if x is None or y is None:
            first = bool(option & 2)
            return -1 if (x is None) == first else 1
        if c := compare(letter, x, y):
            return -c if option & 1 else c
    return 0


@settings(max_examples=200, deadline=None)
@given(st.data(), columns)
def test_a_prefix_and_its_upper_end_enclose_exactly_the_keys_that_begin_with_it(data, shape):
    letters = "".join(letter for letter, _ in shape)
    codec = KeyCodec(letters, tuple(option for _, option in shape), letter_of)
    row, other = (tuple(data.draw(st.none() | VALUES[letter]) for letter in letters) for _ in range(2))
    n = data.draw(st.integers(1, len(letters)))
    prefix = codec.encode_prefix(row[:n])
    key = codec.encode(other)
    assert (prefix <= key < codec.upper_of(prefix)) == key.startswith(prefix)
    assert codec.encode(row).startswith(prefix)


def test_an_int4_key_is_five_bytes():
    assert KeyCodec("4").encode((42,)) == bytes.fromhex("028000002a")


def test_the_example_of_the_chapter():
    assert KeyCodec("44t", (0, 0, 1)).encode((42, None, "ab")) == bytes.fromhex("028000002a 03 029e9dff")


def test_equal_numerics_of_different_scale_have_one_key():
    codec = KeyCodec("n")
    assert len({codec.encode((Decimal(t),)) for t in ("1.0", "1.00", "1", "10E-1")}) == 1
    assert codec.encode((Decimal("-0.00"),)) == codec.encode((Decimal(0),))


def test_a_numeric_of_any_length():
    codec = KeyCodec("n")
    small, large = Decimal("9" * 3000), Decimal("9" * 2999 + "9.1")
    assert codec.encode((small,)) < codec.encode((large,))
    assert len(codec.encode((Decimal("1E+131071"),))) < 10


@pytest.mark.parametrize("ordered", [
    # Each list ascends in PostgreSQL 15 (SELECT ... ORDER BY).
    ["[]", "null", '"a"', "1", "true", "[null]", "[1]", "[1, 2]", "{}", '{"a": 1}', '{"b": 0}', '{"a": 1, "b": 1}'],
])
def test_jsonb_in_postgresql_order(ordered):
    keys = [KeyCodec("D").encode((text,)) for text in ordered]
    assert keys == sorted(keys)


@pytest.mark.parametrize(("letter", "value"), [("2", 32768), ("4", 2**31), ("8", 2**63), ("u", -1), ("u", 2**32), ("6", -1)])
def test_an_int_beyond_its_type_is_refused(letter, value):
    with pytest.raises(OverflowError):
        KeyCodec(letter).encode((value,))


@pytest.mark.parametrize("call", [
    lambda: KeyCodec(""),
    lambda: KeyCodec("4" * 33),
    lambda: KeyCodec("?"),
    lambda: KeyCodec("44", (0,)),
    lambda: KeyCodec("44").encode((1,)),
    lambda: KeyCodec("4").encode_prefix((1, 2)),
    lambda: KeyCodec("t").encode(("a\0b",)),
    lambda: KeyCodec("g").encode((b"short",)),
])
def test_misuse_is_an_error(call):
    with pytest.raises(ValueError):
        call()
