"""Which stacks may be interrupted: code over values of its own, called by a plan or by the planner, and nothing else."""

from pathlib import Path

import pytest

import aurorapy
from aurorapy.session.interruption import may_switch

HOME = Path(aurorapy.__file__).parent


class Frame:
    """A frame as far as the question goes: its file and who called it."""

    def __init__(self, name, caller, function="run"):
        self.f_code = self
        self.co_name = function
        self.co_filename = name
        self.f_back = caller


def stack(*places):
    """Outermost first; a place is a file below aurorapy/, `<plan>`, or a library's whole path."""
    frame = None
    for place in places:
        name = place if place.startswith(("<", "/")) else str(HOME / place)
        frame = Frame(name, frame)
    return frame


SESSION = ("server/connection.py", "session/simple.py", "session/output.py")


@pytest.mark.parametrize(
    "inner",
    [
        ("<plan>",),
        ("<plan>", "expressions/functions/jsonb.py"),
        ("<plan>", "expressions/functions/jsonb.py", "/usr/lib/python3/json/encoder.py"),
        ("<plan>", "execute/rows/runtime.py", "types/arrays.py"),
        ("execute/ddl/__init__.py", "execute/ddl/create_table_as.py", "<plan>", "types/jsonb.py"),
        ("sql/bind/__init__.py", "expressions/registry.py", "types/values.py", "<string>"),
        ("sql/plan/stats.py", "/usr/lib/python3/dataclasses.py"),
    ],
)
def test_others_may_run(inner):
    assert may_switch(stack(*SESSION, *inner))


@pytest.mark.parametrize(
    "inner",
    [
        (),
        ("expressions/functions/jsonb.py",),  # the session itself computes something
        ("<plan>", "access/table.py"),
        ("execute/ddl/__init__.py", "execute/ddl/create_table_as.py", "access/table.py"),
        ("execute/ddl/__init__.py", "execute/ddl/create_table_as.py", "types/jsonb.py"),
        ("<plan>", "access/table.py", "expressions/compile.py"),
        ("<plan>", "execute/modify/insert.py", "types/arrays.py"),
        ("<plan>", "types/values.py"),  # C code takes a row apart
        ("<plan>", "<string>"),
        ("<plan>", "/usr/lib/python3/decimal.py"),
        ("sql/bind/__init__.py", "catalog/cache.py"),
        ("sql/bind/__init__.py", "catalog/cache.py", "types/arrays.py"),
        ("sql/bind/__init__.py", "<frozen importlib._bootstrap>"),
    ],
)
def test_nobody_else_runs(inner):
    assert not may_switch(stack(*SESSION, *inner))


def test_work_that_no_session_does():
    assert not may_switch(stack("instance/workers/maintenance.py", "sql/parse/statements.py"))
    assert not may_switch(stack("<plan>"))


def test_what_a_destructor_raises_would_be_lost():
    inside = stack(*SESSION, "<plan>", "sql/bind/select.py")
    place = str(HOME / "sql/tree.py")
    assert may_switch(Frame(place, inside))
    assert not may_switch(Frame(place, inside, "__del__"))
    assert not may_switch(Frame(str(HOME / "types/arrays.py"), Frame(place, inside, "__del__")))
