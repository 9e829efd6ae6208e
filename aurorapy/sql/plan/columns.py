"""Looking into and rewriting expressions and whole queries: which relations they use, replacing parts, splitting ANDs.

A *numbered* query (made by `rules.number_relations`) has `rtes` keyed by statement-wide relation ids and Columns without
levels; everything here expects that. Walks enter the queries of SubLinks and the sort keys of aggregates.

    conjuncts(a AND (b AND c))            → [a, b, c]
    rels_of(t.x = (SELECT … WHERE u.y = t.z))  → {t}

Not here: what the rewrites are for (`rules`).
"""

from __future__ import annotations

from typing import Any, Callable, Iterator

from aurorapy.expressions.nodes import (
    BOOL,
    Aggregate,
    And,
    Call,
    Column,
    Const,
    Expr,
    SessionValue,
    SubLink,
    WindowCall,
)
from aurorapy.records import replace as changed
from aurorapy.sql.plan.nodes import SubPlan
from aurorapy.sql.tree import Join, Query, Ref

TRUE = Const(BOOL, value=True)
Change = Callable[[Expr], "Expr | None"]


def parts(expr: Expr) -> Iterator[Expr]:
    """The node and everything below it, queries of SubLinks included."""
    yield expr
    for child in expr.children():
        yield from parts(child)
    kind = type(expr)
    if kind is SubLink:
        for inner in query_expressions(expr.query):
            yield from parts(inner)
    elif kind is Aggregate and expr.order:
        for key in expr.order:
            yield from parts(key.expr)


def query_expressions(query: Query) -> Iterator[Expr]:
    """Every expression of a query, its subqueries in FROM and WITH included."""
    for rte in _rtes(query):
        yield from rte.functions
        for row in rte.values:
            yield from row
        if rte.query is not None:
            yield from query_expressions(rte.query)
    for cte in query.ctes:
        yield from query_expressions(cte.query)
    for item in query.from_:
        yield from _join_expressions(item)
    for single in (query.where, query.having, query.limit, query.offset):
        if single is not None:
            yield single
    for target in (*query.targets, *query.returning):
        yield target.expr
    yield from query.group_by
    yield from query.distinct_on
    yield from query.insert_exprs
    for key in query.order_by:
        yield key.expr
    for window in query.windows:
        yield from window.partition
        yield from (key.expr for key in window.order)
    for _, expr in query.sets:
        yield expr
    conflict = query.on_conflict
    if conflict is not None:
        yield from (expr for _, expr in conflict.sets)
        if conflict.where is not None:
            yield conflict.where


def _rtes(query: Query) -> list[Any]:
    return list(query.rtes.values()) if isinstance(query.rtes, dict) else query.rtes


def _join_expressions(item: Any) -> Iterator[Expr]:
    if isinstance(item, Join):
        yield from _join_expressions(item.left)
        yield from _join_expressions(item.right)
        if item.on is not None:
            yield item.on


def rewrite(expr: Expr, change: Change) -> Expr:
    """A copy in which each topmost node n with change(n) not None is replaced by that."""
    new = change(expr)
    if new is not None:
        return new
    kind = type(expr)
    if kind is Column or kind is Const:
        return expr
    expr = expr.rebuild(lambda child: rewrite(child, change))
    if kind is SubLink:
        expr = changed(expr, query=rewrite_query(expr.query, lambda e: rewrite(e, change)))
    elif kind is Aggregate and expr.order:
        order = tuple(changed(key, expr=rewrite(key.expr, change)) for key in expr.order)
        expr = changed(expr, order=order)
    return expr


def rewrite_query(
    query: Query, each: Callable[[Expr], Expr], inside: Callable[[Query], Query] | None = None
) -> Query:
    """A copy of the query with `each` applied to every expression, in subqueries and WITH too, unless `inside` says what
    becomes of those."""

    def within(inner: Query) -> Query:
        return rewrite_query(inner, each) if inside is None else inside(inner)

    def maybe(expr: Expr | None) -> Expr | None:
        return None if expr is None else each(expr)

    def entry(rte: Any) -> Any:
        if not (rte.functions or rte.values or rte.query is not None):
            return rte
        return changed(
            rte,
            functions=[each(f) for f in rte.functions],
            values=[[each(v) for v in row] for row in rte.values],
            query=None if rte.query is None else within(rte.query),
        )

    conflict = query.on_conflict
    if conflict is not None:
        conflict = changed(conflict, sets=[(n, each(e)) for n, e in conflict.sets], where=maybe(conflict.where))
    rtes = {n: entry(r) for n, r in query.rtes.items()} if isinstance(query.rtes, dict) else [entry(r) for r in query.rtes]
    return changed(
        query,
        rtes=rtes,
        ctes=[changed(c, query=within(c.query)) for c in query.ctes],
        from_=[rewrite_join(item, each) for item in query.from_],
        where=maybe(query.where),
        having=maybe(query.having),
        limit=maybe(query.limit),
        offset=maybe(query.offset),
        targets=[changed(t, expr=each(t.expr)) for t in query.targets],
        returning=[changed(t, expr=each(t.expr)) for t in query.returning],
        group_by=[each(e) for e in query.group_by],
        distinct_on=[each(e) for e in query.distinct_on],
        insert_exprs=[each(e) for e in query.insert_exprs],
        order_by=[changed(k, expr=each(k.expr)) for k in query.order_by],
        windows=[
            changed(w, partition=[each(e) for e in w.partition], order=[changed(k, expr=each(k.expr)) for k in w.order])
            for w in query.windows
        ],
        sets=[(n, each(e)) for n, e in query.sets],
        on_conflict=conflict,
    )


def rewrite_join(item: Any, each: Callable[[Expr], Expr]) -> Any:
    if isinstance(item, Ref):
        return item
    return Join(
        item.kind,
        rewrite_join(item.left, each),
        rewrite_join(item.right, each),
        None if item.on is None else each(item.on),
    )


def own_rels(query: Query) -> set[int]:
    """Relation ids that belong to a numbered query or to anything inside it."""
    found = set(query.rtes)
    for rte in query.rtes.values():
        if rte.query is not None:
            found |= own_rels(rte.query)
    for cte in query.ctes:
        found |= own_rels(cte.query)
    for expr in query_expressions(query):
        for part in shallow_parts(expr):
            if type(part) is SubLink:
                found |= own_rels(part.query)
    return found


def columns_of(expr: Expr) -> set[tuple[int, int]]:
    """(rel, attno) of every column the expression reads from outside itself."""
    found: set[tuple[int, int]] = set()
    _collect(expr, found)
    return found


def _collect(expr: Expr, found: set[tuple[int, int]]) -> None:
    kind = type(expr)
    if kind is Column:
        found.add((expr.rte, expr.attno))
        return
    if kind is Const:
        return
    if kind is SubPlan:
        _collect_subplan(expr, found)
        return
    for child in expr.children():
        _collect(child, found)
    if kind is Aggregate:
        for key in expr.order:
            _collect(key.expr, found)
    elif kind is SubLink:
        inner: set[tuple[int, int]] = set()
        for part in query_expressions(expr.query):
            _collect(part, inner)
        inside = own_rels(expr.query)
        found.update(c for c in inner if c[0] not in inside)


def _collect_subplan(part: SubPlan, found: set[tuple[int, int]]) -> None:
    for expr in (part.test, *part.hash_args):
        if expr is not None:
            _collect(expr, found)
    if part.outer:
        inner = plan_columns(part.plan)
        for target in part.targets:
            _collect(target, inner)
        found.update(c for c in inner if c[0] in part.outer)


def plan_columns(node: Any) -> set[tuple[int, int]]:
    """Every column read anywhere in a plan, its own relations' included."""
    found: set[tuple[int, int]] = set()
    for expr in node.expressions():
        _collect(expr, found)
    for child in node.children():
        found |= plan_columns(child)
    cte = getattr(node, "cte", None)
    if cte is not None and cte.outer:
        found |= outer_columns(cte.node)
    return found


def outer_columns(node: Any) -> set[tuple[int, int]]:
    """Columns that a plan reads from relations which it does not provide itself."""
    inside: set[int] = set()
    _plan_rels(node, inside)
    return {c for c in plan_columns(node) if c[0] not in inside}


def _plan_rels(node: Any, found: set[int]) -> None:
    rel = getattr(node, "rel", None)
    if rel is not None:
        found.add(rel)
    found |= node.rels
    conflict = getattr(node, "conflict", None)
    if conflict is not None:
        found.add(conflict.excluded)
    for child in node.children():
        _plan_rels(child, found)


def rels_of(expr: Expr) -> frozenset[int]:
    return frozenset(rel for rel, _ in columns_of(expr))


def conjuncts(expr: Expr | None) -> list[Expr]:
    """The operands of nested ANDs; [] for none or a constant true."""
    if expr is None or (type(expr) is Const and expr.value is True):
        return []
    if type(expr) is And:
        return [part for arg in expr.args for part in conjuncts(arg)]
    return [expr]


def conjunction(quals: list[Expr]) -> Expr | None:
    if not quals:
        return None
    return quals[0] if len(quals) == 1 else And(BOOL, args=tuple(quals))


def volatility(expr: Expr) -> str:
    """The worst of its functions: i, s or v."""
    worst = "i"
    for part in parts(expr):
        fn = getattr(part, "fn", None)
        grade = fn.volatility if fn is not None else "s" if isinstance(part, SessionValue) else "i"
        if grade == "v":
            return "v"
        if grade == "s":
            worst = "s"
    return worst


def is_volatile(expr: Expr) -> bool:
    return volatility(expr) == "v"


def query_is_volatile(query: Query) -> bool:
    return any(is_volatile(e) for e in query_expressions(query))


def has_set_returning(expr: Expr) -> bool:
    return any(type(p) is Call and p.fn.returns_set for p in shallow_parts(expr))


def has_sublink(expr: Expr) -> bool:
    return any(type(p) in (SubLink, SubPlan) for p in shallow_parts(expr))


def has_aggregate(expr: Expr) -> bool:
    return any(type(p) is Aggregate for p in shallow_parts(expr))


def has_window(expr: Expr) -> bool:
    return any(type(p) is WindowCall for p in shallow_parts(expr))


def shallow_parts(expr: Expr) -> Iterator[Expr]:
    """The node and everything below it, but for the queries of SubLinks."""
    yield expr
    for child in expr.children():
        yield from shallow_parts(child)
    if type(expr) is Aggregate:
        for key in expr.order:
            yield from shallow_parts(key.expr)


def substitute(expr: Expr, pairs: list[tuple[Expr, Expr]]) -> Expr:
    """Replaces every part equal to a pair's first by its second; earlier pairs win."""
    if not pairs:
        return expr

    def change(part: Expr) -> Expr | None:
        for old, new in pairs:
            if part == old:
                return new
        return None

    return rewrite(expr, change)
