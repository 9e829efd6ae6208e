"""The heap: stub of heap.pyx, which holds the chapter."""

from collections.abc import Iterable, Sequence
from typing import Any

from aurorapy_native.heap_read import HeapReader
from aurorapy_native.row_batch import RowBatch
from aurorapy_native.tuples import OutOfLine
from aurorapy_native.visibility import Snapshot

OK: int
INVISIBLE: int
SELF_MODIFIED: int
UPDATED_BY_OTHER: int
DELETED: int
BEING_MODIFIED: int

class RowTooLong(Exception):
    """Internal: the row needs the toaster."""

    index: int
    def __init__(self, index: int = 0) -> None: ...

class Heap(HeapReader):
    """One relation's rows. Methods may switch.

    Changes answer (code, tid, xid): OK, INVISIBLE, SELF_MODIFIED, UPDATED_BY_OTHER (tid: the next version), DELETED,
    BEING_MODIFIED (xid: whom to wait for). `command` is that of the changing statement; `snapshot` says whose ids are
    own.
    """

    dead_rows: int
    changed_rows: int

    def depends_on(self, indexed: Sequence[int] | None, keys: Sequence[int]) -> None:
        """Which columns (attnos) indexes depend on - None: all of them - and which belong to unique keys. Until this
        was called no update is HOT."""
    def insert(self, values: Sequence[Any], xid: int, command: int = 0) -> int:
        """Adds a row; returns its tid. ProgramLimitExceeded 54000."""
    def insert_many(self, rows: Iterable[Sequence[Any]], xid: int, command: int = 0) -> list[int]:
        """Adds rows, a page at a time; returns their tids in order."""
    def place(self, batch: RowBatch, xid: int, command: int = 0) -> None:
        """Puts a batch's rows onto pages; batch.tids tells where. May switch between pages."""
    def forget_insert(self, tid: int) -> None:
        """The version at `tid`, which its own command inserted, never was."""
    def try_forget(self, tid: int) -> None: ...
    def update(
        self, tid: int, values: Sequence[Any], xid: int, command: int, snapshot: Snapshot | None, hot_ok: bool = True
    ) -> tuple[int, int, int]:
        """With OK the tid is the new version's, and xid 1 when it has no index entries of its own (HOT), 0 when the
        caller must make them."""
    def delete(self, tid: int, xid: int, command: int, snapshot: Snapshot | None) -> tuple[int, int, int]: ...
    def lock(self, tid: int, xid: int, strength: int, command: int, snapshot: Snapshot | None) -> tuple[int, int, int]:
        """strength: locks.ROW_STRENGTHS, 0 KEY SHARE to 3 UPDATE. Held until `xid` ends."""
    def drop_values(self, tid: int, xid: int, command: int, snapshot: Any, keep: Iterable[bytes] = ()) -> None: ...
    def values_out_of_line(self, tid: int) -> list[OutOfLine]:
        """Those of the version at `tid`."""
    def try_out_of_line(self, tid: int) -> list[OutOfLine]: ...
    def values_by_column(self, tid: int) -> dict[int, OutOfLine]:
        """The same by attno."""
