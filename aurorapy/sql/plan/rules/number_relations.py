"""Rule: give every range-table entry of the whole statement an id of its own, and settle what WITH queries become.

Afterwards `Query.rtes` is a dict from relation id to entry, Columns have no levels, positions are gone (so equal
expressions compare equal); `planner.whole_rows` says what a whole-row reference consists of. A WITH query that is read once, is not volatile and
was not declared MATERIALIZED becomes a subquery in FROM; the others become a `CteState` that the entries share.

    SELECT (SELECT max(u.x) FROM u WHERE u.y = t.y) FROM t     t is relation 0, u is 1; u.y = (0, 2)
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import InternalError
from aurorapy.expressions.nodes import Aggregate, Column, Const, Expr, RowExpr, SubLink
from aurorapy.records import dataclass, replace
from aurorapy.sql.plan.columns import query_is_volatile, rewrite_query
from aurorapy.sql.tree import Cte, Join, Query, Ref


@dataclass(slots=True, eq=False)
class CteState:
    """A WITH query that is computed once. `level` is the stack it was found in; `plan` is made when first needed."""

    cte: Cte
    query: Query | None = None
    numbering: bool = False
    recursive: bool = False
    plan: Any = None


@dataclass(slots=True, eq=False)
class Level:
    """One query on the way down: its entries' ids and its WITH queries by name."""

    ids: list[int]
    rtes: list[Any]
    ctes: dict[str, CteState]


def number_relations(query: Query, planner: Any) -> Query:
    return _number(query, planner, ())


def _number(query: Query, planner: Any, outer: tuple[Level, ...]) -> Query:
    ids = [planner.new_rel() for _ in query.rtes]
    level = Level(ids, query.rtes, {cte.name: CteState(cte) for cte in query.ctes})
    stack = (*outer, level)

    def each(expr: Expr) -> Expr:
        return _expression(expr, planner, stack)

    for cte in query.ctes:
        if cte.query.kind != "select" or cte.recursive or cte.materialized:
            _settle(level.ctes[cte.name], planner, stack)
    rtes = {}
    for rel, rte in zip(ids, query.rtes):
        planner.aliases[rel] = rte
        rtes[rel] = _entry(rel, rte, planner, stack, each)
        planner.aliases[rel] = rtes[rel]
    bare = rewrite_query(replace(query, rtes={}, ctes=[]), each)
    conflict = bare.on_conflict
    if conflict is not None and conflict.excluded_rte >= 0:
        conflict = replace(conflict, excluded_rte=ids[conflict.excluded_rte])
    return replace(
        bare,
        rtes=rtes,
        from_=[_join(item, ids) for item in bare.from_],
        set_op=None if query.set_op is None else _set_op(query.set_op, ids),
        locks=[replace(lock, rtes=[ids[r] for r in lock.rtes]) for lock in query.locks],
        target_rte=ids[query.target_rte] if query.target_rte >= 0 else -1,
        source_rte=ids[query.source_rte] if query.source_rte >= 0 else -1,
        on_conflict=conflict,
    )


def _join(item: Any, ids: list[int]) -> Any:
    if isinstance(item, Ref):
        return Ref(ids[item.rte])
    return Join(item.kind, _join(item.left, ids), _join(item.right, ids), item.on)


def _set_op(item: Any, ids: list[int]) -> Any:
    if isinstance(item, Ref):
        return Ref(ids[item.rte])
    return replace(item, left=_set_op(item.left, ids), right=_set_op(item.right, ids))


def _entry(rel: int, rte: Any, planner: Any, stack: tuple[Level, ...], each: Any) -> Any:
    if rte.kind == "subquery":
        return replace(rte, query=_number(rte.query, planner, stack))
    if rte.kind == "function":
        return replace(rte, functions=[each(f) for f in rte.functions])
    if rte.kind == "values":
        return replace(rte, values=[[each(v) for v in row] for row in rte.values])
    if rte.kind == "cte":
        return _cte_entry(rel, rte, planner, stack)
    return replace(rte)


def _cte_entry(rel: int, rte: Any, planner: Any, stack: tuple[Level, ...]) -> Any:
    depth = len(stack) - 1 - rte.cte_levels_up
    while depth >= 0 and rte.cte not in stack[depth].ctes:
        depth -= 1
    if depth < 0:
        raise InternalError(f'WITH query "{rte.cte}" not found')
    state = stack[depth].ctes[rte.cte]
    if state.numbering:
        planner.cte_of[rel] = (state, True)
        state.recursive = True
        return replace(rte)
    cte = state.cte
    wanted = cte.materialized is False or (cte.materialized is None and cte.references == 1)
    plain = cte.query.kind in ("select", "values") and not cte.query.locks
    if wanted and state.query is None and plain and not cte.recursive and not query_is_volatile(cte.query):
        return replace(rte, kind="subquery", query=_number(cte.query, planner, stack[: depth + 1]), cte="")
    if state.query is None:
        _settle(state, planner, stack[: depth + 1])
    planner.cte_of[rel] = (state, False)
    return replace(rte)


def _settle(state: CteState, planner: Any, stack: tuple[Level, ...]) -> None:
    state.numbering = True
    state.query = _number(state.cte.query, planner, stack)
    state.numbering = False
    planner.cte_states.append(state)


def _expression(expr: Expr, planner: Any, stack: tuple[Level, ...]) -> Expr:
    kind = type(expr)
    if kind is Column:
        level = stack[len(stack) - 1 - expr.levels_up]
        if expr.attno == 0:
            _note_whole_row(expr, level, planner)
        return Column(expr.type_oid, expr.typmod, 0, level.ids[expr.rte], expr.attno, 0, expr.name, expr.collation)
    if kind is Const:
        return Const(expr.type_oid, expr.typmod, 0, expr.value) if expr.position else expr
    if kind is SubLink and id(expr) in planner.numbered:
        return planner.numbered[id(expr)][1]
    new = expr.rebuild(lambda child: _expression(child, planner, stack))
    if kind is SubLink:
        new = replace(new, query=_number(expr.query, planner, stack), position=0)
        planner.numbered[id(expr)] = (expr, new)
        return new
    if kind is Aggregate and expr.order:
        order = tuple(replace(k, expr=_expression(k.expr, planner, stack)) for k in expr.order)
        return replace(new, order=order, position=0)
    return replace(new, position=0) if new.position else new


def _note_whole_row(expr: Column, level: Level, planner: Any) -> None:
    """Says what columns the row as a whole (attno 0) is made of."""
    rte = level.rtes[expr.rte]
    rel = level.ids[expr.rte]
    items, names = [], []
    for i, (name, oid, typmod) in enumerate(zip(rte.columns, rte.type_oids, rte.typmods)):
        if rte.relation is not None and rte.relation.columns[i].dropped:
            continue
        items.append(Column(oid, typmod, 0, rel, i + 1, 0, name))
        names.append(name)
    planner.whole_rows[rel] = RowExpr(expr.type_oid, -1, 0, tuple(items), tuple(names))
