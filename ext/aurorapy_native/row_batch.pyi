"""A batch of rows as bytes: stub of row_batch.pyx, which holds the chapter."""

from collections.abc import Iterable
from typing import Any

from aurorapy_native.tuples import RowCodec

ROWS_MAX: int

class RowBatch:
    codec: RowCodec
    count: int
    weight: int
    def __init__(self, codec: RowCodec) -> None: ...
    def __len__(self) -> int: ...
    @property
    def full(self) -> bool: ...
    def append(self, values: Iterable[Any]) -> bool:
        """Adds a row of Python values. False, and nothing added: it needs the toaster, or the batch is full."""
    def values(self, i: int) -> tuple[Any, ...]:
        """The values of row i."""
    def raw(self, i: int) -> bytes:
        """The bytes of row i. For tests."""
    @property
    def tids(self) -> list[int]:
        """Where the rows are, once they have been placed."""
    def clear(self) -> None: ...
