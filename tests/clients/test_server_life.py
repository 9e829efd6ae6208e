"""The server as a process: signals, a second one on the directory, the lock, configuration, its own checker."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from tests.crash.rounds import verify
from tests.support.pgwire import ConnectionLost, ServerRefused, Wire
from tests.support.server import ROOT, Server, ServerFailed


@pytest.fixture
def fresh(tmp_path):
    server = Server(tmp_path / "data")
    server.start()
    yield server
    server.kill()


def rows_of_t(server: Server) -> list[tuple]:
    with server.connect() as wire:
        return wire.query("select a from t order by a").rows


def test_sigint_ends_clients_and_loses_nothing(fresh):
    wire = fresh.connect()
    wire.query("create table t (a int); insert into t values (1), (2)")
    wire.query("begin; insert into t values (3)")
    fresh.stop(signal.SIGINT, timeout=10)
    with pytest.raises((ConnectionLost, ServerRefused)):
        wire.query("commit")
        wire.query("select 1")
    fresh.check_log()
    assert verify(fresh.directory) == []
    fresh.start()
    assert rows_of_t(fresh) == [("1",), ("2",)]


def test_sigterm_waits_for_clients(fresh):
    wire = fresh.connect()
    wire.query("create table t (a int)")
    fresh._process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert wire.query("insert into t values (1)").error is None
    with pytest.raises((ServerRefused, OSError)):
        Wire.connect("127.0.0.1", fresh.port)
    wire.close()
    assert fresh._process.wait(10) == 0
    fresh.start()
    assert rows_of_t(fresh) == [("1",)]


def test_a_second_signal_leaves_at_once(fresh):
    wire = fresh.connect()
    wire.query("create table t (a int)")
    fresh._process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    fresh._process.send_signal(signal.SIGTERM)
    fresh._process.wait(10)
    fresh.start()
    assert rows_of_t(fresh) == []


def test_a_second_server_on_the_directory_is_refused(fresh):
    with pytest.raises(ServerFailed, match="exit status 1"):
        Server(fresh.directory, log_path=fresh.directory.parent / "second.log").start()
    assert fresh.is_running


def test_restart_keeps_tables_sequences_and_settings(fresh):
    with fresh.connect() as wire:
        wire.query("create table t (a int primary key, b text); create sequence s; create index t_b on t (b)")
        wire.query("insert into t select g, 'b' || g from generate_series(1, 3000) g; select nextval('s')")
    fresh.kill()
    fresh.start()
    with fresh.connect() as wire:
        assert wire.query("select count(*), max(b) from t").rows == [("3000", "b999")]
        assert wire.query("select a from t where b = 'b77'").rows == [("77",)]
        assert int(wire.query("select nextval('s')").rows[0][0]) > 1
        assert wire.query("insert into t values (5)").error["C"] == "23505"


def test_a_public_address_needs_a_password(tmp_path):
    command = [sys.executable, "-m", "aurorapy", "serve", "--data", str(tmp_path / "d"), "--host", "0.0.0.0", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=ROOT)
    assert done.returncode != 0
    assert "trust" in done.stderr


def test_starts_quickly(tmp_path):
    server = Server(tmp_path / "data")
    took = server.start()
    server.stop()
    assert took < 8  # a second on an idle machine; tests share theirs


def test_idle_connections_are_cheap(fresh):
    from bench.cpu import resident_bytes

    with fresh.connect() as wire:
        wire.query("select 1")
        before = resident_bytes(fresh.pid)
        idle = [fresh.connect() for _ in range(300)]
        each = (resident_bytes(fresh.pid) - before) / len(idle)
        assert wire.query("select 1").rows == [("1",)]
        for one in idle:
            one.close()
    assert each < 100_000
