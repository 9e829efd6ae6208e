"""Rewriting a table: its rows, converted, into new storage; its indexes built anew. The old storage goes at commit.

    rewrite_table(ctx, relation, {2: expr})          column 2 becomes expr over the old row
    rewrite_table(ctx, relation, {3: None})          column 3 becomes its default (or is computed)

A reader with an old snapshot keeps the old pg_class row and with it the old storage. Generated columns that depend on a
changed one are computed again; NOT NULL and CHECK hold for every new row.

Errors: whatever the expressions raise; 23502, 23514, 23505.

Not here: where the rows lie (`access`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.catalog.model import Relation
from aurorapy.errors import IntegrityError
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.execute.ddl.expressions import bound, column_value, compiled
from aurorapy.execute.ddl.truncate import empty
from aurorapy.expressions import nodes as n


def rewrite_table(ctx: DdlContext, relation: Relation, changes: dict[int, n.Expr | None],
                  before: Relation | None = None) -> None:  # fmt: skip
    """`relation`: as it is now; `before`: as the rows were written, when column types differ."""
    before = before or relation
    source = ctx.instance.table(before)
    convert = _converter(ctx, relation, before, changes)
    snapshot = ctx.transaction.fresh_snapshot()
    columns = tuple(c.attno for c in before.columns)
    pages = source.scan(snapshot, columns)
    empty(ctx, relation)
    target = ctx.instance.table(_without_indexes(ctx.catalog.relation(relation.oid)))
    for page in pages:
        ctx.give_way()
        target.insert_many(ctx.transaction, [convert(row) for row in page])
    ctx.transaction.next_command()
    for index in relation.indexes:
        ctx.build_index(relation.oid, index.oid)
    ctx.changed(relation.oid)


def _without_indexes(relation: Relation) -> Relation:
    """The same table seen without indexes: they are built afterwards, sorted."""
    from aurorapy.records import replace

    return replace(relation, indexes=[])


def _converter(ctx: DdlContext, relation: Relation, before: Relation, changes: dict[int, n.Expr | None]) -> Callable:
    places = {c.attno: c.attno - 1 for c in relation.columns}
    exprs: list[n.Expr] = []
    for column in relation.columns:
        change = changes.get(column.attno)
        if column.dropped:
            exprs.append(n.Const(25))
        elif change is not None:
            exprs.append(change)
        elif column.attno in changes and not column.generated:
            exprs.append(column_value(ctx, relation, column))
        else:
            old = before.columns[column.attno - 1] if column.attno <= len(before.columns) else column
            exprs.append(n.Column(old.type_oid, old.typmod, 0, 0, column.attno, 0, column.name, old.collation))
    first = compiled(ctx, exprs, places)
    generated = [c for c in relation.columns if c.generated and not c.dropped]
    second = compiled(ctx, [column_value(ctx, relation, c) for c in generated], places) if generated else None
    verify = _verifier(ctx, relation, places)

    def convert(row: tuple) -> tuple:
        values = first(ctx.eval, (), row)
        if second is not None:
            complete = list(values)
            for column, value in zip(generated, second(ctx.eval, (), values)):
                complete[column.attno - 1] = value
            values = tuple(complete)
        verify(values)
        return values

    return convert


def _verifier(ctx: DdlContext, relation: Relation, places: dict[int, int]) -> Callable[[tuple], None]:
    required = [c for c in relation.columns if c.not_null and not c.dropped]
    checks = [k for k in relation.constraints if k.kind == "c" and k.validated]
    holds = compiled(ctx, [bound(ctx, relation, k.expression, "CHECK") for k in checks], places) if checks else None

    def verify(values: tuple) -> None:
        for column in required:
            if values[column.attno - 1] is None:
                raise _violation(relation, f'column "{column.name}" of relation "{relation.name}" contains null values',
                                 "23502", column=column.name)  # fmt: skip
        if holds is not None:
            for check, held in zip(checks, holds(ctx.eval, (), values)):
                if held is False:
                    raise _violation(
                        relation, f'check constraint "{check.name}" of relation "{relation.name}" is violated by some row',
                        "23514", constraint=check.name,
                    )  # fmt: skip

    return verify


def _violation(relation: Relation, message: str, sqlstate: str, **fields: Any) -> IntegrityError:
    return IntegrityError(message, sqlstate=sqlstate, schema=relation.schema, table=relation.name, **fields)
