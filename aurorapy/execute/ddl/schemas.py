"""CREATE SCHEMA. (DROP SCHEMA is in `drop`, ALTER SCHEMA in `alter_object`.)"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DatabaseError, InsufficientPrivilege
from aurorapy.execute.ddl.alter_table import SELF, role_meant
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.sql.statements import CreateIndex, CreateSchema, CreateSequence, CreateTable, CreateView

_ORDER = {CreateSequence: 0, CreateTable: 1, CreateView: 2, CreateIndex: 3}


def create_schema(ctx: DdlContext, statement: CreateSchema, execute: Callable[[DdlContext, Any], Any]) -> None:
    """`execute` makes the schema's elements, which go into it unless they name another."""
    name = statement.name
    if name is None or (name == statement.owner and name in SELF):
        name = ctx.catalog.role_name(ctx.user) if statement.owner in SELF else statement.owner
    owner = ctx.user
    if statement.owner is not None:
        owner = role_meant(ctx, statement.owner)
    if name.startswith("pg_"):
        raise DatabaseError(
            f'unacceptable schema name "{name}"', sqlstate="42939",
            detail='The prefix "pg_" is reserved for system schemas.',
        )  # fmt: skip
    if not ctx.is_superuser and not ctx.catalog.may_create_in_database(ctx.user):
        raise InsufficientPrivilege(f"permission denied for database {ctx.catalog.database_name()}")
    if ctx.catalog.schema_oid(name) is not None:
        if statement.if_not_exists:
            ctx.notice("NOTICE", f'schema "{name}" already exists, skipping', sqlstate="42P06")
            return
        raise DatabaseError(f'schema "{name}" already exists', sqlstate="42P06")
    ctx.store.insert("pg_namespace", oid=ctx.new_oid(), nspname=name, nspowner=owner)
    ctx.store.invalidate(0)
    if not statement.elements:
        return
    ctx.catalog.put_first(name)
    try:
        for element in sorted(statement.elements, key=lambda e: _ORDER.get(type(e), 9)):
            execute(ctx, element)
    finally:
        ctx.catalog.put_first(None)
