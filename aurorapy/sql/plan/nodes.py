"""Physical plans: trees of operators with their costs, which `execute` turns into Python source and EXPLAIN prints.

Columns have one name everywhere in a plan: `Column(rte=relation id, attno)`, where relation ids are unique in the whole
statement, subqueries included. A node that computes something new (Project, Aggregate, Append, ...) owns a relation id of
its own and *defines* columns 1..n of it. So an expression means the same at every height of the tree, a correlated
reference is simply a column of a relation that the subplan does not provide, and an index scan on the inner side of a
nested loop may use columns of the outer side.

    SELECT b, count(*) FROM t WHERE a > 1 GROUP BY b
    Aggregate rel=1 keys=[(0,2)] calls=[count(*)]     defines (1,1)=b, (1,2)=count(*)
      SeqScan rel=0 t quals=[(0,1) > 1]

`order` is what the rows are known to be sorted by; costs are PostgreSQL's units.

Not here: how a plan is chosen (`sql.plan.paths`, `sql.plan.joins`, `sql.plan.select`), how it runs (`execute.rows`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.expressions.nodes import Column, Expr
from aurorapy.records import dataclass, field
from aurorapy.sql.tree import SortKey
from aurorapy.types.values import let_go_of


@dataclass(frozen=True, slots=True)
class SubPlan(Expr):
    """A SubLink with its query planned. kind, test, op as in SubLink.

    `targets` are the subquery's output expressions over `plan`'s columns. `outer`: relation ids it reads from outside;
    empty makes it an init plan, computed at most once an execution. `hashed`: an ANY whose rows are kept in a set.
    """

    kind: str = "scalar"
    plan: Any = None
    targets: tuple[Expr, ...] = ()
    test: Expr | None = None
    op: str = ""
    outer: frozenset[int] = frozenset()
    hashed: bool = False
    number: int = 0  # for EXPLAIN: SubPlan n / InitPlan n
    hash_args: tuple[Expr, ...] = ()  # left-hand sides, when hashed


@dataclass(slots=True, eq=False)
class Node:
    """Base of all operators. `rels`: the relations whose columns its rows carry. width in bytes."""

    startup: float = field(default=0.0, kw_only=True)
    total: float = field(default=0.0, kw_only=True)
    rows: float = field(default=1.0, kw_only=True)
    width: int = field(default=0, kw_only=True)
    order: tuple[SortKey, ...] = field(default=(), kw_only=True)
    rels: frozenset[int] = field(default=frozenset(), kw_only=True)
    quals: list[Expr] = field(default_factory=list, kw_only=True)
    number: int = field(default=0, kw_only=True)  # its place in the plan, for EXPLAIN ANALYZE's counters

    def children(self) -> list[Node]:
        return []

    def expressions(self) -> list[Expr]:
        """Every expression the node itself evaluates."""
        return list(self.quals)


# -- leaves ------------------------------------------------------------------------------------------------------------
@dataclass(slots=True, eq=False)
class Result(Node):
    """One row without columns; with a child, the child's rows if `quals` (which use no columns of it) hold."""

    child: Node | None = None

    def children(self) -> list[Node]:
        return [self.child] if self.child else []


@dataclass(slots=True, eq=False)
class Scan(Node):
    """A table by way of its heap. `alias` is how EXPLAIN calls it."""

    rel: int
    relation: Any
    alias: str = ""


@dataclass(slots=True, eq=False)
class SeqScan(Scan):
    pass


@dataclass(slots=True, eq=False)
class TidScan(Scan):
    """`ctid = expr` or `ctid = ANY (array)` (`array`)."""

    tid: Expr | None = None
    array: bool = False
    conditions: list[Expr] = field(default_factory=list)

    def expressions(self) -> list[Expr]:
        return [*self.quals, *self.conditions]


@dataclass(slots=True, eq=False)
class IndexScan(Scan):
    """Rows by one index: `equals` on its leading columns, then at most one range on the next.

    `equals[i]` is (expression, is_array): is_array means any of the array's elements. A bound is (expression, inclusive).
    `null_tests[i]` True: column i IS NULL (expression None). `conditions` are the quals used, for EXPLAIN and for the
    recheck of every row fetched.
    """

    index: Any = None
    equals: list[tuple[Expr | None, bool]] = field(default_factory=list)
    lower: tuple[Expr, bool] | None = None
    upper: tuple[Expr, bool] | None = None
    conditions: list[Expr] = field(default_factory=list)
    backward: bool = False
    not_null: bool = False  # the column after `equals` IS NOT NULL: its NULLs are not walked

    def expressions(self) -> list[Expr]:
        return [*self.quals, *self.conditions]


@dataclass(slots=True, eq=False)
class FunctionScan(Node):
    rel: int
    alias: str
    functions: list[Expr] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    ordinality: bool = False

    def expressions(self) -> list[Expr]:
        return [*self.quals, *self.functions]


@dataclass(slots=True, eq=False)
class ValuesScan(Node):
    rel: int
    alias: str
    values: list[list[Expr]] = field(default_factory=list)

    def __del__(self) -> None:
        let_go_of(self.values)

    def expressions(self) -> list[Expr]:
        return [*self.quals, *(e for row in self.values for e in row)]


@dataclass(slots=True, eq=False)
class CteScan(Node):
    """Reads a materialised WITH query; `work_table`: the recursive reference inside the query itself."""

    rel: int
    alias: str
    cte: CtePlan | None = None
    work_table: bool = False


@dataclass(slots=True, eq=False)
class CtePlan:
    """A WITH query that is computed once and read by CteScans. `targets` over `node`'s columns.

    Recursive: `node` gives the first rows, `step` (with a work-table CteScan inside) the following ones; `distinct` for
    UNION without ALL.
    """

    number: int
    name: str
    node: Node | None = None
    targets: list[Expr] = field(default_factory=list)
    step: Node | None = None
    step_targets: list[Expr] = field(default_factory=list)
    distinct: bool = False
    type_oids: list[int] = field(default_factory=list)
    outer: frozenset[int] = frozenset()
    rows: float = 100.0
    is_modify: bool = False


# -- one input ---------------------------------------------------------------------------------------------------------
@dataclass(slots=True, eq=False)
class SubqueryScan(Node):
    """A subquery in FROM that keeps its own shape: defines (rel, i) as `targets[i - 1]` of the child."""

    rel: int
    alias: str
    child: Node
    targets: list[Expr] = field(default_factory=list)
    invisible: bool = False  # EXPLAIN leaves it out

    def children(self) -> list[Node]:
        return [self.child]

    def expressions(self) -> list[Expr]:
        return [*self.quals, *self.targets]


@dataclass(slots=True, eq=False)
class Project(Node):
    """Computes (rel, i) = exprs[i - 1]; the child's columns stay readable above. Not shown by EXPLAIN."""

    rel: int
    child: Node
    exprs: list[Expr] = field(default_factory=list)

    def children(self) -> list[Node]:
        return [self.child]

    def expressions(self) -> list[Expr]:
        return [*self.quals, *self.exprs]


@dataclass(slots=True, eq=False)
class ProjectSet(Node):
    """Runs set-returning calls side by side for each row: (rel, i) is calls[i - 1]'s next value, NULL once it is done."""

    rel: int
    child: Node
    calls: list[Expr] = field(default_factory=list)

    def children(self) -> list[Node]:
        return [self.child]

    def expressions(self) -> list[Expr]:
        return [*self.quals, *self.calls]


@dataclass(slots=True, eq=False)
class Sort(Node):
    """`bound`: with a LIMIT above, the expressions (limit, offset) whose sum is all the rows needed (top-N)."""

    child: Node
    keys: list[SortKey] = field(default_factory=list)
    bound: tuple[Expr | None, Expr | None] | None = None

    def children(self) -> list[Node]:
        return [self.child]

    def expressions(self) -> list[Expr]:
        return [*self.quals, *(k.expr for k in self.keys)]


@dataclass(slots=True, eq=False)
class Limit(Node):
    """`ties`: the sort keys of FETCH FIRST ... WITH TIES."""

    child: Node
    limit: Expr | None = None
    offset: Expr | None = None
    ties: list[SortKey] | None = None

    def children(self) -> list[Node]:
        return [self.child]

    def expressions(self) -> list[Expr]:
        keys = [k.expr for k in self.ties] if self.ties else []
        return [*self.quals, *(e for e in (self.limit, self.offset) if e is not None), *keys]


@dataclass(slots=True, eq=False)
class Unique(Node):
    """The first row of each run of equal keys in sorted input (DISTINCT ON, DISTINCT over a sort)."""

    child: Node
    keys: list[Expr] = field(default_factory=list)

    def children(self) -> list[Node]:
        return [self.child]

    def expressions(self) -> list[Expr]:
        return [*self.quals, *self.keys]


@dataclass(slots=True, eq=False)
class Aggregate(Node):
    """Defines (rel, i): the keys, then the calls (nodes.Aggregate expressions), then GROUPING's values.

    strategy: plain (one group, no keys), sorted (input ordered by the keys), hashed, or mixed (grouping `sets`, lists of
    key indexes). `groupings` are the key indexes of each GROUPING call. `quals` are HAVING's.
    """

    rel: int
    child: Node
    strategy: str = "plain"
    keys: list[Expr] = field(default_factory=list)
    calls: list[Expr] = field(default_factory=list)
    sets: list[list[int]] | None = None
    groupings: list[tuple[int, ...]] = field(default_factory=list)

    def children(self) -> list[Node]:
        return [self.child]

    def expressions(self) -> list[Expr]:
        return [*self.quals, *self.keys, *self.calls]


@dataclass(slots=True, eq=False)
class WindowAgg(Node):
    """Window calls that share one window, over input sorted by partition and order: defines (rel, i) = calls[i - 1]."""

    rel: int
    child: Node
    window: Any = None  # tree.Window
    calls: list[Expr] = field(default_factory=list)

    def children(self) -> list[Node]:
        return [self.child]

    def expressions(self) -> list[Expr]:
        keys = [k.expr for k in self.window.order]
        return [*self.quals, *self.calls, *self.window.partition, *keys]


@dataclass(slots=True, eq=False)
class Materialize(Node):
    """Keeps the child's rows for repeated reading by a nested loop."""

    child: Node

    def children(self) -> list[Node]:
        return [self.child]


@dataclass(slots=True, eq=False)
class LockRows(Node):
    """SELECT FOR UPDATE and kin: locks the row of each mark, going on with its newest version.

    `recheck` are the statement's WHERE and ON conditions, for a row that changed while it was waited for.
    """

    child: Node
    marks: list[RowMark] = field(default_factory=list)
    recheck: list[Expr] = field(default_factory=list)

    def children(self) -> list[Node]:
        return [self.child]

    def expressions(self) -> list[Expr]:
        return [*self.quals, *self.recheck, *(Column(27, rte=m.rel, attno=-1) for m in self.marks)]


@dataclass(slots=True)
class RowMark:
    rel: int
    relation: Any
    strength: str  # update, no key update, share, key share
    wait: str = "block"  # block, nowait, skip


# -- two inputs --------------------------------------------------------------------------------------------------------
@dataclass(slots=True, eq=False)
class Join(Node):
    """kind: inner, left, right, full, semi, anti. `on` decides what matches; `quals` filter after an outer join."""

    kind: str
    outer: Node
    inner: Node
    on: list[Expr] = field(default_factory=list)

    def children(self) -> list[Node]:
        return [self.outer, self.inner]

    def expressions(self) -> list[Expr]:
        return [*self.quals, *self.on]


@dataclass(slots=True, eq=False)
class NestedLoop(Join):
    pass


@dataclass(slots=True, eq=False)
class HashJoin(Join):
    """outer_keys[i] = inner_keys[i] by the types' default equality; the inner side is hashed. `conditions` for EXPLAIN."""

    outer_keys: list[Expr] = field(default_factory=list)
    inner_keys: list[Expr] = field(default_factory=list)
    conditions: list[Expr] = field(default_factory=list)

    def expressions(self) -> list[Expr]:
        return [*self.quals, *self.on, *self.outer_keys, *self.inner_keys]


# -- many inputs -------------------------------------------------------------------------------------------------------
@dataclass(slots=True, eq=False)
class Append(Node):
    """UNION ALL: defines (rel, i) from each input's own targets."""

    rel: int
    inputs: list[tuple[Node, list[Expr]]] = field(default_factory=list)

    def children(self) -> list[Node]:
        return [node for node, _ in self.inputs]

    def expressions(self) -> list[Expr]:
        return [*self.quals, *(e for _, targets in self.inputs for e in targets)]


@dataclass(slots=True, eq=False)
class SetOperation(Node):
    """INTERSECT and EXCEPT [ALL] of two inputs by hashing: defines (rel, i)."""

    rel: int
    op: str
    all: bool
    left: tuple[Node, list[Expr]]
    right: tuple[Node, list[Expr]]
    type_oids: list[int] = field(default_factory=list)

    def children(self) -> list[Node]:
        return [self.left[0], self.right[0]]

    def expressions(self) -> list[Expr]:
        return [*self.quals, *self.left[1], *self.right[1]]


# -- changes -----------------------------------------------------------------------------------------------------------
@dataclass(slots=True, eq=False)
class Modify(Node):
    """INSERT, UPDATE or DELETE of one table, fed by `child`; `rel` is the target's relation id.

    insert: `values` gives every column of the table in attno order; `conflict` the bound ON CONFLICT with `excluded` the
    relation id of EXCLUDED. update: `values` are the new row's columns in attno order, old ones as Columns of `rel`.
    `checks`: (constraint name, Expr over `rel`). `generated`: attno → Expr over `rel`. `recheck`: the WHERE and join
    conditions to hold again for a newer version of the row. `returning` over `rel`.
    """

    kind: str
    rel: int
    relation: Any
    alias: str
    child: Node
    values: list[Expr] = field(default_factory=list)
    changed: frozenset[int] = frozenset()  # attnos assigned by UPDATE
    given: frozenset[int] = frozenset()  # attnos that the statement names, to insert or to set
    checks: list[tuple[str, Expr]] = field(default_factory=list)
    generated: list[tuple[int, Expr]] = field(default_factory=list)
    recheck: list[Expr] = field(default_factory=list)
    returning: list[Expr] = field(default_factory=list)
    conflict: Conflict | None = None

    def children(self) -> list[Node]:
        return [self.child]

    def expressions(self) -> list[Expr]:
        row = [Column(27, rte=self.rel, attno=-1)] if self.kind != "insert" else []
        return [*self.quals, *self.values, *self.recheck, *self.returning, *row]


@dataclass(slots=True)
class Conflict:
    """ON CONFLICT: `values` is the whole new row over `rel` (the existing row) and `excluded`."""

    action: str
    arbiters: list[int]
    excluded: int
    values: list[Expr] = field(default_factory=list)
    where: Expr | None = None


@dataclass(slots=True)
class Plan:
    """A planned statement.

    `targets` are the result columns over `root`'s columns, `names`, `type_oids`, `typmods`, `origins` describe them.
    `locks` lists (relation OID, table lock mode) to take before it runs. `definitions` maps (rel, attno) of columns that
    the plan computes to what they stand for, and `aliases` relation ids to names: both for EXPLAIN.
    """

    kind: str
    root: Node
    targets: list[Expr] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    origins: list[tuple[int, int]] = field(default_factory=list)
    ctes: list[CtePlan] = field(default_factory=list)
    param_types: list[int] = field(default_factory=list)
    locks: list[tuple[int, str]] = field(default_factory=list)
    relation_oids: set[int] = field(default_factory=set)
    definitions: dict[tuple[int, int], Expr] = field(default_factory=dict)
    aliases: dict[int, Any] = field(default_factory=dict)
    whole_rows: dict[int, Expr] = field(default_factory=dict)  # what attno 0 of a relation is made of
    privileges: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    point: Any = None  # sql.plan.point.PointPlan when the short path applies
    volatile: bool = False
