"""Pages that a scan wants next are asked for before it does: from storage nodes every page is a round trip.

    read(7)     nothing known: page 7
    read(8)     follows 7: page 8, and 9 to 12 are on their way
    read(13)    9 to 12 were in the pool: page 13, and 14 to 21 …

`ReadAhead.read` stands between the pool and the volume, so it sees misses only. Who misses a page where a run of them would
go on gets twice as many ahead as the last time, up to `PAGES_MAX`; whose runs they are, nobody has to say. A page that is
read ahead is fetched into the pool like any other, by a task of its own: it is as new as one that is asked for now, and
whoever comes to want it meanwhile waits for the same answer. When a scan ends nothing more is asked for; what is on its way
arrives, at most `PAGES_MAX` pages.

Errors: none of pages that nobody has asked for yet; who does asks again, and is told.

Not here: which copy answers (`storage/volume/links.py`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DatabaseError

PAGES_MIN, PAGES_MAX = 4, 32
FRAMES_SHARE = 8  # a pool has so many times the pages of one run ahead
RUNS = 16  # that are followed
COMING_MAX = 4 * PAGES_MAX  # pages on their way for all of them


class ReadAhead:
    """See the chapter. `fetch`: brings a page into the pool; `read_page`: of the volume; `frames`: of the pool."""

    def __init__(self, tasks: Any, fetch: Callable[[int], Any], read_page: Callable[[int], bytes], frames: int) -> None:
        self._tasks, self._fetch, self._read_page = tasks, fetch, read_page
        self._pages_max = min(PAGES_MAX, frames // FRAMES_SHARE)
        self._runs: dict[int, int] = {}  # page where the run goes on -> how many were read ahead last; oldest first
        self._coming: set[int] = set()

    def read(self, page_no: int) -> bytes:
        """The page from the volume. May switch."""
        if page_no not in self._coming:
            self._follow(page_no)
        return self._read_page(page_no)

    def _follow(self, page_no: int) -> None:
        before = self._runs.pop(page_no, None)
        count = 0
        if before is not None and len(self._coming) < COMING_MAX:
            count = min(max(2 * before, PAGES_MIN), self._pages_max)
        after = page_no + 1 + count
        for each in range(page_no + 1, after):
            if each not in self._coming:
                self._coming.add(each)
                self._tasks.spawn(self._bring, each, name="read ahead")
        self._runs[after] = count
        if len(self._runs) > RUNS:
            del self._runs[next(iter(self._runs))]

    def _bring(self, page_no: int) -> None:
        try:
            self._fetch(page_no)
        except DatabaseError:
            pass
        finally:
            self._coming.discard(page_no)
