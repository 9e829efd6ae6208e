"""Rule: min and max of an indexed column read one end of the index.

    SELECT min(a), max(a) FROM t WHERE c
    →  SELECT (SELECT a FROM t WHERE c AND a IS NOT NULL ORDER BY a LIMIT 1),
              (SELECT a FROM t WHERE c AND a IS NOT NULL ORDER BY a DESC LIMIT 1)

For one table, without GROUP BY, when every aggregate is such a min or max.
"""

from __future__ import annotations

from typing import Any

from aurorapy.expressions.nodes import BOOL, Aggregate, Column, Const, Expr, NullTest, SubLink
from aurorapy.records import replace
from aurorapy.sql.plan.columns import conjunction, conjuncts, has_sublink, is_volatile, parts, rewrite
from aurorapy.sql.tree import Query, Ref, SortKey, Target

INT8 = 20


def extremes_by_index(query: Query, planner: Any) -> Query:
    if not query.has_aggregates or query.group_by or query.grouping_sets or query.windows or len(query.from_) != 1:
        return query
    item = query.from_[0]
    if not isinstance(item, Ref) or query.kind != "select" or query.locks or query.set_op is not None:
        return query
    rte = query.rtes[item.rte]
    where = conjuncts(query.where)
    if rte.kind != "table" or any(is_volatile(q) or has_sublink(q) for q in where):
        return query
    exprs = [t.expr for t in query.targets] + [k.expr for k in query.order_by]
    exprs += [query.having] if query.having is not None else []
    calls = [p for e in exprs for p in parts(e) if type(p) is Aggregate]
    if not calls or len(query.rtes) != 1 or not all(_fits(c, item.rte, rte.relation) for c in calls):
        return query
    known: list[tuple[Aggregate, SubLink]] = []

    def change(part: Expr) -> Expr | None:
        if type(part) is not Aggregate:
            return None
        for call, link in known:
            if call == part:
                return link
        link = SubLink(part.type_oid, part.typmod, 0, "scalar", _end_of_index(part, rte, item.rte, where, planner))
        known.append((part, link))
        return link

    planner.aliases.pop(item.rte, None)  # a subquery that is named twice is planned twice
    return replace(
        query,
        rtes={},
        from_=[],
        where=None if query.having is None else rewrite(query.having, change),
        having=None,
        has_aggregates=False,
        targets=[replace(t, expr=rewrite(t.expr, change)) for t in query.targets],
        order_by=[],
    )


def _fits(call: Aggregate, rel: int, relation: Any) -> bool:
    if call.fn.name not in ("min", "max") or call.filter is not None or call.levels_up or len(call.args) != 1:
        return False
    column = call.args[0]
    if type(column) is not Column or column.rte != rel or column.attno <= 0:
        return False
    return any(i.valid and i.predicate is None and i.columns[0] == column.attno for i in relation.indexes)


def _end_of_index(call: Aggregate, rte: Any, old: int, where: list[Expr], planner: Any) -> Query:
    rel = planner.new_rel()
    entry = replace(rte)
    planner.aliases[rel] = entry
    planner.used_columns |= {(rel, attno) for number, attno in planner.used_columns if number == old}

    def renumber(part: Expr) -> Expr | None:
        return replace(part, rte=rel) if type(part) is Column and part.rte == old else None

    column = rewrite(call.args[0], renumber)
    quals = [rewrite(q, renumber) for q in where]
    quals.append(NullTest(BOOL, arg=column, is_null=False))
    down = call.fn.name == "max"
    return Query(
        "select",
        rtes={rel: entry},
        from_=[Ref(rel)],
        where=conjunction(quals),
        targets=[Target(column, call.fn.name)],
        order_by=[SortKey(column, down, down)],
        limit=Const(INT8, value=1),
    )
