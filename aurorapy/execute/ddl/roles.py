"""CREATE/ALTER/DROP ROLE and membership: pg_authid, pg_auth_members. Roles are shared by all databases.

Passwords are kept as SCRAM-SHA-256 verifiers only; one that already is a verifier is stored as given.

Errors: 42710 exists, 42704 does not exist, 42501 may not, 42939 reserved name.
"""

from __future__ import annotations

from typing import Any, Iterator

from aurorapy import ids
from aurorapy.errors import DatabaseError, InsufficientPrivilege, ObjectInUse, UndefinedObject
from aurorapy.catalog.model import KIND_NAMES
from aurorapy.catalog.privileges import read_item
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.sql.statements import AlterRole, CreateRole, Drop, Grant

_FLAGS = {
    "superuser": "rolsuper", "inherit": "rolinherit", "createrole": "rolcreaterole", "createdb": "rolcreatedb",
    "login": "rolcanlogin", "replication": "rolreplication", "bypassrls": "rolbypassrls",
}  # fmt: skip
_RESERVED = {"public", "none", "current_user", "session_user", "current_role"}


def create_role(ctx: DdlContext, statement: CreateRole) -> None:
    _need_createrole(ctx, statement.options)
    name = statement.name
    if name in _RESERVED or name == "public":
        raise DatabaseError(f'role name "{name}" is reserved', sqlstate="42939")
    if name.startswith("pg_"):
        raise DatabaseError(f'role name "{name}" is reserved', sqlstate="42939",
                            detail='Role names starting with "pg_" are reserved.')  # fmt: skip
    if ctx.catalog.role_oid(name) is not None:
        raise DatabaseError(f'role "{name}" already exists', sqlstate="42710")
    values: dict[str, Any] = dict(oid=ctx.new_oid(), rolname=name, rolinherit=True, rolcanlogin=statement.user, rolconnlimit=-1)
    values.update(_columns(ctx, statement.options))
    ctx.store.insert("pg_authid", **values)
    for group in statement.options.get("in_role", []):
        add_member(ctx, group, values["oid"], admin=False)
    for member, admin in [(m, False) for m in statement.options.get("role", [])] + [
        (m, True) for m in statement.options.get("admin", [])
    ]:
        _insert_member(ctx, values["oid"], _need_role(ctx, member), admin)
    ctx.store.invalidate(0)


def alter_role(ctx: DdlContext, statement: AlterRole) -> None:
    oid = _need_role(ctx, statement.name)
    own_password = oid == ctx.user and set(statement.options) <= {"password", "rename"}
    if not own_password:
        _need_createrole(ctx, statement.options)
    row = ctx.store.one("pg_authid", oid=oid)
    if row.rolsuper and not ctx.is_superuser:
        raise InsufficientPrivilege("must be superuser to alter superuser roles or change superuser attribute")
    changes = _columns(ctx, statement.options)
    if "rename" in statement.options:
        if ctx.catalog.role_oid(statement.options["rename"]) is not None:
            raise DatabaseError(f'role "{statement.options["rename"]}" already exists', sqlstate="42710")
        changes["rolname"] = statement.options["rename"]
    ctx.store.update(row, **changes)
    ctx.store.invalidate(0)


def _columns(ctx: DdlContext, options: dict[str, Any]) -> dict[str, Any]:
    values = {_FLAGS[name]: value for name, value in options.items() if name in _FLAGS}
    if "connection_limit" in options:
        values["rolconnlimit"] = options["connection_limit"]
    if "password" in options:
        password = options["password"]
        values["rolpassword"] = ctx.instance.password_verifier(password) if password else None
    if "valid_until" in options:
        values["rolvaliduntil"] = ctx.eval.input(options["valid_until"], 1184)
    return values


def drop_roles(ctx: DdlContext, statement: Drop) -> None:
    _need_createrole(ctx, {})
    for name in statement.names:
        oid = ctx.catalog.role_oid(name.name)
        if oid is None:
            if not statement.if_exists:
                raise UndefinedObject(f'role "{name.name}" does not exist')
            ctx.notice("NOTICE", f'role "{name.name}" does not exist, skipping')
            continue
        if oid == ctx.user:
            raise ObjectInUse("current user cannot be dropped")
        if oid == ids.BOOTSTRAP_ROLE:
            raise DatabaseError(
                f"cannot drop role {name.name} because it is required by the database system", sqlstate="2BP01"
            )
        _check_unused(ctx, oid, name.name)
        for key in ("roleid", "member"):
            for row in ctx.store.find("pg_auth_members", **{key: oid}):
                ctx.store.delete(row)
        for row in [row for row in ctx.store.scan("pg_db_role_setting") if row.setrole == oid]:
            ctx.store.delete(row)
        ctx.store.delete(ctx.store.one("pg_authid", oid=oid))
    ctx.store.invalidate(0)


def _check_unused(ctx: DdlContext, oid: int, name: str) -> None:
    lines = [line for _, line in sorted(_uses(ctx, oid, name))]
    if lines:
        raise DatabaseError(
            f'role "{name}" cannot be dropped because some objects depend on it', sqlstate="2BP01",
            detail="\n".join(lines),
        )  # fmt: skip


def _uses(ctx: DdlContext, role: int, name: str) -> Iterator[tuple[int, str]]:
    """(OID, what) of objects of this database that the role owns or has privileges on."""
    for table, noun, owner, acl, label in (
        ("pg_class", "", "relowner", "relacl", "relname"), ("pg_namespace", "schema", "nspowner", "nspacl", "nspname"),
        ("pg_database", "database", "datdba", "datacl", "datname"),
    ):  # fmt: skip
        for row in ctx.store.scan(table):
            if table == "pg_class" and row.relkind in "itc":
                continue
            shown = f"{noun} {getattr(row, label)}"
            if table == "pg_class":
                shown = f"{KIND_NAMES.get(row.relkind, 'relation')} {ctx.catalog.visible_name(row.oid)}"
            if getattr(row, owner) == role:
                yield row.oid, f"owner of {shown}"
            elif getattr(row, acl) is not None and _names(getattr(row, acl), name):
                yield row.oid, f"privileges for {shown}"


def _names(acl: Any, role: str) -> bool:
    items = [read_item(text) for text in acl.items]
    return any(role in (item.role, item.grantor) for item in items)


def grant_roles(ctx: DdlContext, statement: Grant) -> None:
    """GRANT/REVOKE role TO role."""
    for role, _columns_unused in statement.privileges:
        group = _need_role(ctx, role)
        for grantee in statement.grantees:
            member = _need_role(ctx, grantee)
            existing = ctx.store.one("pg_auth_members", roleid=group, member=member)
            if statement.revoke:
                if existing is not None:
                    ctx.store.delete(existing)
            elif existing is not None:
                ctx.notice("NOTICE", f'role "{grantee}" is already a member of role "{role}"')
            else:
                _insert_member(ctx, group, member, statement.grant_option)
    ctx.store.invalidate(0)


def add_member(ctx: DdlContext, group: str, member: int, admin: bool) -> None:
    _insert_member(ctx, _need_role(ctx, group), member, admin)


def _insert_member(ctx: DdlContext, group: int, member: int, admin: bool) -> None:
    ctx.store.insert("pg_auth_members", roleid=group, member=member, grantor=ctx.user, admin_option=admin)


def _need_role(ctx: DdlContext, name: str) -> int:
    if name in ("current_user", "session_user", "current_role"):
        return ctx.user
    oid = ctx.catalog.role_oid(name)
    if oid is None:
        raise UndefinedObject(f'role "{name}" does not exist')
    return oid


def _need_createrole(ctx: DdlContext, options: dict[str, Any]) -> None:
    if ctx.is_superuser:
        return
    if options.get("superuser"):
        raise InsufficientPrivilege("must be superuser to create superusers")
    row = ctx.store.one("pg_authid", oid=ctx.user)
    if row is None or not row.rolcreaterole:
        raise InsufficientPrivilege("permission denied to create role")
