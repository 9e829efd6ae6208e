"""The bound query tree: what the binder returns and the planner takes, in PostgreSQL's shape (struct Query).

One `Query` a SELECT, INSERT, UPDATE, DELETE or VALUES. `rtes` is the range table; expressions name its entries by index
(`nodes.Column.rte`, counted from 0). `from_` is the join tree over those indexes. Names are gone; permissions needed are
on the entries.

    SELECT a.x FROM a JOIN b ON a.i = b.i WHERE b.y > 1
    Query(kind="select", rtes=[Rte a, Rte b], from_=[Join("inner", Ref(0), Ref(1), on)], where=…, targets=[Target x])

Not here: physical operators (`sql.plan.nodes`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.expressions.nodes import Expr
from aurorapy.records import dataclass, field
from aurorapy.types.values import let_go_of


@dataclass(slots=True)
class Rte:
    """One range-table entry.

    kind: table (also views once expanded to subquery), subquery, function, values, cte, join (only as the source of
    merged USING columns; never scanned), result.
    """

    kind: str
    alias: str
    columns: list[str]
    type_oids: list[int]
    typmods: list[int]
    relation: Any = None  # catalog.model.Relation
    view: Any = None  # the Relation of a view that became this subquery
    query: Query | None = None
    lateral: bool = False
    functions: list[Expr] = field(default_factory=list)  # set-returning calls; ROWS FROM when several
    function_widths: list[int] = field(default_factory=list)  # columns each function gives
    ordinality: bool = False
    values: list[list[Expr]] = field(default_factory=list)
    cte: str = ""
    cte_levels_up: int = 0
    for_update: str = ""  # lock strength asked for this entry
    privileges: set[str] = field(default_factory=set)  # SELECT, INSERT, UPDATE, DELETE
    inherits: bool = True

    def __del__(self) -> None:
        let_go_of(self.values)


@dataclass(slots=True)
class Ref:
    """A leaf of the join tree: the range-table entry itself."""

    rte: int


@dataclass(slots=True)
class Join:
    """kind: inner, left, right, full, cross; USING is already spelled out in `on`."""

    kind: str
    left: Ref | Join
    right: Ref | Join
    on: Expr | None = None


@dataclass(slots=True)
class Target:
    """An output column; `junk` ones are needed for sorting or row identity but not returned."""

    expr: Expr
    name: str
    junk: bool = False
    origin_table: int = 0  # pg_class OID for RowDescription, 0 if not a plain column
    origin_column: int = 0


@dataclass(slots=True)
class SortKey:
    """Orders by `expr`; `less` and `equals` are registry Functions of its type."""

    expr: Expr
    descending: bool = False
    nulls_first: bool = False
    less: Any = None
    equals: Any = None


@dataclass(slots=True)
class Cte:
    name: str
    query: Query
    recursive: bool = False
    materialized: bool | None = None
    references: int = 0


@dataclass(slots=True)
class SetOp:
    """A node of a set-operation tree: leaves are subquery entries of the range table.

    op: union, intersect, except.
    """

    op: str
    all: bool
    left: Ref | SetOp
    right: Ref | SetOp
    type_oids: list[int] = field(default_factory=list)
    typmods: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Window:
    partition: list[Expr]
    order: list[SortKey]
    frame: Any = None


@dataclass(slots=True)
class RowLock:
    """FOR UPDATE and kin. strength: update, no key update, share, key share; wait: block, nowait, skip."""

    rtes: list[int]
    strength: str
    wait: str = "block"


@dataclass(slots=True)
class OnConflict:
    """`arbiters`: index OIDs (empty: any unique index). `action`: nothing or update.

    In `sets` and `where` the target row is the target's entry and EXCLUDED is the entry `excluded_rte`.
    """

    action: str
    arbiters: list[int]
    sets: list[tuple[int, Expr]] = field(default_factory=list)
    where: Expr | None = None
    excluded_rte: int = -1


@dataclass(slots=True)
class Query:
    kind: str  # select, insert, update, delete, values
    rtes: list[Rte] = field(default_factory=list)
    from_: list[Ref | Join] = field(default_factory=list)
    where: Expr | None = None
    targets: list[Target] = field(default_factory=list)
    group_by: list[Expr] = field(default_factory=list)
    grouping_sets: list[list[int]] | None = None  # indexes into group_by, a list a set
    having: Expr | None = None
    has_aggregates: bool = False
    windows: list[Window] = field(default_factory=list)
    distinct: bool = False
    distinct_on: list[Expr] = field(default_factory=list)
    order_by: list[SortKey] = field(default_factory=list)
    limit: Expr | None = None
    offset: Expr | None = None
    with_ties: bool = False
    set_op: SetOp | None = None
    ctes: list[Cte] = field(default_factory=list)
    locks: list[RowLock] = field(default_factory=list)
    # data-modifying statements
    target_rte: int = -1
    # insert: one expression a target column; the source rows come from `source` (a Query over which Column(rte=source_rte)
    # refers) or, for a single VALUES row, from the expressions alone
    insert_columns: list[int] = field(default_factory=list)  # attnos, all columns of the table in order, defaults filled in
    insert_exprs: list[Expr] = field(default_factory=list)  # one for each of insert_columns
    insert_given: list[int] = field(default_factory=list)  # those of insert_columns that the statement gives itself
    source_rte: int = -1  # entry holding the SELECT or multi-row VALUES, -1 for a single row
    sets: list[tuple[int, Expr]] = field(default_factory=list)  # update: (attno, value)
    returning: list[Target] = field(default_factory=list)
    on_conflict: OnConflict | None = None
    generated: list[tuple[int, Expr]] = field(default_factory=list)  # (attno, value) over Column(rte=target_rte) of the new row
    # facts for caching and EXPLAIN
    param_types: list[int] = field(default_factory=list)
    relation_oids: set[int] = field(default_factory=set)
