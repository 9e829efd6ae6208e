from collections import deque
from typing import Any, Callable

from aurorapy_native.memtable import Memtable

WAITING_MAX: int

class Table:
    """The memtable of one hot log file."""

    memtable: Memtable
    file: int
    """Its number."""
    is_sealing: bool
    """It is being cut into a run, and takes nothing more."""
    def __init__(self, file: int) -> None: ...

class SegmentCore:
    """How far one copy of a protection group is: the hot half of storage.node.segment.Segment, which supplies
    `pages_freed([(LSN, payload)…])`."""

    group: int
    copy: str
    """Its name in the geometry."""
    epoch: Any
    truncations: Any
    vdl: int
    """The volume's, highest told."""
    last: int
    """Last record in memory without a gap."""
    scl: int
    """The same, durable."""
    ahead: dict[int, int]
    """prev -> last of batches behind a gap, in memory."""
    ahead_durable: dict[int, int]
    tables: list[Table]
    """Oldest first; the last one is filled."""
    def __init__(self, group: int, copy: str, epoch: Any, truncations: Any) -> None: ...
    def follows(self, epoch: Any) -> bool:
        """May the segment take writes and serve reads of that epoch?"""
    def holds(self, prev: int, last: int) -> bool:
        """Is the batch here already?"""
    def ingest(self, file: int, prev: int, last: int, records: bytes) -> int:
        """Takes a batch into memory. file: number of the hot log file it goes to."""
    def became_durable(self, prev: int, last: int) -> bool:
        """The batch is on disk. True when the SCL moved."""
    def go_on(self, floor: int) -> None:
        """Every record up to `floor` is here, and durable: both ends go on over what waits behind it."""

class LogCore:
    """Where the hot log's next batch goes: the hot half of storage.node.hotlog.HotLog, which supplies `is_tight()` and
    `_next_file(length)`."""

    file_bytes: int
    number: int
    """Of the current file."""
    position: int
    """Where the next batch goes."""
    durable: int
    """Everything below is on disk."""
    base: int
    """Position of the current file's first byte."""
    crc: int
    """Of the last batch."""
    file: Any
    """The current file's LogFile."""
    spare: str | None
    """Path of a prepared file."""
    failed: OSError | None
    def __init__(self, file_bytes: int) -> None: ...
    def reserve(self, count: int) -> bool:
        """Is there room for a batch of `count` bytes of records? Takes the next file into use when that helps."""
    def append(self, epoch: tuple[int, int], vdl: int, group: int, prev: int, last: int, records: bytes) -> int:
        """Queues a batch for which `reserve` found room; returns the position that must become durable."""
    def needs_spare(self) -> bool:
        """Time to prepare the next file: none is there and the current one is a quarter full."""

class NodeCore:
    """A batch's way through a node: the hot half of storage.node.node.StorageNode, which sets the fields."""

    segments: dict[int, Any]
    log: Any
    waiting: deque[Any]
    """Batches the log had no room for."""
    in_flight: deque[tuple[int, Any, int, int]]
    """(position, segment, prev, last), by position."""
    send: Callable[[Any], None]
    gossip: Any
    background: Any
    epochs: Any
    def _write(self, message: Any) -> list[Any]: ...
    def accept(self, segment: SegmentCore, batch: Any) -> int:
        """Takes a batch whose epoch is right; it waits in line when the log has no room. Where peers have it as well,
        what would wait for long or behind a gap is dropped: gossip brings it again."""
    def _append(self, segment: SegmentCore, message: Any) -> bool:
        """False when the log has no room."""
    def _log_durable(self, position: int) -> None:
        """The log is durable up to `position`: says so once for each segment whose SCL moved."""
