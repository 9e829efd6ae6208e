"""Tables: rows and index entries together, unique keys, ON CONFLICT, index building, vacuum, checking."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.access.table import IndexDescription, Table
from aurorapy.access.vacuum import check_table, vacuum_table
from aurorapy.catalog.model import IndexInfo
from aurorapy.errors import DeadlockDetected, ProgramLimitExceeded, UniqueViolation
from aurorapy_native.btree import BTree
from aurorapy_native.btree_check import entries
from aurorapy_native.heap import BEING_MODIFIED, OK
from aurorapy_native.heap_vacuum import vacuum_page
from aurorapy_native.keys import KeyCodec
from tests.access.support import Changes, make_env, open_table, rows_of, storage

PKEY = ("t_pkey", (1,), True)


@pytest.fixture
def env():
    return make_env(2048)


def fill(env, table, *rows):
    with Changes(env) as txn:
        return [table.insert(txn, row) for row in rows]


def now(env):
    return env.txns.begin().snapshot()


def by_key(env, table, *key, oid=20001):
    return table.fetch_by_key(oid, key, now(env), tuple(range(1, len(table.relation.columns) + 1)))


# -- unique keys --------------------------------------------------------------------------------------------------------


def test_a_taken_key(env):
    table = open_table(env, "a:23 b:25 c:1700", [("t_a_b_key", (1, 2), True)])
    fill(env, table, (1, "x", Decimal("1.50")))
    with pytest.raises(UniqueViolation) as e:
        fill(env, table, (1, "x", None))
    assert e.value.message == 'duplicate key value violates unique constraint "t_a_b_key"'
    assert e.value.detail == "Key (a, b)=(1, x) already exists."
    assert (e.value.schema, e.value.table, e.value.constraint) == ("public", "t", "t_a_b_key")
    fill(env, table, (1, "y", None), (2, "x", None))
    assert check_table(table) == []


def test_nulls_are_distinct_unless_declared_otherwise(env):
    table = open_table(env, indexes=[("t_b_key", (2,), True)])
    fill(env, table, (1, None), (2, None))
    table.indexes[0].info.nulls_not_distinct = True
    with pytest.raises(UniqueViolation) as e:
        fill(env, table, (3, None))
    assert e.value.detail == "Key (b)=(null) already exists."


def test_a_key_is_free_again_after_delete_rollback_and_change(env):
    table = open_table(env, indexes=[PKEY])
    (tid,) = fill(env, table, (1, "a"))
    with Changes(env) as txn:
        table.delete(txn, tid, txn.snapshot())
        table.insert(txn, (1, "b"))
    loser = env.txns.begin()
    table.insert(loser, (2, "lost"))
    loser.abort()
    (tid,) = fill(env, table, (2, "kept"))
    with Changes(env) as txn:
        table.update(txn, tid, (3, "moved"), txn.snapshot())
        table.insert(txn, (2, "new"))
    assert [by_key(env, table, n) for n in (1, 2, 3)] == [(1, "b"), (2, "new"), (3, "moved")]
    assert check_table(table) == []


def test_an_update_to_a_taken_key(env):
    table = open_table(env, indexes=[PKEY])
    _, tid = fill(env, table, (1, "a"), (2, "b"))
    with pytest.raises(UniqueViolation), Changes(env) as txn:
        table.update(txn, tid, (1, "b"), txn.snapshot())
    assert by_key(env, table, 2) == (2, "b")
    with Changes(env) as txn:  # its own key is not in its way
        assert table.update(txn, tid, (2, "c"), txn.snapshot()).code == OK


class Waits:
    """Stands for a transaction's waiting: runs what the other one does meanwhile."""

    def __init__(self, txn, meanwhile):
        self.txn, self.meanwhile, self.waited = txn, meanwhile, []

    def __getattr__(self, name):
        return getattr(self.txn, name)

    def wait_for(self, xid, timeout=None):
        self.waited.append(xid)
        self.meanwhile()


@pytest.mark.parametrize("end", ["commit", "abort"])
def test_a_running_inserter_is_waited_for(env, end):
    table = open_table(env, indexes=[PKEY])
    other = env.txns.begin()
    table.insert(other, (1, "theirs"))
    mine = Waits(env.txns.begin(), lambda: getattr(other, end)())
    if end == "commit":
        with pytest.raises(UniqueViolation):
            table.insert(mine, (1, "mine"))
        mine.abort()
        assert by_key(env, table, 1) == (1, "theirs")
    else:
        table.insert(mine, (1, "mine"))
        mine.commit()
        assert by_key(env, table, 1) == (1, "mine")
    assert mine.waited == [other.top_xid]


@pytest.mark.parametrize("end", ["commit", "abort"])
def test_a_running_deleter_is_waited_for(env, end):
    table = open_table(env, indexes=[PKEY])
    (tid,) = fill(env, table, (1, "old"))
    other = env.txns.begin()
    table.delete(other, tid, other.snapshot())
    mine = Waits(env.txns.begin(), lambda: getattr(other, end)())
    if end == "abort":
        with pytest.raises(UniqueViolation):
            table.insert(mine, (1, "mine"))
    else:
        table.insert(mine, (1, "mine"))
    assert len(mine.waited) == 1


def test_a_wait_that_fails_says_what_it_was_for(env):
    table = open_table(env, indexes=[PKEY])
    other = env.txns.begin()
    table.insert(other, (1, "theirs"))

    def deadlock():
        raise DeadlockDetected("deadlock detected")

    with pytest.raises(DeadlockDetected) as e:
        table.insert(Waits(env.txns.begin(), deadlock), (1, "mine"))
    assert e.value.where == 'while inserting index tuple (0,2) in relation "t_pkey"'


# -- ON CONFLICT --------------------------------------------------------------------------------------------------------


def test_insert_on_conflict(env):
    table = open_table(env, indexes=[PKEY, ("t_b_key", (2,), True)])
    (tid,) = fill(env, table, (1, "a"))
    with Changes(env) as txn:
        assert table.insert_on_conflict(txn, (1, "b"), (20001,)) == (None, tid)
        assert table.insert_on_conflict(txn, (2, "a"), ()) == (None, tid)
        new, other = table.insert_on_conflict(txn, (2, "b"), (20001,))
        assert other is None
        with pytest.raises(UniqueViolation) as e:
            table.insert_on_conflict(txn, (3, "a"), (20001,))
        assert e.value.constraint == "t_b_key"
        txn.next_command()
        assert table.fetch(new, txn.snapshot(), (1, 2)) == (2, "b")


def test_on_conflict_names_the_newest_version(env):
    table = open_table(env, indexes=[PKEY])
    (tid,) = fill(env, table, (1, "a"))
    with Changes(env) as txn:
        new = table.update(txn, tid, (1, "b"), txn.snapshot()).tid
    with Changes(env) as txn:
        assert table.insert_on_conflict(txn, (1, "c"), ()) == (None, new)


def test_on_conflict_that_loses_the_race(env):
    table = open_table(env, indexes=[PKEY, ("t_b_idx", (2,), False)])
    mine, rival = env.txns.begin(), env.txns.begin()
    look = table._find_conflict
    theirs = []

    def look_and_lose(*args):  # between our look and our entry the other one inserts and commits
        found = look(*args)
        if not theirs:
            theirs.append(table.insert(rival, (1, "theirs")))
            rival.commit()
        return found

    table._find_conflict = look_and_lose
    tid, other = table.insert_on_conflict(mine, (1, "mine"), (20001,))
    assert tid is None and other == theirs[0]
    mine.commit()
    assert rows_of(table.heap, now(env), (1, 2)) == [(1, "theirs")]
    vacuum_table(table, env.txns)
    assert check_table(table) == [] and len(list(entries(table.indexes[0].tree))) == 1


# -- reading through indexes --------------------------------------------------------------------------------------------


def test_index_pages_in_order_both_ways(env):
    table = open_table(env, indexes=[PKEY, ("t_b_idx", (2,), False, (1,))])
    rows = [(n, f"{n % 10:02}") for n in range(1000)]
    random.Random(1).shuffle(rows)
    fill(env, table, *rows)
    pkey = table.index(20001)
    low, high = pkey.codec.encode((100,)), pkey.codec.encode((200,))
    forward = [r for page in table.index_pages(pkey, [(low, high, True, False)], False, now(env), (1,)) for r in page]
    assert forward == [(n,) for n in range(100, 200)]
    backward = [r for page in table.index_pages(pkey, [(None, high, True, True)], True, now(env), (1,)) for r in page]
    assert backward == [(n,) for n in range(200, -1, -1)]
    assert sorted(table.index_rows(20002, ("03",), now(env), (1,))) == [(n,) for n in range(3, 1000, 10)]
    assert len(table.index_rows(20002, (), now(env), (1,))) == 1000


def test_entries_of_old_and_new_keys_show_a_row_once(env):
    table = open_table(env, indexes=[PKEY, ("t_b_idx", (2,), False)])
    (tid,) = fill(env, table, (1, "a"))
    old = now(env)
    with Changes(env) as txn:
        assert table.update(txn, tid, (1, "b"), txn.snapshot()).code == OK
    for snapshot, there, gone in ((old, "a", "b"), (now(env), "b", "a")):
        assert table.index_rows(20002, (there,), snapshot, (2,)) == [(there,)]
        assert table.index_rows(20002, (gone,), snapshot, (2,)) == []
        assert table.index_rows(20002, (), snapshot, (2,)) == [(there,)]


def test_key_too_long(env):
    table = open_table(env, indexes=[("t_b_idx", (2,), False)], toast_root=0)
    with pytest.raises(ProgramLimitExceeded) as e:
        fill(env, table, (1, "x" * 5000))
    assert e.value.sqlstate == "54000" and "t_b_idx" in e.value.message


def test_expression_and_partial_indexes(env):
    lower = {"key_values": lambda row: (row[1].lower(),), "depends": (2,)}
    odd = {"predicate": lambda row: row[0] % 2 == 1, "depends": (1,)}
    table = open_table(
        env, "a:23 b:25 c:23", [("t_lower", (0,), True), ("t_odd", (3,), True)], t_lower=lower, t_odd=odd
    )
    table.indexes[0].info.expressions = ("lower(b)",)
    (tid, *_) = fill(env, table, (1, "X", 5), (2, "Y", 5), (4, "Z", 5))
    with pytest.raises(UniqueViolation) as e:
        fill(env, table, (6, "x", 0))
    assert e.value.detail == "Key (lower(b))=(x) already exists."
    with pytest.raises(UniqueViolation):
        fill(env, table, (3, "W", 5))
    assert table.fetch_by_key(20001, ("x",), now(env), (1,)) == (1,)
    assert check_table(table) == []
    with Changes(env) as txn:
        table.update(txn, tid, (1, "x", 5), txn.snapshot())  # same key, other bytes
    assert check_table(table) == []


# -- HOT through a table ------------------------------------------------------------------------------------------------


def test_updates_of_other_columns_add_no_entries(env):
    table = open_table(env, indexes=[PKEY])
    (tid,) = fill(env, table, (1, "v0"))
    for n in range(1, 300):
        with Changes(env) as txn:
            (at,) = table.fetch_by_key(20001, (1,), txn.snapshot(), (-1,))
            assert table.update(txn, at, (1, f"v{n}"), txn.snapshot()).code == OK
    assert by_key(env, table, 1) == (1, "v299")
    assert len(list(entries(table.indexes[0].tree))) == 1 and table.blocks == 1
    assert check_table(table) == []


# -- building an index --------------------------------------------------------------------------------------------------


def add_index(env, table, name, attnos, unique=False):
    """The table opened again with one more, empty index."""
    info = IndexInfo(20001 + len(table.indexes), name, 20000, 0, attnos, unique=unique, key_count=len(attnos))
    letters = "".join({23: "4", 25: "t"}[table.relation.columns[a - 1].type_oid] for a in attnos)
    index = IndexDescription(info, BTree(storage(env, 7), name), KeyCodec(letters))
    return Table(table.relation, table.heap, [*table.indexes, index], table.shown), info.oid


def test_build_index(env):
    table = open_table(env, indexes=[PKEY])
    rows = [(n, f"{n * 7919 % 1000:04}") for n in range(20_000)]
    with Changes(env) as txn:
        tids = table.insert_many(txn, rows)
    with Changes(env) as txn:
        for tid in tids[::3]:
            table.delete(txn, tid, txn.snapshot())
    loser = env.txns.begin()
    table.insert(loser, (-1, "lost"))
    loser.abort()
    table, oid = add_index(env, table, "t_b_idx", (2,))
    calls = []
    with Changes(env) as txn:
        assert table.build_index(oid, txn, lambda: calls.append(1)) == 0
    left = [row for n, row in enumerate(rows) if n % 3]
    assert [r[1] for r in table.index_rows(oid, (), now(env), (1, 2))] == sorted(row[1] for row in left)
    assert check_table(table) == [] and len(calls) > 10


def test_build_index_leads_to_the_roots_of_hot_chains(env):
    table = open_table(env, indexes=[PKEY])
    tids = fill(env, table, *[(n, "old") for n in range(20)])
    old = now(env)
    for tid in tids[:10]:
        with Changes(env) as txn:
            table.update(txn, tid, (tids.index(tid), "new"), txn.snapshot())
    table, oid = add_index(env, table, "t_b_idx", (2,))
    with Changes(env) as txn:
        assert table.build_index(oid, txn) == 10  # chains whose older versions `old` still sees
    old.release()
    assert sorted(table.index_rows(oid, ("new",), now(env), (1,))) == [(n,) for n in range(10)]
    assert sorted(table.index_rows(oid, ("old",), now(env), (1,))) == [(n,) for n in range(10, 20)]
    assert check_table(table) == []


def test_an_index_is_not_asked_for_what_it_does_not_lead_to(env):
    table = open_table(env, indexes=[PKEY])
    tids = fill(env, table, *[(n, f"old {n}") for n in range(5)])
    old = now(env)
    with Changes(env) as txn:
        for n, tid in enumerate(tids[:3]):
            assert table.update(txn, tid, (n, f"new {n}"), txn.snapshot()).code == OK
    table, oid = add_index(env, table, "t_b_idx", (2,))
    with Changes(env, "repeatable read") as txn:
        assert table.build_index(oid, txn) == 3
        meanwhile = now(env)
    wanted = [(f"old {n}",) for n in range(5)]
    for backward in (False, True):
        pages = table.index_pages(table.index(oid), [(None, None, True, True)], backward, old, (2,))
        assert [row for page in pages for row in page] == (wanted[::-1] if backward else wanted)
    for snapshot, word in ((old, "old"), (meanwhile, "new"), (now(env), "new")):
        assert table.index_rows(oid, (f"{word} 1",), snapshot, (1,)) == [(1,)]
        assert table.fetch_by_key(oid, (f"{word} 1",), snapshot, (1, 2)) == (1, f"{word} 1")
        assert table.fetch_by_key(oid, ("old 1" if word == "new" else "new 1",), snapshot, (1,)) is None


def test_build_unique_index_over_duplicates(env):
    table = open_table(env)
    tids = fill(env, table, (1, "a"), (2, "b"), (3, "a"))
    wider, oid = add_index(env, table, "t_b_key", (2,), unique=True)
    with pytest.raises(UniqueViolation) as e, Changes(env) as txn:
        wider.build_index(oid, txn)
    assert e.value.message == 'could not create unique index "t_b_key"'
    assert e.value.detail == "Key (b)=(a) is duplicated."
    reader = now(env)  # the duplicate is deleted, but somebody still sees it
    with Changes(env) as txn:
        table.delete(txn, tids[0], txn.snapshot())
    wider, oid = add_index(env, table, "t_b_key", (2,), unique=True)
    with Changes(env) as txn:
        wider.build_index(oid, txn)
    assert sorted(wider.index_rows(oid, (), reader, (1,))) == [(1,), (2,), (3,)]


# -- vacuum -------------------------------------------------------------------------------------------------------------


def test_vacuum_removes_rows_and_entries_and_room_is_used_again(env):
    table = open_table(env, indexes=[PKEY, ("t_b_idx", (2,), False)])
    tids = fill(env, table, *[(n, f"{n}" * 20) for n in range(3000)])
    with Changes(env) as txn:
        for tid in tids[:2000]:
            table.delete(txn, tid, txn.snapshot())
    assert table.dead_rows == 2000
    result = vacuum_table(table, env.txns)
    assert (result.tuples, result.removed, result.entries_removed) == (1000, 2000, 4000)
    assert result.pages == table.blocks and table.dead_rows == 0
    assert len(list(entries(table.indexes[0].tree))) == 1000
    pages = table.blocks
    fill(env, table, *[(n, f"{n}" * 20) for n in range(1500)])
    assert table.blocks == pages and check_table(table) == []
    assert by_key(env, table, 2999)[0] == 2999 and by_key(env, table, 1499)[0] == 1499


def test_a_second_vacuum_skips_what_everybody_sees(env):
    table = open_table(env, indexes=[PKEY])
    fill(env, table, *[(n, "x" * 100) for n in range(1000)])
    first = vacuum_table(table, env.txns)
    assert first.all_visible == first.pages and first.tuples == 1000
    table.relation.pages, table.relation.tuples = first.pages, first.tuples
    steps = []
    second = vacuum_table(table, env.txns, lambda: steps.append(1))
    assert (second.pages, second.tuples, second.all_visible) == (first.pages, 1000, first.pages) and steps


def test_vacuum_leaves_what_an_old_snapshot_sees(env):
    table = open_table(env, indexes=[PKEY])
    tids = fill(env, table, (1, "a"), (2, "b"))
    old = now(env)
    with Changes(env) as txn:
        table.delete(txn, tids[0], txn.snapshot())
    assert vacuum_table(table, env.txns).removed == 0
    assert table.fetch_by_key(20001, (1,), old, (2,)) == ("a",)
    old.release()
    assert vacuum_table(table, env.txns).removed == 1
    assert list(table.scan(now(env), (2,))) == [[("b",)]]


def test_after_vacuum_no_aborted_id_is_left(env):
    table = open_table(env, indexes=[PKEY])
    (tid, other) = fill(env, table, (1, "a"), (2, "b"))
    loser = env.txns.begin()
    table.insert(loser, (3, "lost"))
    table.update(loser, tid, (1, "lost"), loser.snapshot())
    table.delete(loser, other, loser.snapshot())
    loser.abort()
    result = vacuum_table(table, env.txns)
    assert result.clean_below > loser.top_xid if loser.top_xid else True
    env.status.trim()
    env.status.raise_all_committed(result.clean_below)
    assert sorted(rows_of(table.heap, now(env), (1, 2))) == [(1, "a"), (2, "b")]
    assert check_table(table) == []


def test_check_finds_what_indexes_and_rows_say_differently(env):
    table = open_table(env, indexes=[PKEY])
    tids = fill(env, table, (1, "a"), (2, "b"))
    index = table.indexes[0]
    index.tree.delete(index.codec.encode((1,)), tids[0])
    assert check_table(table) == ['index "t_pkey", no entry for the row at (0,1)']
    index.tree.insert(index.codec.encode((1,)), tids[0])
    index.tree.insert(index.codec.encode((5,)), (0 << 16) | 77)
    assert check_table(table) == ['index "t_pkey", an entry leads to (0,77), where no row or dead line is']


# -- everything together ------------------------------------------------------------------------------------------------

operations = st.lists(
    st.tuples(st.sampled_from(["insert", "update", "rekey", "delete", "vacuum", "abort"]), st.integers(0, 25), st.integers(0, 5)),
    max_size=80,
)


@settings(max_examples=60, deadline=None)
@given(operations)
def test_a_table_is_a_dictionary(script):
    env = make_env(512)
    table = open_table(env, indexes=[PKEY, ("t_b_idx", (2,), False)])
    model = {}
    for operation, key, value in script:
        if operation == "vacuum":
            vacuum_table(table, env.txns)
            continue
        txn = env.txns.begin()
        snapshot = txn.snapshot()
        found = table.fetch_by_key(20001, (key,), snapshot, (1, 2, -1))
        assert (found is None) == (key not in model)
        text = f"{value}" * 50
        if operation == "insert":
            if found is None:
                table.insert(txn, (key, text))
                model[key] = text
            else:
                with pytest.raises(UniqueViolation):
                    table.insert(txn, (key, text))
                txn.abort()
                continue
        elif found is not None and operation == "delete":
            table.delete(txn, found[2], snapshot)
            del model[key]
        elif found is not None and operation == "update":
            table.update(txn, found[2], (key, text), snapshot)
            model[key] = text
        elif found is not None and operation == "rekey" and key + 100 not in model:
            table.update(txn, found[2], (key + 100, text), snapshot)
            del model[key]
            model[key + 100] = text
        elif operation == "abort":
            if found is None:
                table.insert(txn, (key, text))
            else:
                table.update(txn, found[2], (key, text), snapshot)
            txn.abort()
            continue
        txn.commit()
    assert sorted(row for page in table.scan(now(env), (1, 2)) for row in page) == sorted(model.items())
    assert table.index_rows(20001, (), now(env), (1, 2)) == sorted(model.items())
    assert check_table(table) == []


def test_two_writers_meet_through_the_table(env):
    table = open_table(env, indexes=[PKEY])
    (tid,) = fill(env, table, (1, "a"))
    one, two = env.txns.begin(), env.txns.begin()
    assert table.update(one, tid, (1, "b"), one.snapshot()).code == OK
    outcome = table.update(two, tid, (1, "c"), two.snapshot())
    assert (outcome.code, outcome.xid) == (BEING_MODIFIED, one.top_xid)
    assert table.lock(two, tid, "no key update", two.snapshot(), wait="skip").code == BEING_MODIFIED
    vacuum_page(table.heap, 0, [])


def test_an_index_scan_begins_with_few_rows_for_who_stops_early(env):
    table = open_table(env, indexes=[PKEY])
    fill(env, table, *[(n, "b") for n in range(1000)])
    for backward in (False, True):
        pages = list(table.index_pages(table.indexes[0], ((None, None, True, True),), backward, now(env), (1,)))
        assert len(pages[0]) <= 16 and len(pages) <= 10
        rows = [n for page in pages for (n,) in page]
        assert rows == sorted(range(1000), reverse=backward)
