"""A row that somebody else is changing: wait, and go on with its newest version, or refuse.

PostgreSQL's READ COMMITTED: an UPDATE, DELETE or FOR UPDATE that meets a changed row waits for the other transaction,
takes the row's newest version, checks its conditions again on that and goes on with it. At REPEATABLE READ the same
meeting is 40001.

    version = contend(ctx, table, tid, outcome, columns)   None: the row is gone, or not ours to change twice

Not here: which conditions to check again (generated code does).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from aurorapy.errors import DatabaseError, InternalError, SerializationFailure
from aurorapy.ids import tid_text

OK, INVISIBLE, SELF_MODIFIED, UPDATED, DELETED, BEING_MODIFIED = range(6)


class Version(NamedTuple):
    """The newest version of a row, locked by us, and the snapshot that sees it."""

    tid: int
    row: tuple
    snapshot: Any


def refuse_if_frozen(ctx: Any, change: str) -> None:
    """40001 when the transaction's snapshot is not allowed to move."""
    if ctx.transaction.isolation != "read committed" and ctx.transaction.isolation != "read uncommitted":
        raise SerializationFailure(f"could not serialize access due to concurrent {change}")


def contend(ctx: Any, table: Any, tid: int, outcome: Any, columns: tuple, strength: str = "no key update") -> Version | None:
    """After an UPDATE or DELETE that did not succeed: waits as needed and locks the newest version."""
    code = outcome.code
    if code == SELF_MODIFIED:
        return None
    if code == INVISIBLE:
        raise InternalError("attempted to update invisible tuple")
    if code == DELETED:
        refuse_if_frozen(ctx, "delete")
        return None
    if code == UPDATED:
        refuse_if_frozen(ctx, "update")
        return lock_newest(ctx, table, outcome.tid, strength, columns)
    wait_for_change(ctx, table, tid, outcome.xid, "updating" if strength == "no key update" else "deleting")
    return lock_newest(ctx, table, tid, strength, columns, moved=False)


def wait_for_change(ctx: Any, table: Any, tid: int, xid: int, doing: str) -> None:
    """Waits for the transaction that is changing a row; an error says which row it was."""
    try:
        ctx.transaction.wait_for(xid, ctx.lock_timeout)
    except DatabaseError as error:
        if error.where is None and error.severity == "ERROR":
            error.where = f'while {doing} tuple {tid_text(tid)} in relation "{table.relation.name}"'
        raise


def lock_newest(ctx: Any, table: Any, tid: int, strength: str, columns: tuple, moved: bool = True) -> Version | None:
    """Locks the row at `tid`, following its later versions. None when it was deleted or is our own change."""
    transaction = ctx.transaction
    while True:
        outcome = table.lock(transaction, tid, strength, ctx.snapshot)
        code = outcome.code
        if code == OK:
            version = read_newest(ctx, table, tid, columns)
            if version is not None:
                return version
            raise InternalError("a locked row has no visible version")
        if code == UPDATED:
            refuse_if_frozen(ctx, "update")
            tid = outcome.tid
        elif code == DELETED:
            refuse_if_frozen(ctx, "delete")
            return None
        elif code == BEING_MODIFIED:
            wait_for_change(ctx, table, tid, outcome.xid, "locking")
        elif code == SELF_MODIFIED:
            return None
        else:
            raise InternalError("attempted to lock invisible tuple")


def read_newest(ctx: Any, table: Any, tid: int, columns: tuple) -> Version | None:
    """The row at `tid` as a snapshot of this moment sees it."""
    snapshot = ctx.transaction.snapshot()
    row = table.fetch(tid, snapshot, columns)
    if row is None:
        ctx.transaction.release_snapshot(snapshot)
        return None
    return Version(tid, row, snapshot)


def newest_row(ctx: Any, table: Any, tid: int, columns: tuple) -> tuple | None:
    version = read_newest(ctx, table, tid, columns)
    if version is None:
        return None
    ctx.transaction.release_snapshot(version.snapshot)
    return version.row


def lock_conflicting(ctx: Any, table: Any, tid: int, columns: tuple) -> Version | None:
    """The existing row that ON CONFLICT DO UPDATE found, locked; None when it has gone and the insert may be tried again.

    Raises 21000 when this very command made or changed it, 40001 at REPEATABLE READ when the snapshot does not see it.
    """
    transaction = ctx.transaction
    while True:
        outcome = table.lock(transaction, tid, "no key update", ctx.snapshot)
        code = outcome.code
        if code in (SELF_MODIFIED, INVISIBLE):
            raise DatabaseError(
                "ON CONFLICT DO UPDATE command cannot affect row a second time", sqlstate="21000",
                hint="Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
            )  # fmt: skip
        if code == OK:
            if transaction.isolation not in ("read committed", "read uncommitted"):
                if table.fetch(tid, ctx.snapshot, ()) is None:
                    raise SerializationFailure("could not serialize access due to concurrent update")
            return read_newest(ctx, table, tid, columns)
        if code == BEING_MODIFIED:
            wait_for_change(ctx, table, tid, outcome.xid, "locking")
        else:
            refuse_if_frozen(ctx, "update" if code == UPDATED else "delete")
            return None
