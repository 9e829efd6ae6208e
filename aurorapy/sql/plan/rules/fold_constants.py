"""Rule: compute what is constant already, and simplify AND, OR and NOT around it.

    WHERE 1 + 1 = 2 AND a > 2 * 3     →  WHERE a > 6
    WHERE false AND …                 →  WHERE false

Only immutable functions over constants are computed. An error while doing so (1/0) leaves the expression as it is: it is
an error only if a row gets there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy.expressions.compile import evaluator
from aurorapy.expressions.context import EvalContext
from aurorapy.expressions.nodes import (
    BOOL,
    And,
    ArrayExpr,
    Call,
    Case,
    Coalesce,
    CoerceViaIO,
    Column,
    Const,
    Expr,
    Not,
    NullTest,
    Or,
    Relabel,
    SubLink,
)
from aurorapy.sql.plan.columns import rewrite_query
from aurorapy.sql.tree import Query

# conversions whose text form does not depend on settings: bool, ints, text-likes, oid, numeric, uuid, json
_STABLE_TEXT = frozenset({16, 18, 19, 20, 21, 23, 25, 26, 114, 1042, 1043, 1700, 2950, 705})


def fold_constants(query: Query, planner: Any) -> Query:
    return rewrite_query(query, fold)


def fold(expr: Expr) -> Expr:
    """The expression with its constant parts computed."""
    kind = type(expr)
    if kind is Column or kind is Const:
        return expr
    if kind is SubLink:
        return replace(expr.rebuild(fold), query=rewrite_query(expr.query, fold))
    expr = expr.rebuild(fold)
    simplify = _SIMPLIFY.get(kind)
    return expr if simplify is None else simplify(expr)


def _is_const(expr: Expr | None) -> bool:
    return type(expr) is Const


def _compute(expr: Expr) -> Expr:
    try:
        value = evaluator((expr,))(EvalContext())[0]
    except DatabaseError:
        return expr
    except Exception:  # noqa: BLE001 - whatever it is, it shall happen (and be reported) at execution
        return expr
    return Const(expr.type_oid, expr.typmod, 0, value)


def _call(expr: Call) -> Expr:
    fn = expr.fn
    if fn.returns_set or fn.kind != "f":
        return expr
    if fn.strict and any(_is_const(a) and a.value is None for a in expr.args):
        return Const(expr.type_oid, expr.typmod, 0, None)
    if fn.volatility != "i" or fn.needs_context or not all(_is_const(a) for a in expr.args):
        return expr
    return _compute(expr)


def _relabel(expr: Relabel) -> Expr:
    return Const(expr.type_oid, expr.typmod, 0, expr.arg.value) if _is_const(expr.arg) else expr


def _via_io(expr: CoerceViaIO) -> Expr:
    arg = expr.arg
    if not _is_const(arg):
        return expr
    if arg.value is None:
        return Const(expr.type_oid, expr.typmod, 0, None)
    stable = arg.type_oid in _STABLE_TEXT and expr.type_oid in _STABLE_TEXT
    return _compute(expr) if stable else expr


def _and(expr: And) -> Expr:
    kept: list[Expr] = []
    for arg in expr.args:
        if type(arg) is And:
            kept.extend(arg.args)
        elif not _is_const(arg):
            kept.append(arg)
        elif arg.value is False:
            return arg
        elif arg.value is None:
            kept.append(arg)
    if not kept:
        return Const(BOOL, value=True)
    return kept[0] if len(kept) == 1 else And(BOOL, args=tuple(kept))


def _or(expr: Or) -> Expr:
    kept: list[Expr] = []
    for arg in expr.args:
        if type(arg) is Or:
            kept.extend(arg.args)
        elif not _is_const(arg) or arg.value is None:
            kept.append(arg)
        elif arg.value is True:
            return arg
    if not kept:
        return Const(BOOL, value=False)
    return kept[0] if len(kept) == 1 else Or(BOOL, args=tuple(kept))


def _not(expr: Not) -> Expr:
    arg = expr.arg
    if _is_const(arg):
        return Const(BOOL, value=None if arg.value is None else not arg.value)
    if type(arg) is Not:
        return arg.arg
    if type(arg) is NullTest:
        return NullTest(BOOL, arg=arg.arg, is_null=not arg.is_null)
    return expr


def _null_test(expr: NullTest) -> Expr:
    return Const(BOOL, value=(expr.arg.value is None) == expr.is_null) if _is_const(expr.arg) else expr


def _coalesce(expr: Coalesce) -> Expr:
    args = [a for a in expr.args if not (_is_const(a) and a.value is None)]
    if not args:
        return Const(expr.type_oid, expr.typmod, 0, None)
    if _is_const(args[0]) or len(args) == 1:
        return args[0]
    return expr


def _case(expr: Case) -> Expr:
    if expr.operand is not None or not expr.whens:
        return expr
    first = expr.whens[0]
    if _is_const(first) and first.value is True:
        return expr.thens[0]
    return expr


def _array(expr: ArrayExpr) -> Expr:
    return _compute(expr) if expr.items and all(_is_const(i) for i in expr.items) else expr


_SIMPLIFY = {
    Call: _call, Relabel: _relabel, CoerceViaIO: _via_io, And: _and, Or: _or, Not: _not, NullTest: _null_test,
    Coalesce: _coalesce, Case: _case, ArrayExpr: _array,
}  # fmt: skip
