"""COMMENT ON: pg_description, and pg_shdescription for roles, databases and tablespaces. NULL takes the comment away."""

from __future__ import annotations

from aurorapy.errors import DatabaseError, FeatureNotSupported, UndefinedColumn, UndefinedObject
from aurorapy.execute.ddl import context as c
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.sql.statements import Comment

_RELATIONS = {"table": "r", "index": "i", "sequence": "S", "view": "v"}


def comment(ctx: DdlContext, statement: Comment) -> None:
    class_, oid, sub, shared = _object(ctx, statement)
    if shared:
        _store(ctx, "pg_shdescription", dict(objoid=oid, classoid=class_), statement.text_value)
    else:
        _store(ctx, "pg_description", dict(objoid=oid, classoid=class_, objsubid=sub), statement.text_value)


def _store(ctx: DdlContext, table: str, key: dict[str, int], text: str | None) -> None:
    row = ctx.store.one(table, **key)
    if row is not None:
        ctx.store.delete(row)
    if text:
        ctx.store.insert(table, description=text, **key)


def _object(ctx: DdlContext, statement: Comment) -> tuple[int, int, int, bool]:
    kind, name = statement.kind, statement.name
    if kind in _RELATIONS or kind == "column" or kind == "constraint":
        relation = ctx.need_locked(name, "SHARE UPDATE EXCLUSIVE", ctx.need_owner)
        if kind == "column":
            column = relation.by_name.get(statement.sub_name)
            if column is None:
                raise UndefinedColumn(f'column "{statement.sub_name}" of relation "{relation.name}" does not exist')
            return c.CLASS_RELATION, relation.oid, column.attno, False
        if kind == "constraint":
            for constraint in relation.constraints:
                if constraint.name == statement.sub_name:
                    return c.CLASS_CONSTRAINT, constraint.oid, 0, False
            raise UndefinedObject(f'constraint "{statement.sub_name}" for table "{relation.name}" does not exist')
        if relation.kind != _RELATIONS[kind]:
            raise DatabaseError(f'"{relation.name}" is not a {kind}', sqlstate="42809")
        return c.CLASS_RELATION, relation.oid, 0, False
    if kind == "schema":
        return c.CLASS_NAMESPACE, ctx.need_schema(name.name), 0, False
    if kind == "role":
        oid = ctx.catalog.role_oid(name.name)
        if oid is None:
            raise UndefinedObject(f'role "{name.name}" does not exist')
        return c.CLASS_ROLE, oid, 0, True
    if kind == "database":
        row = ctx.store.one("pg_database", datname=name.name)
        if row is None:
            raise DatabaseError(f'database "{name.name}" does not exist', sqlstate="3D000")
        return c.CLASS_DATABASE, row.oid, 0, True
    raise FeatureNotSupported(f"COMMENT ON {kind.upper()} is not supported")
