"""Which INSERTs have nothing to compute, and what their rows are."""

from __future__ import annotations

import pytest

from aurorapy.errors import IntegrityError
from aurorapy.execute.modify.plain import fields_of_parameters, plain_insert
from tests.execute.fakes import World


@pytest.fixture
def world() -> World:
    made = World()
    made.create("t", "a int4 not null, b varchar, c int8", primary="a")
    return made


def plain_of(world: World, text: str, width: int):
    plan = world.plan(text)
    fields = fields_of_parameters(plan)
    return None if fields is None else plain_insert(plan, fields, width)


@pytest.mark.parametrize(
    ("text", "width", "sources"),
    [
        ("insert into t values ($1, $2, $3)", 3, (0, 1, 2)),
        ("insert into t (c, a) values ($1, $2)", 2, (1, None, 0)),
        ("insert into t (a) values ($1)", 1, (0, None, None)),
    ],
)
def test_parameters_that_go_into_columns_are_plain(world, text, width, sources):
    assert plain_of(world, text, width).sources == sources


@pytest.mark.parametrize(
    "text",
    ["insert into t values ($1 + 1, $2, $3)", "insert into t values ($1, $2, $3) returning a",
     "insert into t values ($1, $2, 5 + $3)", "insert into t (a) select $1::int4 from t",
     "insert into t (a) values ($1) on conflict do nothing", "insert into t (a, c) values ($1, random()::int8)",
     "insert into t (a) values ($1), ($2)", "update t set a = $1", "select $1::int4"],
)  # fmt: skip
def test_whatever_must_be_computed_is_not(world, text):
    assert plain_of(world, text, 2) is None


def test_a_row_has_constants_where_no_field_is_given(world):
    plain = plain_of(world, "insert into t (a, b) values ($1, $2)", 2)
    assert plain.row((5, "x"), None) == (5, "x", None)
    with pytest.raises(IntegrityError) as e:
        plain.row((None, "x"), world.context().eval)
    assert e.value.column == "a"
