"""Vacuum of one table: dead versions and their index entries go, their room can be used again.

    1  every page that is not all-visible: prune it, forget aborted deleters, note its dead lines
    2  each index: remove the entries that lead to those lines
    3  the lines are free; free space and all-visible pages are noted

Steps 2 and 3 come round once every MAX_DEAD lines. In between others read and write the table; each step is one page or
a few leaves, then the session gives way. The toast heap, which has no index, needs step 1 only.

What comes back says what the catalog wants to know, and `clean_below`: no id below it that this table still mentions is an
aborted one. When all tables of all databases have been through, the smallest of theirs is the new
`TransactionStatus.raise_all_committed()`.

Not here: when, and in whose transaction (instance/workers). The caller holds SHARE UPDATE EXCLUSIVE.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, Callable, Iterator

from aurorapy.ids import Lsn, Tid, Xid, tid_text
from aurorapy.records import dataclass
from aurorapy_native.btree_check import entries as tree_entries
from aurorapy_native.heap import Heap
from aurorapy_native.heap_check import check_page, page_facts
from aurorapy_native.heap_vacuum import free_dead, note_free_space, vacuum_page, versions_to_index

MAX_DEAD = 1_000_000  # dead lines remembered before the indexes are cleaned
GIVE_WAY_BLOCKS = 16


@dataclass(slots=True)
class VacuumResult:
    """pages, live rows, all-visible pages; versions and index entries removed; oldest id that may be an aborted one."""

    pages: int = 0
    tuples: int = 0
    all_visible: int = 0
    removed: int = 0
    not_removable: int = 0
    entries_removed: int = 0
    clean_below: Xid = 0


def vacuum_table(table: Any, txns: Any, give_way: Callable[[], None] | None = None, skip_visible: bool = True) -> VacuumResult:
    """Vacuums an access.table.Table and its toast heap. May switch often. skip_visible=False looks at every page."""
    give_way = give_way or table.give_way
    clean_below = txns.oldest_xid()
    result = VacuumResult(clean_below=clean_below)
    known = max(table.relation.tuples, 0.0) / max(table.relation.pages, 1)
    _vacuum_heap(table.heap, table.indexes, result, give_way, skip_visible, known)
    if table.heap.toaster.heap is not None:
        _vacuum_heap(table.heap.toaster.heap, [], VacuumResult(), give_way, skip_visible, 0.0)
    table.dead_rows = 0
    return result


def _vacuum_heap(
    heap: Heap, indexes: list, result: VacuumResult, give_way: Callable[[], None], skip_visible: bool, rows_a_page: float
) -> None:
    dead: list[Tid] = []
    dead_until: Lsn = 0
    counted = 0
    for block in range(heap.blocks):
        if block % GIVE_WAY_BLOCKS == 0:
            give_way()
        if skip_visible and heap.storage.all_visible(block):
            result.all_visible += 1
            continue
        before = len(dead)
        live, others, gone, visible, pruned_to, free = vacuum_page(heap, block, dead)
        result.tuples += live
        result.not_removable += others
        result.removed += gone
        result.all_visible += visible
        counted += 1
        note_free_space(heap, block, free)
        if len(dead) > before:
            dead_until = max(dead_until, pruned_to)
        if len(dead) >= MAX_DEAD:
            _clean_indexes(heap, indexes, dead, dead_until, result, give_way)
            dead = []
    if dead:
        _clean_indexes(heap, indexes, dead, dead_until, result, give_way)
    result.pages = heap.blocks
    if counted < heap.blocks:
        density = rows_a_page or _sampled(heap)
        result.tuples += round(density * (heap.blocks - counted))
    heap.storage.flush_space()


def _sampled(heap: Heap, blocks: int = 32) -> float:
    """Rows a page, from a few pages spread over the heap."""
    step = max(1, heap.blocks // blocks)
    counts = [len(versions_to_index(heap, block, None, (), False)[0]) for block in range(0, heap.blocks, step)]
    return sum(counts) / len(counts) if counts else 0.0


def _clean_indexes(
    heap: Heap, indexes: list, dead: list[Tid], dead_until: Lsn, result: VacuumResult, give_way: Callable[[], None]
) -> None:
    for index in indexes:
        result.entries_removed += index.tree.vacuum(dead, dead_until, give_way)
    for count, (block, tids) in enumerate(groupby(dead, lambda tid: tid >> 16)):
        lines = list(tids)
        free_dead(heap, block, lines)
        if count % GIVE_WAY_BLOCKS == GIVE_WAY_BLOCKS - 1:
            give_way()
        *_, visible, _, free = vacuum_page(heap, block, [])
        result.all_visible += visible
        note_free_space(heap, block, free)


def check_table(table: Any, give_way: Callable[[], None] = lambda: None) -> list[str]:
    """Everything that is wrong with a table's pages, its indexes and what they say of each other: for `aurorapy verify`.

    Nobody may be writing to the table."""
    name = table.relation.name
    problems = [f'table "{name}", {problem}' for problem in check_heap(table.heap, give_way)]
    if table.heap.toaster.heap is not None:
        problems += [f'toast of "{name}", {problem}' for problem in check_heap(table.heap.toaster.heap, give_way)]
    if not problems:
        for index in table.indexes:
            problems += [f'index "{index.info.name}", {problem}' for problem in _check_index(table, index, give_way)]
    return problems


def check_heap(heap: Heap, give_way: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Problems of a heap's pages."""
    storage = heap.storage
    for block in range(heap.blocks):
        for problem in check_page(storage.pool.page(storage.page_number(block)), storage.root, heap.codec):
            yield f"block {block}: {problem}"
        if block % GIVE_WAY_BLOCKS == 0:
            give_way()


def _check_index(table: Any, index: Any, give_way: Callable[[], None]) -> Iterator[str]:
    """The tree itself, an entry for every version that an index made now would hold, and no entry into the void."""
    problems = index.tree.check()
    yield from problems
    if problems:
        return
    found = set(tree_entries(index.tree))
    columns = tuple(range(1, len(table.relation.columns) + 1))
    reachable: set[Tid] = set()
    for block in range(table.heap.blocks):
        storage = table.heap.storage
        for number, state, *_ in page_facts(storage.pool.page(storage.page_number(block))):
            if state != "unused":
                reachable.add(block << 16 | number)
        for tid, _, row in versions_to_index(table.heap, block, None, columns)[0]:
            values = index.values_of(row)
            if values is not None and (index.codec.encode(values), tid) not in found:
                yield f"no entry for the row at {tid_text(tid)}"
        if block % GIVE_WAY_BLOCKS == 0:
            give_way()
    for tid in sorted({tid for _, tid in found} - reachable):
        yield f"an entry leads to {tid_text(tid)}, where no row or dead line is"
