"""The native applier does what the model does; damage and disorder are found."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.errors import DataCorrupted
from aurorapy_native import checksum, redo
from aurorapy_native.redo import RedoBuffer
from aurorapy_native.retry import NoLogRoom
from tests.redo import model


@st.composite
def changes(draw):
    kind = draw(st.sampled_from(["write", "move", "fill", "whole"]))
    if kind == "whole":
        lower = draw(st.integers(32, 8192))
        upper = draw(st.integers(lower, 8192))
        seed = draw(st.binary(min_size=1, max_size=16))
        size = lower + 8192 - upper
        return ("whole", lower, upper, (seed * (size // len(seed) + 1))[:size])
    length = draw(st.integers(0, 300) if kind == "write" else st.integers(0, 4000))
    offset = draw(st.integers(12, 8192 - length))
    if kind == "write":
        return ("write", offset, draw(st.binary(min_size=length, max_size=length)))
    if kind == "move":
        return ("move", offset, length, draw(st.integers(0, 8192 - length)))
    return ("fill", offset, length, draw(st.integers(0, 255)))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(changes(), min_size=1, max_size=6), min_size=1, max_size=5), st.binary(min_size=64, max_size=64))
def test_native_equals_model(records, noise):
    page, expected = bytearray(8192), bytearray(8192)
    page[100:164] = expected[100:164] = noise
    page[:8] = expected[:8] = (77).to_bytes(8, "little")
    lsn = 77
    for number, listed in enumerate(records):
        before = 0 if number == 2 else lsn
        lsn += 100
        raw = model.encode(lsn, 9, listed, prev_page=before)
        assert redo.encode(lsn, 9, listed, prev_page=before) == raw
        assert redo.decode(raw)[0].changes == listed
        assert redo.apply(page, raw) == redo.APPLIED
        assert model.apply(expected, lsn, before, listed)
        assert page == expected
        again = bytes(page)
        assert redo.apply(page, raw) == redo.PRESENT and page == again


def test_out_of_order_is_refused_and_changes_nothing():
    page = bytearray(8192)
    first = redo.encode(100, 1, [("fill", 50, 10, 1)])
    third = redo.encode(300, 1, [("fill", 50, 10, 3)], prev_page=200)
    redo.apply(page, first)
    before = bytes(page)
    with pytest.raises(DataCorrupted, match="out of order"):
        redo.apply(page, third)
    assert page == before


def test_a_record_that_begins_the_page_needs_no_past():
    page = bytearray(os.urandom(8192))
    page[:8] = (50).to_bytes(8, "little")
    redo.apply(page, redo.encode(100, 1, [("fill", 50, 10, 1)]))
    assert page[12:50] == bytes(38) and page[50:60] == b"\1" * 10 and page[60:] == bytes(8132)


def test_every_flipped_bit_and_every_cut_is_found():
    raw = redo.encode(500, 3, [("write", 40, b"abcdef"), ("move", 60, 10, 40), ("fill", 99, 4, 7)], prev_page=0)
    for bit in range(8 * len(raw)):
        bad = bytearray(raw)
        bad[bit // 8] ^= 1 << bit % 8
        page = bytearray(8192)
        with pytest.raises(DataCorrupted):
            redo.apply(page, bytes(bad))
        assert page == bytes(8192)
    for size in range(len(raw)):
        assert redo.valid_prefix(raw[:size]) == 0
    assert redo.valid_prefix(raw + raw[:20]) == len(raw)


@pytest.mark.parametrize("change", [
    ("write", 8190, b"abc"), ("write", 4, b"lsn"), ("move", 8000, 193, 20), ("move", 20, 10, 8183),
    ("fill", 11, 1, 0), ("fill", 8192, 1, 0),
    ("whole", 31, 8192, bytes(31)), ("whole", 100, 99, bytes(8193)), ("whole", 100, 8192, bytes(99)),
])  # fmt: skip
def test_a_malformed_change_is_refused_whole(change):
    page = bytearray(8192)
    with pytest.raises(DataCorrupted, match="malformed"):
        redo.apply(page, redo.encode(100, 1, [("fill", 50, 10, 1), change]))
    assert page == bytes(8192)


def test_links_groups_and_batches():
    log = RedoBuffer(100)
    rang = []
    log.on_pending = lambda: rang.append(1)
    a = log.log_page(5, 0, [("fill", 50, 1, 1)], False)
    b = log.log_page(105, 0, [("fill", 50, 1, 1)], False)
    c = log.log_page(5, a, [("fill", 50, 1, 2)])
    assert rang == [1] and log.last_consistency_point == c == log.last_lsn
    assert log.pending_groups() == [0, 1] and log.take(7) is None
    before, last, data = log.take(0)
    assert (before, last) == (0, c)
    assert [(r.lsn, r.prev_volume, r.prev_group, r.prev_page) for r in redo.decode(data)] == [(a, 0, 0, 0), (c, b, a, a)]
    assert redo.index(data)[1][:5] == (c, 5, len(data) // 2, len(data) // 2, a)
    d = log.log_page(6, 0, [("fill", 50, 1, 1)])
    assert rang == [1]
    assert log.take(1)[:2] == (0, b) and log.take(0)[:2] == (c, d)
    assert log.pending_bytes == 0 and log.take(0) is None
    log.log_page(6, d, [("fill", 50, 1, 1)])
    assert rang == [1, 1]


@pytest.mark.parametrize("bytes_max", [1, 100, 10_000])
def test_batches_of_limited_size_are_whole_records(bytes_max):
    log, other = RedoBuffer(100), RedoBuffer(100)
    lsns, pieces = [], []
    for n in range(20):
        for one in (log, other):
            lsn = one.log_page(n % 3, 0, [("write", 100, b"x" * (7 * n + 1))])
        lsns.append(lsn)
        if n % 8 == 7:  # records come while a part is still there
            pieces.append(log.take(0, bytes_max))
    while (piece := log.take(0, bytes_max)) is not None:
        pieces.append(piece)
    assert b"".join(data for _, _, data in pieces) == other.take(0)[2]
    assert [before for before, _, _ in pieces] == [0, *(last for _, last, _ in pieces[:-1])] and pieces[-1][1] == lsns[-1]
    assert log.pending_bytes == 0 and log.pending_groups() == []
    for _, last, data in pieces:
        found = redo.records(data)
        assert found[-1][0] == last and (len(data) <= bytes_max or len(found) == 1)


def test_after_a_recovery_lsns_go_on_above_the_truncated_range():
    log = RedoBuffer(100, 1000, 5000, {0: 900, 3: 1000})
    lsn = log.log_page(301, 700, [("fill", 50, 1, 1)])
    before, last, data = log.take(3)
    record = redo.decode(data)[0]
    assert lsn == 5000 + len(data) and (before, last) == (1000, lsn)
    assert (record.prev_volume, record.prev_group, record.prev_page) == (1000, 1000, 700)


def test_no_room_beyond_the_limit():
    log = RedoBuffer()
    log.limit_lsn = 1000
    log.require_room(1000)
    with pytest.raises(NoLogRoom):
        log.require_room(1001)


@given(st.binary(max_size=5000), st.integers(0, 5000))
@settings(max_examples=60, deadline=None)
def test_crc_by_instruction_tables_and_model_agree(data, cut):
    assert checksum.crc32c(data) == checksum.crc32c_software(data)
    assert checksum.crc32c(data[cut:], checksum.crc32c(data[:cut])) == checksum.crc32c(data)
    assert checksum.crc32c(data[:200]) == model.crc32c(data[:200])


def test_page_checksum():
    assert checksum.crc32c(b"123456789") == 0xE3069283
    page = os.urandom(8192)
    sealed = checksum.seal_page(page)
    assert checksum.verify_page(sealed) and sealed[:8] + sealed[12:] == page[:8] + page[12:]
    for place in (0, 7, 8, 11, 12, 8191):
        bad = bytearray(sealed)
        bad[place] ^= 4
        assert not checksum.verify_page(bytes(bad))
    assert checksum.verify_page(bytes(8192))
    with pytest.raises(ValueError):
        checksum.verify_page(bytes(100))
