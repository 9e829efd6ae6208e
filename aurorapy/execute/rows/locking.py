"""SELECT FOR UPDATE and kin: each row is locked as it comes out, and taken anew when it changed while it was waited for.

At READ COMMITTED a row with a newer version is read again in that version, its conditions are checked again, and what is
above sees the new values; at REPEATABLE READ that is a serialization failure (40001).

Not here: the locks (`txn`), versions (`access`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import InternalError, LockNotAvailable
from aurorapy.execute.modify.versions import DELETED, OK, SELF_MODIFIED, UPDATED, newest_row, refuse_if_frozen, wait_for_change
from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows.codegen import Writer
from aurorapy.sql.plan import nodes

SKIP = object()


def lock_rows(w: Writer, node: nodes.LockRows, needed: Any, consume: Any) -> None:
    everything = needed | ops.needed_by(node.expressions())
    if w.fn.blocks:
        return ops.through_function(w, node, needed, consume)

    def each() -> None:
        for mark in node.marks:
            _lock_one(w, node, mark, everything)
        with w.passing(node.quals):
            consume()

    ops.produce(w, node.child, everything, each)


def _lock_one(w: Writer, node: nodes.LockRows, mark: nodes.RowMark, needed: Any) -> None:
    table = w.table(mark.relation)
    tid = w.fn.find((mark.rel, -1))[0]
    keys = sorted(k for k in needed if k[0] == mark.rel and k[1] not in (0, -6))
    attnos = tuple(k[1] for k in keys)
    found = w.name("lock")
    skip = w.bind(SKIP, "skip")
    with w.block(f"if {tid} is not None:"):
        lock = w.bind(lock_row)
        w.line(f"{found} = {lock}(ctx, {table}, {tid}, {mark.strength!r}, {mark.wait!r}, {attnos!r}, {mark.relation.name!r})")
        if w.fn.blocks:
            w.line(f"if {found} is {skip}: continue")
        with w.block(f"if {found} is not None:"):
            names = [w.fn.find(k)[0] for k in keys]
            w.line(f"{w.pattern(names)} = {found}")
            if node.recheck and w.fn.blocks:
                w.line(f"if not ({w.where(node.recheck)}): continue")


def lock_row(ctx: Any, table: Any, tid: int, strength: str, wait: str, columns: tuple, name: str) -> Any:
    """None: locked as it is. A row: locked in this newer version. SKIP: gone, or held by another (SKIP LOCKED).

    Raises 55P03 with NOWAIT, 40001 at REPEATABLE READ when the row changed.
    """
    transaction = ctx.transaction
    moved = False
    while True:
        outcome = table.lock(transaction, tid, strength, ctx.snapshot, wait=wait)
        code = outcome.code
        if code == OK:
            if not moved:
                return None
            row = newest_row(ctx, table, tid, columns)
            return SKIP if row is None else row
        if code == SELF_MODIFIED:
            return SKIP
        if code == UPDATED:
            refuse_if_frozen(ctx, "update")
            tid, moved = outcome.tid, True
        elif code == DELETED:
            refuse_if_frozen(ctx, "delete")
            return SKIP
        elif wait == "skip":
            return SKIP
        elif wait == "nowait":
            raise LockNotAvailable(f'could not obtain lock on row in relation "{name}"')
        elif code == 5:
            wait_for_change(ctx, table, tid, outcome.xid, "locking")
        else:
            raise InternalError("attempted to lock invisible tuple")
