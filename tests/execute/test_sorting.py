"""Sorting: directions, NULLs, and the same answer from memory and from spilled runs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.execute.rows import row_order, spill
from aurorapy.execute.rows.row_order import sort_rows
from aurorapy.execute.rows.sorted_runs import SortedRuns
from tests.execute.fakes import World

KEY = st.tuples(st.booleans(), st.booleans())
ROWS = st.lists(st.tuples(st.none() | st.integers(0, 5), st.none() | st.integers(0, 3)), max_size=40)


def expected(rows, spec):
    """The order by definition: one stable pass a key, last key first."""
    result = list(rows)
    for place, _, descending, nulls_first in reversed(spec):
        nulls = [r for r in result if r[place] is None]
        values = sorted((r for r in result if r[place] is not None), key=lambda r: r[place])
        if descending:
            values = sorted((r for r in result if r[place] is not None), key=lambda r: -r[place])
        result = nulls + values if nulls_first else values + nulls
    return result


@settings(max_examples=150, deadline=None)
@given(ROWS, KEY, KEY)
def test_sorts_as_defined(rows, first, second):
    spec = ((0, None, *first), (1, None, *second))
    got = list(rows)
    sort_rows(got, spec)
    assert got == expected(rows, spec)


@settings(max_examples=150, deadline=None)
@given(ROWS, KEY, KEY, st.integers(1, 7))
def test_sorts_in_steps_as_in_one(rows, first, second, piece):
    spec = ((0, None, *first), (1, None, *second))
    got = [(*row, number) for number, row in enumerate(rows)]  # the number tells equal rows apart
    wanted, steps = expected(got, spec), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_order, "PIECE_ROWS", piece)
        patch.setattr(row_order, "PART_ROWS_MAX", piece + 1)
        sort_rows(got, spec, lambda: steps.append(1))
    assert got == wanted
    assert len(steps) >= len(rows) // piece if len(rows) > piece else not steps


class Disk:
    def __init__(self):
        self.data = bytearray()

    def pwrite(self, data, position):
        self.data[position : position + len(data)] = data

    def pread(self, count, position):
        return bytes(self.data[position : position + count])

    def close(self):
        self.data.clear()


@settings(max_examples=60, deadline=None)
@given(ROWS, KEY, KEY, st.integers(1, 10), st.integers(1, 4))
def test_spilled_runs_merge_to_the_same(rows, first, second, size, block):
    rows = [(*row, number) for number, row in enumerate(rows)]
    world = World()
    world.temporary_file = Disk
    spec = ((0, None, *first), (1, None, *second))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spill, "BLOCK_ROWS", block)
        runs, pending = SortedRuns(world.context(), spec, 8), []
        for row in rows:
            pending.append(row)
            if len(pending) >= size:
                runs.spill(pending)
        assert list(runs.merge(pending)) == expected(rows, spec)


def test_a_query_that_spills():
    world = World()
    world.temporary_file = Disk
    executable = world.prepare("select i from generate_series(1, 5000) i order by i % 7 desc, i")
    ctx = world.context()
    ctx.work_mem_bytes = 1024
    in_memory = world.execute(executable)
    assert list(executable.run(ctx)) == in_memory
    assert in_memory[:2] == [(6,), (13,)]
