"""What should have ended a statement and comes after its end is no answer: the client would take it for the next one's."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from aurorapy.errors import FatalError, QueryCanceled
from aurorapy.session.recovery import lost_snapshot
from aurorapy.session.session import Session
from tests.support.server import TemporaryServer

LATE = """
from aurorapy.errors import QueryCanceled
from aurorapy.session.session import Session

def has_run(self, kind, before=Session.has_run):
    before(self, kind)
    if self.activity.application_name == "late":
        self.task.interrupt(QueryCanceled("canceling statement due to user request"))

Session.has_run = has_run
from aurorapy.__main__ import main
main()
"""


class LateCancels(TemporaryServer):
    """A cancel request comes when nothing of a query is left to look at it, but before its client is waited for."""

    program = ("-c", LATE)


@pytest.fixture(scope="module")
def late():
    with LateCancels() as server:
        yield server


@pytest.mark.parametrize("ask", ["query", "extended"])
def test_a_cancel_that_is_late_is_dropped(late, ask):
    with late.connect(application_name="late") as wire:
        for _ in range(2):
            reply = getattr(wire, ask)("select i from generate_series(1, 2) i")  # which asks whether it shall end
            assert reply.rows == [("1",), ("2",)] and reply.error is None and not wire.has_answer()


class Task:
    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def pending_interrupt(self) -> Exception | None:
        return self.error

    def clear_interrupt(self) -> None:
        self.error = None


def after_its_end(error: Exception | None, letter: str) -> Exception | None:
    """What is still pending."""
    task = Task(error)
    Session.interrupted_late(SimpleNamespace(task=task, block=SimpleNamespace(letter=letter)))
    return task.error


def test_a_snapshot_that_was_lost_ends_a_session_that_keeps_it():
    with pytest.raises(FatalError, match="terminating connection due to conflict with recovery") as caught:
        after_its_end(lost_snapshot(in_statement=True), "T")
    assert caught.value.sqlstate == "40001"
    assert after_its_end(lost_snapshot(in_statement=True), "I") is None  # nobody has it any more
    assert after_its_end(lost_snapshot(in_statement=True), "E") is None


def test_what_ends_the_session_stays():
    for error in (FatalError("terminating connection due to administrator command", sqlstate="57P01"), lost_snapshot()):
        assert after_its_end(error, "T") is error
    assert after_its_end(QueryCanceled("canceling statement due to user request"), "T") is None
