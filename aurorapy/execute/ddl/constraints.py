"""Table constraints: PRIMARY KEY, UNIQUE, CHECK, NOT NULL; FOREIGN KEY as definition.

`add_all` serves CREATE TABLE and ALTER TABLE ADD. Names are chosen as PostgreSQL does: t_pkey, t_a_b_key, t_a_check,
t_a_fkey, numbered when taken. Adding to a table with rows checks them: 23505, 23514, 23502.
"""

from __future__ import annotations

from aurorapy.catalog.model import Relation
from aurorapy.errors import DatabaseError, FeatureNotSupported, IntegrityError
from aurorapy.execute.ddl.context import CLASS_CONSTRAINT, CLASS_RELATION, DdlContext
from aurorapy.execute.ddl.expressions import canonical_check, check_rows
from aurorapy.execute.ddl.indexes import IndexSpec, build_index, need_opclass
from aurorapy.execute.ddl.relations import SYSTEM_COLUMNS, choose_name, make_object_name
from aurorapy.sql.statements import ConstraintDef
from aurorapy.types.builtin import BY_NAME
from aurorapy.types.values import Array


def add_all(ctx: DdlContext, relation: Relation, definitions: list[ConstraintDef], *, creating: bool) -> None:
    """Checks first (their names are taken first), then keys, then foreign keys."""
    if sum(d.kind == "primary" for d in definitions) > 1 or (
        any(d.kind == "primary" for d in definitions) and any(i.primary for i in relation.indexes)
    ):
        again = [d for d in definitions if d.kind == "primary"][-1]
        raise DatabaseError(f'multiple primary keys for table "{relation.name}" are not allowed', sqlstate="42P16",
                            position=again.position if creating else 0)  # fmt: skip
    for definition in definitions:
        if definition.kind == "check":
            add_check(ctx, relation, definition, validate=not creating and not definition.not_valid)
    for kind in ("primary", "unique"):
        for definition in definitions:
            if definition.kind == kind:
                add_key(ctx, relation, definition, creating=creating)
    for definition in definitions:
        if definition.kind == "foreign":
            add_foreign(ctx, relation, definition)


def add_check(ctx: DdlContext, relation: Relation, definition: ConstraintDef, *, validate: bool) -> int:
    text, attnos = canonical_check(ctx, relation, definition.expression)
    name = definition.name
    if name is None:
        column = relation.columns[attnos[0] - 1].name if len(attnos) == 1 else ""
        name = _free_constraint_name(ctx, relation, (relation.name, column), "check")
    else:
        _need_free_name(ctx, relation, name)
    if validate:
        check_rows(ctx, relation, name, text)
    oid = _insert(ctx, relation, name, "c", attnos, conbin=text, connoinherit=definition.no_inherit,
                  convalidated=not definition.not_valid)  # fmt: skip
    row = ctx.store.one("pg_class", oid=relation.oid)
    ctx.store.update(row, relchecks=row.relchecks + 1)
    ctx.changed(relation.oid)
    return oid


def add_key(ctx: DdlContext, relation: Relation, definition: ConstraintDef, *, creating: bool) -> int:
    """PRIMARY KEY or UNIQUE: a unique index and the constraint that owns it."""
    primary = definition.kind == "primary"
    if definition.deferrable:
        raise FeatureNotSupported("deferrable unique constraints are not supported")
    _check_key(relation, definition, creating)
    attnos = [relation.by_name[name].attno for name in definition.columns]
    if primary:
        set_not_null(ctx, relation, attnos)
    name = definition.name
    if name is None:
        parts = (relation.name,) if primary else (relation.name, "_".join(definition.columns))
        name = choose_name(ctx, relation.schema_oid, *parts, suffix="pkey" if primary else "key")
    elif ctx.name_taken(name, relation.schema_oid):
        raise DatabaseError(f'relation "{name}" already exists', sqlstate="42P07")
    include = [relation.by_name[column].attno for column in definition.include]
    index = build_index(
        ctx, relation,
        IndexSpec(name, tuple(attnos), tuple(include), unique=True, primary=primary,
                  nulls_not_distinct=definition.nulls_not_distinct, options=definition.options, constraint=True),
    )  # fmt: skip
    oid = _insert(ctx, relation, name, "p" if primary else "u", attnos, conindid=index)
    for attno in include:
        ctx.depend(CLASS_CONSTRAINT, oid, 0, CLASS_RELATION, relation.oid, attno, kind="a")
    ctx.depend(CLASS_RELATION, index, 0, CLASS_CONSTRAINT, oid, kind="i")
    ctx.changed(relation.oid)
    return oid


def add_foreign(ctx: DdlContext, relation: Relation, definition: ConstraintDef) -> int:
    raise FeatureNotSupported(
        "foreign keys are not supported yet", hint="Leave the REFERENCES clause out; the application must keep it true."
    )


def set_not_null(ctx: DdlContext, relation: Relation, attnos: list[int]) -> None:
    """Marks columns NOT NULL, after looking at the rows that are there."""
    missing = [a for a in attnos if not ctx.store.one("pg_attribute", attrelid=relation.oid, attnum=a).attnotnull]
    if not missing:
        return
    _check_no_nulls(ctx, relation, missing)
    for attno in missing:
        ctx.store.update(ctx.store.one("pg_attribute", attrelid=relation.oid, attnum=attno), attnotnull=True)
    ctx.changed(relation.oid)


def _check_no_nulls(ctx: DdlContext, relation: Relation, attnos: list[int]) -> None:
    table = ctx.instance.table(relation)
    for page in table.scan(ctx.transaction.fresh_snapshot(), tuple(attnos)):
        ctx.give_way()
        for row in page:
            if None in row:
                column = relation.columns[attnos[row.index(None)] - 1].name
                raise IntegrityError(
                    f'column "{column}" of relation "{relation.name}" contains null values', sqlstate="23502",
                    schema=relation.schema, table=relation.name, column=column,
                )  # fmt: skip


def _insert(ctx: DdlContext, relation: Relation, name: str, kind: str, attnos: list[int], **more) -> int:
    oid = ctx.new_oid()
    values = dict(
        oid=oid, conname=name, connamespace=relation.schema_oid, contype=kind, convalidated=True,
        conrelid=relation.oid, conislocal=True, connoinherit=kind in "pu", conkey=Array.of(attnos, 21) if attnos else None,
        confupdtype=" ", confdeltype=" ", confmatchtype=" ",
    )  # fmt: skip
    values.update(more)
    ctx.store.insert("pg_constraint", **values)
    for attno in attnos:
        ctx.depend(CLASS_CONSTRAINT, oid, 0, CLASS_RELATION, relation.oid, attno, kind="a")
    if not attnos:
        ctx.depend(CLASS_CONSTRAINT, oid, 0, CLASS_RELATION, relation.oid, kind="a")
    return oid


def _check_key(relation: Relation, definition: ConstraintDef, creating: bool) -> None:
    """42703, 42701, 0A000 for columns that make no key. CREATE TABLE meets a missing one where it reads the constraint and
    knows its place; ALTER TABLE when it makes the index, or NOT NULL for a primary key."""
    what = "primary key" if definition.kind == "primary" else "unique"
    known = {*relation.by_name, *SYSTEM_COLUMNS}
    for number, name in enumerate(definition.columns):
        if creating and name not in known:
            raise _not_in_key(name, definition.position)
        if name in definition.columns[:number]:
            raise DatabaseError(f'column "{name}" appears twice in {what} constraint', sqlstate="42701",
                                position=definition.position)  # fmt: skip
    for name in definition.columns if definition.kind == "primary" else ():
        if name not in known:
            raise DatabaseError(f'column "{name}" of relation "{relation.name}" does not exist', sqlstate="42703")
        if name not in relation.by_name:
            raise FeatureNotSupported(f'cannot alter system column "{name}"')
    for name in (*definition.columns, *definition.include):
        if name not in known:
            raise _not_in_key(name, definition.position if creating else 0)
    for name in definition.columns:
        if name not in relation.by_name:
            need_opclass(BY_NAME[SYSTEM_COLUMNS[name]])
    if not relation.by_name.keys() >= {*definition.columns, *definition.include}:
        raise FeatureNotSupported("index creation on system columns is not supported")


def _not_in_key(name: str, position: int) -> DatabaseError:
    return DatabaseError(f'column "{name}" named in key does not exist', sqlstate="42703", position=position)


def _constraint_named(ctx: DdlContext, relation: Relation, name: str):
    return ctx.store.one("pg_constraint", conrelid=relation.oid, contypid=0, conname=name)


def _need_free_name(ctx: DdlContext, relation: Relation, name: str) -> None:
    if _constraint_named(ctx, relation, name) is not None:
        raise DatabaseError(f'constraint "{name}" for relation "{relation.name}" already exists', sqlstate="42710")


def _free_constraint_name(ctx: DdlContext, relation: Relation, parts: tuple[str, ...], suffix: str) -> str:
    number = 0
    while True:
        name = make_object_name(parts, suffix if number == 0 else f"{suffix}{number}")
        if _constraint_named(ctx, relation, name) is None:
            return name
        number += 1
