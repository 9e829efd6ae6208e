"""Rows of a scan straight as DataRows: stub of row_output.pyx, which holds the chapter."""

from collections.abc import Callable, Iterator
from typing import Any

from aurorapy_native.outbuffer import OutBuffer, RowEncoder
from aurorapy_native.row_source import RowSource

class PlainRows:
    """The rows of a source, each as a tuple or, all at once, as DataRows."""

    def __init__(self, pages: RowSource | Iterator[list[tuple[Any, ...]]], give_way: Callable[[], None]) -> None:
        """Only a RowSource's rows can go straight. give_way is called between pages."""
    def __iter__(self) -> Iterator[tuple[Any, ...]]: ...
    def __next__(self) -> tuple[Any, ...]: ...
    def emit(self, buffer: OutBuffer, encoder: RowEncoder, bytes_max: int, drain: Callable[[], None]) -> int:
        """Puts all rows that are left into the buffer, calling `drain` whenever it has `bytes_max` bytes; their number.
        May switch."""
