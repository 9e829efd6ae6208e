"""What the server does and holds, as rows for pg_stat_activity, pg_locks, pg_settings … (expressions.context.ServerActivity).

Times are microseconds since 2000-01-01 UTC. Another user's query text is shown to superusers and members of
pg_read_all_stats only.

Not here: the views over these rows (catalog/data/views.sql).
"""

from __future__ import annotations

from typing import Any, Iterator

from aurorapy.activity import wait_event_of
from aurorapy.config import Setting
from aurorapy.host import waits
from aurorapy.instance import replica_views, storage_views
from aurorapy.instance.sizes import relation_pages
from aurorapy.instance.storage_nodes import StorageNodes
from aurorapy.session.aurora_views import AuroraViews
from aurorapy.types.values import Array

_MODES = (
    "", "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
    "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
)  # fmt: skip
_HIDDEN = "<insufficient privilege>"


class ServerView:
    def __init__(self, session: Any) -> None:
        self._session = session

    @property
    def storage_nodes(self) -> StorageNodes:
        return StorageNodes(self._session)

    @property
    def aurora(self) -> AuroraViews:
        return AuroraViews(self, self._session)

    # -- settings ------------------------------------------------------------------------------------------------------
    def settings(self) -> Iterator[tuple]:
        for setting, value in self._session.settings.all():
            default = plain(setting, setting.default)
            bounded = setting.kind in ("integer", "real")
            yield (
                setting.name, plain(setting, value), setting.unit or None, setting.category or "Ungrouped",
                setting.description, None, setting.context, setting.kind, "default" if value == setting.default else "session",
                f"{setting.minimum:g}" if bounded else None, _number(setting.maximum) if bounded else None,
                Array.of(setting.choices, 25) if setting.kind == "enum" else None, default, default, None, None, False,
            )  # fmt: skip

    # -- sessions ------------------------------------------------------------------------------------------------------
    def sessions(self) -> Iterator[tuple]:
        session = self._session
        instance = session.instance
        oids = {row.datname: row.oid for row in session.catalog.reader().scan("pg_database")}
        for entry in list(instance.activity.entries.values()):
            facts = entry.facts
            shown = session.facts.is_superuser or facts.user_oid == session.facts.current_oid
            transaction = _transaction_of(instance, facts.pid)
            wait = self._waiting(facts.pid) or (wait_event_of(transaction) if transaction is not None else None)
            if wait is None and not entry.is_running:
                wait = ("Client", "ClientRead")
            client = facts.client_address
            xid = transaction.top_xid if transaction is not None else 0
            began = getattr(transaction, "start_us", None)
            yield (
                oids.get(facts.database), facts.pid, facts.user_oid, entry.application_name,
                entry.state if shown else None, entry.query if shown else _HIDDEN,
                wait[0] if wait and shown else None, wait[1] if wait and shown else None,
                began or (entry.query_start if entry.state != "idle" else None) if shown else None,
                entry.query_start if shown else None, facts.start_us or None, entry.since if shown else None,
                client[0] if client and shown else None, None, client[1] if client and shown else None,
                xid & 0xFFFFFFFF if xid else None, None, "client backend",
                False, None, None, None, None, None, None, False, None, False, None, None,
            )  # fmt: skip

    def task_of(self, pid: int) -> Any:
        """The task of a session."""
        if pid == self._session.facts.pid:
            return self._session.task
        connections = self._session.instance.backends
        connection = connections.by_pid.get(pid) if connections is not None else None
        return connection.task if connection is not None else None

    def _waiting(self, pid: int) -> tuple[str, str] | None:
        task = self.task_of(pid)
        waiter = task._waiter if task is not None else None
        return waits.event_of(waiter.event) if waiter is not None else None

    # -- locks ---------------------------------------------------------------------------------------------------------
    def locks(self) -> Iterator[tuple]:
        for key, mode, pid, granted in self._session.instance.txns.locks.held():
            yield _lock_row(key, _MODES[mode], pid, granted)

    # -- prepared statements and cursors -------------------------------------------------------------------------------
    def prepared_statements(self) -> Iterator[tuple]:
        for name, prepared in list(self._session.prepared.items()):
            if name:
                yield (name, prepared.text, prepared.prepared_us, Array.of(prepared.param_types, 2206),
                       prepared.from_sql, 0, 0)  # fmt: skip

    def cursors(self) -> Iterator[tuple]:
        own = self._session.short.statement
        if own is not None:
            yield ("", own.text, False, False, False, self._session.eval.statement_us)
        for portal in self._session.portals.all():
            text = portal.prepared.text or portal.prepared.statement.text
            yield (portal.name, text, portal.hold, portal.binary, portal.scroll, portal.created_us)

    # -- the volume ----------------------------------------------------------------------------------------------------
    def volume_status(self) -> Iterator[tuple]:
        return storage_views.volume_status(self._session.instance.volume)

    def volume(self) -> Iterator[tuple]:
        return storage_views.volume_row(self._session.instance.volume)

    def segments(self) -> Iterator[tuple]:
        return storage_views.segment_rows(self._session.instance)

    def replicas(self) -> Iterator[tuple]:
        return replica_views.replica_rows(self._session.instance)

    def copy_digests(self) -> Iterator[tuple]:
        return storage_views.copy_digests(self._session.instance.volume)

    def changed_pages(self, since: int) -> int | None:
        return storage_views.changed(self._session.instance.volume, since)

    # -- counters ------------------------------------------------------------------------------------------------------
    def table_counter(self, oid: int, name: str) -> Any:
        """0 for what nobody counted, None for a time that never was."""
        if name.startswith("last_"):
            return None
        relation = self._session.catalog.relation(oid)
        if relation is None:
            return 0
        if name == "n_live_tup":
            return max(int(relation.tuples), 0)
        table = self._opened(relation)
        if table is None:
            return 0
        attribute = {"n_dead_tup": "dead_rows", "n_mod_since_analyze": "changed_rows"}.get(name, name)
        return getattr(table, attribute, 0)

    def _opened(self, relation: Any) -> Any:
        opened = self._session.instance.open_tables.get(relation.root)
        return opened[1] if opened is not None else None

    def database_counter(self, oid: int, name: str) -> Any:
        instance = self._session.instance
        if name == "backends":
            row = self._session.catalog.reader().one("pg_database", oid=oid)
            return sum(1 for e in instance.activity.entries.values() if row is not None and e.facts.database == row.datname)
        counters = getattr(instance, "counters", None)
        return getattr(counters, name, 0) if counters is not None and oid == self._session.catalog.database_oid() else 0

    def sequence_last_value(self, oid: int) -> int | None:
        relation = self._session.catalog.relation(oid)
        if relation is None or relation.kind != "S":
            return None
        last, _, called = self._session.instance.sequences.rows(relation.root)
        return last if called else None

    def relation_pages(self, relation: Any) -> int:
        return relation_pages(self._session.instance, relation.root)


def plain(setting: Setting, value: Any) -> str | None:
    """pg_settings.setting: the number in the setting's unit, without it."""
    if value is None:
        return None
    if setting.kind == "bool":
        return "on" if value else "off"
    if setting.kind in ("integer", "real"):
        return f"{value:g}" if setting.kind == "real" else str(value)
    return str(value)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:g}"


def _transaction_of(instance: Any, pid: int) -> Any:
    for transaction in instance.txns.running.values():
        if transaction.pid == pid:
            return transaction
    return None


def _lock_row(key: tuple, mode: str, pid: int, granted: bool) -> tuple:
    kind, database, relation, class_, object_, sub = key[0], None, None, None, None, None
    if kind in ("relation", "rel"):
        kind, database, relation = "relation", key[1], key[2]
    elif kind.startswith("advisory"):
        numbers = [part for part in key[1:] if isinstance(part, int)]
        if kind == "advisory" and numbers:
            value = numbers[-1] & 0xFFFFFFFFFFFFFFFF
            class_, object_, sub = value >> 32, value & 0xFFFFFFFF, 1
        elif len(numbers) >= 2:
            class_, object_, sub = numbers[-2] & 0xFFFFFFFF, numbers[-1] & 0xFFFFFFFF, 2
        kind = "advisory"
    return (kind, database, relation, None, None, None, None, class_, object_, sub, f"{pid}/1", pid, mode, granted, False, None)
