"""CREATE SCHEMA. (DROP SCHEMA is in `drop`, ALTER SCHEMA in `alter_object`.)"""

from __future__ import annotations

from aurorapy.errors import DatabaseError, InsufficientPrivilege, UndefinedObject
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.sql.statements import CreateSchema


def create_schema(ctx: DdlContext, statement: CreateSchema) -> None:
    name = statement.name or statement.owner
    owner = ctx.user
    if statement.owner is not None:
        found = ctx.catalog.role_oid(statement.owner)
        if found is None:
            raise UndefinedObject(f'role "{statement.owner}" does not exist')
        owner = found
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
