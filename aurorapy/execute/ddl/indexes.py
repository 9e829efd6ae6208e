"""CREATE INDEX: rows for the index and a sorted build of its B-tree.

    CREATE UNIQUE INDEX ON t (a, lower(b) DESC) WHERE c > 0
      pg_class t_a_lower_idx · pg_attribute a, lower · pg_index indkey "1 0", indexprs, indpred · build

Errors: 42P07 name taken, 42703 unknown column, 42704 no operator class, 0A000 other access methods, 54011 too many
columns, 23505 when a unique build meets duplicates.

Not here: the build itself (`access`), index choice (`sql.plan`).
"""

from __future__ import annotations


from aurorapy import ids
from aurorapy.catalog.model import Relation
from aurorapy.catalog.seed import default_opclass, index_row
from aurorapy.errors import DatabaseError, FeatureNotSupported, ProgramLimitExceeded, UndefinedObject
from aurorapy.execute.ddl.context import CLASS_RELATION, DdlContext
from aurorapy.execute.ddl.expressions import canonical_index_expression, canonical_predicate
from aurorapy.execute.ddl.relations import NewColumn, check_options, choose_name, create_relation
from aurorapy.expressions.registry import CASTS
from aurorapy.records import dataclass, field
from aurorapy.sql.statements import CreateIndex, IndexColumn
from aurorapy.types.names import format_type

MAX_KEYS = 32
INDEX_OPTIONS = {"fillfactor": (10, 100), "deduplicate_items": None}


@dataclass(slots=True)
class IndexSpec:
    """An index with everything resolved. `columns` are attnos, 0 for the next of `expressions` (text, type, name)."""

    name: str
    columns: tuple[int, ...]
    include: tuple[int, ...] = ()
    expressions: tuple[tuple[str, object, str], ...] = ()
    predicate: str | None = None
    unique: bool = False
    primary: bool = False
    nulls_not_distinct: bool = False
    indoptions: tuple[int, ...] = ()
    opclasses: tuple[int, ...] = ()
    options: dict[str, str] = field(default_factory=dict)
    constraint: bool = False
    labels: tuple[str, ...] = ()  # names of the index's columns where they are not the table's


def create_index(ctx: DdlContext, statement: CreateIndex) -> int | None:
    def check(relation: Relation) -> None:
        if relation.kind != "r":
            detail = "This operation is not supported for views." if relation.kind == "v" else None
            raise DatabaseError(f'cannot create index on relation "{relation.name}"', sqlstate="42809", detail=detail)
        ctx.need_owner(relation)
        if relation.is_catalog:
            raise DatabaseError(f'permission denied: "{relation.name}" is a system catalog', sqlstate="42501")

    relation = ctx.need_locked(statement.table, "SHARE", check)  # CONCURRENTLY too: the build reads the rows once
    if statement.name and ctx.name_taken(statement.name, relation.schema_oid):
        if statement.if_not_exists:
            ctx.notice("NOTICE", f'relation "{statement.name}" already exists, skipping', sqlstate="42P07")
            return None
        raise DatabaseError(f'relation "{statement.name}" already exists', sqlstate="42P07")
    if statement.method not in ("btree", "hash"):
        if statement.method in ("gin", "gist", "brin", "spgist"):
            raise FeatureNotSupported(f'access method "{statement.method}" is not supported', hint="Use btree.")
        raise UndefinedObject(f'access method "{statement.method}" does not exist')
    return build_index(ctx, relation, _resolve(ctx, relation, statement))


def _resolve(ctx: DdlContext, relation: Relation, statement: CreateIndex) -> IndexSpec:
    attnos, expressions, options, opclasses, names = [], [], [], [], []
    for column in statement.columns:
        if column.name is not None:
            found = relation.by_name.get(column.name)
            if found is None:
                raise DatabaseError(f'column "{column.name}" does not exist', sqlstate="42703")
            attnos.append(found.attno)
            names.append(found.name)
            type_ = ctx.catalog.type_by_oid(found.type_oid)
        else:
            text, type_, label, attno = canonical_index_expression(ctx, relation, column.expression)
            attnos.append(attno)
            if not attno:
                expressions.append((text, type_, label))
            names.append(label)
        options.append(_indoption(column))
        opclasses.append(_opclass(ctx, column, type_))
    include = []
    for name in statement.include:
        if name not in relation.by_name:
            raise DatabaseError(f'column "{name}" does not exist', sqlstate="42703")
        include.append(relation.by_name[name].attno)
        names.append(name)
    names = _distinct(names)
    predicate = canonical_predicate(ctx, relation, statement.where) if statement.where is not None else None
    name = statement.name or choose_name(ctx, relation.schema_oid, relation.name, "_".join(names), suffix="idx")
    return IndexSpec(
        name, tuple(attnos), tuple(include), tuple(expressions), predicate, unique=statement.unique,
        nulls_not_distinct=statement.nulls_not_distinct, indoptions=tuple(options), opclasses=tuple(opclasses),
        options=statement.options, labels=tuple(names),
    )  # fmt: skip


def _distinct(names: list[str]) -> list[str]:
    """Each name once: a second `expr` is `expr1`."""
    found: list[str] = []
    for name in names:
        number, label = 0, name
        while label in found:
            number += 1
            label = f"{name[: 63 - len(str(number))]}{number}"
        found.append(label)
    return found


def _indoption(column: IndexColumn) -> int:
    nulls_first = column.descending if column.nulls_first is None else column.nulls_first
    return (1 if column.descending else 0) | (2 if nulls_first else 0)


def _opclass(ctx: DdlContext, column: IndexColumn, type_) -> int:
    if column.opclass is not None:
        row = ctx.store.find("pg_opclass", opcmethod=ids.BTREE_AM, opcname=column.opclass.name)
        if not row:
            raise UndefinedObject(f'operator class "{column.opclass}" does not exist for access method "btree"')
        if not _accepts(ctx, row[0].opcintype, type_):
            raise DatabaseError(
                f'operator class "{column.opclass}" does not accept data type {format_type(type_.oid)}', sqlstate="42804"
            )
        return row[0].oid
    return need_opclass(type_)


def _accepts(ctx: DdlContext, input_oid: int, type_) -> bool:
    """Is the type the class's own, or the same bits under another name?"""
    if input_oid == type_.oid or ctx.catalog.type_by_oid(input_oid).kind == "p":
        return True
    found = CASTS.get((type_.oid, input_oid))
    return found is not None and found.method == "b" and found.context == "i"


def need_opclass(type_) -> int:
    found = default_opclass(type_) if type_.key else 0
    if not found:
        raise UndefinedObject(
            f'data type {format_type(type_.oid)} has no default operator class for access method "btree"',
            hint="You must specify an operator class for the index or define a default operator class for the data type.",
        )
    return found


def build_index(ctx: DdlContext, relation: Relation, spec: IndexSpec) -> int:
    """Inserts the rows and fills the B-tree from the table's rows. Returns the index's OID."""
    if len(spec.columns) > MAX_KEYS:
        raise ProgramLimitExceeded(f"cannot use more than {MAX_KEYS} columns in an index", sqlstate="54011")
    check_options(spec.options, INDEX_OPTIONS)
    columns, opclasses, collations = _index_columns(ctx, relation, spec)
    oid = create_relation(
        ctx, spec.name, relation.schema_oid, "i", columns, persistence=relation.persistence, options=spec.options,
        am=ids.BTREE_AM, owner=relation.owner,
    )  # fmt: skip
    ctx.store.insert_row(
        "pg_index",
        index_row(
            oid, relation.oid, (*spec.columns, *spec.include), spec.opclasses or opclasses, collations,
            unique=spec.unique, primary=spec.primary, options=spec.indoptions or [0] * len(spec.columns),
            key_count=len(spec.columns), indnullsnotdistinct=spec.nulls_not_distinct,
            indexprs="\x1f".join(text for text, _, _ in spec.expressions) or None, indpred=spec.predicate,
        ),
    )  # fmt: skip
    if not spec.constraint:
        for attno in {a for a in (*spec.columns, *spec.include) if a}:
            ctx.depend(CLASS_RELATION, oid, 0, CLASS_RELATION, relation.oid, attno, kind="a")
        if not any(spec.columns):
            ctx.depend(CLASS_RELATION, oid, 0, CLASS_RELATION, relation.oid, kind="a")
    _mark_indexed(ctx, relation)
    ctx.changed(relation.oid)
    ctx.build_index(relation.oid, oid)
    return oid


def _index_columns(ctx: DdlContext, relation: Relation, spec: IndexSpec) -> tuple[list[NewColumn], list[int], list[int]]:
    columns, opclasses, collations = [], [], []
    expressions = iter(spec.expressions)
    for position, attno in enumerate((*spec.columns, *spec.include)):
        if attno:
            source = relation.columns[attno - 1]
            column = NewColumn(source.name, ctx.catalog.type_by_oid(source.type_oid), source.typmod,
                               collation=source.collation)  # fmt: skip
        else:
            _text, type_, name = next(expressions)
            column = NewColumn(name, type_)
        if spec.labels:
            column.name = spec.labels[position]
        columns.append(column)
        if position < len(spec.columns):
            opclasses.append(need_opclass(column.type))
            collations.append(column.type.collation if column.collation is None else column.collation)
    return columns, opclasses, collations


def _mark_indexed(ctx: DdlContext, relation: Relation) -> None:
    row = ctx.store.one("pg_class", oid=relation.oid)
    if not row.relhasindex:
        ctx.store.update(row, relhasindex=True)
