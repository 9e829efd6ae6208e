"""Rows every relation needs: pg_class, pg_attribute, its row type; its storage.

    oid = create_relation(ctx, "t", schema, "r", columns)

Column definitions arrive as `NewColumn`s, already resolved. Errors: 42P07 a relation of that name exists, 42701 a
column twice, 54011 too many columns.

Not here: constraints, defaults and indexes (`constraints`, `indexes`), which call this for their own relations.
"""

from __future__ import annotations

from aurorapy import ids
from aurorapy.catalog.seed import attribute_row, composite_type_rows, system_attribute_rows, toast_class_row
from aurorapy.errors import DatabaseError, ProgramLimitExceeded
from aurorapy.execute.ddl.context import CLASS_NAMESPACE, CLASS_RELATION, CLASS_TYPE, DdlContext
from aurorapy.records import dataclass
from aurorapy.types.model import Type
from aurorapy.types.values import Array

MAX_COLUMNS = 1600
SYSTEM_COLUMNS = {"ctid": "tid", "xmin": "xid", "cmin": "cid", "xmax": "xid", "cmax": "cid", "tableoid": "oid"}


@dataclass(slots=True)
class NewColumn:
    name: str
    type: Type
    typmod: int = -1
    not_null: bool = False
    identity: str = ""
    generated: str = ""
    collation: int | None = None
    ndims: int = 0
    has_default: bool = False


def create_relation(ctx: DdlContext, name: str, schema: int, kind: str, columns: list[NewColumn], *,
                    persistence: str = "p", options: dict[str, str] | None = None, am: int | None = None,
                    owner: int | None = None, with_type: bool = True) -> int:  # fmt: skip
    """Inserts the rows, makes the storage, returns the OID."""
    check_name_free(ctx, name, schema)
    check_columns(columns, kind)
    oid = ctx.new_oid()
    owner = ctx.user if owner is None else owner
    root = ctx.instance.create_storage(ctx.transaction, kind) if kind in "riSt" else 0
    row_type = 0
    if with_type and kind in "rvc":
        row_type, array_type = ctx.new_oid(), ctx.new_oid()
        for values in composite_type_rows(oid, name, row_type, array_type, schema, owner):
            ctx.store.insert_row("pg_type", values)
        ctx.depend(CLASS_TYPE, row_type, 0, CLASS_RELATION, oid, kind="i")
        ctx.depend(CLASS_TYPE, array_type, 0, CLASS_TYPE, row_type, kind="i")
    ctx.store.insert(
        "pg_class", oid=oid, relname=name, relnamespace=schema, reltype=row_type, relowner=owner,
        relam=(ids.HEAP_AM if kind in "rt" else 0) if am is None else am, relfilenode=root, reltuples=-1.0,
        relpersistence=persistence, relkind=kind, relnatts=len(columns), relreplident="d" if kind == "r" else "n",
        relispopulated=True, relfrozenxid=ids.FIRST_NORMAL_XID if kind in "rt" else 0, reloptions=options_array(options),
    )  # fmt: skip
    rows = [_attribute(oid, attno, column) for attno, column in enumerate(columns, 1)]
    if kind in "rSt":
        rows.extend(system_attribute_rows(oid))
    ctx.store.insert_rows("pg_attribute", rows)
    for attno, column in enumerate(columns, 1):
        _depend_on_type(ctx, oid, attno, column)
    if kind == "r":
        attach_toast(ctx, oid, columns)
    if kind != "i":
        ctx.depend(CLASS_RELATION, oid, 0, CLASS_NAMESPACE, schema)
    ctx.changed(oid)
    return oid


def attach_toast(ctx: DdlContext, table: int, columns: list[NewColumn]) -> None:
    """A heap for long values, when a column can hold one."""
    if not any(column.type.storage[0] in "tynar" for column in columns):
        return
    oid = ctx.new_oid()
    root = ctx.instance.create_storage(ctx.transaction, "t")
    row = ctx.store.one("pg_class", oid=table)
    ctx.store.insert_row("pg_class", toast_class_row(oid, table, row.relowner, root=root))
    ctx.store.update(row, reltoastrelid=oid)
    ctx.changed(table)


def insert_attribute(ctx: DdlContext, relation: int, attno: int, column: NewColumn) -> None:
    ctx.store.insert_row("pg_attribute", _attribute(relation, attno, column))
    _depend_on_type(ctx, relation, attno, column)


def _attribute(relation: int, attno: int, column: NewColumn) -> tuple:
    type_ = column.type
    return attribute_row(
        relation, attno, column.name, type_, not_null=column.not_null, atttypmod=column.typmod,
        attidentity=column.identity, attgenerated=column.generated, atthasdef=column.has_default,
        attcollation=type_.collation if column.collation is None else column.collation, attndims=column.ndims,
    )  # fmt: skip


def _depend_on_type(ctx: DdlContext, relation: int, attno: int, column: NewColumn) -> None:
    if column.type.oid >= ids.FIRST_NORMAL_OID:
        ctx.depend(CLASS_RELATION, relation, attno, CLASS_TYPE, column.type.oid)


def check_name_free(ctx: DdlContext, name: str, schema: int) -> None:
    if ctx.name_taken(name, schema):
        raise DatabaseError(f'relation "{name}" already exists', sqlstate="42P07")


def check_columns(columns: list[NewColumn], kind: str) -> None:
    if len(columns) > MAX_COLUMNS:
        raise ProgramLimitExceeded(f"tables can have at most {MAX_COLUMNS} columns", sqlstate="54011")
    seen: set[str] = set()
    for column in columns:
        if kind in "rv" and column.name in SYSTEM_COLUMNS:
            raise DatabaseError(f'column name "{column.name}" conflicts with a system column name', sqlstate="42701")
        if column.name in seen and kind != "i":
            raise DatabaseError(f'column "{column.name}" specified more than once', sqlstate="42701")
        if column.type.kind == "p" and kind != "v":
            raise DatabaseError(f'column "{column.name}" has pseudo-type {column.type.name}', sqlstate="42P16")
        seen.add(column.name)


def options_array(options: dict[str, str] | None) -> Array | None:
    return Array.of([f"{name}={value}" for name, value in options.items()], 25) if options else None


TABLE_OPTIONS = {
    # name: (minimum, maximum) or None where any text does
    "fillfactor": (10, 100), "autovacuum_enabled": None, "toast_tuple_target": (128, 8160), "parallel_workers": (0, 1024),
    "autovacuum_vacuum_threshold": None, "autovacuum_vacuum_scale_factor": None, "autovacuum_analyze_threshold": None,
    "autovacuum_analyze_scale_factor": None, "vacuum_truncate": None, "vacuum_index_cleanup": None,
    "autovacuum_vacuum_insert_threshold": None, "user_catalog_table": None,
}  # fmt: skip


def check_options(options: dict[str, str], known: dict[str, tuple[int, int] | None]) -> dict[str, str]:
    """Storage parameters of WITH (...). Raises 22023."""
    for name, value in options.items():
        if name not in known:
            raise DatabaseError(f'unrecognized parameter "{name}"', sqlstate="22023")
        limits = known[name]
        if limits is None:
            continue
        try:
            number = int(value)
        except ValueError:
            raise DatabaseError(f'invalid value for integer option "{name}": {value}', sqlstate="22023") from None
        if not limits[0] <= number <= limits[1]:
            raise DatabaseError(
                f'value {value} out of bounds for option "{name}"', sqlstate="22023",
                detail=f'Valid values are between "{limits[0]}" and "{limits[1]}".',
            )  # fmt: skip
    return options


def choose_name(ctx: DdlContext, schema: int, *parts: str, suffix: str, taken=()) -> str:
    """`t_a_key`-style names: parts shortened to fit 63 bytes, numbered until free (PostgreSQL's ChooseRelationName)."""
    number = 0
    while True:
        label = suffix if number == 0 else f"{suffix}{number}"
        name = make_object_name(parts, label)
        if name not in taken and not ctx.name_taken(name, schema):
            return name
        number += 1


def make_object_name(parts: tuple[str, ...], label: str) -> str:
    """Joins `name1_name2_label`, cutting the longer of the two names until the whole fits 63 bytes."""
    names = [p for p in parts if p]
    overhead = len(names) - 1 + (len(label) + 1 if label else 0)
    while sum(len(n.encode()) for n in names) + overhead > 63:
        longest = max(range(len(names)), key=lambda i: len(names[i].encode()))
        names[longest] = names[longest][:-1]
    return "_".join([*names, label] if label else names)
