"""Constraint violations of a new row, in PostgreSQL's words, with the row as it would have been."""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, FailingRow, IntegrityError

FIELD_CHARS_MAX = 64


def raise_not_null(ectx: Any, relation: Any, row: tuple, attnos: tuple[int, ...], given: frozenset[int]) -> None:
    """23502 for the first of `attnos` that is NULL. `given`: see FailingRow."""
    for attno in attnos:
        if row[attno - 1] is None:
            name = relation.columns[attno - 1].name
            error = IntegrityError(
                f'null value in column "{name}" of relation "{relation.name}" violates not-null constraint',
                sqlstate="23502", schema=relation.schema, table=relation.name, column=name,
            )  # fmt: skip
            raise _showing(error, ectx, relation, row, given)


def raise_check(ectx: Any, relation: Any, row: tuple, name: str, given: frozenset[int]) -> None:
    error = IntegrityError(
        f'new row for relation "{relation.name}" violates check constraint "{name}"', sqlstate="23514",
        schema=relation.schema, table=relation.name, constraint=name,
    )  # fmt: skip
    raise _showing(error, ectx, relation, row, given)


def _showing(error: DatabaseError, ectx: Any, relation: Any, row: tuple, given: frozenset[int]) -> DatabaseError:
    """`Failing row contains (1, null, abc).`; long values are cut."""
    fields = []
    for column, value in zip(relation.columns, row):
        if column.dropped:
            continue
        text = "null" if value is None else ectx.output(value, column.type_oid)
        fields.append((column.attno, column.name, text if len(text) <= FIELD_CHARS_MAX else text[:FIELD_CHARS_MAX] + "..."))
    error.detail = f"Failing row contains ({', '.join(text for _, _, text in fields)})."
    error.failing_row = FailingRow(fields, given)
    return error
