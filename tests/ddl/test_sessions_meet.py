"""Definitions of several sessions at once: each waits for the other or is told why not; nothing is half done."""

from __future__ import annotations

import random
import threading
import time

from tests.support.pgwire import Wire

EXPECTED = {"42P01", "42P07", "23505", "42701", "40P01", "42703"}
STATEMENTS = (
    "create table if not exists t{n}(id serial primary key, v text)",
    "drop table if exists t{n} cascade",
    "alter table t{n} add column if not exists x{m} int default 3",
    "insert into t{n}(v) select 'a' from generate_series(1, 10)",
    "select * from t{n} order by id limit 5",
    "begin; alter table t{n} alter v type varchar(50); rollback",
    "create index if not exists i{n} on t{n}(v)",
    "truncate t{n}",
    "update t{n} set v = v || 'b' where id % 7 = 0",
    "analyze t{n}",
    "create or replace view w{n} as select id from t{n}",
    "alter table t{n} rename column x{m} to y{m}",
)


def test_a_waiting_drop_finds_the_name_gone(server):
    with server.connect() as one, server.connect() as two:
        one.query("create table t(a int)")
        one.query("begin; drop table t")
        two.send_query("drop table t")
        assert two.reply_within(0.2) is None
        one.query("commit")
        assert two.reply().error["C"] == "42P01"


def test_a_waiting_reader_sees_the_new_table(server):
    with server.connect() as one, server.connect() as two:
        one.query("create table t(a int); insert into t values (1)")
        one.query("begin; truncate t; insert into t values (7)")
        two.send_query("select * from t")
        assert two.reply_within(0.2) is None
        one.query("commit")
        assert two.reply().rows == [("7",)]


def test_a_waiting_writer_knows_the_new_column(server):
    with server.connect() as one, server.connect() as two:
        one.query("create table t(a int)")
        one.query("begin; alter table t add b int default 5")
        two.send_query("insert into t values (1)")
        assert two.reply_within(0.2) is None
        one.query("commit")
        assert two.reply().error is None
        assert one.query("select * from t").rows == [("1", "5")]


def test_definitions_at_random(server):
    """Eight seconds of sixteen would find more; two find most. Errors are those PostgreSQL gives too."""
    unexpected: list[dict] = []

    def work(seed: int) -> None:
        draw = random.Random(seed)
        with Wire.connect("127.0.0.1", server.port) as wire:
            end = time.monotonic() + 2
            while time.monotonic() < end:
                error = wire.query(draw.choice(STATEMENTS).format(n=draw.randrange(2), m=draw.randrange(2))).error
                wire.query("rollback")
                if error and error["C"] not in EXPECTED:
                    unexpected.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not unexpected, unexpected[:3]
