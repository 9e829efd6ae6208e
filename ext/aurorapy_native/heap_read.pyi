"""Reading the heap: stub of heap_read.pyx, which holds the chapter."""

from typing import Any

from aurorapy_native.locks import RowLocks
from aurorapy_native.space import RelationStorage
from aurorapy_native.tuples import Projection, RowCodec
from aurorapy_native.visibility import Snapshot, TransactionStatus

class HeapReader:
    """One relation's rows, to be read. Methods may switch unless they say otherwise.

    Columns are a tuple of attnos (from 1; tuples.SYSTEM_COLUMNS negative) or a Projection.
    """

    storage: RelationStorage
    codec: RowCodec
    status: TransactionStatus
    row_locks: RowLocks
    toaster: Any
    oid: int
    fillfactor: int
    may_prune: bool
    reclaims: bool
    met_external: bool
    def __init__(
        self, storage: RelationStorage, codec: RowCodec, status: TransactionStatus, row_locks: RowLocks
    ) -> None: ...
    @property
    def blocks(self) -> int:
        """Pages in use."""
    def fetch(
        self, tid: int, snapshot: Snapshot | None, columns: tuple[int, ...] | Projection
    ) -> tuple[Any, ...] | None:
        """The columns of the version the snapshot sees of the row at `tid`, following its HOT chain; None when it sees
        none. Without a snapshot: of the version at `tid`, whoever made or deleted it."""
    def try_fetch(
        self, tid: int, snapshot: Snapshot | None, columns: tuple[int, ...] | Projection
    ) -> tuple[Any, ...] | None:
        """fetch() for a caller that must not switch: raises a Retry, leaves OutOfLine values as they are."""
    def fetch_version(self, tid: int, snapshot: Snapshot, columns: tuple[int, ...]) -> tuple[Any, ...] | None:
        """fetch() of the version at `tid` only: None when the snapshot sees another one of its row."""
    def scan_page(
        self, block: int, snapshot: Snapshot, columns: tuple[int, ...] | Projection, resolve: bool = True
    ) -> list[tuple[Any, ...]]:
        """The visible rows of one block. With resolve=False values out of line are OutOfLine objects, and
        `met_external` says whether there are any."""
