"""A heap and one of its indexes: stub of heap_lookup.pyx, which holds the chapter."""

from typing import Any

from aurorapy_native.btree import BTree
from aurorapy_native.heap import Heap
from aurorapy_native.keys import KeyCodec
from aurorapy_native.tuples import Projection
from aurorapy_native.visibility import Snapshot, TxnIds

def fetch_by_key(
    heap: Heap,
    tree: BTree,
    codec: KeyCodec,
    key: tuple[Any, ...],
    snapshot: Snapshot,
    columns: tuple[int, ...] | Projection,
) -> tuple[Any, ...] | None:
    """The columns of the row under `key` (a value a key column) that the snapshot sees, or None. May switch."""

def add_entry(
    heap: Heap, tree: BTree, codec: KeyCodec, key: tuple[Any, ...], tid: int, ids: TxnIds | None, unique: bool
) -> tuple[int, int]:
    """Adds (key, tid): (0, 0) done; for a unique index also (1, tid) a live row has the key, (2, xid) it depends on
    xid, and nothing was added. May switch before."""

def find_rival(heap: Heap, tree: BTree, codec: KeyCodec, key: tuple[Any, ...], ids: TxnIds | None) -> tuple[int, int]:
    """Who has the key: (0, 0), (1, tid), (2, xid). May switch."""
