"""The short path of a session: stub of short_path.pyx, which holds the chapter."""

from typing import Any

from aurorapy_native.outbuffer import OutBuffer

DRAIN_BYTES: int
IDLE: str
IMPLICIT: str
OPEN: str
FAILED: str
BEGIN: str
COMMIT: str
ROLLBACK: str

def tag_message(tag: str) -> bytes:
    """CommandComplete, whole."""

class ShortPath:
    """One session's."""

    skipping: bool
    closed: bool
    @property
    def statement(self) -> Any:
        """PreparedStatement of the unnamed portal while it is this path's; None when there is none."""

    def __init__(self, session: Any, out: OutBuffer) -> None:
        """`session`: a Session whose parts are there already."""
