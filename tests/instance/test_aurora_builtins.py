"""Aurora's built-in functions with real processes: a writer and two readers, one of them in tier 0 with the writer."""

from __future__ import annotations

import pytest

from tests.support.node_process import ProcessFleet

WAITS = "natural join aurora_stat_wait_event() natural join aurora_stat_wait_type()"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with ProcessFleet(tmp_path_factory.mktemp("builtins"), {"apg_ccm_enabled": "on", "promotion_tier": "0"}) as fleet:
        fleet.query("create table kept (a int primary key, b text); insert into kept select g, 'x' from generate_series(1, 5000) g")
        for name, tier in (("near", "0"), ("far", "1")):
            reader = fleet.new_reader(name, {"promotion_tier": tier})
            reader.start()
            setattr(fleet, name, reader)
        yield fleet


def rows(server, sql):
    with server.connect() as wire:
        reply = wire.query(sql)
        assert not reply.error, reply.error
        return reply.rows


def test_every_instance_lists_all_of_them(fleet):
    names = [("writer",), ("far",), ("near",)]
    for server in (fleet.writer, fleet.near, fleet.far):
        fleet.until(lambda: sorted(rows(server, "select server_id from aurora_replica_status()")) == sorted(names), 10)
    found = rows(fleet.far, "select server_id, session_id = 'MASTER_SESSION_ID', replica_lag_in_msec is null from aurora_replica_status()")
    assert found[0] == ("writer", "t", "t") and sorted(found[1:]) == [("far", "f", "f"), ("near", "f", "f")]
    for server, name in ((fleet.writer, "writer"), (fleet.near, "near")):
        assert rows(server, "select aurora_db_instance_identifier()") == [(name,)]


def test_the_list_has_all_that_there_are(fleet):
    listed = rows(fleet.writer, 'select "Name", "Type", "Volatility" from aurora_list_builtins()')
    assert [row[:1] for row in listed] == rows(fleet.writer, r"select proname from pg_proc where proname like 'aurora\_%' order by proname")
    assert ("aurora_version", "func", "stable") in listed
    assert rows(fleet.writer, """select "Result data type", "Argument data types" from aurora_list_builtins()
                                 where "Name" in ('aurora_stat_wait_type', 'aurora_wait_report') order by "Name" """) == [
        ("SETOF record", "OUT type_id smallint, OUT type_name text"),
        ("SETOF record", "delay integer DEFAULT 10, OUT type_name text, OUT event_name text, OUT waits bigint, OUT wait_time numeric, "
         "OUT ms_per_wait numeric, OUT waits_per_xact numeric, OUT ms_per_xact numeric"),
    ]  # fmt: skip


def test_statements_and_commits_are_counted_with_their_time(fleet):
    database = "(select oid from pg_database where datname = current_database())"
    counted = f"select select_count, insert_count, update_count, delete_count from aurora_stat_dml_activity({database})"
    with fleet.writer.connect() as wire:
        before = [int(n) for n in wire.query(counted).rows[0]]
        commits = int(wire.query(f"select aurora_stat_get_db_commit_latency({database})").rows[0][0])
        for number in range(3):
            wire.query(f"insert into kept values ({-number - 1}, 'y')")
            wire.extended("update kept set b = 'z' where a = $1", [str(-number - 1)])
        wire.extended("select b from kept where a = $1", ["-1"])
        wire.query("select b from kept where a < 0")
        wire.query("begin; delete from kept where a < 0; commit")
        after = [int(n) for n in wire.query(counted).rows[0]]
        assert [b - a for a, b in zip(before, after)] == [4, 3, 3, 1]  # and the two that asked
        latencies = wire.query(f"select insert_latency_microsecs, delete_latency_microsecs from aurora_stat_dml_activity({database})").rows[0]
        assert all(int(each) > 0 for each in latencies)
        assert int(wire.query(f"select aurora_stat_get_db_commit_latency({database})").rows[0][0]) > commits
        assert wire.query("select aurora_stat_get_db_commit_latency(0::oid)").rows == [("0",)]


def test_waits_are_counted_and_shown(fleet):
    waiting = "select wait_event_type, wait_event, plan_id is null from aurora_stat_activity() where pid = {}"
    counted = f"select type_name, event_name, waits from aurora_stat_backend_waits({{}}) {WAITS} where type_name in ('Lock', 'IO', 'Timeout')"
    with fleet.writer.connect() as wire, fleet.writer.connect() as holder:
        holder.query("begin; update kept set b = 'held' where a = 1")
        wire.send_query("update kept set b = 'mine' where a = 1")
        fleet.until(lambda: holder.query(waiting.format(wire.pid)).rows == [("Lock", "transactionid", "t")], 10)
        holder.query("rollback")
        assert not wire.reply(10).error
        wire.query("select pg_sleep(0.01)")
        assert holder.query(counted.format(wire.pid)).rows == [("IO", "XactSync", "1"), ("Lock", "transactionid", "1"), ("Timeout", "PgSleep", "1")]
        wire.query("begin; update kept set b = 'mine' where a = 1")
        wire.query("commit")  # without a task that waits
        assert ("IO", "XactSync", "2") in holder.query(counted.format(wire.pid)).rows
        assert holder.query(waiting.format(wire.pid)).rows == [("Client", "ClientRead", "t")]
        wire.send_query("select event_name, waits, waits_per_xact is null from aurora_wait_report(1) where type_name = 'Timeout'")
        holder.query("select pg_sleep(0.3)")
        holder.query("update kept set b = 'x' where a = 1")
        assert wire.reply(10).rows == [("PgSleep", "2", "f")]
    assert rows(fleet.writer, f"select count(*) from aurora_stat_system_waits() {WAITS} where event_name = 'ClientRead' and waits > 0") == [("1",)]


def test_a_replica_that_gets_nothing_catches_up_from_the_volume(fleet):
    with fleet.far.connect() as wire:
        last = "select max(a) from kept"
        fleet.query("select aurora_inject_replica_failure(100, 1, 'far')")
        fleet.query("insert into kept values (6000, 'later')")
        assert wire.query(last).rows == [("5000",)]
        fleet.until(lambda: rows(fleet.near, last) == [("6000",)], 10)
        fleet.until(lambda: wire.query(last).rows == [("6000",)], 10)  # nobody writes again
        fleet.query("select aurora_inject_replica_failure(30, 1, '')")
        for number in range(50):
            fleet.query(f"insert into kept values ({7000 + number}, 'some are lost')")
        for server in (fleet.near, fleet.far):
            fleet.until(lambda: rows(server, "select count(*) from kept where a >= 7000") == [("50",)], 10)
    fleet.query("delete from kept where a > 5000")


def test_the_reader_of_tier_0_keeps_what_the_writer_keeps(fleet):
    (before,) = map(int, rows(fleet.writer, "select buffers_found_last_scan from aurora_ccm_status()")[0])
    fleet.query("create table warm (a int primary key, b text); insert into warm select g, repeat('x', 100) from generate_series(1, 20000) g")
    read = "select blks_read from aurora_stat_database() where datid = 0"
    kept = f"select buffers_sent_last_minute > 300, buffers_found_last_scan > {before + 300}, buffers_sent_last_scan from aurora_ccm_status()"
    fleet.until(lambda: rows(fleet.writer, kept) == [("t", "t", "0")], 20)
    with fleet.near.connect() as wire, fleet.far.connect() as other:
        for each, is_warm in ((wire, True), (other, False)):
            fleet.until(lambda: each.query("select 1 from warm limit 1").error is None, 10)
            before = each.query(read).rows
            assert each.query("select count(*) from warm").rows == [("20000",)]
            assert (each.query(read).rows == before) == is_warm
    assert rows(fleet.near, "select count(*) from aurora_ccm_status()") == [("0",)]


def test_what_is_not_here_says_so(fleet):
    with fleet.writer.connect() as wire:
        for call, state in (
            ("aurora_stat_memctx_usage()", "0A000"), ("aurora_stat_resource_usage()", "0A000"), ("aurora_global_db_status()", "0A000"),
            ("aurora_volume_logical_start_lsn()", "0A000"), ("aurora_stat_statements(true)", "55000"),
            ("aurora_stat_reset_wal_cache('no')", "42704"), ("aurora_inject_replica_failure(100, 1, 'nobody')", "22023"),
            ("aurora_inject_replica_failure(101, 1, '')", "22023"),
        ):  # fmt: skip
            assert wire.query(f"select * from {call}").error["C"] == state, call
        for call in ("aurora_stat_logical_wal_cache()", "aurora_stat_file()"):
            assert wire.query(f"select * from {call}").rows == []
        assert wire.query("select * from aurora_stat_optimized_reads_cache()").rows == [("0", "0")]
        assert wire.query("select count(*) from aurora_stat_database() join pg_stat_database using (datid, datname, numbackends)").rows == [("3",)]
    with fleet.near.connect() as wire:
        assert wire.query("select aurora_inject_replica_failure(100, 1, '')").error["C"] == "0A000"
