"""Rule: compute what is constant already, and simplify AND, OR, CASE and COALESCE around it.

    WHERE 1 + 1 = 2 AND a > 2 * 3     →  WHERE a > 6
    WHERE false AND …                 →  WHERE false
    CASE WHEN true THEN a ELSE 1/0 END →  a

Only immutable functions over constants are computed; arguments that AND, OR, CASE and COALESCE never get to are not. An
error while computing (1/0) leaves the expression as it is here, because a later rule may drop it; `raise_errors` computes
what is left of a query level just before it is planned, and there the error is the statement's, as in PostgreSQL, before
a row is read.
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, FatalError, QueryCanceled
from aurorapy.expressions.compile import evaluator
from aurorapy.expressions.context import EvalContext
from aurorapy.expressions.nodes import (
    BOOL,
    And,
    ArrayExpr,
    Call,
    Case,
    CaseTest,
    Coalesce,
    CoerceViaIO,
    Column,
    Const,
    Expr,
    Not,
    NullTest,
    Or,
    Param,
    Relabel,
    SubLink,
)
from aurorapy.records import replace
from aurorapy.sql.plan.columns import rewrite_query
from aurorapy.sql.tree import Query
from aurorapy.types.values import Array

# conversions whose text form does not depend on settings: bool, ints, text-likes, oid, numeric, uuid, json
_STABLE_TEXT = frozenset({16, 18, 19, 20, 21, 23, 25, 26, 114, 1042, 1043, 1700, 2950, 705})


def fold_constants(query: Query, planner: Any) -> Query:
    return rewrite_query(query, _Folder(planner).fold)


def raise_errors(query: Query, planner: Any) -> None:
    """Raises what a constant part of this level raises; subqueries have their turn when they are planned."""
    if not planner.constants_failed:
        return
    rtes = {n: replace(rte, query=None) if rte.query is not None else rte for n, rte in query.rtes.items()}
    rewrite_query(replace(query, rtes=rtes, ctes=[]), _Folder(planner, strict=True).fold)


class _Folder:
    """`strict` raises errors and stays on its query level."""

    def __init__(self, planner: Any, strict: bool = False) -> None:
        self._planner = planner
        self._strict = strict
        self._case_value: Const | None = None  # of the CASE whose WHENs are being folded, if it is constant
        self._calls: dict[tuple, Any] = {}  # calls alike but for their constants, compiled: thousands of rows of VALUES

    def fold(self, expr: Expr) -> Expr:
        """The expression with its constant parts computed."""
        kind = type(expr)
        if kind is Column or kind is Const:
            return expr
        in_order = _IN_ORDER.get(kind)
        if in_order is not None:
            return in_order(self, expr)
        if kind is CaseTest:
            return self._case_value or expr
        if kind is SubLink:
            folded = expr.rebuild(self.fold)
            return folded if self._strict else replace(folded, query=rewrite_query(expr.query, self.fold))
        expr = expr.rebuild(self.fold)
        simplify = _SIMPLIFY.get(kind)
        return expr if simplify is None else simplify(self, expr)

    def compute(self, expr: Expr) -> Expr:
        evaluation = self._planner.evaluation or EvalContext()
        try:
            value = self._value(expr, evaluation)
        except (QueryCanceled, FatalError):
            raise
        except DatabaseError:
            if self._strict:
                raise
            self._planner.constants_failed = True
            return expr
        except Exception:  # noqa: BLE001 - whatever it is, it shall happen (and be reported) at execution
            return expr
        return Const(expr.type_oid, expr.typmod, 0, value)


    def _value(self, expr: Expr, evaluation: EvalContext) -> Any:
        """Of an expression over constants. The second call of a kind is compiled over parameters, for all that follow."""
        if type(expr) is not Call or any(type(arg) is not Const for arg in expr.args):
            return evaluator((expr,))(evaluation)[0]
        key = (id(expr.fn), expr.type_oid, expr.typmod, expr.op_oid, expr.form, expr.variadic,
               *((a.type_oid, a.typmod) for a in expr.args))  # fmt: skip
        if key not in self._calls:
            self._calls[key] = expr.fn, None  # its id stays its own
            return evaluator((expr,))(evaluation)[0]
        compiled = self._calls[key][1]
        if compiled is None:
            args = tuple(Param(a.type_oid, a.typmod, 0, i) for i, a in enumerate(expr.args, 1))
            compiled = evaluator((replace(expr, args=args),))
            self._calls[key] = expr.fn, compiled
        return compiled(evaluation, [arg.value for arg in expr.args])[0]


def _is_const(expr: Expr | None) -> bool:
    return type(expr) is Const


def _call(folder: _Folder, expr: Call) -> Expr:
    fn = expr.fn
    if fn.returns_set or fn.kind != "f":
        return expr
    if fn.strict and any(_is_const(a) and a.value is None for a in expr.args):
        return Const(expr.type_oid, expr.typmod, 0, None)
    if fn.volatility != "i" or not all(_is_const(a) for a in expr.args):
        return expr
    return folder.compute(expr)


def _relabel(folder: _Folder, expr: Relabel) -> Expr:
    return Const(expr.type_oid, expr.typmod, 0, expr.arg.value) if _is_const(expr.arg) else expr


def _via_io(folder: _Folder, expr: CoerceViaIO) -> Expr:
    arg = expr.arg
    if not _is_const(arg):
        return expr
    if arg.value is None:
        return Const(expr.type_oid, expr.typmod, 0, None)
    stable = arg.type_oid in _STABLE_TEXT and expr.type_oid in _STABLE_TEXT
    return folder.compute(expr) if stable else expr


def _and(folder: _Folder, expr: And) -> Expr:
    kept: list[Expr] = []
    if not _collect(folder, expr.args, And, False, kept):
        return Const(BOOL, value=False)
    if not kept:
        return Const(BOOL, value=True)
    return kept[0] if len(kept) == 1 else And(BOOL, args=tuple(kept))


def _or(folder: _Folder, expr: Or) -> Expr:
    kept: list[Expr] = []
    if not _collect(folder, expr.args, Or, True, kept):
        return Const(BOOL, value=True)
    if not kept:
        return Const(BOOL, value=False)
    return kept[0] if len(kept) == 1 else Or(BOOL, args=tuple(kept))


def _collect(folder: _Folder, args: tuple[Expr, ...], kind: type, decides: bool, kept: list[Expr]) -> bool:
    """Arguments that matter, flattened, into `kept`; False as soon as one decides the whole."""
    for arg in args:
        if type(arg) is kind:
            if not _collect(folder, arg.args, kind, decides, kept):
                return False
            continue
        arg = folder.fold(arg)
        if type(arg) is kind:
            kept.extend(arg.args)
        elif not _is_const(arg) or arg.value is None:
            kept.append(arg)
        elif arg.value is decides:
            return False
    return True


def _not(folder: _Folder, expr: Not) -> Expr:
    arg = expr.arg
    if _is_const(arg):
        return Const(BOOL, value=None if arg.value is None else not arg.value)
    if type(arg) is Not:
        return arg.arg
    if type(arg) is NullTest:
        return NullTest(BOOL, arg=arg.arg, is_null=not arg.is_null)
    return expr


def _null_test(folder: _Folder, expr: NullTest) -> Expr:
    return Const(BOOL, value=(expr.arg.value is None) == expr.is_null) if _is_const(expr.arg) else expr


def _coalesce(folder: _Folder, expr: Coalesce) -> Expr:
    args: list[Expr] = []
    for arg in expr.args:
        arg = folder.fold(arg)
        if not _is_const(arg):
            args.append(arg)
        elif arg.value is not None:
            args.append(arg)
            break
    if not args:
        return Const(expr.type_oid, expr.typmod, 0, None)
    return args[0] if len(args) == 1 else replace(expr, args=tuple(args))


def _case(folder: _Folder, expr: Case) -> Expr:
    operand = None if expr.operand is None else folder.fold(expr.operand)
    outer, folder._case_value = folder._case_value, operand if _is_const(operand) else None
    try:
        whens, thens, otherwise = _branches(folder, expr)
    finally:
        folder._case_value = outer
    if not whens:
        return Const(expr.type_oid, expr.typmod, 0, None) if otherwise is None else otherwise
    return replace(expr, operand=operand, whens=tuple(whens), thens=tuple(thens), otherwise=otherwise)


def _branches(folder: _Folder, expr: Case) -> tuple[list[Expr], list[Expr], Expr | None]:
    """The branches that can be reached."""
    whens, thens = [], []
    for when, then in zip(expr.whens, expr.thens):
        when = folder.fold(when)
        if _is_const(when):
            if when.value is True:
                return whens, thens, folder.fold(then)
            continue
        whens.append(when)
        thens.append(folder.fold(then))
    return whens, thens, None if expr.otherwise is None else folder.fold(expr.otherwise)


def _array(folder: _Folder, expr: ArrayExpr) -> Expr:
    if not expr.items or not all(_is_const(i) for i in expr.items):
        return expr
    if expr.multidim:
        return folder.compute(expr)
    value = Array(tuple(i.value for i in expr.items), (len(expr.items),), (1,), expr.elem_oid)
    return Const(expr.type_oid, expr.typmod, 0, value)


_SIMPLIFY = {Call: _call, Relabel: _relabel, CoerceViaIO: _via_io, Not: _not, NullTest: _null_test, ArrayExpr: _array}
#: those that do not always get to all of their arguments fold them one by one
_IN_ORDER = {And: _and, Or: _or, Coalesce: _coalesce, Case: _case}
