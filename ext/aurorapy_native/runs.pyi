"""Pages built from sealed runs: stub of runs.pyx, which holds the chapter."""

from collections.abc import Sequence

class RunIndex:
    """The index of one run. entry_bytes: 12 of an image run, 32 of a delta run."""

    def __init__(self, data: bytes, entry_bytes: int) -> None: ...
    @property
    def data(self) -> bytes: ...
    @property
    def count(self) -> int: ...
    def find(self, page_no: int) -> int:
        """The page's place in the run, or -1."""

    def page_at(self, place: int) -> int:
        """The page number at a place."""

    def __len__(self) -> int: ...

def pages_of(indexes: Sequence[RunIndex], without: Sequence[RunIndex] = ...) -> bytes:
    """The pages of these runs that none of the runs `without` has: u32s, ascending, each once, no notes."""

def living(pages: bytes, indexes: Sequence[RunIndex], freed: bytes) -> bytes:
    """Of these pages (u32s, ascending) those that were not freed since their newest version in the runs. freed: (u32
    first page, u32 pages, u64 LSN)…"""

def dead_pages(index: RunIndex, freed: bytes) -> list[int]:
    """For each of the freed ranges (as in `living`) how many pages of the run are older than its freeing."""

class BuildPlan:
    """images, deltas: [(RunIndex, first, last, end)…], oldest first; pages: u32s, ascending; freed: as
    in `living`, all at or below `lsn`."""

    def __init__(
        self,
        pages: bytes,
        images: list[tuple[RunIndex, int, int, int]],
        deltas: list[tuple[RunIndex, int, int, int]],
        lsn: int,
        freed: bytes = b"",
    ) -> None: ...
    @property
    def count(self) -> int:
        """Pages in all."""

    @property
    def chosen(self) -> int:
        """Pages of the present step."""

    def choose(self, start: int, bytes_max: int) -> list[tuple[int, int, int]]:
        """What to read for the pages from the `start`-th on: [(run's number, images first, offset, bytes)…]."""

    def build(self, parts: list[bytes]) -> tuple[bytes, bytes]:
        """(pages, index entries) from what was read, as `choose` listed it. DataCorrupted names the page."""
