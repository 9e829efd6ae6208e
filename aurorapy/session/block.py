"""The transaction block: how statements, BEGIN, COMMIT and errors add up to transactions.

    state      letter   meaning
    idle       I        no transaction
    implicit   I        a statement's own transaction, or that of one simple-query message or one Sync
    open       T        between BEGIN and COMMIT
    failed     E        an error happened in an open block; only ROLLBACK (TO) and COMMIT are heard

An error in an open block without savepoints ends the transaction at once, so its locks are free; with savepoints the
transaction stays until ROLLBACK or ROLLBACK TO (PostgreSQL manual, "BEGIN", and protocol chapter, "Simple Query").

Errors: 25P02 in a failed block, 25001/25P01 where a statement needs or forbids a block, 3B001 unknown savepoint.
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, TransactionStateError
from aurorapy.session import recovery
from aurorapy_native.block import FAILED, IDLE, IMPLICIT, OPEN, BlockCore


class TransactionBlock(BlockCore):
    """`session`: a Session with its opener, settings and portals."""

    __slots__ = ("_session", "_opener", "remote")

    def __init__(self, session: Any) -> None:
        self._session = session
        self._begin = self._opener = session.opener
        self._settings = session.settings
        self.portals = session.portals
        self.state = IDLE
        self.transaction = None
        self.savepoints = []
        self.remote: Any = None  # session.forwarding, when the transaction goes on on the writer: its commit() and abort()
        self.snapshot_taken = False

    @property
    def explicit(self) -> bool:
        return self.state in (OPEN, FAILED)

    @property
    def may_write(self) -> bool:
        """The client did not say READ ONLY. (A reader's own transaction never writes.)"""
        settings = self._settings
        return not settings.values.get("transaction_read_only", settings.transaction_defaults[1])

    # -- statements ----------------------------------------------------------------------------------------------------
    def start_statement(self) -> Any:
        """The transaction the next statement runs in, begun if there is none."""
        if self.state == FAILED:
            raise TransactionStateError(
                "current transaction is aborted, commands ignored until end of transaction block", sqlstate="25P02"
            )
        if self.transaction is None:
            if self._settings.in_recovery:
                recovery.check_default_isolation(self._settings.transaction_defaults[0])
            self.transaction = self._begin(*self._settings.transaction_defaults)
            self.snapshot_taken = False
            self._settings.begin()
            self.state = IMPLICIT
        return self.transaction

    def finish_implicit(self) -> None:
        """The end of a message's implicit transaction: commits it. Does nothing inside a block."""
        if self.state == IMPLICIT:
            self._commit()

    def fail(self) -> None:
        """A statement failed."""
        if self.state == IMPLICIT:
            self._abort()
        elif self.state == OPEN:
            self.state = FAILED
            if self.savepoints:
                self._settings.rollback_to(len(self.savepoints))
            else:
                self._settings.rollback()
                self._drop_transaction()

    def _start(self, options: dict[str, Any]) -> None:
        settings = self._settings
        isolation, read_only, deferrable = settings.transaction_defaults
        if settings.in_recovery:
            recovery.check_characteristics(options or {}, settings.forwards)
            if not options or "isolation" not in options:
                recovery.check_default_isolation(isolation)
        if options:
            isolation = options.get("isolation", isolation)
            read_only = options.get("read_only", read_only)
            deferrable = options.get("deferrable", deferrable)
        self.transaction = self._begin(isolation, read_only, deferrable)
        self.snapshot_taken = False
        settings.begin()
        self._show(isolation, read_only, deferrable)

    def _show(self, isolation: str, read_only: bool, deferrable: bool) -> None:
        """What SHOW says of the block's transaction, and AND CHAIN hands on."""
        values = self._settings.values
        values["transaction_isolation"] = isolation
        values["transaction_read_only"] = read_only
        values["transaction_deferrable"] = deferrable

    # -- BEGIN, COMMIT, ROLLBACK ---------------------------------------------------------------------------------------
    def begin(self, options: dict[str, Any]) -> None:
        if self.state == FAILED:
            self.start_statement()
        if self.state == OPEN:
            self._session.warn("there is already a transaction in progress", "25001")
            self.set_characteristics(options)
            return
        if self.transaction is None:
            self._start(options)
        else:
            self._show(self.transaction.isolation, *self._settings.transaction_defaults[1:])
            self.set_characteristics(options)
        self.state = OPEN

    def commit(self, chain: bool = False) -> str:
        """Returns the command tag: COMMIT, or ROLLBACK when the block had failed."""
        if self.state == FAILED:
            options = self._options()
            self._abort()
            self._chain(chain, options)
            return "ROLLBACK"
        if self.state != OPEN:
            self._outside(chain, "COMMIT")
            if self.state == IMPLICIT:
                self._commit()
            return "COMMIT"
        options = self._options() if chain else None
        self._commit()
        self._chain(chain, options)
        return "COMMIT"

    def rollback(self, chain: bool = False) -> None:
        if not self.explicit:
            self._outside(chain, "ROLLBACK")
            if self.state == IMPLICIT:
                self._abort()
            return
        options = self._options()
        self._abort()
        self._chain(chain, options)

    def _outside(self, chain: bool, what: str) -> None:
        if chain:
            raise TransactionStateError(f"{what} AND CHAIN can only be used in transaction blocks", sqlstate="25P01")
        self._session.warn("there is no transaction in progress", "25P01")

    def _options(self) -> dict[str, Any]:
        values = self._settings.values
        return {
            "isolation": values.get("transaction_isolation"),
            "read_only": values.get("transaction_read_only"),
            "deferrable": values.get("transaction_deferrable"),
        }

    def _chain(self, chain: bool, options: dict[str, Any]) -> None:
        if chain:
            self._start(options)
            self.state = OPEN

    def _commit(self) -> None:
        try:
            self.portals.hold_all(self._session)  # while the transaction can still read
            if self.remote is not None:
                self.remote.commit()
            wait = self._settings.waits_for_commit
            clock = self._session.instance.host.clock
            began = clock.monotonic()
            lsn = self.transaction.commit(wait)
            if lsn:
                self._session.database.activity.committed(clock.monotonic() - began)
            if not wait:  # the session's next snapshot waits for it, so that it sees its own writes
                self._opener.last_commit = max(self._opener.last_commit, lsn)
        except BaseException:
            self._abort()
            raise
        self.transaction = None
        self._remote_ended()
        self.commit_ended()

    def transaction_lost(self) -> None:
        """What became of the transaction's commit is not known."""
        self._abort()

    def _abort(self) -> None:
        self._drop_transaction()
        self._settings.rollback()
        self.end()

    def _drop_transaction(self) -> None:
        transaction, self.transaction = self.transaction, None
        if self.remote is not None:
            self.remote.abort()
            self._remote_ended()
        self.portals.end_transaction(False)
        if transaction is not None:
            transaction.abort()

    def _remote_ended(self) -> None:
        remote, self.remote = self.remote, None
        if remote is not None:
            remote.mode_changed()

    def set_characteristics(self, options: dict[str, Any]) -> None:
        """SET TRANSACTION, or the options of a BEGIN that joins an implicit transaction."""
        transaction = self.transaction
        if self._settings.in_recovery:
            recovery.check_characteristics(options, self._settings.forwards)
        if "isolation" in options and options["isolation"] != transaction.isolation:
            if self.snapshot_taken:
                raise TransactionStateError(
                    "SET TRANSACTION ISOLATION LEVEL must be called before any query", sqlstate="25001"
                )
            if self.savepoints:
                raise TransactionStateError(
                    "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction", sqlstate="25001"
                )
            transaction = self._begin_again(options["isolation"])
            self._settings.values["transaction_isolation"] = options["isolation"]
        if "read_only" in options:
            if not self.may_write and not options["read_only"] and self.snapshot_taken:
                raise TransactionStateError("transaction read-write mode must be set before any query", sqlstate="25001")
            transaction.read_only = options["read_only"] or self._settings.in_recovery
            self._settings.values["transaction_read_only"] = options["read_only"]
        if "deferrable" in options:
            self._settings.values["transaction_deferrable"] = options["deferrable"]

    def _begin_again(self, isolation: str) -> Any:
        """Nothing was read or written yet: another transaction takes the place of the first."""
        old = self.transaction
        self.transaction = self._begin(isolation, old.read_only, old.deferrable)
        old.abort()
        return self.transaction

    # -- savepoints ----------------------------------------------------------------------------------------------------
    def savepoint(self, name: str) -> None:
        self.require_block("SAVEPOINT")
        self.start_statement()
        self.transaction.savepoint(name)
        self.savepoints.append(name)
        self._settings.savepoint()

    def release(self, name: str) -> None:
        self.require_block("RELEASE SAVEPOINT")
        self.start_statement()
        depth = self._depth(name)
        self.transaction.release(name)
        self._settings.release(len(self.savepoints) - depth)
        del self.savepoints[depth:]

    def rollback_to(self, name: str) -> None:
        """Also the way out of a failed block."""
        self.require_block("ROLLBACK TO SAVEPOINT")
        depth = self._depth(name)
        self.transaction.rollback_to(name)
        self._settings.rollback_to(depth + 1)
        del self.savepoints[depth + 1 :]
        self.state = OPEN

    def _depth(self, name: str) -> int:
        for depth in range(len(self.savepoints) - 1, -1, -1):
            if self.savepoints[depth] == name:
                return depth
        raise DatabaseError(f'savepoint "{name}" does not exist', sqlstate="3B001")

    # -- requirements of statements ------------------------------------------------------------------------------------
    def require_block(self, what: str) -> None:
        if not self.explicit:
            raise TransactionStateError(f"{what} can only be used in transaction blocks", sqlstate="25P01")

    def forbid_block(self, what: str) -> None:
        if self.explicit:
            raise TransactionStateError(f"{what} cannot run inside a transaction block", sqlstate="25001")
