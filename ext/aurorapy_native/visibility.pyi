"""Which transactions a snapshot sees."""

from typing import Any

from aurorapy_native.space import RelationStorage, VolumeSpace

IN_PROGRESS: int
COMMITTED: int
ABORTED: int
FIRST_XID: int
STEP: int

class TxnIds:
    """The ids of one running transaction: its own and its savepoints', those rolled back taken out."""

    top: int
    def __contains__(self, xid: int) -> bool: ...
    def __len__(self) -> int: ...
    def add(self, xid: int) -> None:
        """Takes one more id, larger than all before."""

    def remove_from(self, xid: int) -> list[int]:
        """Takes out every id at or above `xid`; returns them."""

    def all(self) -> list[int]:
        """The ids, ascending."""

class Snapshot:
    """One LSN, plus the owner's ids and command number: sees rows of ids whose commit LSN <= lsn, and own older
    commands."""

    lsn: int
    command: int
    transaction: Any
    ids: TxnIds | None
    registered: bool

    def owns(self, xid: int) -> bool:
        """True for an id of the snapshot's own transaction."""

    def release(self) -> None:
        """The snapshot no longer holds the prune horizon back. Twice is harmless; reading with it afterwards is not."""

class TransactionStatus:
    """State of every transaction id. One an instance."""

    ring_base: int
    next_xid: int
    ceiling: int
    all_committed_below: int
    vdl: int
    far_horizon: int
    space: VolumeSpace | None
    pages: RelationStorage | None

    def __init__(self, space: VolumeSpace | None = None) -> None:
        """`space`: the VolumeSpace whose counters and status pages are used; then create() or open()."""

    def create(self) -> None:
        """Makes the status pages of a new volume. May switch."""

    def open(self) -> None:
        """Takes over from a predecessor: what it left running is aborted, the next id is its ceiling. May switch."""

    def snapshot(self, transaction: Any = None, ids: TxnIds | None = None, command: int = 0) -> Snapshot:
        """A registered Snapshot of this moment."""

    def copy(self, source: Snapshot, command: int) -> Snapshot:
        """The same moment with another command number, registered too."""

    def oldest_snapshot_lsn(self) -> int:
        """The prune horizon: LSN of the oldest snapshot on any instance, the VDL when there is none."""

    def older_than(self, lsn: int) -> list[Any]:
        """The transactions that hold a snapshot older than `lsn`, each once; None for snapshots of nobody's."""

    def registered_snapshots(self) -> int:
        """Number of registered snapshots: for tests and activity."""

    def assign(self) -> int:
        """The next transaction id, in progress. May switch (logs a new ceiling every STEP ids)."""

    def log_commit(self, ids: TxnIds, notes: list[tuple[int, bytes]]) -> int:
        """Logs the commit of all the ids with `notes` beside it, in one mini-transaction; returns its LSN. May switch
        before it does anything."""

    def mark_aborted(self, xids: list[int]) -> None:
        """The ids are aborted from now on; nothing is logged."""

    def trim(self) -> None:
        """Lets go of ids at the ring's old end that no snapshot can doubt any more."""

    def ring_bytes(self) -> bytes:
        """What a reader's snapshots need of a writer's ids: oldest id in the ring, next id, commit LSNs of those
        between."""

    def take_ring(self, ring: bytes) -> list[int]:
        """Takes over what a writer gave of its ring. Ids in it whose end is known already keep what is known; returns
        those older ones, still in doubt here, that the writer has no doubt of: ended_before() says how they ended."""

    def ended_before(self, xid: int, lsn: int, committed: bool) -> None:
        """An id ended at or below `lsn`, and after the last VDL that any snapshot here was taken at."""

    def trim_below(self, oldest_running: int) -> None:
        """trim() on a reader: ids below `oldest_running` have ended, those that did not commit are aborted."""

    def follow(self) -> None:
        """Opens the status pages to read them on an instance that follows a writer. May switch."""

    def promote(self) -> None:
        """The instance has become the writer: every id of its predecessors that did not commit is aborted."""

    def raise_all_committed(self, below: int) -> None:
        """Vacuum has removed every trace of aborted ids below `below`. Logged; may switch."""

    def state_of(self, xid: int) -> int:
        """IN_PROGRESS, COMMITTED or ABORTED. May switch."""

    def sees(self, snapshot: Snapshot, xid: int) -> bool:
        """True when the snapshot sees what the id did; own ids are the caller's. May switch."""

    def commit_lsn_of(self, xid: int) -> int:
        """Commit LSN while it is known exactly, 1 for older commits, 0 for an id not committed. May switch."""
