"""The check behind GROUP BY: outside aggregates, only grouped expressions and what they determine.

A column is determined by the group when its table's whole primary key is grouped.

Errors: 42803, at the column.

Not here: building the groups (`select`).
"""

from __future__ import annotations

from typing import Any, Iterator

from aurorapy.errors import DatabaseError
from aurorapy.expressions import nodes as n
from aurorapy.sql.bind.scope import outward
from aurorapy.sql.bind.types import same
from aurorapy.sql.tree import Join, Query


def check_grouping(query: Query, binder: Any, having: bool = False) -> None:
    """Raises 42803 for the first ungrouped column of a query that groups."""
    if not (query.has_aggregates or query.group_by or query.grouping_sets or having):
        return
    checker = _Checker(query)
    for target in query.targets:
        checker.check(target.expr, 0)
    if query.having is not None:
        checker.check(query.having, 0)
    for key in query.order_by:
        checker.check(key.expr, 0)
    for expr in query.distinct_on:
        checker.check(expr, 0)
    for window in query.windows:
        for expr in (*window.partition, *(k.expr for k in window.order)):
            checker.check(expr, 0)


class _Checker:
    def __init__(self, query: Query) -> None:
        self.query = query
        common = query.group_by
        if query.grouping_sets:
            everywhere = set.intersection(*(set(s) for s in query.grouping_sets))
            common = [e for i, e in enumerate(query.group_by) if i in everywhere]
        self.groups = query.group_by
        self.determined = {rte for rte in range(len(query.rtes)) if self._keyed(rte, common)}

    def _keyed(self, rte: int, groups: list[n.Expr]) -> bool:
        relation = self.query.rtes[rte].relation
        if relation is None:
            return False
        key = next((i for i in relation.indexes if i.primary), None)
        if key is None:
            return False
        grouped = {g.attno for g in groups if isinstance(g, n.Column) and g.rte == rte and g.levels_up == 0}
        return set(key.columns[: key.key_count or None]) <= grouped

    def check(self, expr: n.Expr, depth: int) -> None:
        if any(same(expr, outward(g, depth)) for g in self.groups):
            return
        if isinstance(expr, n.Grouping):
            self.check_grouped(expr, depth)
            return
        if isinstance(expr, n.Aggregate) and expr.levels_up == depth:
            for direct in expr.direct:
                self.check(direct, depth)
            return
        if isinstance(expr, n.Column):
            if expr.levels_up == depth and expr.rte not in self.determined:
                self.refuse(expr, depth)
            return
        if isinstance(expr, n.SubLink):
            if expr.test is not None:
                self.check(expr.test, depth)
            for inner in query_expressions(expr.query):
                self.check(inner, depth + 1)
            return
        for child in expr.children():
            self.check(child, depth)
        if isinstance(expr, n.Aggregate):
            for key in expr.order:
                self.check(key.expr, depth)

    def check_grouped(self, call: n.Grouping, depth: int) -> None:
        """GROUPING's arguments are grouping expressions, nothing else."""
        for arg in call.args:
            if not any(same(arg, outward(g, depth)) for g in self.groups):
                raise DatabaseError(
                    "arguments to GROUPING must be grouping expressions of the associated query level", sqlstate="42803",
                    position=arg.position,
                )  # fmt: skip

    def refuse(self, column: n.Column, depth: int) -> None:
        rte = self.query.rtes[column.rte]
        name = rte.columns[column.attno - 1] if column.attno > 0 else column.name
        full = f"{rte.alias}.{name}"
        if column.attno == 0:
            full = f"{rte.alias}.*"
        if depth:
            message = f'subquery uses ungrouped column "{full}" from outer query'
        else:
            message = f'column "{full}" must appear in the GROUP BY clause or be used in an aggregate function'
        raise DatabaseError(message, sqlstate="42803", position=column.position)


def query_expressions(query: Query) -> Iterator[n.Expr]:
    """Every expression of a query, those of its subqueries in FROM and WITH excluded but for lateral ones' levels."""
    yield from (t.expr for t in query.targets)
    yield from (t.expr for t in query.returning)
    for single in (query.where, query.having, query.limit, query.offset):
        if single is not None:
            yield single
    yield from query.group_by
    yield from query.distinct_on
    yield from (k.expr for k in query.order_by)
    yield from (e for _, e in query.sets)
    yield from query.insert_exprs
    for window in query.windows:
        yield from window.partition
        yield from (k.expr for k in window.order)
    for item in query.from_:
        yield from _join_conditions(item)
    for rte in query.rtes:
        yield from rte.functions
        for row in rte.values:
            yield from row
        if rte.query is not None:
            # one level further in; wrapped so that walkers count it
            yield n.SubLink(16, -1, 0, "exists", rte.query)
    for cte in query.ctes:
        yield n.SubLink(16, -1, 0, "exists", cte.query)


def _join_conditions(item: Any) -> Iterator[n.Expr]:
    if isinstance(item, Join):
        yield from _join_conditions(item.left)
        yield from _join_conditions(item.right)
        if item.on is not None:
            yield item.on
