"""Rows sorted by their bytes come in the order of Python's sort of the same rows as tuples."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.types.builtin import BY_NAME
from aurorapy_native.outbuffer import OutBuffer, RowEncoder
from aurorapy_native.row_output import PlainRows
from aurorapy_native.row_sorting import sorted_pages
from aurorapy_native.row_source import HeapScan
from tests.access.support import Changes, make_env, open_heap

TEXTS = st.text("ab \x1fz\xe9\u20ac", max_size=12) | st.text("a", min_size=6, max_size=10)
VALUES = {
    "int2": st.integers(-(2**15), 2**15 - 1) | st.integers(-2, 2),
    "int4": st.integers(-(2**31), 2**31 - 1) | st.integers(-2, 2),
    "int8": st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 2),
    "oid": st.integers(0, 2**32 - 1),
    "text": TEXTS,
    "bpchar": TEXTS.map(lambda t: t.ljust(13)),
}


def no_wait():
    pass


class Order:
    """What a Sort above the scan would do, in Python; it remembers whether it was asked."""

    def __init__(self, place, blanks, descending, nulls_first, distinct):
        self.how = (place, blanks, descending, nulls_first, distinct)
        self.calls = 0

    def sort(self, rows):
        place, blanks, descending, nulls_first, distinct = self.how
        value = (lambda r: r[place].rstrip(" ")) if blanks else (lambda r: r[place])
        found = sorted((r for r in rows if r[place] is not None), key=value, reverse=descending)
        empty = [r for r in rows if r[place] is None]
        found = [*empty, *found] if nulls_first else [*found, *empty]
        if distinct:
            first = {}
            for row in found:
                first.setdefault(None if row[place] is None else value(row), row)
            found = list(first.values())
        return found

    def __call__(self, pages):
        self.calls += 1
        yield self.sort([row for page in pages for row in page])

    def of(self, source, work_mem=1 << 22):
        return sorted_pages(source, *self.how, self, work_mem, no_wait)


def filled(types, rows):
    env = make_env(frames=4096)
    heap = open_heap(env, "".join(BY_NAME[t].storage for t in types), toast_root=0)
    with Changes(env) as txn:
        heap.insert_many(rows, txn.xid, txn.command)
    now = env.txns.begin().snapshot()
    return lambda columns=None: HeapScan(heap, now, columns or tuple(range(1, len(types) + 1)), 0, heap.blocks, no_wait)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(list(VALUES)), st.booleans(), st.booleans(), st.booleans())
def test_the_order_of_tuples(data, name, descending, nulls_first, distinct):
    values = data.draw(st.lists(VALUES[name] | st.none(), max_size=25))
    rows = [(n, v) for n, v in enumerate(values)]
    scan = filled(["int4", name], rows)
    order = Order(1, name == "bpchar", descending, nulls_first, distinct)
    assert [row for page in order.of(scan()) for row in page] == order.sort(rows)
    assert order.calls == 0


@pytest.mark.parametrize("rows, work_mem, calls", [
    ([(n * 7919 % 5000, f"{n * 7919 % 5000}") for n in range(5000)], 1 << 22, 1),  # more than are sorted here
    ([(n * 37 % 1000, "x" * (n % 50)) for n in range(1000)], 4000, 1),  # more than work_mem
    ([(n * 37 % 1000, "x" * (n % 50)) for n in range(1000)], 1 << 22, 0),
    ([(n, "short" if n % 3 else f"{n}" * 5000) for n in range(40)], 1 << 22, 1),  # values to be fetched or unpacked
    ([(n, f"{n}" * 60_000 if n == 30 else f"{n}") for n in range(40)], 1 << 22, 1),
])  # fmt: skip
@pytest.mark.parametrize("distinct", [False, True])
def test_too_much_goes_elsewhere(rows, work_mem, calls, distinct):
    order = Order(1, False, False, False, distinct)
    scan = filled(["int4", "text"], rows)
    assert [row for page in order.of(scan(), work_mem) for row in page] == order.sort(rows)
    assert order.calls == calls


def test_long_values_beside_the_column():
    rows = [(n * 37 % 100, f"{n}" * 40_000 if n % 10 == 0 else f"{n}") for n in range(100)]
    order = Order(0, False, True, False, False)
    scan = filled(["int4", "text"], rows)
    assert [row for page in order.of(scan()) for row in page] == order.sort(rows)
    assert order.calls == 0


def test_sorted_rows_are_sent_straight():
    rows = [(n * 37 % 1000, f"{n}") for n in range(1000)]
    scan = filled(["int4", "text"], rows)
    for work_mem in (1 << 22, 1000):
        order, straight, usual = Order(0, False, False, False, False), OutBuffer(), OutBuffer()
        encoder = RowEncoder(b"s4", (None, None))
        order.how = (1, *order.how[1:])
        sent = PlainRows(order.of(scan((2, 1)), work_mem), no_wait).emit(straight, encoder, 1 << 30, no_wait)
        usual.rows([(text, n) for n, text in sorted(rows)], encoder)
        assert sent == 1000 and straight.take() == usual.take()


def test_only_types_that_sort_by_their_bytes():
    scan = filled(["numeric"], [])
    with pytest.raises(ValueError):
        Order(0, False, False, False, False).of(scan())
