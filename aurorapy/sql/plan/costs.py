"""PostgreSQL's cost model: what an operator costs, in units of one sequential page read.

    Seq Scan over 10 pages, 2,550 rows, no condition:  10 * 1.0 + 2550 * 0.01  = 35.50

Each function fills `startup`, `total`, `rows` and `width` of a node whose children are costed already.

Not here: row counts of conditions (`sql.plan.stats`), the choice (`sql.plan.paths`, `joins`, `select`).
"""

from __future__ import annotations

from math import ceil, log, log2
from typing import Any, Callable

from aurorapy.expressions.nodes import And, Call, Const, Expr, Or, Relabel, ScalarArrayOp
from aurorapy.records import dataclass
from aurorapy.sql.plan import nodes
from aurorapy.sql.plan.nodes import SubPlan
from aurorapy.sql.plan.stats import clamp_rows
from aurorapy.types.values import Array

DISABLED = 1.0e10
_OFF = (False, "off", "false", "no", "0")
COST_SETTINGS = {
    "seq_page": "seq_page_cost", "random_page": "random_page_cost", "cpu_tuple": "cpu_tuple_cost",
    "cpu_index_tuple": "cpu_index_tuple_cost", "cpu_operator": "cpu_operator_cost",
}  # fmt: skip


@dataclass(slots=True)
class Costs:
    """The settings of the planner that decide costs."""

    seq_page: float = 1.0
    random_page: float = 4.0
    cpu_tuple: float = 0.01
    cpu_index_tuple: float = 0.005
    cpu_operator: float = 0.0025
    cache_pages: float = 524288.0
    work_mem_bytes: int = 4 << 20
    enable_seqscan: bool = True
    enable_indexscan: bool = True
    enable_nestloop: bool = True
    enable_hashjoin: bool = True
    enable_hashagg: bool = True
    enable_sort: bool = True
    enable_material: bool = True
    enable_tidscan: bool = True


def read_costs(settings: Any) -> Costs:
    """From a mapping or a callable of setting names; absent ones keep PostgreSQL's defaults."""
    get = _getter(settings)
    made = Costs()
    for field, name in COST_SETTINGS.items():
        value = get(name)
        if value is not None:
            setattr(made, field, float(value))
    for field in Costs.__slots__:
        if field.startswith("enable_"):
            setattr(made, field, is_enabled(get, field))
    memory = get("work_mem")
    if memory is not None:
        made.work_mem_bytes = memory_bytes(memory)
    return made


def is_enabled(settings: Any, name: str) -> bool:
    """An enable_ setting; absent ones are on."""
    return _getter(settings)(name) not in _OFF


def _getter(settings: Any) -> Callable[[str], Any]:
    return settings if callable(settings) else (settings or {}).get


def memory_bytes(value: Any) -> int:
    """work_mem as bytes: a number is kilobytes, a text may carry a unit."""
    if isinstance(value, (int, float)):
        return int(value) << 10
    text = str(value).strip()
    for unit, shift in (("kB", 10), ("MB", 20), ("GB", 30), ("TB", 40), ("B", 0)):
        if text.endswith(unit):
            return int(float(text[: -len(unit)]) * (1 << shift))
    return int(text) << 10


def operator_count(expr: Expr) -> float:
    """Function calls in an expression, weighted by pg_proc.procost; a subplan's own cost is added by qual_cost."""
    kind = type(expr)
    count = sum(operator_count(c) for c in expr.children()) if kind is not SubPlan else 0.0
    if kind is Call:
        return count + expr.fn.cost
    if kind is ScalarArrayOp:
        items = len(expr.array.value.items) if type(expr.array) is Const and isinstance(expr.array.value, Array) else 10
        return count + max(1.0, items / 2)
    if kind in (And, Or, Const, Relabel) or not hasattr(expr, "fn"):
        return count
    return count + 1.0


def qual_cost(quals: list[Expr], costs: Costs) -> tuple[float, float]:
    """(once, per row) of evaluating conditions or targets."""
    once = per_row = 0.0
    for qual in quals:
        per_row += operator_count(qual) * costs.cpu_operator
        for plan in subplans(qual):
            if not plan.outer:
                once += plan.plan.total
            else:
                per_row += plan.plan.total
    return once, per_row


def subplans(expr: Expr):
    if type(expr) is SubPlan:
        yield expr
    for child in expr.children():
        yield from subplans(child)


def seq_scan(node: nodes.SeqScan, rows: float, pages: float, out_rows: float, costs: Costs) -> None:
    once, per_row = qual_cost(node.quals, costs)
    node.startup = once + (0.0 if costs.enable_seqscan else DISABLED)
    node.total = node.startup + pages * costs.seq_page + rows * (costs.cpu_tuple + per_row)
    node.rows = clamp_rows(out_rows)


def pages_fetched(tuples: float, pages: float, cache: float) -> float:
    """Mackert and Lohman's formula: distinct pages met by `tuples` random fetches."""
    pages = max(pages, 1.0)
    if pages <= cache:
        return min(ceil(2.0 * pages * tuples / (2.0 * pages + tuples)), pages)
    limit = 2.0 * pages * cache / (2.0 * pages - cache)
    if tuples <= limit:
        return ceil(2.0 * pages * tuples / (2.0 * pages + tuples))
    return ceil(cache + (tuples - limit) * (pages - cache) / pages)


def index_scan(
    node: nodes.IndexScan,
    index_share: float,
    keys: int,
    table: tuple[float, float],
    index: tuple[float, float],
    correlation: float,
    out_rows: float,
    loops: float,
    costs: Costs,
) -> None:
    """btcostestimate and cost_index: `index_share` of `index` (rows, pages) is read, `keys` descents are made."""
    rows, pages = table
    index_rows, index_pages = index
    matched = clamp_rows(index_share * rows)
    tuples = max(1.0, round(matched / keys))
    leaf_pages = ceil(tuples * index_pages / index_rows) if index_pages > 1 and index_rows > 1 else 1.0
    scans = keys * loops
    if scans > 1:
        fetched = pages_fetched(leaf_pages * scans, index_pages, costs.cache_pages)
        io = fetched * costs.random_page / loops
    else:
        io = leaf_pages * costs.random_page
    once, per_condition = qual_cost(node.conditions, costs)
    start = once
    total = io + keys * tuples * (costs.cpu_index_tuple + per_condition) + once
    if index_rows > 1:
        descent = ceil(log(index_rows) / log(2.0)) * costs.cpu_operator
        start += descent
        total += keys * descent
    height = 0 if index_pages <= 1 else max(1, ceil(log(max(index_pages, 2.0), 250)) - 0)
    descent = (height + 1) * 50.0 * costs.cpu_operator
    start += descent
    total += keys * descent
    if loops > 1:
        worst = pages_fetched(matched * loops, pages, costs.cache_pages) * costs.random_page / loops
        best = pages_fetched(ceil(index_share * pages) * loops, pages, costs.cache_pages) * costs.random_page / loops
    else:
        worst = pages_fetched(matched, pages, costs.cache_pages) * costs.random_page
        best_pages = ceil(index_share * pages)
        best = costs.random_page + (best_pages - 1) * costs.seq_page if best_pages > 0 else 0.0
    heap = worst + correlation * correlation * (best - worst)
    once, per_row = qual_cost(node.quals, costs)
    node.startup = start + once + (0.0 if costs.enable_indexscan else DISABLED)
    node.total = node.startup - start + total + heap + matched * (costs.cpu_tuple + per_row)
    node.rows = clamp_rows(out_rows)


def sort(node: nodes.Sort, limit: float, costs: Costs) -> None:
    child = node.child
    rows = max(child.rows, 2.0)
    compare = 2.0 * costs.cpu_operator
    size = rows * (child.width + 28)
    start = child.total + (0.0 if costs.enable_sort else DISABLED)
    if limit > 0 and limit < rows and 2 * limit < rows:
        start += compare * rows * log2(2.0 * limit)
    else:
        start += compare * rows * log2(rows)
        if size > costs.work_mem_bytes:
            pages = ceil(size / 8192)
            runs = size / costs.work_mem_bytes
            passes = max(1.0, ceil(log(max(runs, 2.0)) / log(6.0)))
            start += 2.0 * pages * passes * (costs.seq_page * 0.75 + costs.random_page * 0.25)
    node.startup = start
    node.total = start + costs.cpu_operator * rows
    node.rows, node.width = child.rows, child.width


def materialize(node: nodes.Materialize, costs: Costs) -> None:
    child = node.child
    node.startup = child.startup
    node.total = child.total + 2.0 * costs.cpu_operator * child.rows
    node.rows, node.width = child.rows, child.width


def rescan_total(node: nodes.Node, costs: Costs) -> float:
    """What reading a node's rows once more costs."""
    if isinstance(node, nodes.Materialize) or (isinstance(node, nodes.CteScan)):
        return costs.cpu_operator * node.rows
    if isinstance(node, nodes.FunctionScan):
        return node.total - node.startup
    return node.total


def nested_loop(node: nodes.NestedLoop, rows: float, costs: Costs) -> None:
    outer, inner = node.outer, node.inner
    again = rescan_total(inner, costs)
    loops = max(outer.rows, 1.0)
    run = outer.total - outer.startup + (inner.total - inner.startup)
    start = outer.startup + inner.startup
    if loops > 1:
        run += (loops - 1) * again
    once, per_row = qual_cost([*node.on, *node.quals], costs)
    pairs = loops * max(inner.rows, 1.0)
    if node.kind in ("semi", "anti"):
        pairs = pairs / 2 + loops / 2
        if loops > 1:
            run -= (loops - 1) * again / 2
    node.startup = start + once + (0.0 if costs.enable_nestloop else DISABLED)
    node.total = node.startup + run + pairs * (costs.cpu_tuple + per_row)
    node.rows = rows


def hash_join(node: nodes.HashJoin, rows: float, bucket_share: float, costs: Costs) -> None:
    """`bucket_share` is the part of the inner rows one probe meets."""
    outer, inner = node.outer, node.inner
    keys = len(node.outer_keys)
    start = outer.startup + inner.total + (0.0 if costs.enable_hashjoin else DISABLED)
    start += (costs.cpu_operator * keys + costs.cpu_tuple) * inner.rows
    run = outer.total - outer.startup + costs.cpu_operator * keys * outer.rows
    size = inner.rows * (inner.width + 24)
    if size > costs.work_mem_bytes:
        inner_pages = ceil(size / 8192)
        outer_pages = ceil(outer.rows * (outer.width + 24) / 8192)
        start += costs.seq_page * inner_pages
        run += costs.seq_page * (inner_pages + 2 * outer_pages)
    run += costs.cpu_operator * keys * outer.rows * clamp_rows(inner.rows * bucket_share) * 0.5
    once, per_row = qual_cost([*node.on, *node.quals], costs)
    node.startup = start + once
    node.total = node.startup + run + rows * costs.cpu_tuple + max(rows, outer.rows * 0.5) * per_row
    node.rows = rows


def aggregate(node: nodes.Aggregate, groups: float, out_rows: float, costs: Costs) -> None:
    child = node.child
    arguments = [a for call in node.calls for a in getattr(call, "args", ())]
    once, per_row = qual_cost(arguments, costs)
    transitions = len(node.calls) * costs.cpu_operator
    having_once, having_row = qual_cost(node.quals, costs)
    keys = len(node.keys) * costs.cpu_operator
    work = child.rows * (transitions + per_row + keys)
    if node.strategy == "plain":
        node.startup = child.total + work + once + len(node.calls) * 0.0
        node.total = node.startup + costs.cpu_tuple
    elif node.strategy == "sorted":
        node.startup = child.startup + once
        node.total = child.total + work + once + groups * costs.cpu_tuple
    else:
        node.startup = child.total + work + once + (0.0 if costs.enable_hashagg else DISABLED)
        node.total = node.startup + groups * costs.cpu_tuple
    node.startup += having_once
    node.total += having_once + groups * having_row
    node.rows = clamp_rows(out_rows)


def limit(node: nodes.Limit, offset: float, count: float) -> None:
    """offset and count in rows, -1 when unknown or absent."""
    child = node.child
    start, total, rows = child.startup, child.total, child.rows
    if offset != 0:
        skipped = min(offset if offset > 0 else clamp_rows(rows * 0.1), rows)
        if rows > 0:
            start += (total - start) * skipped / rows
        rows = max(rows - skipped, 1.0)
    if count >= 0:
        count = min(count, rows)
        if child.rows > 0:
            total = start + (child.total - child.startup) * count / child.rows
        rows = max(count, 1.0)
    node.startup, node.total, node.rows, node.width = start, total, rows, child.width


def pass_through(node: nodes.Node, exprs: list[Expr], costs: Costs) -> None:
    """A node that evaluates `exprs` for each row of its only child."""
    child = node.children()[0]
    once, per_row = qual_cost(exprs, costs)
    node.startup = child.startup + once
    node.total = child.total + once + per_row * child.rows
    node.rows, node.width = child.rows, child.width


