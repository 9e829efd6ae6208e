"""Readers as real processes: they follow a writer under load, die, lose it, and are right all the time."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from tests.conftest import need_program
from tests.support.node_process import ProcessFleet
from tests.support.pgwire import ConnectionLost

SUMS = """
select (select sum(abalance) from pgbench_accounts), (select sum(tbalance) from pgbench_tellers),
       (select sum(bbalance) from pgbench_branches), (select coalesce(sum(delta), 0) from pgbench_history),
       (select count(*) from pgbench_history)
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with ProcessFleet(tmp_path_factory.mktemp("readers")) as fleet:
        yield fleet


def pgbench(fleet: ProcessFleet, *arguments: str) -> list[str]:
    return [need_program("pgbench"), "-h", "127.0.0.1", "-p", str(fleet.writer.port), "-U", "postgres", *arguments, "postgres"]


def watch(wire, seconds: float, count: int = 0) -> int:
    """Every snapshot is one of a moment, and none is older than the last."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        reply = wire.query(SUMS)
        if reply.error:  # only when a new writer did not know of the snapshot
            assert (reply.error["C"], reply.error["M"]) == ("40001", "canceling statement due to conflict with recovery")
            continue
        *sums, after = (int(text) for text in reply.rows[0])
        assert len(set(sums)) == 1, sums
        assert after >= count
        count = after
    return count


@pytest.mark.parametrize("pages", ["16", "16384"])
def test_a_reader_is_right_under_writes_and_when_either_dies(fleet, pages):
    seconds = float(os.environ.get("AURORAPY_READER_SECONDS", "1.5"))
    load = ("-c", "4", "-n", "-M", "prepared", "-T", str(int(2 * seconds + 2)))
    subprocess.run(pgbench(fleet, "-i", "-q"), check=True, capture_output=True)
    reader = fleet.new_reader(f"reader{pages}", {"shared_buffers": pages})
    reader.start()
    writing = subprocess.Popen(pgbench(fleet, *load), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with reader.connect() as wire:
        count = watch(wire, seconds)
    reader.kill()
    reader.start()
    with reader.connect() as wire:
        count = watch(wire, seconds, count)
        fleet.writer.kill()
        writing.wait()
        count = watch(wire, 0.3, count)
        fleet.writer.start()
        writing = subprocess.Popen(pgbench(fleet, *load), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        watch(wire, seconds, count)
        assert writing.wait() == 0
        fleet.until(lambda: wire.query(SUMS).rows == fleet.query(SUMS), 10)
    reader.kill()


def test_definitions_are_followed(fleet):
    reader = fleet.new_reader("definitions")
    reader.start()
    with reader.connect() as wire:

        def until(sql, rows):
            fleet.until(lambda: (reply := wire.query(sql)).error is None and reply.rows == rows, 10)

        fleet.query("create table followed (a int primary key); insert into followed select generate_series(1, 300)")
        until("select count(*) from followed", [("300",)])
        fleet.query("alter table followed add column b text default 'b'")
        until("select a, b from followed where a = 7", [("7", "b")])
        fleet.query("alter table followed alter column a type bigint")
        until("select a, b from followed where a = 7", [("7", "b")])
        until("select pg_typeof(a) from followed limit 1", [("bigint",)])
        fleet.query("create index on followed (b)")
        fleet.query("truncate followed")
        until("select count(*) from followed", [("0",)])
        fleet.query("insert into followed select g, g::text from generate_series(1, 20000) g")
        until("select count(*), max(a) from followed where b >= '0'", [("20000", "20000")])
        fleet.query("drop table followed")
        fleet.until(lambda: (reply := wire.query("select 1 from followed")).error is not None, 10)
        assert wire.query("select 1 from followed").error["C"] == "42P01"
    reader.kill()


def test_an_index_made_after_a_snapshot_hides_no_row_from_it(fleet):
    """The version that it sees had ended when the index was made, in the middle of a HOT chain: no entry leads there."""
    fleet.query("create table hot (id int primary key, v int, pad text) with (fillfactor = 50)")
    fleet.query("insert into hot select g, g, repeat('x', 20) from generate_series(1, 3000) g; analyze hot")
    reader = fleet.new_reader("hot")
    reader.start()
    question = "select id, v from hot where v = 77"
    with reader.connect() as old, reader.connect() as new:
        fleet.until(lambda: old.query("select count(*) from hot").rows == [("3000",)])
        old.query("begin isolation level repeatable read")
        assert old.query(question).rows == [("77", "77")]
        time.sleep(0.3)  # until the writer has heard of the snapshot
        fleet.query("update hot set v = v + 100000 where id = 77")
        fleet.query("create index hot_v on hot (v)")
        fleet.until(lambda: "hot_v" in new.query(f"explain {question}").rows[0][0])
        assert new.query(question).rows == []
        assert old.query(question).rows == [("77", "77")]
        assert old.query("select id from hot where v between 70 and 79 order by v").rows == [(str(n),) for n in range(70, 80)]
    reader.stop()


def test_a_reader_refuses_to_write(fleet):
    reader = fleet.new_reader("refusing")
    reader.start()
    with reader.connect() as wire:
        assert wire.settings["in_hot_standby"] == "on"
        assert wire.query("show transaction_read_only").rows == [("on",)]
        assert wire.query("begin; show transaction_read_only").results[-1].rows == [("on",)]
        assert wire.query("rollback; select pg_is_in_recovery()").results[-1].rows == [("t",)]
        for sql, state, text in REFUSED:
            error = wire.query(sql).error
            assert error is not None, sql
            assert (error["C"], error["M"]) == (state, text), sql
    reader.kill()


def test_a_snapshot_holds_the_writer_back_so_long_and_no_longer(fleet):
    """R5: correct rows, or 40001."""
    fleet.query("create table held (a int primary key, n int); insert into held select g, 0 from generate_series(1, 50) g")
    reader = fleet.new_reader("held", {"max_standby_streaming_delay": "2s"})
    reader.start()
    begin = "begin isolation level repeatable read"
    with reader.connect() as first, reader.connect() as idle:
        fleet.until(lambda: first.query("select count(*) from held").rows == [("50",)], 10)
        for wire in (first, idle):
            wire.query(begin)
            assert wire.query("select sum(n) from held where a > 0").rows == [("0",)]
        started = time.monotonic()
        while time.monotonic() < started + 1.0:
            fleet.query("update held set n = n + 1")
            fleet.query("vacuum held")
            assert first.query("select sum(n), count(*) from held").rows == [("0", "50")]
        error = first.query("select pg_sleep(10)").error
        assert (error["C"], error["M"]) == ("40001", "canceling statement due to conflict with recovery")
        first.query("rollback")
        with pytest.raises(ConnectionLost):  # after 40001 terminating connection due to conflict with recovery
            idle.query("select 1")
            idle.query("select 1")
        fleet.query("vacuum held")
        n = fleet.query("select sum(n) from held")
        fleet.until(lambda: first.query("select sum(n) from held").rows == n, 10)
    reader.kill()


REFUSED = [
    ("create table no (a int)", "25006", "cannot execute CREATE TABLE in a read-only transaction"),
    ("create temp table no (a int)", "25006", "cannot create temporary tables during recovery"),
    ("insert into pg_class default values", "25006", "cannot execute INSERT in a read-only transaction"),
    ("select * from pg_class for update", "25006", "cannot execute SELECT FOR UPDATE in a read-only transaction"),
    ("begin transaction read write", "0A000", "cannot set transaction read-write mode during recovery"),
    ("begin isolation level serializable", "0A000", "cannot use serializable mode in a hot standby"),
    ("vacuum", "25006", "cannot execute VACUUM during recovery"),
    ("analyze", "25006", "cannot execute ANALYZE during recovery"),
    ("listen x", "25006", "cannot execute LISTEN during recovery"),
    ("notify x", "25006", "cannot execute NOTIFY during recovery"),
]
