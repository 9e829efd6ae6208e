"""Which operator writes what: `produce` dispatches on the node, `generate` writes a whole plan.

`produce(w, node, needed, consume)` writes the code that makes the node's rows and calls `consume()` where one row's
columns, those in `needed`, are in variables. What `consume` writes is the last thing in that place, so that `continue`
means "next row". A node that keeps rows (a *breaker*) is written into a function of its own when it would stand inside
somebody's loop.
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import InternalError
from aurorapy.execute.rows import grouping, joins, limiting, locking, plain, scans, sets, sorting, subplans, windows
from aurorapy.execute.rows.codegen import Key, Writer
from aurorapy.execute.rows.runtime import timed
from aurorapy.sql.plan import nodes
from aurorapy.sql.plan.columns import columns_of
from aurorapy.sql.plan.nodes import Node, Plan

Needed = frozenset[Key]
Consume = Callable[[], None]


def generate(plan: Plan, analyze: bool = False) -> tuple[Any, str]:
    """(run, source) of a plan."""
    from aurorapy.execute.modify.statements import write_modify

    w = Writer(analyze, bind_constants=isinstance(plan.root, nodes.Modify))
    w.whole_rows = plan.whole_rows
    w.subplan_source = lambda part: subplans.source(w, part)
    w.root.prologue.append(f"stats = ctx.stats if ctx.stats is not None else {w.bind(_NO_STATS)}") if analyze else None
    for cte in plan.ctes:
        if cte.is_modify:
            subplans.write_cte(w, cte)
            w.line(f"{subplans.cte_name(cte)}.drain()")
    if isinstance(plan.root, nodes.Modify):
        write_modify(w, plan.root, bool(plan.targets))
    elif analyze or not plain.write_plain(w, plan):
        write_rows(w, plan.root, plan.targets)
    else:
        return w.compile()
    if not any("yield" in line for line in w.fn.body):
        w.line("return")
        w.line("yield ()")
    return w.compile()


_NO_STATS: dict = {}


def write_rows(w: Writer, node: Node, targets: list[Any]) -> None:
    """The body of a generator function over the node's rows that yields `targets`."""

    def consume() -> None:
        w.line(f"yield {w.tuple_of([w.source(t) for t in targets])}")

    produce(w, node, needed_by(targets), consume, top=True)


def needed_by(exprs: Any) -> Needed:
    found: set[Key] = set()
    for expr in exprs:
        found |= columns_of(expr)
    return frozenset(found)


def produce(w: Writer, node: Node, needed: Needed, consume: Consume, top: bool = False) -> None:
    """Writes the node's loop around what `consume` writes. `top`: the node's loop is the function's whole body."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        raise InternalError(f"no code for {type(node).__name__}")
    if w.analyze and node.number and ("timing", node.number) not in w.done:
        w.done["timing", node.number] = True
        return _timed(w, node, needed, consume)
    rel = getattr(node, "rel", None)
    if (rel, 0) in needed and rel in w.whole_rows and isinstance(node, _SCANS):
        needed, consume = _with_whole_row(w, rel, needed, consume)
    breaker = type(node) in _BREAKERS
    whole = type(node) in _WHOLE or (isinstance(node, nodes.Join) and node.kind == "full")
    if w.deep or (breaker and w.fn.blocks) or (whole and not top):
        return through_function(w, node, needed, consume)
    handler(w, node, needed, consume)


def _with_whole_row(w: Writer, rel: int, needed: Needed, consume: Consume) -> tuple[Needed, Consume]:
    """The row as a value is made where it is scanned, so that an outer join can turn it into NULL."""

    def then() -> None:
        w.assign((rel, 0), w.whole_rows[rel])
        consume()

    return (needed - {(rel, 0)}) | needed_by([w.whole_rows[rel]]), then


def provided(node: Node, needed: Needed) -> list[Key]:
    """The needed columns that the node's rows carry, in a fixed order."""
    return sorted(k for k in needed if k[0] in node.rels)


def function_of(w: Writer, node: Node, needed: Needed) -> tuple[str, list[Key]]:
    """Writes the node as a nested generator function: (its name, the columns of the tuples it yields)."""
    keys = provided(node, needed)
    name = w.name("g")
    with w.function(name) as made:
        made.repeats = type(node) is nodes.Materialize
        w.fn.prologue.append("if 0: yield")
        produce(w, node, needed, lambda: w.line(f"yield {row(w, keys)}"), top=True)
    return name, keys


def row(w: Writer, keys: list[Key]) -> str:
    """A tuple of the current values of columns."""
    sources = []
    for key in keys:
        found = w.fn.find(key)
        if found is None:
            raise InternalError(f"column {key} is not there")
        sources.append(found[0])
    return w.tuple_of(sources)


def pages(w: Writer, node: Node, columns: list[Key]) -> str | None:
    """Source of an iterator of lists of tuples of these columns of the node, made without any code for a single row; None
    where there has to be some."""
    handler = _PAGES.get(type(node))
    if handler is None or w.analyze or any(key[0] not in node.rels or key[1] == 0 for key in columns):
        return None
    return handler(w, node, columns)


def through_function(w: Writer, node: Node, needed: Needed, consume: Consume) -> None:
    name, keys = function_of(w, node, needed)
    names = w.declare(keys)
    with w.block(f"for {w.pattern(names)} in {name}():"):
        consume()


def _timed(w: Writer, node: Node, needed: Needed, consume: Consume) -> None:
    if type(node) is not nodes.Result:
        w.count_removed(node.number, "filter", node.quals)
    if isinstance(node, nodes.Join):
        w.count_removed(node.number, "join_filter", node.on)
    name, keys = function_of(w, node, needed)
    names = w.declare(keys)
    with w.block(f"for {w.pattern(names)} in {w.bind(timed)}(stats, {node.number}, {name}, ectx):"):
        consume()


_HANDLERS: dict[type, Any] = {
    nodes.Result: scans.result,
    nodes.SeqScan: scans.seq_scan,
    nodes.IndexScan: scans.index_scan,
    nodes.TidScan: scans.tid_scan,
    nodes.FunctionScan: scans.function_scan,
    nodes.ValuesScan: scans.values_scan,
    nodes.CteScan: scans.cte_scan,
    nodes.SubqueryScan: scans.subquery_scan,
    nodes.Project: scans.project,
    nodes.ProjectSet: scans.project_set,
    nodes.NestedLoop: joins.nested_loop,
    nodes.HashJoin: joins.hash_join,
    nodes.Materialize: joins.materialize,
    nodes.Sort: sorting.sort,
    nodes.Limit: limiting.limit,
    nodes.Unique: limiting.unique,
    nodes.Aggregate: grouping.aggregate,
    nodes.WindowAgg: windows.window_agg,
    nodes.Append: sets.append,
    nodes.SetOperation: sets.set_operation,
    nodes.LockRows: locking.lock_rows,
}
_PAGES: dict[type, Any] = {
    nodes.SeqScan: scans.scan_pages,
    nodes.IndexScan: scans.scan_pages,
    nodes.Sort: sorting.sorted_pages,
    nodes.Aggregate: grouping.distinct_pages,
}
_SCANS = (
    nodes.Scan, nodes.FunctionScan, nodes.ValuesScan, nodes.CteScan, nodes.SubqueryScan,
)  # fmt: skip
_BREAKERS = {nodes.Sort, nodes.Aggregate, nodes.HashJoin, nodes.WindowAgg, nodes.SetOperation, nodes.Unique}
_WHOLE = {nodes.Limit, nodes.Append}  # these end their function, or yield in several places
