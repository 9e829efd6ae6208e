"""Dead entries leave an index: stub of dead_entries.pyx, which holds the chapter."""

from aurorapy_native.btree import BTree
from aurorapy_native.heap_read import HeapReader

def drop_dead(heap: HeapReader, tree: BTree, key: bytes) -> int:
    """Removes the dead entries of the leaf where `key` begins; returns how many. Raises a Retry."""
