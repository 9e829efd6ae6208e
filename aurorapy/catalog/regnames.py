"""The reg* types: `'public.t'::regclass` and back (PostgreSQL manual, "Object Identifier Types").

Both ways go by search_path: a name found without its schema is shown without it. An OID that names nothing is shown as
its number.
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy.types.identifiers import quote_identifier, split_identifiers
from aurorapy.types.oids import reg_not_found


def reg_in(catalog: Any, kind: str, text: str) -> int:
    """The OID a name means. Raises 42P01, 42704, 42883, 3F000."""
    if kind == "regtype":
        return catalog.parse_type_name(text)[0]
    if kind in ("regprocedure", "regoperator"):
        return _with_arguments(catalog, kind, text)
    parts = [text] if kind in ("regoper",) else split_identifiers(text)
    schema, name = (parts[-2] if len(parts) > 1 else None), parts[-1]
    if kind == "regclass":
        relation = catalog.relation_by_name(schema, name)
        found = relation.oid if relation else None
        text = ".".join(parts)
    elif kind == "regnamespace":
        found = catalog.schema_oid(name)
    elif kind == "regrole":
        found = catalog.role_oid(name)
    elif kind == "regcollation":
        found = catalog.collation_oid(schema, name)
    elif kind == "regproc":
        found = _unique(catalog, "pg_proc", "proname", name, "function", text)
    else:
        found = _unique(catalog, "pg_operator", "oprname", name, "operator", text)
    if found is None:
        raise reg_not_found(kind, text if kind != "regoper" else name)
    return found


def _unique(catalog: Any, table: str, column: str, name: str, what: str, text: str) -> int | None:
    rows = catalog.reader().find(table, **{column: name})
    if len(rows) > 1:
        shown = f'"{text}"' if what == "function" else text
        raise DatabaseError(f"more than one {what} named {shown}", sqlstate="42725")
    return rows[0].oid if rows else None


def _with_arguments(catalog: Any, kind: str, text: str) -> int:
    name, _, rest = text.partition("(")
    if not rest.endswith(")"):
        raise DatabaseError("expected a left parenthesis" if not rest else "expected a right parenthesis", sqlstate="22P02")
    wanted = [0 if a.strip().lower() == "none" else catalog.parse_type_name(a.strip())[0]
              for a in rest[:-1].split(",") if a.strip()]  # fmt: skip
    reader = catalog.reader()
    if kind == "regprocedure":
        for row in reader.find("pg_proc", proname=split_identifiers(name.strip())[-1]):
            if list(row.proargtypes.items) == wanted:
                return row.oid
    else:
        for row in reader.find("pg_operator", oprname=name.strip()):
            if [row.oprleft, row.oprright] == wanted:
                return row.oid
    raise reg_not_found(kind, text)


def reg_out(catalog: Any, kind: str, oid: int) -> str:
    reader = catalog.reader()
    if kind == "regclass":
        return catalog.visible_name(oid)
    if kind == "regtype":
        shown = catalog.format_type(oid)
        return str(oid) if shown == "???" else shown
    if kind == "regnamespace":
        name = catalog.schema_name(oid)
    elif kind == "regrole":
        name = catalog.role_name(oid)
    elif kind == "regcollation":
        row = reader.one("pg_collation", oid=oid)
        name = row.collname if row else None
    elif kind in ("regproc", "regprocedure"):
        row = reader.one("pg_proc", oid=oid)
        name = row.proname if row else None
        if row is not None and kind == "regprocedure":
            arguments = ",".join(catalog.format_type(t) for t in row.proargtypes.items)
            return f"{quote_identifier(name)}({arguments})"
    else:
        row = reader.one("pg_operator", oid=oid)
        if row is None:
            return str(oid)
        if kind == "regoper":
            return row.oprname
        left, right = (catalog.format_type(t) if t else "NONE" for t in (row.oprleft, row.oprright))
        return f"{row.oprname}({left},{right})"
    return str(oid) if name is None else quote_identifier(name)
