"""ORDER BY: rows collected and sorted by Python's stable sort, one pass a direction; with a LIMIT, only the first N kept.

    ORDER BY a, b DESC    rows.sort(key=b, reverse=True); rows.sort(key=a)

A key column without NULLs is its own sort key; NULLs make it (is NULL, value). When every key goes the same way one pass
over tuples of keys does.
"""

from __future__ import annotations

from heapq import merge
from operator import itemgetter
from typing import Any, Callable, Iterable

from aurorapy.errors import DatabaseError
from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows.codegen import Writer
from aurorapy.execute.rows.runtime import CHUNK_ROWS, paced
from aurorapy.execute.rows.spill import SpillFile
from aurorapy.expressions.ordering import sort_key
from aurorapy.sql.plan import nodes

Spec = tuple[int, Callable | None, bool, bool]  # place in the row, key function, descending, nulls first
TRIM_ROWS_MIN = 1024
PIECE_ROWS = 8192  # sorted in one step: below 10 ms
ROW_BYTES = 120  # a tuple and its values beyond their own data, about


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
        w.line(f"{runs} = {w.bind(SortedRuns)}(ctx, {spec}, {node.width})")
        w.line(f"cap = {runs}.rows_max")

    def collect() -> None:
        w.line(f"{rows}.append({ops.row(w, keys)})")
        if bounded:
            w.line(f"if cap is not None and len({rows}) > cap:")
            w.line(f"    {w.bind(sort_rows)}({rows}, {spec})")
            w.line(f"    del {rows}[{bound}:]")
        else:
            w.line(f"if len({rows}) >= cap: {runs}.spill({rows})")

    ops.produce(w, node.child, everything, collect)
    names = w.declare(keys)
    if bounded:
        w.line(f"{w.bind(sort_rows)}({rows}, {spec})")
        source = f"{rows}[:{bound}]"
    else:
        source = f"{runs}.merge({rows})"
    with w.block(f"for {w.pattern(names)} in {source}:"):
        with w.passing(node.quals):
            consume()


class SortedRuns:
    """Rows that do not fit into work_mem: sorted pieces in a file, merged at the end."""

    def __init__(self, ctx: Any, spec: tuple, width: int) -> None:
        self._ctx = ctx
        self._spec = spec
        self._file: SpillFile | None = None
        self._runs: list[tuple[int, int]] = []
        self.rows_max = max(1000, ctx.work_mem_bytes // (width + ROW_BYTES))

    def spill(self, rows: list[tuple]) -> None:
        """Moves the rows collected so far to the file, sorted."""
        sort_rows(rows, self._spec, self._ctx.give_way)
        if self._file is None:
            self._file = SpillFile(self._ctx)
        self._runs.append(self._file.write(rows))
        rows.clear()
        self._ctx.give_way()

    def merge(self, rows: list[tuple]) -> Iterable[tuple]:
        sort_rows(rows, self._spec, self._ctx.give_way)
        if self._file is None:
            return paced(rows, self._ctx.give_way) if len(rows) > CHUNK_ROWS else rows
        return paced(self._merged(rows), self._ctx.give_way)

    def _merged(self, rows: list[tuple]) -> Iterable[tuple]:
        sources = [*(self._file.read(run) for run in self._runs), rows]
        try:
            yield from merge(*sources, key=merge_key(self._spec))
        finally:
            self._file.close()


class _Backwards:
    """Orders as the value does, the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Backwards) -> bool:
        return other.value < self.value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and self.value == other.value


def merge_key(spec: tuple[Spec, ...]) -> Callable:
    """One key for the whole order, for comparing rows of different runs."""

    def key(row: tuple) -> tuple:
        parts: list[Any] = []
        for place, function, descending, nulls_first in spec:
            value = row[place]
            if value is None:
                parts.append((-1 if nulls_first else 1,))
                continue
            if function is not None:
                value = function(value)
            parts.append((0, _Backwards(value) if descending else value))
        return tuple(parts)

    return key


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


def sort_rows(rows: list[tuple], spec: tuple[Spec, ...], give_way: Callable[[], None] | None = None) -> None:
    """Sorts in place; many rows in pieces, between which others may run."""
    if len(rows) < 2 or not spec:
        return
    keys = [_key(rows, place, function, nulls_first != descending) for place, function, descending, nulls_first in spec]
    directions = {descending for _, _, descending, _ in spec}
    if len(directions) == 1:
        _sort_by(rows, _together(keys), directions.pop(), give_way)
        return
    for key, (_, _, descending, _) in zip(reversed(keys), reversed(spec)):
        _sort_by(rows, key if callable(key) else itemgetter(key), descending, give_way)


def _sort_by(rows: list[tuple], key: Callable, descending: bool, give_way: Callable[[], None] | None) -> None:
    """list.sort, which nothing can interrupt, on pieces of a few milliseconds each; then a merge."""
    if give_way is None or len(rows) <= PIECE_ROWS:
        rows.sort(key=key, reverse=descending)
        return
    pieces = []
    for start in range(0, len(rows), PIECE_ROWS):
        give_way()
        piece = rows[start : start + PIECE_ROWS]
        piece.sort(key=key, reverse=descending)
        pieces.append(piece)
    rows[:] = paced(merge(*pieces, key=key, reverse=descending), give_way)


def _key(rows: list[tuple], place: int, function: Callable | None, nulls_low: bool) -> Any:
    """A column number when the values sort by themselves, else a function of the row. `nulls_low`: before the values in
    the direction of the pass."""
    has_null = any(row[place] is None for row in rows)
    if not has_null:
        return place if function is None else (lambda row: function(row[place]))
    rank = -1 if nulls_low else 1
    if function is None:
        return lambda row: (0, v) if (v := row[place]) is not None else (rank,)
    return lambda row: (0, function(v)) if (v := row[place]) is not None else (rank,)


def _together(keys: list[Any]) -> Callable:
    if all(not callable(k) for k in keys):
        return itemgetter(*keys)
    functions = [k if callable(k) else itemgetter(k) for k in keys]
    if len(functions) == 1:
        return functions[0]
    return lambda row: tuple(f(row) for f in functions)
