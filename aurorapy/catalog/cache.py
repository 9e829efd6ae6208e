"""Names and OIDs looked up, quickly: what all sessions of a database share, and what one transaction sees of its own.

    CatalogCache     committed descriptions by OID and by name; dropped when a commit invalidates them
    SessionCatalog   model.CatalogReader for one session: its search_path, its own uncommitted DDL

A transaction that changes the catalog reads past the shared cache from then on, with its own snapshot, into a cache of
its own that goes with the transaction. `version` grows whenever anything may have changed, so plans can be checked by
comparing one number.

Not here: reading rows (`load`, `store`), definitions as text (session.definitions).
"""

from __future__ import annotations

from typing import Any, Callable, Iterable

from aurorapy.catalog import regnames
from aurorapy.catalog.load import load_relation, load_statistics
from aurorapy.catalog.model import IndexInfo, Relation
from aurorapy.catalog.store import CatalogReader, CatalogStore, CatalogTables
from aurorapy.catalog.user_types import load_type
from aurorapy.errors import FeatureNotSupported, InsufficientPrivilege, InternalError, UndefinedTable
from aurorapy.types.builtin import BY_NAME, TYPES
from aurorapy.types.model import Type
from aurorapy.types.identifiers import quote_identifier
from aurorapy.types.names import format_type, resolve
from aurorapy_native.versions import SessionVersions, SharedVersion

_MISSING = object()


class Lookups:
    """One consistent set of cached lookups over a row reader."""

    def __init__(self, reader: Callable[[], CatalogReader]) -> None:
        self._reader = reader
        self.changes = 0  # times anything was dropped
        self.relations: dict[int, Relation | None] = {}
        self.names: dict[tuple[int, str], int | None] = {}
        self.schemas: dict[str, int | None] = {}
        self.schema_names: dict[int, str | None] = {}
        self.roles: dict[str, int | None] = {}
        self.role_names: dict[int, str | None] = {}
        self.types: dict[int, Type | None] = {}
        self.type_names: dict[tuple[int, str], Type | None] = {}

    def clear(self) -> None:
        self.changes += 1
        for cache in (self.relations, self.names, self.schemas, self.schema_names, self.roles, self.role_names,
                      self.types, self.type_names):  # fmt: skip
            cache.clear()

    def drop(self, relation: int) -> None:
        """Forgets one relation and every name, since a name may now mean another one."""
        if not relation:
            self.clear()
            return
        self.changes += 1
        self.relations.pop(relation, None)
        self.names.clear()
        self.types.clear()
        self.type_names.clear()
        for oid, cached in list(self.relations.items()):
            if cached is None or any(index.oid == relation for index in cached.indexes):
                del self.relations[oid]

    def _look(self, cache: dict, key: Any, load: Callable[[], Any]) -> Any:
        """What the cache has, or what `load` finds. A change that comes while it reads makes it read again: reading may
        wait for pages, and what was read before the change must not be kept after it."""
        found = cache.get(key, _MISSING)
        while found is _MISSING:
            changes = self.changes
            loaded = load()
            if changes == self.changes:
                found = cache[key] = loaded
        return found

    def relation(self, oid: int) -> Relation | None:
        return self._look(self.relations, oid, lambda: self._load(oid))

    def _load(self, oid: int) -> Relation | None:
        reader = self._reader()
        relation = load_relation(reader, oid)
        if relation is not None and relation.kind == "r" and relation.tuples >= 0:
            relation.stats = load_statistics(reader, oid)
        return relation

    def _one(self, column: str, table: str, **key: Any) -> Any:
        """One column of the row with the key, None when there is none."""
        row = self._reader().one(table, **key)
        return getattr(row, column) if row is not None else None

    def relation_oid(self, schema: int, name: str) -> int | None:
        return self._look(
            self.names, (schema, name), lambda: self._one("oid", "pg_class", relname=name, relnamespace=schema)
        )

    def schema_oid(self, name: str) -> int | None:
        return self._look(self.schemas, name, lambda: self._one("oid", "pg_namespace", nspname=name))

    def schema_name(self, oid: int) -> str | None:
        return self._look(self.schema_names, oid, lambda: self._one("nspname", "pg_namespace", oid=oid))

    def role_oid(self, name: str) -> int | None:
        return self._look(self.roles, name, lambda: self._one("oid", "pg_authid", rolname=name))

    def role_name(self, oid: int) -> str | None:
        return self._look(self.role_names, oid, lambda: self._one("rolname", "pg_authid", oid=oid))

    def type_by_oid(self, oid: int) -> Type | None:
        return self._look(self.types, oid, lambda: load_type(self._reader(), oid))

    def type_in_schema(self, schema: int, name: str) -> Type | None:
        def load() -> Type | None:
            oid = self._one("oid", "pg_type", typname=name, typnamespace=schema)
            return self.type_by_oid(oid) if oid is not None else None

        return self._look(self.type_names, (schema, name), load)


class CatalogCache(SharedVersion):
    """What the sessions of one database share: committed descriptions."""

    def __init__(self, tables: CatalogTables, oid: int, name: str, fresh_snapshot: Callable[[], Any],
                 all_caches: Callable[[], Iterable[CatalogCache]] = tuple) -> None:  # fmt: skip
        """`all_caches`: those of every opened database, for what they share (roles, databases)."""
        self._all_caches = all_caches
        self.tables = tables
        self.oid = oid
        self.name = name
        self.version = 1
        self.lookups = Lookups(lambda: CatalogReader(tables, fresh_snapshot()))

    def invalidate(self, relation: int) -> None:
        """A commit changed the relation's rows (0: anything, also what all databases share)."""
        for cache in self._all_caches() if not relation else ():
            if cache is not self:
                cache.version += 1
                cache.lookups.clear()
        self.version += 1
        self.lookups.drop(relation)

    def reader(self) -> CatalogReader:
        return self.lookups._reader()


class SessionCatalog(SessionVersions):
    """model.CatalogReader for one session, and types.model.TypeCatalog."""

    __slots__ = ("_session", "_lookups", "_own_changes", "_path", "_path_at", "_first")

    def __init__(self, shared: CatalogCache, session: Any) -> None:
        self.shared = shared
        self._session = session
        self._lookups = shared.lookups
        self._own = None  # Lookups
        self._own_changes: set[int] = set()
        self._path: list[str] | None = None
        self._path_at = 0
        self._first: str | None = None

    # -- transactions --------------------------------------------------------------------------------------------------
    def store(self) -> CatalogStore:
        """For changing rows in the session's transaction."""
        return CatalogStore(self.shared.tables, self._session.transaction, self.shared.oid, self._changed)

    def _changed(self, relation: int) -> None:
        """The transaction changed catalog rows: from here on it looks with its own eyes."""
        if self._own is None:
            transaction = self._session.transaction
            tables = self.shared.tables
            self._own = self._lookups = Lookups(lambda: CatalogReader(tables, transaction.fresh_snapshot()))
            transaction.after_commit.append(self._committed)
            transaction.after_abort.append(self._drop_own)
        self._own_changes.add(relation)
        self._own.drop(relation)
        self.own_version += 1
        self._path = None

    def _committed(self) -> None:
        for relation in self._own_changes:
            self.shared.invalidate(relation)
        self._drop_own()

    def _drop_own(self) -> None:
        if self._own is not None:
            self._own = None
            self._own_changes.clear()
            self._lookups = self.shared.lookups
            self.own_version += 1
            self._path = None

    def rolled_back(self) -> None:
        """ROLLBACK TO: own descriptions may be of rows that are gone."""
        if self._own is not None:
            self._own.clear()
            self.own_version += 1
            self._path = None

    # -- search path ---------------------------------------------------------------------------------------------------
    def path_changed(self) -> None:
        self.path_version += 1
        self._path = None

    def _setting_path(self) -> list[str]:
        text = self._session.settings["search_path"]
        names = [unquote(part) for part in split_names(text)]
        user = self._session.facts.current_user
        first = [self._first] if self._first is not None else []
        return first + [user if name == "$user" else name for name in names if name]

    def put_first(self, schema: str | None) -> None:
        """While a schema's elements are made it comes before search_path; None ends that."""
        self._first = schema
        self.path_changed()

    def creation_path(self) -> list[str]:
        """Schemas where a new object may go, in order."""
        return [name for name in self._setting_path() if self._may_use(name)]

    def search_path(self) -> list[str]:
        """Effective schemas, those that exist and may be used, pg_catalog first unless named."""
        if self._path is None or self._path_at != self.version:
            names = [n for n in self._setting_path() if self._may_use(n)]
            if "pg_catalog" not in names:
                names.insert(0, "pg_catalog")
            self._path = list(dict.fromkeys(names))
            self._path_at = self.version
        return self._path

    def _may_use(self, schema: str) -> bool:
        oid = self._lookups.schema_oid(schema)
        if oid is None:
            return False
        facts = self._session.facts
        return facts.is_superuser or self._session.eval.definitions.may_use_schema(facts.current_oid, oid)

    def temporary_schema(self, create: bool = False) -> int:
        raise FeatureNotSupported("temporary tables are not supported yet", hint="Create an ordinary table.")

    # -- relations -----------------------------------------------------------------------------------------------------
    def relation(self, oid: int) -> Relation | None:
        return self._lookups.relation(oid)

    def relation_by_name(self, schema: str | None, name: str, position: int = 0) -> Relation | None:
        """42501 when the schema is named and may not be used."""
        lookups = self._lookups
        if schema is not None:
            schema_oid = lookups.schema_oid(schema)
            if schema_oid is None:
                return None
            if not self._may_use(schema):
                raise InsufficientPrivilege(f"permission denied for schema {schema}", position=position)
            oid = lookups.relation_oid(schema_oid, name)
            return lookups.relation(oid) if oid is not None else None
        for candidate in self.search_path():
            oid = lookups.relation_oid(lookups.schema_oid(candidate), name)
            if oid is not None:
                return lookups.relation(oid)
        return None

    def relation_pages(self, relation: Relation) -> int:
        """The table's size now, in pages."""
        if not relation.root or relation.kind != "r":
            return relation.pages
        return self._session.instance.table(relation).blocks

    def need_relation(self, schema: str | None, name: str, position: int = 0) -> Relation:
        found = self.relation_by_name(schema, name, position)
        if found is None:
            shown = f"{schema}.{name}" if schema else name
            if schema is not None and self._lookups.schema_oid(schema) is None:
                raise UndefinedTable(f'schema "{schema}" does not exist', sqlstate="3F000", position=position)
            raise UndefinedTable(f'relation "{shown}" does not exist', position=position)
        return found

    def index(self, oid: int) -> IndexInfo | None:
        row = self._lookups._reader().one("pg_index", indexrelid=oid)
        if row is None:
            return None
        table = self._lookups.relation(row.indrelid)
        return next((i for i in table.indexes if i.oid == oid), None) if table else None

    def visible_name(self, oid: int) -> str:
        """The name, with its schema only where search_path does not find it."""
        relation = self._lookups.relation(oid)
        if relation is None:
            return str(oid)
        found = self.relation_by_name(None, relation.name)
        if found is not None and found.oid == oid:
            return quote_identifier(relation.name)
        return f"{quote_identifier(relation.schema)}.{quote_identifier(relation.name)}"

    # -- schemas, roles, databases -------------------------------------------------------------------------------------
    def schema_oid(self, name: str) -> int | None:
        return self._lookups.schema_oid(name)

    def schema_name(self, oid: int) -> str | None:
        return self._lookups.schema_name(oid)

    def role_oid(self, name: str) -> int | None:
        return self._lookups.role_oid(name)

    def role_name(self, oid: int) -> str | None:
        return self._lookups.role_name(oid)

    def database_name(self) -> str:
        return self.shared.name

    def database_oid(self) -> int:
        return self.shared.oid

    def reader(self) -> CatalogReader:
        return self._lookups._reader()

    def identity_sequence(self, relation: int, attno: int) -> int:
        """OID of the sequence behind an identity column, 0 for none."""
        for row in self._lookups._reader().find("pg_depend", refclassid=1259, refobjid=relation, refobjsubid=attno):
            if row.classid == 1259 and row.deptype == "i":
                return row.objid
        return 0

    def is_member(self, role: int, of: int) -> bool:
        """Is `role` (transitively) a member of `of`?"""
        seen, todo = {role}, [role]
        reader = self._lookups._reader()
        while todo:
            if of in seen:
                return True
            for row in reader.find("pg_auth_members", member=todo.pop()):
                if row.roleid not in seen:
                    seen.add(row.roleid)
                    todo.append(row.roleid)
        return of in seen

    def may_create_in_database(self, role: int) -> bool:
        row = self._lookups._reader().one("pg_database", oid=self.shared.oid)
        return row is not None and self.is_member(role, row.datdba)

    def collation_oid(self, schema: str | None, name: str) -> int | None:
        for row in self._lookups._reader().scan("pg_collation"):
            if row.collname == name and (schema is None or self.schema_name(row.collnamespace) == schema):
                return row.oid
        return None

    # -- types ---------------------------------------------------------------------------------------------------------
    def type_by_oid(self, oid: int) -> Type:
        found = TYPES.get(oid) or self._lookups.type_by_oid(oid)
        if found is None:
            raise InternalError(f"cache lookup failed for type {oid}")
        return found

    def type_by_name(self, schema: str | None, name: str) -> Type | None:
        if schema in (None, "pg_catalog"):
            builtin = BY_NAME.get(name)
            if builtin is not None:
                return builtin
        if schema is not None:
            schema_oid = self._lookups.schema_oid(schema)
            return self._lookups.type_in_schema(schema_oid, name) if schema_oid is not None else None
        for candidate in self.search_path():
            found = self._lookups.type_in_schema(self._lookups.schema_oid(candidate), name)
            if found is not None:
                return found
        return None

    def parse_type_name(self, text: str) -> tuple[int, int]:
        return resolve(text, self.type_by_name, self.type_by_oid)

    def type_visible_name(self, oid: int) -> str:
        """The type's name, with its schema only where search_path does not find it."""
        found = self.type_by_oid(oid)
        visible = self.type_by_name(None, found.name)
        if visible is not None and visible.oid == oid:
            return quote_identifier(found.name)
        schema = self.schema_name(found.extra.get("schema", 0)) or "pg_catalog"
        return f"{quote_identifier(schema)}.{quote_identifier(found.name)}"

    def format_type(self, oid: int, typmod: int | None = None) -> str:
        return format_type(oid, typmod, self)

    def reg_in(self, kind: str, text: str) -> int:
        return regnames.reg_in(self, kind, text)

    def reg_out(self, kind: str, oid: int) -> str:
        return regnames.reg_out(self, kind, oid)


def split_names(text: str) -> list[str]:
    """`"$user", public` → ['"$user"', 'public']; commas inside quotes do not split."""
    parts, current, quoted = [], "", False
    for char in text:
        if char == '"':
            quoted = not quoted
        if char == "," and not quoted:
            parts.append(current.strip())
            current = ""
        else:
            current += char
    parts.append(current.strip())
    return [p for p in parts if p]


def unquote(name: str) -> str:
    if len(name) >= 2 and name[0] == name[-1] == '"':
        return name[1:-1].replace('""', '"')
    return name.lower()
