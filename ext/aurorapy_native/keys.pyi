"""Order-preserving key bytes: stub of keys.pyx, which holds the chapter."""

from collections.abc import Callable, Sequence
from typing import Any

class KeyCodec:
    """Encodes rows of values for one index.

    letters: a key letter a column (types.model.Type.key). options: an int a column, 1 DESC, 2 NULLS FIRST.
    letter_of: type OID → key letter, for elements of arrays and records; the built-in types by default.
    """

    columns: int
    def __init__(
        self, letters: str, options: Sequence[int] | None = None, letter_of: Callable[[int], str] | None = None
    ) -> None: ...
    def encode(self, values: Sequence[Any]) -> bytes:
        """The key of a whole row. OverflowError: an int beyond the column's type; ValueError: wrong count."""
    def encode_prefix(self, values: Sequence[Any]) -> bytes:
        """The common beginning of the keys whose first len(values) columns are these."""
    @staticmethod
    def upper_of(prefix: bytes) -> bytes:
        """Above every key that begins with `prefix`, at or below every other key above `prefix`."""
