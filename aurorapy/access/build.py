"""Filling a new index: the table's rows, their keys sorted, the tree written page by page.

    scan → keys in sorted runs, in memory up to maintenance_work_mem, then in a temporary file → merged into pages

Keys of plain columns are made from the rows' bytes, a page at a time; those of expressions, of values out of line and of
partial indexes from the rows' values. Each step is a page of the table or a few thousand entries, so nobody waits long.

Two live rows with one key of a unique index are found where they come out side by side.

Errors: UniqueViolation 23505 "could not create unique index", ResourceError 53400 beyond temp_file_limit.

Not here: sorting and merging (aurorapy_native.entry_sort), keeping writers out (the caller holds SHARE on the table).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import UniqueViolation
from aurorapy.records import dataclass
from aurorapy_native.btree import BTree
from aurorapy_native.entry_sort import EntrySorter
from aurorapy_native.heap_vacuum import entries_to_sort, versions_to_index

GIVE_WAY_BLOCKS = 16


@dataclass(slots=True)
class SortSpace:
    """What a build may use: bytes of entries in memory; a callable giving a temporary file, None for no disk; its bytes."""

    memory_bytes: int = 64 << 20
    make_file: Callable[[], Any] | None = None
    file_bytes: int | None = None


def build_index(table: Any, index: Any, txn: Any, give_way: Callable[[], None], space: SortSpace) -> int:
    """See Table.build_index."""
    tree = BTree(index.tree.storage, index.info.name)
    sorter = EntrySorter(tree, space.memory_bytes, space.make_file, space.file_bytes)
    try:
        broken = _collect(table, index, txn, give_way, sorter)
        twin = sorter.build(index.info.unique, give_way)
    finally:
        sorter.close()
    if twin is not None:
        raise _duplicated(table, index, twin)
    return broken


def _collect(table: Any, index: Any, txn: Any, give_way: Callable[[], None], sorter: EntrySorter) -> int:
    heap = table.heap
    broken = 0
    for block in range(heap.blocks):
        if index.row_keys is not None:
            lost, left = entries_to_sort(heap, block, txn.ids, index.row_keys, sorter)
            if left:
                _add_values(table, index, txn, block, sorter, frozenset(tid for tid, _ in left))
        else:
            lost = _add_values(table, index, txn, block, sorter)
        broken += lost
        if block % GIVE_WAY_BLOCKS == GIVE_WAY_BLOCKS - 1:
            give_way()
        if sorter.is_full:
            sorter.spill(give_way)
    return broken


def _add_values(
    table: Any, index: Any, txn: Any, block: int, sorter: EntrySorter, only: frozenset[int] | None = None
) -> int:
    """The page's entries by way of the rows' values; `only` those of some tids. Returns the broken chains."""
    columns = tuple(range(1, len(table.relation.columns) + 1))
    versions, broken = versions_to_index(table.heap, block, txn.ids, columns)
    for tid, live, row in versions:
        if only is not None and tid not in only:
            continue
        values = index.values_of(row)
        if values is not None:
            sorter.append(index.codec.encode(values), tid, live and index.decides(values))
    return broken


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
