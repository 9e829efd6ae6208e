NOTES: int
INDEX_ENTRY: int

class Memtable:
    """Records of one segment from one hot log file, found by page."""

    pages: int
    bytes: int
    first: int
    last: int
    freed: list[tuple[int, bytes]] | None
    """(LSN, payload) of the notes of freed pages in what was ingested last."""
    def __init__(self) -> None: ...
    def ingest(self, data: bytes, prev: int) -> tuple[int, int]:
        """Takes a batch in: (LSN of its last record, number of records)."""

    def annul(self, low: int, high: int) -> int:
        """Forgets records with low < LSN <= high; the highest LSN left."""

    def apply(self, page_no: int, page: bytearray, upto: int) -> int:
        """Brings a page image forward to LSN `upto`; the number of records applied."""

    def newest(self, page_no: int) -> int: ...
    def links(self, after: int) -> list[tuple[int, int, int, bool]]:
        """(lsn, prev_volume, prev_group, is consistency point) of the records above `after`."""

    def records(self, after: int, upto: int) -> bytes: ...
    def freeze(self) -> int: ...
    def export(self, start: int, bytes_max: int, offset: int, long_chain: int = ...) -> tuple[bytes, bytes, int, bytes]:
        """The next pages' records for a delta run: (data, index entries, next start)."""

def apply_records(page: bytearray, data: bytes, upto: int) -> int:
    """Applies one page's records up to LSN `upto`."""

def linked_records(parts: list[bytes], after: int, upto: int, bytes_max: int) -> tuple[bytes, int]:
    """Of the records in `parts` those that follow `after` without a gap: (their bytes by LSN, LSN of the last)."""
