"""The B-tree equals a sorted list of (key, tid) under everything that can be done to it.

Every property ends with the tree's own check(), and with the pages that storage makes of the redo being the pages in
the pool. Long keys and a handful of frames force splits, deletions and retries in small examples.
"""

from __future__ import annotations

import bisect
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurorapy.errors import InternalError, ProgramLimitExceeded
from aurorapy_native import btree_check
from aurorapy_native.btree import BTree
from aurorapy_native.keys import KeyCodec
from tests.support.memory_volume import make_env

TID_END = 1 << 48
slow = settings(deadline=None, suppress_health_check=list(HealthCheck))


def new_tree(frames: int = 256, name: str = "t_pkey"):
    env = make_env(frames=frames)
    return env, BTree.create(env.storage(7), name)


def assert_equals(env, tree, expected: list[tuple[bytes, int]]) -> None:
    assert list(btree_check.entries(tree)) == expected
    assert tree.check() == []
    assert_redo_rebuilds(env)


def assert_redo_rebuilds(env) -> None:
    env.volume.flush()
    for page_no, page in env.volume.pages.items():
        resident = env.pool.page(page_no)
        if resident is not None:
            assert strip(resident) == strip(page), f"page {page_no}"


def strip(page) -> bytes:
    """Without the checksum, which only counts outside memory."""
    return bytes(page[:8]) + bytes(page[12:])


def int_key(number: int) -> bytes:
    return KeyCodec("4").encode((number,))


def scanned(tree, lower, upper, low_in, up_in, backward, limit=0) -> list[int]:
    cursor, found = tree.scan(lower, upper, low_in, up_in, backward), []
    while (tids := cursor.next(limit)) is not None:
        assert tids
        found += tids
    return found


def selected(entries, lower, upper, low_in, up_in, backward) -> list[int]:
    chosen = [
        tid
        for key, tid in entries
        if (lower is None or key > lower or (low_in and key == lower))
        and (upper is None or key < upper or (up_in and key == upper))
    ]
    return chosen[::-1] if backward else chosen


# ---- properties ----

short_keys = st.binary(max_size=3)
long_keys = st.builds(lambda b, n: b * n + b"x", st.sampled_from([b"a", b"b", b"ab", b"abc"]), st.integers(0, 890))
near_tids = st.integers(1, 6)
bounds = st.tuples(st.none() | short_keys | long_keys, st.none() | short_keys | long_keys, st.booleans(), st.booleans())
operations = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), short_keys | long_keys, near_tids),
        st.tuples(st.just("insert"), long_keys, near_tids),
        st.tuples(st.just("delete"), short_keys | long_keys, near_tids),
        st.tuples(st.just("vacuum"), st.sets(near_tids, max_size=3), st.none()),
        st.tuples(st.just("scan"), bounds, st.booleans()),
    ),
    max_size=60,
)


@settings(slow, max_examples=60)
@given(operations, st.sampled_from([24, 256]))
def test_any_sequence_of_operations(steps, frames):
    env, tree = new_tree(frames)
    model: set[tuple[bytes, int]] = set()
    for what, argument, extra in steps:
        if what == "insert" and (argument, extra) not in model:
            tree.insert(argument, extra)
            model.add((argument, extra))
        elif what == "delete":
            assert tree.delete(argument, extra) == ((argument, extra) in model)
            model.discard((argument, extra))
        elif what == "vacuum":
            gone = {entry for entry in model if entry[1] in argument}
            assert tree.vacuum(sorted(argument)) == len(gone)
            model -= gone
        elif what == "scan":
            ranges = (*argument, extra)
            assert scanned(tree, *ranges) == selected(sorted(model), *ranges)
    assert_equals(env, tree, sorted(model))


@pytest.mark.parametrize("seed", range(6))
def test_hundreds_of_long_keys_come_and_go(seed):
    draw = random.Random(seed)
    env, tree = new_tree(frames=40 if seed % 2 else 400)
    model: list[tuple[bytes, int]] = []
    for round_ in range(6):
        for _ in range(250):
            entry = (draw.choice([b"k", b"kk", b"m"]) * draw.randint(0, 900) + draw.randbytes(2), draw.randint(1, 999))
            where = bisect.bisect_left(model, entry)
            if model[where : where + 1] != [entry]:
                tree.insert(*entry)
                model.insert(where, entry)
        dead = sorted(set(draw.sample(range(1, 1000), 700 if round_ % 2 else 200)))
        gone = set(dead)
        assert tree.vacuum(dead) == sum(tid in gone for _, tid in model)
        model = [entry for entry in model if entry[1] not in gone]
        assert tree.check() == []
        for backward in (False, True):
            low, high = sorted([draw.choice(model)[0], draw.choice(model)[0]])
            ranges = (low, high, draw.random() < 0.5, draw.random() < 0.5, backward)
            assert scanned(tree, *ranges, limit=draw.choice([0, 1, 3])) == selected(model, *ranges)
    assert_equals(env, tree, model)
    everything = list(range(1, 1000))
    assert tree.vacuum(everything) == len(model)
    assert_equals(env, tree, [])


@settings(slow, max_examples=25)
@given(
    st.lists(st.tuples(short_keys | long_keys, st.integers(1, TID_END - 1)), max_size=400, unique=True).map(sorted),
    st.integers(10, 100),
)
def test_bulk_build_makes_the_same_entries(entries, fill):
    env = make_env(frames=256)
    tree = BTree.build(env.storage(7), iter(entries), "t_idx", fill)
    assert_equals(env, tree, entries)
    extra = (b"ab" * 300, 77)
    if extra not in entries:
        tree.insert(*extra)
        assert_equals(env, tree, sorted([*entries, extra]))


@pytest.mark.parametrize("order", ["ascending", "descending", "random"])
def test_twenty_thousand_integers(order):
    numbers = list(range(20_000))
    if order == "descending":
        numbers.reverse()
    elif order == "random":
        random.Random(1).shuffle(numbers)
    env, tree = new_tree(frames=1024)
    for n in numbers:
        tree.insert(int_key(n), n + 1)
    assert_equals(env, tree, [(int_key(n), n + 1) for n in range(20_000)])
    assert tree.lookup(int_key(12_345)) == [12_346]
    assert tree.lookup(int_key(-1)) == []
    pages, estimated, height = tree.estimate()
    assert height == 2 and abs(estimated - 20_000) < 4_000
    assert pages < (45 if order == "ascending" else 85)


def test_built_from_two_hundred_thousand_integers():
    env = make_env(frames=2048)
    tree = BTree.build(env.storage(7), ((int_key(n), n + 1) for n in range(200_000)))
    assert tree.check() == []
    assert tree.lookup(int_key(199_999)) == [200_000]
    assert scanned(tree, int_key(100), int_key(1999), True, False, True) == list(range(1999, 100, -1))
    pages, estimated, height = tree.estimate()
    assert height == 3 and abs(estimated - 200_000) < 10_000


def test_many_rows_with_one_key():
    env, tree = new_tree()
    tids = list(range(1, 3001))
    random.Random(3).shuffle(tids)
    for tid in tids:
        tree.insert(b"same", tid)
    tree.insert(b"samf", 1)
    tree.insert(b"sam", 1)
    assert tree.lookup(b"same") == list(range(1, 3001))
    assert tree.lookup(b"samf") == [1]
    assert tree.check() == []


# ---- behaviour ----

def test_a_scan_survives_splits_and_deletions_between_its_steps():
    draw = random.Random(5)
    for backward in (False, True):
        _, tree = new_tree(frames=512)
        for n in range(0, 40_000, 10):
            tree.insert(int_key(n), n + 1)
        cursor, found, gone = tree.scan(backward=backward), [], set()
        while (tids := cursor.next(150)) is not None:
            found += tids
            for _ in range(200):
                n = draw.randrange(40_000)
                if n % 10:
                    tree.vacuum([]) if n % 97 == 0 else tree.delete(int_key(n), n + 1) or tree.insert(int_key(n), n + 1)
            start = draw.randrange(0, 40_000, 10)
            doomed = [n + 1 for n in range(start, min(start + 2000, 40_000)) if n % 10 or n % 30 == 0]
            gone |= set(doomed)
            tree.vacuum(doomed)
        steady = [n + 1 for n in range(0, 40_000, 10) if n + 1 not in gone]
        seen = set(found)
        assert len(seen) == len(found)
        assert found == sorted(found, reverse=backward)
        assert all(tid in seen for tid in steady)
        assert tree.check() == []


def test_pages_that_vacuum_frees_are_used_again():
    env, tree = new_tree(frames=512)
    blocks = []
    for lap in range(6):
        for n in range(5000):
            tree.insert(int_key(lap * 5000 + n), n + 1)
        tree.vacuum(range(1, 5001))
        blocks.append(tree.storage.blocks)
    assert blocks[1:] == blocks[1:2] * 5
    assert tree.check() == []
    assert_redo_rebuilds(env)


def test_the_pool_may_be_tiny():
    env, tree = new_tree(frames=20)
    for n in range(15_000):
        tree.insert(int_key(n * 7919 % 15_000), n + 1)
    assert len(list(btree_check.entries(tree))) == 15_000
    assert env.pool.evictions > 0
    assert tree.check() == []


def test_a_tree_comes_back_after_a_crash():
    env, tree = new_tree(frames=128)
    for n in range(3000):
        tree.insert(int_key(n), n + 1)
    env.volume.hold()
    lost = int_key(1_000_000)
    tree.insert(lost, 1)
    root = tree.storage.root
    env = env.crash()
    from aurorapy_native.space import RelationStorage

    tree = BTree(RelationStorage.open(env.space, root), "t_pkey")
    assert tree.check() == []
    assert tree.lookup(lost) == []
    assert tree.lookup(int_key(2999)) == [3000]
    tree.insert(lost, 1)
    assert tree.lookup(lost) == [1]


def test_a_relation_without_blocks_is_an_empty_tree():
    env = make_env(frames=64)
    tree = BTree(env.storage(7))
    assert tree.lookup(b"a") == [] and tree.scan().next() is None and tree.check() == []
    assert not tree.delete(b"a", 1) and tree.vacuum([1]) == 0 and tree.estimate() == (0, 0, 0)
    tree.insert(b"a", 1)
    assert tree.lookup(b"a") == [1]


def test_the_same_entry_twice_is_refused():
    _, tree = new_tree()
    tree.insert(b"a", 1)
    with pytest.raises(InternalError):
        tree.insert(b"a", 1)


def test_a_key_beyond_a_third_of_a_page_is_refused_in_postgresqls_words():
    _, tree = new_tree()
    tree.insert(b"k" * 2694, 1)
    with pytest.raises(ProgramLimitExceeded) as caught:
        tree.insert(b"k" * 2695, 2)
    assert caught.value.message == 'index row size 2712 exceeds btree version 4 maximum 2704 for index "t_pkey"'
    with pytest.raises(ProgramLimitExceeded, match="index row requires 9016 bytes, maximum size is 8191"):
        tree.insert(b"k" * 9000, 2)
    assert tree.lookup(b"k" * 2694) == [1]


def test_entries_that_do_not_ascend_cannot_be_built():
    env = make_env(frames=64)
    with pytest.raises(InternalError):
        BTree.build(env.storage(7), [(b"b", 1), (b"a", 2)])


def test_an_insert_costs_about_a_hundred_bytes_of_redo():
    env, tree = new_tree()
    for n in range(200):
        tree.insert(int_key(n * 2), n + 1)
    before = env.redo.position
    tree.insert(int_key(101), 999)
    assert env.redo.position - before < 130


def test_check_finds_what_was_damaged():
    env, tree = new_tree()
    for n in range(2000):
        tree.insert(int_key(n), n + 1)
    first_leaf = tree.scan().next_entries()
    assert len(first_leaf) > 100 and tree.check() == []
    env.volume.flush()
    victim = max(n for n, page in env.volume.pages.items() if page[12] == 7)
    original = bytes(env.pool.page(victim))
    for offset in (12, 14, 33, 8168, 8172, 8176):
        env.mtr.run([(victim, ("write", offset, bytes([original[offset] ^ 1])))])
        assert tree.check(), f"byte {offset}"
        env.mtr.run([(victim, ("write", offset, original[offset : offset + 1]))])
        assert tree.check() == []
