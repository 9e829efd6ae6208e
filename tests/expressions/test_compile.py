"""The shape of emitted source: what is inlined, what is tested for NULL, what stops early, how deep it may nest."""

from __future__ import annotations

import pytest

from aurorapy.errors import DataError
from aurorapy.expressions import nodes as n
from aurorapy.expressions import registry
from aurorapy.expressions.compile import as_callable, emit, emit_condition, evaluator, fold
from aurorapy.expressions.context import EvalContext
from aurorapy.expressions.ordering import compare, equality_key, sort_key
from aurorapy.expressions.scope import Scope
from aurorapy.types.values import Array

INT4 = 23


def fn(op: str, left: int = INT4, right: int = INT4) -> registry.Function:
    return registry.operator_exact(op, left, right).fn


def slot(index: int, oid: int = INT4) -> n.Expr:
    return n.InputSlot(oid, index=index)


def const(value: int) -> n.Expr:
    return n.Const(INT4, value=value)


def call(op: str, *args: n.Expr) -> n.Expr:
    f = fn(op)
    return n.Call(f.ret_oid, fn=f, args=args, op=op)


def known(node: n.Expr):
    return f"x{node.index}", False


def unknown(node: n.Expr):
    return f"x{node.index}", True


def test_comparison_of_known_columns_is_plain_python() -> None:
    assert emit(call("<", slot(0), slot(1)), Scope(known)) == "(x0 < x1)"
    assert emit_condition(call("=", slot(0), const(5)), Scope(unknown)) == "(x0 is not None and (x0 == 5))"


def test_arithmetic_is_inlined_with_its_range_check() -> None:
    source = emit(call(">", call("+", slot(0), slot(1)), const(5)), Scope(known))
    assert "int4_range()" in source and "None" not in source
    run = evaluator([call("+", slot(0), slot(1))])
    assert run(None, (), (2, 3)) == (5,)
    with pytest.raises(DataError, match="integer out of range"):
        run(None, (), (2**31 - 1, 1))


def test_constants_in_a_list_become_a_set() -> None:
    items = n.ArrayExpr(1007, items=tuple(const(i) for i in range(10)), elem_oid=INT4)
    scope = Scope(known)
    source = emit(n.ScalarArrayOp(16, fn=fn("="), left=slot(0), array=items), scope)
    assert " in _k" in source
    assert any(isinstance(v, frozenset) for v in scope.globals.values())


def test_case_and_coalesce_evaluate_only_what_they_need() -> None:
    bad = call("/", const(1), const(0))
    case = n.Case(INT4, whens=(n.Const(16, value=True), call("=", bad, const(1))), thens=(const(1), bad), otherwise=bad)
    assert evaluator([case])(None) == (1,)
    assert evaluator([n.Coalesce(INT4, args=(const(1), bad))])(None) == (1,)
    stop = n.And(16, args=(n.Const(16, value=False), call("=", bad, const(1))))
    assert evaluator([stop])(None) == (False,)


def test_case_operand_is_evaluated_once() -> None:
    calls = []
    probe = registry.Function(0, "probe", (), INT4, volatility="v", call=lambda: calls.append(1) or 3)
    test = n.CaseTest(INT4)
    case = n.Case(
        INT4, operand=n.Call(INT4, fn=probe), whens=(call("=", test, const(1)), call("=", test, const(3))),
        thens=(const(10), const(30)),
    )  # fmt: skip
    assert evaluator([case])(None) == (30,)
    assert len(calls) == 1


@pytest.mark.parametrize("nullable", [True, False])
def test_deep_nesting(nullable: bool) -> None:
    expr: n.Expr = slot(0)
    for _ in range(150):
        expr = call("+", expr, const(1))
    scope = Scope(unknown if nullable else known)
    exec(f"def f(ctx, x0): return {emit(expr, scope)}", scope.globals)
    assert scope.globals["f"](None, 1) == 151
    if nullable:
        assert scope.globals["f"](None, None) is None


def test_fold() -> None:
    folded = fold(call("+", const(1), call("*", const(2), const(3))))
    assert isinstance(folded, n.Const) and folded.value == 7
    failing = fold(call("/", const(1), const(0)))
    assert isinstance(failing, n.Call)
    half = fold(call("+", slot(0), call("+", const(1), const(2))))
    assert isinstance(half.args[1], n.Const)


def test_needs_context() -> None:
    now = registry.functions_named("now")[0]
    assert evaluator([n.Call(1184, fn=now)])(EvalContext(transaction_us=5)) == (5,)


def test_as_callable() -> None:
    assert as_callable(fn("<"))(1, 2) is True
    assert as_callable(fn("=", 701, 701))(float("nan"), float("nan")) is True


def test_ordering_keys() -> None:
    assert sort_key(25) is None
    assert compare(701, float("nan"), float("inf")) == 1
    assert compare(1042, "a  ", "a") == 0
    assert equality_key(3802)('{"a": 1.0}') == equality_key(3802)('{"a": 1.00}')
    assert compare(1007, Array.of([1, None], 23), Array.of([1, 5], 23)) == 1
