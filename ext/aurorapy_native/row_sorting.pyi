"""A few rows of a scan in another order: stub of row_sorting.pyx, which holds the chapter."""

from collections.abc import Callable, Iterator
from typing import Any

from aurorapy_native.row_source import RowSource

SORTED_LETTERS: str

Pages = Iterator[list[tuple[Any, ...]]]

class SortedSource(RowSource):
    """Made by sorted_pages()."""

def sorted_pages(
    pages: RowSource | Pages,
    place: int,
    blanks: bool,
    descending: bool,
    nulls_first: bool,
    distinct: bool,
    fallback: Callable[[Pages], Pages],
    bytes_max: int,
    give_way: Callable[[], None],
) -> RowSource | Pages:
    """An iterator of lists of tuples, ordered by the column at `place`; a RowSource where `pages` is one.

    blanks: trailing blanks do not count (character(n)). distinct: only the first row of each value. fallback: sorts
    pages of tuples where there are too many rows, or values that are not in their row.
    """
