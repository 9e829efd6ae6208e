"""Typed expressions: what the binder makes, the planner rearranges and the compiler turns into Python source.

Every node knows its `type_oid` and `typmod`; all overloads and coercions are already chosen, so a node's meaning no
longer depends on names, search_path or settings. Nodes are immutable; `children()` and `rebuild(children)` let rules
rewrite trees without knowing every class.

Not here: how names became nodes (`sql.bind`), what a function does (`expressions.registry`), source text
(`expressions.compile`).
"""

from __future__ import annotations

from typing import Any, Iterator

from aurorapy.records import dataclass, fields, replace

BOOL = 16


@dataclass(frozen=True, slots=True)
class Expr:
    """Base: `type_oid`, `typmod` (-1 = none), `position` (1-based offset in the statement, 0 unknown)."""

    type_oid: int
    typmod: int = -1
    position: int = 0

    def children(self) -> Iterator[Expr]:
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Expr):
                yield value
            elif isinstance(value, tuple):
                yield from (v for v in value if isinstance(v, Expr))

    def rebuild(self, change) -> Expr:
        """A copy in which every direct child c is change(c); self when nothing changed."""
        updates: dict[str, Any] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Expr):
                new = change(value)
                if new is not value:
                    updates[f.name] = new
            elif isinstance(value, tuple) and any(isinstance(v, Expr) for v in value):
                items = tuple(change(v) if isinstance(v, Expr) else v for v in value)
                if any(a is not b for a, b in zip(items, value)):
                    updates[f.name] = items
        return replace(self, **updates) if updates else self


def walk(expr: Expr) -> Iterator[Expr]:
    """The node and everything below it, parents first. Does not enter the queries of SubLinks."""
    yield expr
    for child in expr.children():
        yield from walk(child)


@dataclass(frozen=True, slots=True)
class Const(Expr):
    value: Any = None  # a Python value of types.values; None is NULL


@dataclass(frozen=True, slots=True)
class Column(Expr):
    """A column of a range-table entry: `rte` indexes Query.rtes of the query `levels_up` levels outside.

    `attno` counts from 1; 0 is the whole row; system columns are negative as in PostgreSQL: ctid -1, xmin -2, cmin -3,
    xmax -4, cmax -5, tableoid -6.
    """

    rte: int = 0
    attno: int = 0
    levels_up: int = 0
    name: str = ""
    collation: int = 0


@dataclass(frozen=True, slots=True)
class Param(Expr):
    """$n of a prepared statement, n from 1."""

    number: int = 0


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A function or operator applied; `fn` is an expressions.registry.Function, `op` the operator's name or ''."""

    fn: Any = None
    args: tuple[Expr, ...] = ()
    op: str = ""
    op_oid: int = 0
    form: str = "call"  # call, cast (explicit), implicit (inserted by coercion), sql (special syntax)
    variadic: bool = False


@dataclass(frozen=True, slots=True)
class Relabel(Expr):
    """The same value under another type (binary-coercible)."""

    arg: Expr | None = None
    form: str = "cast"  # cast, implicit


@dataclass(frozen=True, slots=True)
class CoerceViaIO(Expr):
    """Through the text form: output of the one type, input of the other."""

    arg: Expr | None = None
    form: str = "cast"


@dataclass(frozen=True, slots=True)
class ArrayCoerce(Expr):
    """Each element of `arg` through `element`, which refers to it as Param number -1."""

    arg: Expr | None = None
    element: Expr | None = None
    form: str = "cast"


@dataclass(frozen=True, slots=True)
class And(Expr):
    args: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Or(Expr):
    args: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Not(Expr):
    arg: Expr | None = None


@dataclass(frozen=True, slots=True)
class NullTest(Expr):
    arg: Expr | None = None
    is_null: bool = True


@dataclass(frozen=True, slots=True)
class BooleanTest(Expr):
    """IS [NOT] TRUE/FALSE/UNKNOWN: `truth` is True, False or None."""

    arg: Expr | None = None
    truth: bool | None = True
    negated: bool = False


@dataclass(frozen=True, slots=True)
class DistinctFrom(Expr):
    """IS [NOT] DISTINCT FROM by the equality `equals` (a Call-able Function)."""

    left: Expr | None = None
    right: Expr | None = None
    equals: Any = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Case(Expr):
    """Searched CASE; the binder turns `CASE x WHEN y` into x = y (x evaluated per WHEN through CaseTest)."""

    operand: Expr | None = None
    whens: tuple[Expr, ...] = ()
    thens: tuple[Expr, ...] = ()
    otherwise: Expr | None = None


@dataclass(frozen=True, slots=True)
class CaseTest(Expr):
    """Inside a Case with an operand: the operand's value."""


@dataclass(frozen=True, slots=True)
class Coalesce(Expr):
    args: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class MinMax(Expr):
    """GREATEST / LEAST; `less` is the < Function of the type."""

    args: tuple[Expr, ...] = ()
    greatest: bool = True
    less: Any = None


@dataclass(frozen=True, slots=True)
class NullIf(Expr):
    left: Expr | None = None
    right: Expr | None = None
    equals: Any = None


@dataclass(frozen=True, slots=True)
class ScalarArrayOp(Expr):
    """`left op ANY (array)` (any=True) or ALL; IN lists become this with an ArrayExpr or array Const."""

    fn: Any = None
    op: str = "="
    any: bool = True
    left: Expr | None = None
    array: Expr | None = None


@dataclass(frozen=True, slots=True)
class ArrayExpr(Expr):
    items: tuple[Expr, ...] = ()
    elem_oid: int = 0
    multidim: bool = False  # items are arrays themselves


@dataclass(frozen=True, slots=True)
class Subscript(Expr):
    """`base[i][j]` or, with is_slice, `base[lo:hi]`; missing bounds are None in the tuples."""

    base: Expr | None = None
    lower: tuple[Expr | None, ...] = ()
    upper: tuple[Expr | None, ...] = ()
    is_slice: bool = False


@dataclass(frozen=True, slots=True)
class RowExpr(Expr):
    items: tuple[Expr, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowCompare(Expr):
    """(a, b) < (c, d), lexicographic; `less`/`equals` per column."""

    op: str = "<"
    left: tuple[Expr, ...] = ()
    right: tuple[Expr, ...] = ()
    less: tuple[Any, ...] = ()
    equals: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldSelect(Expr):
    arg: Expr | None = None
    index: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class SubLink(Expr):
    """A subquery in an expression. `query` is a sql.tree.Query.

    kind: exists, scalar, any, all, row, array. For any, all and row (one row at most), `test` is the comparison with the subquery's output columns as
    Param numbers -1, -2, ...
    """

    kind: str = "scalar"
    query: Any = None
    test: Expr | None = None
    op: str = ""


@dataclass(frozen=True, slots=True)
class Aggregate(Expr):
    """An aggregate call of the query `levels_up` levels outside; `fn` is a registry Function with `.aggregate`."""

    fn: Any = None
    args: tuple[Expr, ...] = ()
    distinct: bool = False
    order: tuple[Any, ...] = ()  # sql.tree.SortKey over args-level expressions
    filter: Expr | None = None
    star: bool = False
    levels_up: int = 0
    direct: tuple[Expr, ...] = ()  # WITHIN GROUP's direct arguments


@dataclass(frozen=True, slots=True)
class Grouping(Expr):
    """GROUPING(a, b): a bit for each argument, 1 where the row's grouping set leaves it out; the last one is lowest."""

    args: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class ArrayStore(Expr):
    """`base` with the element (or slice) at the subscripts replaced by `value`: SET a[2] = value."""

    base: Expr | None = None
    lower: tuple[Expr | None, ...] = ()
    upper: tuple[Expr | None, ...] = ()
    is_slice: bool = False
    value: Expr | None = None
    elem_oid: int = 0


@dataclass(frozen=True, slots=True)
class WindowCall(Expr):
    fn: Any = None
    args: tuple[Expr, ...] = ()
    window: int = 0  # index into Query.windows
    filter: Expr | None = None
    star: bool = False


@dataclass(frozen=True, slots=True)
class SessionValue(Expr):
    """current_user, current_date, ...: a value of the session, by name."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Default(Expr):
    """DEFAULT in VALUES or SET; replaced by the binder with the column's default."""


@dataclass(frozen=True, slots=True)
class InputSlot(Expr):
    """Planner only: column `index` of the input row of the operator that evaluates this expression.

    `side` tells left (0) from right (1) inputs of a join.
    """

    index: int = 0
    side: int = 0
