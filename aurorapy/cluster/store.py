"""What the hosts of a cluster agree on: keys with JSON values and revisions.

    store = open_store("sqlite:/srv/demo/control.sqlite")        # or etcd://10.0.0.1:2379,10.0.0.2:2379/demo
    store.put("writer", {"name": "i1", "number": 1})             # → 7, its revision
    store.put("writer", {"name": "i2", "number": 2}, 7)          # only if nobody changed it meanwhile: else Conflict
    store.put("nodes/a1", {...}, ABSENT)                         # only if it is not there
    store.revision()                                             # moves whenever anything does; cheap
    store.list("nodes/")                                         # {"nodes/a1": Entry(...)}

Revisions grow across all keys. Calls block: `mirror` makes them on a thread.

Errors: Conflict; StoreUnavailable when it cannot be asked now. A put that ends in StoreUnavailable may have happened.

Not here: what the keys mean (`topology`), etcd (`etcd`).
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any, NamedTuple, Protocol

ANY = -1  # whatever revision it has
ABSENT = 0
BUSY_SECONDS = 5.0


class Entry(NamedTuple):
    value: dict[str, Any]
    revision: int


class StoreError(Exception):
    """Base of the two."""


class Conflict(StoreError):
    """The key is not at the revision that was expected."""


class StoreUnavailable(StoreError):
    """The store does not answer."""


class Store(Protocol):
    def list(self, prefix: str = "") -> dict[str, Entry]: ...
    def get(self, key: str) -> Entry | None: ...
    def put(self, key: str, value: dict[str, Any], expected: int = ANY) -> int: ...
    def delete(self, key: str, expected: int = ANY) -> bool:
        """Whether it was there."""

    def revision(self) -> int: ...
    def close(self) -> None: ...


class SqliteStore:
    """One file, for the processes of one machine. An instance is used by one thread at a time."""

    def __init__(self, path: str) -> None:
        try:
            self._database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._database.execute("pragma journal_mode = wal")
            self._database.execute("pragma synchronous = normal")
            self._database.execute("create table if not exists entries (key text primary key, value text, revision integer)")
            self._database.execute("create table if not exists counter (revision integer)")
            with self._writing():
                if self._database.execute("select count(*) from counter").fetchone()[0] == 0:
                    self._database.execute("insert into counter values (0)")
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{path}: {error}") from None

    def list(self, prefix: str = "") -> dict[str, Entry]:
        rows = self._ask("select key, value, revision from entries where substr(key, 1, ?) = ?", len(prefix), prefix)
        return {key: Entry(json.loads(value), revision) for key, value, revision in rows}

    def get(self, key: str) -> Entry | None:
        for value, revision in self._ask("select value, revision from entries where key = ?", key):
            return Entry(json.loads(value), revision)
        return None

    def revision(self) -> int:
        return self._ask("select revision from counter")[0][0]

    def put(self, key: str, value: dict[str, Any], expected: int = ANY) -> int:
        with self._writing():
            self._check(key, expected)
            revision = self._next_revision()
            self._ask("insert or replace into entries values (?, ?, ?)", key, json.dumps(value, sort_keys=True), revision)
            return revision

    def delete(self, key: str, expected: int = ANY) -> bool:
        with self._writing():
            there = self._check(key, expected)
            if there:
                self._next_revision()
                self._ask("delete from entries where key = ?", key)
            return there

    def close(self) -> None:
        self._database.close()

    def _check(self, key: str, expected: int) -> bool:
        found = self._ask("select revision from entries where key = ?", key)
        actual = found[0][0] if found else ABSENT
        if expected not in (ANY, actual):
            raise Conflict(f"{key} is at revision {actual}, not {expected}")
        return bool(found)

    def _next_revision(self) -> int:
        return self._ask("update counter set revision = revision + 1 returning revision")[0][0]

    def _ask(self, statement: str, *values: Any) -> list[Any]:
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from None

    def _writing(self) -> _Writing:
        return _Writing(self._database)


class _Writing:
    """One transaction that holds the lock from its beginning."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        try:
            self._database.execute("begin immediate")
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from None

    def __exit__(self, kind: Any, *rest: Any) -> None:
        try:
            self._database.execute("commit" if kind is None else "rollback")
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from None


def open_store(url: str) -> Store:
    """StoreUnavailable when it cannot be opened; ValueError for a URL of neither kind."""
    kind, _, rest = url.partition(":")
    if kind == "sqlite":
        return SqliteStore(rest)
    if kind == "etcd":
        from aurorapy.cluster.etcd import EtcdStore

        hosts, _, name = rest.removeprefix("//").partition("/")
        return EtcdStore(hosts.split(","), name or "aurorapy")
    raise ValueError(f"{url} is no store: sqlite:PATH or etcd://HOST:PORT[,…]/NAME expected")
