"""One row by its key: stub of heap_lookup.pyx, which holds the chapter."""

from typing import Any

from aurorapy_native.btree import BTree
from aurorapy_native.heap import Heap
from aurorapy_native.keys import KeyCodec
from aurorapy_native.tuples import Projection
from aurorapy_native.visibility import Snapshot

def fetch_by_key(
    heap: Heap, tree: BTree, codec: KeyCodec, key: tuple[Any, ...], snapshot: Snapshot, columns: tuple[int, ...] | Projection
) -> tuple[Any, ...] | None:
    """The columns of the row under `key` (a value a key column) that the snapshot sees, or None. May switch."""
