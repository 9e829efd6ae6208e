"""The short path: one row by its whole unique key, as straight code without a generator.

    def run(ctx):                                        SELECT b FROM t WHERE id = $1
        p1 = ctx.params[0]
        found = point_row(ctx.instance.table(REL), 16402, (p1,), ctx.snapshot, (1, 2))
        if found is None: return ()
        c0_1, c0_2 = found
        if not (c0_1 == p1): return ()
        return ((c0_2,),)

What passes columns on, or changes a row without RETURNING, has a native program beside it (`program`), which does the
statement when nobody stands in the way; this is the way of the rest.

Not here: recognising the query (`sql.plan.point`), contention (`execute.modify`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.execute.modify import versions
from aurorapy.execute.modify.statements import _check_row, _nested, _show_inserted
from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows.access import IndexAccess
from aurorapy.execute.rows.codegen import Writer
from aurorapy.expressions.nodes import Column, Param
from aurorapy.sql.plan import nodes
from aurorapy.sql.plan.nodes import Plan


def point_row(table: Any, index_oid: int, key: tuple, snapshot: Any, columns: tuple) -> tuple | None:
    """The visible row under a unique key, or None."""
    return table.fetch_by_key(index_oid, key, snapshot, columns)


def generate_point(plan: Plan) -> tuple[Any, str]:
    """(run, source). run returns a tuple of rows."""
    scan: nodes.IndexScan = plan.point
    w = Writer(bind_constants=True)
    w.root.prologue[:] = ["ectx = ctx.eval", "snap = ctx.snapshot"]
    w.root.prologue.append("")  # keeps the place where parameters are inserted
    table = w.table(scan.relation)
    change = plan.root if isinstance(plan.root, nodes.Modify) else None
    wanted = [*plan.targets, *scan.conditions]
    if change is not None:
        wanted += [Column(27, rte=0, attno=-1), *change.values]
    keys = sorted(k for k in ops.needed_by(wanted) if k[1] != -6)
    attnos = tuple(attno for _, attno in keys)
    _guard(w, scan)
    key = w.tuple_of([w.source(e) for e, _ in scan.equals])
    w.line(f"found = {w.bind(point_row)}({table}, {scan.index.oid}, {key}, snap, {attnos!r})")
    w.line("if found is None: return ()")
    variables = []
    for rel, attno in keys:
        never_null = attno < 0 or scan.relation.columns[attno - 1].not_null
        variables += w.declare([(rel, attno)], nullable=not never_null)
    w.fn.env[0, -6] = (str(scan.relation.oid), False)
    w.line(f"{w.pattern(variables)} = found")
    w.line(f"if not ({w.where(scan.conditions)}): return ()")
    if change is not None:
        _change(w, plan, change, table, variables, attnos)
    elif plan.targets:
        w.line(f"return ({w.tuple_of([w.source(t) for t in plan.targets])},)")
    else:
        w.line("return ((),)")
    w.root.prologue[:] = [line for line in w.root.prologue if line]
    return w.compile()


def _guard(w: Writer, scan: nodes.IndexScan) -> None:
    """A NULL or an integer that the column cannot hold finds nothing."""
    limits = IndexAccess(scan).limits
    for (expr, _), limit in zip(scan.equals, limits):
        source, nullable = w.value(expr)
        tests = [f"{source} is None"] if nullable else []
        if limit is not None:
            tests.append(f"not {limit[0]} <= {source} <= {limit[1]}")
        if tests:
            w.line(f"if {' or '.join(tests)}: return ()")
        if isinstance(expr, Param):
            w.known_params.add(expr.number)


def _change(w: Writer, plan: Plan, node: nodes.Modify, table: str, variables: list[str], attnos: tuple) -> None:
    w.line("txn = ctx.transaction")
    w.line(f"tid = {w.variable((0, -1))}")
    w.line("at = snap")
    names = [f"n{i}" for i in range(1, len(node.values) + 1)]
    with w.block("while True:"):
        if node.kind == "update":
            for name, value in zip(names, node.values):
                w.line(f"{name} = {w.source(value)}")
            w.line(f"row = {w.tuple_of(names)}")
            _check_row(w, node, names)
            w.line(f"outcome = {table}.update(txn, tid, row, at)")
        else:
            w.line(f"outcome = {table}.delete(txn, tid, at)")
        w.line("if outcome.code == 0: break")
        strength = "no key update" if node.kind == "update" else "update"
        w.line(f"version = {w.bind(versions.contend)}(ctx, {table}, tid, outcome, {attnos!r}, {strength!r})")
        w.line("if version is None: return ()")
        w.line("if at is not snap: txn.release_snapshot(at)")
        w.line(f"tid, {_nested(variables)}, at = version")
        with w.block(f"if not ({w.where(node.recheck)}):"):
            w.line("txn.release_snapshot(at)")
            w.line("return ()")
    w.line("if at is not snap: txn.release_snapshot(at)")
    w.line("ctx.processed = 1")
    if node.kind == "update":
        w.line("tid = outcome.tid")
        _show_inserted(w, node, names)
    w.line(f"return ({w.tuple_of([w.source(t) for t in plan.targets])},)" if plan.targets else "return ()")
