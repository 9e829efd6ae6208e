"""The buffer pool: pages of the volume in one mapped region, found through a page table in C."""

from collections.abc import Callable
from typing import Any

DEFAULT_FRAMES: int

class BufferPool:
    frames: int
    hits: int
    misses: int
    evictions: int
    reader: Callable[[int], bytes]
    tasks: Any
    frame_waiter: Callable[[], Any] | None

    def __init__(self, frames: int = 16384, reader: Callable[[int], bytes] | None = None, tasks: Any = None) -> None:
        """`frames` of 8 KiB; `reader(page_no) -> bytes` gives the newest durable state of a page and may switch."""

    def fetch(self, page_no: int) -> None:
        """Makes the page resident. May switch. When it returns the page was here a moment ago: look it up again."""

    def install(self, page_no: int, frame: int, data: bytes, waiters: list) -> None:
        """Puts what the reader gave into the frame, unless the page was begun anew in the meantime."""

    def wait_for_frame(self) -> None:
        """Returns when a frame may have become free. ResourceError when none ever will."""

    def set_vdl(self, vdl: int) -> None:
        """Pages at or below `vdl` may be evicted from now on; it never goes back."""

    @property
    def resident_pages(self) -> int:
        """Pages here."""

    def resident(self, page_no: int) -> bool:
        """True when the page is in the pool."""

    def page(self, page_no: int) -> bytes:
        """A copy of the page's 8,192 bytes; fetches it when it is not here."""

    def drop(self, page_no: int) -> bool:
        """Forgets a page that is unpinned and at or below the VDL; True when it is no longer here."""

    def drop_all(self) -> int:
        """Forgets every page it may; returns how many stay."""

    def pages(self) -> list[int]:
        """Numbers of the resident pages, unordered."""

    def pages_in_use(self) -> list[int]:
        """Numbers of those that somebody has looked at since the clock's hand last passed them, unordered."""

    def pinned(self) -> int:
        """Number of pinned frames; 0 between operations."""
