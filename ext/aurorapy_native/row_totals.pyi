"""Aggregates of integer columns over a scan: stub of row_totals.pyx, which holds the chapter."""

from collections.abc import Callable, Iterator
from typing import Any

from aurorapy_native.row_source import RowSource

INTEGER_LETTERS: str

def totals(
    pages: RowSource | Iterator[list[tuple[Any, ...]]], items: tuple[tuple[str, int], ...], give_way: Callable[[], None]
) -> list[Any]:
    """pages: a RowSource whose columns are integers, or another iterator of lists of tuples. May switch."""
