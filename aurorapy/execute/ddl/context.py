"""What a definition statement works with: the catalog's rows in its transaction, and the few things below and beside.

Every DDL function takes a `DdlContext` first. Catalog rows are read and changed through `ctx.store`, which sees the
transaction's own changes; storage is made through `ctx.instance` and goes away by itself when the transaction rolls
back (extents without a committed pg_class row are freed), or at commit for what was dropped.

Not here: the statements themselves, one module a family.
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy import ids
from aurorapy.catalog.model import KIND_NAMES, Relation
from aurorapy.errors import DatabaseError, InsufficientPrivilege
from aurorapy.records import dataclass
from aurorapy.sql.bind.types import Types
from aurorapy.sql.statements import Name, TypeName
from aurorapy.types.model import Type

# class OIDs of pg_depend, pg_description: the catalog an object's row is in
CLASS_TYPE, CLASS_RELATION, CLASS_CONSTRAINT = 1247, 1259, 2606
CLASS_ATTRDEF, CLASS_NAMESPACE, CLASS_REWRITE, CLASS_ROLE, CLASS_DATABASE = 2604, 2615, 2618, 1260, 1262


@dataclass(slots=True)
class DdlContext:
    """`store`: catalog.store.CatalogStore bound to `transaction`. `notice(severity, message, **fields)` to the client."""

    instance: Any
    store: Any
    catalog: Any  # catalog.cache.SessionCatalog
    transaction: Any
    user: int
    is_superuser: bool
    settings: Any
    notice: Callable[..., None]
    eval: Any  # expressions.context.EvalContext
    give_way: Callable[[], None]
    lock: Callable[[int, str], None]  # (relation oid, mode)
    database: int
    exec_context: Callable[[Any, Any, tuple], Any] | None = None  # (transaction, snapshot, params) → ExecContext
    privileges: Any = None  # session.privileges.Privileges

    def new_oid(self) -> int:
        return self.instance.new_oid()

    def build_index(self, table: int, index: int) -> None:
        """Fills a new index from the table's rows."""
        relation = self.catalog.relation(table)
        self.instance.build_index(self.transaction, relation, index, self.give_way, self.settings)

    # -- names ---------------------------------------------------------------------------------------------------------
    def creation_schema(self, name: Name | None, temporary: bool = False) -> int:
        """The schema a new object goes to: the one given, or the first of search_path that exists."""
        if temporary:
            return self.catalog.temporary_schema(create=True)
        if name is not None and name.schema is not None:
            return self.need_schema(name.schema, name.position)
        for schema in self.catalog.creation_path():
            oid = self.catalog.schema_oid(schema)
            if oid is not None:
                return oid
        raise DatabaseError("no schema has been selected to create in", sqlstate="3F000",
                            position=name.position if name else 0)  # fmt: skip

    def need_schema(self, name: str, position: int = 0) -> int:
        oid = self.catalog.schema_oid(name)
        if oid is None:
            raise DatabaseError(f'schema "{name}" does not exist', sqlstate="3F000", position=position)
        return oid

    def check_schema_writable(self, schema: int, name: str, position: int = 0) -> None:
        """42501 for system schemas, and without CREATE on the schema."""
        shown = self.catalog.schema_name(schema)
        if schema in (ids.PG_CATALOG, ids.PG_TOAST):
            raise InsufficientPrivilege(
                f'permission denied to create "{shown}.{name}"', detail="System catalog modifications are currently disallowed."
            )
        if not self.is_superuser and not self.privileges.has_privilege("schema", self.user, schema, "CREATE"):
            raise InsufficientPrivilege(f"permission denied for schema {shown}", position=position)

    def locked(self, name: Name, mode: str, check: Callable[[Relation], Any]) -> Relation | None:
        """The relation the name means once the lock is held; None when there is none.

        `check` raises for what the user may not do, before the lock is waited for. Whoever held the lock may have renamed
        or dropped the relation: then the name is looked up again.
        """
        while True:
            relation = self.catalog.relation_by_name(name.schema, name.name)
            if relation is None:
                return None
            target = check(relation) or relation.oid
            self.lock(target, mode)
            again = self.catalog.relation_by_name(name.schema, name.name)
            if again is not None and again.oid == relation.oid:
                return again

    def need_locked(self, name: Name, mode: str, check: Callable[[Relation], Any]) -> Relation:
        """As `locked`; 42P01 when there is none. `check` may return another OID to lock: an index's table."""
        found = self.locked(name, mode, check)
        return found if found is not None else self.catalog.need_relation(name.schema, name.name)

    def need_type(self, written: TypeName) -> tuple[Type, int]:
        """The type and typmod a TypeName means. Raises 42704 with PostgreSQL's text."""
        oid, typmod = Types(self.catalog).resolve(written)
        return self.catalog.type_by_oid(oid), typmod

    def need_owner(self, relation: Relation) -> None:
        """42501 unless the user owns the relation."""
        if self.is_superuser or relation.owner == self.user:
            return
        what = KIND_NAMES.get(relation.kind, "relation")
        raise InsufficientPrivilege(f"must be owner of {what} {relation.name}")

    def name_taken(self, name: str, schema: int) -> bool:
        return self.store.one("pg_class", relname=name, relnamespace=schema) is not None

    # -- dependencies --------------------------------------------------------------------------------------------------
    def depend(self, class_: int, object_: int, sub: int, on_class: int, on: int, on_sub: int = 0, kind: str = "n") -> None:
        """Records that (class, object, sub) depends on another. kind: n normal, a auto, i internal."""
        self.store.insert("pg_depend", classid=class_, objid=object_, objsubid=sub, refclassid=on_class, refobjid=on,
                          refobjsubid=on_sub, deptype=kind)  # fmt: skip

    def changed(self, relation_oid: int) -> None:
        """The relation's cached descriptions are no longer true."""
        self.store.invalidate(relation_oid)
