"""What is sent before what: rows before the error that ends them, tags after the commit, ParameterStatus before
ReadyForQuery - as PostgreSQL does."""

from __future__ import annotations

import pytest

from tests.support.messages import SYNC, bind, execute, parse, query, run

CHANGES = {
    "one": ["set application_name = 'a'", "set application_name = 'a'", "reset application_name"],
    "several, by name": ["set timezone = 'Europe/Paris'; set datestyle = 'SQL, DMY'; set application_name = 'x'; select 1"],
    "back again": ["set application_name = 'a'; set application_name = ''"],
    "rolled back": ["begin; set application_name = 'a'", "select 1", "rollback", "begin; set intervalstyle = iso_8601; rollback"],
    "local": ["begin; set local application_name = 'a'", "commit", "set local application_name = 'b'"],
    "local, in one message": ["begin; set local application_name = 'a'; select 1; commit; select 2"],
    "savepoint": ["begin; set application_name = 'a'; savepoint s; set application_name = 'b'", "rollback to s", "commit"],
    "failed": ["set application_name = 'a'; select 1/0", "begin; set application_name = 'a'", "select 1/0", "commit"],
    "failed behind a savepoint": ["begin; set application_name = 'a'; savepoint s; set application_name = 'b'", "select 1/0",
                                  "rollback to s", "show application_name", "commit"],
    "by function": ["select set_config('application_name', 'a', false)", "select set_config('application_name', 'b', true)"],
    "reset all": ["set application_name = 'a'; set datestyle = german", "reset all", "set application_name = 'b'", "discard all"],
    "authorization": ["create role golden_m", "set session authorization golden_m", "reset session authorization",
                      "set role golden_m", "reset role", "drop role golden_m"],
}  # fmt: skip


@pytest.mark.parametrize("statements", CHANGES.values(), ids=CHANGES)
def test_parameter_status_comes_before_ready(pair, statements):
    for statement in statements:
        pair.same(query(statement))


@pytest.mark.parametrize("statements", CHANGES.values(), ids=CHANGES)
def test_the_same_in_the_extended_protocol(pair, statements):
    for statement in statements:
        talk = b"".join(parse("", part) + run("") for part in statement.split(";"))
        pair.same(talk + SYNC)


def test_parameter_status_of_pipelined_blocks(pair):
    pair.same(parse("b", "begin") + parse("s", "set local application_name = 'a'") + parse("c", "commit") + SYNC)
    pair.same(run("b") + run("s") + SYNC + run("c") + SYNC)
    pair.same(run("b") + run("s") + run("c") + SYNC)
    pair.same(run("b") + SYNC + run("s") + run("c") + SYNC)


ROWS = {
    "function": "select 10 / (3 - i) from generate_series(1, 5) i",
    "table": "select 10 / (3 - a) from t",
    "table, by key": "select 10 / (3 - a) from t where a < 100 order by a",
    "sorted": "select 10 / (3 - a) from t order by a desc",
    "joined": "select 10 / (3 - t.a) from t join t u on t.a = u.a",
    "filtered": "select a from t where 10 / (3 - a) > 0",
    "union": "select 1 union all select 10 / (3 - a) from t",
    "values": "select 10 / x from (values (1), (2), (0)) v(x)",
    "grouped": "select a, 10 / (3 - count(*)) from t cross join generate_series(1, 3) where a < 3 group by a",
    "limited": "select 10 / (3 - a) from t limit 4",
    "subquery": "select (select 10 / (3 - a)) from t",
    "many": "select 10 / (300 - i) from generate_series(1, 500) i",
    "text": "select ('x' || a)::text, (case when a < 3 then '1' else 'x' end)::int from t",
}


@pytest.mark.parametrize("sql", ROWS.values(), ids=ROWS)
def test_rows_before_an_error_are_sent(pair, sql):
    pair.same(query("create table t (a int primary key)") + query("insert into t select generate_series(1, 5)"))
    pair.same(query(sql))
    pair.same(query(sql))
    pair.same(parse("s", sql) + run("s") + SYNC + run("s") + SYNC)
    pair.same(bind("", "s") + execute("", 2) + execute("", 2) + SYNC)


@pytest.mark.parametrize("sql", [
    "select pg_cancel_backend(pg_backend_pid())",
    "select pg_cancel_backend(pg_backend_pid()), i from generate_series(1, 3) i",
    "insert into t select 1 where pg_cancel_backend(pg_backend_pid())",
    "insert into t values (2 + pg_cancel_backend(pg_backend_pid())::int) returning a",
])  # fmt: skip
def test_who_cancels_itself_gets_the_row_first(pair, sql):
    pair.same(query("create table t (a int)"))
    pair.same(query(sql) + query("select * from t"))
    pair.same(parse("s", sql) + run("s") + SYNC + run("s") + SYNC + query("select * from t"))
    pair.same(bind("", "s") + execute("", 1) + execute("", 1) + SYNC + query("select 1"))


HOLD = "declare c cursor with hold for select 10 / (3 - i) from generate_series(1, 5) i"


def test_a_commit_that_fails_takes_the_place_of_the_tag(pair):
    """What can fail in a commit: keeping the rows of a cursor."""
    pair.same(query(HOLD) + query("select 1"))
    pair.same(query(f"select 1; {HOLD}"))
    pair.same(query(f"{HOLD}; select 1"))
    pair.same(query(f"{HOLD}; insert into t values (1)"))
    pair.same(query(f"begin; {HOLD}") + query("commit") + query("select 1"))
    pair.same(query(f"begin; {HOLD}; commit; select 1"))
    pair.same(query(f"{HOLD}; commit; select 1"))
    pair.same(parse("", HOLD) + run("") + SYNC + parse("", "select 1") + run("") + SYNC)


def test_long_texts_go_out_in_pieces(pair):
    pair.same(query("select 1, repeat('é', 2000000), null, repeat('x', 1500000), 'end' union all select 2, 'b', 'c', 'd', 'e'"))
    pair.same(parse("s", "select i, repeat($1, i * 700000) from generate_series(1, 3) i") + SYNC)
    pair.same(run("s", "ab") + SYNC)
    pair.same(bind("", "s", ["ab"]) + execute("", 2) + execute("", 2) + SYNC)
    pair.same(bind("", "s", ["ü"], results=[1]) + execute() + SYNC)


def test_a_cancel_within_a_long_text_comes_behind_its_row(server):
    server.allow("57014")
    with server.connect() as wire:
        wire.send(query("select repeat('x', 40000000), i from generate_series(1, 3) i"))
        letter, _ = wire.read_message()
        assert letter == "T"
        wire.sock.recv(1 << 16)  # the row is on its way, and stops when the socket is full
        wire.cancel()
        data = bytearray()
        while data[-6:] != b"Z\0\0\0\5I":
            data += wire.sock.recv(1 << 20)
            del data[:-200_000]
        assert b"57014" in data[-200:]


def test_bind_finds_what_the_role_may_not_read(pair):
    pair.same(query("create table t (a int); create role golden_b; grant insert on t to golden_b"))
    pair.same(query("grant usage on schema public to golden_b; set role golden_b"))
    talk = [parse("s", "select * from t"), parse("v", "values (1)"), parse("i", "insert into t values (1)"),
            parse("d", "delete from t returning a"), parse("u", "select a from t for update")]  # fmt: skip
    pair.same(b"".join(talk) + SYNC)
    for name in "svidu":
        pair.same(run(name) + SYNC)
        pair.same(bind("p", name) + run("i") + execute("p") + SYNC)
    pair.same(query("begin read only") + run("u") + SYNC + query("rollback; begin read only") + run("i") + SYNC)
    pair.same(query("rollback; reset role; drop table t; revoke usage on schema public from golden_b; drop role golden_b"))
