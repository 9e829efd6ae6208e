"""Rule: an outer join becomes an inner one when a condition above it cannot hold for the rows it would add.

    t LEFT JOIN u ON … WHERE u.x > 1       →  t JOIN u ON … WHERE u.x > 1      (NULL > 1 is not true)

A condition counts when it is strict in a column of the nullable side.
"""

from __future__ import annotations

from typing import Any

from aurorapy.expressions.nodes import And, BooleanTest, Call, CoerceViaIO, Column, Expr, NullTest, Or, Relabel, ScalarArrayOp
from aurorapy.records import replace
from aurorapy.sql.plan.columns import conjuncts
from aurorapy.sql.tree import Join, Query, Ref


def reduce_outer_joins(query: Query, planner: Any) -> Query:
    if not any(_has_outer(item) for item in query.from_):
        return query
    forced = forced_rels(conjuncts(query.where))
    return replace(query, from_=[_reduce(item, forced) for item in query.from_])


def _has_outer(item: Any) -> bool:
    if isinstance(item, Ref):
        return False
    return item.kind in ("left", "right", "full") or _has_outer(item.left) or _has_outer(item.right)


def tree_rels(item: Any) -> set[int]:
    return {item.rte} if isinstance(item, Ref) else tree_rels(item.left) | tree_rels(item.right)


def _reduce(item: Any, forced: set[int]) -> Any:
    if isinstance(item, Ref):
        return item
    kind = item.kind
    left_forced, right_forced = bool(tree_rels(item.left) & forced), bool(tree_rels(item.right) & forced)
    if kind == "full":
        kind = {(True, True): "inner", (True, False): "left", (False, True): "right"}.get((left_forced, right_forced), kind)
    elif (kind == "left" and right_forced) or (kind == "right" and left_forced):
        kind = "inner"
    on = forced_rels(conjuncts(item.on))
    below_left = forced if kind in ("left", "inner", "cross", "semi", "anti") else set()
    below_right = forced if kind in ("right", "inner", "cross") else set()
    if kind in ("inner", "semi"):
        below_left = below_left | on
        below_right = below_right | on
    elif kind in ("left", "anti"):
        below_right = below_right | on
    elif kind == "right":
        below_left = below_left | on
    return Join(kind, _reduce(item.left, below_left), _reduce(item.right, below_right), item.on)


def forced_rels(quals: list[Expr]) -> set[int]:
    """Relations that cannot be all NULL when all of `quals` are true."""
    found: set[int] = set()
    for qual in quals:
        found |= _condition(qual)
    return found


def _condition(qual: Expr) -> set[int]:
    kind = type(qual)
    if kind is And:
        return set().union(*(_condition(a) for a in qual.args))
    if kind is Or:
        return set.intersection(*(_condition(a) for a in qual.args))
    if kind is NullTest:
        return set() if qual.is_null else _strict(qual.arg)
    if kind is BooleanTest:
        return _strict(qual.arg) if qual.truth is not None and not qual.negated else set()
    return _strict(qual)


def _strict(expr: Expr) -> set[int]:
    """Relations whose being NULL makes the expression NULL."""
    kind = type(expr)
    if kind is Column:
        return {expr.rte}
    if kind is Call and expr.fn.strict and not expr.fn.returns_set:
        return set().union(*(_strict(a) for a in expr.args)) if expr.args else set()
    if kind in (Relabel, CoerceViaIO):
        return _strict(expr.arg)
    if kind is ScalarArrayOp and expr.any and expr.fn.strict:
        return _strict(expr.left)
    return set()
