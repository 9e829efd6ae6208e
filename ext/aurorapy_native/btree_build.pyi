"""Bulk building: stub of btree_build.pyx, which holds the chapter."""

from collections.abc import Iterable

from aurorapy_native.btree import BTree

def build(tree: BTree, entries: Iterable[tuple[bytes, int]], fill: int = 90) -> None:
    """BTree.build: `entries` ascend; `fill` is percent of a page."""
