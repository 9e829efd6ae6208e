"""The rows a scan finds: stub of row_source.pyx, which holds the chapter."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from aurorapy_native.btree import BTree
from aurorapy_native.heap_read import HeapReader
from aurorapy_native.tuples import Projection
from aurorapy_native.visibility import Snapshot

Range = tuple[bytes | None, bytes | None, bool, bool]

class RowSource:
    """Lists of tuples, a page's or a leaf's worth each, none empty. Between two of them anything may happen."""

    heap: HeapReader
    projection: Projection
    snapshot: Snapshot
    def __iter__(self) -> Iterator[list[tuple[Any, ...]]]: ...
    def __next__(self) -> list[tuple[Any, ...]]: ...

class HeapScan(RowSource):
    """Every row of a range of blocks."""

    def __init__(
        self,
        heap: HeapReader,
        snapshot: Snapshot,
        columns: tuple[int, ...] | Projection,
        block: int,
        end: int,
        give_way: Callable[[], None],
    ) -> None: ...

class IndexScan(RowSource):
    """The rows of ranges of an index, one range after the other, in the index's order."""

    def __init__(
        self,
        heap: HeapReader,
        tree: BTree,
        ranges: Iterable[Range],
        backward: bool,
        snapshot: Snapshot,
        columns: tuple[int, ...] | Projection,
        give_way: Callable[[], None],
    ) -> None:
        """ranges: (low key, high key, low inclusive, high inclusive), None for no bound."""
