"""Sorting of index entries, in memory and by way of a file; keys from rows' bytes equal keys from values."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.access.build import SortSpace
from aurorapy.access.vacuum import check_table
from aurorapy.errors import ResourceError, UniqueViolation
from aurorapy_native import btree_check
from aurorapy_native.btree import BTree
from aurorapy_native.entries import EntryList
from aurorapy_native.entry_sort import EntrySorter
from aurorapy_native.keys import KeyCodec
from aurorapy_native.row_keys import RowKeys
from aurorapy_native.tuples import RowCodec
from tests.access.support import Changes, open_table
from tests.access.test_table import add_index, now
from tests.support.memory_volume import make_env

keys = st.binary(max_size=4) | st.builds(lambda b, n: b * n, st.sampled_from([b"\0", b"\2", b"\2a", b"\xff"]), st.integers(0, 40))


class FakeFile:
    def __init__(self) -> None:
        self.data = b""
        self.closed = False

    def pwrite(self, data: bytes, at: int) -> None:
        self.data = self.data[:at].ljust(at, b"\0") + data + self.data[at + len(data) :]

    def pread(self, n: int, at: int) -> bytes:
        return self.data[at : at + n]

    def close(self) -> None:
        self.closed = True


@settings(deadline=None)
@given(st.lists(st.tuples(keys, st.integers(0, 5)), max_size=200))
def test_a_list_sorts_as_tuples_do(pairs):
    entries = EntryList()
    for key, tid in pairs:
        entries.append(key, tid)
    assert entries.sorted() == sorted(pairs)


def built(pairs, memory_max, file=None):
    tree = BTree(make_env(frames=4096).storage(7), "i")
    sorter = EntrySorter(tree, memory_max, (lambda: file) if file is not None else None)
    for key, tid in pairs:
        sorter.append(key, tid, False)
        if sorter.is_full:
            sorter.spill(lambda: None)
    assert sorter.build(False, lambda: None) is None
    spilled = sorter.spilled
    sorter.close()
    assert tree.check() == []
    return list(btree_check.entries(tree)), spilled


@pytest.mark.parametrize("order", ["ascending", "random", "long"])
def test_entries_of_many_runs_come_out_in_order_with_and_without_a_file(order):
    draw = random.Random(order)
    count = 70_000 if order != "long" else 20_000
    numbers = list(range(count))
    if order != "ascending":
        draw.shuffle(numbers)
    size = 300 if order == "long" else 0
    pairs = [(b"\2" + (n // 2).to_bytes(4, "big") + bytes(draw.randrange(size + 1)), n) for n in numbers]
    file = FakeFile()
    in_memory, nothing = built(pairs, 1 << 30, FakeFile())
    by_file, spilled = built(pairs, 300_000, file)
    assert in_memory == by_file == sorted(pairs)
    assert nothing == 0 and spilled > 0 and file.closed


def test_the_file_stays_below_temp_file_limit():
    sorter = EntrySorter(BTree(make_env().storage(7), "i"), 1000, FakeFile, 100_000)
    for n in range(20_000):
        sorter.append(b"\2" + n.to_bytes(4, "big"), n, False)
    with pytest.raises(ResourceError) as e:
        sorter.spill(lambda: None)
    assert e.value.sqlstate == "53400"
    assert e.value.message == "temporary file size exceeds temp_file_limit (97kB)"
    sorter.close()


LETTERS = "4tn82bdfugyc"
VALUES = [
    st.integers(-(2**31), 2**31 - 1), st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=200),
    st.decimals(allow_nan=False, allow_infinity=False, places=3), st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**15), 2**15 - 1), st.booleans(), st.floats(), st.floats(width=32), st.integers(0, 2**32 - 1),
    st.binary(min_size=16, max_size=16), st.binary(max_size=300),
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=9),
]  # fmt: skip


@settings(deadline=None)
@given(st.tuples(*[st.none() | v for v in VALUES]), st.permutations(range(len(VALUES))), st.integers(0, 3))
def test_a_key_from_bytes_is_the_key_from_values(row, order, option):
    storage = LETTERS.replace("c", "t")
    letters = LETTERS[:-1] + "p"  # the last as char(n): trailing blanks do not count
    rows = RowCodec(storage)
    chosen = order[:4]
    codec = KeyCodec("".join(letters[i] for i in chosen), (option,) * 4)
    made = RowKeys(rows, codec, tuple(i + 1 for i in chosen)).key(rows.encode(row))
    values = tuple(row[i] for i in chosen)
    assert made == (codec.encode(values), None not in values)


def test_a_column_younger_than_the_row_has_its_default():
    old = RowCodec("4").encode((1,))
    codec = KeyCodec("44")
    made = RowKeys(RowCodec("44", (None, 7)), codec, (1, 2)).key(old)
    assert made == (codec.encode((1, 7)), True)
    made = RowKeys(RowCodec("44", (None, None)), codec, (1, 2)).key(old)
    assert made == (codec.encode((1, None)), False)


def test_an_index_on_values_out_of_line_spills_and_is_sound():
    env = make_env(frames=4096)
    table = open_table(env, toast_root=0)
    with Changes(env) as txn:
        table.insert_many(txn, [(n, "x" * (2500 if n % 1000 == 7 else n % 50)) for n in range(20_000)])
    table, oid = add_index(env, table, "t_b_idx", (2, 1))
    file = FakeFile()
    with Changes(env) as txn:
        table.build_index(oid, txn, None, SortSpace(100_000, lambda: file))
    assert file.data and check_table(table) == []
    assert len(table.index_rows(oid, ("x" * 2500,), now(env), (1,))) == 20


def test_a_duplicate_across_runs_is_found():
    env = make_env(frames=4096)
    table = open_table(env)
    with Changes(env) as txn:
        table.insert_many(txn, [(n % 39_999, "") for n in range(40_000)])
    table, oid = add_index(env, table, "t_a_key", (1,), unique=True)
    with pytest.raises(UniqueViolation) as e, Changes(env) as txn:
        table.build_index(oid, txn)
    assert e.value.detail == "Key (a)=(0) is duplicated."
