"""DECLARE, FETCH, MOVE, CLOSE: portals by SQL.

A forward-only cursor runs its plan as rows are fetched. SCROLL, WITH HOLD, and the first step back on a cursor that may
scroll keep the rows already read.

Errors: 34000 no such cursor, 42P03 it exists, 55000 cannot scan backward, 25P01 DECLARE outside a block without HOLD.
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy.session.portals import Portal
from aurorapy.session.prepared import PreparedStatement
from aurorapy.session.rows import Rows
from aurorapy.sql import statements as s

_FORWARD = ("next", "forward")


def declare(session: Any, statement: s.DeclareCursor) -> str:
    if not statement.hold and not session.block.explicit:
        session.block.require_block("DECLARE CURSOR")
    if not statement.name:
        raise DatabaseError("invalid cursor name: must not be empty", sqlstate="34000")
    prepared = PreparedStatement(session, statement.query, [])
    portal = Portal(statement.name, prepared, (), [])
    portal.hold = statement.hold
    portal.scroll = statement.scroll is not False
    portal.binary = statement.binary
    portal.from_sql = True
    portal.created_us = session.eval.wall_us()
    session.portals.add(portal)
    portal.start(session)
    if statement.scroll:
        portal.keep_all(session)
    return "DECLARE CURSOR"


def fetch(session: Any, statement: s.Fetch) -> Any:
    portal = session.portals.need(statement.cursor)
    rows = _rows(session, portal, statement)
    if statement.move:
        return f"MOVE {len(rows)}"
    formats = [1] if portal.binary else None
    return Rows(portal.columns, rows, "FETCH", counted=True, formats=formats)


def _rows(session: Any, portal: Portal, statement: s.Fetch) -> list[tuple]:
    direction, count = statement.direction, statement.count
    forward = direction in _FORWARD and (count is None or count > 0)
    if portal.kept is None and not forward:
        _keep_from_start(session, portal)
    if portal.kept is not None:
        return portal.move(direction, count)
    if not portal.started:
        portal.start(session)
    rows = portal.fetch(count or 0)
    portal.position += len(rows)
    return rows


def _keep_from_start(session: Any, portal: Portal) -> None:
    """The first step that is not forward: run again from the start, keeping the rows, and stand where we stood."""
    if not portal.scroll:
        raise DatabaseError(
            "cursor can only scan forward", sqlstate="55000", hint="Declare it with SCROLL option to enable backward scan."
        )
    stood, exhausted = portal.position, portal.done
    portal.rows = iter(portal.prepared.executable.run(portal.context))
    portal.kept = list(portal.rows)
    portal.close()
    portal.position = len(portal.kept) + 1 if exhausted else stood


def close(session: Any, statement: s.CloseCursor) -> str:
    if statement.name is None:
        for portal in session.portals.all():
            if portal.from_sql:
                session.portals.close(portal.name)
        return "CLOSE CURSOR ALL"
    if not session.portals.close(statement.name):
        raise DatabaseError(f'cursor "{statement.name}" does not exist', sqlstate="34000")
    return "CLOSE CURSOR"
