"""What generated code calls: small loops that are the same for every plan. Rows are tuples; None is NULL."""

from __future__ import annotations

import sys
from itertools import islice, zip_longest
from typing import Any, Callable, Iterable, Iterator

from aurorapy.errors import DatabaseError
from aurorapy.types.values import Array, Record, let_go

CHUNK_ROWS = 256
DISPOSE_ROWS = 4096
ROW_BYTES = 120  # a tuple and its values beyond their own data, about
LIST_BYTES = 88  # of one row
UNSET = object()


def chunks(rows: Iterable | None, field: Callable | None = None) -> Iterator[list]:
    """Lists of up to 256 rows, so that a loop over them can give way in between."""
    if rows is None:
        return
    if isinstance(rows, (list, tuple)):
        if len(rows) <= CHUNK_ROWS:
            yield rows
            return
        for start in range(0, len(rows), CHUNK_ROWS):
            yield rows[start : start + CHUNK_ROWS]
        return
    source = iter(rows)
    if field is not None:
        source = map(field, source)
    size = 1
    while page := list(islice(source, size)):
        yield page
        size = CHUNK_ROWS if size >= 64 else size * 8


def paced(rows: Iterable, give_way: Callable[[], None]) -> Iterator:
    """The rows of a list or iterator, giving way every 256 of them."""
    for page in chunks(rows):
        give_way()
        yield from page


def dispose(rows: Any, give_way: Callable[[], None]) -> None:
    """Empties a list, dict or set that is used up. Freeing a million values takes as long as a large sort, in one step
    that nothing can interrupt, so it is done piece by piece."""
    if len(rows) <= DISPOSE_ROWS:
        return
    if type(rows) is list:
        while rows:
            del rows[-DISPOSE_ROWS:]
            give_way()
        return
    take = rows.popitem if isinstance(rows, dict) else rows.pop
    while rows:
        for _ in range(min(DISPOSE_ROWS, len(rows))):
            take()
        give_way()


def first_rows(rows: list, count: int | None, give_way: Callable[[], None]) -> Iterable:
    """The first `count` of a list (None: all), let go of as they are passed on: who asks may stop at any of them."""
    if count is not None:
        cut(rows, count, give_way)
    return rows if len(rows) <= DISPOSE_ROWS else _used_up(rows, give_way)


def _used_up(rows: list, give_way: Callable[[], None]) -> Iterator:
    rows.reverse()
    while rows:
        page = rows[-CHUNK_ROWS:]
        del rows[-CHUNK_ROWS:]
        page.reverse()
        give_way()
        yield from page


def cut(rows: list, count: int, give_way: Callable[[], None]) -> None:
    """Leaves the first `count` of a list."""
    while len(rows) > count:
        del rows[max(count, len(rows) - DISPOSE_ROWS) :]
        give_way()


def free_arrays(give_way: Callable[[], None]) -> None:
    """Frees the elements of large arrays that nobody has any more."""
    while let_go:
        items, pieces = let_go.pop(), []
        for begin in range(0, len(items), DISPOSE_ROWS):
            pieces.append(items[begin : begin + DISPOSE_ROWS])
            give_way()
        del items  # whose elements the pieces keep
        while pieces:
            pieces.pop()
            give_way()


def first_field(value: Any) -> Any:
    return value.fields[0] if isinstance(value, Record) else value[0] if type(value) is tuple else value


def fields_of(value: Any, width: int) -> tuple:
    """One function row as a tuple of its columns."""
    if isinstance(value, Record):
        return tuple(value.fields)
    if width == 1 and not (type(value) is tuple and len(value) == 1):
        return (value,)
    return value if value is not None else (None,) * width


def rows_from(sources: tuple, widths: tuple[int, ...], ordinality: bool) -> Iterator[tuple]:
    """ROWS FROM (...): functions side by side, the shorter ones padded with NULLs."""
    if len(sources) == 1:
        width = widths[0]
        rows: Iterator[tuple] = (fields_of(v, width) for v in sources[0] or ())
    else:
        padded = zip_longest(*(s if s is not None else () for s in sources), fillvalue=UNSET)
        rows = (_side_by_side(values, widths) for values in padded)
    if ordinality:
        return ((*row, number) for number, row in enumerate(rows, 1))
    return rows


def records(rows: Iterable | None, make: type[Record], type_oids: tuple[int, ...]) -> Iterable | None:
    """The rows of a function with several columns, each as one value."""
    if rows is None:
        return None
    return (make(row, type_oids) if type(row) is tuple else row for row in rows)


def side_by_side(sources: tuple[Iterable | None, ...]) -> Iterator[tuple]:
    """Functions in the select list: the shorter ones padded with NULLs."""
    return zip_longest(*(source if source is not None else () for source in sources))


def _side_by_side(values: tuple, widths: tuple[int, ...]) -> tuple:
    row: list[Any] = []
    for value, width in zip(values, widths):
        row.extend((None,) * width if value is UNSET else fields_of(value, width))
    return tuple(row)


class Shared:
    """Rows of a WITH query, made when first asked for and kept for its other readers."""

    def __init__(self, source: Callable[[], Iterable[tuple]]) -> None:
        self._source = source
        self._rows: list[tuple] = []
        self._rest: Iterator[tuple] | None = None
        self._done = False

    def __iter__(self) -> Iterator[tuple]:
        position = 0
        while True:
            while position < len(self._rows):
                yield self._rows[position]
                position += 1
            if self._done or not self._pull():
                return

    def _pull(self) -> bool:
        if self._rest is None:
            self._rest = iter(self._source())
        for row in self._rest:
            self._rows.append(row)
            return True
        self._done = True
        return False

    def drain(self) -> None:
        while not self._done:
            self._pull()

    def dispose(self, give_way: Callable[[], None]) -> None:
        dispose(self._rows, give_way)


def scalar(rows: Iterable[tuple]) -> Any:
    """The value of a scalar subquery. Raises 21000 for a second row."""
    value = UNSET
    for row in rows:
        if value is not UNSET:
            raise DatabaseError("more than one row returned by a subquery used as an expression", sqlstate="21000")
        value = row[0]
    return None if value is UNSET else value


def single_row(rows: Iterable[tuple], width: int) -> tuple:
    """The only row of a subquery compared with a row; NULLs when there is none. Raises 21000 for a second row."""
    found = None
    for row in rows:
        if found is not None:
            raise DatabaseError("more than one row returned by a subquery used as an expression", sqlstate="21000")
        found = row
    return (None,) * width if found is None else found


def exists(rows: Iterable[tuple]) -> bool:
    for _ in rows:
        return True
    return False


def array_of(rows: Iterable[tuple], elem_oid: int) -> Any:
    """ARRAY(subquery); sub-arrays of equal shape make an array with one more dimension."""
    values = [row[0] for row in rows]
    if values and isinstance(values[0], Array):
        first = values[0]
        items = tuple(i for v in values for i in v.items)
        return Array(items, (len(values), *first.dims), (1, *first.lower), first.elem_oid)
    return Array.of(values, elem_oid)


class HashedRows:
    """The rows of an uncorrelated `(…) = ANY (subquery)`, for probing. `keys` normalise each column, or are None."""

    def __init__(self, rows: Iterable[tuple], keys: tuple) -> None:
        self._keys = keys
        self._whole: set[tuple] = set()
        self._partial: list[tuple] = []
        for row in rows:
            if None in row:
                self._partial.append(self._normal(row))
            else:
                self._whole.add(self._normal(row))

    def _normal(self, row: tuple) -> tuple:
        return tuple(v if k is None or v is None else k(v) for v, k in zip(row, self._keys))

    def dispose(self, give_way: Callable[[], None]) -> None:
        dispose(self._whole, give_way)
        dispose(self._partial, give_way)

    def any(self, row: tuple) -> bool | None:
        if not self._whole and not self._partial:
            return False
        row = self._normal(row)
        if None not in row:
            if row in self._whole:
                return True
            candidates: Iterable[tuple] = self._partial
        else:
            candidates = (*self._whole, *self._partial)
        for other in candidates:
            if all(a is None or b is None or a == b for a, b in zip(row, other)):
                return None
        return False


def timed(stats: dict, number: int, source: Callable[[], Iterable[tuple]], ectx: Any) -> Iterator[tuple]:
    """Passes rows on and counts them: stats[number] = [loops, rows, startup µs, total µs]."""
    entry = stats.setdefault(number, [0, 0, 0, 0])
    clock = ectx.wall_us
    entry[0] += 1
    spent = 0
    first = True
    rows = iter(source())
    while True:
        start = clock()
        try:
            row = next(rows)
        except StopIteration:
            spent += clock() - start
            entry[3] += spent
            if first:
                entry[2] += spent
            return
        except GeneratorExit:
            entry[3] += spent
            raise
        spent += clock() - start
        if first:
            entry[2] += spent
            first = False
        entry[1] += 1
        try:
            yield row
        except GeneratorExit:
            entry[3] += spent
            raise


def hash_facts(stats: dict, number: int, table: dict, width: int, inner: int = 0) -> None:
    """stats["hash", number] = (slots, kB) of a dictionary with a list a key: of the rows of node `inner`, or one of its own."""
    loops, rows, *_ = stats.get(inner, (1, len(table)))
    slots = 1 << max(3, (len(table) * 3 // 2).bit_length())
    size = sys.getsizeof(table) + len(table) * LIST_BYTES + rows // max(loops, 1) * (width + ROW_BYTES)
    stats["hash", number] = (slots, -(-size >> 10))


def sort_facts(rows: int, width: int, spilled: int, was_cut: bool) -> str:
    """How a Sort went, in EXPLAIN's words; memory by the measure that work_mem is spent with."""
    if spilled:
        return f"external merge  Disk: {-(-spilled >> 10)}kB"
    return f"{'top-N heapsort' if was_cut else 'quicksort'}  Memory: {-(-rows * (width + ROW_BYTES) >> 10)}kB"
