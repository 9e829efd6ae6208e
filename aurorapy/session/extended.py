"""The extended query protocol: Parse, Bind, Describe, Execute, Close, Flush, Sync (PostgreSQL manual, "Extended Query").

Statements between two Syncs share one implicit transaction, which Sync commits. After an error everything up to the
next Sync is skipped.

    Parse  name, text, types     → ParseComplete          prepared statement
    Bind   portal, name, values  → BindComplete           portal
    Describe S|P                 → ParameterDescription?, RowDescription | NoData
    Execute portal, limit        → rows, CommandComplete | PortalSuspended | EmptyQueryResponse

Errors: 26000 no such statement, 34000 no such portal, 42P05 statement exists, 08P01 counts that do not match, 22P02/22P03
bad parameter values.
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, FatalError, ProtocolViolation, SyntaxError
from aurorapy.session import utility
from aurorapy.session.portals import Portal
from aurorapy.session.prepared import PreparedStatement
from aurorapy.sql.parse import parse_shared
from aurorapy.sql.statements import EmptyStatement, QueryStatement


class ExtendedProtocol:
    def __init__(self, session: Any) -> None:
        self._session = session
        self._unnamed_texts: dict[tuple, PreparedStatement] = {}

    @property
    def skipping(self) -> bool:
        """After an error: everything up to the next Sync is passed over."""
        return self._session.short.skipping

    @skipping.setter
    def skipping(self, value: bool) -> None:
        self._session.short.skipping = value

    def handle(self, step: Any, *args: Any) -> None:
        """Runs one of the steps below unless an error makes everything wait for Sync."""
        if self.skipping:
            return
        try:
            step(*args)
        except FatalError:
            raise
        except Exception as error:  # noqa: BLE001 - the session's one place where a statement's failure ends
            self.skipping = True
            self._session.report_error(error)

    # -- steps ---------------------------------------------------------------------------------------------------------
    def parse(self, name: str, text: str, type_oids: list[int]) -> None:
        session = self._session
        session.start_statement(text)
        if name and name in session.prepared:
            raise DatabaseError(f'prepared statement "{name}" already exists', sqlstate="42P05")
        session.prepared[name] = self._prepare(name, text, type_oids)
        session.end_statement()
        session.output.parse_complete()

    def _prepare(self, name: str, text: str, type_oids: list[int]) -> PreparedStatement:
        session = self._session
        key = (text, tuple(type_oids))
        if not name:
            known = self._unnamed_texts.get(key)
            if known is not None and known.validity == session.plan_validity():
                if session.block.state != "failed":
                    session.block.start_statement()
                    return known
        statements = parse_shared(text)
        if len([s for s in statements if not isinstance(s, EmptyStatement)]) > 1:
            raise SyntaxError("cannot insert multiple commands into a prepared statement")
        statement = statements[0] if statements else EmptyStatement(text=text)
        if session.block.state == "failed" and not isinstance(statement, (*utility.RUN_IN_FAILED_BLOCK, EmptyStatement)):
            session.block.start_statement()  # raises 25P02
        if session.block.state != "failed":
            session.block.start_statement()
        prepared = PreparedStatement(session, statement, type_oids, name)
        if not name and prepared.is_query and len(text) < 8192:
            if len(self._unnamed_texts) >= 256:
                self._unnamed_texts.clear()
            self._unnamed_texts[key] = prepared
        return prepared

    def bind(self, portal_name: str, statement_name: str, formats: list[int], values: list[bytes | None],
             result_formats: list[int]) -> None:  # fmt: skip
        session = self._session
        prepared = self._statement(statement_name)
        if session.block.state == "failed" and not isinstance(
            prepared.statement, (*utility.RUN_IN_FAILED_BLOCK, EmptyStatement)
        ):
            session.block.start_statement()
        if session.block.state != "failed":
            session.block.start_statement()
        prepared.revalidate()
        types = prepared.param_types
        if len(values) != len(types):
            raise ProtocolViolation(
                f"bind message supplies {len(values)} parameters, but prepared statement "
                f'"{statement_name}" requires {len(types)}'
            )
        if len(formats) > 1 and len(formats) != len(values):
            raise ProtocolViolation(
                f"bind message has {len(formats)} parameter formats but {len(values)} parameters"
            )
        params = session.output.decode_params(prepared, formats, values, portal_name) if values else ()
        columns = prepared.columns or []
        if len(result_formats) > 1 and len(result_formats) != len(columns):
            raise ProtocolViolation(
                f"bind message has {len(result_formats)} result formats but query has {len(columns)} columns"
            )
        if prepared.is_query and prepared.kind in ("select", "values") and not session.forwarding.takes(prepared):
            session.lock_relations(prepared)  # with what the role may do; changes ask when they run
        portal = Portal(portal_name, prepared, params, result_formats)
        portal.created_us = session.eval.statement_us
        session.portals.add(portal)
        session.output.bind_complete()

    def describe_statement(self, name: str) -> None:
        prepared = self._statement(name)
        self._need_live(prepared)
        prepared.revalidate(only_describe=True)
        output = self._session.output
        output.parameter_description(prepared.param_types)
        output.describe_result(prepared, [])

    def describe_portal(self, name: str) -> None:
        portal = self._portal(name)
        self._need_live(portal.prepared)
        self._session.output.describe_result(portal.prepared, portal.result_formats)

    def _need_live(self, prepared: PreparedStatement) -> None:
        if self._session.block.state == "failed" and prepared.columns:
            self._session.block.start_statement()

    def execute(self, name: str, limit: int) -> None:
        session = self._session
        portal = self._portal(name)
        prepared = portal.prepared
        session.start_statement(prepared.text)
        if session.log.has_statements:
            session.log.begun(prepared.text, [prepared.statement])
        if isinstance(prepared.statement, EmptyStatement):
            session.output.empty_query()
        elif isinstance(prepared.statement, QueryStatement):
            session.block.start_statement()
            self._need_unused(portal)
            if not portal.started:
                portal.start(session)
            session.output.run_portal(portal, limit, describe=False)
        else:
            if session.block.state != "failed":
                session.block.start_statement()
            self._need_unused(portal)
            portal.started = True
            utility.run_portal(session, portal, limit)
        session.end_statement()

    @staticmethod
    def _need_unused(portal: Portal) -> None:
        """What returns no rows runs once."""
        if portal.started and portal.columns is None:
            raise DatabaseError(f'portal "{portal.name}" cannot be run', sqlstate="55000")

    def close(self, kind: str, name: str) -> None:
        session = self._session
        if kind == "S":
            session.prepared.pop(name, None)
        else:
            session.portals.close(name)
        session.output.close_complete()

    def sync(self) -> None:
        session = self._session
        self.skipping = False
        try:
            session.block.finish_implicit()
        except FatalError:
            raise
        except Exception as error:  # noqa: BLE001 - a commit may fail as any statement may
            session.report_error(error)
        session.ready()

    # -- lookups -------------------------------------------------------------------------------------------------------
    def _statement(self, name: str) -> PreparedStatement:
        prepared = self._session.prepared.get(name)
        if prepared is None:
            if not name:
                raise DatabaseError("unnamed prepared statement does not exist", sqlstate="26000")
            raise DatabaseError(f'prepared statement "{name}" does not exist', sqlstate="26000")
        return prepared

    def _portal(self, name: str) -> Portal:
        return self._session.portals.need(name, "portal")
