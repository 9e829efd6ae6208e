"""Checking a B-tree: stub of btree_check.pyx, which holds the chapter."""

from collections.abc import Iterator

from aurorapy_native.btree import BTree

def check(tree: BTree) -> list[str]:
    """BTree.check: the problems found, none for a sound tree."""

def entries(tree: BTree) -> Iterator[tuple[bytes, int]]:
    """Every (key, tid) of the tree in order; for comparing an index with its table."""
