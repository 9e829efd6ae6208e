"""Constants of one kind in thousands of rows: the conversion is compiled once, the values and errors are each row's."""

from importlib import import_module

import pytest

from aurorapy.errors import DatabaseError
from aurorapy.expressions import registry
from aurorapy.expressions.nodes import Call, Const

rule = import_module("aurorapy.sql.plan.rules.fold_constants")  # the package has its function under the name

DIVIDE = 154  # int4div


class Planner:
    evaluation = None
    constants_failed = False


@pytest.fixture
def compiled(monkeypatch):
    """How many evaluators were made."""
    made = []
    evaluator = rule.evaluator

    def seen(exprs, *rest):
        made.append(exprs)
        return evaluator(exprs, *rest)

    monkeypatch.setattr(rule, "evaluator", seen)
    return made


def quotient(a, b):
    registry.load()
    return Call(23, fn=registry.FUNCTIONS_BY_OID[DIVIDE], args=(Const(23, value=a), Const(23, value=b)))


def test_one_conversion_for_many_rows(compiled):
    folder = rule._Folder(Planner())
    found = [folder.fold(quotient(7 * i, 7)) for i in range(100)]
    assert [(type(c), c.type_oid, c.value) for c in found] == [(Const, 23, i) for i in range(100)]
    assert len(compiled) == 2


def test_an_error_is_its_row_s(compiled):
    planner = Planner()
    folder = rule._Folder(planner)
    assert [type(folder.fold(quotient(4, b))) for b in (1, 2, 0, 4)] == [Const, Const, Call, Const]
    assert planner.constants_failed
    with pytest.raises(DatabaseError, match="division by zero"):
        rule._Folder(planner, strict=True).fold(quotient(4, 0))
