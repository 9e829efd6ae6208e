"""ORDER BY, LIMIT and OFFSET: rows collected, then sorted; with a LIMIT, only the first N kept.

Not here: the order itself (`row_order`), rows beyond work_mem (`sorted_runs`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows import sorted_runs
from aurorapy.execute.rows.codegen import Key, Writer
from aurorapy.execute.rows.row_order import sort_rows
from aurorapy.execute.rows.runtime import chunks, dispose
from aurorapy.expressions.ordering import sort_key
from aurorapy.sql.plan import nodes

TRIM_ROWS_MIN = 1024


def sort(w: Writer, node: nodes.Sort, needed: Any, consume: Any) -> None:
    everything = needed | frozenset(_sort_columns(node))
    keys = ops.provided(node.child, everything)
    rows, runs, bound = _collect(w, node, everything, keys)
    names = w.declare(keys)
    with w.block(f"for {w.pattern(names)} in {f'{rows}[:{bound}]' if bound else f'{runs}.merge({rows})'}:"):
        with w.passing(node.quals):
            consume()
    w.line(f"{w.bind(dispose)}({rows}, give_way)")


def sorted_pages(w: Writer, node: nodes.Sort, columns: list[Key]) -> str | None:
    """See operators.pages."""
    keys = list(dict.fromkeys([*columns, *ops.provided(node.child, frozenset(_sort_columns(node)))]))
    if node.quals or len(set(columns)) < len(columns):
        return None
    name = w.name("sorted")
    with w.function(name):
        rows, runs, bound = _collect(w, node, frozenset(keys), keys)
        pages = f"{w.bind(chunks)}({rows}[:{bound}])" if bound else f"{runs}.pages({rows})"
        with w.block(f"for page in {pages}:"):
            w.line("yield page" if len(keys) == len(columns) else f"yield [row[:{len(columns)}] for row in page]")
        w.line(f"{w.bind(dispose)}({rows}, give_way)")
    return f"{name}()"


def _sort_columns(node: nodes.Sort) -> list[Key]:
    return [(k.expr.rte, k.expr.attno) for k in node.keys]


def _collect(w: Writer, node: nodes.Sort, needed: Any, keys: list[Key]) -> tuple[str, str, str]:
    """Writes the loop that collects tuples of `keys`: names of the list, and of the SortedRuns that sorts it or of the
    number of rows that a LIMIT leaves of it, sorted."""
    places = {key: i for i, key in enumerate(keys)}
    spec = w.bind(
        tuple(
            (places[c], sort_key(k.expr.type_oid), k.descending, k.nulls_first)
            for c, k in zip(_sort_columns(node), node.keys)
            if c in places
        ),
        "sort",
    )
    rows, runs, bound = w.name("rows"), "", ""
    w.line(f"{rows} = []")
    if node.bound is not None:
        limit, offset = node.bound
        bound = w.name("n")
        w.line(f"{bound} = {w.bind(top_rows)}({w.source(limit)}, {w.source(offset) if offset is not None else '0'})")
        w.line(f"cap = None if {bound} is None else 2 * {bound} + {TRIM_ROWS_MIN}")
    else:
        runs = w.name("runs")
        w.line(f"{runs} = {w.bind(sorted_runs.SortedRuns)}(ctx, {spec}, {node.width})")
        w.line(f"cap = {runs}.rows_max")

    def keep_below_cap() -> None:
        if bound:
            w.line(f"if cap is not None and len({rows}) > cap:")
            w.line(f"    {w.bind(sort_rows)}({rows}, {spec}, give_way)")
            w.line(f"    del {rows}[{bound}:]")
        else:
            w.line(f"if len({rows}) >= cap: {runs}.spill({rows})")

    def collect() -> None:
        w.line(f"{rows}.append({ops.row(w, keys)})")
        keep_below_cap()

    pages = ops.pages(w, node.child, keys)
    if pages is not None:
        with w.block(f"for page in {pages}:"):
            w.line("give_way()")
            w.line(f"{rows} += page")
            keep_below_cap()
    else:
        ops.produce(w, node.child, needed, collect)
    if bound:
        w.line(f"{w.bind(sort_rows)}({rows}, {spec}, give_way)")
    return rows, runs, bound


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
