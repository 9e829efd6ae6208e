"""Statements are interrupted wherever they are: in loops, sorts, sleeps, lock waits, and inside a regular expression.

A cancel and a timeout are the same interrupt; each must end the statement within 100 ms and leave session and server
usable.
"""

from __future__ import annotations

import threading
import time

import pytest

TIMEOUT_MS = 150
SLACK_S = 0.1  # what the issue allows
MACHINE_S = 0.15  # and what a busy test machine may add

BUSY = {
    "cross join": "select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b",
    "filter that drops all": "select 1 from generate_series(1, 1000000000) a where a < 0",
    "sleep": "select pg_sleep(10)",
    "sort": "select * from generate_series(1, 100000000) g order by g * random()",
    "sort of a join": "select a * b from generate_series(1, 3000) a, generate_series(1, 3000) b order by 1 desc",
    "hash aggregate": "select g % 1000, count(*) from generate_series(1, 100000000) g group by 1",
    "distinct aggregate": "select count(distinct g) from generate_series(1, 100000000) g",
    "array_agg": "select array_agg(g) from generate_series(1, 100000000) g",
    "window": "select * from (select row_number() over () n from generate_series(1, 100000000) g) s where n < 0",
    "recursion": "with recursive r as (select 1 as i union all select i + 1 from r) select count(*) from r",
    "except": "select g from generate_series(1, 100000000) g except select 1",
    "array subquery": "select array(select g from generate_series(1, 100000000) g)",
    "constant regular expression": "select 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' ~ '^(a+)+$'",
    "regular expression": "select repeat('a', 40) || random()::text ~ '^(a+)+$'",
    "splitting": "select count(*) from regexp_split_to_table(repeat('a b ', 5000000), ' ')",
    "a large jsonb": "select (('[' || repeat('1,', 3000000)) || '1]')::jsonb is null",
    "insert": "insert into t select g, g from generate_series(2, 1000000000) g",
    "explain analyze": "explain analyze select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b",
}


@pytest.fixture
def client(wire):
    assert wire.query("create table t (a int primary key, b int); insert into t values (1, 1)").error is None
    return wire


@pytest.mark.parametrize("what", BUSY)
def test_statement_timeout_ends_it_in_time(client, what):
    client.query(f"set statement_timeout = {TIMEOUT_MS}")
    began = time.monotonic()
    error = client.query(BUSY[what], timeout=10).error
    took = time.monotonic() - began
    assert (error["C"], error["M"]) == ("57014", "canceling statement due to statement timeout")
    assert took < TIMEOUT_MS / 1000 + SLACK_S + MACHINE_S
    assert client.query("reset statement_timeout; select count(*) from t").rows == [("1",)]


def test_others_are_answered_while_a_pattern_backtracks(server, client):
    client.query("set statement_timeout = 1000")
    client.send_query(BUSY["regular expression"])
    time.sleep(0.1)
    with server.connect() as other:
        began = time.monotonic()
        assert other.query("select 1").rows == [("1",)]
        assert time.monotonic() - began < 0.5
    assert client.reply(10).error["C"] == "57014"


@pytest.mark.parametrize("what", ["cross join", "sleep", "sort", "regular expression"])
def test_cancel_ends_the_statement_and_not_the_transaction_block(client, what):
    client.query("begin; savepoint s")
    client.send_query(BUSY[what])
    threading.Timer(0.1, client.cancel).start()
    reply = client.reply(5)
    assert reply.error["M"] == "canceling statement due to user request"
    assert reply.status == "E"
    assert client.query("rollback to s; select b from t; commit").results[1].rows == [("1",)]


def test_cancel_of_an_idle_session_is_forgotten(client):
    client.cancel()
    time.sleep(0.05)
    assert client.query("select 1").rows == [("1",)]


def test_lock_waits_end_by_either_timeout_and_free_the_queue(server, client):
    with server.connect() as holder, server.connect() as third:
        holder.query("begin; lock table t in access exclusive mode")
        for setting, sqlstate in (("lock_timeout", "55P03"), ("statement_timeout", "57014")):
            began = time.monotonic()
            reply = client.query(f"begin; set local {setting} = 100; select * from t")
            assert reply.error["C"] == sqlstate
            assert 0.09 < time.monotonic() - began < 0.1 + SLACK_S + MACHINE_S
            client.query("rollback")
        third.send_query("select count(*) from t")
        assert third.reply_within(0.1) is None
        holder.query("commit")
        assert third.reply(5).rows == [("1",)]


def test_row_lock_wait_names_the_row(server, client):
    with server.connect() as holder:
        holder.query("begin; update t set b = 2 where a = 1")
        for statement, verb in (("update t set b = 3", "updating"), ("delete from t", "deleting"),
                                ("select * from t for update", "locking")):  # fmt: skip
            error = client.query(f"begin; set local lock_timeout = 50; {statement}").error
            assert (error["C"], error["W"]) == ("55P03", f'while {verb} tuple (0,1) in relation "t"')
            client.query("rollback")


def test_idle_in_transaction_ends_the_session(server, client):
    server.allow("25P03")
    with server.connect() as idle:
        idle.query("set idle_in_transaction_session_timeout = 100; begin; lock table t")
        letter, body = idle.read_message()
        assert letter == "E" and b"C25P03\0" in body and b"SFATAL\0" in body
        assert client.query("select count(*) from t").rows == [("1",)]  # its lock is gone


def test_idle_session_timeout_spares_the_busy(server):
    server.allow("57P05")
    with server.connect() as idle:
        idle.query("set idle_session_timeout = 100")
        assert idle.query("select pg_sleep(0.2)").error is None
        letter, body = idle.read_message()
        assert letter == "E" and b"C57P05\0" in body


def test_terminated_session_rolls_back(server, client):
    with server.connect() as victim:
        victim.query("begin; update t set b = 9")
        victim.send_query("select pg_sleep(10)")
        time.sleep(0.1)
        assert client.query(f"select pg_terminate_backend({victim.pid})").rows == [("t",)]
        letter, body = victim.read_message()
        while letter != "E":
            letter, body = victim.read_message()
        assert b"C57P01\0" in body
    assert client.query("select b from t").rows == [("1",)]
