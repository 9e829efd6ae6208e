"""Pages built from runs against the model: any images, any delta runs, any LSN, any size of a step; and damage."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.errors import DataCorrupted
from aurorapy_native.checksum import seal_page
from aurorapy_native.memtable import Memtable
from aurorapy_native.runs import BuildPlan, RunIndex, pages_of
from tests.storage.test_memtable import chain, model

IMAGE_ENTRY_BYTES, DELTA_ENTRY_BYTES = 12, 32


def delta_run(records, start):
    """(what BuildPlan takes, the file)"""
    table = Memtable()
    table.ingest(b"".join(r for _, _, r in records), start)
    data, index, at, count = bytes(512), b"", 0, table.freeze()
    while at < count:
        piece, entries, at, _ = table.export(at, 300, len(data))
        data, index = data + piece, index + entries
    return (RunIndex(index, DELTA_ENTRY_BYTES), start, records[-1][0], len(data)), data


def image_run(records, pages, last):
    data, index = bytes(8192), b""
    for page in sorted(pages):
        image = model(records, page, last)
        data += seal_page(image)
        index += page.to_bytes(4, "little") + image[:8]
    return (RunIndex(index, IMAGE_ENTRY_BYTES), 0, last, len(data)), data


def built(plan, files, bytes_max):
    data, index, at = b"", b"", 0
    while at < plan.count:
        parts = [files[run][offset : offset + size] for run, offset, size in plan.choose(at, bytes_max)]
        pages, entries = plan.build(parts)
        data, index, at = data + pages, index + entries, at + plan.chosen
    return data, index


def u32s(pages):
    return b"".join(page.to_bytes(4, "little") for page in sorted(pages))


@settings(max_examples=150, deadline=None)
@given(
    pages=st.lists(st.integers(0, 6) | st.integers(0, 2**32 - 2), min_size=1, max_size=60),
    cuts=st.lists(st.integers(1, 59), max_size=5),
    imaged=st.lists(st.tuples(st.integers(1, 60), st.sets(st.integers(0, 6), min_size=1)), max_size=3),
    upto=st.integers(0, 6100),
    bytes_max=st.integers(1, 100_000),
)
def test_pages_are_the_models(pages, cuts, imaged, upto, bytes_max):
    records = chain(pages)
    edges = sorted({0, len(records), *(cut for cut in cuts if cut < len(records))})
    deltas = [delta_run(records[a:b], a * 100) for a, b in zip(edges, edges[1:])]
    images = []
    for number, chosen in sorted(imaged, key=lambda run: run[0]):
        last = min(number, len(records)) * 100
        known = {page for lsn, page, _ in records if lsn <= last} & chosen
        if known:
            images.append(image_run(records, known, last))
    wanted = pages_of([run[0] for run, _ in deltas])
    assert wanted == u32s(set(pages))
    plan = BuildPlan(wanted, [run for run, _ in images], [run for run, _ in deltas], upto)
    data, index = built(plan, [file for _, file in images + deltas], bytes_max)
    for number, page in enumerate(sorted(set(pages))):
        expected = seal_page(model(records, page, upto))
        assert data[number * 8192 : (number + 1) * 8192] == expected
        entry = index[number * IMAGE_ENTRY_BYTES : (number + 1) * IMAGE_ENTRY_BYTES]
        assert entry == page.to_bytes(4, "little") + expected[:8]


def test_pages_that_other_runs_have_are_left_out():
    first, second = chain([1, 5, 9, 5]), chain([5, 2**32 - 1])
    a, b = delta_run(first, 0)[0][0], delta_run(second, 0)[0][0]
    assert pages_of([a, b]) == u32s({1, 5, 9})
    assert pages_of([a], [b]) == u32s({1, 9})
    assert [a.find(page) for page in (1, 2, 5, 9, 10)] == [0, -1, 1, 2, -1]


@pytest.fixture
def world():
    records = chain([1, 2, 1, 2, 1])
    image, image_file = image_run(records, {1}, 100)
    delta, delta_file = delta_run(records, 0)
    return BuildPlan(u32s({1, 2}), [image], [delta], 500), [image_file, delta_file]


@pytest.mark.parametrize("run, offset", [(0, 8192 + 40), (0, 8192), (1, 512 + 60), (1, 512 + 4)])
def test_a_flipped_bit_is_found(world, run, offset):
    plan, files = world
    built(plan, files, 1 << 20)
    damaged = bytearray(files[run])
    damaged[offset] ^= 1
    files[run] = bytes(damaged)
    with pytest.raises(DataCorrupted, match="page [12] in a sealed run is damaged"):
        built(plan, files, 1 << 20)


def test_a_run_that_is_cut_short_is_found(world):
    plan, files = world
    with pytest.raises(DataCorrupted, match="cut short"):
        built(plan, [file[:-20] for file in files], 1 << 20)


def test_an_image_of_another_version_is_found(world):
    _, files = world
    index = RunIndex((1).to_bytes(4, "little") + (99).to_bytes(8, "little"), IMAGE_ENTRY_BYTES)
    plan = BuildPlan(u32s({1}), [(index, 0, 100, 0)], [], 500)
    with pytest.raises(DataCorrupted, match="another version"):
        built(plan, files, 1 << 20)


def test_a_missing_record_is_found():
    records = chain([1, 1, 1])
    plan_run, file = delta_run([records[2]], 200)
    plan = BuildPlan(u32s({1}), [], [plan_run], 500)
    with pytest.raises(DataCorrupted, match="out of order"):
        built(plan, [file], 1 << 20)
