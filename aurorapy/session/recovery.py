"""What an instance that only reads refuses, in PostgreSQL's words for a hot standby.

    refuse(session, statement)          25006 cannot execute VACUUM during recovery
    check_characteristics(options)      0A000 cannot set transaction read-write mode during recovery
    lost_snapshot()                     40001 terminating connection due to conflict with recovery

Everything that changes rows or definitions is refused elsewhere already: every transaction here is read-only.

Not here: statements (`utility`), transaction blocks (`block`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, FatalError, FeatureNotSupported, SerializationFailure, TransactionStateError
from aurorapy.sql import statements as s

HARMLESS_LOCKS = ("ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE")


def refuse(session: Any, statement: s.Statement) -> None:
    """Called where the instance reads what another one writes."""
    session.forwarding.refuse(statement)
    if isinstance(statement, s.CreateTable) and statement.persistence == "t":
        raise TransactionStateError("cannot create temporary tables during recovery", sqlstate="25006")
    what = _forbidden(statement)
    if what:
        raise TransactionStateError(f"cannot execute {what} during recovery", sqlstate="25006")


def _forbidden(statement: s.Statement) -> str:
    if isinstance(statement, s.Listen):
        return statement.action.upper()
    if isinstance(statement, s.LockTable):
        return "" if statement.mode in HARMLESS_LOCKS else "LOCK TABLE"
    return statement.tag if isinstance(statement, (s.Vacuum, s.Analyze, s.Reindex, s.TwoPhase)) else ""


def check_characteristics(options: dict[str, Any], forwards: bool = False) -> None:
    """Of a transaction begun, or changed, on such an instance."""
    if options.get("isolation") == "serializable":
        raise FeatureNotSupported(
            "cannot use serializable mode in a hot standby", hint="You can use REPEATABLE READ instead."
        )
    if options.get("read_only") is False and not forwards:
        raise FeatureNotSupported("cannot set transaction read-write mode during recovery")


def lost_snapshot(in_statement: bool = False) -> DatabaseError:
    """Rows that the session's snapshot needs are about to be removed: while a statement runs its error, else the end."""
    detail = "User query might have needed to see row versions that must be removed."
    if in_statement:
        return SerializationFailure("canceling statement due to conflict with recovery", detail=detail)
    return FatalError(
        "terminating connection due to conflict with recovery", sqlstate="40001", detail=detail,
        hint="In a moment you should be able to reconnect to the database and repeat your command.",
    )  # fmt: skip


def check_default_isolation(isolation: str) -> None:
    if isolation == "serializable":
        raise DatabaseError(
            "cannot use serializable mode in a hot standby", sqlstate="0A000",
            detail='"default_transaction_isolation" is set to "serializable".',
            hint='You can use "SET default_transaction_isolation = \'repeatable read\'" to change the default.',
        )  # fmt: skip
