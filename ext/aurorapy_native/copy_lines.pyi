"""COPY's text format to rows in a batch: stub of copy_lines.pyx, which holds the chapter."""

from aurorapy_native.row_batch import RowBatch
from aurorapy_native.row_text import RowText

MORE: int
FULL: int
ODD: int

class CopyLines:
    count: int
    def __init__(self, text: RowText, delimiter: bytes, null: bytes) -> None: ...
    def feed(self, chunk: bytes) -> None:
        """More bytes, cut anywhere."""
    def scan(self, batch: RowBatch) -> int:
        """Lines into the batch, until one of MORE, FULL, ODD."""
    def take(self) -> bytes | None:
        """The line that was odd, with its newline; None while its end has not come."""
    def rest(self) -> bytes:
        """What came and was not taken."""
