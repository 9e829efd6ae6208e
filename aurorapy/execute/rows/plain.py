"""Plans whose rows come in lists and go out as they are: no code of the plan's own for a single row.

    SELECT c FROM t WHERE id BETWEEN $1 AND $2

    def run(ctx):
        ...
        return PlainRows(index1.pages(tab0, snap, (), p1, p2, (3,)), give_way)

Where the plan is a scan whose index decides the conditions, rows need not become Python objects on their way out.

Not here: which nodes give lists (operators.pages), which columns can be sent as they lie in the row
(aurorapy_native.row_output).
"""

from __future__ import annotations

from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows import scans
from aurorapy.execute.rows.codegen import Writer
from aurorapy.expressions.nodes import Column
from aurorapy.sql.plan import nodes
from aurorapy.sql.plan.nodes import Plan
from aurorapy_native.row_output import PlainRows


def write_plain(w: Writer, plan: Plan) -> bool:
    """Writes the plan's code and says so, if the plan is of that form."""
    node = plan.root
    columns = [scans.strip(t) for t in plan.targets]
    if plan.ctes or not all(type(c) is Column and c.levels_up == 0 for c in columns):
        return False
    if isinstance(node, nodes.Scan) and not scans.is_certain(node):
        return False
    pages = ops.pages(w, node, [(c.rte, c.attno) for c in columns])
    if pages is None:
        return False
    w.line(f"return {w.bind(PlainRows)}({pages}, give_way)")
    return True
