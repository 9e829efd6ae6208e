"""Rule: a simple subquery in FROM dissolves into the query around it.

    SELECT s.x FROM (SELECT a + 1 AS x, b FROM t WHERE c) s WHERE s.b > 2
    →  SELECT t.a + 1 FROM t WHERE t.b > 2 AND c

Simple means: only FROM, WHERE and targets, no volatile or set-returning target. On the nullable side of an outer join the
targets must be plain columns, because anything else would have to turn NULL with the row.
"""

from __future__ import annotations

from typing import Any

from aurorapy.expressions.nodes import Column, Expr
from aurorapy.records import replace
from aurorapy.sql.plan.columns import (
    conjunction,
    conjuncts,
    has_aggregate,
    has_set_returning,
    is_volatile,
    rewrite,
    rewrite_query,
)
from aurorapy.sql.tree import Join, Query, Ref



class Mapping(dict[tuple[int, int], Expr]):
    """(rel, attno) of dissolved subqueries to expressions; knows the planner's whole rows."""

    planner: Any = None


def pull_up_subqueries(query: Query, planner: Any) -> Query:
    if query.kind == "insert" or not any(r.kind == "subquery" for r in query.rtes.values()):
        return query
    if query.set_op is not None:
        return query
    mapping = Mapping()
    mapping.planner = planner
    rtes = dict(query.rtes)
    where: list[Expr] = conjuncts(query.where)
    before = len(where)
    items: list[Any] = []
    for item in query.from_:
        items.extend(_pull(item, rtes, where, mapping, False, True))
    if not mapping and len(where) == before:
        return query
    query = replace(query, from_=items, rtes=rtes, where=conjunction(where))
    return rewrite_query(query, lambda expr: _map(expr, mapping))


def _map(expr: Expr, mapping: Mapping) -> Expr:
    def change(part: Expr) -> Expr | None:
        if type(part) is Column:
            found = mapping.get((part.rte, part.attno))
            return None if found is None else _map(found, mapping)
        return None

    return rewrite(expr, change)


def _pull(item: Any, rtes: dict, sink: list[Expr] | None, mapping: Mapping, nullable: bool, top: bool) -> list[Any]:
    """The FROM items that stand for `item`; WHERE conditions go to `sink` (None: they have no place to go)."""
    if isinstance(item, Ref):
        rte = rtes[item.rte]
        if rte.kind != "subquery" or not _is_simple(rte.query, sink, nullable, top):
            return [item]
        if nullable and item.rte in mapping.planner.whole_rows:
            return [item]
        return _dissolve(item.rte, rte.query, rtes, sink, mapping, nullable, top)
    on = conjuncts(item.on)
    if item.kind in ("inner", "cross"):
        left = _pull(item.left, rtes, on, mapping, nullable, False)
        right = _pull(item.right, rtes, on, mapping, nullable, False)
    elif item.kind in ("left", "semi", "anti"):
        left = _pull(item.left, rtes, sink, mapping, nullable, False)
        right = _pull(item.right, rtes, on, mapping, True, False)
    elif item.kind == "right":
        left = _pull(item.left, rtes, on, mapping, True, False)
        right = _pull(item.right, rtes, sink, mapping, nullable, False)
    else:
        left = _pull(item.left, rtes, None, mapping, True, False)
        right = _pull(item.right, rtes, None, mapping, True, False)
    kind = "inner" if item.kind == "cross" and on else item.kind
    return [Join(kind, _cross(left), _cross(right), conjunction(on))]


def _cross(items: list[Any]) -> Any:
    joined = items[0]
    for item in items[1:]:
        joined = Join("cross", joined, item, None)
    return joined


def _dissolve(rel: int, inner: Query, rtes: dict, sink: Any, mapping: Mapping, nullable: bool, top: bool) -> list[Any]:
    for position, target in enumerate(t for t in inner.targets if not t.junk):
        mapping[rel, position + 1] = target.expr
    if rel in mapping.planner.whole_rows:
        mapping[rel, 0] = mapping.planner.whole_rows[rel]
    del rtes[rel]
    rtes.update(inner.rtes)
    if inner.where is not None:
        sink.extend(conjuncts(inner.where))
    items: list[Any] = []
    for item in inner.from_:
        items.extend(_pull(item, rtes, sink, mapping, nullable, top))
    return items


def is_plain(query: Query) -> bool:
    """FROM, WHERE and targets only."""
    return (
        query.kind == "select"
        and query.set_op is None
        and not (query.group_by or query.grouping_sets or query.having is not None or query.has_aggregates)
        and not (query.windows or query.distinct or query.distinct_on or query.locks or query.ctes)
        and query.limit is None
        and query.offset is None
        and not any(has_aggregate(t.expr) for t in query.targets)
    )


def _is_simple(query: Query, sink: Any, nullable: bool, top: bool) -> bool:
    if not is_plain(query) or query.order_by or not query.from_:
        return False
    if query.where is not None and (sink is None or is_volatile(query.where)):
        return False
    exprs = [t.expr for t in query.targets]
    if any(has_set_returning(e) or is_volatile(e) for e in exprs):
        return False
    if nullable or sink is None:
        return all(type(e) is Column and e.rte in query.rtes for e in exprs)
    return True
