"""Waiting for locks and for transactions, and the deadlocks that come of it.

    T1 holds ROW EXCLUSIVE on t        queue of t:  [T2 ACCESS EXCLUSIVE] [T3 ACCESS SHARE]
    T3 waits although T1 would not mind: first come, first served. But whoever already holds a lock of t that conflicts
    with somebody in the queue goes ahead of that one - behind it, it would wait for itself.

A wait is entered in one place, `LockManager.enter`: it first looks whether the wait would close a circle, through queues, held locks
and transactions waited for, and raises DeadlockDetected there and then. All of it happens in one thread, so the graph
never changes under the search.

Once the volume has failed, a commit that was on its way may never be known to have happened, and its locks stay. Whoever
waits then, or would have to, is told the volume's error.

Errors: DeadlockDetected 40P01; LockNotAvailable 55P03 for a lock_timeout; the volume's; whatever the task was interrupted
with.
"""

from __future__ import annotations

from typing import Any, Iterator

from aurorapy.errors import DatabaseError, DeadlockDetected, LockNotAvailable
from aurorapy.host import waits
from aurorapy.ids import Xid
from aurorapy_native.locks import MODE_NUMBER, Lock, LockTable, conflicts
from aurorapy_native.volume import again

_LOG_NAMES = ("", "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
              "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")  # fmt: skip


def key_text(key: tuple) -> str:
    """A lock's key in the words of PostgreSQL's messages; ("rel", database, oid), ("advisory", database, n), ..."""
    if key[0] == "rel":
        return f"relation {key[2]} of database {key[1]}"
    if key[0] == "extend":
        return f"extension of relation {key[2]} of database {key[1]}"
    if key[0] == "advisory":
        return f"advisory lock [{','.join(str(part) for part in key[1:])}]"
    return f"{key[0]} " + " of ".join(str(part) for part in reversed(key[1:]))


class LockWait:
    """One owner's wait for one mode of one object, in the object's queue."""

    __slots__ = ("owner", "lock", "mode", "waiter", "granted")

    def __init__(self, owner: Any, lock: Lock, mode: int, waiter: Any) -> None:
        self.owner = owner
        self.lock = lock
        self.mode = mode
        self.waiter = waiter
        self.granted = False

    def blockers(self) -> Iterator[Any]:
        """Owners this wait cannot end before: conflicting holders, and conflicting waits further ahead."""
        if self.granted:  # it has what it waited for, its task has not run yet
            return
        against = conflicts(self.mode)
        for holder, modes in self.lock.holders.items():
            if modes & against and holder is not self.owner:
                yield holder
        for ahead in self.lock.queue:
            if ahead is self:
                return
            if against >> ahead.mode & 1 and ahead.owner is not self.owner:
                yield ahead.owner

    def __str__(self) -> str:
        return f"{_LOG_NAMES[self.mode]} on {key_text(self.lock.key)}"


class TransactionWait:
    """One owner's wait for the end of a transaction (or of one of its savepoints)."""

    __slots__ = ("owner", "xid", "target", "waiter")

    def __init__(self, owner: Any, xid: Xid, target: Any, waiter: Any) -> None:
        self.owner = owner
        self.xid = xid
        self.target = target
        self.waiter = waiter

    def blockers(self) -> Iterator[Any]:
        yield self.target

    def __str__(self) -> str:
        return f"ShareLock on transaction {self.xid}"


def check_deadlock(wait: LockWait | TransactionWait) -> None:
    """Raises DeadlockDetected when `wait`, which its owner is about to enter, would close a circle."""
    if type(wait) is TransactionWait and wait.target.waiting is None:
        return
    start = wait.owner
    path: list[tuple[Any, Any]] = []
    seen = set()
    stack = [(wait, wait.blockers())]
    while stack:
        current, blockers = stack[-1]
        blocker = next(blockers, None)
        if blocker is None:
            stack.pop()
        elif blocker is start:
            path = [(w, following.owner) for (w, _), (following, _) in zip(stack, stack[1:])] + [(current, start)]
            break
        elif blocker not in seen:
            seen.add(blocker)
            waits = blocker.waiting
            if waits is not None:
                stack.append((waits, waits.blockers()))
    if path:
        detail = "\n".join(f"Process {w.owner.pid} waits for {w}; blocked by process {by.pid}." for w, by in path)
        raise DeadlockDetected("deadlock detected", detail=detail, hint="See server log for query details.")


class LockManager:
    """Table locks, and every other lock of PostgreSQL's eight modes. Owners are LockOwners with `pid`, `waiting` and
    `lock_timeout`; keys are tuples whose first part says what they are."""

    def __init__(self, tasks: Any) -> None:
        self.tasks = tasks
        self.table = LockTable()
        self.try_acquire = self.table.try_acquire
        self._waits: dict[LockWait | TransactionWait, None] = {}  # in the order they were entered
        self._failure: DatabaseError | None = None

    def enter(self, wait: LockWait | TransactionWait, timeout: float | None) -> None:
        """Waits; `wait.owner.waiting` tells the deadlock search and pg_stat_activity. `timeout` in seconds, None or 0:
        none."""
        check_deadlock(wait)
        if self._failure is not None:
            raise again(self._failure)
        wait.owner.waiting = wait
        self._waits[wait] = None
        try:
            failure = wait.waiter.wait(timeout or None)
        except TimeoutError:
            raise LockNotAvailable("canceling statement due to lock timeout") from None
        finally:
            wait.owner.waiting = None
            del self._waits[wait]
        if failure is not None:
            raise again(failure)

    def fail(self, error: DatabaseError) -> None:
        """The volume has failed."""
        self._failure = error
        for wait in self._waits:
            wait.waiter.wake(error)

    def acquire(self, owner: Any, key: tuple, mode: str | int, nowait: bool = False, timeout: float | None = None) -> bool:
        """Takes `mode` ("ROW EXCLUSIVE", or 1..8) of `key`; waits its turn. False, and nothing taken, when `nowait` and
        it is not free: the caller knows the object's name. Taking what one has costs a dictionary lookup."""
        number = mode if type(mode) is int else MODE_NUMBER[mode]
        if self.try_acquire(owner, key, number):
            return True
        lock = self.table.locks[key]
        place = self._place(lock, owner, number)
        if place is None:
            lock.grant_to(owner, number)
            return True
        if nowait:
            return False
        self._queue(lock, owner, number, place, owner.lock_timeout if timeout is None else timeout)
        return True

    def _place(self, lock: Lock, owner: Any, mode: int) -> int | None:
        """Where in the queue the request belongs; None when it may have the lock now."""
        held = lock.held_by(owner)
        place = len(lock.queue)
        if held:
            place = next((i for i, ahead in enumerate(lock.queue) if conflicts(ahead.mode) & held), place)
        if lock.conflicts_with(owner, mode):
            return place
        against = conflicts(mode)
        return place if any(against >> ahead.mode & 1 for ahead in lock.queue[:place]) else None

    def _queue(self, lock: Lock, owner: Any, mode: int, place: int, timeout: float | None) -> None:
        wait = LockWait(owner, lock, mode, self.tasks.waiter(waits.of_lock(lock.key)))
        lock.queue.insert(place, wait)
        try:
            self.enter(wait, timeout)
        except BaseException:
            if not wait.granted:
                lock.queue.remove(wait)
                self._wake(lock)
            raise  # granted in the same moment: the owner has it, and gives it back with its other locks

    def _wake(self, lock: Lock) -> None:
        """Grants, in order, every queued request that conflicts with no holder and nobody still ahead of it."""
        ahead = 0
        for wait in list(lock.queue):
            if ahead & conflicts(wait.mode) or lock.conflicts_with(wait.owner, wait.mode):
                ahead |= 1 << wait.mode
                continue
            lock.queue.remove(wait)
            lock.grant_to(wait.owner, wait.mode)
            wait.granted = True
            wait.waiter.wake()

    def release(self, owner: Any, key: tuple, mode: str | int) -> bool:
        """Gives back one mode of one object before the owner's end; False when the owner does not have it."""
        number = mode if type(mode) is int else MODE_NUMBER[mode]
        lock = self.table.locks.get(key)
        if lock is None or not lock.held_by(owner) >> number & 1:
            return False
        lock.give_back(owner, 1 << number)
        owner.taken.remove((key, number))
        self._wake(lock)
        return True

    def release_all(self, owner: Any) -> None:
        """Takes every lock from the owner and lets those who wait have them."""
        if owner.held:
            self.wake(self.table.release(owner))

    def wake(self, locks: list[Lock]) -> None:
        """Their holders have given something back: those who wait have it, as far as they may."""
        for lock in locks:
            self._wake(lock)

    def release_since(self, owner: Any, mark: int) -> None:
        """Gives back what was taken since `mark` (an earlier len(owner.taken)): a rollback to a savepoint."""
        if len(owner.taken) > mark:
            for lock in self.table.release_since(owner, mark):
                self._wake(lock)

    def held(self) -> list[tuple[tuple, int, int, bool]]:
        """(key, mode number, pid, granted) of every lock held or waited for: pg_locks."""
        rows = []
        for key, lock in self.table.locks.items():
            for holder, modes in lock.holders.items():
                rows += [(key, mode, holder.pid, True) for mode in range(1, 9) if modes >> mode & 1]
            rows += [(key, wait.mode, wait.owner.pid, False) for wait in lock.queue]
        return rows
