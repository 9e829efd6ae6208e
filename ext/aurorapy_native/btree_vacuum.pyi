"""Vacuum of a B-tree: stub of btree_vacuum.pyx, which holds the chapter."""

from collections.abc import Callable, Sequence

from aurorapy_native.btree import BTree

def vacuum(tree: BTree, dead: Sequence[int], pruned_to: int = 0, give_way: Callable[[], None] | None = None) -> int:
    """BTree.vacuum: removes the entries whose tid is in `dead` (ascending); returns how many."""
