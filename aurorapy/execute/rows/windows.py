"""Window functions: the sorted input is cut into partitions, each is kept in memory, functions run over its frame.

Not here: sorting the input (a Sort below), what each function computes (`window_functions`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows.codegen import Writer
from aurorapy.execute.rows.runtime import dispose
from aurorapy.execute.rows.window_functions import WindowRun
from aurorapy.sql.plan import nodes


def window_agg(w: Writer, node: nodes.WindowAgg, needed: Any, consume: Any) -> None:
    everything = needed | ops.needed_by(node.expressions())
    keys = ops.provided(node.child, everything)
    rows = w.name("rows")
    w.line(f"{rows} = []")
    arguments = [a for call in node.calls for a in call.args]
    filters = [call.filter for call in node.calls if call.filter is not None]
    order = [k.expr for k in node.window.order]

    def collect() -> None:
        groups = [node.window.partition, order, arguments, filters]
        parts = [w.tuple_of([w.source(e) for e in group]) for group in groups]
        w.line(f"{rows}.append(({ops.row(w, keys)}, {', '.join(parts)}))")

    ops.produce(w, node.child, everything, collect)
    bounds = _frame_offsets(w, node)
    run = w.bind(WindowRun(node), "window")
    names = w.declare(keys)
    outputs = w.declare([(node.rel, i + 1) for i in range(len(node.calls))])
    w.line("give_way()")
    with w.block(f"for {_group(names)}, {_group(outputs)} in {run}.rows({rows}, ectx, {bounds}):"):
        with w.passing(node.quals):
            consume()
    w.line(f"{w.bind(dispose)}({rows}, give_way)")


def _group(names: list[str]) -> str:
    return "_" if not names else f"({', '.join(names)},)"


def _frame_offsets(w: Writer, node: nodes.WindowAgg) -> str:
    """(start offset, end offset) of the frame; they are constants of the execution."""
    frame = node.window.frame
    if frame is None:
        return "(None, None)"
    return w.tuple_of([w.source(e) if e is not None else "None" for e in (frame[2], frame[4])])
