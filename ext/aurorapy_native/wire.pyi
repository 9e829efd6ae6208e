"""The PostgreSQL protocol's bytes: stub of wire.pyx, which holds the chapter."""

from collections.abc import Callable
from typing import Any

class ConnectionLost(Exception):
    """The stream cannot be followed any further; the connection is closed without an answer."""

def encoding_error(data: bytes, start: int) -> Exception:
    """PostgreSQL's report of bytes that are not UTF-8 (22021), to be raised."""

class MessageReader:
    """Frontend messages out of a byte stream cut anywhere. Memory follows what has arrived, never what a header claims."""

    @property
    def buffered(self) -> int:
        """Bytes not yet taken."""
    @property
    def letter(self) -> str:
        """Of the message that `next` returned last, or refused; "" before the first."""
    def feed(self, data: bytes | bytearray | memoryview) -> None: ...
    def next(self) -> tuple | None:
        """The next whole message, or None. ProtocolViolation, DataError: this one is malformed; FatalError, ConnectionLost."""
    def take_raw(self, n: int) -> bytes | None:
        """`n` bytes without a letter (startup packets), or None when they have not all arrived."""
    def peek_raw(self, n: int) -> bytes | None: ...
    def idle(self) -> None:
        """Nothing more is expected for now: lets go of memory."""

class RowEncoder:
    """How each column of a row becomes bytes.

    `codes`, a letter a column — text: i int, b bool, s str, c callable giving str; binary: 2 4 8 ints by width, u unsigned
    32 bits, B bool, S str, D float64, F float32, y bytes, C callable giving bytes. `callables` has an entry a column.
    """

    def __init__(self, codes: bytes, callables: tuple[Callable[[Any], Any] | None, ...]) -> None: ...

class OutBuffer:
    """Backend messages, collected until taken."""

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
