"""The tables behind locks: which modes of which object are held, which rows are locked."""

from typing import Any, Callable, Hashable

from aurorapy_native.visibility import Snapshot, TransactionStatus, TxnIds
from aurorapy_native.volume import DurableWait

MODES: tuple[str, ...]
MODE_NUMBER: dict[str, int]
ROW_STRENGTHS: dict[str, int]

def conflicts(mode: int) -> int:
    """Bits (1 << mode) of the modes that conflict with `mode` (1..8)."""

def row_conflicts(strength: int) -> int:
    """Bits (1 << strength) of the row lock strengths that conflict with `strength` (0..3)."""

class LockOwner:
    """Who may hold table locks: a transaction, later also a session."""

    held: dict[Hashable, int]
    taken: list[tuple[Hashable, int]]

class TransactionCore(LockOwner):
    """The fields of a transaction and what every statement needs of it; aurorapy.txn.Transaction is the rest."""

    manager: ManagerCore
    ids: TxnIds
    isolation: str
    read_only: bool
    deferrable: bool
    one_snapshot: bool
    after: int
    command: int
    state: str
    pid: int
    lock_timeout: float | None
    waiting: Any
    savepoints: list
    before_commit: list[Callable[[], Any]]
    after_commit: list[Callable[[], Any]]
    after_abort: list[Callable[[], Any]]
    notes: list[tuple[int, bytes]]
    watchers: list
    commit_lsn: int
    current_xid: int
    database: int

    def __init__(
        self, manager: ManagerCore | None, status: TransactionStatus, isolation: str, read_only: bool,
        deferrable: bool, after: int,
    ) -> None: ...
    @property
    def xid(self) -> int:
        """Id under which the current savepoint writes; assigned on first use. May switch."""

    @property
    def top_xid(self) -> int:
        """The transaction's own id, 0 before its first write."""

    def is_own(self, xid: int) -> bool:
        """True for an id of this transaction that was not rolled back."""

    def snapshot(self) -> Snapshot:
        """READ COMMITTED: of this moment; REPEATABLE READ: of the first call, with the present command. May switch."""

    def next_command(self) -> int:
        """Makes what was written so far visible to the transaction's next snapshots."""

    def release_snapshot(self, snapshot: Snapshot) -> None:
        """The statement is done with it."""

    @property
    def first_lsn(self) -> int:
        """Of REPEATABLE READ's snapshot; 0 before there is one."""

    def read_as_of(self, lsn: int) -> None:
        """REPEATABLE READ's snapshot shall be that of a reader of the same volume, which still holds it. ValueError
        when rows that it sees may have gone."""

    def drop_first_snapshot(self) -> None:
        """REPEATABLE READ's snapshot no longer holds the prune horizon."""

class TransactionEnd(DurableWait):
    """Ends a transaction when the VDL has passed its commit."""

    transaction: TransactionCore
    def __init__(self, transaction: TransactionCore) -> None: ...

class ManagerCore:
    """What a transaction's end needs of all transactions; aurorapy.txn.TransactionManager is the rest."""

    status: TransactionStatus
    row_locks: RowLocks
    kind: type  # of its transactions
    locks: Any
    running: dict[int, Any]
    commits: int
    rollbacks: int
    def __init__(self, status: TransactionStatus, locks: Any) -> None: ...
    def vdl_moved(self, vdl: int) -> None:
        """Commits at or below `vdl` are seen from here on."""

    def forget(self, xids: list[int]) -> None:
        """The ids have ended for everybody."""

class Lock:
    """One locked object: who holds it, and who waits, first come first."""

    key: Hashable
    holders: dict[LockOwner, int]
    granted: int
    queue: list

    def __init__(self, key: Hashable) -> None: ...
    def grant_to(self, owner: LockOwner, mode: int) -> None:
        """Gives the mode; the caller knows that nothing conflicts."""

    def conflicts_with(self, owner: LockOwner, mode: int) -> bool:
        """True when another owner holds a mode that conflicts."""

    def held_by(self, owner: LockOwner) -> int:
        """Bits of the modes the owner holds."""

    def give_back(self, owner: LockOwner, modes: int) -> int:
        """Takes the modes (bits) from the owner."""

class LockTable:
    """Every object with a lock, by key."""

    locks: dict[Hashable, Lock]
    def __init__(self) -> None: ...
    def try_acquire(self, owner: LockOwner, key: Hashable, mode: int) -> bool:
        """Takes the mode if the owner has it, or nothing conflicts and nobody waits; else False."""

    def release(self, owner: LockOwner) -> list[Lock]:
        """Takes everything from the owner. Returns the Locks that have waiters."""

    def release_since(self, owner: LockOwner, mark: int) -> list[Lock]:
        """Gives back what was taken after `taken` had `mark` entries. Returns the Locks with waiters."""

class RowLocks:
    """FOR UPDATE / NO KEY UPDATE / SHARE / KEY SHARE: (root map page, tid) -> ids that hold it."""

    count: int
    def holders(self, root: int, tid: int) -> list[tuple[int, int]]:
        """[(xid, strength)] of the row's locks."""

    def release(self, xids: list[int]) -> None:
        """Drops every lock of the ids."""

    def find_conflict(self, root: int, tid: int, strength: int, ids: TxnIds | None = None) -> int:
        """An id other than `ids` whose lock on the row conflicts, or 0."""

    def take(self, root: int, tid: int, strength: int, xid: int) -> None:
        """Takes the lock for `xid`; the caller has found no conflict."""

    def carry_over(self, root: int, old_tid: int, new_tid: int) -> None:
        """The row's new version is locked by whoever locked the old one."""
