"""ALTER TABLE's column actions.

ADD COLUMN with a constant default touches no row: the value is remembered as the column's `missing` value
(pg_attribute.attmissingval). DROP COLUMN only marks the column. A changed type, or a volatile default, rewrites the
table.
"""

from __future__ import annotations

from aurorapy.catalog.model import Column, Relation
from aurorapy.errors import DatabaseError, FeatureNotSupported, UndefinedColumn
from aurorapy.execute.ddl import constraints
from aurorapy.execute.ddl import context as c
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.execute.ddl.create_table import _Plan, add_column_definition, attach_sequence
from aurorapy.execute.ddl.defaults import drop_default, set_default, set_generated
from aurorapy.execute.ddl.drop import drop_objects
from aurorapy.execute.ddl.expressions import bound, canonical_using, columns_used, constant_default, stored_text
from aurorapy.execute.ddl.relations import MAX_COLUMNS, NewColumn, attach_toast, insert_attribute
from aurorapy.execute.ddl.rewrite import rewrite_table
from aurorapy.execute.ddl.sequences import change_sequence, owned_sequences
from aurorapy.sql.statements import AlterAction
from aurorapy.types.names import format_type
from aurorapy.types.values import Array


def need_column(relation: Relation, name: str) -> Column:
    column = relation.by_name.get(name)
    if column is None:
        raise UndefinedColumn(f'column "{name}" of relation "{relation.name}" does not exist')
    return column


def _attribute(ctx: DdlContext, relation: Relation, attno: int):
    return ctx.store.one("pg_attribute", attrelid=relation.oid, attnum=attno)


def add_column(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    definition = action.column
    if definition.name in relation.by_name:
        if action.if_not_exists:
            ctx.notice("NOTICE", f'column "{definition.name}" of relation "{relation.name}" already exists, skipping',
                       sqlstate="42701")  # fmt: skip
            return
        raise DatabaseError(
            f'column "{definition.name}" of relation "{relation.name}" already exists', sqlstate="42701"
        )
    if len(relation.columns) >= MAX_COLUMNS:
        raise DatabaseError(f"tables can have at most {MAX_COLUMNS} columns", sqlstate="54011")
    plan = _Plan()
    add_column_definition(ctx, plan, definition, relation.name)
    column = plan.columns[0]
    attno = len(relation.columns) + 1
    wants_not_null, column.not_null = column.not_null, False
    insert_attribute(ctx, relation.oid, attno, column)
    row = ctx.store.one("pg_class", oid=relation.oid)
    ctx.store.update(row, relnatts=attno)
    if not relation.toast_oid:
        attach_toast(ctx, relation.oid, [column])
    ctx.changed(relation.oid)
    if plan.serials:
        deptype, options = plan.serials[0]
        attach_sequence(ctx, relation.oid, relation.name, relation.schema_oid, attno, column.name, deptype, options)
    if definition.default is not None:
        set_default(ctx, relation.oid, attno, definition.default)
    if definition.generated is not None:
        set_generated(ctx, relation.oid, attno, definition.generated, relation=ctx.catalog.relation(relation.oid))
    _fill_existing_rows(ctx, relation.oid, attno, bool(plan.serials) or definition.generated is not None)
    if wants_not_null:
        constraints.set_not_null(ctx, ctx.catalog.relation(relation.oid), [attno])
    constraints.add_all(ctx, ctx.catalog.relation(relation.oid), plan.constraints, creating=False)


def _fill_existing_rows(ctx: DdlContext, oid: int, attno: int, computed: bool) -> None:
    """Old rows get the default: as a missing value when it is a constant, else by a rewrite."""
    relation = ctx.catalog.relation(oid)
    column = relation.columns[attno - 1]
    if not computed:
        if column.default is None:
            return
        known, value = constant_default(ctx, relation, column)
        if known:
            if value is not None:
                attribute = _attribute(ctx, relation, attno)
                ctx.store.update(attribute, atthasmissing=True, attmissingval=Array.of((value,), column.type_oid))
                ctx.changed(oid)
            return
    rewrite_table(ctx, relation, {attno: None})


def drop_column(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    column = relation.by_name.get(action.name)
    if column is None:
        if action.if_exists:
            ctx.notice("NOTICE", f'column "{action.name}" of relation "{relation.name}" does not exist, skipping')
            return
        raise UndefinedColumn(f'column "{action.name}" of relation "{relation.name}" does not exist')
    drop_objects(ctx, [(c.CLASS_RELATION, relation.oid, column.attno)], action.cascade)


def mark_dropped(ctx: DdlContext, table: int, attno: int) -> None:
    attribute = ctx.store.one("pg_attribute", attrelid=table, attnum=attno)
    ctx.store.update(
        attribute, attname=f"........pg.dropped.{attno}........", attisdropped=True, attnotnull=False, atthasdef=False,
        attidentity="", attgenerated="",
    )  # fmt: skip
    for row in ctx.store.find("pg_statistic", starelid=table):
        if row.staattnum == attno:
            ctx.store.delete(row)
    ctx.changed(table)


def alter_type(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    column = need_column(relation, action.name)
    type_, typmod = ctx.need_type(action.type)
    old_type = ctx.catalog.type_by_oid(column.type_oid)
    _refuse_dependents(ctx, relation, column)
    using = canonical_using(ctx, relation, column, action.expression, type_, typmod)
    if column.default is not None and not column.generated:
        _convert_default(ctx, relation, column, type_)
    attribute = _attribute(ctx, relation, column.attno)
    widening = action.expression is None and old_type is type_ and (typmod == -1 or 0 <= column.typmod <= typmod) and (
        type_.name == "varchar"
    )  # fmt: skip
    ctx.store.update(
        attribute, atttypid=type_.oid, atttypmod=typmod, attlen=type_.length, attbyval=type_.by_value,
        attalign=type_.align, attstorage=type_.toast, attcollation=type_.collation,
        attndims=1 if type_.category == "A" else 0,
    )  # fmt: skip
    if not relation.toast_oid:
        attach_toast(ctx, relation.oid, [NewColumn(column.name, type_)])
    for index in relation.indexes:
        for position, attno in enumerate(index.columns, 1):
            if attno == column.attno:
                row = ctx.store.one("pg_attribute", attrelid=index.oid, attnum=position)
                ctx.store.update(row, atttypid=type_.oid, atttypmod=typmod)
    ctx.changed(relation.oid)
    if not widening:
        rewrite_table(ctx, ctx.catalog.relation(relation.oid), {column.attno: using}, before=relation)


def _convert_default(ctx: DdlContext, relation: Relation, column: Column, type_) -> None:
    text = column.default
    if text.startswith("nextval("):
        return
    try:
        expr = bound(ctx, relation, text, "DEFAULT", (type_.oid, -1), column.name)
    except DatabaseError as error:
        if error.sqlstate != "42804":
            raise
        raise DatabaseError(
            f'default for column "{column.name}" cannot be cast automatically to type {format_type(type_.oid)}',
            sqlstate="42804",
        ) from None  # fmt: skip
    set_default(ctx, relation.oid, column.attno, stored_text(ctx, expr, None))


def _refuse_dependents(ctx: DdlContext, relation: Relation, column: Column) -> None:
    """0A000 while a generated column or a view is computed from the column."""
    for other in relation.live_columns():
        if other.generated and other.default is not None and column.attno in columns_used(
            bound(ctx, relation, other.default, "GENERATED"), relation
        ):  # fmt: skip
            raise FeatureNotSupported(
                "cannot alter type of a column used by a generated column",
                detail=f'Column "{column.name}" is used by generated column "{other.name}".',
            )
    for row in ctx.store.find("pg_depend", refclassid=c.CLASS_RELATION, refobjid=relation.oid, refobjsubid=column.attno):
        if row.classid == c.CLASS_REWRITE:
            rule = ctx.store.one("pg_rewrite", oid=row.objid)
            view = ctx.catalog.visible_name(rule.ev_class)
            raise FeatureNotSupported(
                "cannot alter type of a column used by a view or rule",
                detail=f'rule {rule.rulename} on view {view} depends on column "{column.name}"',
            )


def set_column_default(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    column = need_column(relation, action.name)
    if column.identity:
        raise DatabaseError(f'column "{column.name}" of relation "{relation.name}" is an identity column', sqlstate="42601")
    if column.generated:
        raise DatabaseError(f'column "{column.name}" of relation "{relation.name}" is a generated column', sqlstate="42601")
    set_default(ctx, relation.oid, column.attno, action.expression, relation=relation)


def drop_column_default(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    column = need_column(relation, action.name)
    if column.identity:
        raise DatabaseError(
            f'column "{column.name}" of relation "{relation.name}" is an identity column', sqlstate="42601",
            hint="Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.",
        )  # fmt: skip
    drop_default(ctx, relation.oid, column.attno)


def set_column_not_null(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    constraints.set_not_null(ctx, relation, [need_column(relation, action.name).attno])


def drop_column_not_null(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    column = need_column(relation, action.name)
    if column.identity:
        raise DatabaseError(f'column "{column.name}" of relation "{relation.name}" is an identity column', sqlstate="42601")
    if any(index.primary and column.attno in index.columns for index in relation.indexes):
        raise DatabaseError(f'column "{column.name}" is in a primary key', sqlstate="42P16")
    ctx.store.update(_attribute(ctx, relation, column.attno), attnotnull=False)


def add_identity(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    column = need_column(relation, action.name)
    if not column.not_null:
        raise DatabaseError(
            f'column "{column.name}" of relation "{relation.name}" must be declared NOT NULL before identity can be added',
            sqlstate="55000",
        )
    if column.identity:
        raise DatabaseError(
            f'column "{column.name}" of relation "{relation.name}" is already an identity column', sqlstate="55000"
        )
    if column.default is not None:
        raise DatabaseError(
            f'column "{column.name}" of relation "{relation.name}" already has a default value', sqlstate="55000"
        )
    ctx.store.update(_attribute(ctx, relation, column.attno), attidentity=action.options.get("generated", "d"))
    options = {k: v for k, v in action.options.items() if k != "generated"}
    attach_sequence(ctx, relation.oid, relation.name, relation.schema_oid, column.attno, column.name, "i", options)


def set_identity(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    column = need_column(relation, action.name)
    _need_identity(relation, column)
    options = dict(action.options)
    if "generated" in options:
        ctx.store.update(_attribute(ctx, relation, column.attno), attidentity=options.pop("generated"))
    if options:
        for sequence in owned_sequences(ctx, relation.oid, column.attno):
            change_sequence(ctx, ctx.catalog.relation(sequence), options)


def drop_identity(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    column = need_column(relation, action.name)
    if not column.identity and action.if_exists:
        ctx.notice("NOTICE", f'column "{column.name}" of relation "{relation.name}" is not an identity column, skipping')
        return
    _need_identity(relation, column)
    ctx.store.update(_attribute(ctx, relation, column.attno), attidentity="")
    for sequence in owned_sequences(ctx, relation.oid, column.attno):
        for row in ctx.store.find("pg_depend", classid=c.CLASS_RELATION, objid=sequence):
            if row.deptype == "i":
                ctx.store.delete(row)
        drop_objects(ctx, [(c.CLASS_RELATION, sequence, 0)], cascade=True)


def _need_identity(relation: Relation, column: Column) -> None:
    if not column.identity:
        raise DatabaseError(
            f'column "{column.name}" of relation "{relation.name}" is not an identity column', sqlstate="55000"
        )


def drop_expression(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    column = need_column(relation, action.name)
    if not column.generated:
        if action.if_exists:
            return
        raise DatabaseError(
            f'column "{column.name}" of relation "{relation.name}" is not a stored generated column', sqlstate="55000"
        )
    drop_default(ctx, relation.oid, column.attno)
    ctx.store.update(_attribute(ctx, relation, column.attno), attgenerated="")


def set_statistics(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    column = need_column(relation, action.name)
    ctx.store.update(_attribute(ctx, relation, column.attno), attstattarget=int(action.options["value"]))


_STORAGE = {"plain": "p", "external": "e", "extended": "x", "main": "m"}


def set_storage(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    column = need_column(relation, action.name)
    letter = _STORAGE.get(str(action.options["value"]).lower())
    if letter is None:
        raise DatabaseError(f'invalid storage type "{action.options["value"]}"', sqlstate="22023")
    type_ = ctx.catalog.type_by_oid(column.type_oid)
    if letter != "p" and type_.toast == "p":
        shown = ctx.catalog.format_type(type_.oid)
        raise DatabaseError(f"column data type {shown} can only have storage PLAIN", sqlstate="0A000")
    ctx.store.update(_attribute(ctx, relation, column.attno), attstorage=letter)


def set_column_options(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    """SET (n_distinct = …) and RESET."""
    attribute = _attribute(ctx, relation, need_column(relation, action.name).attno)
    options = dict(item.split("=", 1) for item in (attribute.attoptions.items if attribute.attoptions else ()))
    for name, value in action.options.items():
        if name not in ("n_distinct", "n_distinct_inherited"):
            raise DatabaseError(f'unrecognized parameter "{name}"', sqlstate="22023")
        if action.kind.startswith("reset"):
            options.pop(name, None)
        else:
            options[name] = str(value)
    ctx.store.update(attribute, attoptions=Array.of([f"{k}={v}" for k, v in options.items()], 25) if options else None)
