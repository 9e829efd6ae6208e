"""Rows that do not fit into work_mem: sorted runs in a file, merged at the end, a block of each at a time.

    run 1   1 3 5 | 8 9      the lowest last key in memory is 4: what is below comes out   1 2 3
    run 2   2 4 4 | 4 7      run 2 holds that key: its block whole                        4 4
                             then its next block is read

Rows with equal keys keep the order of their runs: of the runs behind the one that holds the lowest last key, only what
is below it comes out, since more equal rows may follow there.

Not here: the file (`spill`), the order (`row_order`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any, Callable, Iterable, Iterator

from aurorapy.execute.rows.row_order import columns_with_nulls, common_key, sort_rows
from aurorapy.execute.rows.runtime import CHUNK_ROWS, ROW_BYTES, chunks, dispose, paced
from aurorapy.execute.rows.spill import SpillFile


class SortedRuns:
    """What a Sort collects. `rows_max`: how many rows stay in memory."""

    def __init__(self, ctx: Any, spec: tuple, width: int) -> None:
        self._ctx = ctx
        self._spec = spec
        self._file: SpillFile | None = None
        self._runs: list[tuple[int, int]] = []
        self._with_nulls: set[int] = set()
        self.rows_max = max(1000, ctx.work_mem_bytes // (width + ROW_BYTES))

    @property
    def spilled_bytes(self) -> int:
        return self._file.size if self._file is not None else 0

    def spill(self, rows: list[tuple]) -> None:
        """Moves the rows collected so far to the file, sorted."""
        sort_rows(rows, self._spec, self._ctx.give_way)
        self._with_nulls |= columns_with_nulls(rows, self._spec)
        if self._file is None:
            self._file = SpillFile(self._ctx)
        self._runs.append(self._file.write(rows))
        dispose(rows, self._ctx.give_way)
        rows.clear()
        self._ctx.give_way()

    def merge(self, rows: list[tuple]) -> Iterable[tuple]:
        sort_rows(rows, self._spec, self._ctx.give_way)
        if self._file is None:
            return paced(rows, self._ctx.give_way) if len(rows) > CHUNK_ROWS else rows
        return self._merged(rows)

    def pages(self, rows: list[tuple]) -> Iterator[list[tuple]]:
        """merge() as lists of rows, for who passes them on as they are."""
        sort_rows(rows, self._spec, self._ctx.give_way)
        return chunks(rows if self._file is None else self._merged(rows))

    def _merged(self, rows: list[tuple]) -> Iterator[tuple]:
        key, descending = common_key(self._spec, self._with_nulls | columns_with_nulls(rows, self._spec))
        sources = [*(self._file.blocks(run) for run in self._runs), iter([rows] if rows else [])]
        try:
            for part in merge_blocks(sources, key, descending):
                yield from paced(part, self._ctx.give_way)
        finally:
            self._file.close()


def merge_blocks(sources: list[Iterator[list]], key: Callable, descending: bool) -> Iterator[list]:
    """Lists of rows in order, from sources that each give lists in order; equal rows as the sources are listed."""
    runs = [run for run in (_Run(source, key, descending) for source in sources) if run.fill()]
    while runs:
        ends = [run.keys[-1] for run in runs]
        bound = max(ends) if descending else min(ends)
        holder = ends.index(bound)
        rows: list = []
        keys: list = []
        for number, run in enumerate(runs):
            run.take(run.count_upto(bound, number <= holder), rows, keys)
        yield [rows[i] for i in sorted(range(len(rows)), key=keys.__getitem__, reverse=descending)]
        runs = [run for run in runs if run.rows or run.fill()]


class _Run:
    """One source: the rows of its present block and their keys."""

    def __init__(self, source: Iterator[list], key: Callable, descending: bool) -> None:
        self._source = source
        self._key = key
        self._descending = descending
        self.rows: list = []
        self.keys: list = []

    def fill(self) -> bool:
        self.rows = next(self._source, [])
        self.keys = list(map(self._key, self.rows))
        return bool(self.rows)

    def count_upto(self, bound: Any, inclusive: bool) -> int:
        """How many rows come before the bound, or with it."""
        if not self._descending:
            return (bisect_right if inclusive else bisect_left)(self.keys, bound)
        return len(self.keys) - (bisect_left if inclusive else bisect_right)(self.keys[::-1], bound)

    def take(self, count: int, rows: list, keys: list) -> None:
        rows += self.rows[:count]
        keys += self.keys[:count]
        del self.rows[:count], self.keys[:count]
