"""CREATE, ALTER and DROP DATABASE.

A new database holds the system catalogs and nothing else, whatever TEMPLATE is named; a template with tables of its own
is refused.

Errors: 3D000 no such database, 42P04 it exists, 55006 somebody is connected, 42501, 0A000.
"""

from __future__ import annotations

from typing import Any

from aurorapy.catalog.seed import database_row
from aurorapy.errors import DatabaseError, FeatureNotSupported, InsufficientPrivilege, ObjectInUse
from aurorapy.execute.ddl.alter_object import keep_setting
from aurorapy.execute.ddl.alter_table import role_meant
from aurorapy.execute.ddl.context import CLASS_DATABASE, DdlContext
from aurorapy.ids import FIRST_NORMAL_OID
from aurorapy.sql.statements import AlterDatabase, CreateDatabase, Drop


def create_database(ctx: DdlContext, statement: CreateDatabase) -> None:
    role = ctx.store.one("pg_authid", oid=ctx.user)
    if not (ctx.is_superuser or (role is not None and role.rolcreatedb)):
        raise InsufficientPrivilege("permission denied to create database")
    if ctx.store.one("pg_database", datname=statement.name) is not None:
        raise DatabaseError(f'database "{statement.name}" already exists', sqlstate="42P04")
    _check_options(statement.options)
    _check_template(ctx, statement.options.get("template") or "template1")
    options = statement.options
    owner = role_meant(ctx, options["owner"]) if options.get("owner") else ctx.user
    oid = ctx.new_oid()
    limit = options.get("connection_limit")
    ctx.store.insert_row(
        "pg_database",
        database_row(oid, statement.name, owner=owner, template=bool(options.get("is_template", False)),
                     connect=bool(options.get("allow_connections", True))),
    )  # fmt: skip
    if limit is not None:
        ctx.store.update(ctx.store.one("pg_database", oid=oid), datconnlimit=limit)
    ctx.instance.create_database(ctx.transaction, oid, _shared_roots(ctx), ctx.give_way)
    ctx.store.invalidate(0)


_KNOWN = {"owner", "template", "encoding", "locale", "lc_collate", "lc_ctype", "tablespace", "allow_connections",
          "connection_limit", "is_template", "strategy", "locale_provider", "icu_locale", "collation_version", "oid"}  # fmt: skip


def _check_options(options: dict[str, Any]) -> None:
    for name in options:
        if name not in _KNOWN:
            raise DatabaseError(f'option "{name}" not recognized', sqlstate="42601")
    encoding = options.get("encoding")
    if encoding is not None and str(encoding).lower().replace("-", "").replace("_", "") not in ("utf8", "unicode", "6"):
        raise FeatureNotSupported(f'encoding "{encoding}" is not supported', hint="Databases are in UTF8.")
    for name in ("locale", "lc_collate", "lc_ctype"):
        locale = options.get(name)
        if locale is not None and str(locale).lower() not in ("c", "posix", "c.utf8", "c.utf-8"):
            raise FeatureNotSupported(f'locale "{locale}" is not supported', hint="Databases are in C.UTF-8.")


def _check_template(ctx: DdlContext, name: str) -> None:
    """Only what every database has is in a new one, so the template must have nothing else."""
    row = ctx.store.one("pg_database", datname=name)
    if row is None:
        raise DatabaseError(f'template database "{name}" does not exist', sqlstate="3D000")
    reader = ctx.instance.database_of(row.oid, name).cache.reader()
    if any(r.oid >= FIRST_NORMAL_OID and r.relkind in "rvS" for r in reader.scan("pg_class")):
        raise FeatureNotSupported(f'copying database "{name}" is not supported', hint="Use TEMPLATE template0.")


def _shared_roots(ctx: DdlContext) -> dict[int, int]:
    """Map pages of the catalogs all databases share, their indexes and toast tables."""
    return {r.oid: r.relfilenode for r in ctx.store.scan("pg_class") if r.relisshared and r.relfilenode}


def drop_database(ctx: DdlContext, statement: Drop) -> None:
    name = statement.names[0].name
    row = ctx.store.one("pg_database", datname=name)
    if row is None:
        if not statement.if_exists:
            raise DatabaseError(f'database "{name}" does not exist', sqlstate="3D000")
        ctx.notice("NOTICE", f'database "{name}" does not exist, skipping')
        return
    if not ctx.is_superuser and not ctx.catalog.is_member(ctx.user, row.datdba):
        raise InsufficientPrivilege(f"must be owner of database {name}")
    if row.datistemplate:
        raise DatabaseError("cannot drop a template database", sqlstate="42809")
    if name == ctx.catalog.database_name():
        raise ObjectInUse("cannot drop the currently open database")
    ctx.instance.drop_database(ctx.transaction, row.oid, name)
    for setting in ctx.store.find("pg_db_role_setting", setdatabase=row.oid):
        ctx.store.delete(setting)
    for comment in ctx.store.find("pg_shdescription", objoid=row.oid, classoid=CLASS_DATABASE):
        ctx.store.delete(comment)
    ctx.store.delete(row)
    ctx.store.invalidate(0)


def alter_database(ctx: DdlContext, statement: AlterDatabase) -> None:
    row = ctx.store.one("pg_database", datname=statement.name)
    if row is None:
        raise DatabaseError(f'database "{statement.name}" does not exist', sqlstate="3D000")
    if not ctx.is_superuser and not ctx.catalog.is_member(ctx.user, row.datdba):
        raise InsufficientPrivilege(f"must be owner of database {statement.name}")
    options = statement.options
    if "set" in options or "reset" in options:
        keep_setting(ctx, row.oid, 0, options)
        return
    changes = {}
    if "owner" in options:
        changes["datdba"] = role_meant(ctx, options["owner"])
    if "connection_limit" in options:
        changes["datconnlimit"] = options["connection_limit"]
    if "allow_connections" in options:
        changes["datallowconn"] = bool(options["allow_connections"])
    if "is_template" in options:
        changes["datistemplate"] = bool(options["is_template"])
    if "rename" in options:
        if statement.name == ctx.catalog.database_name():
            raise FeatureNotSupported("current database cannot be renamed")
        if ctx.store.one("pg_database", datname=options["rename"]) is not None:
            raise DatabaseError(f'database "{options["rename"]}" already exists', sqlstate="42P04")
        changes["datname"] = options["rename"]
    if changes:
        ctx.store.update(row, **changes)
        ctx.store.invalidate(0)
