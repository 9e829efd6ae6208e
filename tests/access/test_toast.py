"""Values too long for their row: where they go, what an update keeps, when their chunks leave."""

from __future__ import annotations

import random

import pytest

from aurorapy.access.toast import Toaster
from aurorapy.access.vacuum import vacuum_table
from aurorapy.errors import DataCorrupted, ProgramLimitExceeded
from aurorapy.types.values import Array
from aurorapy_native.tuples import OutOfLine
from tests.access.support import Changes, fetch_all, make_env, open_heap, open_table, rows_of


@pytest.fixture
def env():
    return make_env(4096)


def noise(length, seed=0):
    return random.Random(seed).randbytes(length)


def chunks(heap):
    """Chunk rows seen now."""
    toast = heap.toaster.heap
    return len(rows_of(toast, heap.status.snapshot(), (1,)))


TEXTS = ["x" * 3000, "abc" * 700_000, noise(1500).hex(), noise(5000).hex(), noise(400_000).hex(), "é漢" * 9000]


@pytest.mark.parametrize("text", TEXTS, ids=lambda t: f"{len(t)}")
def test_long_text_comes_back(env, text):
    heap = open_heap(env, toast_root=0)
    with Changes(env) as txn:
        tid = heap.insert((1, text), txn.xid, 0)
        (other,) = heap.insert_many([(2, text)], txn.xid, 0)
    now = env.txns.begin().snapshot()
    assert heap.fetch(tid, now, (1, 2)) == (1, text)
    assert fetch_all(heap, [other, tid], now, (2,)) == [(text,), (text,)]
    assert rows_of(heap, now, (2, 1)) == [(text, 1), (text, 2)]
    assert rows_of(heap, now, (1,)) == [(1,), (2,)]


def test_compressible_values_stay_in_the_row(env):
    heap = open_heap(env, toast_root=0)
    with Changes(env) as txn:
        heap.insert((1, "x" * 60_000), txn.xid, 0)
    assert chunks(heap) == 0 and heap.blocks == 1


def test_the_longest_values_go_first(env):
    heap = open_heap(env, "ttt", toast_root=0)
    row = (noise(300).hex(), noise(900, 1).hex(), noise(600, 2).hex())
    with Changes(env) as txn:
        heap.insert(row, txn.xid, 0)
    now = env.txns.begin().snapshot()
    (raw,) = heap.scan_page(0, now, (1, 2, 3), False)
    assert [type(v) is OutOfLine for v in raw] == [False, True, False]
    assert rows_of(heap, now, (1, 2, 3)) == [row]


def test_long_arrays_and_bytes(env):
    heap = open_heap(env, "ay", toast_root=0)
    row = (Array.of([noise(400, n).hex() for n in range(50)], 25), noise(70_000))
    with Changes(env) as txn:
        heap.insert(row, txn.xid, 0)
    assert rows_of(heap, env.txns.begin().snapshot(), (1, 2)) == [row]


def test_without_a_toast_heap_values_are_compressed(env):
    table = open_table(env)
    with Changes(env) as txn:
        table.insert(txn, (1, "x" * 9000))
        with pytest.raises(ProgramLimitExceeded):
            table.insert(txn, (2, noise(9000).hex()))
    assert rows_of(table.heap, env.txns.begin().snapshot(), (2,)) == [("x" * 9000,)]


def test_delete_frees_the_chunks(env):
    table = open_table(env, toast_root=0)
    heap = table.heap
    text = noise(50_000).hex()
    with Changes(env) as txn:
        tid = table.insert(txn, (1, text))
    used = chunks(heap)
    assert used > 40
    with Changes(env) as txn:
        table.delete(txn, tid, txn.snapshot())
    assert chunks(heap) == 0
    vacuum_table(table, env.txns)
    pages = heap.toaster.heap.blocks
    with Changes(env) as txn:
        table.insert(txn, (2, text))
    assert heap.toaster.heap.blocks == pages


def test_an_old_snapshot_reads_the_deleted_value(env):
    table = open_table(env, toast_root=0)
    text = noise(50_000).hex()
    with Changes(env) as txn:
        tid = table.insert(txn, (1, text))
    old = env.txns.begin().snapshot()
    with Changes(env) as txn:
        table.delete(txn, tid, txn.snapshot())
    vacuum_table(table, env.txns)
    assert table.fetch(tid, old, (2,)) == (text,)
    assert env.txns.begin().snapshot() and table.fetch(tid, env.txns.begin().snapshot(), (2,)) is None


def test_an_update_that_keeps_the_value_keeps_its_chunks(env):
    table = open_table(env, toast_root=0)
    text = noise(30_000).hex()
    with Changes(env) as txn:
        tid = table.insert(txn, (1, text))
    used, pages = chunks(table.heap), table.heap.toaster.heap.blocks
    for n in range(5):
        with Changes(env) as txn:
            tid = table.update(txn, tid, (n, text), txn.snapshot()).tid
    assert (chunks(table.heap), table.heap.toaster.heap.blocks) == (used, pages)
    with Changes(env) as txn:
        tid = table.update(txn, tid, (9, noise(30_000, 1).hex()), txn.snapshot()).tid
    assert chunks(table.heap) == used
    with Changes(env) as txn:
        table.update(txn, tid, (9, "short"), txn.snapshot())
    assert chunks(table.heap) == 0


def test_a_rolled_back_update_leaves_the_old_value(env):
    table = open_table(env, toast_root=0)
    text = noise(30_000).hex()
    with Changes(env) as txn:
        tid = table.insert(txn, (1, text))
    loser = env.txns.begin()
    table.update(loser, tid, (1, noise(30_000, 1).hex()), loser.snapshot())
    loser.abort()
    vacuum_table(table, env.txns)
    vacuum_table(table, env.txns)
    assert table.fetch(tid, env.txns.begin().snapshot(), (2,)) == (text,)
    with Changes(env) as txn:
        assert table.update(txn, tid, (1, "now"), txn.snapshot()).code == 0
    assert chunks(table.heap) == 0


def test_an_update_that_met_another_leaves_no_chunks(env):
    table = open_table(env, toast_root=0)
    with Changes(env) as txn:
        tid = table.insert(txn, (1, "short"))
    locker, writer = env.txns.begin(), env.txns.begin()
    table.lock(locker, tid, "UPDATE", locker.snapshot())
    assert table.update(writer, tid, (1, noise(30_000).hex()), writer.snapshot()).code == 5
    writer.commit()
    assert chunks(table.heap) == 0


def test_a_missing_chunk_is_damage(env):
    heap = open_heap(env, toast_root=0)
    with Changes(env) as txn:
        tid = heap.insert((1, noise(30_000).hex()), txn.xid, 0)
    (row,) = heap.scan_page(0, env.txns.begin().snapshot(), (2,), False)
    toast = heap.toaster.heap
    victim = next(t for n, t in rows_of(toast, heap.status.snapshot(), (1, -1)) if n == 7)
    toast.forget_insert(victim)
    from aurorapy_native.heap_vacuum import vacuum_page

    vacuum_page(toast, victim >> 16, [])
    with pytest.raises(DataCorrupted):
        heap.fetch(tid, env.txns.begin().snapshot(), (2,))
    flipped = bytearray(row[0].pointer)
    flipped[6] ^= 1
    with pytest.raises(DataCorrupted):
        heap.toaster.fetch(bytes(flipped))


def test_long_work_gives_way(env):
    heap = open_heap(env, toast_root=0)
    calls = []
    heap.toaster = Toaster(heap.toaster.heap, lambda: calls.append(1))
    text = noise(1_000_000).hex()
    with Changes(env) as txn:
        tid = heap.insert((1, text), txn.xid, 0)
    written = len(calls)
    assert heap.fetch(tid, env.txns.begin().snapshot(), (2,)) == (text,)
    assert written > 10 and len(calls) > written + 10


def test_scans_hand_over_long_values_in_batches(env):
    table = open_table(env, toast_root=0)
    texts = [noise(400_000, n).hex() for n in range(6)]
    with Changes(env) as txn:
        for n, text in enumerate(texts):
            table.insert(txn, (n, text))
    pages = list(table.scan(env.txns.begin().snapshot(), (1, 2)))
    assert len(pages) > 1 and [row[1] for page in pages for row in page] == texts
