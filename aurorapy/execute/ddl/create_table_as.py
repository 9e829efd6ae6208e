"""CREATE TABLE AS: a table in the shape of a query's result, filled with its rows.

    CREATE TABLE t (x) AS SELECT a, b FROM s      columns x, b; tag SELECT n

Errors: 42601 too many column names, 42P16 a column of a pseudo-type, and those of CREATE TABLE and of the query.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from aurorapy.errors import DatabaseError, SyntaxError
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.execute.ddl.relations import TABLE_OPTIONS, NewColumn, check_options, create_relation
from aurorapy.execute.executable import compile_plan
from aurorapy.expressions import nodes as n
from aurorapy.ids import C_COLLATION, DEFAULT_COLLATION, FIRST_NORMAL_OID
from aurorapy.sql.bind import bind
from aurorapy.sql.plan import plan
from aurorapy.sql.statements import CreateTable, QueryStatement
from aurorapy.sql.tree import Query
from aurorapy.types.builtin import BY_NAME

UNKNOWN = 705
BATCH_ROWS = 200


def create_table_as(ctx: DdlContext, statement: CreateTable) -> str:
    """Returns the command tag."""
    name = statement.name
    schema = ctx.creation_schema(name, temporary=statement.persistence == "t")
    ctx.check_schema_writable(schema, name.name)
    if ctx.name_taken(name.name, schema):
        if not statement.if_not_exists:
            raise DatabaseError(f'relation "{name.name}" already exists', sqlstate="42P07")
        ctx.notice("NOTICE", f'relation "{name.name}" already exists, skipping', sqlstate="42P07")
        return "CREATE TABLE AS"
    check_options(statement.options, TABLE_OPTIONS)
    query = bind_locked(ctx, statement.query)
    columns = result_columns(ctx, query, statement.column_names, "too many column names were specified")
    executable = compile_plan(plan(query, ctx.catalog, ctx.settings))
    for oid, mode in executable.locks:
        ctx.lock(oid, mode)
    oid = create_relation(ctx, name.name, schema, "r", columns, persistence=statement.persistence,
                          options=statement.options)  # fmt: skip
    if not statement.with_data:
        return "CREATE TABLE AS"
    return f"SELECT {_fill(ctx, executable, oid)}"


def bind_locked(ctx: DdlContext, statement: QueryStatement) -> Query:
    """The query bound, with a lock on everything it names, so that nothing of it can go before the transaction ends."""
    while True:
        version = ctx.catalog.version
        query = bind(statement, ctx.catalog, (), ctx.eval.type_context, fixed_params=True)
        for oid in sorted(query.relation_oids):
            if oid >= FIRST_NORMAL_OID:
                ctx.lock(oid, "ACCESS SHARE")
        if ctx.catalog.version == version:
            return query


def result_columns(ctx: DdlContext, query: Query, names: list[str], too_many: str) -> list[NewColumn]:
    """A column for each output of the query, under `names` as far as they go."""
    targets = [t for t in (query.targets if query.kind in ("select", "values") else query.returning) if not t.junk]
    if len(names) > len(targets):
        raise SyntaxError(too_many)
    columns = []
    for place, target in enumerate(targets):
        name = names[place] if place < len(names) else target.name
        type_ = BY_NAME["text"] if target.expr.type_oid == UNKNOWN else ctx.catalog.type_by_oid(target.expr.type_oid)
        if type_.kind == "p" and type_.name != "record":
            raise DatabaseError(f'column "{name}" has pseudo-type {type_.name}', sqlstate="42P16")
        if type_.name == "record":
            raise DatabaseError(f'column "{name}" has pseudo-type record', sqlstate="42P16")
        columns.append(NewColumn(name, type_, target.expr.typmod, collation=_collation(target.expr, type_), ndims=0))
    return columns


def _collation(expr: n.Expr, type_: Any) -> int:
    """The expression's: that of the first column in it which has another than its type's own."""
    if not type_.collation:
        return 0
    for part in n.walk(expr):
        if isinstance(part, n.Relabel) and part.form == "collate":
            return C_COLLATION
        if isinstance(part, n.Column) and part.collation not in (0, DEFAULT_COLLATION):
            return part.collation
    return type_.collation


def _fill(ctx: DdlContext, executable: Any, oid: int) -> int:
    transaction = ctx.transaction
    table = ctx.instance.table(ctx.catalog.relation(oid))
    snapshot = transaction.snapshot()
    count = 0
    try:
        rows = iter(executable.run(ctx.exec_context(transaction, snapshot, ())))
        while batch := [tuple(row) for row in islice(rows, BATCH_ROWS)]:
            table.insert_many(transaction, batch)
            count += len(batch)
            ctx.give_way()
    finally:
        transaction.release_snapshot(snapshot)
    return count
