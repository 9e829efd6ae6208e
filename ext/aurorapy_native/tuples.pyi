"""The row codec: stub of tuples.pyx, which holds the chapter."""

from collections.abc import Callable, Sequence
from typing import Any

SYSTEM_COLUMNS: dict[str, int]
VARIABLE_LETTERS: str
COMPRESSED_TAG: int
EXTERNAL_TAG: int
HEADER_SIZE: int

class Projection:
    """Which columns a reader wants: attnos from 1, SYSTEM_COLUMNS negative. Readers take it in place of the tuple."""

    columns: tuple[int, ...]
    system: bool
    def __init__(self, columns: tuple[int, ...]) -> None: ...

class Stored:
    """A value in the form it has in a row, tag byte included."""

    data: bytes
    def __init__(self, data: bytes) -> None: ...

class OutOfLine:
    """Stands for a value that is not in its row; access.toast.Toaster fetches it."""

    pointer: bytes
    letter: str
    def __init__(self, pointer: bytes, letter: str) -> None: ...

class RowCodec:
    """Rows of one table as bytes.

    letters: a storage letter a column (types.model.Type.storage). missing: a value a column, for rows older than it.
    letter_of: type OID → storage letter, for elements of arrays and records; the built-in types by default.
    """

    letters: str
    natts: int
    missing: list[Any]
    def __init__(
        self, letters: str, missing: Sequence[Any] | None = None, letter_of: Callable[[int], str] | None = None
    ) -> None: ...
    def projection(self, columns: tuple[int, ...] | Projection) -> Projection:
        """The Projection of a tuple of attnos, kept for the next time."""
    def encode(self, values: Sequence[Any]) -> bytes:
        """The row as bytes, its header empty but for layout. DataError 22003, ProgramLimitExceeded."""
    def decode_row(self, row: bytes, columns: tuple[int, ...] | None = None) -> tuple[Any, ...]:
        """Columns (all by default) of a row as encode() gives it."""
    def payload(self, n: int, value: Any) -> bytes:
        """The bytes of a variable-length value of column n (from 1), without length or tag."""
    def attribute_bytes(self, row: bytes, n: int) -> tuple[int, bytes | None]:
        """(form, bytes) of column n: for tests of what C callers see."""
    def put_stored(self, value: Any, what: str) -> int: ...
    def decompressed(self, letter: int, stored: bytes) -> Any: ...

def compressed(payload: bytes) -> Stored | None:
    """The Stored form of a value compressed in its row, or None when it does not get shorter by a quarter."""

def value_of(letter: str, payload: bytes) -> Any:
    """The value whose payload this is."""
