"""Every system view's query gives the columns its declaration promises."""

from __future__ import annotations

import pytest

from aurorapy.catalog.model import Column, Relation
from aurorapy.catalog.schema import catalog_tables
from aurorapy.instance.system_views import system_view_rows, system_views
from aurorapy.sql.bind import bind
from aurorapy.sql.parse import parse
from aurorapy.types.names import format_type, resolve
from tests.sql.fake_catalog import FakeCatalog

SCHEMAS = {11: "pg_catalog", 13000: "information_schema"}


@pytest.fixture(scope="module")
def catalog():
    """The system catalogs and views, without a row."""
    catalog = FakeCatalog()
    catalog.schemas["information_schema"] = 13000
    for table in catalog_tables().values():
        relation = Relation(table.oid, table.name, 11, "pg_catalog", "r", 1, 10, row_type=table.row_type)
        relation.columns = [Column(c.attno, c.name, c.type.oid) for c in table.columns]
        _enter(catalog, relation)
    for number, view in enumerate(system_views()):
        relation = Relation(12400 + 4 * number, view.name, view.schema, SCHEMAS[view.schema], "v", 0, 10, view_sql=view.query)
        relation.columns = [Column(i, name, *resolve(type_)) for i, (name, type_) in enumerate(view.columns, 1)]
        _enter(catalog, relation)
    return catalog


def _enter(catalog: FakeCatalog, relation: Relation) -> None:
    relation.by_name = {c.name: c for c in relation.columns}
    catalog.relations[relation.schema, relation.name] = relation


@pytest.mark.parametrize("view", system_views(), ids=lambda view: view.name)
def test_query_has_the_declared_columns(view, catalog):
    query = bind(parse(view.query)[0], catalog)
    given = [format_type(t.expr.type_oid) for t in query.targets if not t.junk]
    assert given == [format_type(resolve(type_)[0]) for _, type_ in view.columns]


def test_every_view_has_a_row_type_and_a_rule():
    rows = system_view_rows("root")
    assert len(rows["pg_class"]) == len(rows["pg_rewrite"]) == len(rows["pg_type"]) == len(system_views()) > 80
    oids = [row[0] for name in ("pg_class", "pg_rewrite", "pg_type") for row in rows[name]]
    assert len(set(oids)) == len(oids) and max(oids) < 13000
