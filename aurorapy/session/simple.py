"""The simple query protocol: one Query message, any number of statements.

All statements are parsed before the first one runs. Without a transaction block they form one implicit transaction that
ends with the message; BEGIN makes what came before part of the block (PostgreSQL manual, "Multiple Statements in a
Simple Query"). The first error ends the message.

Plans are kept by the text without its literals (`text_plans`), and where there are none to take out by the text, from the
second time on: most of what is said once is not said again, and thousands of idle clients hold nothing of it. Of a long INSERT of literals only one row is parsed (`bulk_insert`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import FatalError
from aurorapy.execute.rows.runtime import free_arrays
from aurorapy.session import utility
from aurorapy.session.bulk_insert import BulkInserts
from aurorapy.session.portals import Portal
from aurorapy.session.prepared import PreparedStatement
from aurorapy.session.text_plans import TextPlans
from aurorapy.sql.parse import parse
from aurorapy.sql.statements import EmptyStatement, QueryStatement, Statement
from aurorapy.types.values import let_go

CACHE_SIZE = 256
CACHE_TEXT_MAX = 8192
_TRANSACTION_EXITS = utility.RUN_IN_FAILED_BLOCK


class SimpleProtocol:
    def __init__(self, session: Any) -> None:
        self._session = session
        self._parsed: dict[str, list[Statement] | None] = {}  # None: the text was seen once
        self._prepared: dict[str, PreparedStatement | None] = {}
        self.text_plans = TextPlans(session)
        self._bulk_inserts = BulkInserts(session)

    def query(self, text: str) -> None:
        """Runs the message and ends it with ReadyForQuery. FatalError passes through."""
        session = self._session
        try:
            session.start_statement(text)
            session.prepared.pop("", None)
            session.output.hold_tags()
            is_here = not session.settings.forwards and session.block.remote is None and not session.log.has_statements
            if not (is_here and self._bulk_inserts.run(text)) and not self._run_known(text):
                self._run_all(text)
            session.block.finish_implicit()
            session.output.release_tags(committed=True)
            if let_go:
                free_arrays(session.check_interrupts)
            session.end_statement()
        except FatalError:
            raise
        except Exception as error:  # noqa: BLE001 - the session's one place where a statement's failure ends
            session.output.release_tags(committed=False)
            session.report_error(error)
        session.ready()

    def _run_all(self, text: str) -> None:
        session = self._session
        statements = self._parse(text)
        session.portals.close("")
        if not statements:
            session.output.empty_query()
        if session.log.has_statements:
            session.log.begun(text, statements)
        for number, statement in enumerate(statements):
            if number:
                session.timeouts.restart_statement()  # each has its own time
            self._run(statement, len(statements) == 1)
            if number + 1 < len(statements):  # the last one's tag comes after the commit
                session.output.release_tags(committed=True)
                session.output.hold_tags()

    def _run_known(self, text: str) -> bool:
        """Runs a statement whose plan is known by its text without literals."""
        session = self._session
        if session.block.state == "failed" or session.log.has_statements:
            return False
        found = self.text_plans.find(text)
        if found is None or session.forwarding.takes(found[0]):
            return False
        session.portals.close("")
        self._run_prepared(*found)
        return True

    def _parse(self, text: str) -> list[Statement]:
        statements = self._parsed.get(text)
        if statements is None:
            statements = [s for s in parse(text) if not isinstance(s, EmptyStatement)]
            if len(text) <= CACHE_TEXT_MAX:
                if len(self._parsed) >= CACHE_SIZE:
                    self._parsed.clear()
                    self._prepared.clear()
                self._parsed[text] = statements if text in self._parsed else None
        return statements

    def _run(self, statement: Statement, alone: bool) -> None:
        session = self._session
        if session.block.state == "failed" and not isinstance(statement, _TRANSACTION_EXITS):
            session.block.start_statement()  # raises 25P02
        if isinstance(statement, QueryStatement):
            session.block.start_statement()
            self._run_query(statement, alone)
        else:
            utility.run(session, statement, alone)

    def _run_query(self, statement: QueryStatement, alone: bool) -> None:
        session = self._session
        prepared = self._prepared.get(statement.text) if alone else None
        if prepared is None:
            prepared = PreparedStatement(session, statement, [])
            prepared.keeps_shape = False
            if prepared.param_types:
                utility.refuse_parameters(statement)
            if alone and len(statement.text) <= CACHE_TEXT_MAX:
                self._prepared[statement.text] = prepared if statement.text in self._prepared else None
        self._run_prepared(prepared, ())

    def _run_prepared(self, prepared: PreparedStatement, params: tuple) -> None:
        session = self._session
        portal = Portal("", prepared, params, [])
        try:
            portal.start(session)
            session.output.run_portal(portal, 0, describe=True)
        finally:
            portal.close()
