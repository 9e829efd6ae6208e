"""Stored expressions are shown as PostgreSQL shows them, and read back as themselves."""

from __future__ import annotations

import json

import pytest

from aurorapy.sql.bind import bind_expression
from aurorapy.sql.deparse import deparse
from tests.sql.oracle import CORPUS
from tests.sql.tables import corpus_catalog

FACTS = [json.loads(line) for line in (CORPUS / "checks.facts").read_text().splitlines()]


@pytest.mark.parametrize("table, expression, plain, pretty", FACTS, ids=[f[1] for f in FACTS])
def test_like_pg_get_expr(table: str, expression: str, plain: str, pretty: str) -> None:
    catalog = corpus_catalog()
    relation = catalog.relation_by_name(None, table)
    bound = bind_expression(expression, relation, catalog, "CHECK")
    assert deparse(bound) == plain
    assert deparse(bound, pretty=True) == pretty
    again = bind_expression(plain, relation, catalog, "CHECK")
    assert deparse(again) == plain
