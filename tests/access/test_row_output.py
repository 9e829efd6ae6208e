"""Rows sent straight from their pages have the bytes that decoding and encoding them gives."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.session.codes import encoder_of
from aurorapy.types.builtin import BY_NAME
from aurorapy.types.model import TypeContext
from aurorapy.types.values import Array
from aurorapy_native.outbuffer import OutBuffer, RowEncoder
from aurorapy_native.row_output import PlainRows
from aurorapy_native.row_source import HeapScan, IndexScan, RowSource
from aurorapy_native.tuples import RowCodec
from tests.access.support import Changes, make_env, open_heap, open_table

I64 = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200)
VALUES = {
    "bool": st.booleans(),
    "int2": st.integers(-(2**15), 2**15 - 1),
    "int4": st.integers(-(2**31), 2**31 - 1),
    "int8": I64,
    "oid": st.integers(0, 2**32 - 1),
    "float4": st.floats(width=32),
    "float8": st.floats(),
    "text": TEXTS | st.sampled_from(["x" * 127, "x" * 128, "y" * 3000, "abc" * 2000]),
    "varchar": TEXTS,
    "bpchar": TEXTS,
    "bytea": st.binary(max_size=200) | st.just(b"z" * 1500),
    "uuid": st.uuids().map(lambda u: uuid.UUID(int=u.int).bytes),
    "date": st.integers(-(2**20), 2**20),
    "timestamp": st.integers(-(10**15), 10**15),
    "numeric": st.decimals(allow_nan=False, allow_infinity=False, places=3),
    "_int4": st.lists(st.integers(0, 9), max_size=3).map(lambda items: Array.of(items, 23)),
}
NAMES = [name for name in VALUES if name in BY_NAME]
CONTEXT = TypeContext()


@pytest.fixture
def env():
    return make_env()


def no_wait():
    pass


def encoder(types, formats):
    pairs = [encoder_of(t, f, CONTEXT) for t, f in zip(types, formats)]
    return RowEncoder("".join(code for code, _ in pairs).encode(), tuple(call for _, call in pairs))


def both_ways(source_of, types, formats):
    """(bytes sent straight, bytes of the decoded rows, rows)"""
    made = encoder(types, formats)
    straight, usual = OutBuffer(), OutBuffer()
    count = PlainRows(source_of(), no_wait).emit(straight, made, 1 << 30, no_wait)
    rows = list(PlainRows(source_of(), no_wait))
    usual.rows(rows, made)
    assert count == len(rows)
    return straight.take(), usual.take(), rows


@st.composite
def tables(draw):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6))
    rows = draw(st.lists(st.tuples(*(st.none() | VALUES[n] for n in names)), max_size=12))
    columns = draw(st.lists(st.integers(1, len(names)), max_size=5))
    formats = draw(st.lists(st.integers(0, 1), min_size=len(columns), max_size=len(columns)))
    return names, rows, tuple(columns), formats


@settings(max_examples=150, deadline=None)
@given(tables())
def test_straight_rows_have_the_bytes_of_decoded_ones(table):
    names, rows, columns, formats = table
    env = make_env()
    types = [BY_NAME[n] for n in names]
    heap = open_heap(env, "".join(t.storage for t in types), toast_root=0)
    with Changes(env) as txn:
        heap.insert_many(rows, txn.xid, txn.command)
    now = env.txns.begin().snapshot()
    straight, usual, found = both_ways(
        lambda: HeapScan(heap, now, columns, 0, heap.blocks, no_wait), [types[c - 1] for c in columns], formats
    )
    assert straight == usual
    assert len(found) == len(rows)


def test_columns_younger_than_the_row(env):
    heap = open_heap(env, "4", toast_root=0)
    with Changes(env) as txn:
        heap.insert((7,), txn.xid, txn.command)
    types = [BY_NAME["int4"], BY_NAME["text"], BY_NAME["int8"]]
    wide = type(heap)(heap.storage, RowCodec("4t8", [None, "new", None]), heap.status, heap.row_locks)
    now = env.txns.begin().snapshot()
    for columns in ((1, 2, 3), (3, 1), (2,), (1,)):
        straight, usual, rows = both_ways(
            lambda c=columns: HeapScan(wide, now, c, 0, wide.blocks, no_wait), [types[c - 1] for c in columns], [0] * len(columns)
        )
        assert straight == usual and rows == [tuple((7, "new", None)[c - 1] for c in columns)]


def test_long_values_between_short_ones(env):
    table = open_table(env, indexes=[("t_pkey", (1,), True)], toast_root=0)
    values = [(n, "long" * 200_000 if n % 7 == 3 else f"short {n}") for n in range(60)]
    with Changes(env) as txn:
        for row in values:
            table.insert(txn, row)
    index, now = table.index(20001), env.txns.begin().snapshot()
    for backward in (False, True):
        straight, usual, rows = both_ways(
            lambda b=backward: table.index_pages(index, [(None, None, True, True)], b, now, (2, 1)),
            [BY_NAME["text"], BY_NAME["int4"]], [0, 1],
        )  # fmt: skip
        assert straight == usual
        assert rows == [(text, n) for n, text in (reversed(values) if backward else values)]


def test_ranges_follow_one_another(env):
    table = open_table(env, indexes=[("t_pkey", (1,), True)])
    with Changes(env) as txn:
        table.insert_many(txn, [(n, "x") for n in range(3000)])
    index, now = table.index(20001), env.txns.begin().snapshot()
    key = index.codec.encode_prefix

    def source():
        low = [5, 2999, 40, 1000]
        ranges = ((key((n,)), key((n + (700 if n == 1000 else 2),)), True, False) for n in low)
        return IndexScan(table.heap, index.tree, ranges, False, now, (1,), no_wait)

    straight, usual, rows = both_ways(source, [BY_NAME["int4"]], [0])
    assert straight == usual
    assert [n for (n,) in rows] == [5, 6, 2999, 40, 41, *range(1000, 1700)]


def test_what_was_read_as_tuples_is_not_sent_again(env):
    table = open_table(env)
    with Changes(env) as txn:
        table.insert_many(txn, [(n, "x" * 100) for n in range(300)])
    now = env.txns.begin().snapshot()
    made, drained = encoder([BY_NAME["int4"]], [0]), []
    rows = PlainRows(table.scan(now, (1,)), no_wait)
    assert [next(rows) for _ in range(3)] == [(0,), (1,), (2,)]
    out, rest = OutBuffer(), OutBuffer()
    assert rows.emit(out, made, 200, lambda: drained.append(out.take())) == 297
    rest.rows([(n,) for n in range(3, 300)], made)
    assert b"".join(drained) + out.take() == rest.take() and len(drained) > 2
    assert list(rows) == []


def test_nothing_found(env):
    assert list(RowSource()) == [] == list(PlainRows(RowSource(), no_wait))


