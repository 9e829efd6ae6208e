"""Every statement of the corpus gives the columns, types, parameters or error that PostgreSQL 15 gives.

The facts beside the statements come from a real server; see oracle.py.
"""

from __future__ import annotations

import json

import pytest

from aurorapy.errors import DatabaseError
from aurorapy.sql.bind import bind
from aurorapy.sql.parse import parse
from aurorapy.sql.statements import QueryStatement
from tests.sql.oracle import CORPUS, FILES, statements
from tests.sql.tables import corpus_catalog


def cases():
    for name in FILES:
        facts = (CORPUS / f"{name}.facts").read_text().splitlines()
        for statement, fact in zip(statements(name), facts, strict=True):
            yield pytest.param(statement, json.loads(fact), id=statement[:70])


def answer(statement: str) -> dict:
    try:
        parsed = parse(statement)[0]
        if not isinstance(parsed, QueryStatement):
            return {}
        query = bind(parsed, corpus_catalog())
    except DatabaseError as error:
        out = {
            "sqlstate": error.sqlstate,
            "message": error.message,
            "position": str(error.position or ""),
            "hint": error.hint or "",
            "detail": error.detail or "",
        }
        return {key: value for key, value in out.items() if value}
    changes = query.kind in ("insert", "update", "delete")
    targets = [t for t in (query.returning if changes else query.targets) if not t.junk]
    columns = [[t.name, known(t.expr.type_oid), t.expr.typmod, t.origin_column] for t in targets]
    return {"columns": columns, "params": query.param_types}


def known(oid: int) -> int:
    """Types made with the tables have other OIDs in every database."""
    return oid if oid < 16384 else 0


@pytest.mark.parametrize("statement, facts", list(cases()))
def test_like_postgresql(statement: str, facts: dict) -> None:
    assert answer(statement) == facts
