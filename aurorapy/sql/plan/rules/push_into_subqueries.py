"""Rule: a condition on a subquery's columns moves into the subquery where that cannot change its result.

    SELECT * FROM (SELECT a, count(*) FROM t GROUP BY a) s WHERE s.a = 1
    →  SELECT * FROM (SELECT a, count(*) FROM t WHERE a = 1 GROUP BY a) s

Allowed below GROUP BY for columns that are grouping keys, below DISTINCT, and into each branch of UNION, INTERSECT and
EXCEPT; never below LIMIT, a window function, DISTINCT ON or a set-returning or volatile target.
"""

from __future__ import annotations

from typing import Any

from aurorapy.expressions.nodes import Column, Expr
from aurorapy.records import replace
from aurorapy.sql.plan.columns import (
    columns_of,
    conjunction,
    conjuncts,
    has_aggregate,
    has_set_returning,
    has_sublink,
    has_window,
    is_volatile,
    rels_of,
    rewrite,
)
from aurorapy.sql.tree import Join, Query, Ref


def push_into_subqueries(query: Query, planner: Any) -> Query:
    quals = conjuncts(query.where)
    if not quals or not any(r.kind == "subquery" for r in query.rtes.values()) or query.set_op is not None:
        return query
    reachable = set().union(*(_preserved(item) for item in query.from_)) if query.from_ else set()
    rtes, kept = dict(query.rtes), []
    for qual in quals:
        rels = rels_of(qual)
        rel = next(iter(rels)) if len(rels) == 1 else -1
        rte = rtes.get(rel)
        inner = None
        if rte is not None and rte.kind == "subquery" and rel in reachable and not has_sublink(qual) and not is_volatile(qual):
            inner = _push(rte.query, rel, qual)
        if inner is None:
            kept.append(qual)
        else:
            rtes[rel] = replace(rte, query=inner)
    return replace(query, rtes=rtes, where=conjunction(kept))


def _preserved(item: Any) -> set[int]:
    """Relations whose rows reach WHERE unpadded."""
    if isinstance(item, Ref):
        return {item.rte}
    if not isinstance(item, Join) or item.kind == "full":
        return set()
    left = set() if item.kind == "right" else _preserved(item.left)
    right = _preserved(item.right) if item.kind in ("inner", "cross", "right") else set()
    return left | right


def _push(inner: Query, rel: int, qual: Expr) -> Query | None:
    if inner.kind != "select" or inner.limit is not None or inner.offset is not None or inner.windows or inner.locks:
        return None
    if inner.distinct_on or inner.grouping_sets:
        return None
    if inner.set_op is not None:
        return _push_branches(inner, rel, qual)
    targets = [t.expr for t in inner.targets if not t.junk]
    used = [targets[c - 1] for r, c in columns_of(qual) if r == rel]
    if any(has_set_returning(t.expr) for t in inner.targets):
        return None
    for expr in used:
        if has_aggregate(expr) or has_window(expr) or is_volatile(expr) or has_sublink(expr):
            return None
        if (inner.group_by or inner.has_aggregates) and expr not in inner.group_by:
            return None
    if inner.has_aggregates and not inner.group_by:
        return None
    moved = _inside(qual, rel, targets)
    return replace(inner, where=conjunction([*conjuncts(inner.where), moved]))


def _push_branches(inner: Query, rel: int, qual: Expr) -> Query | None:
    targets = [t.expr for t in inner.targets if not t.junk]
    if not all(type(t) is Column for t in targets):
        return None
    rtes = dict(inner.rtes)
    for leaf in _leaves(inner.set_op):
        rte = rtes[leaf]
        columns = [Column(t.type_oid, t.typmod, 0, leaf, t.attno) for t in targets]
        pushed = None if rte.query is None else _push(rte.query, leaf, _inside(qual, rel, columns))
        if pushed is None:
            return None
        rtes[leaf] = replace(rte, query=pushed)
    return replace(inner, rtes=rtes)


def _leaves(item: Any) -> list[int]:
    return [item.rte] if isinstance(item, Ref) else [*_leaves(item.left), *_leaves(item.right)]


def _inside(qual: Expr, rel: int, targets: list[Expr]) -> Expr:
    def change(part: Expr) -> Expr | None:
        return targets[part.attno - 1] if type(part) is Column and part.rte == rel else None

    return rewrite(qual, change)
