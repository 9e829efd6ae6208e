"""Small rules of names and rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurorapy.catalog.cache import split_names, unquote
from aurorapy.catalog.rows import row
from aurorapy.execute.ddl.drop import describe  # noqa: F401 - the module's import is part of the test
from aurorapy.execute.ddl.indexes import _distinct
from aurorapy.execute.ddl.relations import make_object_name


def test_search_path_is_split_outside_quotes():
    assert split_names('"$user", public') == ['"$user"', "public"]
    assert split_names('"a,b",c') == ['"a,b"', "c"]
    assert [unquote(n) for n in ('"A""b"', "Public")] == ['A"b', "public"]


def test_a_row_is_completed_with_defaults():
    values = row("pg_namespace", oid=2200, nspname="public", nspowner=10)
    assert values == (2200, "public", 10, None)
    with pytest.raises(KeyError):
        row("pg_namespace", nope=1)


@given(st.lists(st.text(alphabet="aä", max_size=70), min_size=1, max_size=3), st.sampled_from(["key", "idx1", "seq"]))
def test_chosen_names_fit(parts, label):
    name = make_object_name(tuple(parts), label)
    assert len(name.encode()) <= 63
    assert name.endswith(label)


def test_the_longer_part_is_cut_first():
    assert make_object_name(("t" * 80, "col"), "key") == "t" * 55 + "_col_key"
    assert make_object_name(("t", "a", ), "key") == "t_a_key"


def test_index_columns_have_names_of_their_own():
    assert _distinct(["expr", "a", "expr", "expr"]) == ["expr", "a", "expr1", "expr2"]
