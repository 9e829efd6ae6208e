"""From typed expressions to Python source.

Every node becomes one Python expression; NULL is None, booleans are bools. What is known not to be NULL is not tested,
comparisons and integer arithmetic are inlined, everything else is a call of the registry's function.

    a + b > 5 over int4 columns x (never NULL) and y:
    (None if y is None else (_t1 if -2147483648 <= (_t1 := x + y) <= 2147483647 else int4_overflow()) > 5)

AND, OR, CASE and COALESCE stop where PostgreSQL stops; a strict function is not called with a NULL.

    emit(expr, scope) -> str                source of the value
    emit_nullable(expr, scope) -> (str, bool)   and whether it may be NULL
    emit_set(call, scope) -> str            an iterable of the rows of a set-returning call
    emit_condition(expr, scope) -> str      for WHERE: true, or something false (NULL counts as false)
    evaluator(exprs) -> callable            fn(ctx, params=(), row=()) -> tuple of values
    fold(expr, ctx) -> Expr                 immutable calls over constants become constants
    as_callable(fn, types) -> callable      the registry function itself as plain Python

Errors: those of the functions, when the code runs. Set-returning calls and SubLinks without a callback raise
FeatureNotSupported or InternalError when emitted.

Not here: leaves and subqueries (the caller's Scope), types chosen for operators (`sql.bind`).
"""

from __future__ import annotations

import re
from typing import Any, Callable, Sequence

from aurorapy.errors import DatabaseError, FeatureNotSupported, InternalError
from aurorapy.expressions import nodes as n
from aurorapy.expressions import assignment as _assignment  # noqa: F401  (registers what SET a[i] = x calls)
from aurorapy.expressions import registry, runtime
from aurorapy.expressions.registry import CallTypes, Function
from aurorapy.expressions.scope import Scope, Source
from aurorapy.expressions.typeoids import INT4, OID, REG_TYPES, TEXT, UNKNOWN, VARCHAR
from aurorapy.types.values import record_named

_ATOM = re.compile(r"[A-Za-z_]\w*\Z")
_HOLE = re.compile(r"\{(\d+|t)\}")
_PLAIN_EQUALITY = "{0} == {1}"
_PLAIN_DIFFERENCE = "{0} != {1}"
_UNSIGNED = REG_TYPES | {OID}
_INLINE_ITEMS_MAX = 4  # ANY over more constants becomes a set


def emit(expr: n.Expr, scope: Scope) -> str:
    """Python source of the expression's value; None is NULL."""
    return emit_nullable(expr, scope)[0]


def emit_nullable(expr: n.Expr, scope: Scope) -> Source:
    """Source and whether the value may be NULL."""
    handler = _HANDLERS.get(type(expr))
    if handler is None:
        raise InternalError(f"cannot compile {type(expr).__name__}")
    source, nullable = handler(expr, scope)
    return scope.outline(source), nullable


def emit_condition(expr: n.Expr, scope: Scope) -> str:
    """Source that is truthy exactly when the expression is true."""
    if isinstance(expr, n.And):
        return scope.outline("(" + " and ".join(emit_condition(a, scope) for a in expr.args) + ")")
    if isinstance(expr, n.Or):
        return scope.outline("(" + " or ".join(emit_condition(a, scope) for a in expr.args) + ")")
    if isinstance(expr, n.Call) and expr.fn.strict and expr.fn.source and expr.fn.not_null:
        args = [emit_nullable(a, scope) for a in expr.args]
        tests, names = _hoist(args, _repeats(expr.fn), scope)
        return scope.outline("(" + " and ".join([*(f"{t} is not None" for t in tests), _fill(expr.fn, names, scope)]) + ")")
    return emit(expr, scope)


# ---- leaves ---------------------------------------------------------------------------------------------------------


def _leaf(expr: n.Expr, scope: Scope) -> Source:
    return scope.leaf_source(expr)


def _param(expr: n.Param, scope: Scope) -> Source:
    found = scope.inner.get(expr.number) if expr.number < 0 else None
    return found if found is not None else scope.leaf_source(expr)


def _const(expr: n.Const, scope: Scope) -> Source:
    return literal(expr.value, scope), expr.value is None


def literal(value: Any, scope: Scope) -> str:
    """Source of a constant value: spelled out where that is short, a bound name otherwise."""
    if value is None or value is True or value is False:
        return repr(value)
    if type(value) is int and abs(value) < 1 << 64:
        return f"({value})" if value < 0 else str(value)
    if type(value) is str and len(value) < 64:
        return repr(value)
    return scope.bind(value)


def _case_test(expr: n.CaseTest, scope: Scope) -> Source:
    return scope.case_tests[-1]


def _session_value(expr: n.SessionValue, scope: Scope) -> Source:
    if expr.name.lower() == "current_timestamp" and expr.typmod < 0:
        return f"{scope.context}.transaction_us", True
    return f"session_value({scope.context}, {expr.name!r}, {expr.typmod})", True


def _sublink(expr: n.SubLink, scope: Scope) -> Source:
    if scope.sublink is None:
        raise FeatureNotSupported("cannot use subquery in this place")
    return scope.note(scope.sublink(expr, scope))


# ---- calls ----------------------------------------------------------------------------------------------------------


def _call(expr: n.Call, scope: Scope) -> Source:
    fn: Function = expr.fn
    if fn.returns_set:
        raise FeatureNotSupported("set-valued function called in context that cannot accept a set", position=expr.position)
    args = [emit_nullable(a, scope) for a in expr.args]
    types = CallTypes(tuple(a.type_oid for a in expr.args), expr.type_oid)
    if expr.variadic and fn.variadic_oid == registry.type_oid("any"):
        return _spread(fn, args, types, scope), True
    return _resign(apply(fn, args, types, scope), fn.ret_oid, expr.type_oid, scope)


def emit_set(expr: n.Call, scope: Scope) -> str:
    """Source of an iterable over the rows of a set-returning call; a NULL for a strict function gives none."""
    fn: Function = expr.fn
    types = CallTypes(tuple(a.type_oid for a in expr.args), expr.type_oid)
    args = [emit_nullable(a, scope) for a in expr.args]
    if expr.variadic and fn.variadic_oid == registry.type_oid("any"):
        return f"({_spread(fn, args, types, scope)} or ())"
    if not fn.strict:
        return _body(fn, [a for a, _ in args], types, scope)
    tests, names = _hoist(args, set(), scope)
    body = _body(fn, names, types, scope)
    return f"(() if {' or '.join(f'{t} is None' for t in tests)} else {body})" if tests else body


def _spread(fn: Function, args: list[Source], types: CallTypes, scope: Scope) -> str:
    """f(a, VARIADIC array) of a VARIADIC "any" function: the elements become arguments."""
    spread = runtime.spreader(fn, types)
    return f"{scope.bind(spread, 'f')}({', '.join([scope.context, *(a for a, _ in args)])})"


def apply(fn: Function, args: Sequence[Source], types: CallTypes, scope: Scope) -> Source:
    """Source of fn applied to sources, with the NULL tests that strictness asks for."""
    if not fn.strict:
        return _body(fn, [a for a, _ in args], types, scope), not fn.not_null
    if any(a == "None" for a, _ in args):
        return "None", True
    tests, names = _hoist(args, _repeats(fn), scope)
    body = _body(fn, names, types, scope)
    if tests:
        nulls = " or ".join(f"{t} is None" for t in tests)
        source = f"(None if {nulls} else {body})"
        if fn.not_null:
            scope.strict_parts[source] = (tests, body)
        return source, True
    return body, not fn.not_null


def _repeats(fn: Function) -> set[int]:
    """The arguments that a template names more than once."""
    if fn.source is None:
        return set()
    found = _HOLE.findall(fn.source)
    return {int(h) for h in found if h != "t" and found.count(h) > 1}


def _hoist(args: Sequence[Source], repeated: set[int], scope: Scope) -> tuple[list[str], list[str]]:
    """Gives names to the arguments that need one. Returns what to test for NULL (in order) and the sources to use.

    A repeated argument that cannot be NULL is tested as well: that assigns its name first of all. The last argument
    that may be NULL gives its own tests to this call where it is a strict call itself, so NULL is looked for once.
    """
    tests, names = [], []
    last = max((i for i, (_, nullable) in enumerate(args) if nullable), default=-1)
    for index, (source, nullable) in enumerate(args):
        if index == last and source in scope.strict_parts:
            inner, source = scope.strict_parts[source]
            tests += inner
            nullable = False
        atom = _ATOM.match(source) is not None or _is_literal(source)
        if atom:
            if nullable:
                tests.append(source)
            names.append(source)
        elif nullable or index in repeated:
            name = scope.temp()
            tests.append(f"({name} := {source})")
            names.append(name)
        else:
            names.append(source)
    return tests, names


def _is_literal(source: str) -> bool:
    return source.isdigit() or (source[0] in "'\"" and len(source) < 40) or (source[:2] == "(-" and source[2:-1].isdigit())


def _body(fn: Function, names: list[str], types: CallTypes, scope: Scope) -> str:
    if fn.source is not None:
        return _fill(fn, names, scope)
    if fn.call is None:
        raise FeatureNotSupported(f"function {fn.name} is not supported")
    lead = [scope.context] if fn.needs_context else []
    if fn.wants_types:
        lead.append(scope.bind(types, "types"))
    return f"{scope.bind(fn.call, 'f')}({', '.join(lead + names)})"


def _fill(fn: Function, names: list[str], scope: Scope) -> str:
    """A template with its holes filled, in parentheses."""
    scratch = scope.temp() if "{t}" in fn.source else ""
    return "(" + _HOLE.sub(lambda m: scratch if m[1] == "t" else names[int(m[1])], fn.source) + ")"


# ---- truth ----------------------------------------------------------------------------------------------------------


def _and(expr: n.And, scope: Scope) -> Source:
    args = [emit_nullable(a, scope) for a in expr.args]
    if not any(nullable for _, nullable in args[:-1]):
        return "(" + " and ".join(a for a, _ in args) + ")", args[-1][1]
    stops, unknowns = [], []
    for source, nullable in args:
        if not nullable:
            stops.append(f"not {source}")
            continue
        name, test = _named(source, scope)
        stops.append(f"{test} is False")
        unknowns.append(f"{name} is None")
    return f"(False if {' or '.join(stops)} else None if {' or '.join(unknowns)} else True)", True


def _or(expr: n.Or, scope: Scope) -> Source:
    args = [emit_nullable(a, scope) for a in expr.args]
    if not any(nullable for _, nullable in args[:-1]):
        return "(" + " or ".join(a for a, _ in args) + ")", args[-1][1]
    stops, unknowns = [], []
    for source, nullable in args:
        if not nullable:
            stops.append(source)
            continue
        name, test = _named(source, scope)
        stops.append(test)
        unknowns.append(f"{name} is None")
    return f"(True if {' or '.join(stops)} else None if {' or '.join(unknowns)} else False)", True


def _named(source: str, scope: Scope) -> tuple[str, str]:
    """(name, first use that also assigns it)"""
    if _ATOM.match(source):
        return source, source
    name = scope.temp()
    return name, f"({name} := {source})"


def _not(expr: n.Not, scope: Scope) -> Source:
    source, nullable = emit_nullable(expr.arg, scope)
    if not nullable:
        return f"(not {source})", False
    name, test = _named(source, scope)
    return f"(None if {test} is None else not {name})", True


def _null_test(expr: n.NullTest, scope: Scope) -> Source:
    source, nullable = emit_nullable(expr.arg, scope)
    if expr.arg.type_oid == 2249 or isinstance(expr.arg, n.RowExpr):
        return f"record_null_test({source}, {expr.is_null})", False
    if not nullable and (_ATOM.match(source) or _is_literal(source)):
        return repr(not expr.is_null), False
    return f"({source} is {'' if expr.is_null else 'not '}None)", False


def _boolean_test(expr: n.BooleanTest, scope: Scope) -> Source:
    return f"({emit(expr.arg, scope)} is {'not ' if expr.negated else ''}{expr.truth})", False


def _distinct_from(expr: n.DistinctFrom, scope: Scope) -> Source:
    left, right = emit_nullable(expr.left, scope), emit_nullable(expr.right, scope)
    types = CallTypes((expr.left.type_oid, expr.right.type_oid), n.BOOL)
    if not left[1] and not right[1]:
        equal = apply(expr.equals, [left, right], types, scope)[0]
        return (equal if expr.negated else f"(not {equal})"), False
    left_name, left_test = _named(left[0], scope)
    right_name, right_test = _named(right[0], scope)
    if not (left[1] and right[1]):  # one side cannot be NULL: equal means the other is not NULL and equal
        name, test, sure = (left_name, left_test, right[0]) if left[1] else (right_name, right_test, left[0])
        pair = [(name, False), (sure, False)] if left[1] else [(sure, False), (name, False)]
        same = f"({test} is not None and {apply(expr.equals, pair, types, scope)[0]})"
        return (same if expr.negated else f"(not {same})"), False
    equal = apply(expr.equals, [(left_name, False), (right_name, False)], types, scope)[0]
    both = f"({left_test}, {right_test})[0]"
    if expr.negated:
        return f"({right_name} is None if {both} is None else {right_name} is not None and {equal})", False
    return f"({right_name} is not None if {both} is None else {right_name} is None or not {equal})", False


# ---- choices --------------------------------------------------------------------------------------------------------


def _case(expr: n.Case, scope: Scope) -> Source:
    prefix = ""
    if expr.operand is not None:
        source, nullable = emit_nullable(expr.operand, scope)
        name, test = _named(source, scope)
        scope.note(name)
        prefix = "" if test == name else test
        scope.case_tests.append((name, nullable))
    try:
        parts, may_be_null = [], expr.otherwise is None
        for when, then in zip(expr.whens, expr.thens):
            value, nullable = emit_nullable(then, scope)
            may_be_null = may_be_null or nullable
            parts.append(f"{value} if {emit_condition(when, scope)} else ")
        last, nullable = emit_nullable(expr.otherwise, scope) if expr.otherwise is not None else ("None", True)
    finally:
        if expr.operand is not None:
            scope.case_tests.pop()
    body = f"({''.join(parts)}{last})"
    return (f"({prefix}, {body})[1]" if prefix else body), may_be_null or nullable


def _coalesce(expr: n.Coalesce, scope: Scope) -> Source:
    parts = []
    for arg in expr.args[:-1]:
        source, nullable = emit_nullable(arg, scope)
        if not nullable:
            return (f"({''.join(parts)}{source})" if parts else source), False
        name, test = _named(source, scope)
        parts.append(f"{name} if {test} is not None else ")
    last, nullable = emit_nullable(expr.args[-1], scope)
    return f"({''.join(parts)}{last})", nullable


def _min_max(expr: n.MinMax, scope: Scope) -> Source:
    args = [emit_nullable(a, scope) for a in expr.args]
    types = CallTypes((expr.args[0].type_oid,) * 2, n.BOOL)
    pick = scope.bind(as_callable(expr.less, types), "f")
    chosen = f"extreme({pick}, {expr.greatest}, ({', '.join(a for a, _ in args)},))"
    return chosen, all(nullable for _, nullable in args)


def _null_if(expr: n.NullIf, scope: Scope) -> Source:
    left, right = emit_nullable(expr.left, scope), emit_nullable(expr.right, scope)
    name, test = _named(left[0], scope)
    types = CallTypes((expr.left.type_oid, expr.right.type_oid), n.BOOL)
    equal = apply(expr.equals, [(name, left[1]), right], types, scope)[0]
    return f"(None if ({test}, {equal})[1] else {name})", True


# ---- arrays and rows ------------------------------------------------------------------------------------------------


def _scalar_array_op(expr: n.ScalarArrayOp, scope: Scope) -> Source:
    left = emit_nullable(expr.left, scope)
    fn: Function = expr.fn
    if isinstance(expr.array, n.ArrayExpr) and not expr.array.multidim:
        if all(isinstance(i, n.Const) for i in expr.array.items):
            return _any_constants(expr, left, [i.value for i in expr.array.items], scope)
        return _any_items(expr, left, scope)
    if isinstance(expr.array, n.Const) and expr.array.value is not None:
        return _any_constants(expr, left, list(expr.array.value.items), scope)
    array = emit(expr.array, scope)
    elem = registry.ELEMENT_OF.get(expr.array.type_oid, expr.left.type_oid)
    test = as_callable(fn, CallTypes((expr.left.type_oid, elem), n.BOOL))
    takes = f", {scope.context}" if fn.needs_context else ""
    quantified = "any_element" if expr.any else "all_elements"
    return f"{quantified}({scope.bind(test, 'f')}, {left[0]}, {array}, {fn.strict}{takes})", True


def _any_constants(expr: n.ScalarArrayOp, left: Source, values: list, scope: Scope) -> Source:
    """Over constants: a frozenset when the operator is plain equality, unrolled when they are few, a call otherwise."""
    plain = _PLAIN_EQUALITY if expr.any else _PLAIN_DIFFERENCE
    present = [v for v in values if v is not None]
    if expr.fn.source == plain and expr.fn.strict and present:
        member = "in" if expr.any else "not in"
        name, test = _named(left[0], scope) if left[1] else (left[0], "")
        inside = f"{name} {member} {_container(present, scope)}"
        if len(present) < len(values):
            inside = f"({inside} or None)" if expr.any else f"({inside} and None)"
        nullable = left[1] or len(present) < len(values)
        return (f"(None if {test} is None else {inside})" if left[1] else f"({inside})"), nullable
    elem = expr.array.elem_oid if isinstance(expr.array, n.ArrayExpr) else expr.array.value.elem_oid
    test = as_callable(expr.fn, CallTypes((expr.left.type_oid, elem), n.BOOL))
    takes = f", {scope.context}" if expr.fn.needs_context else ""
    array = scope.bind(runtime.Array.of(values, elem))
    quantified = "any_element" if expr.any else "all_elements"
    return f"{quantified}({scope.bind(test, 'f')}, {left[0]}, {array}, {expr.fn.strict}{takes})", True


def _container(values: list, scope: Scope) -> str:
    if len(values) <= _INLINE_ITEMS_MAX:
        return "(" + "".join(f"{literal(v, scope)}, " for v in values) + ")"
    return scope.bind(frozenset(values))


def _any_items(expr: n.ScalarArrayOp, left: Source, scope: Scope) -> Source:
    """Over expressions: x = a OR x = b, with x evaluated once."""
    name, test = _named(left[0], scope)
    types = CallTypes((expr.left.type_oid, expr.array.elem_oid), n.BOOL)
    parts = [apply(expr.fn, [(name, left[1]), emit_nullable(i, scope)], types, scope) for i in expr.array.items]
    stop, rest = ("True", "False") if expr.any else ("False", "True")
    if not parts:
        return rest, False
    stops, unknowns = [], []
    for source, nullable in parts:
        result, first = _named(source, scope) if nullable else (source, source)
        stops.append(f"{first} is {stop}" if nullable else first if expr.any else f"not {first}")
        if nullable:
            unknowns.append(f"{result} is None")
    unknown = f"None if {' or '.join(unknowns)} else " if unknowns else ""
    body = f"({stop} if {' or '.join(stops)} else {unknown}{rest})"
    return (body if test == name else f"({test}, {body})[1]"), bool(unknowns)


def _array_expr(expr: n.ArrayExpr, scope: Scope) -> Source:
    items = "".join(f"{emit(i, scope)}, " for i in expr.items)
    if expr.multidim:
        return f"array_of_arrays(({items}), {expr.elem_oid})", False
    if not expr.items:
        return f"Array((), (), (), {expr.elem_oid})", False
    return f"Array(({items}), ({len(expr.items)},), (1,), {expr.elem_oid})", False


def _bounds(items: tuple, scope: Scope) -> str:
    return "(" + "".join(f"{'ABSENT' if i is None else emit(i, scope)}, " for i in items) + ")"


def _subscript(expr: n.Subscript, scope: Scope) -> Source:
    base = emit(expr.base, scope)
    if expr.base.type_oid == 3802:
        return f"jsonb_subscript({base}, {_bounds(expr.upper or expr.lower, scope)})", True
    if expr.is_slice:
        return f"array_slice({base}, {_bounds(expr.lower, scope)}, {_bounds(expr.upper, scope)})", True
    return f"array_element({base}, {_bounds(expr.upper or expr.lower, scope)})", True


def _array_store(expr: n.ArrayStore, scope: Scope) -> Source:
    base, value = emit(expr.base, scope), emit(expr.value, scope)
    if expr.is_slice:
        places = f"{_bounds(expr.lower, scope)}, {_bounds(expr.upper, scope)}"
        return f"with_slice({base}, {places}, {value}, {expr.elem_oid})", True
    return f"with_element({base}, {_bounds(expr.lower, scope)}, {value}, {expr.elem_oid})", False


def _row_expr(expr: n.RowExpr, scope: Scope) -> Source:
    items = "".join(f"{emit(i, scope)}, " for i in expr.items)
    made = "Record"
    if any(name != f"f{i}" for i, name in enumerate(expr.names, 1)):
        made = scope.bind(record_named(expr.names), "row")
    return f"{made}(({items}), {scope.bind(tuple(i.type_oid for i in expr.items))})", False


def _row_compare(expr: n.RowCompare, scope: Scope) -> Source:
    """Column by column: the first pair that is not equal decides, a NULL before that makes it NULL."""
    lefts = "".join(f"{emit(e, scope)}, " for e in expr.left)
    rights = "".join(f"{emit(e, scope)}, " for e in expr.right)
    pairs = [CallTypes((a.type_oid, b.type_oid), n.BOOL) for a, b in zip(expr.left, expr.right)]
    equals = tuple(as_callable(fn, t) for fn, t in zip(expr.equals, pairs))
    less = tuple(as_callable(fn, t) for fn, t in zip(expr.less, pairs))
    tests = f"{scope.bind(equals)}, {scope.bind(less)}"
    return f"row_compare({expr.op!r}, ({lefts}), ({rights}), {tests})", True


def _field_select(expr: n.FieldSelect, scope: Scope) -> Source:
    source, nullable = emit_nullable(expr.arg, scope)
    if not nullable:
        return f"{source}.fields[{expr.index}]", True
    name, test = _named(source, scope)
    return f"(None if {test} is None else {name}.fields[{expr.index}])", True


# ---- conversions ----------------------------------------------------------------------------------------------------


def _relabel(expr: n.Relabel, scope: Scope) -> Source:
    return _resign(emit_nullable(expr.arg, scope), expr.arg.type_oid, expr.type_oid, scope)


def _resign(source: Source, given: int, wanted: int, scope: Scope) -> Source:
    """The same 32 bits between integer, which has a sign, and oid and its kin, which have none."""
    if given == wanted or not ((given == INT4 and wanted in _UNSIGNED) or (wanted == INT4 and given in _UNSIGNED)):
        return source
    change = "{} & 4294967295" if given == INT4 else "wrap({}, 32)"
    if not source[1]:
        return f"({change.format(source[0])})", False
    name, test = _named(source[0], scope)
    return f"(None if {test} is None else {change.format(name)})", True


def _via_io(expr: n.CoerceViaIO, scope: Scope) -> Source:
    source, nullable = emit_nullable(expr.arg, scope)
    name, test = _named(source, scope) if nullable else (source, "")
    settings = f"{scope.context}.type_context"
    text = name
    if expr.arg.type_oid not in (TEXT, VARCHAR, UNKNOWN, 19):
        text = f"{scope.bind(scope.type_of(expr.arg.type_oid).output, 'out')}({name}, {settings})"
    if expr.type_oid not in (TEXT, VARCHAR, UNKNOWN):
        text = f"{scope.bind(scope.type_of(expr.type_oid).input, 'in')}({text}, -1, {settings})"
    return (f"(None if {test} is None else {text})" if nullable else f"({text})"), nullable


def _array_coerce(expr: n.ArrayCoerce, scope: Scope) -> Source:
    source, nullable = emit_nullable(expr.arg, scope)
    outer = scope.inner.get(-1)
    element = scope.temp()
    scope.inner[-1] = (element, True)
    try:
        body = emit(expr.element, scope)
    finally:
        scope.inner.pop(-1)
        if outer is not None:
            scope.inner[-1] = outer
    elem_oid = registry.ELEMENT_OF.get(expr.type_oid, expr.element.type_oid)
    return f"map_array(lambda {element}: {body}, {source}, {elem_oid})", nullable


_HANDLERS: dict[type, Callable[[Any, Scope], Source]] = {
    n.Column: _leaf, n.InputSlot: _leaf, n.Param: _param, n.Aggregate: _leaf, n.WindowCall: _leaf, n.Const: _const,
    n.CaseTest: _case_test, n.SessionValue: _session_value, n.SubLink: _sublink, n.Call: _call, n.And: _and, n.Or: _or,
    n.Not: _not, n.NullTest: _null_test, n.BooleanTest: _boolean_test, n.DistinctFrom: _distinct_from, n.Case: _case,
    n.Coalesce: _coalesce, n.MinMax: _min_max, n.NullIf: _null_if, n.ScalarArrayOp: _scalar_array_op,
    n.ArrayExpr: _array_expr, n.Subscript: _subscript, n.RowExpr: _row_expr, n.RowCompare: _row_compare,
    n.FieldSelect: _field_select, n.Relabel: _relabel, n.CoerceViaIO: _via_io, n.ArrayCoerce: _array_coerce,
    n.ArrayStore: _array_store,
}  # fmt: skip


# ---- one-off evaluation ---------------------------------------------------------------------------------------------


def default_leaf(node: n.Expr) -> Source:
    """$n from `params`, input slots from `row`."""
    if isinstance(node, n.Param):
        return f"params[{node.number - 1}]", True
    if isinstance(node, n.InputSlot):
        return f"row[{node.index}]", True
    raise InternalError(f"no value for {type(node).__name__} in this place")


def evaluator(
    exprs: Sequence[n.Expr],
    leaf: Callable[[n.Expr], str | Source] = default_leaf,
    sublink: Callable[[n.SubLink, Scope], str | Source] | None = None,
    type_by_oid: Callable[[int], Any] | None = None,
) -> Callable[..., tuple]:
    """A callable (ctx, params=(), row=()) -> tuple of the expressions' values."""
    scope = Scope(leaf, sublink, type_by_oid)
    items = "".join(f"{emit(e, scope)}, " for e in exprs)
    exec(f"def evaluate(ctx, params=(), row=()):\n    return ({items})", scope.globals)
    return scope.globals.pop("evaluate")  # which holds the dict: no cycle


def as_callable(fn: Function, types: CallTypes | None = None) -> Callable[..., Any]:
    """The function as plain Python over its arguments, without a test for NULL.

    A function that needs the context takes it first.
    """
    if fn.source is None and not fn.wants_types:
        return fn.call
    if fn.source is None:
        bound, call = types, fn.call
        if fn.needs_context:
            return lambda ctx, *args: call(ctx, bound, *args)
        return lambda *args: call(bound, *args)
    cached = fn.extra.get("callable")
    if cached is None:
        scope = Scope()
        names = [f"a{i}" for i in range(len(fn.arg_oids))]
        cached = eval(f"lambda {', '.join(names)}: {_fill(fn, names, scope)}", scope.globals)
        fn.extra["callable"] = cached
    return cached


def fold(expr: n.Expr, ctx: Any = None, type_by_oid: Callable[[int], Any] | None = None) -> n.Expr:
    """Immutable calls over constants become constants; a call that fails stays and fails when it runs.

    `ctx` is needed for functions that look at settings; without it those stay as well.
    """
    expr = expr.rebuild(lambda child: fold(child, ctx, type_by_oid))
    if not _foldable(expr, ctx):
        return expr
    try:
        value = evaluator([expr], type_by_oid=type_by_oid)(ctx)[0]
    except DatabaseError:
        return expr
    return n.Const(expr.type_oid, expr.typmod, expr.position, value)


def _foldable(expr: n.Expr, ctx: Any) -> bool:
    if isinstance(expr, n.Call):
        fn: Function = expr.fn
        if fn.volatility != "i" or fn.returns_set or (fn.needs_context and ctx is None):
            return False
    elif not isinstance(expr, (n.And, n.Or, n.Not, n.Relabel, n.ArrayExpr, n.NullTest, n.BooleanTest, n.ScalarArrayOp)):
        return False
    return all(isinstance(c, n.Const) for c in expr.children())
