"""Cluster cache management: the reader of tier 0 keeps the pages that the writer keeps, so that its promotion is warm.

    apg_ccm_enabled = on, the writer in tier 0, and exactly one reader in tier 0

    writer ── AskCached ──▶ reader         a scan of the writer's pool begins
           ◀── Cached ──                   what is there already
           ── Warm pages ──▶               every second a slice: what is in use here and not there
                              fetch        from the volume, one after the other

`figures()` are aurora_ccm_status()'s: found are pages in use here, sent those of them that the reader did not have.

Errors: none; what is lost is said again by the next scan.

Not here: which page goes when the reader's pool is full (the pool's clock: the newest stay).
"""

from __future__ import annotations

from array import array
from collections import deque
from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy.host import Link
from aurorapy.instance import messages as im

SLICE_SECONDS = 0.5
SLICE_PAGES = 2048
MINUTE_SECONDS = 60.0


class CacheSharing:
    """The writer's part."""

    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._tasks, self._clock = instance.host.tasks, instance.host.clock
        self._target: Link | None = None
        self._cached: set[int] | None = None  # what the reader has; None until it has said so
        self._pages: list[int] = []  # of the scan, those still to be visited
        self._visited = 0
        self._current = [0, 0]  # sent, found
        self._last = [0, 0]
        self._minute: deque[tuple[float, int, int]] = deque()
        self._tasks.call_later(SLICE_SECONDS, self._tick)

    def figures(self) -> tuple[int, ...]:
        now = self._clock.monotonic()
        while self._minute and self._minute[0][0] < now - MINUTE_SECONDS:
            self._minute.popleft()
        sent = sum(sent for _, sent, _ in self._minute)
        found = sum(found for _, _, found in self._minute)
        return (sent, found, *self._last, *self._current, self._visited)

    def cached(self, link: Link, pages: bytes) -> None:
        if link is self._target:
            self._cached = set(array("I", pages))

    def _tick(self) -> None:
        instance = self._instance
        if instance.closing or instance.volume.failure is not None:
            return
        self._tasks.call_later(SLICE_SECONDS, self._tick)
        target = self._find_target()
        if target is not self._target or target is None:
            self._target = target
            self._begin_scan()
        elif self._cached is not None:
            self._slice()

    def _find_target(self) -> Link | None:
        instance = self._instance
        settings = instance.settings
        if not settings["apg_ccm_enabled"] or settings["promotion_tier"] != 0:
            return None
        first = [reader.link for reader in instance.feed.readers.values() if reader.is_admitted and reader.tier == 0]
        return first[0] if len(first) == 1 else None

    def _begin_scan(self) -> None:
        self._cached = None
        self._visited, self._current = 0, [0, 0]
        self._pages = []
        if self._target is not None:
            volume, size = self._instance.volume, self._instance.volume.config.group_pages
            self._pages = [page for page in self._instance.pool.pages_in_use() if page // size in volume.groups]
            self._target.send(*im.encode(im.AskCached()))

    def _slice(self) -> None:
        visited, self._pages = self._pages[:SLICE_PAGES], self._pages[SLICE_PAGES:]
        wanted = array("I", [page for page in visited if page not in self._cached])
        if wanted:
            self._target.send(*im.encode(im.Warm(wanted.tobytes())))
        self._visited += len(visited)
        self._current[0] += len(wanted)
        self._current[1] += len(visited)
        self._minute.append((self._clock.monotonic(), len(wanted), len(visited)))
        if not self._pages:
            self._last = self._current
            self._begin_scan()


class CacheKeeper:
    """The reader's part."""

    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._wanted: deque[int] = deque()
        self._is_fetching = False

    def say_cached(self, link: Link) -> None:
        link.send(*im.encode(im.Cached(array("I", self._instance.pool.pages()).tobytes())))

    def keep(self, pages: bytes) -> None:
        self._wanted.extend(array("I", pages))
        if not self._is_fetching:
            self._is_fetching = True
            self._instance.host.tasks.spawn(self._fetch, name="cluster cache")

    def _fetch(self) -> None:
        instance = self._instance
        try:
            while self._wanted and instance.volume.failure is None and not instance.closing:
                instance.host.tasks.give_way()
                page = self._wanted.popleft()
                if not instance.pool.resident(page):
                    instance.pool.fetch(page)
        except DatabaseError:
            self._wanted.clear()  # the next scan says it again
        finally:
            self._is_fetching = False
