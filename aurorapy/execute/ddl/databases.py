"""CREATE, ALTER and DROP DATABASE.

Options of a database that exists can be changed; making and dropping one is refused: every database of a volume is made
when the volume is.

Errors: 3D000 no such database, 42P04 it exists, 0A000.
"""

from __future__ import annotations

from aurorapy.errors import DatabaseError, FeatureNotSupported, InsufficientPrivilege
from aurorapy.execute.ddl.alter_object import keep_setting
from aurorapy.execute.ddl.alter_table import role_meant
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.sql.statements import AlterDatabase, CreateDatabase


def create_database(ctx: DdlContext, statement: CreateDatabase) -> None:
    role = ctx.store.one("pg_authid", oid=ctx.user)
    if not (ctx.is_superuser or (role is not None and role.rolcreatedb)):
        raise InsufficientPrivilege("permission denied to create database")
    if ctx.store.one("pg_database", datname=statement.name) is not None:
        raise DatabaseError(f'database "{statement.name}" already exists', sqlstate="42P04")
    raise FeatureNotSupported("CREATE DATABASE is not supported", hint="Use a schema in the database that exists.")


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
