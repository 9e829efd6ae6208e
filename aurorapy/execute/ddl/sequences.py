"""CREATE SEQUENCE and ALTER SEQUENCE.

Definition in pg_sequence, state in the sequence's own page (`instance.sequences`): the value logged is 32 ahead of the
values handed out, so none comes twice after a crash. nextval is not transactional; ALTER SEQUENCE's restart is.

    CREATE SEQUENCE s INCREMENT 5 START 10
      pg_sequence (seqrelid, seqtypid, 10, 5, 9223372036854775807, 1, 1, f)

Errors: 22023 for contradicting limits, with PostgreSQL's texts.
"""

from __future__ import annotations

from typing import Any

from aurorapy.catalog.model import Relation
from aurorapy.errors import DatabaseError
from aurorapy.execute.ddl.context import CLASS_RELATION, DdlContext
from aurorapy.execute.ddl.relations import NewColumn, create_relation
from aurorapy.records import dataclass
from aurorapy.sql.statements import AlterSequence, CreateSequence, Name
from aurorapy.types.builtin import BY_NAME

_RANGES = {"int2": (-(2**15), 2**15 - 1), "int4": (-(2**31), 2**31 - 1), "int8": (-(2**63), 2**63 - 1)}


@dataclass(slots=True)
class SequenceParameters:
    type_oid: int = 20
    start: int = 1
    increment: int = 1
    minimum: int = 1
    maximum: int = 2**63 - 1
    cache: int = 1
    cycle: bool = False


def create_sequence(ctx: DdlContext, statement: CreateSequence) -> int | None:
    name = statement.name
    schema = ctx.creation_schema(name, temporary=statement.persistence == "t")
    if statement.if_not_exists and ctx.name_taken(name.name, schema):
        ctx.notice("NOTICE", f'relation "{name.name}" already exists, skipping', sqlstate="42P07")
        return None
    parameters = parameters_of(ctx, statement.options, None)
    oid = make_sequence(ctx, name.name, schema, parameters, persistence=statement.persistence)
    owned_by = statement.options.get("owned_by")
    if owned_by is not None:
        set_owner_column(ctx, oid, schema, owned_by)
    return oid


def make_sequence(ctx: DdlContext, name: str, schema: int, parameters: SequenceParameters, *, persistence: str = "p",
                  owner: int | None = None) -> int:  # fmt: skip
    columns = [
        NewColumn("last_value", BY_NAME["int8"], not_null=True),
        NewColumn("log_cnt", BY_NAME["int8"], not_null=True),
        NewColumn("is_called", BY_NAME["bool"], not_null=True),
    ]
    oid = create_relation(ctx, name, schema, "S", columns, persistence=persistence, owner=owner, with_type=False)
    ctx.store.insert(
        "pg_sequence", seqrelid=oid, seqtypid=parameters.type_oid, seqstart=parameters.start,
        seqincrement=parameters.increment, seqmax=parameters.maximum, seqmin=parameters.minimum,
        seqcache=parameters.cache, seqcycle=parameters.cycle,
    )  # fmt: skip
    root = ctx.store.one("pg_class", oid=oid).relfilenode
    ctx.instance.sequences.create(root, parameters.start)
    return oid


def alter_sequence(ctx: DdlContext, statement: AlterSequence) -> None:
    def check(relation: Relation) -> None:
        if relation.kind != "S":
            raise DatabaseError(f'"{relation.name}" is not a sequence', sqlstate="42809")
        ctx.need_owner(relation)

    relation = ctx.locked(statement.name, "SHARE ROW EXCLUSIVE", check)
    if relation is None:
        if statement.if_exists:
            ctx.notice("NOTICE", f'relation "{statement.name}" does not exist, skipping', sqlstate="00000")
            return
        ctx.catalog.need_relation(statement.name.schema, statement.name.name)
    change_sequence(ctx, relation, statement.options)


def change_sequence(ctx: DdlContext, relation: Relation, options: dict[str, Any]) -> None:
    ctx.lock(relation.oid, "SHARE ROW EXCLUSIVE")
    row = ctx.store.one("pg_sequence", seqrelid=relation.oid)
    old = SequenceParameters(row.seqtypid, row.seqstart, row.seqincrement, row.seqmin, row.seqmax, row.seqcache, row.seqcycle)
    new = parameters_of(ctx, options, old)
    ctx.store.update(
        row, seqtypid=new.type_oid, seqstart=new.start, seqincrement=new.increment, seqmax=new.maximum,
        seqmin=new.minimum, seqcache=new.cache, seqcycle=new.cycle,
    )  # fmt: skip
    if "restart" in options:
        restart = new.start if options["restart"] is None else options["restart"]
        _check_value("RESTART", restart, new)
        restart_sequence(ctx, relation, restart)
    if "owned_by" in options:
        _drop_owner(ctx, relation.oid)
        if options["owned_by"] is not None:
            set_owner_column(ctx, relation.oid, relation.schema_oid, options["owned_by"])
    ctx.changed(relation.oid)


def restart_sequence(ctx: DdlContext, relation: Relation, value: int) -> None:
    """New storage with the new state, so that a rollback brings the old one back."""
    root = ctx.instance.create_storage(ctx.transaction, "S")
    ctx.instance.sequences.create(root, value)
    row = ctx.store.one("pg_class", oid=relation.oid)
    ctx.instance.drop_storage_at_commit(ctx.transaction, row.relfilenode)
    ctx.store.update(row, relfilenode=root)
    ctx.changed(relation.oid)


def parameters_of(ctx: DdlContext, options: dict[str, Any], old: SequenceParameters | None) -> SequenceParameters:
    new = SequenceParameters() if old is None else SequenceParameters(
        old.type_oid, old.start, old.increment, old.minimum, old.maximum, old.cache, old.cycle
    )  # fmt: skip
    type_name = "int8"
    if "type" in options:
        type_, _ = ctx.need_type(options["type"])
        if type_.name not in _RANGES:
            raise DatabaseError("sequence type must be smallint, integer, or bigint", sqlstate="22023")
        new.type_oid = type_.oid
    type_name = next(n for n in _RANGES if BY_NAME[n].oid == new.type_oid)
    lowest, highest = _RANGES[type_name]
    if "increment" in options:
        new.increment = options["increment"]
        if new.increment == 0:
            raise DatabaseError("INCREMENT must not be zero", sqlstate="22023")
    fresh_type = old is None or "type" in options
    _set_limits(options, new, lowest, highest, old is None, fresh_type, old)
    _check_limits(new, type_name, lowest, highest)
    if "start" in options:
        new.start = options["start"]
    elif old is None:
        new.start = new.minimum if new.increment > 0 else new.maximum
    _check_value("START", new.start, new)
    if "cache" in options:
        new.cache = options["cache"]
        if new.cache <= 0:
            raise DatabaseError(f"CACHE ({new.cache}) must be greater than zero", sqlstate="22023")
    if "cycle" in options:
        new.cycle = options["cycle"]
    return new


def _set_limits(options: dict[str, Any], new: SequenceParameters, lowest: int, highest: int, fresh: bool,
                fresh_type: bool, old: SequenceParameters | None) -> None:  # fmt: skip
    """A limit given counts; NO MAXVALUE, or none on a new sequence, is the type's own (ascending) or -1 (descending)."""
    old_range = _RANGES[next(n for n in _RANGES if BY_NAME[n].oid == old.type_oid)] if old else (0, 0)
    if options.get("maxvalue") is not None:
        new.maximum = options["maxvalue"]
    elif fresh_type and old and old.maximum == old_range[1]:
        new.maximum = highest
    elif fresh or "maxvalue" in options:
        new.maximum = highest if new.increment > 0 else -1
    if options.get("minvalue") is not None:
        new.minimum = options["minvalue"]
    elif fresh_type and old and old.minimum == old_range[0]:
        new.minimum = lowest
    elif fresh or "minvalue" in options:
        new.minimum = 1 if new.increment > 0 else lowest


def _check_limits(new: SequenceParameters, type_name: str, lowest: int, highest: int) -> None:
    spelled = {"int2": "smallint", "int4": "integer", "int8": "bigint"}[type_name]
    if not lowest <= new.maximum <= highest:
        raise DatabaseError(f"MAXVALUE ({new.maximum}) is out of range for sequence data type {spelled}", sqlstate="22023")
    if not lowest <= new.minimum <= highest:
        raise DatabaseError(f"MINVALUE ({new.minimum}) is out of range for sequence data type {spelled}", sqlstate="22023")
    if new.minimum >= new.maximum:
        raise DatabaseError(f"MINVALUE ({new.minimum}) must be less than MAXVALUE ({new.maximum})", sqlstate="22023")


def _check_value(what: str, value: int, p: SequenceParameters) -> None:
    if value < p.minimum:
        raise DatabaseError(f"{what} value ({value}) cannot be less than MINVALUE ({p.minimum})", sqlstate="22023")
    if value > p.maximum:
        raise DatabaseError(f"{what} value ({value}) cannot be greater than MAXVALUE ({p.maximum})", sqlstate="22023")


def set_owner_column(ctx: DdlContext, sequence: int, schema: int, column: Name) -> None:
    """OWNED BY table.column (`column.schema` holds the table, possibly qualified through `catalog`)."""
    table = ctx.catalog.need_relation(column.catalog, column.schema)
    if table.kind not in "r":
        raise DatabaseError(f'sequence cannot be owned by relation "{table.name}"', sqlstate="42809")
    if table.schema_oid != schema:
        raise DatabaseError("sequence must be in same schema as table it is linked to", sqlstate="55000")
    found = table.by_name.get(column.name)
    if found is None:
        raise DatabaseError(f'column "{column.name}" of relation "{table.name}" does not exist', sqlstate="42703")
    ctx.depend(CLASS_RELATION, sequence, 0, CLASS_RELATION, table.oid, found.attno, kind="a")


def _drop_owner(ctx: DdlContext, sequence: int) -> None:
    for row in ctx.store.find("pg_depend", classid=CLASS_RELATION, objid=sequence):
        if row.refclassid == CLASS_RELATION and row.deptype in "ai" and row.refobjsubid > 0:
            ctx.store.delete(row)


def owned_sequences(ctx: DdlContext, table: int, attno: int | None = None) -> list[int]:
    """OIDs of the sequences that belong to a column of the table (serial or identity)."""
    found = []
    for row in ctx.store.find("pg_depend", refclassid=CLASS_RELATION, refobjid=table):
        if row.classid != CLASS_RELATION or row.deptype not in "ai" or row.refobjsubid == 0:
            continue
        if attno is not None and row.refobjsubid != attno:
            continue
        relation = ctx.store.one("pg_class", oid=row.objid)
        if relation is not None and relation.relkind == "S":
            found.append(row.objid)
    return found
