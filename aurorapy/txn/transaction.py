"""One transaction: its ids, its snapshots, its savepoints, its end.

    txn.xid                     7      assigned now
    txn.savepoint("a")
    txn.xid                     8      the savepoint's own
    txn.rollback_to("a")               8 is aborted; the locks taken since are given back; "a" still stands
    txn.xid                     9
    txn.commit()                       7 and 9 with one LSN

Ids only grow, so what a savepoint has to undo is every id the transaction got after it. A savepoint released is simply
forgotten: its ids stay with the transaction.

Errors: TransactionStateError 3B001 for an unknown savepoint; what waits raise (locks.py); I/O errors from the volume, in
which case the outcome is what recovery finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from aurorapy.errors import ProgramLimitExceeded, QueryCanceled, TransactionStateError
from aurorapy.ids import Lsn, Xid
from aurorapy.txn.locks import LockWait, TransactionWait, enter
from aurorapy_native.locks import LockOwner
from aurorapy_native.visibility import IN_PROGRESS, Snapshot, TxnIds

if TYPE_CHECKING:
    from aurorapy.txn.manager import TransactionManager

ISOLATION_LEVELS = ("read uncommitted", "read committed", "repeatable read", "serializable")


class Savepoint:
    """Where a rollback goes back to: how many ids and locks the transaction had."""

    __slots__ = ("name", "ids", "locks", "xid", "outer_notes", "callbacks")

    def __init__(self, name: str, ids: int, locks: int, notes: int, callbacks: tuple[int, int, int]) -> None:
        self.name = name
        self.ids = ids
        self.locks = locks
        self.xid: Xid = 0
        self.outer_notes = notes
        self.callbacks = callbacks


class Transaction(LockOwner):
    """A transaction of one session; made by TransactionManager.begin()."""

    def __init__(self, manager: TransactionManager, isolation: str, read_only: bool, deferrable: bool, after: Lsn) -> None:
        self.manager = manager
        self.isolation = isolation
        self.read_only = read_only
        self.deferrable = deferrable
        self.after = after  # snapshots wait until the VDL has passed the session's own last commit
        self.one_snapshot = isolation in ("repeatable read", "serializable")
        self.ids = TxnIds()
        self.command = 0
        self.state = "active"  # then "committing", "committed" or "aborted"
        self.pid = 0  # the session's, for messages
        self.lock_timeout: float | None = None  # seconds; for waits that are given none
        self.waiting: LockWait | TransactionWait | None = None
        self.savepoints: list[Savepoint] = []
        self.before_commit: list[Callable[[], None]] = []
        self.after_commit: list[Callable[[], None]] = []
        self.after_abort: list[Callable[[], None]] = []
        self.notes: list[tuple[int, bytes]] = []
        self.commit_lsn: Lsn = 0
        self._xid: Xid = 0
        self._first: Snapshot | None = None
        self._watchers: list[TransactionWait] = []

    # -- ids and commands

    @property
    def xid(self) -> Xid:
        """Id under which the current savepoint writes; assigned on first use. May switch."""
        return self._xid or self._assign()

    @property
    def top_xid(self) -> Xid:
        """The transaction's own id, 0 before its first write."""
        return self.ids.top

    def _assign(self) -> Xid:
        if self.state != "active":
            raise TransactionStateError("the transaction has ended", sqlstate="25P01")
        if self.savepoints and not self.ids.top:
            self._adopt()  # the transaction's own id comes first, so it is the smallest
            for savepoint in self.savepoints:
                savepoint.ids = max(savepoint.ids, 1)
        self._xid = self._adopt()
        if self.savepoints:
            self.savepoints[-1].xid = self._xid
        return self._xid

    def _adopt(self) -> Xid:
        manager = self.manager
        xid = manager.status.assign()
        self.ids.add(xid)
        manager.running[xid] = self
        return xid

    def is_own(self, xid: Xid) -> bool:
        """True for an id of this transaction that was not rolled back."""
        return xid in self.ids

    def next_command(self) -> int:
        """Makes what was written so far visible to the transaction's next snapshots."""
        if self.command >= 0xFFFFFFFE:
            raise ProgramLimitExceeded("cannot have more than 2^32-2 commands in a transaction")
        self.command += 1
        return self.command

    def add_note(self, kind: int, payload: bytes) -> None:
        """Something readers learn with the commit (redo note kinds); dropped by a rollback to an earlier savepoint."""
        self.notes.append((kind, payload))

    # -- snapshots

    def snapshot(self) -> Snapshot:
        """READ COMMITTED: of this moment; REPEATABLE READ: of the first call, with the present command. May switch while
        the session's last commit is not durable yet. Released by release_snapshot(), or when nobody holds it."""
        first = self._first
        if first is not None:
            return self.manager.status.copy(first, self.command)
        status = self.manager.status
        if self.after > status.vdl:
            self.manager.wait_durable(self.after)
        taken = status.snapshot(self, self.ids, self.command)
        if self.one_snapshot:
            self._first = taken
            return status.copy(taken, self.command)
        return taken

    def release_snapshot(self, snapshot: Snapshot) -> None:
        snapshot.release()

    # -- savepoints

    def savepoint(self, name: str) -> None:
        callbacks = (len(self.before_commit), len(self.after_commit), len(self.after_abort))
        self.savepoints.append(Savepoint(name, len(self.ids), len(self.taken), len(self.notes), callbacks))
        self._xid = 0

    def _find(self, name: str) -> int:
        for index in range(len(self.savepoints) - 1, -1, -1):
            if self.savepoints[index].name == name:
                return index
        raise TransactionStateError(f'savepoint "{name}" does not exist', sqlstate="3B001")

    def release(self, name: str) -> None:
        """Forgets the savepoint and those after it; their work stays."""
        del self.savepoints[self._find(name) :]
        self._xid = self.savepoints[-1].xid if self.savepoints else self.ids.top

    def rollback_to(self, name: str) -> None:
        """Undoes everything since the savepoint, which stays. May run after_abort callbacks registered since."""
        index = self._find(name)
        savepoint = self.savepoints[index]
        del self.savepoints[index + 1 :]
        gone = [xid for xid in self.ids.all()[savepoint.ids :]]
        if gone:
            self.ids.remove_from(gone[0])
            self.manager.abort_ids(gone)
            self._wake_watchers(set(gone))
        savepoint.xid = self._xid = 0
        self.manager.locks.release_since(self, savepoint.locks)
        del self.notes[savepoint.outer_notes :]
        before, after, undo = savepoint.callbacks
        undone = self.after_abort[undo:]
        del self.before_commit[before:], self.after_commit[after:], self.after_abort[undo:]
        for callback in undone:
            callback()

    # -- waiting for others

    def wait_for(self, xid: Xid, timeout: float | None = None) -> None:
        """Returns when that transaction (or savepoint) has ended and the VDL has passed its commit. `timeout` in seconds,
        default `lock_timeout`. DeadlockDetected, LockNotAvailable, or the task's interrupt."""
        manager = self.manager
        target = manager.running.get(xid)
        if target is None or target is self or manager.status.state_of(xid) != IN_PROGRESS:
            return
        wait = TransactionWait(self, xid, target, manager.tasks.waiter())
        target._watchers.append(wait)
        try:
            enter(wait, self.lock_timeout if timeout is None else timeout)
        finally:
            if wait in target._watchers:
                target._watchers.remove(wait)

    def _wake_watchers(self, xids: set[Xid] | None = None) -> None:
        """Wakes who waits for one of these ids; for any of the transaction's by default."""
        watchers = self._watchers
        self._watchers = [] if xids is None else [wait for wait in watchers if wait.xid not in xids]
        for wait in watchers:
            if xids is None or wait.xid in xids:
                wait.waiter.wake()

    # -- the end

    def commit(self, wait: bool = True) -> Lsn:
        """Ends the transaction; returns its commit LSN, 0 when it wrote nothing. With `wait` it returns when the VDL has
        passed; without, locks go later, when it does. Switches. What before_commit raises leaves the transaction active:
        the caller aborts it. A cancel that comes after the commit record is too late and ignored."""
        for callback in self.before_commit:
            callback()
        manager = self.manager
        if not self.ids.top and not self.notes:
            self._ended("committed")
            return 0
        self.state = "committing"
        try:
            lsn = self.commit_lsn = manager.status.log_commit(self.ids, self.notes)
        except BaseException:
            self.state = "active"  # nothing was logged: the caller aborts
            raise
        self._drop_snapshot()
        if not wait and not self.after_commit:
            manager.end_at_vdl(self)
            return lsn
        try:
            while manager.status.vdl < lsn:
                try:
                    manager.wait_durable(lsn)
                except QueryCanceled:
                    continue
        except BaseException:
            manager.end_at_vdl(self)  # it may be durable or become so: its locks stay until that is known
            raise
        self._ended("committed")
        return lsn

    def abort(self) -> None:
        """Ends the transaction without effect. Does not switch, but for what after_abort callbacks do."""
        if self.state != "active":
            return
        if self.ids.top:
            self.manager.status.mark_aborted(self.ids.all())
        self._ended("aborted")

    def _drop_snapshot(self) -> None:
        if self._first is not None:
            self._first.release()
            self._first = None

    def _ended(self, state: str) -> None:
        """Locks go, waiters wake, callbacks run; the commit is durable or the ids are aborted."""
        self.state = state
        manager = self.manager
        self._drop_snapshot()
        if self.ids.top:
            manager.forget(self.ids.all())
        if self.held:
            manager.locks.release_all(self)
        if self._watchers:
            self._wake_watchers()
        for callback in self.after_commit if state == "committed" else self.after_abort:
            callback()
        self.before_commit = self.after_commit = self.after_abort = []
