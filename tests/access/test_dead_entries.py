"""Index entries of rows that are dead to everybody go when readers meet them; nobody misses a row for it."""

from __future__ import annotations

import random

import pytest

from aurorapy.access.vacuum import check_table, vacuum_table
from aurorapy_native.btree_check import entries
from aurorapy_native.dead_entries import drop_dead
from tests.access.support import Changes, make_env, open_table, rows_of

PKEY, BY_A, BY_B = ("t_pkey", (1,), True), ("t_a_idx", (1,), False), ("t_b_idx", (2,), False)


@pytest.fixture
def env():
    return make_env(2048)


def insert(env, table, *rows):
    with Changes(env) as txn:
        return [table.insert(txn, row) for row in rows]


def replace_often(env, table, row, times):
    """Deletes and inserts the same row again and again."""
    (tid,) = insert(env, table, row)
    for _ in range(times):
        with Changes(env) as txn:
            table.delete(txn, tid, txn.snapshot())
            tid = table.insert(txn, row)


def look(env, table, key, snapshot=None):
    return table.fetch_by_key(20001, (key,), snapshot or env.txns.begin().snapshot(), (1, 2))


def count(table, place=0):
    return len(list(entries(table.indexes[place].tree)))


def test_a_lookup_takes_away_the_dead_entries_it_passes(env):
    table = open_table(env, indexes=[BY_A])
    insert(env, table, (1, "below"), (3, "above"))
    replace_often(env, table, (2, "b"), 2)
    assert count(table) == 5
    look(env, table, 2)
    assert count(table) == 5  # two dead ones are not worth it
    replace_often(env, table, (4, "b"), 4)
    assert look(env, table, 4) == (4, "b")
    assert count(table) == 4
    assert [look(env, table, key) for key in (1, 2, 3, 4)] == [(1, "below"), (2, "b"), (3, "above"), (4, "b")]
    assert check_table(table) == []


def test_an_insertion_takes_away_the_dead_entries_of_its_key(env):
    table = open_table(env, indexes=[PKEY])
    replace_often(env, table, (2, "b"), 20)
    assert count(table) <= 5
    assert check_table(table) == []


def test_a_scan_takes_away_the_dead_entries_it_passes(env):
    table = open_table(env, indexes=[PKEY, BY_B])
    tids = insert(env, table, *[(n, "b") for n in range(20)])
    for round in range(3):
        with Changes(env) as txn:
            tids = [table.update(txn, tid, (n, f"b{round}"), txn.snapshot()).tid for n, tid in enumerate(tids)]
    assert count(table, 1) == 80
    assert len(table.index_rows(20002, (), env.txns.begin().snapshot(), (1,))) == 20
    assert count(table, 1) == 20
    assert check_table(table) == []


def test_an_old_snapshot_keeps_the_entries_of_what_it_sees(env):
    table = open_table(env, indexes=[PKEY])
    insert(env, table, (2, "old"))
    reader = env.txns.begin("repeatable read")
    old = reader.snapshot()
    with Changes(env) as txn:
        (tid,) = [tid for _, tid in entries(table.indexes[0].tree)]
        table.delete(txn, tid, txn.snapshot())
    replace_often(env, table, (2, "new"), 8)
    assert look(env, table, 2, old) == (2, "old")
    assert look(env, table, 2) == (2, "new")
    assert look(env, table, 2, old) == (2, "old")
    del old
    reader.abort()
    replace_often(env, table, (9, "the horizon moves"), 1)
    look(env, table, 2)
    assert count(table) <= 3
    assert check_table(table) == []


def test_what_an_aborted_transaction_or_a_running_one_deleted_stays(env):
    table = open_table(env, indexes=[PKEY])
    tids = insert(env, table, *[(n, "b") for n in range(10)])
    loser, running = env.txns.begin(), env.txns.begin()
    for tid in tids[:5]:
        table.delete(loser, tid, loser.snapshot())
    loser.abort()
    for tid in tids[5:]:
        table.delete(running, tid, running.snapshot())
    assert drop_dead(table.heap, table.indexes[0].tree, b"") == 0
    running.abort()
    assert count(table) == 10 and check_table(table) == []


def test_an_aborted_insertion_leaves_no_entry(env):
    table = open_table(env, indexes=[PKEY])
    insert(env, table, (1, "b"))
    loser = env.txns.begin()
    for n in range(2, 8):
        table.insert(loser, (n, "b"))
    loser.abort()
    assert drop_dead(table.heap, table.indexes[0].tree, b"") == 6
    assert check_table(table) == []


def test_a_leaf_keeps_its_last_entry_for_vacuum(env):
    table = open_table(env, indexes=[PKEY])
    with Changes(env) as txn:
        tids = [table.insert(txn, (n, "b")) for n in range(10)]
    with Changes(env) as txn:
        for tid in tids:
            table.delete(txn, tid, txn.snapshot())
    assert drop_dead(table.heap, table.indexes[0].tree, b"") == 9
    assert vacuum_table(table, env.txns).entries_removed == 1
    assert count(table) == 0 and check_table(table) == []


@pytest.mark.parametrize("seed", range(12))
def test_indexes_lead_every_snapshot_to_what_it_sees(env, seed):
    """Changes, rollbacks, snapshots kept for a while, lookups, scans and vacuum in any order."""
    draw = random.Random(seed)
    table = open_table(env, indexes=[PKEY, BY_B])
    live: dict[int, tuple[int, tuple]] = {}
    kept: list = []
    for _ in range(400):
        key, what = draw.randrange(12), draw.random()
        if what < 0.55:
            txn, after = env.txns.begin(), dict(live)
            snapshot = txn.snapshot()
            if key in after:
                tid, row = after.pop(key)
                if draw.random() < 0.5:
                    changed = (key, draw.choice(["a", "b", row[1]]))
                    after[key] = (table.update(txn, tid, changed, snapshot).tid, changed)
                else:
                    table.delete(txn, tid, snapshot)
            if key not in after:
                after[key] = (table.insert(txn, (key, "c")), (key, "c"))
            del snapshot
            if draw.random() < 0.8:
                txn.commit()
                live = after
            else:
                txn.abort()
        elif what < 0.65:
            reader = env.txns.begin("repeatable read")
            kept.append((reader, reader.snapshot(), {row for _, row in live.values()}))
        elif what < 0.75 and kept:
            reader, *_ = kept.pop(draw.randrange(len(kept)))
            reader.abort()
        elif what < 0.77:
            vacuum_table(table, env.txns)
        views = [(snapshot, rows) for _, snapshot, rows in kept]
        views.append((env.txns.begin().snapshot(), {row for _, row in live.values()}))
        snapshot, rows = draw.choice(views)
        assert look(env, table, key, snapshot) == next((row for row in rows if row[0] == key), None)
        assert set(table.index_rows(20002, (), snapshot, (1, 2))) == rows == set(rows_of(table.heap, snapshot, (1, 2)))
        del snapshot, views
    assert check_table(table) == []
