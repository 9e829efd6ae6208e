"""CREATE TABLE: columns, then constraints, then indexes, all as rows of one transaction.

    CREATE TABLE t (id serial PRIMARY KEY, n int CHECK (n > 0))
      1 sequence t_id_seq · 2 pg_class, pg_attribute, row type · 3 default nextval(t_id_seq), sequence owned by t.id
      4 check t_n_check · 5 index t_pkey and its constraint

Errors: 42P07 exists, 42701 column twice, 42P16 two primary keys, 42703 constraint on an unknown column, ...

Not here: CREATE TABLE AS (`create_table_as`), foreign keys' checks at run time.
"""

from __future__ import annotations


from aurorapy.catalog.model import Relation
from aurorapy.errors import DatabaseError, FeatureNotSupported, UndefinedObject
from aurorapy.execute.ddl import constraints as constraint_rows
from aurorapy.execute.ddl.context import CLASS_RELATION, DdlContext
from aurorapy.execute.ddl.defaults import set_default, set_generated
from aurorapy.execute.ddl.relations import (
    TABLE_OPTIONS,
    NewColumn,
    check_options,
    choose_name,
    create_relation,
)
from aurorapy.execute.ddl.sequences import make_sequence, parameters_of
from aurorapy.records import dataclass, field
from aurorapy.sql.statements import ColumnDef, ConstraintDef, CreateTable, ExprText, Name, TypeName

SERIALS = {
    "serial": "int4", "serial4": "int4", "bigserial": "int8", "serial8": "int8", "smallserial": "int2",
    "serial2": "int2",
}  # fmt: skip


@dataclass(slots=True)
class _Plan:
    """What CREATE TABLE collects before it writes the first row."""

    columns: list[NewColumn] = field(default_factory=list)
    definitions: list[ColumnDef] = field(default_factory=list)
    constraints: list[ConstraintDef] = field(default_factory=list)
    serials: dict[int, tuple[str, dict]] = field(default_factory=dict)  # column index → (deptype, options)


def create_table(ctx: DdlContext, statement: CreateTable) -> int | None:
    """Returns the new OID, None when IF NOT EXISTS found one."""
    name = statement.name
    if statement.on_commit and statement.persistence != "t":
        raise DatabaseError("ON COMMIT can only be used on temporary tables", sqlstate="42P16")
    if statement.inherits:
        raise FeatureNotSupported("table inheritance is not supported", hint="Create a plain table instead.")
    schema = ctx.creation_schema(name, temporary=statement.persistence == "t")
    ctx.check_schema_writable(schema, name.name, name.position)
    if statement.if_not_exists and ctx.name_taken(name.name, schema):
        ctx.notice("NOTICE", f'relation "{name.name}" already exists, skipping', sqlstate="42P07")
        return None
    plan = _collect(ctx, statement)
    check_options(statement.options, TABLE_OPTIONS)
    oid = create_relation(
        ctx, name.name, schema, "r", plan.columns, persistence=statement.persistence, options=statement.options
    )
    _attach_serials(ctx, plan, oid, name.name, schema)
    _attach_defaults(ctx, plan, oid)
    constraint_rows.add_all(ctx, ctx.catalog.relation(oid), plan.constraints, creating=True)
    if statement.on_commit:
        ctx.instance.on_commit_rows(ctx.transaction, oid, statement.on_commit)
    return oid


def _collect(ctx: DdlContext, statement: CreateTable) -> _Plan:
    plan = _Plan()
    definitions = list(statement.columns)
    for source, including in statement.like:
        definitions.extend(_like_columns(ctx, source, including, plan))
    for definition in definitions:
        add_column_definition(ctx, plan, definition, statement.name.name)
    plan.constraints.extend(statement.constraints)
    _mark_primary_key(plan)
    return plan


def add_column_definition(ctx: DdlContext, plan: _Plan, definition: ColumnDef, table: str) -> None:
    """Resolves one column: its type, serial or identity, NOT NULL and its constraints in column position."""
    if any(c.name == definition.name for c in plan.columns):
        raise DatabaseError(f'column "{definition.name}" specified more than once', sqlstate="42701")
    written = definition.type
    serial = SERIALS.get(written.name.name) if written.name.schema is None else None
    if serial is not None:
        if definition.default is not None:
            raise DatabaseError(
                f'multiple default values specified for column "{definition.name}" of table "{table}"', sqlstate="42601"
            )
        written = TypeName(Name(None, serial, written.name.position), (), written.dims)
        plan.serials[len(plan.columns)] = ("a", {"type": TypeName(Name(None, serial))})
    type_, typmod = ctx.need_type(written)
    if definition.identity:
        if type_.name not in ("int2", "int4", "int8"):
            raise DatabaseError("identity column type must be smallint, integer, or bigint", sqlstate="22023")
        options = {"type": TypeName(Name(None, type_.name)), **definition.identity_options}
        plan.serials[len(plan.columns)] = ("i", options)
    collation = None
    if definition.collation is not None:
        collation = ctx.catalog.collation_oid(definition.collation.schema, definition.collation.name)
        if collation is None:
            raise UndefinedObject(
                f'collation "{definition.collation}" for encoding "UTF8" does not exist',
                position=definition.collation.position,
            )
    plan.columns.append(
        NewColumn(
            definition.name, type_, typmod,
            not_null=definition.not_null or serial is not None or bool(definition.identity),
            identity=definition.identity, generated="s" if definition.generated else "", collation=collation,
            ndims=written.dims,
            has_default=False,
        )
    )  # fmt: skip
    plan.definitions.append(definition)
    declared = ""
    for constraint in definition.constraints:
        if constraint.kind in ("null", "not null"):
            if declared not in ("", constraint.kind):
                raise DatabaseError(
                    f'conflicting NULL/NOT NULL declarations for column "{definition.name}" of table "{table}"',
                    sqlstate="42601", position=constraint.position,
                )  # fmt: skip
            declared = constraint.kind
        if constraint.kind == "not null":
            plan.columns[-1].not_null = True
        elif constraint.kind != "null":
            if not constraint.columns and constraint.kind != "check":
                constraint.columns = [definition.name]
            elif constraint.kind == "check":
                constraint.columns = [definition.name]
            plan.constraints.append(constraint)


def _like_columns(ctx: DdlContext, source: Name, including: set[str], plan: _Plan) -> list[ColumnDef]:
    relation = ctx.catalog.need_relation(source.schema, source.name, source.position)
    everything = "all" in including
    definitions = []
    for column in relation.live_columns():
        definition = ColumnDef(column.name, None, not_null=column.not_null)
        type_ = ctx.catalog.type_by_oid(column.type_oid)
        definition.type = TypeName(Name(None, type_.name))
        if column.generated and "generated" in including:
            definition.generated = ExprText(column.default)
        elif column.default and not column.generated and (everything or "defaults" in including):
            definition.default = ExprText(column.default)
        if column.identity and "identity" in including:
            definition.identity = column.identity
        if column.collation != type_.collation:
            row = ctx.store.one("pg_collation", oid=column.collation)
            definition.collation = Name(None, row.collname) if row is not None else None
        definitions.append(_Resolved(definition, type_, column.typmod))
    if everything or "constraints" in including:
        for constraint in relation.constraints:
            if constraint.kind == "c":
                plan.constraints.append(ConstraintDef("check", constraint.name, expression=ExprText(constraint.expression)))
    if everything or "indexes" in including:
        plan.constraints.extend(_like_keys(relation))
    return [d.definition for d in definitions]


@dataclass(slots=True)
class _Resolved:
    definition: ColumnDef
    type: object
    typmod: int

    def __post_init__(self) -> None:
        if self.typmod >= 0 and self.type.typmod_out is not None:
            text = self.type.typmod_out(self.typmod)
            self.definition.type.args = tuple(a.strip() for a in text.strip("()").split(","))


def _like_keys(relation: Relation) -> list[ConstraintDef]:
    names = {c.attno: c.name for c in relation.columns}
    kinds = {"p": "primary", "u": "unique"}
    return [
        ConstraintDef(kinds[c.kind], columns=[names[a] for a in c.columns])
        for c in relation.constraints
        if c.kind in kinds
    ]


def _mark_primary_key(plan: _Plan) -> None:
    """Primary-key columns are NOT NULL from the start."""
    primary = [c for c in plan.constraints if c.kind == "primary"]
    by_name = {c.name: c for c in plan.columns}
    for constraint in primary:
        for name in constraint.columns:
            if name in by_name:
                by_name[name].not_null = True


def _attach_serials(ctx: DdlContext, plan: _Plan, table: int, table_name: str, schema: int) -> None:
    for index, (deptype, options) in plan.serials.items():
        column = plan.columns[index]
        attach_sequence(ctx, table, table_name, schema, index + 1, column.name, deptype, options)


def attach_sequence(ctx: DdlContext, table: int, table_name: str, schema: int, attno: int, column: str, deptype: str,
                    options: dict) -> None:  # fmt: skip
    """The sequence behind a serial (deptype a) or identity (i) column; a serial also gets its default."""
    options = dict(options)
    wanted = options.pop("sequence_name", None)
    name = wanted.name if wanted else choose_name(ctx, schema, table_name, column, suffix="seq")
    sequence = make_sequence(ctx, name, schema, parameters_of(ctx, options, None))
    ctx.depend(CLASS_RELATION, sequence, 0, CLASS_RELATION, table, attno, kind=deptype)
    if deptype == "a":
        set_default(ctx, table, attno, f"nextval('{sequence}'::regclass)", sequence=sequence)


def _attach_defaults(ctx: DdlContext, plan: _Plan, table: int) -> None:
    """Defaults first, then generated columns, which may refer to any other column."""
    relation = ctx.catalog.relation(table)
    for attno, definition in enumerate(plan.definitions, 1):
        if definition.default is not None:
            set_default(ctx, table, attno, definition.default, relation=relation)
    for attno, definition in enumerate(plan.definitions, 1):
        if definition.generated is not None:
            set_generated(ctx, table, attno, definition.generated, relation=relation)
