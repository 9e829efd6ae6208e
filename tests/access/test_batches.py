"""A batch of rows leaves a table and its indexes as the same rows one by one do, and fails where they would."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurorapy.access.vacuum import check_table
from aurorapy.errors import UniqueViolation
from aurorapy_native import btree_check
from tests.access.support import Changes, make_env, open_table
from tests.access.test_btree import assert_redo_rebuilds
from tests.access.test_table import now

INDEXES = [("t_a_key", (1,), True), ("t_b_idx", (2,), False), ("t_ba_key", (2, 1), True)]
slow = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))


def keys_of(index) -> list[bytes]:
    return [key for key, _ in btree_check.entries(index.tree)]


@slow
@given(st.integers(0, 2**32), st.sampled_from(["ascending", "shuffled", "few", "wide"]), st.integers(1, 4))
def test_many_batches_make_sound_indexes(seed, order, transactions):
    draw = random.Random(seed)
    env = make_env(frames=4096)
    table = open_table(env, indexes=INDEXES)
    rows = [(n, str(n % 3 if order == "few" else n) * (90 if order == "wide" else 1)) for n in range(transactions * 900)]
    if order != "ascending":
        draw.shuffle(rows)
    for start in range(0, len(rows), 900):
        with Changes(env) as txn:
            tids = table.insert_many(txn, rows[start : start + 900])
        assert len(set(tids)) == 900
    assert check_table(table) == []
    for index in table.indexes:
        assert keys_of(index) == sorted(index.codec.encode(index.values_of(row)) for row in rows)
    assert sorted(table.index_rows(table.indexes[0].info.oid, (), now(env), (1, 2))) == sorted(rows)
    assert_redo_rebuilds(env)


def first_problem(insert, rows):
    try:
        insert(rows)
    except UniqueViolation as error:
        return error.constraint, error.detail
    return None


@slow
@given(st.lists(st.tuples(st.none() | st.integers(0, 300), st.none() | st.integers(0, 40).map(str)), min_size=1, max_size=60))
def test_the_first_violation_is_that_of_single_rows(rows):
    problems = []
    for many in (False, True):
        env = make_env(frames=1024)
        table = open_table(env, indexes=INDEXES)
        with Changes(env) as txn:
            for n in range(0, 300, 60):
                table.insert(txn, (n, str(n // 10)))
        txn = env.txns.begin()
        if many:
            problems.append(first_problem(lambda rows: table.insert_many(txn, rows), rows))
        else:
            problems.append(first_problem(lambda rows: [table.insert(txn, row) for row in rows], rows))
        txn.abort()
    assert problems[0] == problems[1]


def test_an_error_says_which_row_of_the_batch_it_is():
    env = make_env(frames=1024)
    table = open_table(env, indexes=INDEXES)
    txn = env.txns.begin()
    batch = table.new_batch()
    for n in [*range(500), 77]:
        assert batch.append((n, str(n)))
    with pytest.raises(UniqueViolation) as e:
        table.insert_batch(txn, batch)
    assert e.value.batch_row == 500 and len(batch) == 0
    txn.abort()


def test_a_batch_refuses_rows_for_the_toaster_and_takes_no_more_than_it_holds():
    table = open_table(make_env())
    batch = table.new_batch()
    assert not batch.append((1, "x" * 3000))
    assert [batch.append((n, "x")) for n in range(1001)] == [True] * 1000 + [False]
    assert batch.values(999) == (999, "x") and batch.full
