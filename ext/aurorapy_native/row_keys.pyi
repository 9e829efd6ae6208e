"""Index keys straight from rows' bytes: stub of row_keys.pyx, which holds the chapter."""

from aurorapy_native.keys import KeyCodec
from aurorapy_native.tuples import RowCodec

class RowKeys:
    rows: RowCodec
    keys: KeyCodec
    def __init__(self, rows: RowCodec, keys: KeyCodec, columns: tuple[int, ...], nulls_distinct: bool = True) -> None:
        """columns: attnos of the key's columns. nulls_distinct: keys with a NULL in them never count as equal."""
    def key(self, row: bytes) -> tuple[bytes, bool] | None:
        """(key, decisive) of a row as RowCodec.encode gives it; None when its values must be decoded. For tests."""
