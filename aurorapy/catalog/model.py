"""What exists, as the upper floors see it: plain descriptions read from pg_catalog's rows.

These objects are caches of committed (or, inside a transaction that changed them, own) catalog rows. They are replaced,
never changed, when the rows change; a plan that holds one is checked by `Catalog.version`.

Not here: where rows lie (`access`), how names are looked up (`catalog.cache`), storage handles (opened from a Relation
by `instance`).
"""

from __future__ import annotations

from typing import Any, Protocol

from aurorapy.records import dataclass, field


@dataclass(slots=True)
class Column:
    """A row of pg_attribute, with its default joined in."""

    attno: int
    name: str
    type_oid: int
    typmod: int = -1
    not_null: bool = False
    default: str | None = None  # SQL text of the default or generation expression, fully qualified
    identity: str = ""  # '' | 'a' (always) | 'd' (by default)
    generated: str = ""  # '' | 's' (stored)
    dropped: bool = False
    collation: int = 0
    missing: Any = None  # value of rows older than the column (ALTER TABLE ADD ... DEFAULT constant)
    has_missing: bool = False
    ndims: int = 0
    statistics: int = -1


@dataclass(slots=True)
class IndexInfo:
    """A row of pg_index (and its pg_class)."""

    oid: int
    name: str
    table_oid: int
    root: int  # map page of its storage (relfilenode)
    columns: tuple[int, ...]  # attnos, 0 for an expression
    expressions: tuple[str, ...] = ()  # SQL texts, in order of the zeros
    predicate: str | None = None
    unique: bool = False
    primary: bool = False
    nulls_not_distinct: bool = False
    key_count: int = 0  # columns beyond are INCLUDE
    options: tuple[int, ...] = ()  # per key column: 1 = DESC, 2 = NULLS FIRST (indoption)
    opclasses: tuple[int, ...] = ()
    collations: tuple[int, ...] = ()
    constraint_oid: int = 0
    deferrable: bool = False
    valid: bool = True
    pages: int = 0
    tuples: float = -1.0


@dataclass(slots=True)
class Constraint:
    """A row of pg_constraint. kind: p primary, u unique, c check, f foreign, n not null."""

    oid: int
    name: str
    kind: str
    columns: tuple[int, ...] = ()
    expression: str | None = None  # CHECK, SQL text
    index_oid: int = 0
    foreign_table: int = 0
    foreign_columns: tuple[int, ...] = ()
    on_update: str = "a"
    on_delete: str = "a"
    match: str = "s"
    deferrable: bool = False
    deferred: bool = False
    validated: bool = True
    no_inherit: bool = False


@dataclass(slots=True)
class ColumnStats:
    """A row of pg_statistic in the planner's terms."""

    null_fraction: float = 0.0
    width: int = 4
    distinct: float = 0.0  # > 0 count, < 0 fraction of rows
    common_values: tuple = ()
    common_freqs: tuple[float, ...] = ()
    histogram: tuple = ()
    correlation: float = 0.0


KIND_NAMES = {"r": "table", "i": "index", "S": "sequence", "v": "view", "t": "toast table", "c": "composite type"}


@dataclass(slots=True)
class Relation:
    """A row of pg_class with everything that hangs on it; `kind` is one of KIND_NAMES."""

    oid: int
    name: str
    schema_oid: int
    schema: str
    kind: str
    root: int  # map page of its storage (relfilenode), 0 for views
    owner: int
    columns: list[Column] = field(default_factory=list)  # by attno - 1, dropped ones included
    indexes: list[IndexInfo] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    referenced_by: list[Constraint] = field(default_factory=list)
    persistence: str = "p"
    toast_oid: int = 0
    toast_root: int = 0
    row_type: int = 0
    shared: bool = False
    fillfactor: int = 100
    options: tuple[str, ...] = ()
    pages: int = 0
    tuples: float = -1.0
    all_visible: int = 0
    stats: dict[int, ColumnStats] = field(default_factory=dict)
    view_sql: str | None = None
    acl: Any = None
    is_catalog: bool = False
    by_name: dict[str, Column] = field(default_factory=dict)  # live columns only

    def live_columns(self) -> list[Column]:
        return [c for c in self.columns if not c.dropped]


class CatalogReader(Protocol):
    """Name and OID lookups for one session: sees its own uncommitted DDL, search_path, temporary schema.

    Lookups return None when there is no such thing, unless the name starts with `need_`, which raises PostgreSQL's
    error at `position`.
    """

    version: int  # changes whenever anything visible to this session changed

    def relation_by_name(self, schema: str | None, name: str, position: int = 0) -> Relation | None: ...
    def need_relation(self, schema: str | None, name: str, position: int = 0) -> Relation: ...
    def relation(self, oid: int) -> Relation | None: ...
    def index(self, oid: int) -> IndexInfo | None: ...
    def schema_oid(self, name: str) -> int | None: ...
    def schema_name(self, oid: int) -> str | None: ...
    def search_path(self) -> list[str]:
        """Effective schemas, pg_catalog included where implied."""

    def type_by_oid(self, oid: int) -> Any:
        """types.model.Type; raises InternalError 'cache lookup failed for type N'."""

    def type_by_name(self, schema: str | None, name: str) -> Any | None:
        """Internal names (int4) and those of user types; the binder maps `integer` to int4 first."""

    def role_oid(self, name: str) -> int | None: ...
    def role_name(self, oid: int) -> str | None: ...
    def database_name(self) -> str: ...
    def database_oid(self) -> int: ...
