"""What row_columns says of a column, against Python's own words, and what sorts by it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurorapy.execute.rows.row_order import sort_rows
from aurorapy.expressions.ordering import bpchar_key
from aurorapy_native.row_columns import has_null, is_even

TEXTS = st.text(st.characters(min_codepoint=1, max_codepoint=0x180), max_size=20)
PADDED = st.lists(st.text("a b\x1f~\x7f\xe9", max_size=11).map(lambda t: t.ljust(11)), max_size=20)


@given(st.lists(TEXTS | st.none(), max_size=5))
def test_even_texts(values):
    rows = [(0, v) for v in values]
    even = None not in values and len({len(v) for v in values}) <= 1 and all(" " <= c <= "\xff" for v in values for c in v)
    assert is_even(rows, 1) is even
    assert has_null(rows, 1) is (None in values)


@given(st.lists(st.integers(0, 255), min_size=1, max_size=40))
def test_every_place_of_a_control_character_is_seen(codes):
    assert is_even([("".join(map(chr, codes)),)], 0) is (min(codes) >= 32)


@given(PADDED, st.booleans())
def test_padded_texts_sort_as_without_their_blanks(texts, descending):
    rows = [(i, t) for i, t in enumerate(texts)]
    wanted = sorted(rows, key=lambda r: r[1].rstrip(" "), reverse=descending)
    sort_rows(rows, ((1, bpchar_key, descending, descending),))
    assert rows == wanted


def test_places_are_checked():
    for function in (has_null, is_even):
        assert function([], 5) in (True, False)
        with pytest.raises(IndexError):
            function([("a",)], 1)
        with pytest.raises(TypeError):
            function([["a"]], 0)
