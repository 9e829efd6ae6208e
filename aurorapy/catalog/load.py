"""From catalog rows to the descriptions upper floors use: model.Relation and what hangs on it.

Reads through a `RowReader` (find/one by indexed columns), so the same code serves the shared cache, which reads what is
committed, and a transaction that sees its own DDL.

    relation = load_relation(reader, oid)     # None when there is no such row

Not here: names and search_path (`cache`), writing (`store`).
"""

from __future__ import annotations

from typing import Iterable, Protocol

from aurorapy.catalog.model import Column, ColumnStats, Constraint, IndexInfo, Relation
from aurorapy.catalog.rows import Row
from aurorapy.types.values import Array


class RowReader(Protocol):
    def find(self, table: str, **key) -> list[Row]: ...
    def one(self, table: str, **key) -> Row | None: ...


def load_relation(reader: RowReader, oid: int) -> Relation | None:
    row = reader.one("pg_class", oid=oid)
    return None if row is None else relation_of(reader, row)


def relation_of(reader: RowReader, row: Row) -> Relation:
    """The full description behind a pg_class row."""
    schema = reader.one("pg_namespace", oid=row.relnamespace)
    relation = Relation(
        oid=row.oid,
        name=row.relname,
        schema_oid=row.relnamespace,
        schema=schema.nspname if schema else "",
        kind=row.relkind,
        root=row.relfilenode,
        owner=row.relowner,
        persistence=row.relpersistence,
        toast_oid=row.reltoastrelid,
        row_type=row.reltype,
        shared=row.relisshared,
        options=items(row.reloptions),
        pages=row.relpages,
        tuples=row.reltuples,
        all_visible=row.relallvisible,
        acl=row.relacl,
        is_catalog=row.oid < 16384,
    )
    relation.fillfactor = fillfactor_of(relation.options)
    relation.columns = _columns(reader, row)
    relation.by_name = {c.name: c for c in relation.columns if not c.dropped}
    if row.relkind in "rtm" and row.relhasindex:
        relation.indexes = [index_of(reader, r) for r in reader.find("pg_index", indrelid=row.oid)]
        relation.indexes.sort(key=lambda index: index.oid)
    if row.relkind == "r" and not relation.is_catalog:
        relation.constraints = [constraint_of(r) for r in reader.find("pg_constraint", conrelid=row.oid)]
        relation.constraints.sort(key=lambda constraint: constraint.name)
        _link_constraints(relation)
    if row.relkind == "v":
        rules = reader.find("pg_rewrite", ev_class=row.oid)
        relation.view_sql = rules[0].ev_action if rules else None
    if row.reltoastrelid:
        toast = reader.one("pg_class", oid=row.reltoastrelid)
        relation.toast_root = toast.relfilenode if toast else 0
    return relation


def _columns(reader: RowReader, row: Row) -> list[Column]:
    found = [a for a in reader.find("pg_attribute", attrelid=row.oid) if a.attnum > 0]
    found.sort(key=lambda a: a.attnum)
    defaults = {}
    if any(a.atthasdef for a in found):
        defaults = {d.adnum: d.adbin for d in reader.find("pg_attrdef", adrelid=row.oid)}
    return [
        Column(
            attno=a.attnum,
            name=a.attname,
            type_oid=a.atttypid,
            typmod=a.atttypmod,
            not_null=a.attnotnull,
            default=defaults.get(a.attnum),
            identity=a.attidentity,
            generated=a.attgenerated,
            dropped=a.attisdropped,
            collation=a.attcollation,
            missing=a.attmissingval.items[0] if a.atthasmissing and a.attmissingval is not None else None,
            has_missing=a.atthasmissing,
            ndims=a.attndims,
            statistics=a.attstattarget,
        )
        for a in found
    ]


def index_of(reader: RowReader, row: Row) -> IndexInfo:
    """From a pg_index row."""
    own = reader.one("pg_class", oid=row.indexrelid)
    return IndexInfo(
        oid=row.indexrelid,
        name=own.relname,
        table_oid=row.indrelid,
        root=own.relfilenode,
        columns=tuple(row.indkey.items),
        expressions=tuple(row.indexprs.split("\x1f")) if row.indexprs else (),
        predicate=row.indpred,
        unique=row.indisunique,
        primary=row.indisprimary,
        nulls_not_distinct=row.indnullsnotdistinct,
        key_count=row.indnkeyatts,
        options=tuple(row.indoption.items),
        opclasses=tuple(row.indclass.items),
        collations=tuple(row.indcollation.items),
        deferrable=not row.indimmediate,
        valid=row.indisvalid,
        pages=own.relpages,
        tuples=own.reltuples,
    )


def constraint_of(row: Row) -> Constraint:
    """From a pg_constraint row."""
    return Constraint(
        oid=row.oid,
        name=row.conname,
        kind=row.contype,
        columns=items(row.conkey),
        expression=row.conbin,
        index_oid=row.conindid,
        foreign_table=row.confrelid,
        foreign_columns=items(row.confkey),
        on_update=row.confupdtype.strip() or "a",
        on_delete=row.confdeltype.strip() or "a",
        match=row.confmatchtype.strip() or "s",
        deferrable=row.condeferrable,
        deferred=row.condeferred,
        validated=row.convalidated,
        no_inherit=row.connoinherit,
    )


def _link_constraints(relation: Relation) -> None:
    by_index = {c.index_oid: c.oid for c in relation.constraints if c.kind in "pu"}
    for index in relation.indexes:
        index.constraint_oid = by_index.get(index.oid, 0)


def load_statistics(reader: RowReader, relation_oid: int) -> dict[int, ColumnStats]:
    """attno → what ANALYZE found; values are texts, which the planner reads with the column's type."""
    found: dict[int, ColumnStats] = {}
    for row in reader.find("pg_statistic", starelid=relation_oid):
        stats = ColumnStats(null_fraction=row.stanullfrac, width=row.stawidth, distinct=row.stadistinct)
        for slot in range(1, 6):
            kind = getattr(row, f"stakind{slot}")
            if kind == 1:
                stats.common_values = items(getattr(row, f"stavalues{slot}"))
                stats.common_freqs = items(getattr(row, f"stanumbers{slot}"))
            elif kind == 2:
                stats.histogram = items(getattr(row, f"stavalues{slot}"))
            elif kind == 3:
                stats.correlation = getattr(row, f"stanumbers{slot}").items[0]
        found[row.staattnum] = stats
    return found


def items(value: Array | None) -> tuple:
    return value.items if value is not None else ()


def fillfactor_of(options: Iterable[str], default: int = 100) -> int:
    for option in options:
        name, _, value = option.partition("=")
        if name == "fillfactor":
            return int(value)
    return default
