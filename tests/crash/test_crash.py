"""A few rounds of each crash; `python -m tests.crash` runs as many as one likes."""

from __future__ import annotations

import pytest

from tests.crash import disk, fleet, rounds
from tests.crash.ledger import Ledger


class FakeWire:
    """Answers Ledger.check from a list of history rows."""

    def __init__(self, history: list[tuple[int, int, int]], sums: tuple[int, int, int, int] = (5, 5, 5, 5)) -> None:
        self.history, self.sums = history, sums

    def query(self, sql: str, timeout: float = 0):
        reply = type("Reply", (), {})()
        reply.rows = [self.sums]
        if sql.startswith("select client"):
            reply.rows = self.history
        elif "count(*)" in sql:
            reply.rows = [(len(self.history),)]
        return reply


def ledger_with(acknowledged=(), in_doubt=()) -> Ledger:
    ledger = Ledger()
    for transaction in acknowledged:
        ledger.note_acknowledged(transaction)
    for transaction in in_doubt:
        ledger.note_in_doubt(transaction)
    return ledger


def test_ledger_finds_what_is_lost():
    assert ledger_with([(1, 1), (1, 2)]).check(FakeWire([(1, 1, 10)])) == ["lost: client 1 transaction 2"]


def test_ledger_finds_what_was_never_committed():
    assert "never committed" in ledger_with().check(FakeWire([(1, 1, 10)]))[0]


def test_ledger_lets_a_doubt_be_decided_once():
    ledger = ledger_with(in_doubt=[(1, 1)])
    assert ledger.check(FakeWire([])) == []
    assert ledger.check(FakeWire([(1, 1, 10)])) == ["changed its mind: client 1 transaction 1"]


def test_ledger_finds_a_repeated_sequence_value_and_wrong_sums():
    ledger = Ledger()
    ledger.note_tickets([4, 5])
    ledger.note_tickets([5])
    problems = ledger.check(FakeWire([], (1, 1, 1, 2)))
    assert problems[0] == "sequence value told 2 times: 5"
    assert "add up to" in problems[1]


@pytest.mark.timeout(240)
def test_kill9_loses_nothing():
    summary = rounds.kill9(rounds=3, clients=8, seed=7, longest_s=1.5, say=lambda text: None)
    assert summary.problems == []
    assert summary.acknowledged > 50


@pytest.mark.timeout(240)
def test_much_redo_before_the_crash_loses_nothing():
    said = []
    summary = rounds.restart(rounds=1, clients=4, seed=7, redo_bytes=40_000_000, say=said.append)
    assert summary.problems == []
    assert len(summary.first_query_s) == len(summary.first_query_cpu_s) == 1
    assert any(text.endswith("MB of redo") for text in said)


@pytest.mark.timeout(240)
def test_powercut_loses_nothing():
    if reason := disk.why_not():
        pytest.skip(reason)
    summary = rounds.powercut(rounds=3, clients=8, seed=7, longest_s=1.5, say=lambda text: None)
    assert summary.problems == []
    assert summary.acknowledged > 50


@pytest.mark.timeout(240)
@pytest.mark.parametrize("is_all", [False, True])
def test_power_cuts_of_storage_nodes_lose_nothing(is_all: bool):
    if reason := disk.why_not():
        pytest.skip(reason)
    summary = fleet.powercut(rounds=2, clients=4, seed=7, longest_s=1.0, is_all=is_all, say=lambda text: None)
    assert summary.problems == []
    assert summary.acknowledged > 20
