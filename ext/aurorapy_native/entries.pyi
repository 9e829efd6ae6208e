"""Entries of an index in memory, sorted: stub of entries.pyx, which holds the chapter."""

class EntryList:
    def append(self, key: bytes, tid: int) -> None:
        """Adds an entry. For tests."""
    def sorted(self) -> list[tuple[bytes, int]]:
        """[(key, tid)] in the tree's order. For tests."""
