"""What one client has: settings, a transaction block, prepared statements, portals; and how a statement runs in it.

    session.run_simple(text)          a Query message (`simple`)
    session.extended.parse(...) …     the extended protocol (`extended`)

A session is straight-line code on its own greenlet. It waits only through the instance's host, so it runs unchanged
under the simulator.

Errors: a DatabaseError ends the statement, fails or rolls back the transaction (`block`), and is reported; FatalError
ends the session.

Not here: bytes (`server.connection`, `wire`), what a plan does (`execute`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DatabaseError, FatalError, InternalError, SerializationFailure, TransactionStateError
from aurorapy.execute import ExecContext
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.session import recovery
from aurorapy.session.block import TransactionBlock
from aurorapy.session.context import SessionContext, SessionFacts
from aurorapy.session.extended import ExtendedProtocol
from aurorapy.session.forwarding import WriteForwarding
from aurorapy.session.output import Output
from aurorapy.session.portals import Portal, Portals
from aurorapy.session.prepared import PreparedStatement
from aurorapy.session.session_log import SessionLog
from aurorapy.session.setting_effects import EFFECTS
from aurorapy.session.settings import SessionSettings
from aurorapy.session.simple import SimpleProtocol
from aurorapy.session.timeouts import Timeouts
from aurorapy_native.block import Opener
from aurorapy_native.lexer import too_deep
from aurorapy_native.short_path import ShortPath


class Session:
    """`database` is an instance.databases.Database, `user` a (oid, name, is_superuser) of pg_authid."""

    is_closed = False

    def __init__(self, instance: Any, database: Any, facts: SessionFacts, output: Output) -> None:
        self.instance = instance
        self.database = database
        self.facts = facts
        self.output = output
        self.settings = SessionSettings(self)
        self.catalog = database.session_catalog(self)
        self.eval = SessionContext(self)
        self.opener = Opener(instance, self)
        self.prepared: dict[str, PreparedStatement] = {}
        self.portals = Portals()
        self.block = TransactionBlock(self)
        self.timeouts = Timeouts(self)
        self.simple = SimpleProtocol(self)
        self.extended = ExtendedProtocol(self)
        self.activity = instance.activity.register(facts)
        self.task: Any = instance.host.tasks.current()
        self.read_message: Callable[[], tuple] | None = None  # the next message of the client; set by the connection
        self.read_copy_data: Callable[[], bytes] = bytes  # what CopyData messages are there already
        self.short = ShortPath(self, output.buffer)
        self.log = SessionLog(self)
        self.forwarding = WriteForwarding(self)
        self.forwarding.mode_changed()

    # -- transactions --------------------------------------------------------------------------------------------------
    @property
    def transaction(self) -> Any:
        return self.block.transaction

    def promoted(self) -> None:
        """The instance has become the writer: the next transaction may write."""
        self.eval.in_recovery = False
        self.forwarding.close()
        self.settings.refresh()
        self.forwarding.mode_changed()
        self.setting_changed("in_hot_standby", False)

    def plan_validity(self) -> tuple:
        """Changes when a name in a statement may mean something else."""
        return (self.catalog.version, self.catalog.path_version)

    def exec_context(self, transaction: Any, snapshot: Any, params: tuple) -> ExecContext:
        return ExecContext(
            instance=self.instance, session=self, transaction=transaction, snapshot=snapshot, params=params,
            eval=self.eval, work_mem_bytes=self.settings.work_mem_bytes, temp_file_limit_bytes=self.settings.temp_file_limit_bytes,
        )  # fmt: skip

    def lock_relations(self, prepared: PreparedStatement) -> Any:
        """Table locks of a statement; plans again when a lock was waited for and the catalog moved. Returns the transaction."""
        while True:
            transaction = self.block.transaction
            if prepared.changes and transaction.read_only:
                raise TransactionStateError(f"cannot execute {prepared.changes} in a read-only transaction", sqlstate="25006")
            for oid, mode in prepared.locks:
                transaction.lock_relation(oid, mode)
            if prepared.validity != self.plan_validity():
                prepared.revalidate()
            else:
                if not self.facts.is_superuser:
                    self._check_privileges(prepared)
                    prepared.allowed_to = self.facts.current_oid
                return transaction

    def take_portal(self, prepared: PreparedStatement, params: tuple, formats: list[int], executed: bool) -> None:
        """The short path's unnamed portal, for messages that need more than it knows."""
        portal = Portal("", prepared, params, formats)
        portal.created_us = self.eval.statement_us
        portal.transaction = self.block.start_statement()  # with which the portal goes
        if executed:
            portal.started = True
            portal.context = self.exec_context(portal.transaction, None, params)
        self.portals.add(portal)

    def _check_privileges(self, prepared: PreparedStatement) -> None:
        """42501 for what the current role may not do; a superuser is not asked."""
        for oid, wanted in prepared.executable.privileges:
            relation = self.catalog.relation(oid)
            if relation is not None:
                self.eval.definitions.check(relation, wanted)

    def ddl_context(self) -> DdlContext:
        """What a definition statement of this moment works with."""
        return DdlContext(
            instance=self.instance, store=self.catalog.store(), catalog=self.catalog, transaction=self.transaction,
            user=self.facts.current_oid, is_superuser=self.facts.is_superuser, settings=self.settings,
            notice=self.notice, eval=self.eval, give_way=self.check_interrupts, lock=self._lock_for_definition,
            database=self.database.oid, exec_context=self.exec_context, privileges=self.eval.definitions,
        )  # fmt: skip

    def _lock_for_definition(self, oid: int, mode: str) -> None:
        self.transaction.lock_relation(oid, mode, self.lock_timeout())

    def lock_timeout(self) -> float | None:
        return self.settings.lock_timeout_s

    # -- statements ----------------------------------------------------------------------------------------------------
    def start_statement(self, text: str) -> None:
        """Statement clock, timeout and activity; every protocol calls it before it runs something."""
        now = self.eval.statement_us = self.eval.wall_us()
        if self.settings.statement_timeout:
            self.timeouts.start_statement()
        self.activity.running(text, now)

    def has_run(self, kind: str) -> None:
        """Select, insert …, to its end."""
        self.database.activity.ran(kind, (self.eval.wall_us() - self.eval.statement_us) / 1e6)

    def end_statement(self) -> None:
        if self.timeouts.statement is not None:
            self.timeouts.end_statement()
        if self.log.has_statements:
            self.log.ended()

    def check_interrupts(self) -> None:
        self.instance.host.tasks.give_way()

    def look_for_interrupt(self) -> None:
        """Behind the last row: a statement may have cancelled itself. What others ask for is seen on the way."""
        if self.task.pending_interrupt() is not None:
            self.check_interrupts()

    def interrupted_late(self) -> None:
        """What should have ended a statement has come after its end: an answer now would be taken for the next one's. What
        ends the session stays."""
        error = self.task.pending_interrupt()
        if isinstance(error, DatabaseError) and not isinstance(error, FatalError):
            self.task.clear_interrupt()
            if isinstance(error, SerializationFailure) and self.block.letter == "T":
                raise recovery.lost_snapshot()

    def report_error(self, error: BaseException) -> None:
        """Ends the statement: fails the transaction, tells the client, writes the log."""
        self.timeouts.end_statement()
        self.log.failed()
        self.task.clear_interrupt()
        if isinstance(error, RecursionError):
            error = too_deep()
        if not isinstance(error, DatabaseError):
            self.instance.log.error("internal error", error=repr(error), exc_info=error)
            error = InternalError(f"internal error: {type(error).__name__}: {error}")
        if error.detail is not None and error.table is not None and error.sqlstate[:2] == "23" and not self.facts.is_superuser:
            self._hide_values(error)
        try:
            self.block.fail()
        finally:
            self.output.error(error)
        self.instance.log_error(self, error)

    def _hide_values(self, error: DatabaseError) -> None:
        try:
            self.eval.definitions.hide_values(error)
        except DatabaseError:  # the schema is not the user's any more, or the catalog cannot be read
            error.detail = None

    def warn(self, message: str, sqlstate: str = "01000") -> None:
        self.output.notice("WARNING", message, sqlstate)

    def notice(self, severity: str, message: str, *, sqlstate: str = "00000", detail: str | None = None,
               hint: str | None = None) -> None:  # fmt: skip
        self.output.notice(severity, message, sqlstate, detail, hint)

    # -- what the client is told between statements --------------------------------------------------------------------
    def setting_changed(self, name: str, value: Any) -> None:
        effect = EFFECTS.get(name)
        if effect is not None:
            effect(self, value)
        self.output.parameter_changed(name)

    def ready(self) -> None:
        """ReadyForQuery, after the notifications that have come meanwhile and what SET changed."""
        self.hear()
        if self.output.buffer.unreported:
            self.output.report_changes(self.settings)
        self.output.ready(self.block.letter)

    def hear(self) -> None:
        """Notifications reach the client outside of transactions only."""
        if self.block.letter == "I" and self.instance.channels.waiting(self):
            for pid, channel, payload in self.instance.channels.take(self):
                self.output.notification(pid, channel, payload)

    def notified(self) -> None:
        """A notification arrived; an idle client hears it at once. Called from another session's task: never waits."""
        if not self.activity.is_running:
            self.hear()
            self.output.send()

    # -- the end -------------------------------------------------------------------------------------------------------
    def close(self) -> None:
        """The client is gone: nothing of the session stays. Its parts know it, so it lets go of them all; what is left is a
        name to be told apart by."""
        self.timeouts.close()
        self.portals.close_all()
        self.forwarding.close()
        if self.block.transaction is not None:
            self.block._abort()
        self.instance.session_closed(self)
        self.__dict__.clear()
        self.is_closed = True
