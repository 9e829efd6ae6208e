"""ALTER TABLE (and INDEX, SEQUENCE, VIEW where the action fits): one function an action, in one table.

Actions run in the order written, under ACCESS EXCLUSIVE (less where PostgreSQL takes less). What needs the rows changed
rewrites the table into new storage (`rewrite`), so a reader's old snapshot keeps the old rows.

Errors: 42P01 no such relation, 42703 no such column, 42701 column exists, 42704 no such constraint, ...
"""

from __future__ import annotations

from typing import Callable

from aurorapy.catalog.model import Relation
from aurorapy.catalog.seed import array_type_name
from aurorapy.errors import DatabaseError, FeatureNotSupported, InsufficientPrivilege, UndefinedColumn, UndefinedObject
from aurorapy.execute.ddl import alter_columns, constraints
from aurorapy.execute.ddl import context as c
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.execute.ddl.drop import drop_objects
from aurorapy.execute.ddl.expressions import check_rows, rename_in_expressions
from aurorapy.execute.ddl.relations import TABLE_OPTIONS, check_options, options_array
from aurorapy.execute.ddl.sequences import owned_sequences
from aurorapy.execute.ddl.views import ViewTexts
from aurorapy.sql.statements import AlterAction, AlterTable

SELF = ("current_user", "session_user", "current_role")
_KINDS = {"table": "r", "index": "i", "sequence": "S", "view": "v"}


def alter_table(ctx: DdlContext, statement: AlterTable) -> None:
    name = statement.name

    def check(relation: Relation) -> None:
        _check_kind(statement, relation)
        ctx.need_owner(relation)
        if relation.is_catalog:
            raise InsufficientPrivilege(f'permission denied: "{relation.name}" is a system catalog')

    relation = ctx.locked(name, "ACCESS EXCLUSIVE", check)
    if relation is None:
        if statement.if_exists:
            ctx.notice("NOTICE", f'relation "{name.name}" does not exist, skipping')
            return
        relation = ctx.catalog.need_relation(name.schema, name.name)
    for action in statement.actions:
        handler = _ACTIONS.get(action.kind)
        if handler is None:
            raise FeatureNotSupported(f"ALTER {statement.object_kind.upper()} {action.kind.upper()} is not supported")
        handler(ctx, ctx.catalog.relation(relation.oid), action)
        ctx.changed(relation.oid)


def _check_kind(statement: AlterTable, relation: Relation) -> None:
    wanted = _KINDS.get(statement.object_kind)
    renames = all(a.kind in ("rename", "owner", "set schema", "rename column") for a in statement.actions)
    if wanted is None or relation.kind == wanted or (statement.object_kind == "table" and renames):
        return
    if statement.object_kind == "table" and relation.kind == "v" and all("default" in a.kind for a in statement.actions):
        return
    article = "an" if statement.object_kind == "index" else "a"
    raise DatabaseError(f'"{relation.name}" is not {article} {statement.object_kind}', sqlstate="42809")


# -- constraints -------------------------------------------------------------------------------------------------------
def _add_constraint(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    definition = action.constraint
    if definition.using_index:
        raise FeatureNotSupported("ADD CONSTRAINT ... USING INDEX is not supported")
    constraints.add_all(ctx, relation, [definition], creating=False)


def _find_constraint(relation: Relation, name: str):
    return next((k for k in relation.constraints if k.name == name), None)


def _drop_constraint(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    found = _find_constraint(relation, action.name)
    if found is None:
        if action.if_exists:
            ctx.notice("NOTICE", f'constraint "{action.name}" of relation "{relation.name}" does not exist, skipping')
            return
        raise UndefinedObject(f'constraint "{action.name}" of relation "{relation.name}" does not exist')
    drop_objects(ctx, [(c.CLASS_CONSTRAINT, found.oid, 0)], action.cascade)


def _validate_constraint(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    found = _find_constraint(relation, action.name)
    if found is None:
        raise UndefinedObject(f'constraint "{action.name}" of relation "{relation.name}" does not exist')
    if not found.validated and found.kind == "c":
        check_rows(ctx, relation, found.name, found.expression)
        ctx.store.update(ctx.store.one("pg_constraint", oid=found.oid), convalidated=True)


def _rename_constraint(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    found = _find_constraint(relation, action.name)
    if found is None:
        raise UndefinedObject(f'constraint "{action.name}" for table "{relation.name}" does not exist')
    if _find_constraint(relation, action.new_name) is not None:
        raise DatabaseError(
            f'constraint "{action.new_name}" for relation "{relation.name}" already exists', sqlstate="42710"
        )
    ctx.store.update(ctx.store.one("pg_constraint", oid=found.oid), conname=action.new_name)
    if found.index_oid and found.kind in "pu":
        _rename_row(ctx, found.index_oid, action.new_name, relation.schema_oid)


# -- the relation itself -----------------------------------------------------------------------------------------------
def _rename_row(ctx: DdlContext, oid: int, new_name: str, schema: int) -> None:
    if ctx.name_taken(new_name, schema):
        raise DatabaseError(f'relation "{new_name}" already exists', sqlstate="42P07")
    row = ctx.store.one("pg_class", oid=oid)
    ctx.store.update(row, relname=new_name)
    if row.reltype:
        row_type = ctx.store.one("pg_type", oid=row.reltype)
        ctx.store.update(row_type, typname=new_name)
        if row_type.typarray:
            ctx.store.update(ctx.store.one("pg_type", oid=row_type.typarray), typname=array_type_name(new_name))
    ctx.changed(oid)


def _rename(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    texts = ViewTexts(ctx, [relation.oid])
    _rename_row(ctx, relation.oid, action.new_name, relation.schema_oid)
    texts.write()
    if relation.kind == "i":
        index = ctx.catalog.index(relation.oid)
        ctx.changed(index.table_oid)
        if index.constraint_oid:
            ctx.store.update(ctx.store.one("pg_constraint", oid=index.constraint_oid), conname=action.new_name)


def _rename_column(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    column = relation.by_name.get(action.name)
    if column is None:
        raise UndefinedColumn(f'column "{action.name}" does not exist')
    if action.new_name in relation.by_name:
        raise DatabaseError(
            f'column "{action.new_name}" of relation "{relation.name}" already exists', sqlstate="42701"
        )
    texts = ViewTexts(ctx, [relation.oid])
    if relation.kind == "r":
        rename_in_expressions(ctx, relation, column.name, action.new_name)
    ctx.store.update(ctx.store.one("pg_attribute", attrelid=relation.oid, attnum=column.attno), attname=action.new_name)
    for index in relation.indexes:
        for position, attno in enumerate(index.columns, 1):
            if attno == column.attno:
                row = ctx.store.one("pg_attribute", attrelid=index.oid, attnum=position)
                if row.attname == column.name:
                    ctx.store.update(row, attname=action.new_name)
    ctx.changed(relation.oid)
    texts.write()


def _set_schema(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    schema = ctx.need_schema(action.new_name)
    if schema == relation.schema_oid:
        return
    texts = ViewTexts(ctx, [relation.oid])
    for oid in (relation.oid, *(i.oid for i in relation.indexes)):
        row = ctx.store.one("pg_class", oid=oid)
        if ctx.name_taken(row.relname, schema):
            raise DatabaseError(
                f'relation "{row.relname}" already exists in schema "{action.new_name}"', sqlstate="42P07"
            )
        ctx.store.update(row, relnamespace=schema)
        if row.reltype:
            ctx.store.update(ctx.store.one("pg_type", oid=row.reltype), typnamespace=schema)
        ctx.changed(oid)
    for row in ctx.store.find("pg_constraint", conrelid=relation.oid):
        ctx.store.update(row, connamespace=schema)
    for row in ctx.store.find("pg_depend", classid=c.CLASS_RELATION, objid=relation.oid):
        if row.refclassid == c.CLASS_NAMESPACE:
            ctx.store.update(row, refobjid=schema)
    for sequence in owned_sequences(ctx, relation.oid):
        _set_schema(ctx, ctx.catalog.relation(sequence), action)
    texts.write()


def role_meant(ctx: DdlContext, name: str) -> int:
    """The role's OID, CURRENT_USER and its like included. Raises 42704."""
    role = ctx.user if name in SELF else ctx.catalog.role_oid(name)
    if role is None:
        raise UndefinedObject(f'role "{name}" does not exist')
    return role


def _owner(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    role = role_meant(ctx, action.new_name)
    for oid in (relation.oid, *(i.oid for i in relation.indexes)):
        ctx.store.update(ctx.store.one("pg_class", oid=oid), relowner=role)
        ctx.changed(oid)


def _set_options(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    options = dict(option.partition("=")[::2] for option in relation.options)
    options.update(check_options({k: str(v) for k, v in action.options.items()}, TABLE_OPTIONS))
    ctx.store.update(ctx.store.one("pg_class", oid=relation.oid), reloptions=options_array(options))


def _reset_options(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    options = dict(option.partition("=")[::2] for option in relation.options)
    for name in action.options:
        options.pop(name, None)
    ctx.store.update(ctx.store.one("pg_class", oid=relation.oid), reloptions=options_array(options))


def _set_persistence(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    """SET LOGGED and UNLOGGED: a word only, all tables are logged."""
    letter = "p" if action.kind == "set logged" else "u"
    for oid in (relation.oid, *(i.oid for i in relation.indexes), *owned_sequences(ctx, relation.oid)):
        ctx.store.update(ctx.store.one("pg_class", oid=oid), relpersistence=letter)
        ctx.changed(oid)


def _nothing(ctx: DdlContext, relation: Relation, action: AlterAction) -> None:
    """Accepted because it changes nothing here: CLUSTER ON, REPLICA IDENTITY, ENABLE/DISABLE TRIGGER."""


_ACTIONS: dict[str, Callable[[DdlContext, Relation, AlterAction], None]] = {
    "add column": alter_columns.add_column,
    "drop column": alter_columns.drop_column,
    "alter type": alter_columns.alter_type,
    "set default": alter_columns.set_column_default,
    "drop default": alter_columns.drop_column_default,
    "set not null": alter_columns.set_column_not_null,
    "drop not null": alter_columns.drop_column_not_null,
    "add identity": alter_columns.add_identity,
    "set identity": alter_columns.set_identity,
    "drop identity": alter_columns.drop_identity,
    "drop expression": alter_columns.drop_expression,
    "set statistics": alter_columns.set_statistics,
    "set storage": alter_columns.set_storage,
    "set compression": _nothing,
    "set column options": alter_columns.set_column_options,
    "reset column options": alter_columns.set_column_options,
    "add constraint": _add_constraint,
    "drop constraint": _drop_constraint,
    "validate constraint": _validate_constraint,
    "rename constraint": _rename_constraint,
    "rename column": _rename_column,
    "rename": _rename,
    "set schema": _set_schema,
    "owner": _owner,
    "set options": _set_options,
    "reset options": _reset_options,
    "set logged": _set_persistence,
    "set unlogged": _set_persistence,
    "cluster on": _nothing,
    "set without cluster": _nothing,
    "set without oids": _nothing,
    "set tablespace": _nothing,
    "replica identity": _nothing,
    "enable trigger": _nothing,
    "disable trigger": _nothing,
    "no force row level security": _nothing,
    "disable row level security": _nothing,
}
