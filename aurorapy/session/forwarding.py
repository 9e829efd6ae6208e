"""Local write forwarding: a session on a reader whose changes are made on the writer.

    local_write_forwarding = on                       the cluster's switch (RDS: EnableLocalWriteForwarding), off by default
    set apg_write_forward.consistency_mode = …        what this session's reads on the reader wait for
        session      its own commits (the default)
        eventual     nothing
        global       everything the writer had acknowledged when the query began
        off          nothing is forwarded: 25006, as on any reader

What is forwarded: INSERT, UPDATE, DELETE (in WITH too), SELECT FOR UPDATE and its like, EXPLAIN ANALYZE of these, by
whatever protocol, whole: the SELECT of an INSERT reads there.

    begin                                             nothing is said to the writer yet
    select …                                          here; REPEATABLE READ takes its snapshot
    insert …      ── begin, insert ──▶ writer         REPEATABLE READ: as of that snapshot, so no write of others is lost
    select …      ── select ──▶ writer                from here on the whole transaction is there, and sees its own changes
    commit        ── commit ──▶ writer                ◀── LSN: in `session` and `global` the next read here waits for it

Each forwarded statement outside a block is such a transaction of its own. Names and parameters are bound here first, so
what a reader does not know yet it cannot write to. Aurora says which statements it refuses, and not in which words; here it
is always 0A000 `… is not supported with write forwarding`: definitions, COPY, cursors, LISTEN and NOTIFY, LOCK, SAVEPOINT
with forwarded changes, SET CONSTRAINTS, TRUNCATE, VACUUM, ANALYZE, two-phase commit. SERIALIZABLE is refused as on any
reader, nextval() and setval() too, but as a column's default. In a READ ONLY transaction nothing is forwarded.

A failover in between ends the transaction with 08006, 08007 when its COMMIT had been said; nothing is tried again.
`global` trusts the writer that the reader follows: one that was replaced and does not know it answers with an older
position, for as long as the reader follows it.

Not here: the conversation (`remote`), its way (`instance.forward`, `server.forwarded`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, FeatureNotSupported
from aurorapy.session.remote import Asked, RemoteSession
from aurorapy.sql import statements as s
from aurorapy.wire import frontend

DRAIN_BYTES = 128 * 1024


class WriteForwarding:
    """One session's part in it."""

    __slots__ = ("_session", "_remote", "_portals")

    def __init__(self, session: Any) -> None:
        self._session = session
        self._remote: RemoteSession | None = None
        self._portals = 0

    @property
    def remote(self) -> RemoteSession:
        if self._remote is None:
            self._remote = RemoteSession(self._session)
        return self._remote

    @property
    def is_on(self) -> bool:
        """Changes made now are forwarded."""
        return self._session.settings.forwards and self._session.block.may_write

    def takes(self, prepared: Any) -> bool:
        """Does the statement run on the writer?"""
        return self._session.block.remote is not None or (bool(prepared.changes) and self.is_on)

    def mode_changed(self) -> None:
        session = self._session
        is_remote = session.block.remote is not None or (session.settings.forwards and self._mode == "global")
        session.short.closed = is_remote or session.log.has_statements

    @property
    def _mode(self) -> str:
        return self._session.settings["apg_write_forward.consistency_mode"]

    def close(self) -> None:
        if self._remote is not None:
            self._remote.close()

    # -- statements --------------------------------------------------------------------------------------------------------
    def start(self, portal: Any) -> RemotePortal:
        self._begin()
        prepared = portal.prepared
        type_of, context = self._session.eval.type_of, self._session.eval.type_context
        values = [
            None if value is None else type_of(oid).send(value, context) for oid, value in zip(prepared.param_types, portal.params)
        ]
        statement = prepared.statement
        asked = Asked(statement.text, statement.offset, list(prepared.param_types), values, list(portal.result_formats))
        return RemotePortal(self, asked, prepared)

    def rows(self, statement: s.Statement) -> list[tuple]:
        """Of a statement without parameters, as texts."""
        self._begin()
        found: list[tuple] = []
        suspended = False

        def take(letter: str, body: bytes) -> None:
            nonlocal suspended
            if letter == "D":
                found.append(tuple(None if v is None else v.decode() for v in frontend.row_values(body)))
            suspended = letter == "s"

        asked = Asked(statement.text, statement.offset, portal=self.new_portal())
        self.remote.run(asked, take)
        while suspended:
            self.remote.go_on(asked, take)
        return found

    def new_portal(self) -> str:
        self._portals += 1
        return f"forwarded {self._portals}"

    def _begin(self) -> None:
        """The transaction on the writer, if there is none."""
        block = self._session.block
        if block.remote is not None:
            return
        if block.savepoints:
            raise unsupported("SAVEPOINT")
        transaction = block.transaction
        self.remote.begin(transaction.isolation, transaction.first_lsn)
        block.remote = self
        block.snapshot_taken = True
        self._session.short.closed = True

    def before_read(self, transaction: Any) -> None:
        """A query here is about to take its snapshot."""
        if self._session.settings.forwards and self._mode == "global" and not transaction.first_lsn:
            self._session.instance.volume.wait_durable(self.remote.position())

    # -- the end of a block's transaction, called by it ----------------------------------------------------------------------
    def commit(self) -> None:
        lsn = self.remote.commit()
        if self._mode in ("session", "global"):
            opener = self._session.opener
            opener.last_commit = max(opener.last_commit, lsn)

    def abort(self) -> None:
        self.remote.abort()

    # -- what is not for the writer ------------------------------------------------------------------------------------------
    def refuse(self, statement: s.Statement) -> None:
        """0A000 for what is neither done here nor there."""
        is_there = self._session.block.remote is not None
        if not is_there and not self.is_on:
            return
        what = statement.tag
        if isinstance(statement, (s.Savepoint, s.ReleaseSavepoint, s.RollbackTo, s.DeclareCursor)):
            what = "SAVEPOINT" if not isinstance(statement, s.DeclareCursor) else "DECLARE CURSOR"
            if is_there:
                raise unsupported(what)
        elif isinstance(statement, s.Copy):
            if is_there or statement.is_from:
                raise unsupported("COPY")
        elif isinstance(statement, s.Listen):
            raise unsupported(statement.action.upper())
        elif isinstance(statement, s.LockTable):
            raise unsupported("LOCK TABLE")
        elif isinstance(statement, s.SetConstraints):
            raise unsupported("SET CONSTRAINTS")
        elif isinstance(statement, (s.Vacuum, s.Analyze, s.Reindex, s.TwoPhase)):
            raise unsupported(what)


def unsupported(what: str) -> DatabaseError:
    return FeatureNotSupported(f"{what} is not supported with write forwarding")


class RemotePortal:
    """One forwarded execution, which may be read in pieces."""

    def __init__(self, forwarding: WriteForwarding, asked: Asked, prepared: Any) -> None:
        self._forwarding = forwarding
        self._asked = asked
        self._prepared = prepared
        self._has_begun = False
        self._tag = ""
        self._suspended = False

    def run(self, output: Any, limit: int, describe: bool) -> None:
        """Rows, up to `limit` (0: all), then CommandComplete or PortalSuspended, as Output.run_portal."""
        buffer = output.buffer

        def take(letter: str, body: bytes) -> None:
            if letter == "D":
                buffer.message("D", body)
                if buffer.size >= DRAIN_BYTES:
                    output.drain()
            elif letter == "T":
                self._described(body)
                if describe:
                    buffer.message("T", body)
            elif letter == "C":
                self._tag = body[:-1].decode()
            elif letter == "s":
                self._suspended = True

        asked, remote = self._asked, self._forwarding.remote
        asked.limit = limit
        while True:
            self._suspended = False
            if self._has_begun:
                remote.go_on(asked, take)
            else:
                self._has_begun = True
                asked.portal = self._forwarding.new_portal()
                remote.run(asked, take)
            if limit or not self._suspended:
                break
        if self._suspended:
            buffer.message("s")
        else:
            output.complete(self._tag)

    def _described(self, body: bytes) -> None:
        """The client may have been told otherwise, by what this reader knows of the catalog."""
        columns = self._prepared.columns
        if columns is not None and self._prepared.keeps_shape:
            if frontend.column_shapes(body) != [(c.name, c.type_oid, c.typmod) for c in columns]:
                raise FeatureNotSupported("cached plan must not change result type")
