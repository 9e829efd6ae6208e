"""Rows put into an order: Python's stable sort, one pass a direction, in steps between which others may run.

    ORDER BY a, b DESC    rows.sort(key=b, reverse=True); rows.sort(key=a)

A key column without NULLs is its own sort key; NULLs make it (is NULL, value). When every key goes the same way one pass
over tuples of keys does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter
from typing import Any, Callable

from aurorapy.expressions.ordering import bpchar_key
from aurorapy_native.row_columns import has_null, is_even

Spec = tuple[int, Callable | None, bool, bool]  # place in the row, key function, descending, nulls first
PIECE_ROWS = 4096  # sorted in one step: a few ms
PART_ROWS_MAX = 4 * PIECE_ROWS  # of sorted stretches, which takes less
CUTS_MAX = 256


def sort_rows(rows: list[tuple], spec: tuple[Spec, ...], give_way: Callable[[], None] | None = None) -> None:
    """Sorts in place; many rows in pieces, between which others may run."""
    if len(rows) < 2 or not spec:
        return
    spec = tuple([_direct(rows, part) for part in spec])
    directions = {descending for _, _, descending, _ in spec}
    keys = _keys(spec, columns_with_nulls(rows, spec))
    if len(directions) == 1:
        _sort_by(rows, _together(keys), directions.pop(), give_way)
        return
    for key, (_, _, descending, _) in zip(reversed(keys), reversed(spec)):
        _sort_by(rows, key if callable(key) else itemgetter(key), descending, give_way)


def _direct(rows: list[tuple], part: Spec) -> Spec:
    """character(n) without a key function, where the values sort by themselves."""
    place, function, descending, nulls_first = part
    return (place, None, descending, nulls_first) if function is bpchar_key and is_even(rows, place) else part


def _sort_by(rows: list[tuple], key: Callable, descending: bool, give_way: Callable[[], None] | None) -> None:
    """list.sort, which nothing can interrupt; many rows by steps of a few milliseconds each, with the same result."""
    if give_way is None or len(rows) <= PIECE_ROWS:
        rows.sort(key=key, reverse=descending)
        return
    if descending:  # as list.sort does it, so that equal rows keep their order
        rows.reverse()
    _sort_in_steps(rows, key, give_way)
    if descending:
        rows.reverse()


def _sort_in_steps(rows: list[tuple], key: Callable, give_way: Callable[[], None]) -> None:
    """Sorted pieces are cut at a few keys that split all rows evenly; what lies between two such keys, from all pieces
    together, is short and sorted by itself.

        pieces   1 4 7 9 | 2 4 4 8 | 3 5 6 9      cut at 4:   1 | 4 | 7 9     2 | 4 4 | 8     3 | | 5 6 9
        parts    1 2 3 | 4 4 4 | 7 9 8 5 6 9      sorted one by one; the rows equal to a cut are in order already
    """
    pieces = []
    while rows:  # they move: even to let go of a million rows at once takes long
        begin = (len(rows) - 1) // PIECE_ROWS * PIECE_ROWS
        piece = rows[begin:]
        del rows[begin:]
        piece.sort(key=key)
        pieces.append(piece)
        give_way()
    pieces.reverse()
    wanted = min(len(pieces), CUTS_MAX)
    steps = [max(1, len(piece) // wanted) for piece in pieces]
    sample = sorted(key(row) for piece, step in zip(pieces, steps) for row in piece[step // 2 :: step])
    cuts = [sample[i * len(sample) // wanted] for i in range(1, wanted)]
    begins = [0] * len(pieces)
    for cut in [c for i, c in enumerate(cuts) if not i or cuts[i - 1] < c]:
        part, equal = [], []
        for i, piece in enumerate(pieces):
            low = bisect_left(piece, cut, begins[i], key=key)
            high = bisect_right(piece, cut, low, key=key)
            part += piece[begins[i] : low]
            equal += piece[low:high]
            begins[i] = high
        give_way()
        _take(rows, part, key, give_way)
        rows += equal
    part = []
    for begin, piece in zip(begins, pieces):
        part += piece[begin:]
    _take(rows, part, key, give_way)
    for piece in pieces:
        piece.clear()
        give_way()


def _take(rows: list[tuple], part: list[tuple], key: Callable, give_way: Callable[[], None]) -> None:
    """`part`, made of sorted stretches, sorted to the end of `rows`."""
    if len(part) > PART_ROWS_MAX:
        _sort_in_steps(part, key, give_way)
    else:
        part.sort(key=key)
    rows += part
    give_way()


def columns_with_nulls(rows: list[tuple], spec: tuple[Spec, ...]) -> set[int]:
    """Places of the key columns that have a NULL in one of the rows."""
    return {part[0] for part in spec if has_null(rows, part[0])}


def common_key(spec: tuple[Spec, ...], with_nulls: set[int]) -> tuple[Callable, bool]:
    """(key of the whole order, whether rows descend by it): for comparing rows that were sorted apart."""
    directions = {descending for _, _, descending, _ in spec}
    if len(directions) == 1:
        return _together(_keys(spec, with_nulls)), directions.pop()
    keys = [key if callable(key) else itemgetter(key) for key in _keys(spec, with_nulls)]
    turned = [descending for _, _, descending, _ in spec]
    return lambda row: tuple(Backwards(k(row)) if turn else k(row) for k, turn in zip(keys, turned)), False


class Backwards:
    """Orders as the value does, the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: Backwards) -> bool:
        return other.value < self.value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Backwards) and self.value == other.value


def _keys(spec: tuple[Spec, ...], with_nulls: set[int]) -> list[Any]:
    return [_key(place in with_nulls, place, function, first != down) for place, function, down, first in spec]


def _key(has_null: bool, place: int, function: Callable | None, nulls_low: bool) -> Any:
    """A column number when the values sort by themselves, else a function of the row. `nulls_low`: before the values in
    the direction of the pass."""
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
