"""The system views of pg_catalog and information_schema: their catalog rows, made from data/views.sql.

    -- pg_tables                                       a view's name, with its schema where it is not pg_catalog
    CREATE VIEW pg_tables (schemaname name, …) AS SELECT …

Columns are declared with their types, so that no query need be bound while a volume is made; the binder reads a view's
query when somebody selects from it. OIDs are handed out from 12,400 on, in the order of the file: below 16,384, so they
are the same in every database and count as system objects.

Not here: the functions the views stand on (`expressions.functions.activity`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from aurorapy import ids
from aurorapy.catalog.rows import row
from aurorapy.catalog.seed import acl, attribute_row, composite_type_rows
from aurorapy.types.builtin import TYPES
from aurorapy.types.names import resolve

FIRST_VIEW_OID = 12400
_VIEW = re.compile(r"CREATE VIEW (?:(\w+)\.)?(\w+) \((.*?)\) AS\n(.*?);\n", re.S)


class SystemView(NamedTuple):
    schema: int
    name: str
    columns: list[tuple[str, str]]  # name, type
    query: str
    public: bool


@lru_cache(maxsize=1)
def system_views() -> tuple[SystemView, ...]:
    text = files("aurorapy.catalog").joinpath("data/views.sql").read_text()
    text = "\n".join(line for line in text.split("\n") if not line.startswith("--")) + "\n"
    views = []
    for schema, name, columns, query in _VIEW.findall(text):
        pairs = [tuple(" ".join(c.split()).split(" ", 1)) for c in _split(columns)]
        namespace = ids.INFORMATION_SCHEMA if schema == "information_schema" else ids.PG_CATALOG
        if query == "EMPTY":
            query = "SELECT " + ", ".join(f"NULL::{type_}" for _, type_ in pairs) + " WHERE false"
        views.append(SystemView(namespace, name, pairs, " ".join(query.split()), name not in _PRIVATE))
    return tuple(views)


_PRIVATE = {"pg_shadow", "pg_file_settings", "pg_hba_file_rules"}


def _split(columns: str) -> list[str]:
    """At commas outside brackets."""
    parts, depth, current = [], 0, ""
    for char in columns:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += char
    return [*parts, current]


def system_view_rows(superuser: str) -> dict[str, list[tuple]]:
    """pg_class, pg_attribute, pg_type and pg_rewrite rows of every view."""
    rows: dict[str, list[tuple]] = {"pg_class": [], "pg_attribute": [], "pg_type": [], "pg_rewrite": []}
    for number, view in enumerate(system_views()):
        oid = FIRST_VIEW_OID + 4 * number
        _add(rows, view, oid, superuser)
    return rows


def _add(rows: dict[str, list[tuple]], view: SystemView, oid: int, superuser: str) -> None:
    privileges = [f"{superuser}=arwdDxt/{superuser}"] + ([f"=r/{superuser}"] if view.public else [])
    rows["pg_class"].append(
        row("pg_class", oid=oid, relname=view.name, relnamespace=view.schema, reltype=oid + 1, relowner=10,
            reltuples=-1.0, relpersistence="p", relkind="v", relnatts=len(view.columns), relhasrules=True,
            relreplident="n", relispopulated=True, relacl=acl(*privileges))
    )  # fmt: skip
    for attno, (name, type_name) in enumerate(view.columns, 1):
        type_oid, typmod = resolve(type_name)
        rows["pg_attribute"].append(attribute_row(oid, attno, name, TYPES[type_oid], atttypmod=typmod))
    rows["pg_type"].extend(composite_type_rows(oid, view.name, oid + 1, 0, view.schema, 10))
    rows["pg_rewrite"].append(
        row("pg_rewrite", oid=oid + 2, rulename="_RETURN", ev_class=oid, ev_type="1", ev_enabled="O", is_instead=True,
            ev_qual="<>", ev_action=view.query)
    )  # fmt: skip
