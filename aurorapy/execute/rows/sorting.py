"""ORDER BY, LIMIT and OFFSET: rows collected, then sorted; with a LIMIT, only the first N kept.

Not here: the order itself (`row_order`), rows beyond work_mem (`sorted_runs`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows import sorted_runs
from aurorapy.execute.rows.codegen import Writer
from aurorapy.execute.rows.row_order import sort_rows
from aurorapy.execute.rows.runtime import dispose
from aurorapy.expressions.ordering import sort_key
from aurorapy.sql.plan import nodes

TRIM_ROWS_MIN = 1024


def sort(w: Writer, node: nodes.Sort, needed: Any, consume: Any) -> None:
    sort_columns = [(k.expr.rte, k.expr.attno) for k in node.keys]
    everything = needed | frozenset(sort_columns)
    keys = ops.provided(node.child, everything)
    places = {key: i for i, key in enumerate(keys)}
    spec = w.bind(
        tuple(
            (places[c], sort_key(k.expr.type_oid), k.descending, k.nulls_first)
            for c, k in zip(sort_columns, node.keys)
            if c in places
        ),
        "sort",
    )
    rows = w.name("rows")
    w.line(f"{rows} = []")
    bounded = node.bound is not None
    if bounded:
        limit, offset = node.bound
        bound = w.name("n")
        w.line(f"{bound} = {w.bind(top_rows)}({w.source(limit)}, {w.source(offset) if offset is not None else '0'})")
        w.line(f"cap = None if {bound} is None else 2 * {bound} + {TRIM_ROWS_MIN}")

    runs = w.name("runs")
    if not bounded:
        w.line(f"{runs} = {w.bind(sorted_runs.SortedRuns)}(ctx, {spec}, {node.width})")
        w.line(f"cap = {runs}.rows_max")

    def collect() -> None:
        w.line(f"{rows}.append({ops.row(w, keys)})")
        if bounded:
            w.line(f"if cap is not None and len({rows}) > cap:")
            w.line(f"    {w.bind(sort_rows)}({rows}, {spec}, give_way)")
            w.line(f"    del {rows}[{bound}:]")
        else:
            w.line(f"if len({rows}) >= cap: {runs}.spill({rows})")

    ops.produce(w, node.child, everything, collect)
    names = w.declare(keys)
    if bounded:
        w.line(f"{w.bind(sort_rows)}({rows}, {spec}, give_way)")
        source = f"{rows}[:{bound}]"
    else:
        source = f"{runs}.merge({rows})"
    with w.block(f"for {w.pattern(names)} in {source}:"):
        with w.passing(node.quals):
            consume()
    w.line(f"{w.bind(dispose)}({rows}, give_way)")


def top_rows(limit: Any, offset: Any) -> int | None:
    """How many sorted rows LIMIT and OFFSET can reach; None for all. Raises 2201W, 2201X for negative counts."""
    limit, offset = limit_count(limit), offset_count(offset)
    return None if limit is None else limit + offset


def limit_count(value: Any) -> int | None:
    if value is None:
        return None
    if value < 0:
        raise DatabaseError("LIMIT must not be negative", sqlstate="2201W")
    return int(value)


def offset_count(value: Any) -> int:
    if value is None:
        return 0
    if value < 0:
        raise DatabaseError("OFFSET must not be negative", sqlstate="2201X")
    return int(value)
