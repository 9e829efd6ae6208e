"""The name of an output column that has no alias: what PostgreSQL's FigureColname says.

    a.b → b     count(*) → count     x::int → x     '5'::int → int4     1 + 1 → ?column?

Not here: aliases.
"""

from __future__ import annotations

from typing import Any

from aurorapy.sql.parse import raw


def column_name(node: Any) -> str:
    return _name(node)[0] or "?column?"


def _name(node: Any) -> tuple[str, int]:
    """(name or '', strength): 2 for a name of its own, 1 for one that a better one may replace."""
    if isinstance(node, raw.ColumnRef):
        return (node.names[-1] if not node.star else "", 2 if not node.star else 0)
    if isinstance(node, raw.Field):
        return node.name, 2
    if isinstance(node, raw.Index):
        return _name(node.arg)
    if isinstance(node, raw.Call):
        if node.special == "overlaps":
            return "overlaps", 2
        return node.names[-1], 2
    if isinstance(node, raw.Cast):
        name, strength = _name(node.arg)
        if strength <= 1:
            return node.type.name.name, 1
        return name, strength
    if isinstance(node, raw.Collate):
        return _name(node.arg)
    if isinstance(node, raw.Case):
        name, strength = _name(node.otherwise) if node.otherwise is not None else ("", 0)
        return ("case", 1) if strength <= 1 else (name, strength)
    if isinstance(node, raw.QueryExpr):
        return _query_name(node)
    if isinstance(node, raw.Special):
        return node.name, 2
    if isinstance(node, raw.SqlValue):
        return node.name, 2
    if isinstance(node, raw.ArrayItems):
        return "array", 2
    if isinstance(node, raw.Row):
        return "row", 2
    return "", 0


def _query_name(node: raw.QueryExpr) -> tuple[str, int]:
    if node.kind != "scalar":
        return node.kind, 2
    query = node.query
    while isinstance(query, raw.SetOperation):
        query = query.left
    if isinstance(query, raw.Select) and query.targets:
        target = query.targets[0]
        if target.name:
            return target.name, 2
        return _name(target.expr)
    if isinstance(query, raw.Values):
        return "column1", 2
    return "", 0
