"""Extents, free space and visibility bits, across crashes."""

import struct

import pytest

from aurorapy.errors import DataCorrupted, FatalError
from aurorapy_native import space as space_module
from aurorapy_native.redo import NOTE_NAMES, decode
from aurorapy_native.space import RelationStorage
from tests.support.memory_volume import make_env

HEAP = 6


def grown(env, blocks):
    storage = env.storage(HEAP)
    for number in range(blocks):
        assert storage.add_block(HEAP) == number
    return storage


def test_blocks_map_to_distinct_pages_and_survive_a_crash():
    env = make_env(256)
    storage = grown(env, 1200)
    pages = [storage.page_number(b) for b in range(1200)]
    assert len(set(pages)) == 1200 and 0 not in pages and storage.root not in pages
    env.volume.flush()
    env = env.crash()
    again = RelationStorage.open(env.space, storage.root)
    assert again.blocks == 1200 and again.kind == HEAP
    assert [again.page_number(b) for b in range(1200)] == pages
    assert again.add_block(HEAP) == 1200


def test_what_was_not_durable_is_not_there_after_a_crash():
    env = make_env(256)
    storage = grown(env, 5)
    env.volume.hold()
    grown_more = [storage.add_block(HEAP) for _ in range(100)]
    assert grown_more[-1] == 104
    env = env.crash()
    again = RelationStorage.open(env.space, storage.root)
    assert again.blocks == 5
    assert again.add_block(HEAP) == 5


def test_opening_twice_gives_one_mirror():
    env = make_env(256)
    storage = env.storage()
    assert RelationStorage.open(env.space, storage.root) is storage


def test_freed_extents_wait_for_the_horizon_then_come_back():
    env = make_env(256)
    storage = grown(env, 100)
    ranges = storage.ranges()
    storage.drop()
    freed_at = env.space.free[0][2]
    horizon = [freed_at - 1]
    env.space.horizon = lambda: horizon[0]
    before = env.space.next_page
    env.storage()
    assert env.space.next_page == before + 16
    horizon[0] = freed_at
    reused = env.storage()
    assert env.space.next_page == before + 16
    assert any(start <= reused.root < start + pages for start, pages in ranges)
    assert reused.add_block(HEAP) == 0


def test_a_page_of_a_former_life_begins_from_zero():
    env = make_env(64)
    env.space.horizon = lambda: 1 << 60
    storage = grown(env, 8)
    old = [storage.page_number(b) for b in range(8)]
    for page in old:
        env.mtr.run([(page, ("fill", 4000, 100, 7))])
    storage.drop()
    env.volume.flush()
    env.pool.drop_all()
    again = grown(env, 8)
    assert [again.page_number(b) for b in range(8)] == old
    env.volume.flush()
    for page in old:
        assert bytes(env.volume.pages[page])[4000:4100] == bytes(100)
        assert bytes(env.volume.pages[page])[:8192] == env.pool.page(page)


def test_reclaim_frees_exactly_what_nobody_knows():
    env = make_env(256)
    kept = grown(env, 20)
    lost = grown(env, 90)
    dropped = grown(env, 3)
    dropped.drop()
    env.volume.flush()
    env = env.crash()
    pages = env.space.reclaim([kept.root])
    assert pages == sum(n for _, n in lost.ranges())
    assert env.space.reclaim([kept.root]) == 0


def test_reclaim_refuses_overlaps():
    env = make_env(256)
    kept = grown(env, 20)
    env.space.free_ranges([(kept.root, 4)], 0)
    with pytest.raises(DataCorrupted):
        env.space.reclaim([kept.root])


def test_free_space_is_found_corrected_and_flushed():
    env = make_env(256)
    storage = grown(env, 600)
    assert storage.block_with_space(100) is None
    storage.remember_space(411, 3000)
    storage.remember_space(20, 500)
    assert storage.block_with_space(2900) == 411
    assert storage.block_with_space(300) in (411, 20)
    storage.remember_space(411, 0)
    assert storage.block_with_space(2900) is None
    assert storage.block_with_space(300) == 20
    storage.flush_space()
    env.volume.flush()
    env = env.crash()
    again = RelationStorage.open(env.space, storage.root)
    assert again.block_with_space(300) == 20
    assert again.block_with_space(600) is None


def test_visibility_bits_are_logged():
    env = make_env(256)
    storage = grown(env, 30)
    assert not storage.all_visible(7)
    storage.mark_visible(7, True)
    storage.mark_visible(29, True)
    storage.mark_visible(29, False)
    env.volume.flush()
    env = env.crash()
    again = RelationStorage.open(env.space, storage.root)
    assert [b for b in range(30) if again.all_visible(b)] == [7]


def test_truncation_keeps_the_root():
    env = make_env(256)
    storage = grown(env, 200)
    storage.mark_visible(150, True)
    storage.truncate_to_empty()
    assert storage.blocks == 0 and storage.capacity() == 8
    assert storage.add_block(HEAP) == 0 and not storage.all_visible(0)
    env.volume.flush()
    env = env.crash()
    assert RelationStorage.open(env.space, storage.root).blocks == 1
    assert env.space.reclaim([storage.root]) == 0


def test_maps_go_on_in_further_pages(monkeypatch):
    monkeypatch.setattr(space_module, "_MAP_FULL", 3)
    env = make_env(256)
    storage = grown(env, 75)
    for _ in range(30):
        storage.add_entry(space_module.ENTRY_EXTENT, 1024)
        storage.add_visibility_page(storage.capacity() // 4000)
    ranges, capacity = storage.ranges(), storage.capacity()
    env.volume.flush()
    env = env.crash()
    again = RelationStorage.open(env.space, storage.root)
    assert again.ranges() == ranges and again.capacity() == capacity and len(again.map_pages) > 10
    assert env.space.reclaim([storage.root]) == 0


def test_counters_only_rise_and_are_kept():
    env = make_env(64)
    env.space.raise_counter(3, 500)
    env.space.raise_counter(3, 400)
    env.volume.flush()
    env = env.crash()
    assert env.space.counter(3) == 500 and env.space.counter(4) == 0


def test_a_foreign_volume_is_refused():
    env = make_env(64)
    env.space.raise_counter(3, 1)
    env.mtr.run([(0, ("write", 40, b"\x09\0\0\0"))])
    env.volume.flush()
    with pytest.raises(FatalError):
        env.crash().space.next_page
    env.mtr.run([(0, ("write", 32, b"postgres"))])
    env.volume.flush()
    with pytest.raises(DataCorrupted):
        env.crash().space.next_page


def test_a_small_pool_grows_relations_much_larger_than_itself():
    env = make_env(16)
    storage = grown(env, 300)
    for block in range(0, 300, 7):
        page = env.pool.page(storage.page_number(block))
        assert page[12] == HEAP
    assert env.pool.pinned() == 0


def test_what_nobody_may_read_any_more_is_released_to_storage_and_joined():
    env = make_env(256)
    storage, other = grown(env, 100), grown(env, 3)
    ranges = sorted(storage.ranges())
    storage.drop()
    horizon = [env.space.free[0][2] - 1]
    env.space.horizon = lambda: horizon[0]
    assert env.space.release() == 0 and env.space.unreleased()
    horizon[0] += 1
    env.volume.flush()
    start = env.volume.redo.last_lsn
    assert env.space.release() == sum(pages for _, pages in ranges)
    assert env.space.release() == 0 and not env.space.unreleased()
    env.volume.flush()
    notes = [each for each in decode(b"".join(env.volume.log)) if each.lsn > start and NOTE_NAMES.get(each.kind) == "freed"]
    told = [pair for note in notes for pair in struct.iter_unpack("<II", note.payload)]
    assert told == joined(ranges)
    env = env.crash()
    assert sorted((first, pages) for first, pages, *_ in env.space.free) == joined(ranges)
    assert not env.space.unreleased() and env.space.unowned([other.root]) == []


def test_many_extents_are_few_records():
    env = make_env(256)
    env.space.horizon = lambda: 1 << 60
    start = env.space.allocate_extent(2048 * 200)
    env.mtr.run([(start + 140000 * n, ("init", HEAP, 0, 8160)) for n in range(3)])
    env.space.free_ranges([(start + 2048 * n, 1024) for n in range(200)], 5)
    before = env.volume.redo.records
    assert env.space.release() == 1024 * 200
    assert env.volume.redo.records - before < 20


def joined(ranges):
    found = []
    for first, pages in ranges:
        if found and found[-1][0] + found[-1][1] == first:
            found[-1] = (found[-1][0], found[-1][1] + pages)
        else:
            found.append((first, pages))
    return found
