"""One heap page at a time, for vacuum and index building: stub of heap_vacuum.pyx, which holds the chapter."""

from typing import Any

from aurorapy_native.entry_sort import EntrySorter
from aurorapy_native.heap import Heap
from aurorapy_native.row_keys import RowKeys
from aurorapy_native.tuples import Projection
from aurorapy_native.visibility import TxnIds

def vacuum_page(heap: Heap, block: int, dead: list[int]) -> tuple[int, int, int, bool, int, int]:
    """(live rows, recently dead or uncommitted versions, versions removed, all-visible, pruned_to, free bytes); tids of
    dead lines are appended to `dead`. May switch."""

def note_free_space(heap: Heap, block: int, free: int) -> None:
    """Tells the free space map."""

def free_dead(heap: Heap, block: int, tids: list[int]) -> None:
    """Makes the dead lines at `tids` (ascending, of this block) unused: no index entry leads to them any more."""

def versions_to_index(
    heap: Heap, block: int, ids: TxnIds | None, columns: tuple[int, ...] | Projection, resolve: bool = True
) -> tuple[list[tuple[int, bool, tuple[Any, ...]]], int]:
    """([(tid, live, values)], broken chains) of a page; `live`: counts for uniqueness. May switch."""

def entries_to_sort(
    heap: Heap, block: int, ids: TxnIds | None, keys: RowKeys, sorter: EntrySorter
) -> tuple[int, list[tuple[int, bool]]]:
    """Gives the sorter the page's entries; returns (broken chains, [(tid, live)] of rows whose key must be made from
    their values). May switch before it begins."""
