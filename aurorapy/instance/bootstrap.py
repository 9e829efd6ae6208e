"""A new volume: shared catalogs, three databases, the directory; all bulk-loaded, no statement interpreted.

    create(instance)
      directory (map page in the header) · shared catalogs · template1, template0, postgres: own catalogs each

Every catalog's heap is filled page by page and its B-trees are built from sorted keys. pg_class is loaded last, when the
map page of every relation is known.

Not here: the rows (`catalog.seed`, and pg_proc's family in `catalog_rows`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy import ids
from aurorapy.catalog.schema import catalog_tables
from aurorapy.catalog.seed import CATALOG_TOAST, database_rows, note_initial_privileges, shared_rows
from aurorapy.instance.catalog_rows import registry_rows, view_rows
from aurorapy.instance.databases import describe_catalog
from aurorapy.instance.tables import build_catalog_table, open_directory
from aurorapy_native.space import RelationStorage

COUNTER_DIRECTORY = 8
COUNTER_SECRET = 11
PG_CLASS = 1259


def create(instance: Any, superuser: str, verifier: str | None) -> None:
    """Fills an empty volume. Switches; nothing else runs yet."""
    space = instance.space
    directory = RelationStorage.create(space, 6)
    space.raise_counter(COUNTER_DIRECTORY, directory.root)
    space.raise_counter(COUNTER_SECRET, int.from_bytes(instance.host.random.bytes(8), "little") >> 1)
    shared = shared_rows(superuser, verifier)
    shared_roots = _load(instance, shared, [t for t in catalog_tables().values() if t.shared])
    own = [t for t in catalog_tables().values() if not t.shared]
    rows = catalog_rows_of(superuser)
    databases = (ids.TEMPLATE1_DB, ids.TEMPLATE0_DB, ids.POSTGRES_DB)
    entries = [(oid, load_database(instance, rows, own, shared_roots)[PG_CLASS]) for oid in databases]
    _write_directory(instance, entries)


def catalog_rows_of(superuser: str) -> Any:
    """Rows of a new database's own catalogs, those that follow from the registry and the system views included."""
    rows = database_rows(superuser)
    for extra in (registry_rows(), view_rows(superuser)):
        for name, more in extra.items():
            rows[name].extend(more)
    note_initial_privileges(rows)
    return rows


def _keep_going() -> None:
    pass


def load_database(instance: Any, rows: Any, own: list, shared_roots: dict[int, int],
                  give_way: Callable[[], None] = _keep_going) -> dict[int, int]:  # fmt: skip
    """Loads one database's catalogs; returns the map page of every relation, the shared ones' too."""
    others = [t for t in own if t.oid != PG_CLASS]
    roots = {**shared_roots, **_load(instance, rows, others, give_way)}
    table = catalog_tables()["pg_class"]
    roots[PG_CLASS] = RelationStorage.create(instance.space, 6).root
    for index in table.indexes:
        roots[index.oid] = RelationStorage.create(instance.space, 7).root
    at_oid, at_root = table.position["oid"], table.position["relfilenode"]
    complete = []
    for values in rows["pg_class"]:
        root = roots.get(values[at_oid], 0)
        complete.append((*values[:at_root], root, *values[at_root + 1 :]))
    build_catalog_table(instance, describe_catalog(table, roots), complete)
    return roots


def _load(instance: Any, rows: Any, tables: list, give_way: Callable[[], None] = _keep_going) -> dict[int, int]:
    """Makes storage for the tables and their indexes, fills them; OID → map page."""
    roots: dict[int, int] = {}
    for table in tables:
        roots[table.oid] = RelationStorage.create(instance.space, 6).root
        if table.name in CATALOG_TOAST:
            roots[CATALOG_TOAST[table.name]] = RelationStorage.create(instance.space, 6).root
        for index in table.indexes:
            roots[index.oid] = RelationStorage.create(instance.space, 7).root
    for table in tables:
        give_way()
        found = rows.get(table.name)
        if found:
            build_catalog_table(instance, describe_catalog(table, roots), found)
    return roots


def _write_directory(instance: Any, entries: list[tuple[int, int]]) -> None:
    directory = open_directory(instance)
    transaction = instance.txns.begin()
    for entry in entries:
        directory.insert(entry, transaction.xid, transaction.command)
    transaction.commit()
