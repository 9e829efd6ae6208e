"""Ways to read one relation: sequential, by an index (conditions, order, or both), by row address.

    t(a, b) with an index on (a, b):   a = 1 AND b > 2 AND c < 3
    → Index Scan  equals=[1] lower=(2, exclusive)  filter c < 3   ordered by (b)

A condition serves an index when one side is the index's column and the other does not use the relation; the other side
may use columns of relations outside (that is how a nested loop gets a parameterised inner scan).

Not here: joins (`sql.plan.joins`), what things cost (`sql.plan.costs`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.expressions import registry
from aurorapy.expressions.nodes import Call, Column, Const, Expr, NullTest, Relabel, ScalarArrayOp
from aurorapy.expressions.typeoids import ELEMENT_OF
from aurorapy.records import dataclass
from aurorapy.sql.plan import costs as cost
from aurorapy.sql.plan import nodes
from aurorapy.sql.plan.columns import is_volatile, rels_of
from aurorapy.sql.plan.stats import clamp_rows, column_width, type_width
from aurorapy.sql.tree import SortKey
from aurorapy.types.values import Array

_FLIPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_FAMILIES = [frozenset({20, 21, 23}), frozenset({19, 25, 1043}), frozenset({26, *registry.REG_TYPES})]


@dataclass(slots=True)
class Use:
    """How one condition can serve an index column. op: = < <= > >= any null notnull."""

    qual: Expr
    attno: int
    op: str
    value: Expr | None


def same_family(column_oid: int, value_oid: int) -> bool:
    """May a value of the second type be a key of a column of the first, with the same meaning of order and equality?"""
    return column_oid == value_oid or any(column_oid in f and value_oid in f for f in _FAMILIES)


def _strip(expr: Expr) -> Expr:
    while type(expr) is Relabel:
        expr = expr.arg
    return expr


def index_use(qual: Expr, rel: int) -> Use | None:
    """What the condition could do for an index of relation `rel`."""
    kind = type(qual)
    if kind is Call and len(qual.args) == 2 and qual.op in _FLIPPED:
        left, right = _strip(qual.args[0]), _strip(qual.args[1])
        for column, value, op in ((left, qual.args[1], qual.op), (right, qual.args[0], _FLIPPED[qual.op])):
            if _is_key(column, rel) and same_family(column.type_oid, value.type_oid):
                if rel not in rels_of(value) and not is_volatile(value):
                    return Use(qual, column.attno, op, value)
    elif kind is ScalarArrayOp and qual.any and qual.op == "=":
        column = _strip(qual.left)
        element = ELEMENT_OF.get(qual.array.type_oid, getattr(qual.array, "elem_oid", 0))
        if _is_key(column, rel) and same_family(column.type_oid, element):
            if rel not in rels_of(qual.array) and not is_volatile(qual.array):
                return Use(qual, column.attno, "any", qual.array)
    elif kind is NullTest and _is_key(_strip(qual.arg), rel):
        return Use(qual, _strip(qual.arg).attno, "null" if qual.is_null else "notnull", None)
    elif kind is Column and qual.type_oid == 16 and _is_key(qual, rel):
        return Use(qual, qual.attno, "=", Const(16, value=True))
    return None


def _is_key(expr: Expr, rel: int) -> bool:
    return type(expr) is Column and expr.rte == rel and expr.attno > 0


def order_of_index(index: Any, rel: int, relation: Any, skip: int, backward: bool) -> tuple[SortKey, ...]:
    """What an index scan whose first `skip` columns are fixed is sorted by."""
    keys = []
    for position in range(skip, index.key_count or len(index.columns)):
        attno = index.columns[position]
        if attno <= 0:
            break
        column = relation.columns[attno - 1]
        option = index.options[position] if position < len(index.options) else 0
        descending, nulls_first = bool(option & 1), bool(option & 2)
        if backward:
            descending, nulls_first = not descending, not nulls_first
        keys.append(SortKey(Column(column.type_oid, column.typmod, 0, rel, attno), descending, nulls_first))
    return tuple(keys)


def same_key(a: SortKey, b: SortKey) -> bool:
    if a.descending != b.descending or a.nulls_first != b.nulls_first:
        return False
    left, right = _strip(a.expr), _strip(b.expr)
    if type(left) is Column and type(right) is Column:
        return left.rte == right.rte and left.attno == right.attno
    return left == right


def satisfies(order: tuple[SortKey, ...], wanted: tuple[SortKey, ...]) -> bool:
    """Are rows sorted by `order` also sorted by `wanted`?"""
    return len(order) >= len(wanted) and all(same_key(a, b) for a, b in zip(order, wanted))


def table_width(relation: Any, rel: int, planner: Any) -> int:
    """Bytes of the columns that the statement uses of a relation."""
    used = [c for c in planner.used_columns if c[0] == rel]
    return sum(column_width(relation, attno) for _, attno in used) if used else 0


def table_paths(planner: Any, rel: int, rte: Any, quals: list[Expr], outside: list[Expr], wanted: tuple) -> list[nodes.Node]:
    """All useful scans of a table. `outside`: join conditions that an index may use with the other side's columns."""
    relation = rte.relation
    rows, pages = planner.size_of(rel)
    estimator, costs = planner.estimator, planner.costs
    width = table_width(relation, rel, planner)
    rels = frozenset((rel,))
    alias = rte.alias
    paths: list[nodes.Node] = []
    share = estimator.all_of(quals)
    if not outside:
        scan = nodes.SeqScan(rel, relation, alias, quals=_cheap_first(quals), width=width, rels=rels)
        cost.seq_scan(scan, rows, pages, rows * share, costs)
        paths.append(scan)
    tid = _tid_path(rel, relation, alias, [*quals, *outside], bool(outside), estimator, costs)
    if tid is not None:
        tid.width, tid.rels = width, rels
        paths.append(tid)
    uses = [u for q in quals if (u := index_use(q, rel)) is not None]
    joined = [u for q in outside if (u := index_use(q, rel)) is not None]
    if relation.indexes and (uses or joined or wanted):
        for index in relation.indexes:
            if index.valid and index.predicate is None:
                paths.extend(_index_paths(planner, rel, relation, alias, index, quals, uses, joined, wanted, width))
    return paths


def _cheap_first(quals: list[Expr]) -> list[Expr]:
    if len(quals) < 2:
        return list(quals)
    return sorted(quals, key=lambda q: sum(1 for _ in cost.subplans(q)))


def _tid_path(rel: int, relation: Any, alias: str, quals: list[Expr], joined: bool, estimator: Any, costs: Any) -> Any:
    for qual in quals:
        array = type(qual) is ScalarArrayOp and qual.any and qual.op == "="
        if array:
            column, value = _strip(qual.left), qual.array
        elif type(qual) is Call and qual.op == "=" and len(qual.args) == 2:
            column, value = qual.args
            if type(column) is not Column or column.attno != -1 or column.rte != rel:
                column, value = value, column
        else:
            continue
        if type(column) is not Column or column.rte != rel or column.attno != -1 or rel in rels_of(value):
            continue
        if joined and not rels_of(value):
            continue
        rest = [q for q in quals if q is not qual and not (joined and rels_of(q) - {rel})]
        node = nodes.TidScan(rel, relation, alias, value, array, [qual], quals=rest)
        node.rows = 10.0 if array else 1.0
        node.startup = 0.0 if costs.enable_tidscan else cost.DISABLED
        node.total = node.startup + node.rows * (costs.random_page + costs.cpu_tuple)
        return node
    return None


def _index_paths(planner, rel, relation, alias, index, quals, uses, joined, wanted, width) -> list[nodes.Node]:
    made = _match(index, uses, joined)
    equals, lower, upper, used, not_null = made
    if joined and not any(u in joined for u in used):
        return []
    paths = []
    arrays = any(is_array for _, is_array in equals)
    for backward in (False, True):
        order = () if arrays else order_of_index(index, rel, relation, len(equals), backward)
        fits = bool(wanted) and satisfies(_with_fixed(order, equals, index, rel, relation, wanted), wanted)
        if not used and not fits:
            continue
        if backward and not fits:
            continue
        conditions = [u.qual for u in used]
        residual = [q for q in quals if not any(q is c for c in conditions)]
        node = nodes.IndexScan(
            rel, relation, alias, index, equals, lower, upper, conditions, backward, quals=_cheap_first(residual),
            order=tuple(wanted) if fits else order, not_null=not_null, width=width, rels=frozenset((rel,)),
        )  # fmt: skip
        _cost(planner, node, quals, used)
        paths.append(node)
    return paths


def _with_fixed(order, equals, index, rel, relation, wanted) -> tuple[SortKey, ...]:
    """The index's order with the wanted keys that are fixed by equality put where they are wanted."""
    fixed = {index.columns[i] for i in range(len(equals))}
    result, rest = [], list(order)
    for key in wanted:
        column = _strip(key.expr)
        if type(column) is Column and column.rte == rel and column.attno in fixed:
            result.append(key)
        elif rest:
            result.append(rest.pop(0))
    return (*result, *rest)


def _match(index: Any, uses: list[Use], joined: list[Use]):
    """equals, lower, upper, conditions used, whether the column after `equals` is known not to be NULL."""
    equals: list[tuple[Expr | None, bool]] = []
    used: list[Use] = []
    lower = upper = None
    not_null = False
    everything = [*joined, *uses]
    for position in range(index.key_count or len(index.columns)):
        attno = index.columns[position]
        mine = [u for u in everything if u.attno == attno] if attno > 0 else []
        exact = next((u for u in mine if u.op == "="), None) or next((u for u in mine if u.op in ("any", "null")), None)
        if exact is not None:
            equals.append((exact.value, exact.op == "any"))
            used.append(exact)
            continue
        for use in mine:
            if use.op in (">", ">=") and lower is None:
                lower = (use.value, use.op == ">=")
                used.append(use)
            elif use.op in ("<", "<=") and upper is None:
                upper = (use.value, use.op == "<=")
                used.append(use)
        if lower is None and upper is None:
            known = next((u for u in mine if u.op == "notnull"), None)
            if known is not None:
                used.append(known)
                not_null = True
        break
    return equals, lower, upper, used, not_null


def _cost(planner: Any, node: nodes.IndexScan, quals: list[Expr], used: list[Use]) -> None:
    estimator = planner.estimator
    rows, pages = planner.size_of(node.rel)
    index = node.index
    index_rows = index.tuples if index.tuples >= 0 else rows
    width = sum(column_width(node.relation, a) if a > 0 else 32 for a in index.columns) + 16
    index_pages = float(index.pages) or max(1.0, rows * width / 5700)
    share = estimator.all_of([u.qual for u in used])
    key_count = index.key_count or len(index.columns)
    if index.unique and len(node.equals) == key_count and not any(a for _, a in node.equals) and rows > 0:
        share = min(share, 1.0 / rows)
    keys = 1
    for value, is_array in node.equals:
        if is_array:
            known = type(value) is Const and isinstance(value.value, Array)
            keys *= max(1, len(value.value.items) if known else len(getattr(value, "items", ())) or 10)
    first = index.columns[0]
    stats = node.relation.stats.get(first) if first > 0 else None
    correlation = stats.correlation if stats is not None else 0.0
    if key_count > 1:
        correlation *= 0.75
    residual = [q for q in quals if not any(q is u.qual for u in used)]
    out = rows * share * estimator.all_of(residual)
    cost.index_scan(node, share, keys, (rows, pages), (index_rows, index_pages), correlation, out, planner.loops, planner.costs)


def other_paths(planner: Any, rel: int, rte: Any, quals: list[Expr]) -> list[nodes.Node]:
    """Scans of what is not a table: functions, VALUES, subqueries, WITH queries."""
    costs, estimator = planner.costs, planner.estimator
    share = estimator.all_of(quals)
    width = sum(type_width(o, t) for o, t in zip(rte.type_oids, rte.typmods))
    rels = frozenset((rel,))
    if rte.kind == "function":
        node = nodes.FunctionScan(rel, rte.alias, rte.functions, rte.function_widths, rte.ordinality, quals=quals, rels=rels, width=width)
        rows = max((function_rows(f) for f in rte.functions), default=1.0)
        node.startup = cost.qual_cost(rte.functions, costs)[1]
        node.total = node.startup + rows * (costs.cpu_tuple + cost.qual_cost(quals, costs)[1])
        node.rows = clamp_rows(rows * share)
    elif rte.kind == "values":
        node = nodes.ValuesScan(rel, rte.alias, rte.values, quals=quals, rels=rels, width=width)
        rows = float(len(rte.values))
        node.total = rows * (costs.cpu_operator + costs.cpu_tuple + cost.qual_cost(quals, costs)[1])
        node.rows = clamp_rows(rows * share)
    elif rte.kind == "result":
        node = nodes.Result(quals=quals, rels=rels)
        node.total = costs.cpu_tuple
    elif rte.kind == "cte":
        plan, work_table = planner.cte_plan(rel)
        node = nodes.CteScan(rel, rte.alias, plan, work_table, quals=quals, rels=rels, width=width)
        rows = plan.rows * (10.0 if work_table else 1.0)
        node.total = rows * (costs.cpu_tuple + cost.qual_cost(quals, costs)[1])
        node.rows = clamp_rows(rows * share)
    else:
        child, targets = planner.plan_subquery(rte.query)
        node = nodes.SubqueryScan(rel, rte.alias, child, targets, quals=quals, rels=rels, width=width)
        once, per_row = cost.qual_cost(quals, costs)
        node.startup = child.startup + once
        node.total = child.total + once + child.rows * (costs.cpu_tuple + per_row if quals else 0.0)
        node.rows = clamp_rows(child.rows * share)
        node.order = planner.order_through(child, rel, targets)
        node.invisible = not quals
        planner.define(rel, targets)
    return [node]


def function_rows(expr: Expr) -> float:
    """Rows a set-returning call gives: counted for generate_series over constants, pg_proc.prorows otherwise."""
    fn = getattr(expr, "fn", None)
    if fn is None or not fn.returns_set:
        return 1.0
    args = expr.args
    if fn.name == "generate_series" and all(type(a) is Const and isinstance(a.value, int) for a in args[:3]):
        step = args[2].value if len(args) > 2 else 1
        if step and expr.type_oid in (20, 23):
            return max(0.0, float((args[1].value - args[0].value) // step + 1)) or 1.0
    return fn.rows or 1000.0
