"""Row versions: who sees which, HOT chains, outcomes of changes, pruning, pages after a crash."""

from __future__ import annotations

import pytest

from aurorapy.access.vacuum import check_heap
from aurorapy.errors import DataCorrupted, ProgramLimitExceeded, SerializationFailure
from aurorapy_native.heap import BEING_MODIFIED, DELETED, INVISIBLE, OK, SELF_MODIFIED, UPDATED_BY_OTHER
from aurorapy_native.heap_check import all_visible, check_page, page_facts
from aurorapy_native.heap_vacuum import free_dead, vacuum_page
from tests.access.support import Changes, fetch_all, make_env, open_heap, rows_of

KEY_SHARE, SHARE, NO_KEY_UPDATE, UPDATE = range(4)


@pytest.fixture
def env():
    return make_env(512)


def insert(env, heap, *rows):
    with Changes(env) as txn:
        return [heap.insert(row, txn.xid, txn.command) for row in rows]


def page_of(heap, block=0):
    return heap.storage.pool.page(heap.storage.page_number(block))


def states(heap, block=0):
    return [fact[1] for fact in page_facts(page_of(heap, block))]


def change(env, heap, tid, row):
    """An update in a transaction of its own; returns (new tid, hot)."""
    with Changes(env) as txn:
        code, new, hot = heap.update(tid, row, txn.xid, txn.command, txn.snapshot())
        assert code == OK
        return new, bool(hot)


# -- who sees what ------------------------------------------------------------------------------------------------------


def test_a_row_is_seen_after_its_commit_and_by_later_commands_of_its_own(env):
    heap = open_heap(env)
    writer, reader = env.txns.begin(), env.txns.begin()
    tid = heap.insert((1, "a"), writer.xid, writer.command)
    assert heap.fetch(tid, writer.snapshot(), (1, 2)) is None  # the inserting command itself
    writer.next_command()
    assert heap.fetch(tid, writer.snapshot(), (1, 2)) == (1, "a")
    old = reader.snapshot()
    assert heap.fetch(tid, old, (1, 2)) is None
    writer.commit()
    assert heap.fetch(tid, old, (1, 2)) is None
    assert heap.fetch(tid, reader.snapshot(), (2, 1, -1)) == ("a", 1, tid)


def test_a_commit_above_the_vdl_is_not_seen_yet(env):
    heap = open_heap(env)
    writer = env.txns.begin()
    tid = heap.insert((1, "a"), writer.xid, writer.command)
    env.volume.hold()
    writer.commit(wait=False)
    assert heap.fetch(tid, env.txns.begin().snapshot(), (1,)) is None
    other = env.txns.begin()
    assert heap.delete(tid, other.xid, 0, other.snapshot())[0] == INVISIBLE
    env.volume.release()
    assert heap.fetch(tid, env.txns.begin().snapshot(), (1,)) == (1,)


def test_rolled_back_savepoint(env):
    heap = open_heap(env)
    txn = env.txns.begin()
    first = heap.insert((1, "a"), txn.xid, txn.command)
    txn.savepoint("s")
    second = heap.insert((2, "b"), txn.xid, txn.command)
    txn.next_command()
    snapshot = txn.snapshot()
    code, third, _ = heap.update(first, (1, "changed"), txn.xid, txn.command, snapshot)
    assert code == OK
    txn.rollback_to("s")
    txn.next_command()
    now = txn.snapshot()
    assert heap.fetch(first, now, (2,)) == ("a",)
    assert heap.fetch(second, now, (2,)) is None
    assert heap.update(first, (1, "again"), txn.xid, txn.command, now)[0] == OK
    txn.commit()
    assert rows_of(heap, env.txns.begin().snapshot(), (2,)) == [("again",)]
    assert heap.fetch(third, env.txns.begin().snapshot(), (2,)) is None


def test_a_command_does_not_see_its_own_changes(env):
    heap = open_heap(env)
    (tid,) = insert(env, heap, (1, "a"))
    txn = env.txns.begin()
    snapshot = txn.snapshot()
    _, new, _ = heap.update(tid, (1, "b"), txn.xid, txn.command, snapshot)
    assert rows_of(heap, snapshot, (2,)) == [("a",)]
    assert heap.update(tid, (1, "c"), txn.xid, txn.command, snapshot)[0] == SELF_MODIFIED
    assert heap.delete(new, txn.xid, txn.command, snapshot)[0] == INVISIBLE
    txn.next_command()
    assert rows_of(heap, txn.snapshot(), (2,)) == [("b",)]
    assert rows_of(heap, snapshot, (2,)) == [("a",)]


def test_a_version_by_its_tid(env):
    heap = open_heap(env, indexed=(1,))
    (tid,) = insert(env, heap, (1, "a"))
    new, hot = change(env, heap, tid, (1, "b"))
    now = env.txns.begin().snapshot()
    assert hot and heap.fetch(tid, now, (2,)) == ("b",)
    assert heap.fetch_version(tid, now, (2,)) is None
    assert heap.fetch_version(new, now, (2,)) == ("b",)
    assert heap.fetch(tid, None, (2,)) == ("a",)


@pytest.mark.parametrize("tid", [0, 5, 1 << 16, (1 << 48) - 1, 0xFFFF])
def test_tids_that_lead_nowhere(env, tid):
    heap = open_heap(env)
    insert(env, heap, (1, "a"))
    txn = env.txns.begin()
    snapshot = txn.snapshot()
    assert heap.fetch(tid, snapshot, (1,)) is None and heap.fetch(tid, None, (1,)) is None
    assert heap.update(tid, (1, "b"), txn.xid, 0, snapshot)[0] == INVISIBLE
    assert heap.delete(tid, txn.xid, 0, snapshot)[0] == INVISIBLE
    assert heap.lock(tid, txn.xid, UPDATE, 0, snapshot)[0] == INVISIBLE


def test_a_block_whose_page_is_none_of_the_heaps_says_what_is_there(env):
    heap = open_heap(env)
    (tid,) = insert(env, heap, (1, "a"))
    page_no = heap.storage.page_number(0)
    heap.storage.mtr.run([(page_no, ("init", 4, 77, 0))])
    with pytest.raises(DataCorrupted, match="block 0 of the relation at page .* is not a heap page") as caught:
        heap.fetch(tid, env.txns.begin().snapshot(), (1,))
    assert caught.value.detail.startswith(f"Page {page_no} has kind 4, owner 77 and LSN 0x")


# -- outcomes -----------------------------------------------------------------------------------------------------------


def test_outcomes_of_a_row_that_another_changes(env):
    heap = open_heap(env)
    one, two, three = insert(env, heap, (1, "a"), (2, "b"), (3, "c"))
    mine, other = env.txns.begin(), env.txns.begin()
    snapshot = mine.snapshot()
    _, moved, _ = heap.update(one, (1, "x"), other.xid, other.command, other.snapshot())
    heap.delete(two, other.xid, other.command, other.snapshot())
    assert heap.update(one, (1, "y"), mine.xid, 0, snapshot) == (BEING_MODIFIED, 0, other.xid)
    assert heap.delete(two, mine.xid, 0, snapshot) == (BEING_MODIFIED, 0, other.xid)
    assert heap.lock(one, mine.xid, SHARE, 0, snapshot) == (BEING_MODIFIED, 0, other.xid)
    other.commit()
    assert heap.update(one, (1, "y"), mine.xid, 0, snapshot)[:2] == (UPDATED_BY_OTHER, moved)
    assert heap.delete(two, mine.xid, 0, snapshot)[0] == DELETED
    assert heap.lock(two, mine.xid, KEY_SHARE, 0, snapshot)[0] == DELETED
    assert heap.update(moved, (1, "y"), mine.xid, 0, snapshot)[0] == OK
    assert heap.update(three, (3, "y"), mine.xid, 0, snapshot)[0] == OK


def test_what_an_aborted_transaction_left_is_in_nobodys_way(env):
    heap = open_heap(env, indexed=(1,))
    (tid,) = insert(env, heap, (1, "a"))
    loser = env.txns.begin()
    assert heap.update(tid, (1, "lost"), loser.xid, 0, loser.snapshot())[0] == OK
    loser.abort()
    new, hot = change(env, heap, tid, (1, "kept"))
    assert hot
    assert rows_of(heap, env.txns.begin().snapshot(), (2,)) == [("kept",)]
    assert heap.fetch(tid, env.txns.begin().snapshot(), (2,)) == ("kept",)


CONFLICTS = {KEY_SHARE: {UPDATE}, SHARE: {NO_KEY_UPDATE, UPDATE}, NO_KEY_UPDATE: {SHARE, NO_KEY_UPDATE, UPDATE},
             UPDATE: {KEY_SHARE, SHARE, NO_KEY_UPDATE, UPDATE}}  # fmt: skip


@pytest.mark.parametrize("held", range(4))
@pytest.mark.parametrize("wanted", range(4))
def test_row_locks(env, held, wanted):
    heap = open_heap(env)
    (tid,) = insert(env, heap, (1, "a"))
    one, two = env.txns.begin(), env.txns.begin()
    assert heap.lock(tid, one.xid, held, 0, one.snapshot())[0] == OK
    code, _, whom = heap.lock(tid, two.xid, wanted, 0, two.snapshot())
    assert (code, whom) == ((BEING_MODIFIED, one.xid) if wanted in CONFLICTS[held] else (OK, 0))
    one.commit()
    assert heap.lock(tid, two.xid, wanted, 0, two.snapshot())[0] == OK


def test_key_share_stands_beside_an_update_that_keeps_the_key(env):
    heap = open_heap(env, indexed=(1,), keys=(1,))
    (tid,) = insert(env, heap, (1, "a"))
    fk, writer, third = env.txns.begin(), env.txns.begin(), env.txns.begin()
    assert heap.lock(tid, fk.xid, KEY_SHARE, 0, fk.snapshot())[0] == OK
    code, new, _ = heap.update(tid, (1, "b"), writer.xid, 0, writer.snapshot())
    assert code == OK
    assert heap.lock(tid, third.xid, KEY_SHARE, 0, third.snapshot())[0] == OK  # beside the running update
    writer.commit()
    deleter = env.txns.begin()
    assert heap.delete(new, deleter.xid, 0, deleter.snapshot())[0] == BEING_MODIFIED  # the locks went along
    third.commit()
    assert heap.delete(new, deleter.xid, 0, deleter.snapshot())[2] == fk.xid
    fk.commit()
    assert heap.delete(new, deleter.xid, 0, deleter.snapshot())[0] == OK


def test_a_change_of_the_key_waits_for_key_share(env):
    heap = open_heap(env, indexed=(1,), keys=(1,))
    (tid,) = insert(env, heap, (1, "a"))
    fk, writer = env.txns.begin(), env.txns.begin()
    heap.lock(tid, fk.xid, KEY_SHARE, 0, fk.snapshot())
    assert heap.update(tid, (2, "a"), writer.xid, 0, writer.snapshot()) == (BEING_MODIFIED, 0, fk.xid)
    heap.update(tid, (1, "b"), writer.xid, 0, writer.snapshot())
    late = env.txns.begin()
    assert heap.lock(tid, late.xid, SHARE, 0, late.snapshot())[0] == BEING_MODIFIED


# -- HOT ----------------------------------------------------------------------------------------------------------------


def test_hot_only_when_indexed_columns_keep_their_bytes(env):
    heap = open_heap(env, indexed=(1,))
    (tid,) = insert(env, heap, (1, "a"))
    tid, hot = change(env, heap, tid, (1, "b"))
    assert hot
    tid, hot = change(env, heap, tid, (2, "b"))
    assert not hot
    heap.depends_on(None, ())
    assert not change(env, heap, tid, (2, "c"))[1]


def test_a_long_hot_chain_is_pruned_to_a_redirect(env):
    heap = open_heap(env, indexed=(1,))
    (root,) = insert(env, heap, (1, "v0"))
    at = root
    for n in range(1, 500):
        at, hot = change(env, heap, at, (1, f"v{n}"))
        assert hot
    snapshot = env.txns.begin().snapshot()
    assert heap.blocks == 1
    assert heap.fetch(root, snapshot, (2,)) == ("v499",)
    assert states(heap)[0] == "redirect"
    assert check_page(page_of(heap), heap.storage.root, heap.codec) == []


def test_an_old_snapshot_keeps_its_version_through_pruning(env):
    heap = open_heap(env, indexed=(1,))
    (root,) = insert(env, heap, (1, "v0"))
    at, roots, kept = root, [root], []
    for n in range(1, 400):
        if n in (50, 51, 200):
            kept.append((env.txns.begin().snapshot(), f"v{n - 1}"))
        at, hot = change(env, heap, at, (1, f"v{n}"))
        roots += [] if hot else [at]
    assert len(roots) > 2  # what the snapshots hold back does not fit on one page
    for snapshot, value in [*kept, (env.txns.begin().snapshot(), "v399")]:
        assert fetch_all(heap, roots, snapshot, (2,)) == [(value,)]
        assert rows_of(heap, snapshot, (2,)) == [(value,)]


def test_a_snapshot_below_what_was_pruned_fails(env):
    heap = open_heap(env, indexed=(1,))
    (tid,) = insert(env, heap, (1, "a"))
    old = env.txns.begin().snapshot()
    new, _ = change(env, heap, tid, (1, "b"))
    old.release()  # the horizon moves on without it
    vacuum_page(heap, 0, [])
    assert states(heap) == ["redirect", "normal"]
    with pytest.raises(SerializationFailure) as e:
        heap.fetch(tid, old, (2,))
    assert e.value.sqlstate == "40001"
    with pytest.raises(SerializationFailure):
        heap.scan_page(0, old, (2,))


def test_the_horizon_that_moves_while_vacuum_waits_tears_no_chain(env):
    heap = open_heap(env, indexed=(1,))
    (root,) = insert(env, heap, (1, "a"))
    old = env.status.snapshot()
    second, running, first = env.txns.begin(), env.txns.begin(), env.txns.begin()
    assert second.xid < running.xid < first.xid
    at = root
    for txn, text in ((first, "b"), (second, "c")):
        _, at, hot = heap.update(at, (1, text), txn.xid, 0, txn.snapshot())
        txn.commit()
        assert hot
    read = env.pool.reader

    def reader(page_no):  # the last snapshot goes meanwhile, and the ring's end with it - up to the id still running
        old.release()
        env.status.trim()
        return read(page_no)

    env.pool.drop_all()
    env.pool.reader = reader
    vacuum_page(heap, 0, [])
    env.pool.reader = read
    assert second.top_xid < env.status.ring_base <= first.top_xid
    assert states(heap) == ["redirect", "unused", "normal"]
    assert fetch_all(heap, [root], env.status.snapshot(), (2,)) == [("c",)]


def test_dead_lines_wait_for_vacuum(env):
    heap = open_heap(env)
    tids = insert(env, heap, *[(n, "x") for n in range(20)])
    with Changes(env) as txn:
        for tid in tids[:10]:
            heap.delete(tid, txn.xid, 0, txn.snapshot())
    dead = []
    vacuum_page(heap, 0, dead)
    assert dead == tids[:10] and states(heap)[:10] == ["dead"] * 10
    (new,) = insert(env, heap, (99, "y"))
    assert new not in dead
    free_dead(heap, 0, dead)
    assert states(heap)[:10] == ["unused"] * 10
    (again,) = insert(env, heap, (100, "z"))
    assert again == tids[0]
    assert check_page(page_of(heap), heap.storage.root, heap.codec) == []


def test_a_heap_without_indexes_reclaims_at_once(env):
    heap = open_heap(env)
    heap.reclaims = True
    tids = insert(env, heap, *[(n, "x") for n in range(20)])
    with Changes(env) as txn:
        for tid in tids:
            heap.delete(tid, txn.xid, 0, txn.snapshot())
    vacuum_page(heap, 0, [])
    assert states(heap) == []


def test_all_visible_pages_lose_the_mark_with_every_change(env):
    heap = open_heap(env)
    tids = insert(env, heap, *[(n, "x") for n in range(5)])
    for spoil in ("insert", "update", "delete"):
        dead = []
        vacuum_page(heap, 0, dead)
        free_dead(heap, 0, dead)
        vacuum_page(heap, 0, [])
        assert all_visible(page_of(heap)) and heap.storage.all_visible(0), spoil
        with Changes(env) as txn:
            if spoil == "insert":
                heap.insert((9, "y"), txn.xid, 0)
            elif spoil == "update":
                heap.update(tids[0], (0, "z"), txn.xid, 0, txn.snapshot())
            else:
                heap.delete(tids[1], txn.xid, 0, txn.snapshot())
        assert not all_visible(page_of(heap)) and not heap.storage.all_visible(0), spoil


def test_not_all_visible_while_a_snapshot_doubts(env):
    heap = open_heap(env)
    old = env.txns.begin().snapshot()
    insert(env, heap, (1, "a"))
    vacuum_page(heap, 0, [])
    assert not all_visible(page_of(heap))
    assert rows_of(heap, old, (1,)) == []


def test_vacuum_forgets_aborted_deleters(env):
    heap = open_heap(env)
    (tid,) = insert(env, heap, (1, "a"))
    loser = env.txns.begin()
    heap.update(tid, (1, "b"), loser.xid, 0, loser.snapshot())
    loser.abort()
    vacuum_page(heap, 0, [])
    vacuum_page(heap, 0, [])
    assert [fact[3] for fact in page_facts(page_of(heap)) if fact[1] == "normal"] == [0]
    assert rows_of(heap, env.txns.begin().snapshot(), (2,)) == [("a",)]


# -- room ---------------------------------------------------------------------------------------------------------------


def test_rows_fill_pages_and_freed_room_is_used_again(env):
    heap = open_heap(env)
    tids = insert(env, heap, *[(n, "x" * 1000) for n in range(70)])
    assert heap.blocks == 10
    with Changes(env) as txn:
        for tid in tids[:35]:
            heap.delete(tid, txn.xid, 0, txn.snapshot())
    for block in range(5):
        dead = []
        *_, free = vacuum_page(heap, block, dead)
        free_dead(heap, block, dead)
        heap.storage.remember_space(block, free)
    insert(env, heap, *[(n, "y" * 1000) for n in range(30)])
    assert heap.blocks == 10


def test_fillfactor_leaves_room_for_hot_updates(env):
    heap = open_heap(env, indexed=(1,))
    heap.fillfactor = 50
    tids = insert(env, heap, *[(n, "x" * 1000) for n in range(8)])
    assert heap.blocks == 3
    assert change(env, heap, tids[0], (0, "y" * 1000))[1]
    heap.fillfactor = 10
    insert(env, heap, (9, "z" * 2000))
    assert heap.blocks == 4


def test_insert_many_equals_inserts(env):
    many, single = open_heap(env), open_heap(env)
    rows = [(n, "x" * (n * 37 % 900)) for n in range(500)]
    with Changes(env) as txn:
        tids = many.insert_many(rows, txn.xid, txn.command)
        tids += many.insert_many(rows[:3], txn.xid, txn.command)
        for row in rows:
            single.insert(row, txn.xid, txn.command)
    now = env.txns.begin().snapshot()
    assert [many.fetch(tid, now, (1, 2)) for tid in tids] == rows + rows[:3]
    assert sorted(rows_of(single, now, (1, 2))) == sorted(rows)
    assert fetch_all(many, tids, now, (1,)) == [row[:1] for row in rows + rows[:3]]
    assert list(check_heap(many)) == [] == list(check_heap(single))


def test_many_tiny_rows_meet_the_limit_of_lines(env):
    heap = open_heap(env, "b")
    with Changes(env) as txn:
        heap.insert_many([(True,)] * 1000, txn.xid, 0)
    for _ in range(3):  # dead lines pile up and are freed
        with Changes(env) as txn:
            for block in range(heap.blocks):
                for (tid,) in heap.scan_page(block, txn.snapshot(), (-1,)):
                    heap.delete(tid, txn.xid, txn.command, txn.snapshot())
            heap.insert_many([(True,)] * 300, txn.xid, txn.command)
    assert rows_of(heap, env.txns.begin().snapshot(), (1,)) == [(True,)] * 300
    assert list(check_heap(heap)) == []


def test_a_row_no_page_holds(env):
    heap = open_heap(env)
    with Changes(env) as txn, pytest.raises(ProgramLimitExceeded) as e:
        heap.insert((1, "x" * 9000), txn.xid, 0)
    assert e.value.sqlstate == "54000" and e.value.message.startswith("row is too big: size ")


def test_a_pool_smaller_than_the_heap():
    env = make_env(64)
    heap = open_heap(env)
    rows = [(n, "x" * 700) for n in range(2000)]
    with Changes(env) as txn:
        tids = [heap.insert(row, txn.xid, 0) for row in rows]
    now = env.txns.begin().snapshot()
    assert heap.blocks > 150 and rows_of(heap, now, (1, 2)) == rows
    with Changes(env) as txn:
        for tid in tids[::7]:
            assert heap.update(tid, (0, "y" * 700), txn.xid, 0, txn.snapshot())[0] == OK
    assert len(fetch_all(heap, tids, env.txns.begin().snapshot(), (1,))) == len(tids) - len(tids[::7])
    assert env.pool.pinned() == 0


# -- a damaged page -----------------------------------------------------------------------------------------------------


def test_check_finds_damage(env):
    heap = open_heap(env, indexed=(1,))
    tids = insert(env, heap, (1, "abc"), (2, "def"))
    change(env, heap, tids[0], (1, "new"))
    page = page_of(heap)
    assert check_page(page, heap.storage.root, heap.codec) == []

    def damaged(at, data):
        return check_page(page[:at] + data + page[at + len(data) :], heap.storage.root, heap.codec)

    row = int.from_bytes(page[32:34], "little") & 0x7FFF
    assert damaged(12, b"\7") and damaged(14, b"\xff\xff") and damaged(20, b"\xff")
    assert damaged(32, (8190 | 1 << 15 | 40 << 17).to_bytes(4, "little"))
    assert damaged(32, (9 | 2 << 15).to_bytes(4, "little"))
    assert damaged(row + 32, b"\x09\x00") and damaged(row + 34, b"\x00\x01") and damaged(row + 40, b"\x7f")
    assert damaged(36, page[32:36])  # two lines to one row
