"""Three-valued logic, exhaustively: every operand known to be not NULL, or not known; as value and as condition."""

from __future__ import annotations

from itertools import product

import pytest

from aurorapy.expressions import nodes as n
from aurorapy.expressions import registry
from aurorapy.expressions.compile import emit, emit_condition
from aurorapy.expressions.scope import Scope

BOOL, INT4 = 16, 23
VALUES = (True, False, None)


def run(expr: n.Expr, values: tuple, nullable: bool = True, condition: bool = False):
    """The expression over slots a0, a1, ... holding `values`."""
    scope = Scope(leaf=lambda node: (f"a{node.index}", nullable))
    source = (emit_condition if condition else emit)(expr, scope)
    names = ", ".join(f"a{i}" for i in range(len(values)))
    exec(f"def f(ctx, {names}): return {source}", scope.globals)
    return scope.globals["f"](None, *values)


def slots(count: int, oid: int = BOOL) -> tuple[n.Expr, ...]:
    return tuple(n.InputSlot(oid, index=i) for i in range(count))


def sql_and(values):
    return False if False in values else None if None in values else True


def sql_or(values):
    return True if True in values else None if None in values else False


@pytest.mark.parametrize("count", [2, 3])
def test_and_or(count: int) -> None:
    for values in product(VALUES, repeat=count):
        for node, truth in ((n.And, sql_and), (n.Or, sql_or)):
            expr = node(BOOL, args=slots(count))
            assert run(expr, values) is truth(values)
            assert bool(run(expr, values, condition=True)) is (truth(values) is True)
            if None not in values:
                assert run(expr, values, nullable=False) is truth(values)


def test_not_and_tests() -> None:
    a = slots(1)[0]
    for value in VALUES:
        assert run(n.Not(BOOL, arg=a), (value,)) is (None if value is None else not value)
        assert bool(run(n.Not(BOOL, arg=a), (value,), condition=True)) is (value is False)
        for is_null in (True, False):
            assert run(n.NullTest(BOOL, arg=a, is_null=is_null), (value,)) is ((value is None) is is_null)
        for truth, negated in product(VALUES, (True, False)):
            assert run(n.BooleanTest(BOOL, arg=a, truth=truth, negated=negated), (value,)) is ((value is truth) is not negated)


def test_nested_logic() -> None:
    a, b, c = slots(3)
    expr = n.Or(BOOL, args=(n.And(BOOL, args=(a, n.Not(BOOL, arg=b))), c))
    for x, y, z in product(VALUES, repeat=3):
        want = sql_or((sql_and((x, None if y is None else not y)), z))
        assert run(expr, (x, y, z)) is want
        assert bool(run(expr, (x, y, z), condition=True)) is (want is True)


def test_comparison_distinct_and_in() -> None:
    equals = registry.operator_exact("=", INT4, INT4).fn
    a, b = slots(2, INT4)
    for x, y in product((1, 2, None), repeat=2):
        same = None if x is None or y is None else x == y
        assert run(n.Call(BOOL, fn=equals, args=(a, b)), (x, y)) is same
        assert run(n.DistinctFrom(BOOL, left=a, right=b, equals=equals), (x, y)) is (x != y)
        assert run(n.DistinctFrom(BOOL, left=a, right=b, equals=equals, negated=True), (x, y)) is (x == y)
        assert run(n.NullIf(INT4, left=a, right=b, equals=equals), (x, y)) == (None if same else x)
        assert run(n.Coalesce(INT4, args=(a, b)), (x, y)) == (x if x is not None else y)


@pytest.mark.parametrize("members", [(1,), (1, 2), (1, None), (None,), (1, 2, 3, 4, 5, 6), (1, 2, 3, 4, 5, None), ()])
def test_any_and_all(members: tuple) -> None:
    equals, differs = (registry.operator_exact(op, INT4, INT4).fn for op in ("=", "<>"))
    a = slots(1, INT4)[0]
    array = n.ArrayExpr(1007, items=tuple(n.Const(INT4, value=m) for m in members), elem_oid=INT4)
    computed = n.ArrayExpr(1007, items=tuple(n.Coalesce(INT4, args=(n.Const(INT4, value=m),)) for m in members), elem_oid=INT4)
    for value in (1, 9, None):
        found = [None if m is None or value is None else m == value for m in members]
        for items in (array, computed):
            assert run(n.ScalarArrayOp(BOOL, fn=equals, any=True, left=a, array=items), (value,)) is sql_or(found)
            want = sql_and([None if f is None else not f for f in found])
            assert run(n.ScalarArrayOp(BOOL, fn=differs, op="<>", any=False, left=a, array=items), (value,)) is want
