"""The PostgreSQL protocol's bytes, taken apart: stub of wire.pyx, which holds the chapter."""

class ConnectionLost(Exception):
    """The stream cannot be followed any further; the connection is closed without an answer."""

def encoding_error(data: bytes, start: int) -> Exception:
    """PostgreSQL's report of bytes that are not UTF-8 (22021), to be raised."""

class MessageReader:
    """Frontend messages out of a byte stream cut anywhere. Memory follows what has arrived, never what a header
    claims."""

    @property
    def buffered(self) -> int:
        """Bytes not yet taken."""
    @property
    def letter(self) -> str:
        """Of the message that `next` returned last, or refused; "" before the first."""
    def feed(self, data: bytes | bytearray | memoryview) -> None: ...
    def next(self) -> tuple | None:
        """The next whole message, or None. ProtocolViolation, DataError: this one is malformed; FatalError,
        ConnectionLost."""
    def copy_data(self) -> bytes:
        """What the whole CopyData messages that come next carry, together; b"" when there is none."""
    def take_raw(self, n: int) -> bytes | None:
        """`n` bytes without a letter (startup packets), or None when they have not all arrived."""
    def peek_raw(self, n: int) -> bytes | None: ...
    def idle(self) -> None:
        """Nothing more is expected for now: lets go of memory."""
