"""Every golden expression through parse, bind, compile and evaluate gives PostgreSQL's value, type or error."""

from __future__ import annotations

import pytest

from aurorapy.errors import DatabaseError, InternalError
from aurorapy.expressions.compile import evaluator
from aurorapy.expressions.context import EvalContext
from aurorapy.sql.bind import bind_expression
from aurorapy.types.model import TypeContext
from aurorapy.types.names import format_type
from tests.expressions import golden
from tests.sql.fake_catalog import FakeCatalog

TABLES = sorted({p.stem for p in golden.FOLDER.glob("*.tsv")} - {"sets", "aggregates"})


class TypeNames:
    """Just enough of a TypeCatalog to show a regtype, and that no other type than those built in exists."""

    def type_by_oid(self, oid: int) -> None:
        raise InternalError(f"cache lookup failed for type {oid}")

    def reg_out(self, kind: str, oid: int) -> str:
        return format_type(oid)


class World:
    def __init__(self) -> None:
        self.catalog = FakeCatalog()
        self.types = TypeContext(time_zone="Europe/Berlin", catalog=TypeNames())
        self.ctx = EvalContext(type_context=self.types, catalog=self.catalog)

    def evaluate(self, expression: str) -> golden.Answer:
        try:
            expr = bind_expression(expression, None, self.catalog, context=self.types)
            value = evaluator([expr])(self.ctx)[0]
            text = None if value is None else self.ctx.type_of(expr.type_oid).output(value, self.types)
            return golden.Answer(expr.type_oid, text)
        except DatabaseError as error:
            return golden.Answer(0, error.message, error.sqlstate)
        except Exception as error:
            return golden.Answer(0, f"{type(error).__name__}: {error}", "crash")


def differences(name: str) -> list[str]:
    world = World()
    found = []
    for expression, wanted in golden.read(name):
        got = world.evaluate(expression)
        if got != wanted:
            found.append(f"{expression}\n   PostgreSQL {wanted.type_oid} {wanted.sqlstate} {wanted.text!r}\n"
                         f"   aurorapy   {got.type_oid} {got.sqlstate} {got.text!r}")  # fmt: skip
    return found


@pytest.mark.parametrize("name", TABLES)
def test_golden(name: str) -> None:
    found = differences(name)
    assert not found, f"{len(found)} of {len(golden.read(name))} differ:\n" + "\n".join(found[:40])
