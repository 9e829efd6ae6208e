"""Constraint violations of a new row, in PostgreSQL's words, with the row as it would have been."""

from __future__ import annotations

from typing import Any

from aurorapy.errors import IntegrityError

FIELD_CHARS_MAX = 64


def describe_row(ectx: Any, relation: Any, row: tuple) -> str:
    """`Failing row contains (1, null, abc).`; long values are cut."""
    fields = []
    for column, value in zip(relation.columns, row):
        if column.dropped:
            continue
        text = "null" if value is None else ectx.output(value, column.type_oid)
        fields.append(text if len(text) <= FIELD_CHARS_MAX else text[:FIELD_CHARS_MAX] + "...")
    return f"Failing row contains ({', '.join(fields)})."


def raise_not_null(ectx: Any, relation: Any, row: tuple, attnos: tuple[int, ...]) -> None:
    """23502 for the first of `attnos` that is NULL."""
    for attno in attnos:
        if row[attno - 1] is None:
            name = relation.columns[attno - 1].name
            raise IntegrityError(
                f'null value in column "{name}" of relation "{relation.name}" violates not-null constraint',
                sqlstate="23502", detail=describe_row(ectx, relation, row), schema=relation.schema,
                table=relation.name, column=name,
            )  # fmt: skip


def raise_check(ectx: Any, relation: Any, row: tuple, name: str) -> None:
    raise IntegrityError(
        f'new row for relation "{relation.name}" violates check constraint "{name}"', sqlstate="23514",
        detail=describe_row(ectx, relation, row), schema=relation.schema, table=relation.name, constraint=name,
    )  # fmt: skip
