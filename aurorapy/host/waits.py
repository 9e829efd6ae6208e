"""Wait events: what a task may wait for, in the words of pg_stat_activity and in Aurora's; each by a number.

    waiter = tasks.waiter(TRANSACTION)          its wait is counted under Lock:transactionid
    event_of(TRANSACTION)                       ("Lock", "transactionid")
    event_id(TRANSACTION)                       (3, 50331653): PostgreSQL's class byte, and its number within the class

Waits are counted by whom every wait goes through (`aurorapy_native.tasks`), with the time they took: two readings of the
clock for a wait, nothing for a statement that does not wait. Those of native code have the first numbers, as tasks.pxd has
them. What is numbered 0 is not counted: tasks of the server's own, and give_way().

Not here: who asks (`instance.wait_views`), which session waits for what now (`session.introspection`).
"""

from __future__ import annotations

NONE, CLIENT_READ, CLIENT_WRITE, XACT_SYNC, LOG_ALLOCATE = range(5)
(DATA_FILE_READ, RELATION, EXTEND, TRANSACTION, OBJECT, ADVISORY, PG_SLEEP, FORWARD_CONNECT, FORWARD_START, FORWARD_EXECUTE,
 FORWARD_COMMIT, FORWARD_ABORT, FORWARD_POSITION) = range(5, 18)  # fmt: skip

_TYPES = {"Lock": 3, "Client": 6, "IPC": 8, "Timeout": 9, "IO": 10}  # PostgreSQL's class byte
_EVENTS = {
    CLIENT_READ: ("Client", "ClientRead", 0),
    CLIENT_WRITE: ("Client", "ClientWrite", 1),
    XACT_SYNC: ("IO", "XactSync", 200),  # a commit until a write quorum has it; the numbers of Aurora's own are ours
    LOG_ALLOCATE: ("IO", "AuroraStorageLogAllocate", 201),
    DATA_FILE_READ: ("IO", "DataFileRead", 17),
    RELATION: ("Lock", "relation", 0),
    EXTEND: ("Lock", "extend", 1),
    TRANSACTION: ("Lock", "transactionid", 5),
    OBJECT: ("Lock", "object", 8),
    ADVISORY: ("Lock", "advisory", 10),
    PG_SLEEP: ("Timeout", "PgSleep", 1),
    FORWARD_CONNECT: ("IPC", "AuroraWriteForwardConnect", 200),
    FORWARD_START: ("IPC", "AuroraWriteForwardXactStart", 201),
    FORWARD_EXECUTE: ("IPC", "AuroraWriteForwardExecute", 202),
    FORWARD_COMMIT: ("IPC", "AuroraWriteForwardXactCommit", 203),
    FORWARD_ABORT: ("IPC", "AuroraWriteForwardXactAbort", 204),
    FORWARD_POSITION: ("IPC", "AuroraWriteForwardGetGlobalConsistencyPoint", 205),
}
_BY_KEY = {"relation": RELATION, "rel": RELATION, "extend": EXTEND, "advisory": ADVISORY, "advisory2": ADVISORY}


def numbers() -> list[int]:
    return list(_EVENTS)


def event_of(number: int) -> tuple[str, str] | None:
    """(type, name); None for what is not counted."""
    found = _EVENTS.get(number)
    return found[:2] if found is not None else None


def event_id(number: int) -> tuple[int, int]:
    """(type id, event id)"""
    type_name, _, within = _EVENTS[number]
    kind = _TYPES[type_name]
    return kind, kind << 24 | within


def types() -> dict[str, int]:
    return dict(_TYPES)


def of_lock(key: tuple) -> int:
    """The event of a wait for a lock of the lock manager."""
    return _BY_KEY.get(key[0], OBJECT)
