"""REINDEX: new storage for an index, built from the table's rows; the old goes at commit.

    REINDEX TABLE t      every index of t, one after the other

Errors: 42P01 no such relation, 42809 wrong kind, 42501 not the owner.
"""

from __future__ import annotations

from aurorapy.catalog.model import Relation
from aurorapy.errors import DatabaseError, FeatureNotSupported
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.execute.ddl.truncate import new_storage
from aurorapy.sql.statements import Reindex


def reindex(ctx: DdlContext, statement: Reindex) -> None:
    targets = _targets(ctx, statement)
    if statement.kind == "table" and not targets[0][1] and not targets[0][0].toast_oid:
        ctx.notice("NOTICE", f'table "{statement.name.name}" has no indexes to reindex')
    for table, indexes in targets:
        ctx.lock(table.oid, "SHARE")
        current = ctx.catalog.relation(table.oid)
        for index in current.indexes if current is not None else ():
            if index.oid in indexes:
                ctx.lock(index.oid, "ACCESS EXCLUSIVE")
                rebuild_index(ctx, table.oid, index.oid)


def rebuild_index(ctx: DdlContext, table: int, index: int) -> None:
    """Fresh storage, filled from the rows of the table as the transaction sees them."""
    new_storage(ctx, index)
    ctx.changed(table)
    ctx.build_index(table, index)


def _targets(ctx: DdlContext, statement: Reindex) -> list[tuple[Relation, list[int]]]:
    if statement.kind in ("schema", "database", "system"):
        return _many(ctx, statement)
    name = statement.name
    relation = ctx.catalog.need_relation(name.schema, name.name)
    ctx.need_owner(relation)
    if relation.is_catalog:
        raise FeatureNotSupported("REINDEX of system catalogs is not supported")
    if statement.kind == "table":
        if relation.kind != "r":
            raise DatabaseError(f'"{relation.name}" is not a table or materialized view', sqlstate="42809")
        return [(relation, [index.oid for index in relation.indexes])]
    if relation.kind != "i":
        raise DatabaseError(f'"{relation.name}" is not an index', sqlstate="42809")
    return [(ctx.catalog.relation(ctx.catalog.index(relation.oid).table_oid), [relation.oid])]


def _many(ctx: DdlContext, statement: Reindex) -> list[tuple[Relation, list[int]]]:
    """Every user table of a schema or of the database."""
    if statement.kind == "database" and statement.name is not None:
        if statement.name.name != ctx.catalog.database_name():
            raise FeatureNotSupported("can only reindex the currently open database")
    schema = ctx.need_schema(statement.name.name, statement.name.position) if statement.kind == "schema" else None
    found = []
    for row in ctx.store.scan("pg_class"):
        if row.relkind == "r" and row.oid >= 16384 and schema in (None, row.relnamespace):
            relation = ctx.catalog.relation(row.oid)
            found.append((relation, [index.oid for index in relation.indexes]))
    return found if statement.kind != "system" else []
