"""What ANALYZE concludes from a sample, on cases small enough to count by hand."""

from __future__ import annotations

import pytest

from aurorapy.catalog.model import Column
from aurorapy.instance.workers.analyze import RUN, _distinct, column_statistics
from aurorapy.types.builtin import BY_NAME

INT = BY_NAME["int4"]
COLUMN = Column(1, "a", INT.oid)


def test_unique_values_are_a_fraction_of_the_rows():
    found = column_statistics(list(range(1000)), INT, COLUMN, 1000.0)
    assert (found.distinct, found.common, found.correlation) == (-1.0, None, 1.0)
    assert len(found.histogram) == 101 and found.histogram[0] == "0" and found.histogram[-1] == "999"


def test_few_values_are_all_common():
    found = column_statistics([i % 4 for i in range(100)], INT, COLUMN, 100.0)
    assert found.distinct == 4.0
    assert found.common == [("0", 0.25), ("1", 0.25), ("2", 0.25), ("3", 0.25)]
    assert found.histogram is None


def test_nulls_are_counted_apart():
    found = column_statistics([None, 1, None, 1], INT, COLUMN, 4.0)
    assert found.null_fraction == 0.5 and found.distinct == -0.25  # a value for every four rows
    empty = column_statistics([None, None], INT, COLUMN, 2.0)
    assert (empty.null_fraction, empty.distinct, empty.width) == (1.0, 0.0, 4)


def test_what_it_sorted_goes_in_pieces():
    """From the last list it made until all are empty somebody else gets a turn for every RUN values."""
    turns = []
    column_statistics(list(range(10 * RUN)), INT, COLUMN, 10.0 * RUN, lambda: turns.append(0))
    few = []
    column_statistics(list(range(RUN)), INT, COLUMN, 1.0 * RUN, lambda: few.append(0))
    assert len(turns) - len(few) >= 3 * 9 + 9  # pieces of three lists more, and runs to sort


def test_backwards_is_minus_one():
    assert column_statistics(list(range(50, 0, -1)), INT, COLUMN, 50.0).correlation == pytest.approx(-1.0)


def test_duj1_lies_between_what_was_seen_and_what_there_is():
    assert _distinct(100, 50, 0, 1000, 1000, 10_000.0, 0.0) == 105  # 1000·100 / (950 + 50·1000/10000)
    assert _distinct(900, 50, 0, 1000, 1000, 1_000_000.0, 0.0) == 5966


def test_json_has_no_order():
    found = column_statistics(["{}", "[]"], BY_NAME["json"], Column(1, "j", 114), 2.0)
    assert found.distinct == 0.0 and found.width > 0 and found.common is None


def test_wide_values_are_counted_not_compared():
    text = BY_NAME["text"]
    found = column_statistics(["x" * 2000, "y" * 3000], text, Column(1, "t", 25, collation=100), 2.0)
    assert found.distinct == -1.0 and found.histogram is None
