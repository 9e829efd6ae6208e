"""pgbench, as it comes with PostgreSQL 15: both ways to fill the tables, three scripts, three protocol modes."""

from __future__ import annotations

import pytest

from bench import pgbench as program

SUMS = (
    "select (select sum(abalance) from pgbench_accounts), (select sum(tbalance) from pgbench_tellers), "
    "(select sum(bbalance) from pgbench_branches), (select sum(delta) from pgbench_history)"
)


@pytest.mark.parametrize("steps", ["dtgvp", "dtGvp"])
def test_initialization(server, pgbench, steps):
    program.initialize(server.port, scale=1, steps=steps)
    with server.connect() as wire:
        counts = wire.query("select count(*), min(aid), max(aid), sum(abalance) from pgbench_accounts").rows
        assert counts == [("100000", "1", "100000", "0")]
        assert wire.query("select count(*) from pgbench_accounts where aid between 5 and 7").rows == [("3",)]
        assert wire.query("insert into pgbench_accounts (aid) values (5)").error["C"] == "23505"


@pytest.fixture
def filled(server, pgbench):
    program.initialize(server.port, scale=1)
    return server


def test_every_script_in_every_mode(filled):
    outcomes = {
        (script, mode): program.run(filled.port, script, mode, clients=8, seconds=1)
        for mode in program.MODES
        for script in ("select-only", "simple-update", "tpcb-like")
    }
    assert [case for case, outcome in outcomes.items() if outcome.failed or not outcome.transactions] == []


def test_tpcb_keeps_its_sums(filled):
    outcome = program.run(filled.port, "tpcb-like", "prepared", clients=16, seconds=2)
    assert outcome.failed == 0
    with filled.connect() as wire:
        sums = wire.query(SUMS).rows[0]
        assert len(set(sums)) == 1
        assert int(wire.query("select count(*) from pgbench_history").rows[0][0]) == outcome.transactions
