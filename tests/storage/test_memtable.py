"""The memtable against a sorted list: any order of batches, any LSN, annulled ranges, sealing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.errors import DataCorrupted
from aurorapy_native.memtable import INDEX_ENTRY, Memtable, apply_records
from aurorapy_native.redo import encode


def record(lsn, page, prev_group, prev_page):
    return encode(lsn, page, [("write", 32 + lsn % 50, b"%06d" % lsn)], prev_group=prev_group, prev_page=prev_page, flags=1)


def chain(pages):
    """Records, 100 LSNs apart, over the given page numbers; [(lsn, page, bytes)]."""
    out, last, newest = [], 0, {}
    for number, page in enumerate(pages):
        lsn = (number + 1) * 100
        out.append((lsn, page, record(lsn, page, last, newest.get(page, 0))))
        last = newest[page] = lsn
    return out


def model(records, page, upto):
    image = bytearray(8192)
    for lsn, page_no, _ in records:
        if page_no == page and lsn <= upto:
            image[32 + lsn % 50 : 38 + lsn % 50] = b"%06d" % lsn
            image[0:8] = lsn.to_bytes(8, "little")
    return image


@settings(max_examples=60, deadline=None)
@given(
    pages=st.lists(st.integers(0, 6) | st.integers(0, 2**32 - 2), min_size=1, max_size=60),
    cuts=st.lists(st.integers(1, 59), max_size=8),
    shuffled=st.randoms(use_true_random=False),
    upto=st.integers(0, 6100),
)
def test_any_order_of_batches_gives_the_page_at_any_lsn(pages, cuts, shuffled, upto):
    records = chain(pages)
    edges = sorted({0, len(records), *(cut for cut in cuts if cut < len(records))})
    batches = [records[a:b] for a, b in zip(edges, edges[1:], strict=False)]
    shuffled.shuffle(batches)
    table = Memtable()
    for batch in batches:
        last, count = table.ingest(b"".join(r for _, _, r in batch), batch[0][0] - 100)
        assert (last, count) == (batch[-1][0], len(batch))
    for page in set(pages):
        image = bytearray(8192)
        applied = table.apply(page, image, upto)
        assert image == model(records, page, upto)
        assert applied == sum(p == page and lsn <= upto for lsn, p, _ in records)
        assert table.apply(page, image, upto) == 0
        table.apply(page, image, 10**9)
        assert image == model(records, page, 10**9)
    assert table.records(0, 10**9) == b"".join(r for _, _, r in records)
    assert [link[0] for link in table.links(300)] == [lsn for lsn, _, _ in records if lsn > 300]
    check_export(table, records)


def check_export(table, records):
    count, start, data, index, long_pages = table.freeze(), 0, b"", b"", b""
    while start < count:
        piece, entries, start, longest = table.export(start, 500, len(data), 3)
        long_pages += longest
        data, index = data + piece, index + entries
    pages = sorted({page for _, page, _ in records})
    assert len(index) == len(pages) * INDEX_ENTRY
    counts = {page: sum(p == page for _, p, _ in records) for page in pages}
    assert list(memoryview(long_pages).cast("I")) == [page for page in pages if counts[page] > 3]
    for number, page in enumerate(pages):
        entry = index[number * INDEX_ENTRY :]
        begin = int.from_bytes(entry[8:16], "little")
        mine = [r for _, p, r in records if p == page]
        assert int.from_bytes(entry[0:4], "little") == page and int.from_bytes(entry[4:8], "little") == len(mine)
        assert data[begin:].startswith(b"".join(mine))
        image = bytearray(8192)
        assert apply_records(image, b"".join(mine), 10**9) == len(mine)
        assert image == model(records, page, 10**9)


def test_annulled_records_are_as_if_they_had_never_come():
    records = chain([1, 2, 1, 2, 1])
    table = Memtable()
    table.ingest(b"".join(r for _, _, r in records), 0)
    assert table.annul(250, 450) == 500 and table.annul(250, 10_000) == 200
    image = bytearray(8192)
    table.apply(1, image, 10**9)
    assert image == model(records, 1, 200)
    assert [link[0] for link in table.links(0)] == [100, 200]
    assert table.newest(1) == 100 and table.newest(9) == 0
    check_export(table, records[:2])


@pytest.mark.parametrize("offset", [0, 4, 9, 24, 47, 50, 60])
def test_a_damaged_batch_is_refused_whole(offset):
    records = chain([1, 2, 3])
    data = bytearray(b"".join(r for _, _, r in records))
    data[len(records[0][2]) + offset] ^= 1
    table = Memtable()
    with pytest.raises(DataCorrupted):
        table.ingest(bytes(data), 0)
    assert table.pages == 0 and table.last == 0


def test_a_batch_that_does_not_link_is_refused():
    records = chain([1, 2, 3])
    table = Memtable()
    with pytest.raises(DataCorrupted):
        table.ingest(records[0][2] + records[2][2], 0)
    with pytest.raises(DataCorrupted):
        table.ingest(records[1][2], 50)


def test_a_record_that_does_not_follow_the_page_is_refused():
    table = Memtable()
    table.ingest(record(100, 7, 0, 50), 0)
    image = bytearray(8192)
    with pytest.raises(DataCorrupted):
        table.apply(7, image, 1000)
    assert image == bytes(8192)
