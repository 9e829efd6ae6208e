"""Wait events: what a session's task is waiting for, in the words of PostgreSQL's pg_stat_activity.

    wait_event_of(txn)     ("Lock", "transactionid") while it waits for another's end, None while it works

A transaction says by its `waiting` field which lock it waits for; waits of the volume and the pool are named here so that
whoever enters one (instance, session) uses one name for it.
"""

from __future__ import annotations

from typing import Any

from aurorapy.txn import LockWait

WAIT_EVENTS = {
    "ClientRead": "Client",
    "ClientWrite": "Client",
    "relation": "Lock",
    "transactionid": "Lock",
    "advisory": "Lock",
    "extend": "Lock",
    "object": "Lock",
    "DataFileRead": "IO",
    "WALSync": "IO",
    "BufferPin": "BufferPin",
    "SyncRep": "IPC",
    "Sleep": "Timeout",
}

_BY_KEY = {"rel": "relation", "advisory": "advisory", "extend": "extend"}


def wait_event_of(transaction: Any) -> tuple[str, str] | None:
    """(type, event) of the lock a transaction waits for; None when it waits for none."""
    wait = transaction.waiting if transaction is not None else None
    if wait is None:
        return None
    name = _BY_KEY.get(wait.lock.key[0], "object") if isinstance(wait, LockWait) else "transactionid"
    return WAIT_EVENTS[name], name
