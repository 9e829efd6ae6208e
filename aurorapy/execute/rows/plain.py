"""Plans that pass columns of one table on as they are: their rows need not become Python objects on the way out.

    SELECT c FROM t WHERE id BETWEEN $1 AND $2

    def run(ctx):
        ...
        return PlainRows(index1.pages(tab0, snap, (), p1, p2, (3,)), give_way)

The index must decide the conditions alone, and there is nothing else to compute, sort or join.

Not here: which columns can be sent as they lie in the row (aurorapy_native.row_output).
"""

from __future__ import annotations

from typing import Any

from aurorapy.execute.rows import scans
from aurorapy.execute.rows.codegen import Writer
from aurorapy.expressions.nodes import Column, Const, Param, Relabel
from aurorapy.sql.plan import nodes
from aurorapy.sql.plan.nodes import Plan
from aurorapy_native.row_output import PlainRows


def write_plain(w: Writer, plan: Plan) -> bool:
    """Writes the plan's code and says so, if the plan is of that form."""
    node = plan.root
    if type(node) not in (nodes.SeqScan, nodes.IndexScan) or plan.ctes or node.quals:
        return False
    columns = [_strip(t) for t in plan.targets]
    if not all(type(c) is Column and c.rte == node.rel and c.attno > 0 for c in columns):
        return False
    if type(node) is nodes.IndexScan and not (scans.decides(node) and all(_is_known(e) for e in scans.key_values(node))):
        return False
    pages = scans.pages_of(w, node, tuple(c.attno for c in columns))
    w.line(f"return {w.bind(PlainRows)}({pages}, give_way)")
    return True


def _strip(expr: Any) -> Any:
    while type(expr) is Relabel:
        expr = expr.arg
    return expr


def _is_known(expr: Any) -> bool:
    """Cannot fail: the code runs when the portal starts, not when its first row is asked for."""
    return type(_strip(expr)) in (Const, Param)
