"""The entries of a new index, sorted in bounded memory: stub of entry_sort.pyx, which holds the chapter."""

from collections.abc import Callable
from typing import Any

from aurorapy_native.btree import BTree

class EntrySorter:
    memory: int
    spilled: int
    def __init__(
        self,
        tree: BTree,
        memory_max: int = ...,
        make_file: Callable[[], Any] | None = None,
        file_max: int | None = None,
    ) -> None:
        """tree: what the entries are for, without pages yet. memory_max: bytes of packed entries before they are
        spilled. make_file: callable giving a host file (pread, pwrite, close), or None: nothing is spilled. file_max:
        bytes the file may have."""
    def append(self, key: bytes, tid: int, decisive: bool) -> None:
        """Adds an entry; decisive: a unique index may have its key once."""
    @property
    def is_full(self) -> bool:
        """It is time to spill."""
    def spill(self, give_way: Callable[[], None]) -> None:
        """Moves the runs in memory to the file, as one."""
    def build(self, unique: bool, give_way: Callable[[], None], fill: int = 90) -> int | None:
        """Fills the tree with everything. None, or the tid of the second of two decisive entries with one key."""
    def close(self) -> None:
        """Lets go of memory and file."""
    def release(self) -> None: ...
