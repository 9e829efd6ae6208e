"""ALTER of what is no relation: schemas; and settings kept for roles.

    ALTER SCHEMA a RENAME TO b       ALTER ROLE r SET search_path TO x     (pg_db_role_setting)

Errors: 3F000 no such schema, 42P06 the name is taken, 42704 no such role.
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, InsufficientPrivilege, UndefinedObject
from aurorapy.execute.ddl.alter_table import alter_table, role_meant
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.execute.ddl.roles import alter_role
from aurorapy.execute.ddl.views import ViewTexts
from aurorapy.sql.statements import AlterRole, AlterTable
from aurorapy.types.values import Array


def alter_table_or_schema(ctx: DdlContext, statement: AlterTable) -> None:
    if statement.object_kind == "schema":
        _alter_schema(ctx, statement)
    else:
        alter_table(ctx, statement)


def _alter_schema(ctx: DdlContext, statement: AlterTable) -> None:
    action = statement.actions[0]
    row = ctx.store.one("pg_namespace", oid=ctx.need_schema(statement.name.name))
    if not ctx.is_superuser and not ctx.catalog.is_member(ctx.user, row.nspowner):
        raise InsufficientPrivilege(f"must be owner of schema {row.nspname}")
    if action.kind == "owner":
        ctx.store.update(row, nspowner=role_meant(ctx, action.new_name))
    else:
        name = action.new_name
        if ctx.catalog.schema_oid(name) is not None:
            raise DatabaseError(f'schema "{name}" already exists', sqlstate="42P06")
        if name.startswith("pg_"):
            raise DatabaseError(f'unacceptable schema name "{name}"', sqlstate="42939",
                                detail='The prefix "pg_" is reserved for system schemas.')  # fmt: skip
        texts = ViewTexts(ctx, [r.oid for r in ctx.store.scan("pg_class") if r.relnamespace == row.oid and r.relkind in "rv"])
        ctx.store.update(row, nspname=name)
        ctx.store.invalidate(0)
        texts.write()
    ctx.store.invalidate(0)


def alter_role_or_setting(ctx: DdlContext, statement: AlterRole) -> None:
    if "set" not in statement.options and "reset" not in statement.options:
        return alter_role(ctx, statement)
    role = 0 if statement.name == "all" else role_meant(ctx, statement.name)
    if not ctx.is_superuser and role != ctx.user:
        raise InsufficientPrivilege("permission denied" if role else "must be superuser to alter settings globally")
    database = 0
    if "database" in statement.options:
        found = ctx.store.one("pg_database", datname=statement.options["database"])
        if found is None:
            raise UndefinedObject(f'database "{statement.options["database"]}" does not exist', sqlstate="3D000")
        database = found.oid
    keep_setting(ctx, database, role, statement.options)
    return None


def keep_setting(ctx: DdlContext, database: int, role: int, options: dict[str, Any]) -> None:
    """Changes the pg_db_role_setting row of (database, role); 0 stands for all."""
    row = ctx.store.one("pg_db_role_setting", setdatabase=database, setrole=role)
    items = row.setconfig.items if row is not None else ()
    kept = _changed_settings(ctx, {item.partition("=")[0].lower(): item for item in items}, options)
    if row is not None:
        ctx.store.delete(row)
    if kept:
        ctx.store.insert("pg_db_role_setting", setdatabase=database, setrole=role,
                         setconfig=Array.of(list(kept.values()), 25))  # fmt: skip


def _changed_settings(ctx: DdlContext, kept: dict[str, str], options: dict[str, Any]) -> dict[str, str]:
    """`name=text` by lower-case name, after SET or RESET. Raises what SET raises for the same name and value."""
    if options.get("reset") == "all":
        return {}
    change = options.get("set")
    name = options["reset"] if change is None else change.name
    if change is None or change.values is None and not change.from_current:
        if kept:
            ctx.settings.check_changeable(name)
        kept.pop(name.lower(), None)
    else:
        own_name, text = ctx.settings.checked(name, change.values)
        kept[own_name.lower()] = f"{own_name}={text}"
    return kept
