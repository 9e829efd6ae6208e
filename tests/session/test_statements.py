"""What surrounds statements: constants that fail, notifications, advisory locks, random numbers, users, temporary files."""

from __future__ import annotations

import pytest

from tests.support.pgwire import Wire


def ask(wire: Wire, sql: str) -> list[tuple]:
    reply = wire.query(sql)
    assert reply.error is None, reply.error
    return reply.rows


# -- constants ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "sql",
    ["select 10 / 0", "select 1 / 0 where false", "select case when random() < 0 then 1 / 0 end",
     "select 1 from pg_class where relname = '' and 1 / 0 = 1", "select coalesce(null, 1 / 0)", "select (select 1 / 0)"],
)  # fmt: skip
def test_failing_constant_comes_before_any_row_description(wire, sql):
    reply = wire.query(sql)
    assert reply.error["C"] == "22012"
    assert reply.results[0].columns is None


@pytest.mark.parametrize(
    "sql",
    ["select case when true then 1 else 1 / 0 end", "select case 1 when 1 then 1 when 1 / 0 then 2 end",
     "select coalesce(1, 1 / 0)", "select 1 where true or 1 / 0 = 1",
     "with unused as (select 1 / 0) select 1"],
)  # fmt: skip
def test_constant_that_nobody_gets_to_does_not_fail(wire, sql):
    assert ask(wire, sql) == [("1",)]


def test_extended_protocol_describes_what_will_fail(wire):
    reply = wire.extended("select 1 / 0")
    assert [c.name for c in reply.results[0].columns] == ["?column?"]
    assert reply.error["C"] == "22012"


def test_returning_sends_nothing_of_a_change_that_fails(wire):
    ask(wire, "create table t (a int primary key); insert into t values (3)")
    reply = wire.query("insert into t select * from generate_series(1, 3) returning a")
    assert reply.error["C"] == "23505"
    assert reply.results[0].columns is None


def test_rows_without_columns(wire):
    reply = wire.query("select from generate_series(1, 3)")
    assert (reply.results[0].columns, reply.results[0].rows, reply.results[0].tag) == ([], [(), (), ()], "SELECT 3")


def test_parameter_that_cannot_be_read_is_named(wire):
    assert wire.extended("select $1::int, $2::int", ["1", "x"]).error["W"] == "unnamed portal parameter $2 = '...'"
    assert wire.extended("select $1::int8", [b"\0\0"]).error["W"] == "unnamed portal parameter $1"


def test_simple_query_follows_a_table_that_changes_while_it_waits(server, wire):
    ask(wire, "create table t (a int); insert into t values (1)")
    with server.connect() as other:
        assert ask(other, "select * from t") == [("1",)]
        ask(wire, "begin; alter table t add b int default 7")
        other.send_query("select * from t")
        assert other.reply_within(0.1) is None
        ask(wire, "commit")
        assert other.reply(5).rows == [("1", "7")]


@pytest.mark.parametrize(
    ("sql", "types"),
    [("select $1 between 1 and $2", "{integer,integer}"), ("select (1, 'a') in (($1, $2))", "{integer,text}"),
     ("select 1 limit $1", "{bigint}"), ("select $1::int, $1", "{integer}")],
)  # fmt: skip
def test_types_of_parameters(wire, sql, types):
    ask(wire, f"prepare p as {sql}")
    assert ask(wire, "select parameter_types from pg_prepared_statements") == [(types,)]


def test_parameter_that_one_place_leaves_open(wire):
    error = wire.query("prepare p as select $1 is null, $1::int").error
    assert (error["C"], error["P"]) == ("42P08", "21")


def test_row_in_a_list_of_one_row(wire):
    assert ask(wire, "select (1, 2) in ((1, 2)), (1, 2) not in ((1, 2), (3, 4)), (1, null) in ((1, 3))") == [("t", "f", None)]


def test_too_many_columns(wire):
    assert wire.query("select " + ", ".join(["1"] * 1665)).error["C"] == "54011"


def test_statements_of_one_message_have_a_timeout_each(wire):
    reply = wire.query("set statement_timeout = 200; select pg_sleep(0.15); select pg_sleep(0.15); select pg_sleep(5)")
    assert [r.tag for r in reply.results] == ["SET", "SELECT 1", "SELECT 1", None]
    assert reply.error["C"] == "57014"


# -- notifications -----------------------------------------------------------------------------------------------------
def test_notifications_come_at_commit_before_ready_for_query(server, wire):
    with server.connect() as sender:
        ask(wire, "listen news")
        ask(sender, "begin; select pg_notify('news', 'a'); notify news, 'a'; notify news")
        ask(wire, "select 1")
        assert wire.notifications == []
        ask(sender, "commit")
        ask(wire, "select 1")
        assert wire.notifications == [(sender.pid, "news", "a"), (sender.pid, "news", "")]
        assert ask(wire, "select pg_listening_channels()") == [("news",)]
        ask(sender, "begin; notify news, 'lost'; rollback")
        wire.notifications.clear()
        ask(wire, "notify news, 'own'")
        assert wire.notifications == [(wire.pid, "news", "own")]


def test_channels_and_payloads_that_cannot_be(wire):
    for sql, text in (("select pg_notify('', '')", "channel name cannot be empty"),
                      ("select pg_notify(repeat('x', 64), '')", "channel name too long"),
                      ("select pg_notify('x', repeat('x', 8000))", "payload string too long")):  # fmt: skip
        assert wire.query(sql).error["M"] == text


# -- advisory locks ----------------------------------------------------------------------------------------------------
def test_session_advisory_lock_is_counted_and_handed_on(server, wire):
    with server.connect() as other:
        ask(wire, "select pg_advisory_lock(1)")
        ask(wire, "select pg_advisory_lock(1)")
        assert ask(other, "select pg_try_advisory_lock(1)") == [("f",)]
        other.send_query("select pg_advisory_lock(1)")
        assert ask(wire, "select pg_advisory_unlock(1)") == [("t",)]
        assert other.reply_within(0.1) is None
        ask(wire, "select pg_advisory_unlock(1)")
        assert other.reply(5).error is None
        assert wire.query("select pg_advisory_unlock(1)").notices[0]["M"].startswith("you don't own a lock")
        ask(other, "select pg_advisory_unlock_all()")
        assert ask(wire, "select pg_try_advisory_lock(1)") == [("t",)]


# -- settings and users ------------------------------------------------------------------------------------------------
def test_equal_seeds_give_postgresqls_numbers(wire):
    ask(wire, "select setseed(0.5)")
    assert ask(wire, "select random(), random()") == [("0.9851677175347999", "0.825301858027981")]
    ask(wire, "set seed = -0.25")
    assert ask(wire, "select random()") == [("0.5553213340039351",)]


def test_session_authorization_changes_both_users_and_ends_a_role(wire):
    ask(wire, "create role golden_a login; create role golden_b; grant golden_b to golden_a")
    ask(wire, "set session authorization golden_a")
    assert ask(wire, "select current_user, session_user") == [("golden_a", "golden_a")]
    assert wire.settings["is_superuser"] == "off"
    ask(wire, "set role golden_b")
    assert ask(wire, "select current_user, session_user") == [("golden_b", "golden_a")]
    assert wire.query("set role postgres").error["C"] == "42501"
    ask(wire, "reset session authorization")
    assert ask(wire, "select current_user, session_user") == [("postgres", "postgres")]
    assert wire.query("set session authorization nosuch").error["C"] == "22023"
    assert ask(wire, "select current_user") == [("postgres",)]


def test_read_only_transaction_locks_no_rows(wire):
    ask(wire, "create table t (a int); begin read only")
    assert wire.query("select * from t for no key update").error["M"] == (
        "cannot execute SELECT FOR NO KEY UPDATE in a read-only transaction"
    )


# -- memory ------------------------------------------------------------------------------------------------------------
def test_sort_beyond_work_mem_uses_files_up_to_their_limit(server, wire):
    server.allow("53400")
    ask(wire, "set work_mem = '64kB'")
    sql = "select count(*), min(g), max(g) from (select g from generate_series(1, 200000) g order by -g offset 1) s"
    assert ask(wire, sql) == [("199999", "1", "199999")]
    ask(wire, "set temp_file_limit = '64kB'")
    error = wire.query(sql).error
    assert (error["C"], error["M"]) == ("53400", "temporary file size exceeds temp_file_limit (64kB)")
