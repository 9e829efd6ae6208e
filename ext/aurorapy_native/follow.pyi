"""A reader's half of the log: the writer's records, applied to the pages that are here."""

from aurorapy_native.followed_maps import FollowedMaps
from aurorapy_native.pool import BufferPool
from aurorapy_native.visibility import TransactionStatus

class Applier:
    """Applies what a writer streams to what an instance that follows it has in memory."""

    group_last: dict[int, int]
    """LSN of the last record gone through, by protection group."""
    records: int
    """Gone through."""
    applied: int
    """To a page that is here, or on its way."""
    def __init__(self, pool: BufferPool, maps: FollowedMaps, status: TransactionStatus, group_pages: int) -> None: ...
    def apply(self, records: bytes, upto: int) -> list[tuple[int, bytes]]:
        """Goes through the records of whole mini-transactions, those at or below `upto`; the notes that are not the
        applier's own business, in order."""
