"""The one registry of functions, operators, casts and aggregates.

Each is declared once, beside its implementation, with PostgreSQL's OID; lookup, pg_proc, pg_operator, pg_cast and
pg_aggregate are all filled from here. An implementation is Python source with {0}, {1} ... for its arguments (inlined
into the plan's source) or a callable. Strict functions never see None.

    @function("lower(text) text", 870)
    def lower(value): return value.lower()

    inline("int4larger(int4, int4) int4", 768, "({0} if {0} > {1} else {1})")
    operator("+", "int4", "int4", 177, oid=551, commutator="+")
    aggregate("sum(int4) int8", 2108, init=..., step=..., final=...)

A signature reads `name(arg, ...) result`. An argument is `[variadic] [name] type [= default]`, the default a Python
literal; a result is `type`, `setof type`, or `[setof] (name type, ...)` for OUT parameters. In a template {t} is a
scratch variable of the plan's own, and names registered with `helper` are at hand.

Errors: a duplicate OID, an unknown type name or a malformed signature is a programming error (ValueError, KeyError).

Not here: choosing among overloads (`sql.bind.overloads`), evaluating (`expressions.compile`).
"""

from __future__ import annotations

import ast
import importlib
import re
from typing import Any, Callable, NamedTuple

from aurorapy.expressions.typeoids import ARRAY_TYPES, ELEMENT_OF, REG_TYPES, type_oid
from aurorapy.records import dataclass, field


@dataclass(slots=True, eq=False)
class Aggregated:
    """How an aggregate folds: state = init(); state = step(state, *args); value = final(state).

    A strict aggregate skips rows with a NULL argument. `combine` joins two states where that is possible.
    `inline_step`, where given, is Python source that updates local {s} with {0}: `{s} += {0}`; `inline_init` the source
    of the first state, `inline_final` of the result. The three go together and mean the same as the callables.
    Steps with `wants_types` get a `CallTypes` first, those with `needs_context` the EvalContext before that.
    Ordered-set aggregates collect their sorted input: final(ctx, types, values, *direct), values a list of tuples.
    """

    init: Callable[[], Any]
    step: Callable[..., Any]
    final: Callable[..., Any]
    strict: bool = True
    combine: Callable[[Any, Any], Any] | None = None
    ordered_set: bool = False
    kind: str = "n"  # aggkind: n normal, o ordered-set, h hypothetical
    trans_fn: int = 0  # pg_aggregate.aggtransfn
    trans_type: int = 0
    inline_init: str = ""
    inline_step: str = ""
    inline_final: str = ""


class CallTypes(NamedTuple):
    """The types of one call, for implementations of polymorphic functions: `args` OIDs, `ret` OID."""

    args: tuple[int, ...]
    ret: int


@dataclass(slots=True, eq=False)
class Function:
    """A row of pg_proc and its implementation.

    `source`: expression template, or `call`: Python callable. `needs_context`: the callable's first argument is the
    `EvalContext` of the statement; `wants_types`: the next is the `CallTypes`. `rows`: returns_set functions return an
    iterable of values (or of tuples when `out_names` has several). `not_null`: never NULL unless an argument is.
    A function VARIADIC "any" gets its arguments spread; any other variadic one gets an Array last.
    """

    oid: int
    name: str
    arg_oids: tuple[int, ...]
    ret_oid: int
    strict: bool = True
    volatility: str = "i"  # i immutable, s stable, v volatile
    returns_set: bool = False
    variadic_oid: int = 0  # element type of the last argument
    defaults: int = 0  # how many last arguments have defaults
    default_values: tuple[Any, ...] = ()
    kind: str = "f"  # f function, a aggregate, w window, p procedure
    source: str | None = None
    call: Callable[..., Any] | None = None
    needs_context: bool = False
    arg_names: tuple[str, ...] = ()
    out_names: tuple[str, ...] = ()
    out_oids: tuple[int, ...] = ()
    aggregate: Aggregated | None = None
    schema: int = 11
    rows: float = 0.0
    cost: float = 1.0
    description: str = ""
    language: str = "internal"
    extra: dict[str, Any] = field(default_factory=dict)
    wants_types: bool = False
    not_null: bool = False

    def __repr__(self) -> str:
        return f"<function {self.name} {self.oid}>"


@dataclass(slots=True, eq=False)
class Operator:
    """A row of pg_operator; `left_oid` 0 for a prefix operator."""

    oid: int
    name: str
    left_oid: int
    right_oid: int
    ret_oid: int
    fn: Function
    commutator: str = ""
    negator: str = ""
    merges: bool = False
    hashes: bool = False
    strategy: int = 0  # B-tree strategy in the default opclass: 1 < 2 <= 3 = 4 >= 5 >
    restrict: str = ""  # selectivity estimator: eq, neq, lt, gt, le, ge, like, contains, ''
    description: str = ""

    def __repr__(self) -> str:
        return f"<operator {self.name} {self.oid}>"


@dataclass(slots=True, eq=False)
class Cast:
    """A row of pg_cast. context: i implicit, a assignment, e explicit. method: f function, b binary, i inout."""

    oid: int
    source_oid: int
    target_oid: int
    context: str
    method: str
    fn: Function | None = None


@dataclass(slots=True, frozen=True)
class DefaultOperators:
    """The operators of a type's default B-tree class: what ORDER BY, DISTINCT, GROUP BY and = mean for it."""

    less: Operator
    less_equal: Operator
    equals: Operator
    greater_equal: Operator
    greater: Operator
    not_equals: Operator | None = None


FUNCTIONS_BY_NAME: dict[str, list[Function]] = {}
FUNCTIONS_BY_OID: dict[int, Function] = {}
OPERATORS: dict[str, list[Operator]] = {}
OPERATORS_BY_OID: dict[int, Operator] = {}
CASTS: dict[tuple[int, int], Cast] = {}
HELPERS: dict[str, Any] = {}  # what templates may name

_DEFAULT_OPERATORS: dict[int, DefaultOperators] = {}
_SIGNATURE = re.compile(r"(\w+)\((.*?)\)\s+(setof\s+)?(\(.*\)|\S+)$", re.S)
_state = {"loaded": False}


def load() -> None:
    """Fills the tables; every lookup below does it by itself. Call it before reading the tables directly."""
    if not _state["loaded"]:
        _state["loaded"] = True
        importlib.import_module("aurorapy.expressions.functions")


# ---- declaring ------------------------------------------------------------------------------------------------------


class Signature(NamedTuple):
    name: str
    arg_oids: tuple[int, ...]
    arg_names: tuple[str, ...]
    default_values: tuple[Any, ...]
    variadic_oid: int
    ret_oid: int
    returns_set: bool
    out_names: tuple[str, ...]
    out_oids: tuple[int, ...]


def parse_signature(text: str) -> Signature:
    """Reads `name(arg, ...) result` as the module's chapter describes it. ValueError when it is malformed."""
    match = _SIGNATURE.match(text)
    if match is None:
        raise ValueError(f"malformed signature: {text}")
    name, arguments, setof, result = match.groups()
    oids, names, defaults, variadic = [], [], [], 0
    for argument in filter(None, (a.strip() for a in arguments.split(","))):
        spec, _, default = argument.partition("=")
        words = spec.split()
        if default:
            defaults.append(ast.literal_eval(default.strip()))
        if words[0] == "variadic":
            del words[0]
            variadic = _element(type_oid(words[-1]))
        oids.append(type_oid(words[-1]))
        names.append(words[0] if len(words) == 2 else "")
    outs = [o.split() for o in result[1:-1].split(",")] if result.startswith("(") else []
    out_oids = tuple(type_oid(t) for _, t in outs)
    ret = type_oid(result) if not outs else out_oids[0] if len(outs) == 1 else 2249
    return Signature(
        name, tuple(oids), tuple(names) if any(names) else (), tuple(defaults), variadic, ret, bool(setof),
        tuple(n for n, _ in outs), out_oids,
    )  # fmt: skip


def _element(array_oid: int) -> int:
    pseudo = {2276: 2276, 2277: 2283, 5078: 5077}
    return pseudo.get(array_oid) or ELEMENT_OF[array_oid]


def add_function(fn: Function) -> Function:
    """Enters a Function under its OID and name."""
    if fn.oid in FUNCTIONS_BY_OID:
        raise ValueError(f"{fn.name}: OID {fn.oid} is taken by {FUNCTIONS_BY_OID[fn.oid].name}")
    FUNCTIONS_BY_OID[fn.oid] = fn
    FUNCTIONS_BY_NAME.setdefault(fn.name, []).append(fn)
    return fn


def _declare(signature: str, oid: int, **facts: Any) -> Function:
    s = parse_signature(signature)
    return add_function(
        Function(
            oid=oid,
            name=s.name,
            arg_oids=s.arg_oids,
            ret_oid=s.ret_oid,
            returns_set=s.returns_set,
            variadic_oid=s.variadic_oid,
            defaults=len(s.default_values),
            default_values=s.default_values,
            arg_names=s.arg_names,
            out_names=s.out_names,
            out_oids=s.out_oids,
            **facts,
        )
    )


def function(signature: str, oid: int, *, context: bool = False, types: bool = False, **facts: Any):
    """Decorator: the callable below implements `signature`. Several may be stacked on one callable.

    context: it takes the EvalContext first; types: then a CallTypes. Further facts are fields of Function.
    """

    def bind(call: Callable[..., Any]) -> Callable[..., Any]:
        _declare(signature, oid, call=call, needs_context=context, wants_types=types, **facts)
        return call

    return bind


def inline(signature: str, oid: int, source: str, **facts: Any) -> Function:
    """Declares a function as a template of Python source. It is `not_null` unless said otherwise."""
    facts.setdefault("not_null", True)
    return _declare(signature, oid, source=source, **facts)


def helper(call: Any, name: str = "") -> Any:
    """Makes a callable known to templates under its own name."""
    HELPERS[name or call.__name__] = call
    return call


def operator(
    name: str,
    left: str | int,
    right: str | int,
    fn: int,
    *,
    oid: int,
    commutator: str = "",
    negator: str = "",
    merges: bool = False,
    hashes: bool = False,
    strategy: int = 0,
    restrict: str = "",
) -> Operator:
    """Declares an operator over the function with OID `fn`; left "" makes it a prefix operator."""
    call = FUNCTIONS_BY_OID[fn]
    left_oid = (type_oid(left) if left else 0) if isinstance(left, str) else left
    right_oid = type_oid(right) if isinstance(right, str) else right
    made = Operator(oid, name, left_oid, right_oid, call.ret_oid, call, commutator, negator, merges, hashes, strategy, restrict)
    OPERATORS.setdefault(name, []).append(made)
    OPERATORS_BY_OID[oid] = made
    return made


def cast(source: str, target: str, context: str, *, oid: int, method: str = "f", fn: int = 0) -> Cast:
    """Declares a cast; `fn` is the OID of its function when method is f."""
    made = Cast(oid, type_oid(source), type_oid(target), context, method, FUNCTIONS_BY_OID[fn] if fn else None)
    CASTS[made.source_oid, made.target_oid] = made
    return made


def aggregate(
    signature: str,
    oid: int,
    *,
    init: Callable[[], Any],
    step: Callable[..., Any],
    final: Callable[..., Any] = lambda state: state,
    strict: bool = True,
    combine: Callable[[Any, Any], Any] | None = None,
    kind: str = "n",
    trans_fn: int = 0,
    trans_type: int = 0,
    inline: tuple[str, str, str] | None = None,
    context: bool = False,
    types: bool = False,
    volatility: str = "i",
    not_null: bool = False,
) -> Function:
    """Declares an aggregate; see Aggregated. `inline` is (init, step, final) as source."""
    fold = Aggregated(init, step, final, strict, combine, kind != "n", kind, trans_fn, trans_type, *(inline or ("", "", "")))
    return _declare(
        signature, oid, kind="a", strict=False, aggregate=fold, needs_context=context, wants_types=types,
        volatility=volatility, not_null=not_null,
    )  # fmt: skip


# ---- looking up -----------------------------------------------------------------------------------------------------


def functions_named(name: str) -> list[Function]:
    """All functions, aggregates and window functions of pg_catalog with that name; [] when there is none."""
    load()
    return FUNCTIONS_BY_NAME.get(name, [])


def operators_named(name: str) -> list[Operator]:
    load()
    return OPERATORS.get(name, [])


def operator_by_oid(oid: int) -> Operator | None:
    load()
    return OPERATORS_BY_OID.get(oid)


def operator_exact(name: str, left_oid: int, right_oid: int) -> Operator | None:
    """The operator declared for exactly these operand types (0 for no left operand)."""
    for candidate in operators_named(name):
        if candidate.left_oid == left_oid and candidate.right_oid == right_oid:
            return candidate
    return None


def cast_between(source_oid: int, target_oid: int) -> Cast | None:
    """The declared cast, or None; I/O conversion and array casts are the binder's to try next."""
    load()
    return CASTS.get((source_oid, target_oid))


def length_cast(oid: int) -> Function | None:
    """The function that applies a type modifier: numeric(numeric, int4), varchar(varchar, int4, bool), ..."""
    found = cast_between(oid, oid)
    return found.fn if found else None


def ordering_type(oid: int, category: str = "") -> int:
    """The type whose operators order values of type `oid`: text for varchar, anyarray for arrays, oid for reg*.

    `category` is pg_type.typcategory, needed for types made by users: A arrays, E enums, C composites.
    """
    if oid == 1043:
        return 25
    if oid in REG_TYPES:
        return 26
    if oid in (22, 30):
        return 2277 if oid == 22 else 30
    if oid in ARRAY_TYPES or category == "A":
        return 2277
    if category == "E":
        return 3500
    if category == "C" or oid == 2249:
        return 2249
    return oid


def default_operators(oid: int, category: str = "") -> DefaultOperators | None:
    """The default B-tree operators of a type, or None when it has no ordering (json, point, ...)."""
    load()
    key = ordering_type(oid, category)
    found = _DEFAULT_OPERATORS.get(key)
    if found is None:
        by_strategy = {
            op.strategy: op
            for name in ("<", "<=", "=", ">=", ">")
            for op in OPERATORS.get(name, ())
            if op.left_oid == op.right_oid == key and op.strategy
        }
        if len(by_strategy) < 5:
            return None
        found = DefaultOperators(*(by_strategy[n] for n in range(1, 6)), operator_exact("<>", key, key))
        _DEFAULT_OPERATORS[key] = found
    return found


def equality_operator(oid: int, category: str = "") -> Operator | None:
    """The = operator of a type with itself, also for types that have no order (xid, cid)."""
    found = default_operators(oid, category)
    return found.equals if found else operator_exact("=", oid, oid)
