"""Leaves and row-by-row operators: tables, indexes, functions, VALUES, WITH queries, projections."""

from __future__ import annotations

from typing import Any

from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows import runtime, subplans
from aurorapy.execute.rows.access import IndexAccess, tid_pages
from aurorapy.execute.rows.codegen import Key, Writer
from aurorapy.expressions.compile import apply
from aurorapy.expressions.nodes import Call, Const, Expr, Param, Relabel
from aurorapy.expressions.registry import CallTypes
from aurorapy.sql.plan import nodes
from aurorapy.types.values import record_named

TABLEOID = -6
_EXACT_KEYS = frozenset({16, 20, 21, 23, 25, 26, 1043, 1082, 1114, 1184, 2950})


def result(w: Writer, node: nodes.Result, needed: Any, consume: Any) -> None:
    if node.child is not None:
        with w.block(f"if {w.where(node.quals)}:") if node.quals else w.block("if 1:"):
            ops.produce(w, node.child, needed, consume)
        return
    with w.passing(node.quals):
        consume()


# -- tables ------------------------------------------------------------------------------------------------------------
def _columns(w: Writer, node: nodes.Scan, needed: Any) -> tuple[tuple[int, ...], list[str]]:
    """(attnos to fetch, their variables); tableoid is a constant."""
    keys = sorted(k for k in needed | ops.needed_by(conditions(node)) if k[0] == node.rel)
    if (node.rel, TABLEOID) in keys:
        keys.remove((node.rel, TABLEOID))
        w.fn.env[node.rel, TABLEOID] = (str(node.relation.oid), False)
    names = []
    for rel, attno in keys:
        never_null = attno < 0 or node.relation.columns[attno - 1].not_null
        names += w.declare([(rel, attno)], nullable=not never_null)
    return tuple(attno for _, attno in keys), names


def _pages(w: Writer, pages: str, names: list[str], quals: list[Expr], consume: Any) -> None:
    with w.block(f"for page in {pages}:"):
        w.line("give_way()")
        with w.block(f"for {w.pattern(names)} in page:"):
            with w.passing(quals):
                consume()


def seq_scan(w: Writer, node: nodes.SeqScan, needed: Any, consume: Any) -> None:
    attnos, names = _columns(w, node, needed)
    _pages(w, pages_of(w, node, attnos), names, node.quals, consume)


def scan_pages(w: Writer, node: nodes.SeqScan | nodes.IndexScan, columns: list[Key]) -> str | None:
    """See operators.pages."""
    if conditions(node) or (node.rel, TABLEOID) in columns:
        return None
    return pages_of(w, node, tuple(attno for _, attno in columns))


def pages_of(w: Writer, node: nodes.SeqScan | nodes.IndexScan, attnos: tuple[int, ...]) -> str:
    """Source of the scan's RowSource."""
    table = w.table(node.relation)
    if type(node) is nodes.SeqScan:
        return f"{table}.scan(snap, {attnos!r})"
    access = w.bind(IndexAccess(node), "index")
    equals = [w.source(e) if e is not None else "None" for e, _ in node.equals]
    lower = w.source(node.lower[0]) if node.lower else "None"
    upper = w.source(node.upper[0]) if node.upper else "None"
    return f"{access}.pages({table}, snap, {w.tuple_of(equals)}, {lower}, {upper}, {attnos!r})"


def tid_scan(w: Writer, node: nodes.TidScan, needed: Any, consume: Any) -> None:
    table = w.table(node.relation)
    tids = w.source(node.tid)
    attnos, names = _columns(w, node, needed)
    _pages(w, f"{w.bind(tid_pages)}({table}, snap, {tids}, {attnos!r})", names, node.quals, consume)


def index_scan(w: Writer, node: nodes.IndexScan, needed: Any, consume: Any) -> None:
    attnos, names = _columns(w, node, needed)
    _pages(w, pages_of(w, node, attnos), names, conditions(node), consume)


def conditions(node: nodes.Scan) -> list[Expr]:
    """What a row that the scan finds must still meet."""
    if type(node) is nodes.IndexScan and not decides(node):
        return [*node.conditions, *node.quals]
    return node.expressions() if type(node) is nodes.TidScan else node.quals


def decides(node: nodes.IndexScan) -> bool:
    """Does a row that the index leads to meet the index's conditions for certain? A snapshot sees only the version whose key
    the entry has, and the keys of these types are equal only where the values are."""
    used = len(node.equals) + (node.lower is not None or node.upper is not None or node.not_null)
    return all(a > 0 and node.relation.columns[a - 1].type_oid in _EXACT_KEYS for a in node.index.columns[:used])


def is_certain(node: nodes.Scan) -> bool:
    """Can starting the scan not fail? Then that may happen when a cursor is declared, before its first row is asked for."""
    if type(node) is nodes.SeqScan:
        return True
    if type(node) is not nodes.IndexScan:
        return False
    values = [e for e, _ in node.equals if e is not None]
    values += [bound[0] for bound in (node.lower, node.upper) if bound is not None]
    return all(type(strip(e)) in (Const, Param) for e in values)


def strip(expr: Expr) -> Expr:
    """The expression under its relabellings."""
    while type(expr) is Relabel:
        expr = expr.arg
    return expr


# -- functions, VALUES, WITH -------------------------------------------------------------------------------------------
def set_source(w: Writer, call: Expr) -> str:
    """Source of an iterable over a function's rows; None when a strict function has a NULL argument."""
    if not (type(call) is Call and call.fn.returns_set):
        return f"({w.source(call)},)"
    args = [w.value(a) for a in call.args]
    return apply(call.fn, args, CallTypes(tuple(a.type_oid for a in call.args), call.type_oid), w.scope)[0]


def _values_of(w: Writer, call: Call) -> str:
    """Source of an iterable over what a function gives outside of FROM: one value a row, a Record of several columns."""
    source, fn = set_source(w, call), call.fn
    if len(fn.out_names) > 1:
        return f"{w.bind(runtime.records)}({source}, {w.bind(record_named(fn.out_names))}, {fn.out_oids!r})"
    return source


def function_scan(w: Writer, node: nodes.FunctionScan, needed: Any, consume: Any) -> None:
    sources = [set_source(w, f) for f in node.functions]
    widths = list(node.widths) or [1] * len(sources)
    total = sum(widths) + node.ordinality
    used = {k[1] for k in needed | ops.needed_by(node.quals) if k[0] == node.rel}
    names = [w.declare([(node.rel, i)])[0] if i in used else "_" for i in range(1, total + 1)]
    if len(sources) == 1 and not node.ordinality and total == 1:
        chunks, pattern = f"{w.bind(runtime.chunks)}({sources[0]}, {w.bind(runtime.first_field)})", names[0]
        if not _may_be_record(node.functions[0]):
            chunks = f"{w.bind(runtime.chunks)}({sources[0]})"
    else:
        joined = f"{w.bind(runtime.rows_from)}({w.tuple_of(sources)}, {tuple(widths)!r}, {node.ordinality})"
        chunks, pattern = f"{w.bind(runtime.chunks)}({joined})", w.pattern(names)
    with w.block(f"for page in {chunks}:"):
        w.line("give_way()")
        with w.block(f"for {pattern} in page:"):
            with w.passing(node.quals):
                consume()


def _may_be_record(call: Expr) -> bool:
    fn = getattr(call, "fn", None)
    return fn is not None and len(fn.out_names) == 1


def values_scan(w: Writer, node: nodes.ValuesScan, needed: Any, consume: Any) -> None:
    keys = sorted(k for k in needed | ops.needed_by(node.quals) if k[0] == node.rel)
    places = [attno - 1 for _, attno in keys]
    if all(type(e) is Const for values in node.values for e in values):
        rows = w.bind([tuple(values[i].value for i in places) for values in node.values], "rows")
    else:
        rows = "[" + ", ".join(w.tuple_of([w.source(values[i]) for i in places]) for values in node.values) + "]"
    names = w.declare(keys)
    with w.block(f"for page in {w.bind(runtime.chunks)}({rows}):"):
        w.line("give_way()")
        with w.block(f"for {w.pattern(names)} in page:"):
            with w.passing(node.quals):
                consume()


def cte_scan(w: Writer, node: nodes.CteScan, needed: Any, consume: Any) -> None:
    used = {k[1] for k in needed | ops.needed_by(node.quals) if k[0] == node.rel}
    names = [w.declare([(node.rel, i)])[0] if i in used else "_" for i in range(1, len(node.cte.targets) + 1)]
    rows = subplans.work_name(node.cte) if node.work_table else subplans.write_cte(w, node.cte)
    with w.block(f"for page in {w.bind(runtime.chunks)}({rows}):"):
        w.line("give_way()")
        with w.block(f"for {w.pattern(names)} in page:"):
            with w.passing(node.quals):
                consume()


# -- projections -------------------------------------------------------------------------------------------------------
def _projecting(w: Writer, rel: int, exprs: list[Expr], wanted: set[int]) -> None:
    for attno in sorted(wanted):
        w.assign((rel, attno), exprs[attno - 1])


def subquery_scan(w: Writer, node: nodes.SubqueryScan, needed: Any, consume: Any) -> None:
    wanted = {k[1] for k in needed | ops.needed_by(node.quals) if k[0] == node.rel}

    def project_row() -> None:
        _projecting(w, node.rel, node.targets, wanted)
        with w.passing(node.quals):
            consume()

    below = ops.needed_by([node.targets[i - 1] for i in wanted]) | needed
    ops.produce(w, node.child, below, project_row)


def project(w: Writer, node: nodes.Project, needed: Any, consume: Any) -> None:
    wanted = {k[1] for k in needed if k[0] == node.rel}
    below = ops.needed_by([node.exprs[i - 1] for i in wanted]) | needed

    def project_row() -> None:
        _projecting(w, node.rel, node.exprs, wanted)
        with w.passing(node.quals):
            consume()

    ops.produce(w, node.child, below, project_row)


def project_set(w: Writer, node: nodes.ProjectSet, needed: Any, consume: Any) -> None:
    below = ops.needed_by(node.calls) | needed

    def each_row() -> None:
        sources = [_values_of(w, c) for c in node.calls]
        names = [w.declare([(node.rel, i + 1)])[0] for i in range(len(sources))]
        if len(sources) == 1:
            chunks, pattern = f"{w.bind(runtime.chunks)}({sources[0]})", names[0]
        else:
            joined = f"{w.bind(runtime.side_by_side)}({w.tuple_of(sources)})"
            chunks, pattern = f"{w.bind(runtime.chunks)}({joined})", w.pattern(names)
        with w.block(f"for page in {chunks}:"):
            w.line("give_way()")
            with w.block(f"for {pattern} in page:"):
                with w.passing(node.quals):
                    consume()

    ops.produce(w, node.child, below, each_row)
