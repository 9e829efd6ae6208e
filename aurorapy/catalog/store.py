"""Catalog rows read and changed: the system tables of one database, and the shared ones, opened.

    tables = CatalogTables(open_table)              # one a database
    reader = tables.reader(snapshot)                # what a snapshot sees
    reader.one("pg_class", oid=1259).relname
    store = CatalogStore(tables, transaction)       # and changes, in a transaction
    store.insert("pg_namespace", oid=…, nspname="app", nspowner=10)

A lookup uses the index whose leading columns are the ones asked for, and compares the rest; without one it scans.
Changes bump the transaction's command, so that the next lookup sees them, and add an invalidation note for readers.

Not here: what rows mean (`load`), names (`cache`), the access methods.
"""

from __future__ import annotations

import struct
from typing import Any, Callable, Iterator

from aurorapy.catalog.rows import Row, complete
from aurorapy.catalog.schema import CatalogIndex, CatalogTable, catalog_tables

NOTE_INVALIDATE = 2


class CatalogTables:
    """`open_table(CatalogTable)` gives the access.table.Table behind a catalog; opened on first use."""

    def __init__(self, open_table: Callable[[CatalogTable], Any]) -> None:
        self._open = open_table
        self._tables: dict[str, Any] = {}

    def table(self, name: str) -> Any:
        found = self._tables.get(name)
        if found is None:
            found = self._tables[name] = self._open(catalog_tables()[name])
        return found

    def opened(self) -> list[tuple[Any, Any]]:
        """(relation, table) of the catalogs in use, the database's own ones."""
        return [(t.relation, t) for t in self._tables.values() if not t.relation.shared]

    def forget(self) -> None:
        """Storage handles may have moved: open again."""
        self._tables.clear()

    def reader(self, snapshot: Any) -> CatalogReader:
        return CatalogReader(self, snapshot)


class CatalogReader:
    """Rows as one snapshot sees them (load.RowReader)."""

    __slots__ = ("_tables", "_snapshot")

    def __init__(self, tables: CatalogTables, snapshot: Any) -> None:
        self._tables = tables
        self._snapshot = snapshot

    def snapshot(self) -> Any:
        return self._snapshot

    def find(self, table: str, **key: Any) -> list[Row]:
        """The rows in which every named column has the given value."""
        definition = catalog_tables()[table]
        index = _index_for(definition, key)
        opened = self._tables.table(table)
        snapshot = self.snapshot()
        columns = _columns_with_tid(definition)
        if index is None:
            found = (row for page in opened.scan(snapshot, columns) for row in page)
        else:
            names = [definition.columns[a - 1].name for a in index.columns]
            prefix = []
            for name in names:
                if name not in key:
                    break
                prefix.append(key[name])
            found = opened.index_rows(index.oid, tuple(prefix), snapshot, columns)
        wanted = [(definition.position[name], value) for name, value in key.items()]
        return [
            Row(definition, row[:-1], row[-1]) for row in found if all(row[at] == value for at, value in wanted)
        ]

    def one(self, table: str, **key: Any) -> Row | None:
        found = self.find(table, **key)
        return found[0] if found else None

    def scan(self, table: str) -> Iterator[Row]:
        definition = catalog_tables()[table]
        for page in self._tables.table(table).scan(self.snapshot(), _columns_with_tid(definition)):
            for row in page:
                yield Row(definition, row[:-1], row[-1])


def _columns_with_tid(definition: CatalogTable) -> tuple[int, ...]:
    return (*range(1, len(definition.columns) + 1), -1)


_INDEX_CHOICE: dict[tuple, CatalogIndex | None] = {}


def _index_for(definition: CatalogTable, key: dict[str, Any]) -> CatalogIndex | None:
    """The index with the longest run of leading columns among the key's."""
    cache_key = (definition.oid, *sorted(key))
    if cache_key in _INDEX_CHOICE:
        return _INDEX_CHOICE[cache_key]
    best, best_length = None, 0
    for index in definition.indexes:
        length = 0
        for attno in index.columns:
            if definition.columns[attno - 1].name not in key:
                break
            length += 1
        if length > best_length:
            best, best_length = index, length
    _INDEX_CHOICE[cache_key] = best
    return best


class CatalogStore(CatalogReader):
    """Reads and changes in one transaction; sees what it did itself.

    `on_change(relation OID)` is told of every invalidation (0: everything), for the session's own cache.
    """

    __slots__ = ("transaction", "_on_change", "_database")

    def __init__(self, tables: CatalogTables, transaction: Any, database: int, on_change: Callable[[int], None]) -> None:
        super().__init__(tables, None)
        self.transaction = transaction
        self._database = database
        self._on_change = on_change

    def snapshot(self) -> Any:
        return self.transaction.fresh_snapshot()

    def insert(self, table: str, **values: Any) -> None:
        self.insert_row(table, complete(catalog_tables()[table], values))

    def insert_row(self, table: str, values: tuple) -> None:
        self._tables.table(table).insert(self.transaction, values)
        self.transaction.next_command()

    def insert_rows(self, table: str, rows: list[tuple]) -> None:
        """Several at once: one command."""
        self._tables.table(table).insert_many(self.transaction, rows)
        self.transaction.next_command()

    def update(self, row: Row, **changes: Any) -> None:
        """Replaces columns of a row read before; the row must not have been changed by others meanwhile."""
        table = self._tables.table(row._table.name)
        outcome = table.update(self.transaction, row.tid, row.changed(**changes), self.snapshot())
        self._must_succeed(outcome, row)
        self.transaction.next_command()

    def delete(self, row: Row) -> None:
        table = self._tables.table(row._table.name)
        self._must_succeed(table.delete(self.transaction, row.tid, self.snapshot()), row)
        self.transaction.next_command()

    @staticmethod
    def _must_succeed(outcome: Any, row: Row) -> None:
        if outcome.code != 0:
            from aurorapy.errors import InternalError

            raise InternalError("tuple concurrently updated" if outcome.code != 4 else "tuple concurrently deleted")

    def invalidate(self, relation: int) -> None:
        """Says that descriptions of the relation (0: of anything) change with this transaction."""
        self.transaction.add_note(NOTE_INVALIDATE, struct.pack("<II", self._database, relation))
        self._on_change(relation)
