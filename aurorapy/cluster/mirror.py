"""The store as this process last heard it, and writes to it, without a wait in the loop.

    mirror = Mirror(loop, url, changed)             # changed(topology): in the loop, whenever anything is different
    await mirror.put("writer", value, revision)     # Conflict, StoreUnavailable
    mirror.tell("processes/i1", value)              # later is soon enough: tried until the store takes it

One thread owns the store. While it cannot be reached `topology` stays what it was, `is_connected` is False, and what was
told waits: the newest of each key.

Not here: what is written when.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import Any, Callable

from aurorapy.cluster.store import ANY, Entry, Store, StoreError, StoreUnavailable, open_store
from aurorapy.cluster.topology import Topology

LOOK_SECONDS = {"sqlite": 0.02, "etcd": 0.15}
AGAIN_SECONDS = 0.3  # between attempts at a store that does not answer


class Mirror:
    def __init__(self, loop: Any, url: str, changed: Callable[[Topology], None]) -> None:
        self._loop, self._url, self._changed = loop, url, changed
        self.entries: dict[str, Entry] = {}
        self.topology = Topology.of({})
        self.is_connected = False
        self._look_seconds = LOOK_SECONDS.get(url.partition(":")[0], 0.1)
        self._jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._told: dict[str, dict[str, Any] | None] = {}
        self._lock = threading.Lock()  # of _told
        self._store: Store | None = None
        self._seen = -1
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    # -- in the loop ---------------------------------------------------------------------------------------------------
    async def put(self, key: str, value: dict[str, Any], expected: int = ANY) -> int:
        return await self._do(lambda store: store.put(key, value, expected))

    async def delete(self, key: str, expected: int = ANY) -> bool:
        return await self._do(lambda store: store.delete(key, expected))

    def tell(self, key: str, value: dict[str, Any] | None) -> None:
        """None: the key goes."""
        with self._lock:
            self._told[key] = value
        self._jobs.put((lambda store: None, None))

    def revision_of(self, key: str) -> int:
        entry = self.entries.get(key)
        return entry.revision if entry is not None else 0

    def close(self) -> None:
        """What was told is written first, if the store can be reached."""
        self._jobs.put(None)
        self._thread.join(5.0)

    async def _do(self, work: Callable[[Store], Any]) -> Any:
        future = self._loop.create_future()
        self._jobs.put((work, future))
        return await future

    def _apply(self, entries: dict[str, Entry] | None, is_connected: bool) -> None:
        """entries: None where nothing is new."""
        before, self.is_connected = self.is_connected, is_connected
        if entries is not None:
            self.entries = entries
            self.topology = Topology.of(entries)
        if entries is not None or before != is_connected:
            self._changed(self.topology)

    # -- on the thread -------------------------------------------------------------------------------------------------
    def _run(self) -> None:
        pause = 0.0
        while True:
            try:
                job = self._jobs.get(timeout=pause or self._look_seconds)
            except queue.Empty:
                job = (lambda store: None, None)
            try:
                self._ensure()
                result, problem = self._work(job)
                self._write_told()
                if job is None:
                    self._store.close()
                    return
                self._look()
                pause = 0.0
            except StoreError as error:
                result, problem, pause = None, error, AGAIN_SECONDS
                self._drop()
                if job is None:
                    return
                self._post(self._apply, None, False)
            if job[1] is not None:
                self._post(_settle, job[1], result, problem)

    def _work(self, job: Any) -> tuple[Any, StoreError | None]:
        if job is None:
            return None, None
        try:
            return job[0](self._store), None
        except StoreUnavailable:
            raise
        except StoreError as error:
            return None, error

    def _ensure(self) -> None:
        if self._store is None:
            self._store = open_store(self._url)

    def _drop(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
        self._seen = -1

    def _write_told(self) -> None:
        while self._told:
            with self._lock:
                key = next(iter(self._told))
                value = self._told.pop(key)
            try:
                self._store.delete(key) if value is None else self._store.put(key, value)
            except StoreUnavailable:
                with self._lock:
                    self._told.setdefault(key, value)
                raise

    def _look(self) -> None:
        revision = self._store.revision()
        if revision != self._seen:
            entries = self._store.list()
            self._seen = revision
            self._post(self._apply, entries, True)
        else:
            self._post(self._apply, None, True) if not self.is_connected else None

    def _post(self, work: Callable[..., Any], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(work, *arguments)
        except RuntimeError:  # the loop has been closed
            pass


def _settle(future: asyncio.Future, result: Any, problem: Exception | None) -> None:
    if future.done():
        return
    if problem is not None:
        future.set_exception(problem)
    else:
        future.set_result(result)
