"""Redo records: how they are applied, read back, and kept until a batch takes them."""

from collections.abc import Buffer, Callable, Iterable
from typing import Any, NamedTuple

APPLIED: int
PRESENT: int
PAGE_NONE: int
NOTE_NAMES: dict[int, str]

class Record(NamedTuple):
    """One decoded record. `changes` is a list of tuples for a page: ("write", offset, bytes),
    ("move", offset, length, source), ("fill", offset, length, byte), ("whole", lower, upper, bytes);
    `payload` is a note's bytes."""

    lsn: int
    prev_volume: int
    prev_group: int
    prev_page: int
    page_no: int
    kind: int
    flags: int
    changes: list[tuple]
    payload: bytes

def apply(page: bytearray, record: Buffer) -> int:
    """Applies one record to a page of 8,192 bytes in place: APPLIED, or PRESENT when the page is at or past it.
    DataCorrupted when the record is damaged, malformed, or not the page's next; the page is then unchanged."""

def records(data: Buffer) -> list[tuple[int, bytes]]:
    """The records of a batch as [(lsn, bytes)], every checksum verified. DataCorrupted at the first damaged one."""

def valid_prefix(data: Buffer) -> int:
    """Number of leading bytes that are whole, undamaged records."""

def index(data: Buffer) -> list[tuple[int, int, int, int, int, int, int, int, int]]:
    """[(lsn, page_no, offset, length, prev_page, prev_volume, prev_group, kind, flags)], checksums verified."""

def build_page(base: bytes, chain: list[bytes]) -> bytes:
    """A page image (8,192 bytes) with the records of `chain` applied in order; those already in it are skipped."""

def decode_changes(body: Buffer, count: int) -> list[tuple]:
    """The changes of one page record (its bytes after the header) as Record.changes."""

def decode(data: Buffer) -> list[Record]:
    """The records of a batch. DataCorrupted at the first damaged or malformed one."""

def encode(
    lsn: int, page_no: int, changes: Iterable[tuple], *, prev_volume: int = 0, prev_group: int = 0, prev_page: int = 0,
    kind: int = 0, flags: int = 0, payload: bytes = b"",
) -> bytes:  # fmt: skip
    """The bytes of one record from the parts of a Record: for tests and tools."""

class RedoBuffer:
    """The writer's records that no batch has taken yet, a buffer a protection group."""

    last_lsn: int
    position: int
    last_consistency_point: int
    records: int
    limit_lsn: int
    pending_bytes: int
    on_pending: Callable[[], Any] | None
    wait_for_room: Callable[[], Any] | None

    def __init__(
        self, group_pages: int = 131072, last_lsn: int = 0, position: int = 0, group_last: dict[int, int] | None = None
    ) -> None:
        """`group_pages`: pages a protection group. After a recovery `last_lsn` is the VDL, `position` the first place
        above the truncated range, `group_last` {group: its last LSN at or below the VDL}."""

    def take(self, group: int, bytes_max: int = 0) -> tuple[int, int, bytes] | None:
        """What is pending of a protection group: (LSN of the group's record before the batch, LSN of the batch's last
        record, the records' bytes), or None. With `bytes_max` no more than that; call again for the rest."""

    def pending_groups(self) -> list[int]:
        """Protection groups that have something to take, ascending."""

    def last_of_group(self, group: int) -> int:
        """LSN of the group's last record, 0 when it has none."""

    def log_page(self, page_no: int, prev_page: int, changes: list[tuple], consistency_point: bool = True) -> int:
        """Appends one record made of decode()'s change tuples; for tests and tools. Returns its LSN."""

    def log_note(self, kind: int, payload: bytes, consistency_point: bool = True) -> int:
        """Appends one note; for tests and tools. Returns its LSN."""
    def restart(self, last_lsn: int, position: int, group_last: dict[int, int]) -> None:
        """Goes on where a recovery ended, as a new buffer would: a reader becomes the writer. Nothing is pending."""

    def require_room(self, n: int) -> None:
        """Raises NoLogRoom unless n more bytes fit below limit_lsn."""
