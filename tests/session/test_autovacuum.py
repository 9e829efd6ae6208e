"""What autovacuum counts: kept over an orderly stop, begun anew after a crash, and each count for its own purpose."""

import time

import pytest

from tests.support.server import Server

COUNTS = "select n_dead_tup, n_mod_since_analyze from pg_stat_user_tables where relname = 't'"
NEVER = {"autovacuum_vacuum_threshold": "1000000", "autovacuum_analyze_threshold": "1000000"}


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path / "data", NEVER) as running:
        with running.connect() as wire:
            wire.query("create table t (a int); insert into t select generate_series(1, 100)")
            wire.query("update t set a = a + 1 where a <= 40")
        yield running


def counts(server):
    with server.connect() as wire:
        wire.query("select count(*) from t")
        return wire.query(COUNTS).rows


def test_an_orderly_stop_keeps_the_counts(server):
    assert counts(server) == [("40", "140")]
    for _ in range(2):  # nobody opens the table in the second life before it is counted
        server.stop()
        server.start()
    assert counts(server) == [("40", "140")]


def test_a_crash_forgets_them(server):
    server.stop()
    server.start()
    server.kill()
    server.start()
    assert counts(server) == [("0", "0")]


def test_a_table_that_is_described_anew_keeps_its_counts(server):
    with server.connect() as wire:
        wire.query("create index on t (a)")
    assert counts(server) == [("40", "140")]


def test_analyzing_does_not_forget_dead_rows(server):
    server.stop()
    server.settings = {**NEVER, "autovacuum_analyze_threshold": "10", "autovacuum_naptime": "1"}
    server.start()
    with server.connect() as wire:
        wire.query("select count(*) from t")
        while (known := wire.query("select reltuples from pg_class where relname = 't'").rows) == [("-1",)]:
            time.sleep(0.05)
        assert known == [("100",)]
        assert wire.query(COUNTS).rows == [("40", "0")]
