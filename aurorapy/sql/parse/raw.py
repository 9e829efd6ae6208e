"""A query as it was written: names unresolved, types unknown, the shape of PostgreSQL's raw parse tree.

This is the seam between parsing and binding. `parse.query` makes these from the parser's tree, `sql.bind` turns them into
`sql.tree` and `expressions.nodes`; nobody else looks inside.

    a.x + 1 > $1     Operator(">", Operator("+", ColumnRef(("a", "x")), Literal("integer", "1")), Parameter(1))

`position` is the 1-based character PostgreSQL would point at.

Not here: statements that are not queries (`sql.statements`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.records import dataclass, field
from aurorapy.sql.statements import TypeName
from aurorapy.types.values import let_go_of


@dataclass(slots=True)
class Node:
    position: int = field(default=0, kw_only=True)


# -- expressions -------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Literal(Node):
    """kind: string, integer, numeric, bits, boolean, null. `value` is the decoded text."""

    kind: str
    value: str = ""


@dataclass(slots=True)
class Parameter(Node):
    number: int


@dataclass(slots=True)
class ColumnRef(Node):
    """`names` as written; the last one is '*' (with star=True) for `t.*` and `*`."""

    names: tuple[str, ...]
    star: bool = False


@dataclass(slots=True)
class Operator(Node):
    """Infix, or prefix when left is None."""

    name: str
    left: Any
    right: Any
    schema: str | None = None


@dataclass(slots=True)
class BoolOp(Node):
    """op: and, or, not."""

    op: str
    args: list[Any]


@dataclass(slots=True)
class IsTest(Node):
    """what: null, true, false, unknown."""

    arg: Any
    what: str
    negated: bool = False


@dataclass(slots=True)
class Distinct(Node):
    left: Any
    right: Any
    negated: bool = False


@dataclass(slots=True)
class Between(Node):
    arg: Any
    low: Any
    high: Any
    negated: bool = False
    symmetric: bool = False


@dataclass(slots=True)
class InTest(Node):
    """`items` is a list of expressions, or a query."""

    arg: Any
    items: Any
    negated: bool = False


@dataclass(slots=True)
class LikeTest(Node):
    """operator: ~~, !~~, ~~*, !~~*, ~ or !~ (SIMILAR TO)."""

    operator: str
    left: Any
    right: Any
    escape: Any = None
    similar: bool = False


@dataclass(slots=True)
class Quantified(Node):
    """`left name ANY (right)`; right is an expression or a query."""

    name: str
    left: Any
    right: Any
    any: bool = True
    schema: str | None = None


@dataclass(slots=True)
class QueryExpr(Node):
    """kind: scalar, exists, array."""

    kind: str
    query: Any


@dataclass(slots=True)
class Cast(Node):
    arg: Any
    type: TypeName


@dataclass(slots=True)
class Collate(Node):
    arg: Any
    names: tuple[str, ...]


@dataclass(slots=True)
class Case(Node):
    operand: Any
    whens: list[tuple[Any, Any]]
    otherwise: Any = None


@dataclass(slots=True)
class Special(Node):
    """coalesce, greatest, least, nullif, grouping: calls that the grammar knows."""

    name: str
    args: list[Any]


@dataclass(slots=True)
class SqlValue(Node):
    """current_date and its kin; `precision` as in current_timestamp(3)."""

    name: str
    precision: int | None = None


@dataclass(slots=True)
class ArrayItems(Node):
    items: list[Any]


@dataclass(slots=True)
class Row(Node):
    items: list[Any]
    explicit: bool = False


@dataclass(slots=True)
class Index(Node):
    """Subscripts: a list of (lower, upper, is_slice); a plain subscript is (index, None, False)."""

    arg: Any
    subscripts: list[tuple[Any, Any, bool]]


@dataclass(slots=True)
class Field(Node):
    """`(expr).name`; name '*' expands a row."""

    arg: Any
    name: str


@dataclass(slots=True)
class DefaultValue(Node):
    """DEFAULT as a value of INSERT or UPDATE."""


@dataclass(slots=True)
class CurrentOf(Node):
    cursor: str


@dataclass(slots=True)
class SortBy(Node):
    expr: Any
    descending: bool = False
    nulls_first: bool | None = None
    using: str | None = None


@dataclass(slots=True)
class WindowDef(Node):
    """`frame`: (unit, start, start value, end, end value, exclude) with start/end one of unbounded preceding, preceding,
    current row, following, unbounded following; None when not written."""

    name: str | None = None
    base: str | None = None
    partition: list[Any] = field(default_factory=list)
    order: list[SortBy] = field(default_factory=list)
    frame: tuple | None = None


@dataclass(slots=True)
class Call(Node):
    """A function call; `over` is a WindowDef or the name of one. `special`: the SQL syntax used (extract, trim, ...),
    '' for a plain call."""

    names: tuple[str, ...]
    args: list[Any]
    arg_names: list[str | None] = field(default_factory=list)
    distinct: bool = False
    order: list[SortBy] = field(default_factory=list)
    filter: Any = None
    star: bool = False
    variadic: bool = False
    within_group: bool = False
    over: WindowDef | str | None = None
    special: str = ""


# -- FROM --------------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Alias:
    name: str
    columns: list[str] = field(default_factory=list)


@dataclass(slots=True)
class FromTable(Node):
    names: tuple[str, ...]
    alias: Alias | None = None
    only: bool = False


@dataclass(slots=True)
class FromQuery(Node):
    query: Any
    alias: Alias | None = None
    lateral: bool = False


@dataclass(slots=True)
class FromFunction(Node):
    """`calls` has several entries for ROWS FROM."""

    calls: list[Any]
    alias: Alias | None = None
    lateral: bool = False
    ordinality: bool = False


@dataclass(slots=True)
class FromJoin(Node):
    """kind: inner, left, right, full, cross."""

    kind: str
    left: Any
    right: Any
    on: Any = None
    using: list[str] | None = None
    natural: bool = False
    alias: Alias | None = None


# -- queries -----------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Target(Node):
    expr: Any
    name: str | None = None


@dataclass(slots=True)
class CommonTable(Node):
    name: str
    columns: list[str]
    query: Any
    materialized: bool | None = None


@dataclass(slots=True)
class With:
    tables: list[CommonTable]
    recursive: bool = False


@dataclass(slots=True)
class Locking(Node):
    strength: str
    tables: list[str] = field(default_factory=list)
    wait: str = "block"


@dataclass(slots=True)
class GroupSet(Node):
    """kind: rollup, cube, sets, empty."""

    kind: str
    items: list[Any]


@dataclass(slots=True)
class Query(Node):
    """What every query may carry at its end."""

    with_: With | None = None
    order: list[SortBy] = field(default_factory=list)
    limit: Any = None
    offset: Any = None
    with_ties: bool = False
    locks: list[Locking] = field(default_factory=list)
    into: tuple[str, Any] | None = None  # SELECT INTO, of a whole statement only: (persistence, Name)


@dataclass(slots=True)
class Select(Query):
    """`distinct`: False, True (all columns) or the list of DISTINCT ON."""

    targets: list[Target] = field(default_factory=list)
    distinct: Any = False
    from_: list[Any] = field(default_factory=list)
    where: Any = None
    group: list[Any] = field(default_factory=list)
    having: Any = None
    windows: list[WindowDef] = field(default_factory=list)


@dataclass(slots=True)
class Values(Query):
    rows: list[list[Any]] = field(default_factory=list)

    def __del__(self) -> None:
        let_go_of(self.rows)


@dataclass(slots=True)
class SetOperation(Query):
    op: str = "union"
    all: bool = False
    left: Any = None
    right: Any = None


@dataclass(slots=True)
class Conflict(Node):
    """`keys`: (expression, opclass) of the inference clause; action: nothing or update."""

    action: str
    keys: list[Any] = field(default_factory=list)
    key_where: Any = None
    constraint: str | None = None
    sets: list[Any] = field(default_factory=list)
    where: Any = None


@dataclass(slots=True)
class Insert(Node):
    """`source` None: DEFAULT VALUES. overriding: '', system, user. `elements`: subscripts by place in `columns`."""

    table: FromTable
    columns: list[tuple[str, int]] = field(default_factory=list)
    source: Any = None
    conflict: Conflict | None = None
    returning: list[Target] = field(default_factory=list)
    overriding: str = ""
    with_: With | None = None
    elements: dict[int, list[Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Assign(Node):
    """SET: `names` (with positions) = value; several names take a row or a query."""

    names: list[tuple[str, int]]
    value: Any
    multiple: bool = False
    subscripts: Any = None


@dataclass(slots=True)
class Update(Node):
    table: FromTable
    sets: list[Assign] = field(default_factory=list)
    from_: list[Any] = field(default_factory=list)
    where: Any = None
    returning: list[Target] = field(default_factory=list)
    with_: With | None = None


@dataclass(slots=True)
class Delete(Node):
    table: FromTable
    using: list[Any] = field(default_factory=list)
    where: Any = None
    returning: list[Target] = field(default_factory=list)
    with_: With | None = None
