"""Large results are let go of piece by piece: freeing a million values at once keeps everybody waiting."""

from __future__ import annotations

import json
from collections import Counter
from types import SimpleNamespace

import pytest

from aurorapy.errors import DatabaseError
from aurorapy.execute.rows import runtime, window_functions
from aurorapy.execute.rows.row_order import PIECE_ROWS, sort_rows
from aurorapy.expressions.nodes import WindowCall
from aurorapy.sql.parse import parse
from aurorapy.sql.plan.nodes import ValuesScan
from aurorapy.sql.tree import Rte
from aurorapy.types import jsonb
from aurorapy.types.arrays import PIECE_ITEMS
from aurorapy.types.builtin import BY_NAME
from aurorapy.types.values import LARGE_ITEMS, LARGE_LIST, LET_GO_MAX, Array, let_go


class Paces:
    """give_way(), and how many rows were left in a list each time."""

    def __init__(self, rows=()):
        self.rows = rows
        self.left = []

    def __call__(self):
        self.left.append(len(self.rows))


@pytest.fixture
def nothing_let_go():
    let_go.clear()
    yield
    let_go.clear()


def test_a_large_array(nothing_let_go):
    array = Array.of(range(LARGE_ITEMS + 1), 23)
    items = array.items
    del array
    assert let_go == [items]
    paces = Paces()
    runtime.free_arrays(paces)
    assert let_go == [] and len(paces.left) > 2 * LARGE_ITEMS // runtime.DISPOSE_ROWS


def test_small_arrays_and_too_many_large_ones_go_at_once(nothing_let_go):
    Array.of(range(100), 23)
    assert let_go == []
    for _ in range(LET_GO_MAX + 5):
        Array.of(range(LARGE_ITEMS + 1), 23)
    assert len(let_go) == LET_GO_MAX


def test_rows_below_a_limit_go_while_they_are_asked_for():
    rows = [(i,) for i in range(3 * runtime.DISPOSE_ROWS)]
    paces = Paces(rows)
    asked = runtime.first_rows(rows, 2 * runtime.DISPOSE_ROWS, paces)
    assert len(rows) == 2 * runtime.DISPOSE_ROWS
    assert list(asked) == [(i,) for i in range(2 * runtime.DISPOSE_ROWS)]
    assert rows == [] and len(paces.left) > 10
    few = [(1,), (2,), (3,)]
    assert list(runtime.first_rows(few, 2, paces)) == [(1,), (2,)]
    assert list(runtime.first_rows(few, None, paces)) == [(1,), (2,)]


def test_rows_that_a_sort_moves():
    """No step of it frees or copies the whole list."""
    rows = [(i * 7919 % 100_003,) for i in range(10 * PIECE_ROWS)]
    paces = Paces(rows)
    expected = sorted(rows)
    sort_rows(rows, ((0, None, False, False),), paces)
    assert rows == expected
    steps = [abs(b - a) for a, b in zip(paces.left, paces.left[1:])]
    assert max(steps) <= 4 * PIECE_ROWS and min(paces.left) < PIECE_ROWS


def test_rows_of_a_with_query():
    shared = runtime.Shared(lambda: ((i,) for i in range(3 * runtime.DISPOSE_ROWS)))
    shared.drain()
    paces = Paces()
    shared.dispose(paces)
    assert len(paces.left) >= 3 and shared._rows == []


def test_a_tree_of_json():
    inner: list = [3, {"b": []}]
    tree = {"a": [1, inner, "x"], "c": inner[1]}
    lists = [tree["a"], inner]
    jsonb.take_apart(tree)
    assert tree == {} and lists == [[], []]
    jsonb.take_apart("a string")


def test_the_text_of_a_large_document_is_joined_in_pieces(monkeypatch):
    sizes = []
    join_many = jsonb._Text.join_many

    def seen(text):
        sizes.append(len(text.parts))
        join_many(text)

    monkeypatch.setattr(jsonb._Text, "join_many", seen)
    tree = [{"key": str(i), "n": None} for i in range(5_000)]
    assert json.loads(jsonb.from_tree(tree)) == tree
    assert max(sizes) < 2 * jsonb.PARTS_MAX


@pytest.mark.parametrize("lower, prefix", [(1, ""), (-3, "[-3:4996]=")])
def test_the_text_of_a_large_array(lower, prefix):
    count = 5_000
    assert count > PIECE_ITEMS
    items = tuple(None if i % 1000 == 7 else f"a,{i}" for i in range(count))
    text = BY_NAME["_text"].output(Array(items, (count,), (lower,), 25), None)
    assert text == prefix + "{" + ",".join("NULL" if item is None else f'"{item}"' for item in items) + "}"


def test_the_tree_of_a_long_statement(nothing_let_go):
    """Its tokens and its rows of values; of a short one nothing."""
    rows = LARGE_LIST + 1
    [statement] = parse(f"values {','.join(['(1, 2)'] * rows)}")
    taken = [statement.source.texts, statement.source.starts, statement.source.ends, statement.tree.rows]
    del statement
    assert sorted(map(id, let_go)) == sorted(map(id, taken))
    let_go.clear()
    parse("values (1, 2)")
    with pytest.raises(DatabaseError):
        parse("values ('")
    assert let_go == []
    Rte("values", "v", [], [], [], values=taken[3])
    assert let_go.pop() is taken[3]
    ValuesScan(0, "v", values=taken[3])
    assert let_go.pop() is taken[3]


def test_what_a_window_needs_for_itself(monkeypatch):
    """Keys, arguments, places of peers: disposed of with the partition."""
    counts = Counter()
    monkeypatch.setattr(window_functions, "dispose", lambda rows, give_way: counts.update([len(rows)]))
    call = WindowCall(20, fn=SimpleNamespace(name="row_number", aggregate=None))
    run = window_functions.WindowRun(SimpleNamespace(calls=[call], window=SimpleNamespace(frame=None, partition=[], order=[])))
    rows = [((i,), (), (), (), ()) for i in range(500)]
    context = SimpleNamespace(give_way=lambda: None)
    assert [result for _, result in run.rows(rows, context, (None, None))] == [(i,) for i in range(1, 501)]
    assert counts == {500: 7}
