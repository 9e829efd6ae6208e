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

from aurorapy.errors import QueryCanceled, TransactionStateError
from aurorapy.host import waits
from aurorapy.ids import Lsn, Xid
from aurorapy.txn.locks import TransactionWait
from aurorapy_native.locks import TransactionCore

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


class Transaction(TransactionCore):
    """A transaction of one session; made by TransactionManager.begin(). Fields, `xid`, `top_xid`, `is_own()`, `snapshot()`
    and `release_snapshot()` are TransactionCore's (aurorapy_native.locks)."""

    __slots__ = ()

    # -- what statements take

    def lock_relation(self, oid: int, mode: str, timeout: float | None = None, nowait: bool = False) -> bool:
        """A table lock in the transaction's database; see LockManager.acquire."""
        return self.manager.locks.acquire(self, ("relation", self.database, oid), mode, nowait, timeout)

    def fresh_snapshot(self):
        """Of this moment whatever the isolation level, own changes included: how catalogs are read."""
        return self.manager.status.snapshot(self, self.ids, self.command)

    # -- ids and commands

    def assign(self) -> Xid:
        """The current savepoint's id, which it does not have yet. May switch."""
        if self.state != "active":
            raise TransactionStateError("the transaction has ended", sqlstate="25P01")
        if self.savepoints and not self.ids.top:
            self._adopt()  # the transaction's own id comes first, so it is the smallest
            for savepoint in self.savepoints:
                savepoint.ids = 1
        xid = self.current_xid = self._adopt()
        if self.savepoints:
            self.savepoints[-1].xid = xid
        return xid

    def _adopt(self) -> Xid:
        manager = self.manager
        xid = manager.status.assign()
        self.ids.add(xid)
        manager.running[xid] = self
        return xid

    def add_note(self, kind: int, payload: bytes) -> None:
        """Something readers learn with the commit (redo note kinds); dropped by a rollback to an earlier savepoint."""
        self.notes.append((kind, payload))

    # -- savepoints

    def savepoint(self, name: str) -> None:
        callbacks = (len(self.before_commit), len(self.after_commit), len(self.after_abort))
        self.savepoints.append(Savepoint(name, len(self.ids), len(self.taken), len(self.notes), callbacks))
        self.current_xid = 0

    def _find(self, name: str) -> int:
        for index in range(len(self.savepoints) - 1, -1, -1):
            if self.savepoints[index].name == name:
                return index
        raise TransactionStateError(f'savepoint "{name}" does not exist', sqlstate="3B001")

    def release(self, name: str) -> None:
        """Forgets the savepoint and those after it; their work stays."""
        del self.savepoints[self._find(name) :]
        self.current_xid = self.savepoints[-1].xid if self.savepoints else self.ids.top

    def rollback_to(self, name: str) -> None:
        """Undoes everything since the savepoint, which stays. May run after_abort callbacks registered since."""
        index = self._find(name)
        savepoint = self.savepoints[index]
        del self.savepoints[index + 1 :]
        gone = self.ids.all()[savepoint.ids :]
        if gone:
            self.ids.remove_from(gone[0])
            self.manager.abort_ids(gone)
            self.wake_watchers(set(gone))
        savepoint.xid = self.current_xid = 0
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
        if target is None or target is self:
            return  # its locks are gone too: a commit that is seen but whose session has not woken still holds them
        wait = TransactionWait(self, xid, target, manager.tasks.waiter(waits.TRANSACTION))
        target.watchers.append(wait)
        try:
            manager.locks.enter(wait, self.lock_timeout if timeout is None else timeout)
        finally:
            if wait in target.watchers:
                target.watchers.remove(wait)

    def wake_watchers(self, xids: set[Xid] | None = None) -> None:
        """Wakes who waits for one of these ids; for any of the transaction's by default."""
        watchers = self.watchers
        self.watchers = [] if xids is None else [wait for wait in watchers if wait.xid not in xids]
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
        self.drop_first_snapshot()
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
