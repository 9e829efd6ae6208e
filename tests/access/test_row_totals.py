"""Aggregates that native code folds, against Python's sum, min, max over the same rows as tuples."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.types.builtin import BY_NAME
from aurorapy_native.row_source import HeapScan
from aurorapy_native.row_totals import totals
from aurorapy_native.tuples import RowCodec
from tests.access.support import Changes, make_env, open_heap

RANGES = {"int2": 15, "int4": 31, "int8": 63}
KINDS = "ncsa<>"


def no_wait():
    pass


def expected(kind, place, rows):
    values = [row[place] for row in rows if kind != "n" and row[place] is not None]
    if kind in "nc":
        return len(rows) if kind == "n" else len(values)
    if kind in "sa":
        total = sum(values) if values else None
        return total if kind == "s" else [len(values), total]
    return (min if kind == "<" else max)(values, default=None)


@st.composite
def tables(draw):
    names = draw(st.lists(st.sampled_from([*RANGES, "text"]), min_size=1, max_size=5))
    ends = {n: (-(1 << b), (1 << b) - 1) for n, b in RANGES.items()}
    edges = {n: st.sampled_from([*end, 0, -1]) | st.integers(*end) for n, end in ends.items()}
    nulls = draw(st.booleans())
    values = [edges.get(n, st.text("xyz")) for n in names]
    rows = draw(st.lists(st.tuples(*(v | st.none() if nulls else v for v in values)), max_size=15))
    columns = draw(st.permutations(range(1, len(names) + 1)))
    of_integers = [i for i, c in enumerate(columns) if names[c - 1] != "text"]
    items = draw(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(of_integers or [0])), max_size=6))
    return names, rows, tuple(columns), tuple((kind if of_integers or kind in "nc" else "c", place) for kind, place in items)


@settings(max_examples=150, deadline=None)
@given(tables())
def test_totals_are_those_of_the_tuples(table):
    names, rows, columns, items = table
    env = make_env()
    heap = open_heap(env, "".join(BY_NAME[n].storage for n in names), toast_root=0)
    with Changes(env) as txn:
        heap.insert_many(rows, txn.xid, txn.command)
    now = env.txns.begin().snapshot()
    wanted = [expected(kind, columns[place] - 1, rows) for kind, place in items]
    source = HeapScan(heap, now, columns, 0, heap.blocks, no_wait)
    assert totals(source, items, no_wait) == wanted
    pages = [[tuple(row[c - 1] for c in columns) for row in rows[at : at + 4]] for at in range(0, len(rows), 4)]
    assert totals(iter(pages), items, no_wait) == wanted


def test_columns_younger_than_the_row():
    env = make_env()
    heap = open_heap(env, "4")
    with Changes(env) as txn:
        heap.insert_many([(n,) for n in range(10)], txn.xid, txn.command)
    wide = type(heap)(heap.storage, RowCodec("488", [None, 5, None]), heap.status, heap.row_locks)
    with Changes(env) as txn:
        wide.insert((10, 2**62, 7), txn.xid, txn.command)
    now = env.txns.begin().snapshot()
    items = (("s", 0), ("s", 1), ("<", 1), (">", 1), ("c", 2), ("a", 2), ("n", 0))
    source = HeapScan(wide, now, (1, 2, 3), 0, wide.blocks, no_wait)
    assert totals(source, items, no_wait) == [55, 2**62 + 50, 5, 2**62, 1, [1, 7], 11]


def test_nothing_but_rows_are_counted():
    env = make_env()
    heap = open_heap(env, "4t")
    with Changes(env) as txn:
        heap.insert_many([(n, "x" * 500) for n in range(100)], txn.xid, txn.command)
    calls = []
    source = HeapScan(heap, env.txns.begin().snapshot(), (), 0, heap.blocks, no_wait)
    assert totals(source, (("n", 0),), lambda: calls.append(1)) == [100]
    assert len(calls) == heap.blocks


def test_no_sums_of_texts():
    env = make_env()
    heap = open_heap(env, "4t")
    source = HeapScan(heap, env.txns.begin().snapshot(), (2,), 0, heap.blocks, no_wait)
    with pytest.raises(ValueError):
        totals(source, (("s", 0),), no_wait)
