"""PREPARE, EXECUTE, DEALLOCATE: prepared statements by SQL, in the same table as those of the protocol.

Errors: 42P05 exists, 26000 does not exist, 42601 wrong number of parameters, 42804 a parameter of the wrong type.
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, FeatureNotSupported
from aurorapy.execute import explain
from aurorapy.session.columns import columns_of
from aurorapy.session.forwarding import unsupported
from aurorapy.session.portals import Portal
from aurorapy.session.prepared import PreparedStatement
from aurorapy.session.rows import Rows
from aurorapy.sql import statements as s
from aurorapy.sql.bind import bind_parameter_values


def prepare(session: Any, statement: s.Prepare) -> str:
    if statement.name in session.prepared:
        raise DatabaseError(f'prepared statement "{statement.name}" already exists', sqlstate="42P05")
    context = session.ddl_context()
    types = [context.need_type(t)[0].oid for t in statement.types]
    prepared = PreparedStatement(session, statement.statement, types, statement.name)
    prepared.from_sql = True
    prepared.text = statement.text
    session.prepared[statement.name] = prepared
    return "PREPARE"


def need(session: Any, name: str) -> PreparedStatement:
    prepared = session.prepared.get(name)
    if prepared is None:
        raise DatabaseError(f'prepared statement "{name}" does not exist', sqlstate="26000")
    return prepared


def execute(session: Any, statement: s.Execute) -> None:
    """Answers as the statement itself would."""
    prepared = need(session, statement.name)
    params = _arguments(session, prepared, statement)
    if not prepared.is_query:
        from aurorapy.session import utility

        utility.run(session, prepared.statement)
        return None
    portal = Portal("", prepared, params, [])
    try:
        portal.start(session)
        session.output.run_portal(portal, 0, describe=True)
    finally:
        portal.close()
    return None


def _arguments(session: Any, prepared: PreparedStatement, statement: s.Execute) -> tuple:
    expected, given = len(prepared.param_types), len(statement.args)
    if expected != given:
        raise DatabaseError(
            f'wrong number of parameters for prepared statement "{statement.name}"', sqlstate="42601",
            detail=f"Expected {expected} parameters but got {given}.",
        )  # fmt: skip
    if not given:
        return ()
    return tuple(bind_parameter_values(statement.args, prepared.param_types, session.catalog, session.eval))


def explain_execute(session: Any, statement: s.Explain, inner: s.Execute) -> Rows:
    prepared = need(session, inner.name)
    if not prepared.is_query:
        raise FeatureNotSupported("EXPLAIN of a utility statement is not supported")
    if session.block.remote is not None or (prepared.changes and explain.read_options(statement.options)["analyze"]):
        if session.forwarding.takes(prepared):
            raise unsupported("EXPLAIN EXECUTE")
        session.lock_relations(prepared)
    params = _arguments(session, prepared, inner)
    lines = explain.explain(session, prepared.statement, statement.options, params)
    return Rows(columns_of(session, statement), [(line,) for line in lines], "EXPLAIN")


def deallocate(session: Any, statement: s.Deallocate) -> str:
    if statement.name is None:
        session.prepared.clear()
        return "DEALLOCATE ALL"
    need(session, statement.name)
    del session.prepared[statement.name]
    return "DEALLOCATE"
