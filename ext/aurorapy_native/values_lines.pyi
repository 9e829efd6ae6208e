"""Rows of literals to a batch: stub of values_lines.pyx, which holds the chapter."""

from aurorapy_native.row_batch import RowBatch
from aurorapy_native.row_text import RowText

MORE: int
DONE: int
OTHER: int

def find_values(text: str) -> ValuesLines | None:
    """A ValuesLines, or None when this is no INSERT with VALUES behind a plain head."""

class ValuesLines:
    width: int
    @property
    def head(self) -> str:
        """The statement up to VALUES."""
    def scan(self, text: RowText, batch: RowBatch) -> int:
        """Rows into the batch, until one of MORE, DONE, OTHER."""
