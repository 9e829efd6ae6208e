"""Rule: EXISTS and IN subqueries at the top of WHERE become semi and anti joins.

    WHERE EXISTS (SELECT 1 FROM u WHERE u.x = t.x)          →  t SEMI JOIN u ON u.x = t.x
    WHERE NOT EXISTS (…)                                    →  t ANTI JOIN u ON …
    WHERE t.x IN (SELECT y FROM u WHERE u.z > 1)            →  t SEMI JOIN u ON t.x = u.y AND u.z > 1
    WHERE t.x IN (SELECT max(y) FROM u GROUP BY z)          →  t SEMI JOIN (SELECT …) s ON t.x = s.1

NOT IN stays a subplan: a NULL among its rows makes it unknown, which no join says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aurorapy.expressions.nodes import Column, Expr, Not, Param, SubLink
from aurorapy.records import replace
from aurorapy.sql.plan.columns import (
    conjunction,
    conjuncts,
    has_set_returning,
    is_volatile,
    own_rels,
    query_expressions,
    rels_of,
    rewrite,
)
from aurorapy.sql.plan.rules.pull_up_subqueries import is_plain
from aurorapy.sql.tree import Join, Query, Ref, Rte


def unnest_sublinks(query: Query, planner: Any) -> Query:
    quals = conjuncts(query.where)
    if not query.from_ or not any(_candidate(q) for q in quals):
        return query
    rtes = dict(query.rtes)
    tree = query.from_[0]
    for item in query.from_[1:]:
        tree = Join("cross", tree, item, None)
    kept: list[Expr] = []
    for qual in quals:
        joined = _candidate(qual) and _unnest(qual, tree, rtes, query, planner)
        if joined:
            tree = joined
        else:
            kept.append(qual)
    return replace(query, from_=[tree], rtes=rtes, where=conjunction(kept))


def _candidate(qual: Expr) -> bool:
    if type(qual) is Not:
        return type(qual.arg) is SubLink and qual.arg.kind == "exists"
    return type(qual) is SubLink and (qual.kind == "exists" or (qual.kind == "any" and qual.test is not None))


def _unnest(qual: Expr, tree: Any, rtes: dict, query: Query, planner: Any) -> Any:
    anti = type(qual) is Not
    link: SubLink = qual.arg if anti else qual
    inner: Query = link.query
    if link.kind == "exists":
        if not is_plain(inner) or not inner.from_ or _leans_outside(inner):
            return None
        on = conjuncts(inner.where)
        rtes.update(inner.rtes)
        right = _tree(inner)
    else:
        outside = rels_of(link.test) & set(query.rtes)
        if is_volatile(link.test) or not outside or any(is_volatile(t.expr) for t in inner.targets):
            return None
        if is_plain(inner) and inner.from_ and not _leans_outside(inner) and not _returns_sets(inner):
            on = [*conjuncts(_bind_outputs(link.test, [t.expr for t in inner.targets if not t.junk])), *conjuncts(inner.where)]
            rtes.update(inner.rtes)
            right = _tree(inner)
        else:
            if _outside_rels(inner):
                return None
            rel, columns = _as_relation(inner, planner)
            rtes[rel] = planner.aliases[rel]
            on = conjuncts(_bind_outputs(link.test, columns))
            right = Ref(rel)
    if any(is_volatile(q) for q in on):
        return None
    return Join("anti" if anti else "semi", tree, right, conjunction(on))


def _tree(inner: Query) -> Any:
    tree = inner.from_[0]
    for item in inner.from_[1:]:
        tree = Join("cross", tree, item, None)
    return tree


def _returns_sets(inner: Query) -> bool:
    return any(has_set_returning(t.expr) for t in inner.targets)


def _outside_rels(inner: Query) -> set[int]:
    inside = own_rels(inner)
    return {r for e in query_expressions(inner) for r in rels_of(e) if r not in inside}


def _leans_outside(inner: Query) -> bool:
    """Does an entry of FROM or the ON of an outer join (not just WHERE) use columns of the queries around?"""
    inside = own_rels(inner)
    if any(r not in inside for item in inner.from_ for on in _fixed_conditions(item, False) for r in rels_of(on)):
        return True
    for rte in inner.rtes.values():
        exprs = [*rte.functions, *(v for row in rte.values for v in row)]
        if rte.query is not None:
            exprs.extend(query_expressions(rte.query))
        if any(r not in inside for e in exprs for r in rels_of(e)):
            return True
    return False


def _fixed_conditions(item: Any, fixed: bool) -> Iterator[Expr]:
    """The ON of every outer join, and of what is joined below one: they cannot move up to the join around."""
    if isinstance(item, Join):
        fixed = fixed or item.kind not in ("inner", "cross")
        if fixed and item.on is not None:
            yield item.on
        yield from _fixed_conditions(item.left, fixed)
        yield from _fixed_conditions(item.right, fixed)


def _bind_outputs(test: Expr, outputs: list[Expr]) -> Expr:
    def change(part: Expr) -> Expr | None:
        return outputs[-part.number - 1] if type(part) is Param and part.number < 0 else None

    return rewrite(test, change)


def _as_relation(inner: Query, planner: Any) -> tuple[int, list[Expr]]:
    rel = planner.new_rel()
    targets = [t for t in inner.targets if not t.junk]
    oids, typmods = [t.expr.type_oid for t in targets], [t.expr.typmod for t in targets]
    planner.aliases[rel] = Rte("subquery", "ANY_subquery", [t.name for t in targets], oids, typmods, query=inner)
    return rel, [Column(t.expr.type_oid, t.expr.typmod, 0, rel, i + 1, 0, t.name) for i, t in enumerate(targets)]
