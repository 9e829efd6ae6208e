"""Filling a new index: the table's rows, their keys sorted, the tree written page by page.

    scan → keys in runs of 8,192, each sorted → runs merged → BTree.build

A run is sorted in a few milliseconds and the merge hands entries over one by one, so nobody waits long. Keys that arrive
in order - an index on what the table was loaded by - skip the merge.

Two live rows with one key of a unique index are found where they come out side by side.

Errors: UniqueViolation 23505 "could not create unique index".

Not here: spilling runs to disk; keeping writers out (the caller holds SHARE on the table).
"""

from __future__ import annotations

from heapq import merge
from typing import Any, Callable, Iterator

from aurorapy.errors import UniqueViolation
from aurorapy_native.btree import BTree
from aurorapy_native.heap_vacuum import versions_to_index

RUN = 8192
GIVE_WAY_BLOCKS = 16


def build_index(table: Any, index: Any, txn: Any, give_way: Callable[[], None]) -> int:
    """See Table.build_index."""
    runs: list[list[tuple[bytes, int]]] = []
    ended: set[int] = set()
    broken = _collect(table, index, txn, give_way, runs, ended)
    if all(before[-1] < after[0] for before, after in zip(runs, runs[1:])):
        entries: Iterator[tuple[bytes, int]] = (entry for run in runs for entry in run)
    else:
        entries = merge(*runs)
    BTree.build(index.tree.storage, _checked(table, index, entries, ended, give_way), index.info.name)
    return broken


def _collect(table: Any, index: Any, txn: Any, give_way: Callable[[], None], runs: list, ended: set[int]) -> int:
    heap, encode = table.heap, index.codec.encode
    columns = tuple(range(1, len(table.relation.columns) + 1))
    broken = 0
    run: list[tuple[bytes, int]] = []
    for block in range(heap.blocks):
        versions, lost = versions_to_index(heap, block, txn.ids, columns)
        broken += lost
        for tid, live, row in versions:
            values = index.values_of(row)
            if values is None:
                continue
            run.append((encode(values), tid))
            if not live or not index.decides(values):
                ended.add(tid)  # does not count for uniqueness
        if len(run) >= RUN:
            run.sort()
            runs.append(run)
            run = []
        if block % GIVE_WAY_BLOCKS == GIVE_WAY_BLOCKS - 1:
            give_way()
    if run:
        run.sort()
        runs.append(run)
    return broken


def _checked(
    table: Any, index: Any, entries: Iterator[tuple[bytes, int]], ended: set[int], give_way: Callable[[], None]
) -> Iterator[tuple[bytes, int]]:
    """The entries, looked at for two live rows under one unique key."""
    unique = index.info.unique
    last = None
    for count, entry in enumerate(entries):
        key, tid = entry
        if unique and tid not in ended:
            if key == last:
                raise _duplicated(table, index, tid)
            last = key
        if count % 1024 == 1023:
            give_way()
        yield entry


def _duplicated(table: Any, index: Any, tid: int) -> UniqueViolation:
    name = index.info.name
    columns = tuple(range(1, len(table.relation.columns) + 1))
    row = newest(table.heap, tid, columns)
    return UniqueViolation(
        f'could not create unique index "{name}"',
        detail=f"{table.key_text(index, index.values_of(row))} is duplicated." if row is not None else None,
        schema=table.relation.schema,
        table=table.relation.name,
        constraint=name,
    )


def newest(heap: Any, tid: int, columns: tuple[int, ...]) -> tuple | None:
    """The row that an entry (chain root) would be made of, looked up again."""
    versions, _ = versions_to_index(heap, tid >> 16, None, columns)
    return next((row for root, _, row in versions if root == tid), None)
