"""GRANT and REVOKE on objects: aclitem arrays in relacl, attacl, nspacl, datacl, proacl, … (membership: `roles`).

    GRANT SELECT, UPDATE (b) ON t TO alice WITH GRANT OPTION
      pg_class.relacl     {postgres=arwdDxt/postgres,alice=r*/postgres}
      pg_attribute.attacl {alice=w*/postgres}                            column b

Errors: 42704 no such role, 42P01 …, 42501 not the owner and no grant option, 0LP01 a privilege the kind does not have.
"""

from __future__ import annotations

from typing import Any

from aurorapy.catalog import privileges as p
from aurorapy.errors import DatabaseError, InsufficientPrivilege, UndefinedObject
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.execute.ddl.roles import grant_roles
from aurorapy.sql.statements import Grant

_PLURAL = {
    "table": "relation", "sequence": "sequence", "schema": "schema", "database": "database", "function": "function",
    "procedure": "procedure", "routine": "routine", "language": "language", "type": "type", "domain": "domain",
    "tablespace": "tablespace",
}  # fmt: skip
_ROUTINES = ("function", "procedure", "routine")


def grant(ctx: DdlContext, statement: Grant) -> str | None:
    if statement.kind == "role":
        grant_roles(ctx, statement)
        return "REVOKE ROLE" if statement.revoke else "GRANT ROLE"
    grantees = [_grantee(ctx, name) for name in statement.grantees]
    for kind, row, columns in _targets(ctx, statement):
        _change(ctx, statement, kind, row, columns, grantees)
    ctx.store.invalidate(0)
    return None


def _grantee(ctx: DdlContext, name: str) -> str:
    if name == "public":
        return ""
    if name in ("current_user", "session_user", "current_role"):
        return ctx.catalog.role_name(ctx.user)
    if ctx.catalog.role_oid(name) is None:
        raise UndefinedObject(f'role "{name}" does not exist')
    return name


# -- what is granted on ------------------------------------------------------------------------------------------------
def _targets(ctx: DdlContext, statement: Grant) -> list[tuple[str, Any, Any]]:
    """(kind, catalog row, relation or None) of each object named."""
    if statement.all_in_schema:
        return _all_in_schemas(ctx, statement)
    found = []
    for name in statement.names:
        if statement.kind in ("table", "sequence"):
            relation = ctx.catalog.need_relation(name.schema, name.name)
            if relation.kind in "ic":
                what = "an index" if relation.kind == "i" else "a composite type"
                raise DatabaseError(f'"{relation.name}" is {what}', sqlstate="42809")
            if statement.kind == "sequence" and relation.kind != "S":
                raise DatabaseError(f'"{relation.name}" is not a sequence', sqlstate="42809")
            kind = "sequence" if relation.kind == "S" else "table"
            found.append((kind, ctx.store.one("pg_class", oid=relation.oid), relation))
        else:
            found.append((statement.kind, _object(ctx, statement.kind, name), None))
    return found


def _all_in_schemas(ctx: DdlContext, statement: Grant) -> list[tuple[str, Any, Any]]:
    found = []
    schemas = [ctx.need_schema(name.name, name.position) for name in statement.names]
    if statement.kind in _ROUTINES:
        return [("function", row, None) for row in ctx.store.scan("pg_proc") if row.pronamespace in schemas]
    kinds = "S" if statement.kind == "sequence" else "rvmfp"
    for row in ctx.store.scan("pg_class"):
        if row.relnamespace in schemas and row.relkind in kinds:
            found.append((statement.kind, row, ctx.catalog.relation(row.oid)))
    return found


def _object(ctx: DdlContext, kind: str, name: Any) -> Any:
    if kind == "schema":
        return ctx.store.one("pg_namespace", oid=ctx.need_schema(name.name, name.position))
    table, column = {
        "database": ("pg_database", "datname"), "language": ("pg_language", "lanname"),
        "tablespace": ("pg_tablespace", "spcname"), "type": ("pg_type", "typname"), "domain": ("pg_type", "typname"),
    }.get(kind, ("pg_proc", "proname"))  # fmt: skip
    row = ctx.store.one(table, **{column: name.name})
    if row is None:
        if kind in _ROUTINES:
            raise DatabaseError(f'could not find a {kind} named "{name.name}"', sqlstate="42883")
        raise UndefinedObject(f'{kind} "{name}" does not exist', sqlstate="3D000" if kind == "database" else "42704")
    return row


_OWNER = {"pg_class": ("relowner", "relacl", "relname"), "pg_namespace": ("nspowner", "nspacl", "nspname"),
          "pg_database": ("datdba", "datacl", "datname"), "pg_proc": ("proowner", "proacl", "proname"),
          "pg_language": ("lanowner", "lanacl", "lanname"), "pg_tablespace": ("spcowner", "spcacl", "spcname"),
          "pg_type": ("typowner", "typacl", "typname")}  # fmt: skip


# -- the change --------------------------------------------------------------------------------------------------------
def _change(ctx: DdlContext, statement: Grant, kind: str, row: Any, relation: Any, grantees: list[str]) -> None:
    kind = "function" if kind in _ROUTINES else "type" if kind == "domain" else kind
    owner_column, acl_column, name_column = _OWNER[row._table.name]
    owner = ctx.catalog.role_name(getattr(row, owner_column))
    whole, columns = _letters(ctx, statement, kind, relation)
    items = p.read_acl(getattr(row, acl_column), kind, owner)
    name = getattr(row, name_column)
    if whole:
        grantor, allowed = _grantor(ctx, items, owner, whole, kind, name)
        for role in grantees:
            items = p.change(items, grantor, role, allowed, revoke=statement.revoke, option=statement.grant_option)
        ctx.store.update(row, **{acl_column: p.write_acl(items)})
    for attno, letters in columns.items():
        attribute = ctx.store.one("pg_attribute", attrelid=row.oid, attnum=attno)
        held = [p.read_item(text) for text in attribute.attacl.items] if attribute.attacl else []
        grantor, allowed = _grantor(ctx, items + held, owner, letters, "table", name)
        for role in grantees:
            held = p.change(held, grantor, role, allowed, revoke=statement.revoke, option=statement.grant_option)
        ctx.store.update(attribute, attacl=p.write_acl(held) if held else None)


def _letters(ctx: DdlContext, statement: Grant, kind: str, relation: Any) -> tuple[str, dict[int, str]]:
    """Privilege letters on the whole object, and on single columns by attno."""
    whole, columns = "", {}
    for word, names in statement.privileges:
        allowed = p.ALL["column"] if names else p.ALL[kind]
        if word == "all":
            letters = allowed
        else:
            letters = p.LETTERS.get(word.upper(), "")
            if not letters:
                raise DatabaseError(f'unrecognized privilege type "{word}"', sqlstate="42601")
            if letters not in allowed:
                what = "column" if names else "table" if kind == "table" and letters == "U" else _PLURAL[kind]
                raise DatabaseError(f"invalid privilege type {word.upper()} for {what}", sqlstate="0LP01")
        for name in names:
            if relation is None or name not in relation.by_name:
                shown = relation.name if relation is not None else ""
                raise DatabaseError(f'column "{name}" of relation "{shown}" does not exist', sqlstate="42703")
            attno = relation.by_name[name].attno
            columns[attno] = columns.get(attno, "") + letters
        if not names:
            whole += letters
    return whole, columns


def _grantor(ctx: DdlContext, items: list, owner: str, letters: str, kind: str, name: str) -> tuple[str, str]:
    """Who grants, and which of the letters that role may: the owner everything, others what they hold WITH GRANT."""
    if ctx.is_superuser or ctx.catalog.is_member(ctx.user, ctx.catalog.role_oid(owner)):
        return owner, letters
    user = ctx.catalog.role_name(ctx.user)
    allowed = "".join(x for x in letters if p.allows(items, owner, {user}, x, grant_option=True))
    if not allowed:
        if not any(item.role in (user, "") for item in items):
            raise InsufficientPrivilege(f"permission denied for {kind} {name}")
        ctx.notice("WARNING", f'no privileges were granted for "{name}"', sqlstate="01007")
    return user, allowed
