"""What Aurora's statistics functions answer, for one session (expressions.functions.aurora_stats has their signatures).

    waits       counted by whom tasks wait through (host.waits, aurorapy_native.tasks), since the instance or session began
    statements  and commits, with the time they took: aurorapy_native.activity.DatabaseActivity
    pool        hits and misses of the whole instance: they stand in the row without a database

Times of waits and statements are microseconds, of reports milliseconds, as Aurora's are.

Errors: 42501 for files and faults, where the session is no superuser's; 22023 for a replica that is not there.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Iterator

from aurorapy.errors import DatabaseError, FeatureNotSupported, InsufficientPrivilege
from aurorapy.host import waits

_NO_WAITS: dict[int, tuple[int, int]] = {}


class AuroraViews:
    __slots__ = ("_view", "_session", "_instance")

    def __init__(self, view: Any, session: Any) -> None:
        self._view = view  # session.introspection.ServerView
        self._session = session
        self._instance = session.instance

    def identifier(self) -> str:
        return self._instance.settings["instance_name"] or "writer"

    # -- waits -------------------------------------------------------------------------------------------------------------
    def wait_types(self) -> Iterator[tuple]:
        return iter([(number, name) for name, number in waits.types().items()])

    def wait_events(self) -> Iterator[tuple]:
        return iter([(*waits.event_id(number), waits.event_of(number)[1]) for number in waits.numbers()])

    def _system(self) -> dict[int, tuple[int, int]]:
        return {event: (count, us) for event, count, us in self._instance.host.tasks.waited.all()}

    def system_waits(self) -> Iterator[tuple]:
        return iter([(*waits.event_id(event), *found) for event, found in self._system().items()])

    def backend_waits(self, pid: int) -> Iterator[tuple]:
        task = self._view.task_of(pid)
        counted = task.waited.all() if task is not None and task.waited is not None else ()
        return iter([(*waits.event_id(event), count, us) for event, count, us in counted])

    def wait_report(self, seconds: int) -> Iterator[tuple]:
        before, ended = self._system(), self._ended()
        self._session.eval.sleep(seconds)
        transactions = self._ended() - ended
        rate = transactions // seconds if seconds > 0 else 0
        self._session.notice("NOTICE", f"committed {transactions} transactions in {seconds} seconds (tps {rate})")
        for event, (count, us) in self._system().items():
            had, had_us = before.get(event, (0, 0))
            if count > had:
                times, ms = count - had, (us - had_us) / 1000
                yield (
                    *waits.event_of(event), times, _rounded(ms, 2), _rounded(ms / times),
                    _rounded(times / transactions, 2) if transactions else None, _rounded(ms / transactions) if transactions else None,
                )  # fmt: skip

    def _ended(self) -> int:
        """Transactions that wrote and committed."""
        return self._instance.txns.commits

    # -- databases ---------------------------------------------------------------------------------------------------------
    def _activity(self, oid: int) -> Any:
        return next((each.activity for each in self._instance.databases() if each.oid == oid), None)

    def dml_activity(self, oid: int) -> tuple:
        activity = self._activity(oid)
        pairs = activity.statements() if activity is not None else [(0, 0)] * 4
        return tuple(number for pair in pairs for number in pair)

    def commit_latency(self, oid: int) -> int:
        activity = self._activity(oid)
        return round(activity.commit_seconds * 1e6) if activity is not None else 0

    def databases(self) -> Iterator[tuple]:
        instance, counter = self._instance, self._view.database_counter
        hits, misses = instance.buffer_counters()
        _, read_us = self._system().get(waits.DATA_FILE_READ, (0, 0))
        none = (None,) * 28
        yield (0, *none[1:5], misses, hits, *none[7:], misses, 0, 0, read_us / 1000, 0.0, 0.0)
        for row in self._session.catalog.reader().scan("pg_database"):
            activity = self._activity(row.oid)
            yield (
                row.oid, row.datname, counter(row.oid, "backends"), activity.commits if activity is not None else 0,
                *(counter(row.oid, name) for name in ("rollbacks", "blks_fetched", "blks_hit", "rows_returned", "rows_fetched")),
                *(counter(row.oid, name) for name in ("rows_inserted", "rows_updated", "rows_deleted", "conflicts")),
                *(counter(row.oid, name) for name in ("temp_files", "temp_bytes", "deadlocks")),
                None, None, 0.0, 0.0, 0.0, 0.0, 0.0,
                *(counter(row.oid, name) for name in ("sessions", "sessions_abandoned", "sessions_fatal", "sessions_killed")),
                None, None, None, None, None, None, None,
            )  # fmt: skip

    # -- sessions ----------------------------------------------------------------------------------------------------------
    def sessions(self) -> Iterator[tuple]:
        """pg_stat_activity, and no plan's identifier: aurora_compute_plan_id is not there."""
        catalog = self._session.catalog
        names = {row.oid: row.datname for row in catalog.reader().scan("pg_database")}
        for row in self._view.sessions():
            (datid, pid, user, application, state, query, wait_type, wait, xact, started, backend, changed, address, host, port,
             xid, xmin, kind, *_, leader, query_id) = row  # fmt: skip
            yield (
                datid, names.get(datid), pid, leader, user, catalog.role_name(user), application, address, host, port, backend,
                xact, started, changed, wait_type, wait, state, xid, xmin, query_id, query, kind, None,
            )  # fmt: skip

    # -- the instance ------------------------------------------------------------------------------------------------------
    def files(self) -> Iterator[tuple]:
        """What this instance keeps on its own disk; the pages of tables are not there."""
        self._need_superuser("aurora_stat_file")
        disk = self._instance.host.disk
        for name in disk.list(""):
            try:
                file = disk.open(name)
            except OSError:
                continue  # a directory
            size = file.size()
            file.close()
            yield (name, size, size)

    def cache_sharing(self) -> Iterator[tuple]:
        sharing = self._instance.cache_sharing
        return iter([sharing.figures()] if sharing is not None and not self._instance.is_reader else [])

    def fail_replica(self, percentage: float, seconds: int, name: str) -> str:
        self._need_superuser("aurora_inject_replica_failure")
        instance = self._instance
        if instance.is_reader:
            raise FeatureNotSupported(
                "aurora_inject_replica_failure() is for the writer", hint="Connect to the writer instance of the cluster."
            )
        if not 0 <= percentage <= 100 or seconds < 0:
            raise DatabaseError("percentage_of_failure is from 0 to 100, quantity not negative", sqlstate="22023")
        if not instance.feed.fail(percentage, seconds, name):
            raise DatabaseError(f'there is no replica "{name}"', sqlstate="22023")
        return ""

    def _need_superuser(self, name: str) -> None:
        if not self._session.facts.is_superuser:
            raise InsufficientPrivilege(f"permission denied for function {name}")


def _rounded(value: float, digits: int = 3) -> Decimal:
    return Decimal(f"{value:.{digits}f}")
