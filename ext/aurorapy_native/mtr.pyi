"""Mini-transactions: changes to several pages that appear together, in memory at once and in the log as one."""

from collections.abc import Iterable

from aurorapy_native.pool import BufferPool
from aurorapy_native.redo import RedoBuffer

class MiniTransaction:
    pool: BufferPool
    log: RedoBuffer

    def __init__(self, pool: BufferPool, log: RedoBuffer) -> None:
        """One an instance: mini-transactions do not overlap, because nothing switches inside one."""

    def run(self, changes: list[tuple[int, tuple]], notes: Iterable[tuple[int, bytes]] = ()) -> int:
        """A whole mini-transaction given as [(page_no, change)] and [(kind, payload)]; returns its LSN. A change is a
        tuple as redo.decode() gives them, or ("init", kind, owner, special_size) for a page begun anew, or
        ("rebuilt",). PageMiss, NoFrame or NoLogRoom before anything changed."""
