"""Backend messages put together: stub of outbuffer.pyx, which holds the chapter."""

from collections.abc import Callable
from typing import Any

class RowEncoder:
    """How each column of a row becomes bytes.

    `codes`, a letter a column — text: i int, b bool, s str, c callable giving str; binary: 2 4 8 ints by width, u
    unsigned 32 bits, B bool, S str, D float64, F float32, y bytes, C callable giving bytes. `callables` has an entry a
    column.
    """

    def __init__(self, codes: bytes, callables: tuple[Callable[[Any], Any] | None, ...]) -> None: ...

class OutBuffer:
    """Backend messages, collected until taken."""

    unreported: bool  # a setting changed that the client hears of before ReadyForQuery

    @property
    def size(self) -> int:
        """Bytes collected."""
    def take(self) -> bytes:
        """Everything collected; the buffer is empty afterwards."""
    def since(self, mark: int) -> bytes:
        """The bytes put in after the buffer had `mark` of them."""

    def idle(self) -> None: ...
    def message(self, letter: str, body: bytes = b"") -> None:
        """One message: letter, length, body."""
    def raw(self, data: bytes) -> None: ...
    def row(self, values: tuple, encoder: RowEncoder) -> None:
        """One DataRow. What a callable raises passes through, and nothing of the row stays."""
    def rows(self, rows: list[tuple], encoder: RowEncoder) -> None:
        """A DataRow each; of a row that fails nothing stays, the ones before it do."""
    def rows_to_long_text(self, rows: list[tuple], encoder: RowEncoder, first: int = 0) -> int:
        """rows() from the one at `first` up to one with a long text: the number of that one, or of all."""
    def fields(self, values: tuple, encoder: RowEncoder) -> list[bytes | str | None]:
        """A row's fields: None, the value itself where it is a long text, else the bytes, length first."""
