"""What the settings of the log put into it: connections, statements, how long they took; never a password."""

from __future__ import annotations

import json

import pytest

from tests.support.server import Server


@pytest.fixture(scope="module")
def talkative(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("talkative") / "data", settings={"log_connections": "on", "log_disconnections": "on"})
    with server:
        yield server


def lines(server: Server, event: str) -> list[dict]:
    said = [json.loads(line) for line in server.log_path.read_text().splitlines() if line.startswith("{")]
    return [line for line in said if line["event"] == event]


def statements(server: Server, event: str = "statement") -> list[str]:
    return [line["statement"] for line in lines(server, event)]


def test_connections_and_their_end(talkative):
    before = len(lines(talkative, "connection authorized"))
    talkative.connect().close()
    with talkative.connect() as wire:
        wire.query("select 1")
        began = lines(talkative, "connection authorized")
        assert len(began) == before + 2
        assert began[-1]["pid"] == wire.pid
        assert (began[-1]["user"], began[-1]["database"]) == ("postgres", "postgres")
        assert began[-1]["client"].startswith("127.0.0.1:")
    ended = lines(talkative, "disconnection")
    assert ended[-1]["session_seconds"] >= 0


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("none", []),
        ("ddl", ["create table logged (a int)", "drop table logged"]),
        ("mod", ["create table logged (a int)", "insert into logged values (1)", "truncate logged", "drop table logged"]),
        ("all", ["select 1", "create table logged (a int)", "insert into logged values (1)", "select * from logged", "begin",
                 "truncate logged", "commit", "drop table logged"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
def test_log_statement(talkative, which, expected, extended):
    with talkative.connect(options=f"-c log_statement={which}") as wire:
        before = len(statements(talkative))
        for sql in ("select 1", "create table logged (a int)", "insert into logged values (1)", "select * from logged",
                    "begin", "truncate logged", "commit", "drop table logged"):  # fmt: skip
            answer = wire.extended(sql) if extended else wire.query(sql)
            assert answer.error is None
    assert statements(talkative)[before:] == expected


def test_a_password_is_not_in_the_log(talkative):
    with talkative.connect(options="-c log_statement=all -c log_min_duration_statement=0") as wire:
        for sql in ("create role hush password 'mumble'", "alter role hush password 'mumble'; select 1", "drop role hush"):
            assert wire.query(sql).error is None
    assert "mumble" not in talkative.log_path.read_text()
    assert "CREATE ROLE <a password is given>" in statements(talkative)
    assert "ALTER ROLE <a password is given>" in statements(talkative, "duration")


def test_slow_statements(talkative):
    with talkative.connect() as wire:
        before = len(statements(talkative, "duration"))
        wire.query("set log_min_duration_statement = '50ms'")
        wire.query("select 1")
        wire.query("select pg_sleep(0.06)")
        wire.query("select pg_sleep(0.06), 1/0")  # an error is its own line
        wire.extended("select pg_sleep(0.07)")
        wire.query("set log_min_duration_statement = -1")
        wire.query("select pg_sleep(0.08)")
    found = lines(talkative, "duration")[before:]
    assert [line["statement"] for line in found] == ["select pg_sleep(0.06)", "select pg_sleep(0.07)"]
    assert all(line["ms"] >= 50 for line in found)
