"""Advisory locks of one session, in the instance's lock manager.

A session-level lock is held until unlocked or the session ends, however often its transactions do; it is counted.
Transaction-level ones go with the transaction.
"""

from __future__ import annotations

from typing import Any


class SessionAdvisoryLocks:
    def __init__(self, session: Any) -> None:
        self._session = session
        self._held: dict[tuple, int] = {}  # (key, shared) → count

    def _acquire(self, key: tuple, shared: bool, transaction: bool, nowait: bool) -> bool:
        session = self._session
        full = (*key, session.database.oid)
        mode = "SHARE" if shared else "EXCLUSIVE"
        owner = session.transaction if transaction else session.instance.session_locks(session)
        taken = session.instance.txns.locks.acquire(owner, full, mode, nowait=nowait, timeout=session.lock_timeout())
        if taken is False:
            return False
        if not transaction:
            self._held[(full, shared)] = self._held.get((full, shared), 0) + 1
        return True

    def lock(self, key: tuple, shared: bool, transaction: bool) -> None:
        self._acquire(key, shared, transaction, nowait=False)

    def try_lock(self, key: tuple, shared: bool, transaction: bool) -> bool:
        return self._acquire(key, shared, transaction, nowait=True)

    def unlock(self, key: tuple, shared: bool) -> bool:
        session = self._session
        full = (*key, session.database.oid)
        count = self._held.get((full, shared), 0)
        mode = "ShareLock" if shared else "ExclusiveLock"
        if not count:
            session.warn(f"you don't own a lock of type {mode}")
            return False
        if count > 1:
            self._held[(full, shared)] = count - 1
            return True
        del self._held[(full, shared)]
        session.instance.txns.locks.release(
            session.instance.session_locks(session), full, "SHARE" if shared else "EXCLUSIVE"
        )
        return True

    def unlock_all(self) -> None:
        session = self._session
        for full, shared in list(self._held):
            session.instance.txns.locks.release(
                session.instance.session_locks(session), full, "SHARE" if shared else "EXCLUSIVE"
            )
        self._held.clear()
