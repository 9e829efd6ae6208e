"""ORDER BY, LIMIT and OFFSET: rows collected, then sorted; with a LIMIT, only the first N kept.

Not here: the order itself (`row_order`), rows beyond work_mem (`sorted_runs`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from aurorapy.errors import DatabaseError
from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows import grouping, scans, sorted_runs
from aurorapy.execute.rows.codegen import Key, Writer
from aurorapy.execute.rows.row_order import sort_rows
from aurorapy.execute.rows.runtime import chunks, cut, dispose, first_rows, sort_facts
from aurorapy.expressions.ordering import sort_key
from aurorapy.sql.plan import nodes
from aurorapy_native import row_sorting

TRIM_ROWS_MIN = 1024
BPCHAR = 1042
_NATIVE_ORDER = frozenset({20, 21, 23, 25, 26, BPCHAR, 1043, 1082, 1083, 1114, 1184})  # as aurorapy_native.row_sorting has it


def sort(w: Writer, node: nodes.Sort, needed: Any, consume: Any) -> None:
    everything = needed | frozenset(_sort_columns(node))
    keys = ops.provided(node.child, everything)
    rows, runs, bound = _collect(w, node, everything, keys)
    if w.analyze:
        spilled = "0" if bound else f"{runs}.spilled_bytes"
        w.line(f"stats['sort', {node.number}] = {w.bind(sort_facts)}(len({rows}), {node.width}, {spilled}, {bool(bound)} and was_cut)")
    names = w.declare(keys)
    sorted_rows = f"{w.bind(first_rows)}({rows}, {bound}, give_way)" if bound else f"{runs}.merge({rows})"
    with w.block(f"for {w.pattern(names)} in {sorted_rows}:"):
        with w.passing(node.quals):
            consume()
    w.line(f"{w.bind(dispose)}({rows}, give_way)")


def sorted_pages(w: Writer, node: nodes.Sort, columns: list[Key]) -> str | None:
    """See operators.pages."""
    keys = list(dict.fromkeys([*columns, *ops.provided(node.child, frozenset(_sort_columns(node)))]))
    if node.quals or len(set(columns)) < len(columns):
        return None
    name = w.name("sorted")
    few = _few(node, keys) if len(keys) == len(columns) else None
    scanned = ops.pages(w, few.scan, few.columns) if few is not None else None
    with w.function(name, "pages" if scanned else ""):
        below = None
        if scanned:
            below = "pages" if few.scan is node.child else grouping.distinct_pages(w, node.child, keys, "pages")
        rows, runs, bound = _collect(w, node, frozenset(keys), keys, below)
        pages = f"{w.bind(chunks)}({w.bind(first_rows)}({rows}, {bound}, give_way))" if bound else f"{runs}.pages({rows})"
        with w.block(f"for page in {pages}:"):
            w.line("yield page" if len(keys) == len(columns) else f"yield [row[:{len(columns)}] for row in page]")
        w.line(f"{w.bind(dispose)}({rows}, give_way)")
    if not scanned:
        return f"{name}()"
    return f"{w.bind(row_sorting.sorted_pages)}({scanned}, {few.order}, {name}, ctx.work_mem_bytes, give_way)"


class _Few(NamedTuple):
    """A sort that native code does where there are not many rows; `order`: its arguments that say how."""

    scan: nodes.Scan
    columns: list[Key]
    order: str


def _few(node: nodes.Sort, keys: list[Key]) -> _Few | None:
    """By one column of a scan, perhaps with DISTINCT on it in between; every column of the rows is handed on."""
    scan, columns = node.child, keys
    distinct = type(scan) is nodes.Aggregate
    if distinct:
        columns = grouping.distinct_columns(scan, keys)
        scan = scan.child
    if columns is None or not isinstance(scan, nodes.Scan) or not scans.is_certain(scan) or node.bound is not None:
        return None
    (wanted, *more), (key, *_) = _sort_columns(node), node.keys
    if more or wanted not in keys or (distinct and len(keys) > 1):
        return None
    place = keys.index(wanted)
    attno, type_oid = columns[place][1], key.expr.type_oid
    if attno <= 0 or type_oid not in _NATIVE_ORDER or scan.relation.columns[attno - 1].type_oid != type_oid:
        return None
    return _Few(scan, columns, f"{place}, {type_oid == BPCHAR}, {key.descending}, {key.nulls_first}, {distinct}")


def _sort_columns(node: nodes.Sort) -> list[Key]:
    return [(k.expr.rte, k.expr.attno) for k in node.keys]


def _collect(
    w: Writer, node: nodes.Sort, needed: Any, keys: list[Key], pages: str | None = None
) -> tuple[str, str, str]:
    """Writes the loop that collects tuples of `keys`, from `pages` if they are known: names of the list, and of the SortedRuns that sorts it or of the
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
    if w.analyze and node.bound is not None:
        w.line("was_cut = False")
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
            w.line(f"    {w.bind(cut)}({rows}, {bound}, give_way)")
            if w.analyze:
                w.line("    was_cut = True")
        else:
            w.line(f"if len({rows}) >= cap: {runs}.spill({rows})")

    def collect() -> None:
        w.line(f"{rows}.append({ops.row(w, keys)})")
        keep_below_cap()

    pages = pages or ops.pages(w, node.child, keys)
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
