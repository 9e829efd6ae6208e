"""A portal: one execution of a prepared statement, which may be read in pieces.

    portal = Portal("", prepared, params, result_formats)
    rows, done = portal.fetch(50)

A portal keeps its snapshot until it is finished or its transaction ends. A scrollable cursor, or one WITH HOLD, keeps
its rows as well: PostgreSQL materialises them too where a plan cannot run backwards.

Errors: 34000 no such cursor, 55000 not scrollable.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Iterator

from aurorapy.errors import DatabaseError
from aurorapy.execute import ExecContext
from aurorapy.session.forwarding import unsupported
from aurorapy_native.statement import PortalsCore


class Portal:
    __slots__ = (
        "name", "prepared", "params", "result_formats", "context", "rows", "done", "tag", "started", "kept", "position",
        "scroll", "hold", "snapshot", "binary", "transaction", "created_us", "from_sql",
        "remote",
    )  # fmt: skip

    def __init__(self, name: str, prepared: Any, params: tuple, result_formats: list[int]) -> None:
        self.name = name
        self.prepared = prepared
        self.params = params
        self.result_formats = result_formats
        self.context: ExecContext | None = None
        self.rows: Iterator[tuple] = iter(())
        self.done = False
        self.started = False
        self.tag = ""
        self.kept: list[tuple] | None = None  # rows of a scrollable or held cursor
        self.position = 0  # of a kept cursor: rows before it
        self.scroll = False
        self.hold = False
        self.binary = False
        self.from_sql = False
        self.snapshot: Any = None
        self.transaction: Any = None
        self.remote: Any = None  # forwarding.RemotePortal, when it runs on the writer
        self.created_us = 0

    @property
    def columns(self) -> list[Any] | None:
        return self.prepared.columns

    def start(self, session: Any) -> None:
        """Takes locks and a snapshot and opens the plan."""
        self.started = True
        prepared = self.prepared
        if (prepared.changes or session.block.remote is not None) and session.forwarding.takes(prepared):
            if self.from_sql:
                raise unsupported("DECLARE CURSOR")
            self.remote = session.forwarding.start(self)
            return
        transaction = session.lock_relations(prepared)
        self.transaction = transaction
        if session.settings.forwards:
            session.forwarding.before_read(transaction)
        self.snapshot = transaction.snapshot()
        session.block.snapshot_taken = True
        self.context = session.exec_context(transaction, self.snapshot, self.params)
        rows = prepared.executable.run(self.context)
        if prepared.kind not in ("select", "values"):
            rows = list(rows)  # RETURNING: the change is made whole before its first row is sent
            session.look_for_interrupt()
        self.rows = iter(rows)

    def fetch(self, limit: int) -> list[tuple]:
        """Up to `limit` rows (0: all); sets `done` when there are no more."""
        if limit:
            rows = list(islice(self.rows, limit))
            self.done = len(rows) < limit
        else:
            rows = list(self.rows)
            self.done = True
        return rows

    def keep_all(self, session: Any) -> None:
        """Runs to the end and keeps the rows: WITH HOLD at commit, SCROLL at the first move back."""
        if self.kept is None:
            if not self.started:
                self.start(session)
            self.kept = list(self.rows)
            self.close()

    def close(self) -> None:
        """Lets go of the plan and the snapshot."""
        self.done = True
        rows, self.rows = self.rows, iter(())
        close = getattr(rows, "close", None)
        if close is not None:
            close()
        if self.snapshot is not None and self.transaction is not None:
            self.transaction.release_snapshot(self.snapshot)
            self.snapshot = None

    # -- FETCH and MOVE over kept rows ---------------------------------------------------------------------------------
    def move(self, direction: str, count: int | None) -> list[tuple]:
        """The rows FETCH returns; `count` None is ALL. Moves the position as PostgreSQL does."""
        rows, size, at = self.kept, len(self.kept), self.position
        if direction in ("first", "absolute", "last", "relative"):
            return self._absolute(direction, count, size)
        backward = direction in ("prior", "backward")
        if count is not None and count < 0:
            backward, count = not backward, -count
        if count == 0:
            return [rows[at - 1]] if 0 < at <= size else []
        if backward:
            stop = 0 if count is None else max(at - 1 - count, 0)
            found = rows[stop : max(at - 1, 0)][::-1]
            self.position = 0 if count is None or at - count <= 0 else at - count
            return found
        stop = size if count is None else min(at + count, size)
        found = rows[at:stop]
        self.position = size + 1 if count is None or at + count > size else at + count
        return found

    def _absolute(self, direction: str, count: int | None, size: int) -> list[tuple]:
        target = {"first": 1, "last": size}.get(direction)
        if direction == "absolute":
            target = count if count >= 0 else size + 1 + count
        elif direction == "relative":
            target = self.position + count
        self.position = min(max(target, 0), size + 1)
        return [self.kept[self.position - 1]] if 1 <= self.position <= size else []


class Portals(PortalsCore):
    """The portals of one session by name; '' is the unnamed one."""

    def __init__(self) -> None:
        self.by_name = {}

    def get(self, name: str) -> Portal | None:
        return self.by_name.get(name)

    def need(self, name: str, kind: str = "cursor") -> Portal:
        portal = self.by_name.get(name)
        if portal is None:
            raise DatabaseError(f'{kind} "{name}" does not exist', sqlstate="34000")
        return portal

    def add(self, portal: Portal) -> None:
        old = self.by_name.get(portal.name)
        if old is not None:
            if portal.name:
                raise DatabaseError(f'cursor "{portal.name}" already exists', sqlstate="42P03")
            old.close()
        self.by_name[portal.name] = portal

    def close(self, name: str) -> bool:
        portal = self.by_name.pop(name, None)
        if portal is None:
            return False
        portal.close()
        return True

    def close_all(self) -> None:
        for name in list(self.by_name):
            self.close(name)

    def end_transaction(self, committed: bool) -> None:
        """Portals go with their transaction, but those held over a commit."""
        if not self.by_name:
            return
        for name, portal in list(self.by_name.items()):
            if portal.hold and portal.kept is not None:
                continue
            self.close(name)

    def hold_all(self, session: Any) -> None:
        """Before a commit: cursors WITH HOLD keep their rows."""
        for portal in self.by_name.values():
            if portal.hold:
                portal.keep_all(session)

    def all(self) -> list[Portal]:
        return list(self.by_name.values())
