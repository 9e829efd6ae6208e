"""The short path beside what only the general way knows: indexes that do not lead an older snapshot to its rows."""

from __future__ import annotations


def test_a_snapshot_older_than_an_index_finds_its_version_by_key(server, wire):
    wire.query("create table moved (id int, v int); insert into moved select g, 0 from generate_series(1, 10) g")
    with server.connect() as reader, server.connect() as maker:
        reader.query("begin isolation level repeatable read; select count(*) from moved")
        maker.query("update moved set id = id + 100 where id = 5")
        maker.query("create unique index on moved (id)")
        for key, rows in ((5, [("0",)]), (105, [])):
            reply = reader.extended("select v from moved where id = $1", [str(key)])
            assert reply.error is None, reply.error
            assert reply.results[0].rows == rows, key
        reader.query("commit")
