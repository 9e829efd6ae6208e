"""psycopg 3 against a real server: types in both formats, prepared statements, COPY, pipelines, cancelling, notices."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
import uuid
from decimal import Decimal

import pytest

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed (pip install '.[test]')")

VALUES = [
    ("int2", -32768), ("int4", 2147483647), ("int8", -9223372036854775808), ("numeric", Decimal("12345678901234.5678900")),
    ("numeric", Decimal("-0.00001")), ("float8", 0.1), ("float8", float("-inf")), ("float4", 0.25), ("bool", True),
    ("text", "häß '\\ 日本 \n"), ("text", ""), ("varchar", "x" * 5000), ("bytea", bytes(range(256))), ("date", dt.date(1, 1, 1)),
    ("date", dt.date(9999, 12, 31)), ("time", dt.time(23, 59, 59, 999999)), ("timestamp", dt.datetime(2024, 2, 29, 12, 30, 1, 5)),
    ("timestamptz", dt.datetime(1900, 1, 1, tzinfo=dt.timezone.utc)), ("interval", dt.timedelta(days=-3, seconds=5, microseconds=7)),
    ("uuid", uuid.UUID(int=2**127 + 3)), ("jsonb", {"a": [1, 2.5, None, "x"]}), ("json", [True, {"b": {}}]),
    ("int4[]", [1, None, 3]), ("text[]", ["a,b", 'q"', None, ""]), ("int8[]", [[1, 2], [3, 4]]), ("numeric[]", [Decimal("1.50")]),
    ("oid", 4294967295),
]  # fmt: skip


@pytest.fixture
def connection(server):
    with psycopg.connect(f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres", autocommit=True) as found:
        yield found


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize(("type_name", "value"), VALUES, ids=[f"{name}-{number}" for number, (name, _) in enumerate(VALUES)])
def test_value_comes_back(connection, type_name, value, binary):
    sent = psycopg.types.json.Json(value) if type_name.startswith("json") else value
    with connection.cursor(binary=binary) as cursor:
        mark = "b" if binary and type_name != "interval" and not isinstance(value, (list, dict)) else "s"
        got = cursor.execute(f"select %{mark}::{type_name}", [sent]).fetchone()[0]
    if type_name.startswith("timestamptz"):
        got = got.astimezone(dt.timezone.utc)
    assert got == value


def test_rows_through_a_table(connection):
    connection.execute("create table t (id int primary key, name text, doc jsonb, tags text[], at timestamptz)")
    at = dt.datetime(2024, 6, 1, 12, tzinfo=dt.timezone.utc)
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into t values (%s, %s, %s, %s, %s)",
            [(n, f"name {n}", json.dumps({"n": n}), [f"t{n}"], at) for n in range(50)],
        )
        assert cursor.rowcount == 50
    row = connection.execute("select * from t where id = %s", [7], binary=True).fetchone()
    assert row[:4] == (7, "name 7", {"n": 7}, ["t7"])
    assert row[4].astimezone(dt.timezone.utc) == at


def test_prepared_statements_survive_many_executions(connection):
    for number in range(20):
        row = connection.execute("select %s::int * 2", [number], prepare=True).fetchone()
        assert row == (number * 2,)
    assert connection.execute("select count(*) from pg_prepared_statements").fetchone()[0] >= 1


def test_plan_of_a_prepared_statement_follows_the_table(connection):
    connection.execute("create table t (a int)")
    for _ in range(7):
        connection.execute("insert into t values (%s)", [1], prepare=True)
    connection.execute("alter table t add column b int default 5")
    connection.execute("insert into t values (%s)", [2], prepare=True)
    assert connection.execute("select a, b from t where a = 2").fetchone() == (2, 5)


def test_transactions_and_savepoints(connection):
    connection.execute("create table t (a int primary key)")
    with connection.transaction():
        connection.execute("insert into t values (1)")
        with pytest.raises(psycopg.errors.UniqueViolation) as caught, connection.transaction():
            connection.execute("insert into t values (1)")
        connection.execute("insert into t values (2)")
    assert caught.value.diag.constraint_name == "t_pkey"
    assert caught.value.diag.message_detail == "Key (a)=(1) already exists."
    assert connection.execute("select array_agg(a order by a) from t").fetchone() == ([1, 2],)


def test_copy_both_ways(connection):
    connection.execute("create table t (a int, b text, c timestamptz)")
    with connection.cursor() as cursor:
        with cursor.copy("copy t (a, b) from stdin") as copy:
            for number in range(2000):
                copy.write_row((number, f"tab\t{number}\n" if number % 2 else None))
        with cursor.copy("copy (select a, b from t order by a) to stdout") as copy:
            rows = list(copy.rows())
    assert len(rows) == 2000
    assert rows[1] == ("1", "tab\t1\n")
    assert rows[2] == ("2", None)


def test_copy_binary(connection):
    connection.execute("create table t (a int, b text, c float8)")
    with connection.cursor() as cursor:
        with cursor.copy("copy t from stdin (format binary)") as copy:
            copy.set_types(["int4", "text", "float8"])
            copy.write_row((1, "one", 1.5))
            copy.write_row((2, None, None))
        with cursor.copy("copy t to stdout (format binary)") as copy:
            copy.set_types(["int4", "text", "float8"])
            assert list(copy.rows()) == [(1, "one", 1.5), (2, None, None)]


def test_copy_that_the_client_gives_up(connection):
    connection.execute("create table t (a int)")
    with pytest.raises(ZeroDivisionError), connection.cursor() as cursor:
        with cursor.copy("copy t from stdin") as copy:
            copy.write_row((1,))
            1 / 0
    assert connection.execute("select count(*) from t").fetchone() == (0,)


def test_pipeline_stops_at_an_error_and_goes_on_after_it(connection):
    connection.execute("create table t (a int primary key)")
    with pytest.raises(psycopg.errors.UniqueViolation), connection.pipeline():
        connection.execute("insert into t values (1)")
        connection.execute("insert into t values (1)")
        connection.execute("insert into t values (2)")
    with connection.pipeline() as pipeline:
        first = connection.execute("select 1")
        second = connection.execute("select 2")
        pipeline.sync()
        assert (first.fetchone(), second.fetchone()) == ((1,), (2,))


def test_cancel_ends_the_statement_not_the_session(connection):
    timer = threading.Timer(0.3, connection.cancel)
    timer.start()
    began = time.monotonic()
    with pytest.raises(psycopg.errors.QueryCanceled):
        connection.execute("select count(*) from generate_series(1, 1000000000)")
    assert time.monotonic() - began < 5
    assert connection.execute("select 1").fetchone() == (1,)


def test_notices_reach_the_client(connection):
    heard = []
    connection.add_notice_handler(lambda diag: heard.append((diag.severity, diag.message_primary)))
    connection.execute("drop table if exists nosuch")
    assert heard == [("NOTICE", 'table "nosuch" does not exist, skipping')]


def test_server_side_cursor(connection):
    with connection.transaction(), connection.cursor(name="many") as cursor:
        cursor.execute("select g from generate_series(1, 1000) g")
        cursor.itersize = 100
        assert sum(row[0] for row in cursor) == 500500


def test_what_the_server_says_about_itself(connection):
    info = connection.info
    assert info.server_version // 10000 == 15
    assert info.parameter_status("standard_conforming_strings") == "on"
    assert info.parameter_status("integer_datetimes") == "on"
    assert info.encoding == "utf-8"


def test_killed_client_leaves_no_lock(server, connection):
    connection.execute("create table t (a int primary key)")
    connection.execute("insert into t values (1)")
    victim = server.connect()
    victim.query("begin; update t set a = 2")
    victim.sock.close()
    connection.execute("set statement_timeout = '5s'")
    connection.execute("update t set a = 3")
    assert connection.execute("select a from t").fetchone() == (3,)


def test_others_are_answered_while_one_computes(server, connection):
    busy = server.connect()
    busy.send_query("select count(*) from generate_series(1, 3000000) a where a % 3 = 1")
    connection.execute("select 1")
    slowest = 0.0
    for _ in range(50):
        began = time.monotonic()
        connection.execute("select 1").fetchone()
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 0.25
    busy.reply()
    busy.close()
