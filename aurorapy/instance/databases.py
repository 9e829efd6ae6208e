"""One database of the volume: its system catalogs opened, and the cache its sessions share.

Where the catalogs begin is kept outside of them: the *directory*, a heap of (database OID, map page of pg_class) whose
own map page stands in the volume's header. From pg_class on, every relation is found through its row.

    directory ─▶ pg_class of database 5 ─▶ relfilenode of every catalog and index

Not here: making databases (`bootstrap`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.catalog.cache import CatalogCache, SessionCatalog
from aurorapy.catalog.model import Column, IndexInfo, Relation
from aurorapy.catalog.schema import CatalogTable, catalog_tables, catalog_tables_by_oid
from aurorapy.catalog.seed import CATALOG_TOAST, default_opclass
from aurorapy.catalog.store import CatalogTables
from aurorapy.instance.tables import catalog_table_of
from aurorapy_native.activity import DatabaseActivity

PG_CLASS = 1259


class Database:
    """Opened on the first connection to it, kept until the instance closes."""

    def __init__(self, instance: Any, oid: int, name: str, class_root: int) -> None:
        self.instance = instance
        self.oid = oid
        self.name = name
        self._class_root = class_root
        self.activity = DatabaseActivity()
        self._roots: dict[int, int] | None = None  # OID of a catalog or its index → map page
        self.tables = CatalogTables(self._open_catalog)
        self.cache = CatalogCache(
            self.tables, oid, name, instance.fresh_snapshot, lambda: [d.cache for d in instance.databases()]
        )

    def session_catalog(self, session: Any) -> SessionCatalog:
        return SessionCatalog(self.cache, session)

    def roots(self) -> dict[int, int]:
        """Map pages of the system relations, read once from pg_class itself."""
        if self._roots is None:
            table = catalog_tables()["pg_class"]
            bare = describe_catalog(table, {PG_CLASS: self._class_root}, with_indexes=False)
            heap = catalog_table_of(self.instance, bare)
            wanted = (table.position["oid"] + 1, table.position["relfilenode"] + 1)
            self._roots = {}
            for page in heap.scan(self.instance.fresh_snapshot(), wanted):
                for oid, root in page:
                    if oid < 16384 and root:
                        self._roots[oid] = root
        return self._roots

    def _open_catalog(self, table: CatalogTable) -> Any:
        return catalog_table_of(self.instance, describe_catalog(table, self.roots()))

    def catalog_relation(self, oid: int) -> Relation | None:
        """A system catalog's description without reading its rows (they may be what is being read)."""
        table = catalog_tables_by_oid().get(oid)
        return describe_catalog(table, self.roots()) if table else None


def describe_catalog(table: CatalogTable, roots: dict[int, int], with_indexes: bool = True) -> Relation:
    """model.Relation of a system catalog from its known shape."""
    relation = Relation(
        oid=table.oid, name=table.name, schema_oid=11, schema="pg_catalog", kind="r", root=roots.get(table.oid, 0),
        owner=10, shared=table.shared, is_catalog=True,
    )  # fmt: skip
    relation.toast_oid = CATALOG_TOAST.get(table.name, 0)
    relation.toast_root = roots.get(relation.toast_oid, 0)
    relation.columns = [
        Column(c.attno, c.name, c.type.oid, not_null=c.not_null, collation=c.type.collation) for c in table.columns
    ]
    relation.by_name = {c.name: c for c in relation.columns}
    if with_indexes:
        relation.indexes = [
            IndexInfo(
                oid=i.oid, name=i.name, table_oid=table.oid, root=roots[i.oid], columns=i.columns, unique=i.unique,
                primary=i.primary, key_count=len(i.columns), options=(0,) * len(i.columns),
                opclasses=tuple(default_opclass(table.columns[a - 1].type) for a in i.columns),
                collations=tuple(table.columns[a - 1].type.collation for a in i.columns),
            )
            for i in table.indexes
            if i.oid in roots
        ]  # fmt: skip
    return relation
