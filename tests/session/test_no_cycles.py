"""What a statement or a connection made goes when it ends, by itself: nothing is left for Python's cycle collector.

A plan's folded constant may be of 100 MB. Kept by a cycle it stays until a walk, which then frees what hundreds of
statements left behind in one go, and keeps everybody waiting. Likewise the sessions of clients that come and go.

Not here: what sqlglot drops on its way, where it tries one reading of a few tokens and then another (`window w as`).
"""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from typing import Any, Callable

import pytest

from tests.session.test_commit_answers import Client, World
from tests.support.messages import SYNC, bind, execute, message, parse, query, run

SETUP = [
    "create table t (id int primary key, a int, b text)",
    "insert into t select i, i % 7, 'row ' || i from generate_series(1, 300) i",
    "create table u (id int primary key references t, v numeric check (v > 0))",
    "create view seen as select a, count(*) as n from t group by a",
    "create table logs (id bigint generated always as identity, t text)",
    "create sequence numbers",
]
QUERIES = [
    "select id, b from t where id = 3",
    "select b from t where a % 7 = 3 order by b desc, id limit 5 offset 1",
    "select a, count(*), sum(id), array_agg(b order by id), string_agg(b, ',') from t group by a having count(*) > 1",
    "select a, grouping(a), count(distinct b) from t group by rollup (a, b) order by 1, 2, 3",
    "select (select max(x.id) from t x where x.a = t.a), sum((select count(*) from t y where y.id = t.a)) from t group by t.a",
    "select count(*) from t x join t y on x.a = y.id left join t z on z.id = y.a + 1 full join u on u.id = z.id",
    "select count(*) from t where id in (select a from t) or exists (select from u where u.id = t.id) or a not in (select id from u)",
    "select rank() over (partition by a order by b), lag(b, 2) over (order by a), sum(a) over (order by id) from t",
    "with q as materialized (select * from t), r as (select a from q) select * from r union select 1 except select 2 intersect select 3",
    "with recursive q(n) as (select 1 union all select n + 1 from q where n < 20) select count(*) from q",
    "with w as (delete from u returning id) select count(*) from w",
    "select * from seen, lateral (select x.b from t x where x.a = seen.a limit 1) s",
    "select length(repeat('abcdefghij', 1000)), '[1, {\"k\": 2}]'::jsonb, array(select a from t)",
    "select case when a > 1 then coalesce(b, 'x') else nullif(b, 'y') end, a between 1 and 3, b like '%1', row(a, b) from t",
    f"select {'+'.join(['id'] * 200)} from t where {' or '.join(f'(a = {i} and id <> {i})' for i in range(90))}",
    "select e from jsonb_array_elements('[1, 2]') e, unnest(array[1, 2]) with ordinality",
    "insert into t values (1, 2, 'x'), (301, 3, 'y') on conflict (id) do update set a = excluded.a + t.a returning *",
    "insert into u select id, a + 1 from t where a > 5 on conflict do nothing",
    "update t set a = a + 1, b = 'new' where id = 5",
    "update t set b = x.b from t x where x.id = t.a returning t.*",
    "delete from u where id = 4",
    "insert into logs (t) values ('x')",
    "select 1 for update",
    "select a from t where id = 1 for update",
]
OTHERS = [
    "select 1/0", "select nothing", "select from where", "select 1 +", "(select 1", "select 'x'::int", "insert into u values (9999, 1)",
    "insert into u values (8, -1)", "select * from missing", "select a from t group by b", "select count(*) from t where count(*) > 1",
    "begin; savepoint s; select 1/0; rollback to s; update t set a = 1 where id = 2; rollback", "select 1; select 2; select 3/0",
    "begin; declare c cursor for select * from t; fetch 3 from c; close c; rollback",
    "begin; declare c cursor for select * from t order by b; fetch 3 from c; rollback",
    "create table made (a int default 1 + 1, check (a > 0)); alter table made add column c text; drop table made",
    "create index made on t (lower(b)) where a > 1; drop index made", "create view w as select * from seen; drop view w",
    "copy t to stdout", "explain analyze select count(*) from t", "analyze t", "vacuum t", "set work_mem = '3MB'; show work_mem",
]  # fmt: skip


@pytest.fixture(scope="module")
def client():
    client = Client(World())
    for sql in SETUP:
        ask(client, query(sql))
    return client


def ask(client: Client, talk: bytes) -> str:
    client.say(talk)
    client.world.pass_time()
    return client.heard()


def left_behind(work: Callable[..., Any], *args: Any) -> Counter:
    """Types of what only the collector would free, the third time: the first makes what stays."""
    work(*args)
    work(*args)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        work(*args)
        gc.collect()
        return Counter(type(found).__qualname__ for found in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("sql", QUERIES)
def test_a_plan_that_is_given_up(client, sql):
    close = message("C", b"Sp\0")
    assert left_behind(ask, client, parse("p", sql) + run("p") + close + SYNC) == {}
    assert left_behind(ask, client, query(f"prepare p as {sql}; execute p; deallocate p")) == {}


@pytest.mark.parametrize("sql", [*QUERIES, *OTHERS])
def test_a_statement(client, sql):
    assert left_behind(ask, client, query(sql)) == {}


TALKS = {
    "nothing": b"",
    "simple": query("select a from t where id = 1") + query("select 1; select 2") + query("set work_mem = '3MB'"),
    "extended": parse("q", "select b from t where id = $1") + run("q", "3") + SYNC,
    "an error": query("select 1/0") + parse("q", "select nothing") + SYNC + query("begin; select nothing"),
    "a cursor": query("begin; declare c scroll cursor with hold for select * from t; fetch 3 from c; savepoint s"),
    "a portal": query("begin") + parse("q", "select b from t") + bind("p", "q") + execute("p", 2) + SYNC,
    "a change": query("begin; update t set a = 1 where id = 2") + query("create table mine (a int)"),
    "its own objects": query("prepare p as select 1; listen here; notify here; select pg_advisory_lock(1), nextval('numbers')"),
    "views": query("select * from pg_stat_activity") + query("select * from aurora_stat_system_waits()") + query("copy t to stdout"),
    "half a message": b"Q\0\0\0\x20sel",
}


def leave(client: Client, politely: bool) -> None:
    if politely:
        client.say(message("X", b""))
    client.connection.connection_lost(None)
    client.world.pass_time()
    client.transport._wire = None  # the test's own cycle


def visit(world: World, talk: bytes, politely: bool) -> None:
    client = Client(world)
    session = weakref.ref(client.connection.session)
    ask(client, talk)
    leave(client, politely)
    assert session() is None


@pytest.mark.parametrize("politely", [True, False])
@pytest.mark.parametrize("talk", TALKS)
def test_a_connection(client, talk, politely):
    assert left_behind(visit, client.world, TALKS[talk], politely and talk != "half a message") == {}


@pytest.mark.parametrize("end", ["cancel", "leave", "terminate"])
def test_a_connection_that_waits(client, end):
    """For time, and for another's lock."""

    def visit(sql: str) -> None:
        waiting = Client(client.world)
        session = weakref.ref(waiting.connection.session)
        assert waiting.say(query(sql)) == ""
        if end == "cancel":
            waiting.cancel()
        elif end == "terminate":
            client.world.listener.terminate(waiting.connection.facts.pid)
        client.world.host.tasks.run_until_idle()
        assert waiting.heard().lstrip("T") == {"cancel": "EZ", "terminate": "E", "leave": ""}[end]
        leave(waiting, politely=end == "cancel")
        assert session() is None

    ask(client, query("begin; update t set a = a where id = 9"))
    for sql in ("select pg_sleep(1000)", "update t set a = 2 where id = 9"):
        assert left_behind(visit, sql) == {}
    ask(client, query("rollback"))
