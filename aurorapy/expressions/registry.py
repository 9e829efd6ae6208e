"""The one registry of functions, operators, casts and aggregates.

Each is declared once, beside its implementation, with PostgreSQL's OID; lookup, pg_proc, pg_operator, pg_cast and
pg_aggregate are all filled from here. An implementation is Python source with {0}, {1} ... for its arguments (inlined
into the plan's source) or a callable. Strict functions never see None.

    @function("lower(text) text", oid=870)
    def lower(value): return value.lower()

    inline("int4pl(int4, int4) int4", oid=177, source="check_int4({0} + {1})")
    operator("+", "int4", "int4", "int4pl", oid=551, commutator="+")

Not here: choosing among overloads (`sql.bind.overloads`), evaluating (`expressions.compile`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable


@dataclass(slots=True, eq=False)
class Aggregated:
    """How an aggregate folds: state = init(); state = step(state, *args); value = final(state).

    A strict aggregate skips rows with a NULL argument. `combine` joins two states where that is possible.
    `inline_step`, where given, is Python source that updates local {s} with {0}: `{s} += {0}`.
    """

    init: Callable[[], Any]
    step: Callable[..., Any]
    final: Callable[[Any], Any]
    strict: bool = True
    combine: Callable[[Any, Any], Any] | None = None
    ordered_set: bool = False
    kind: str = "n"  # aggkind: n normal, o ordered-set, h hypothetical
    trans_fn: int = 0  # pg_aggregate.aggtransfn
    trans_type: int = 0


@dataclass(slots=True, eq=False)
class Function:
    """A row of pg_proc and its implementation.

    `source`: expression template, or `call`: Python callable. `needs_context`: the callable's first argument is the
    `EvalContext` of the statement. `rows`: returns_set functions return an iterable of values (or of tuples when
    `out_names` has several).
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


@dataclass(slots=True, eq=False)
class Cast:
    """A row of pg_cast. context: i implicit, a assignment, e explicit. method: f function, b binary, i inout."""

    oid: int
    source_oid: int
    target_oid: int
    context: str
    method: str
    fn: Function | None = None
