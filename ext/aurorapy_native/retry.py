"""Why a change or a lookup must let go, wait and start again from its search.

Native code raises these; the loop around it is always

    while True:
        try:
            return native_call(...)
        except Retry as retry:
            retry.wait()          # may switch to another session

so that nothing is held across a switch (design: try, fetch, try again).
"""

from __future__ import annotations


class Retry(Exception):
    """Base. `wait()` returns when it makes sense to try again; it may raise the session's interrupt."""

    def wait(self) -> None:
        raise NotImplementedError


class PageMiss(Retry):
    """A page is not in the pool."""

    def __init__(self, pool, page_no: int) -> None:
        self.pool = pool
        self.page_no = page_no

    def wait(self) -> None:
        self.pool.fetch(self.page_no)


class NoFrame(Retry):
    """Every frame is pinned or above the VDL."""

    def __init__(self, pool) -> None:
        self.pool = pool

    def wait(self) -> None:
        self.pool.wait_for_frame()


class NoLogRoom(Retry):
    """The next LSN would be beyond VDL + limit."""

    def __init__(self, log) -> None:
        self.log = log

    def wait(self) -> None:
        self.log.wait_for_room()


class NeedExtent(Retry):
    """The relation's last extent is full and the next one must be allocated first."""

    def __init__(self, storage) -> None:
        self.storage = storage

    def wait(self) -> None:
        self.storage.allocate_extent()
