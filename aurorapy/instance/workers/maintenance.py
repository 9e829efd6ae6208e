"""VACUUM, ANALYZE, and autovacuum.

A table is vacuumed when its dead rows exceed threshold + scale_factor × rows (PostgreSQL manual, "The Autovacuum
Daemon"), analyzed likewise by its changed rows; each count begins anew when what it is for is done (`counters`). Each table is done in a transaction of its own, in short
steps that give way.

Errors: 42809 a relation that cannot be vacuumed; a failure of the background pass is logged and tried again later.
"""

from __future__ import annotations

from typing import Any

from aurorapy.access.vacuum import vacuum_table
from aurorapy.catalog.model import Relation
from aurorapy.catalog.store import CatalogStore
from aurorapy.errors import DatabaseError, FeatureNotSupported, UndefinedColumn
from aurorapy.host.tasks import TaskExit
from aurorapy.instance.workers.analyze import analyze_table
from aurorapy.instance.workers.counters import TableCounters


class Maintenance:
    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._task: Any = None
        self.counters = TableCounters(instance.host.disk)

    # -- statements ----------------------------------------------------------------------------------------------------
    def vacuum(self, session: Any, statement: Any) -> None:
        relations = self._targets(session, statement.tables, "vacuum")
        for relation, columns in relations:
            session.check_interrupts()
            if columns and not statement.options.get("analyze"):
                raise FeatureNotSupported("ANALYZE option must be specified when a column list is provided")
            _check_columns(relation, columns)
            self._one(session.database, relation, vacuum=True, analyze=bool(statement.options.get("analyze")),
                      give_way=session.check_interrupts)  # fmt: skip

    def analyze(self, session: Any, statement: Any) -> None:
        for relation, columns in self._targets(session, statement.tables, "analyze"):
            session.check_interrupts()
            session.transaction.lock_relation(relation.oid, "SHARE UPDATE EXCLUSIVE", session.lock_timeout())
            current = session.catalog.relation(relation.oid)
            if current is None:  # dropped while its lock was waited for
                continue
            _check_columns(current, columns)
            analyze_table(self._instance, session.catalog.store(), current, session.transaction, session.check_interrupts)

    def _targets(self, session: Any, tables: list, what: str) -> list[tuple[Relation, list[str]]]:
        if tables:
            found = []
            for name, columns in tables:
                relation = session.catalog.need_relation(name.schema, name.name)
                if relation.kind != "r":
                    session.warn(f'skipping "{relation.name}" --- cannot {what} non-tables or special system tables')
                    continue
                found.append((relation, columns))
            return found
        oids = [r.oid for r in session.catalog.reader().scan("pg_class") if r.relkind == "r" and not r.relisshared]
        return [(session.catalog.relation(oid), []) for oid in oids]

    # -- one table -----------------------------------------------------------------------------------------------------
    def _one(self, database: Any, relation: Relation, *, vacuum: bool, analyze: bool, give_way: Any) -> None:
        """In a transaction of its own; takes SHARE UPDATE EXCLUSIVE, so two never meet on one table."""
        instance = self._instance
        transaction = instance.begin(database, "read committed", read_only=False)
        try:
            transaction.lock_relation(relation.oid, "SHARE UPDATE EXCLUSIVE")
            current = database.cache.lookups.relation(relation.oid)
            if current is None:
                transaction.abort()
                return
            store = CatalogStore(database.tables, transaction, database.oid, lambda oid: None)
            if vacuum:
                table = instance.table(current)
                result = vacuum_table(table, instance.txns, give_way)
                table.heap.storage.flush_space()
                self._record(store, current, result)
            if analyze:
                analyze_table(instance, store, current, transaction, give_way)
            transaction.commit()
            database.cache.invalidate(relation.oid)
        except BaseException:
            transaction.abort()
            raise

    @staticmethod
    def _record(store: CatalogStore, relation: Relation, result: Any) -> None:
        row = store.one("pg_class", oid=relation.oid)
        if (row.relpages, row.reltuples, row.relallvisible) != (result.pages, float(result.tuples), result.all_visible):
            store.update(row, relpages=result.pages, reltuples=float(result.tuples), relallvisible=result.all_visible)

    # -- by itself -----------------------------------------------------------------------------------------------------
    def start(self) -> None:
        self.counters.load()
        if self._instance.settings["autovacuum"]:
            self._task = self._instance.host.tasks.spawn(self._run, name="autovacuum")

    def stop(self) -> None:
        if self._task is not None:
            self._task.interrupt(Stopped())
            self._task = None
        self.counters.save(
            (database.oid, relation.root, relation.oid, table)
            for database in self._instance.databases()
            for relation, table in self._instance.opened_tables(database)
            if not relation.is_catalog
        )

    def _run(self) -> None:
        tasks = self._instance.host.tasks
        try:
            while True:
                tasks.sleep(self._instance.settings["autovacuum_naptime"])
                self.round()
        except Stopped:
            pass

    def round(self) -> None:
        """Looks at every table that has been opened and does those that need it."""
        instance = self._instance
        for database in instance.databases():
            for oid in self.counters.waiting(database.oid):
                relation = database.cache.lookups.relation(oid)
                if relation is not None and relation.root:
                    instance.table(relation)  # which takes its counts over
            for relation, table in instance.opened_tables(database):
                self._look_after(database, relation, table)

    def _look_after(self, database: Any, relation: Relation, table: Any) -> None:
        settings, rows = self._instance.settings, max(relation.tuples, 0.0)
        dead, changed = table.dead_rows, table.changed_rows
        vacuum = dead > settings["autovacuum_vacuum_threshold"] + settings["autovacuum_vacuum_scale_factor"] * rows
        analyze = not relation.is_catalog and changed > (
            settings["autovacuum_analyze_threshold"] + settings["autovacuum_analyze_scale_factor"] * rows
        )
        if not (vacuum or analyze):
            return
        if vacuum:
            table.dead_rows = 0
        if analyze:
            table.changed_rows = 0
        try:
            self._one(database, relation, vacuum=vacuum, analyze=analyze, give_way=self._instance.host.tasks.give_way)
        except DatabaseError as error:
            self._instance.log.warning("autovacuum", table=relation.name, error=str(error))


def _check_columns(relation: Relation, names: list[str]) -> None:
    """42703 for a column that is not there, 42701 for one named twice."""
    for number, name in enumerate(names):
        if name not in relation.by_name:
            raise UndefinedColumn(f'column "{name}" of relation "{relation.name}" does not exist')
        if name in names[:number]:
            raise DatabaseError(f'column "{name}" of relation "{relation.name}" appears more than once', sqlstate="42701")


class Stopped(TaskExit):
    """Ends the background task."""
