"""The native reader of Bind's values against the plain decoders: the same values, or None where they would not be."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from aurorapy.errors import DatabaseError
from aurorapy.session.codes import param_reader_of
from aurorapy.types.builtin import TYPES
from aurorapy.types.model import TypeContext

KINDS = (16, 17, 20, 21, 23, 25, 26, 700, 701, 1042, 1043, 1082, 1184, 1700, 2950)
NUMBERS = st.one_of(st.integers(), st.sampled_from([s * (2**n + d) for n in (15, 31, 32, 63, 64) for s in (1, -1) for d in (-1, 0, 1)]))
TEXTS = st.one_of(
    NUMBERS.map(lambda n: str(n).encode()), st.text("aé\0€\U0001f600 x", max_size=8).map(str.encode), st.binary(max_size=17),
    st.text("0123456789+-. _ex", max_size=22).map(str.encode),
)  # fmt: skip
FIXED = st.one_of(*(st.binary(min_size=n, max_size=n) for n in (1, 2, 4, 8, 16)))


@st.composite
def binds(draw):
    """(type oids, formats, values)."""
    n = draw(st.integers(0, 5))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=n, max_size=n))
    formats = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    return kinds, formats, [draw(st.none() | (FIXED | TEXTS if f else TEXTS)) for f in formats]


def packed(values: list[bytes | None]) -> bytes:
    parts = [struct.pack("!i", -1) if v is None else struct.pack("!i", len(v)) + v for v in values]
    return struct.pack("!H", len(values)) + b"".join(parts)


def reader_and_plain(kinds: list[int], formats: list[int], values: list[bytes | None]):
    reader = param_reader_of([TYPES[oid] for oid in kinds], formats, TypeContext())
    try:
        plain = tuple([None if v is None else decode(v) for v, decode in zip(values, reader.decoders)])
    except DatabaseError:
        plain = None
    return reader, plain


@given(binds())
def test_values_are_those_of_the_plain_decoders(bound):
    reader, plain = reader_and_plain(*bound)
    found = reader.read_all(packed(bound[2]))
    assert repr(found) == repr(plain)  # NaN is not equal to itself
    assert plain is None or [type(v) for v in found] == [type(v) for v in plain]


@given(binds(), st.data())
def test_values_that_are_cut_short_are_not_read(bound, data):
    whole = packed(bound[2])
    reader, _ = reader_and_plain(*bound)
    assert reader.read_all(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None


@given(binds(), st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(bound, data):
    reader, _ = reader_and_plain(*bound)
    found = reader.read_all(data)
    assert found is None or len(found) == len(bound[0])


@given(binds(), st.integers(0, 7))
def test_another_number_of_values_is_not_read(bound, count):
    reader, _ = reader_and_plain(*bound)
    if count != len(bound[0]):
        assert reader.read_all(struct.pack("!H", count) + packed(bound[2])[2:]) is None


def test_numbers_are_read_up_to_their_ends():
    reader, _ = reader_and_plain([21, 23, 20], [0, 0, 0], [])
    ends = [b"-32768", b"-2147483648", b"-9223372036854775808"]
    assert reader.read_all(packed(ends)) == (-(2**15), -(2**31), -(2**63))
    for place, beyond in enumerate((b"32768", b"2147483648", b"9223372036854775808")):
        assert reader.read_all(packed([*ends[:place], beyond, *ends[place + 1 :]])) is None


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.text("a0123456789+-. \0€", max_size=22) | NUMBERS.map(str)), max_size=4))
def test_texts_are_read_as_their_bytes_are(bound):
    kinds, texts = [kind for kind, _ in bound], tuple([text for _, text in bound])
    reader, plain = reader_and_plain(kinds, [0] * len(kinds), [text.encode() for text in texts])
    assert repr(reader.of_texts(texts)) == repr(plain)
    assert reader.of_texts((*texts, "1")) is None
