"""Every literal of the golden tables reads, shows and fails here as it did in PostgreSQL 15."""

from __future__ import annotations

import pytest

from aurorapy.errors import DatabaseError
from aurorapy.types.builtin import TYPES
from aurorapy.types.model import TypeContext
from aurorapy.types.names import resolve
from tests.types import golden
from tests.types.cases import FAMILIES


def context(settings: str) -> TypeContext:
    ctx = TypeContext()
    for setting in filter(None, settings.split(";")):
        key, _, value = setting.partition("=")
        if key == "DateStyle":
            ctx.date_style, ctx.date_order = value.split(", ")
        elif key == "TimeZone":
            ctx.time_zone = value
        elif key == "IntervalStyle":
            ctx.interval_style = value
        elif key == "extra_float_digits":
            ctx.extra_float_digits = int(value)
        elif key == "bytea_output":
            ctx.bytea_output = value
        else:
            raise AssertionError(f"unknown setting {key}")
    return ctx


def answer(type_name: str, literal: str, ctx: TypeContext) -> golden.Answer:
    oid, typmod = resolve(type_name)
    data_type = TYPES[oid]
    try:
        value = data_type.input(literal, typmod, ctx)
    except DatabaseError as error:
        return golden.Answer(error.sqlstate, (error.message, error.detail or "", error.hint or "", error.where or ""))
    data = data_type.send(value, ctx)
    again = data_type.receive(data, typmod, ctx)
    assert data_type.send(again, ctx) == data and data_type.output(again, ctx) == data_type.output(value, ctx)
    return golden.Answer("ok", (data_type.output(value, ctx), data.hex()))


@pytest.mark.parametrize("family", FAMILIES)
def test_family_answers_as_postgresql(family: str) -> None:
    wrong = []
    rows = golden.read(family)
    contexts: dict[str, TypeContext] = {}
    for type_name, settings, literal, expected in rows:
        ctx = contexts.setdefault(settings, context(settings))
        try:
            got = answer(type_name, literal, ctx)
        except Exception as error:  # a crash is one more wrong answer, with its literal
            got = golden.Answer("crash", (repr(error),))
        if got != expected:
            wrong.append(f"{type_name} {settings} {literal!r}\n  expected {expected}\n  got      {got}")
    assert not wrong, f"{len(wrong)} of {len(rows)} differ:\n" + "\n".join(wrong[:400])
