"""SELECTs of many rows by Bind and Execute: the short path answers as the general one does."""

from __future__ import annotations

import struct

import pytest

from tests.support.pgwire import message

SELECTS = [
    ("select a, b from t where a between $1 and $2", ["10", "19"]),
    ("select a, b from t where a between $1 and $2 order by b", ["10", "60"]),
    ("select distinct b from t where a between $1 and $2 order by b", ["10", "60"]),
    ("select sum(a), count(*), min(a), max(a) from t where a between $1 and $2", ["10", "60"]),
    ("select a from t where a between $1 and $2", ["20", "10"]),
    ("select t.b, u.b from t join t u on u.a = t.a + 1 where t.a < $1", ["5"]),
    ("select b, count(*) from t where a <> $1 group by b order by 2, 1", ["3"]),
    ("select a from t order by a desc limit 3", []),
]


@pytest.fixture
def filled(wire):
    assert wire.query("create table t (a int primary key, b text)").error is None
    assert wire.query("insert into t select i, 'b' || i % 7 from generate_series(1, 100) i").error is None
    return wire


def literal(sql: str, values: list[str]) -> str:
    for number, value in enumerate(values, 1):
        sql = sql.replace(f"${number}", value)
    return sql


@pytest.mark.parametrize("sql, values", SELECTS)
def test_the_rows_of_a_simple_query(filled, sql, values):
    wanted = filled.query(literal(sql, values)).results[-1]
    for block in (False, True):
        if block:
            filled.query("begin")
        for _ in range(3):
            reply = filled.extended(sql, values)
            assert reply.error is None and reply.status == ("T" if block else "I")
            assert sorted(reply.rows) == sorted(wanted.rows) and reply.results[-1].tag == wanted.tag
            assert len(filled.extended(sql, values, binary=True).rows) == len(wanted.rows)


def test_own_changes_are_seen_and_others_later(server, filled):
    select = "select a from t where a between 1 and 3"
    with server.connect() as other:
        filled.query("begin isolation level repeatable read")
        assert len(filled.extended(select).rows) == 3
        assert other.query("delete from t where a = 1").error is None
        assert len(filled.extended(select).rows) == 3
        filled.query("delete from t where a = 3")
        assert filled.extended(select).rows == [("1",), ("2",)]
        filled.query("rollback")
        assert filled.extended(select).rows == [("2",), ("3",)]


def test_a_failure_behind_some_rows(filled):
    sql = "select 100 / (a - 50) from t where a <> $1"
    for block in (False, True):
        if block:
            filled.query("begin")
        reply = filled.extended(sql, ["0"])
        assert reply.error["C"] == "22012" and reply.status == ("E" if block else "I")
    assert filled.extended("select a from t where a < $1", ["2"]).error["C"] == "25P02"
    assert filled.query("rollback").error is None
    assert filled.extended("select a from t where a < $1", ["2"]).rows == [("1",)]


def test_a_locked_table_is_waited_for(server, filled):
    with server.connect() as other:
        other.query("begin; lock table t in access exclusive mode; delete from t where a > 5")
        filled.send_extended("select a from t where a > $1", ["3"])
        assert filled.reply_within(0.3) is None
        other.query("commit")
        assert filled.reply().rows == [("4",), ("5",)]


def test_a_cancelled_select(filled):
    filled.query("begin")
    filled.send_extended("select count(*) from t a, t b, t c, t d, t e where a.a + b.a + c.a + d.a <> $1", ["0"])
    assert filled.reply_within(0.3) is None
    filled.cancel()
    assert filled.reply().error["C"] == "57014"
    assert filled.query("rollback").status == "I"


def test_a_portal_executed_again(filled):
    bind = message("B", b"\0s\0" + struct.pack("!HHH", 0, 0, 0))
    execute = message("E", b"\0" + struct.pack("!i", 0))
    parse = message("P", b"s\0select a from t where a < 4\0" + struct.pack("!H", 0))
    describe = message("D", b"P\0")
    filled.send(parse + bind + describe + execute + execute + bind + describe + message("E", b"\0" + struct.pack("!i", 2)) + message("S"))
    reply = filled.reply()
    assert reply.error is None
    assert [r.tag for r in reply.results] == ["SELECT 3", "SELECT 0", None]
    assert [len(r.rows) for r in reply.results] == [3, 0, 2] and reply.results[-1].suspended


def test_what_does_more_than_read(filled):
    filled.query("create sequence s")
    assert [filled.extended("select nextval('s')").rows for _ in range(2)] == [[("1",)], [("2",)]]
    filled.query("begin")
    assert len(filled.extended("select a from t where a < $1 for update", ["3"]).rows) == 2
    assert filled.extended("with gone as (delete from t where a < $1 returning a) select * from gone", ["3"]).rows == [("1",), ("2",)]
    filled.query("commit")
    assert filled.query("select count(*) from t").rows == [("98",)]
