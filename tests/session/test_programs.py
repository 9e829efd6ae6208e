"""Statements on one row against what changes around them: other transactions, definitions, privileges; as PostgreSQL does."""

from __future__ import annotations

import pytest

from tests.support.messages import SYNC, bind, execute, parse, query, run

READ, ADD, PUT, DROP, MOVE = "read", "add", "put", "drop", "move"
PREPARE = (
    parse(READ, "select a, b, c from t where a = $1") + parse(ADD, "update t set b = b + $1 where a = $2")
    + parse(PUT, "insert into t (a, b) values ($1, $2)") + parse(DROP, "delete from t where a = $1")
    + parse(MOVE, "update t set a = $1 where a = $2") + parse("begin", "begin") + parse("commit", "commit") + SYNC
)  # fmt: skip
ALL = query("select * from t order by 1, 2")


@pytest.fixture
def t(pair):
    pair.same(query("create table t (a int primary key, b int, c text default 'c')"))
    pair.same(query("insert into t values (1, 10), (2, 20)"))
    for name in "ab":
        pair.same(PREPARE, name)
        pair.same(run(READ, "1") + run(ADD, "0", "1") + SYNC, name)
    return pair


# -- somebody else changes the row ---------------------------------------------------------------------------------------
OTHERS = {
    "updates": "update t set b = 100 where a = 1",
    "updates twice": "update t set b = 100 where a = 1; update t set b = 200 where a = 1",
    "deletes": "delete from t where a = 1",
    "changes the key": "update t set a = 9 where a = 1",
    "changes the key and back": "update t set a = 9 where a = 1; update t set a = 1 where a = 9",
    "deletes and inserts": "delete from t where a = 1; insert into t values (1, 77)",
    "locks": "select * from t where a = 1 for update",
    "locks the key": "select * from t where a = 1 for key share",
    "makes it long": "update t set c = (select string_agg(md5(i::text), '') from generate_series(1, 999) i) where a = 1",
    "moves the key of another here": "update t set a = 9 where a = 1; update t set a = 1 where a = 2",
}
MINE = {"update": run(ADD, "1", "1"), "delete": run(DROP, "1"), "move": run(MOVE, "5", "1"), "read": run(READ, "1")}


@pytest.mark.parametrize("level, end, indexed", [
    ("read committed", "commit", ""), ("read committed", "rollback", ""), ("repeatable read", "commit", ""),
    ("read committed", "commit", "drop index if exists i; create index i on t (b)"),
], ids=["seen", "undone", "one snapshot", "not HOT"])  # fmt: skip
@pytest.mark.parametrize("other", OTHERS)
def test_row_that_another_transaction_is_changing(t, other, end, level, indexed):
    for mine in MINE.values():
        t.same(query("truncate t; insert into t values (1, 10), (2, 20)") + query(indexed), "c")
        t.same(query(f"begin isolation level {level}") + query("select 1 from t where a = 2"))
        t.same(query("begin") + query(OTHERS[other]), "b")
        t.send(mine + SYNC)
        t.settle()
        t.same(query(end), "b")
        t.read("a")
        t.same(query("commit") + ALL)


def test_deadlock(t):
    t.same(query("begin") + run(ADD, "1", "1") + SYNC)
    t.same(query("begin") + run(ADD, "1", "2") + SYNC, "b")
    t.send(run(ADD, "1", "2") + SYNC)
    t.settle()
    t.send(run(ADD, "1", "1") + SYNC, "b")
    for wires in zip(t.wires("a"), t.wires("b")):
        errors = [reply.error["C"] for reply in (wire.reply() for wire in wires) if reply.error]
        assert errors == ["40P01"]  # of one of them; the other goes on


def test_cancel_while_waiting_for_a_row(t):
    t.same(query("begin") + run(ADD, "1", "1") + SYNC, "b")
    t.send(run(ADD, "1", "1") + SYNC)
    t.settle()
    for wire in t.wires("a"):
        wire.cancel()
    assert [m[:4] for m in t.read()][2] == ("E", "S: ERROR", "C: 57014", "M: canceling statement due to user request")
    t.same(query("commit"), "b")
    t.same(run(READ, "1") + SYNC)


def test_lock_timeout(t):
    t.same(query("set lock_timeout = 50"))
    t.same(query("begin") + run(ADD, "1", "1") + SYNC, "b")
    t.same(run(ADD, "1", "1") + SYNC)
    t.same(query("commit"), "b")


def test_statement_timeout(t):
    t.same(query("set statement_timeout = 50"))
    t.same(query("begin") + run(ADD, "1", "1") + SYNC, "b")
    t.same(run(ADD, "1", "1") + SYNC + run(READ, "1") + SYNC)
    t.same(query("commit"), "b")


# -- definitions change --------------------------------------------------------------------------------------------------
DEFINITIONS = {
    "column more": "alter table t add column d int default 7",
    "column dropped that is not asked for": "alter table t add column d int; alter table t drop column d",
    "column of another type": "alter table t alter column b type bigint",
    "column dropped": "alter table t drop column c",
    "column renamed": "alter table t rename column b to d",
    "key of another type": "alter table t alter column a type bigint",
    "table renamed": "alter table t rename to u",
    "table dropped": "drop table t",
    "table made anew": "drop table t; create table t (a int primary key, b int, c text); insert into t values (1, 7, 'new')",
    "table made anew with other columns": "drop table t; create table t (b int, a int primary key, c text)",
    "key dropped": "alter table t drop constraint t_pkey",
    "truncated": "truncate t",
    "index more": "create index on t (b)",
    "unique index more": "create unique index on t (b)",
    "expression index more": "create index on t ((b + 1)) where b > 5",
    "not null": "alter table t alter column b set not null",
    "check": "alter table t add check (b < 1000)",
    "default": "alter table t alter column c set default 'other'",
}
USES = run(READ, "1") + SYNC + run(ADD, "1", "1") + SYNC + run(PUT, "3", "30") + SYNC + run(READ, "3") + SYNC + run(DROP, "3") + SYNC
USES += run(PUT, "4", None) + SYNC + run(ADD, "5000", "1") + SYNC + run(MOVE, "1", "1") + SYNC


@pytest.mark.parametrize("change", DEFINITIONS)
def test_definition_that_another_session_changes(t, change):
    t.same(USES + query("delete from t where a > 2"))
    t.same(query(DEFINITIONS[change]), "b")
    t.same(USES)
    t.same(USES)
    t.same(query("select * from t order by 1") + SYNC)


@pytest.mark.parametrize("change", DEFINITIONS)
def test_definition_that_the_own_transaction_changes_and_takes_back(t, change):
    t.same(query("begin") + query(DEFINITIONS[change]) + run(READ, "1") + SYNC + query("rollback"))
    t.same(query("begin") + query(DEFINITIONS[change]) + run(ADD, "1", "1") + SYNC + query("rollback"))
    t.same(query("begin; savepoint s") + query(DEFINITIONS[change]) + run(PUT, "3", "1") + SYNC + query("rollback to s"))
    t.same(run(READ, "1") + SYNC + query("commit"))
    t.same(USES + USES + query("select * from t order by 1"))


@pytest.mark.parametrize("statement", [bind("", READ, ["1"]), bind("", ADD, ["1", "1"]), bind("", PUT, ["7", "1"])])
@pytest.mark.parametrize("block", ["", "begin"])
def test_definition_that_changes_between_bind_and_execute(t, server, statement, block):
    """PostgreSQL's Bind holds a lock until Sync; ours does not, and plans anew: other columns, never other bytes."""
    wire = t.wires("a")[0]
    change = "alter table t drop column c; alter table t add column x int; alter table t alter column b type bigint"
    wire.send(query(block))
    wire.reply()
    wire.send(statement)
    assert wire.read_message()[0] == "2"
    with server.connect() as other:
        assert other.query(change).error is None
    wire.send(execute() + SYNC)
    reply = wire.reply()
    if b"read" in statement:
        assert reply.error["C"] == "42703" or reply.error["M"] == "cached plan must not change result type"
    else:
        assert reply.error is None
    wire.query("commit")
    assert all(len(row) == 3 for row in wire.query("select * from t").rows)


def test_table_that_goes_between_bind_and_execute(t, server):
    wire = t.wires("a")[0]
    wire.send(bind("", READ, ["1"]))
    assert wire.read_message()[0] == "2"
    with server.connect() as other:
        assert other.query("drop table t").error is None
    wire.send(execute() + SYNC)
    assert wire.reply().error["C"] == "42P01"


def test_index_made_over_rows_that_an_older_snapshot_sees(pair):
    pair.same(query("create table t (a int, b int)") + query("insert into t values (1, 10)"))
    pair.same(query("begin isolation level repeatable read") + query("select * from t"))
    pair.same(query("update t set a = 2") + query("create unique index on t (a)"), "b")
    pair.same(parse(READ, "select b from t where a = $1") + parse(DROP, "delete from t where a = $1") + SYNC)
    pair.same(run(READ, "1") + SYNC + run(READ, "2") + SYNC + run(DROP, "1") + SYNC + query("rollback") + run(READ, "2") + SYNC)


def test_search_path(t):
    t.same(query("create schema s; create table s.t (a int primary key, b int, c text); insert into s.t values (1, 99, 's')"))
    t.same(run(READ, "1") + SYNC + query("set search_path = s") + run(READ, "1") + run(ADD, "1", "1") + SYNC)
    t.same(query("begin; set local search_path = public") + run(READ, "1") + SYNC + query("rollback") + run(READ, "1") + SYNC)
    t.same(query("select * from s.t") + query("select * from public.t order by 1"))


def test_privileges_of_a_role(t):
    t.same(query("create role golden_r; grant usage on schema public to golden_r") + query("set role golden_r") + run(READ, "1") + SYNC)
    for grant in ("grant select on t to golden_r", "grant update on t to golden_r", "grant insert, delete on t to golden_r",
                  "revoke select on t from golden_r", "revoke update on t from golden_r", "revoke all on t from golden_r"):
        for change in (grant, "select"):
            t.same(query(change) + query("delete from t where a > 2") + ALL, "b")
            t.same(USES)
    for role in ("reset role", "set role golden_r", "reset role"):
        t.same(query("delete from t where a > 2") + ALL, "b")
        t.same(query(role) + USES)


def test_isolation_and_read_only_by_default(t):
    t.same(query("set default_transaction_read_only = on") + USES + query("begin read write") + USES + query("rollback"))
    t.same(query("set default_transaction_read_only = off") + query("begin read only") + USES + query("rollback"))
    t.same(query("set default_transaction_isolation = 'repeatable read'") + USES + query("begin") + run(READ, "1") + SYNC)
    t.same(query("update t set b = 1234"), "b")
    t.same(run(READ, "1") + SYNC + run(ADD, "1", "1") + SYNC + query("rollback") + run(READ, "1") + SYNC)


def test_own_commit_is_seen_without_waiting_for_it(t):
    t.same(query("set synchronous_commit = off"))
    for _ in range(100):
        t.same(run(ADD, "1", "1") + SYNC + run(READ, "1") + SYNC + run(ADD, "1", "1") + run(READ, "1") + SYNC)


def test_savepoints(t):
    t.same(query("begin; savepoint a") + run(ADD, "1", "1") + SYNC + query("savepoint b") + run(ADD, "10", "1") + run(PUT, "3", "3") + SYNC)
    t.same(run(READ, "1") + SYNC + query("rollback to b") + run(READ, "1") + run(READ, "3") + run(ADD, "100", "1") + SYNC)
    t.same(run(PUT, "2", "2") + SYNC + run(READ, "1") + SYNC + query("rollback to a") + run(READ, "1") + run(ADD, "7", "1") + SYNC)
    t.same(query("release a") + query("commit") + ALL)


def test_nothing_changed_is_no_transaction_id(t):
    asked = query("select pg_current_xact_id_if_assigned() is null")
    t.same(query("begin") + run(READ, "1") + SYNC + asked + run(ADD, "1", "9") + SYNC + asked + run(ADD, "1", "1") + SYNC + asked)
    t.same(query("rollback"))


def test_what_the_views_say(t):
    locks = query("select mode from pg_locks where relation = 't'::regclass and pid = pg_backend_pid() order by 1")
    held = query("select name, statement, is_holdable, is_binary, is_scrollable from pg_cursors")
    t.same(query("begin") + run(READ, "1") + SYNC + locks + run(ADD, "1", "1") + SYNC + locks + query("commit") + locks)
    t.same(query("begin") + bind("", READ, ["1"]) + parse("p", "select name, statement from pg_cursors") + bind("p", "p") + SYNC)
    t.same(execute("p") + SYNC + held + query("rollback") + held)
    seen = "select state, query, backend_xid is null, wait_event from pg_stat_activity where pid = "
    t.same(query("begin") + run(ADD, "1", "1") + SYNC)
    ours, theirs = [w.query(seen + str(a.pid)).rows for w, a in zip(t.wires("b"), t.wires("a"))]
    assert ours == theirs
    t.same(run("commit") + SYNC)
    ours, theirs = [w.query(seen + str(a.pid)).rows for w, a in zip(t.wires("b"), t.wires("a"))]
    assert ours == theirs
    t.same(query("select name, statement, parameter_types, from_sql from pg_prepared_statements order by 1"))


def test_table_statistics_can_be_read(t):
    assert t.wires("a")[0].query("select n_dead_tup >= 0 from pg_stat_user_tables where relname = 't'").rows == [("t",)]


def test_notifications_come_before_ready(t):
    t.same(query("listen x"))
    t.same(query("notify x, 'one'"), "b")
    for wire in t.wires("a"):
        while wire.read_message()[0] != "A":
            pass
    t.same(query("begin") + run(READ, "1") + SYNC)
    t.same(query("notify x, 'two'"), "b")
    t.same(run(READ, "1") + SYNC + run("commit") + SYNC)


# -- kinds of keys, rows and columns -------------------------------------------------------------------------------------
KEYS = [
    ("smallint", "7", ["7", " 7 ", "32767", "32768", "-1"]),
    ("bigint", "7", ["7", "9223372036854775807", "9223372036854775808"]),
    ("text", "'x'", ["x", "", "X", "x ", "é"]),
    ("varchar(3)", "'abc'", ["abc", "abcd", "abc "]),
    ("char(5)", "'ab'", ["ab", "ab   ", "ab c"]),
    ("name", "'ab'", ["ab", "x" * 80]),
    ("bool", "true", ["t", "off", "maybe"]),
    ("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", ["a0eebc999c0b4ef8bb6d6bb9bd380a11", "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", "z"]),
    ("oid", "7", ["7", "4294967295", "-1"]),
    ("numeric", "7.0", ["7", "7.00", "NaN"]),
    ("date", "'2020-01-02'", ["2020-01-02", "January 2, 2020", "x"]),
    ("timestamptz", "'2020-01-02 00:00:00Z'", ["2020-01-02 01:00:00+01"]),
    ("float8", "'-0'", ["0", "-0", "nan"]),
    ("bytea", "'a'", ["a", "\\x61"]),
]  # fmt: skip


@pytest.mark.parametrize("kind, value, asked", KEYS, ids=[k for k, _, _ in KEYS])
def test_keys_of_every_kind(pair, kind, value, asked):
    pair.same(query(f"create table k (a {kind} primary key, b int)") + query(f"insert into k values ({value}, 0)"))
    pair.same(parse(READ, "select a, b from k where a = $1") + parse(ADD, "update k set b = b + 1 where a = $1") + SYNC)
    pair.same(parse(PUT, "insert into k values ($1, 7)") + parse(DROP, "delete from k where $1 = a") + SYNC)
    for text in [*asked, None]:
        pair.same_results(run(READ, text) + SYNC + run(ADD, text) + SYNC + run(PUT, text) + SYNC + run(READ, text) + SYNC)
        pair.same_results(run(DROP, text) + SYNC + run(READ, text, results=[1]) + SYNC)
        literal = "null" if text is None else f"'{text}'"
        for _ in range(4):
            pair.same(query(f"select * from k where a = {literal}") + query(f"delete from k where a = {literal}"))


def test_parameters_wider_than_the_key(t):
    for kind in ("int2", "int8", "numeric", "oid"):
        name = f"as {kind}"
        t.same(parse(name, f"select b from t where a = $1::{kind}") + SYNC)
        for text in ("1", "3", "-1", "2147483648", "32768"):
            t.same(run(name, text) + SYNC)


def test_keys_of_several_columns(pair):
    pair.same(query("create table k (a int, b text, c uuid, d int, primary key (b, a, c))"))
    uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    pair.same(query(f"insert into k values (1, 'x', '{uuid}', 5), (1, 'y', '{uuid}', 6)"))
    pair.same(parse(READ, "select d, b from k where a = $1 and c = $2 and b = $3") + SYNC)
    pair.same(parse(ADD, "update k set d = d + 1, b = $3 where c = $2 and a = $1 and b = 'x'") + SYNC)
    for a, b in (("1", "x"), ("1", "y"), ("2", "x"), (None, "x"), ("1", None)):
        pair.same(run(READ, a, uuid, b) + SYNC + run(ADD, a, uuid, b) + SYNC + run(READ, a, uuid, b) + SYNC)
    pair.same(query("select * from k order by b"))


def test_long_values(pair):
    long = "select string_agg(md5(i::text), '') from generate_series(1, 999) i"
    pair.same(query("create table k (a int primary key, b int, c text)") + query(f"insert into k values (1, 0, ({long}))"))
    pair.same(parse(READ, "select c from k where a = $1") + parse(ADD, "update k set b = b + 1 where a = $1") + SYNC)
    pair.same(parse(PUT, "insert into k values ($1, 0, $2)") + parse("set", "update k set c = $2 where a = $1") + SYNC)
    text = "".join(map(str, range(5000)))
    for _ in range(2):
        pair.same(run(READ, "1") + run(ADD, "1") + run(READ, "1") + run(PUT, "2", text) + run(READ, "2") + SYNC)
        pair.same(run("set", "2", text[::-1]) + run(READ, "2") + run("set", "2", "short") + run("set", "2", text) + SYNC)
        pair.same(run(READ, "2") + query("select a, b, md5(c) from k order by a") + query("delete from k where a = 2"))


def test_new_rows(pair):
    """Defaults, sequences, checks, generated and identity columns."""
    pair.same(query("create sequence q"))
    pair.same(query("create table k (a int primary key default nextval('q'), b int not null default 5 check (b < 50), "
                    "c int generated always as (b * 2) stored, d int check (d > 0), e bigint generated by default as identity)"))  # fmt: skip
    pair.same(query("create table l (a int primary key, b int not null, n int default nextval('q'), e text default current_user::text)"))
    pair.same(parse("k", "insert into k (b) values ($1)") + parse("kd", "insert into k (b, d) values ($1, $2)") + SYNC)
    pair.same(parse("l", "insert into l (a, b) values ($1, $2)") + parse("ln", "insert into l (a) values ($1)") + SYNC)
    pair.same(parse("ku", "update k set b = b + $2, d = $3 where a = $1") + parse("lu", "update l set n = nextval('q') where a = $1") + SYNC)
    for _ in range(2):
        pair.same(run("k", "1") + SYNC + run("k", None) + SYNC + run("k", "50") + SYNC + run("kd", "1", "0") + SYNC + run("kd", "1", "1") + SYNC)
        pair.same(run("l", "1", "1") + SYNC + run("l", "2", None) + SYNC + run("ln", "3") + SYNC + run("lu", "1") + SYNC + run("lu", "9") + SYNC)
        pair.same(run("ku", "1", "1", "1") + SYNC + run("ku", "1", "49", "1") + SYNC + run("ku", "1", "1", "-1") + SYNC + run("ku", "1", None, "1") + SYNC)
        pair.same(query("select last_value from q") + query("select * from k order by 1") + query("select a, b, n from l order by 1"))


def test_indexes_of_every_kind_follow(pair):
    pair.same(query("create table k (a int primary key, b int, c text); create index on k (b) where b > 5; "
                    "create index on k ((b + 1)); create unique index k_c on k (c) where b > 0; create index on k (lower(c))"))  # fmt: skip
    pair.same(parse(PUT, "insert into k values ($1, $2, $3)") + parse(ADD, "update k set b = b + $1 where a = $2") + SYNC)
    for a, b, c in (("1", "1", "x"), ("2", "0", "x"), ("3", "9", "y"), ("4", "1", "y")):
        pair.same(run(PUT, a, b, c) + SYNC)
    pair.same(run(ADD, "1", "2") + SYNC + run(ADD, "10", "1") + SYNC + run(ADD, "-20", "1") + SYNC + run(ADD, "1", "2") + SYNC)
    pair.same(query("set enable_seqscan = off") + query("select * from k where b > 5") + query("select * from k where b + 1 = 2 order by a"))
    pair.same(query("select * from k where lower(c) = 'x' order by a") + query("select * from k where c = 'x' and b > 0"))


def test_texts_of_simple_queries(t):
    """Statements are known again by their text without literals."""
    texts = [
        "select b from t where a = {}", "SELECT b FROM t WHERE a={};", "select b from t where a = {} -- note",
        "select b from t where a = {};;", "select b /* {{}} */ from t where a = {}", "select b from t where a = -{}",
        "select b, 'x' from t where a = {}", "select b from t where a = {}::int8", "select b from t where a = '{}'",
        "update t set b = b + {} where a = 1", "update t set c = 'it''s {}' where a = 1", "update t set c = E'\\n{}' where a = 1",
        "insert into t values ({}, 3, 'x')", "delete from t where a = {}", "select 1; select b from t where a = {}",
        "select b from t where a = {}.5", "select b from t where a = {}99999999999", "select a as b from t where a = {}",
        "select b from t where a = {} limit 1", "update t set b = {} where a = 1 returning b", "select from t where a = {}",
    ]  # fmt: skip
    for text in texts:
        for number in (1, 2, 3, 1, 7):
            t.same(query(text.format(number)))
    t.same(query("begin") + query("select b from t where a = 1") + query("insert into t values (1, 3, 'x')"))
    t.same(query("select b from t where a = 1") + query("COMMIT") + query("COMMIT") + query("ROLLBACK;") + query("BEGIN;"))
    t.same(query("BEGIN") + query("END") + query("END") + query("ROLLBACK") + query("select b from t where a = 2") + ALL)


@pytest.mark.parametrize("change", DEFINITIONS)
def test_text_whose_table_another_session_changes(t, change):
    texts = query("select a, b, c from t where a = 1") + query("update t set b = b + 1 where a = 1") + query("select * from t where a = 2")
    for _ in range(3):
        t.same(texts)
    t.same(query(DEFINITIONS[change]), "b")
    for _ in range(3):
        t.same(texts)
