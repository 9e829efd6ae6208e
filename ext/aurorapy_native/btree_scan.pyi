"""Scans of a B-tree: stub of btree_scan.pyx, which holds the chapter."""

from collections.abc import Iterator

from aurorapy_native.btree import BTree

class Scan:
    """Cursor over a key range; made by BTree.scan. May be kept across a switch."""

    count: int
    def __init__(
        self,
        tree: BTree,
        lower: bytes | None,
        upper: bytes | None,
        lower_inclusive: bool,
        upper_inclusive: bool,
        backward: bool,
    ) -> None: ...
    def next(self, limit: int = 0) -> list[int] | None:
        """The next tids in order, at most `limit` (0: as many as the leaf has); None at the end."""
    def next_entries(self, limit: int = 0) -> list[tuple[bytes, int]] | None:
        """The next (key, tid) pairs; None at the end. For checks and tests."""
    def __iter__(self) -> Iterator[list[int]]: ...
    def __next__(self) -> list[int]: ...
