"""Local write forwarding with real processes: a writer, and a reader whose clients write."""

from __future__ import annotations

import signal
import time
import urllib.request

import pytest

from aurorapy.instance import messages as im
from aurorapy.wire import frontend
from tests.support.instance_link import ask
from tests.support.node_process import ProcessFleet, free_ports

FORWARDS = {"local_write_forwarding": "on"}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    settings = {"max_connections": "200", "apg_write_forward.max_forwarding_connections_percent": "2"}
    (port,) = free_ports(1)
    with ProcessFleet(tmp_path_factory.mktemp("forwarding"), settings) as fleet:
        fleet.metrics = f"127.0.0.1:{port}"
        fleet.writer.kill()
        fleet.writer.settings["metrics_listen"] = fleet.metrics
        fleet.writer.start()
        fleet.query("create table kept (a int primary key, b text); create table seq (id serial primary key, b text)")
        fleet.query("create role somebody login; grant select, insert on kept to somebody")
        yield fleet


@pytest.fixture(scope="module")
def reader(fleet):
    reader = fleet.new_reader("forwards", FORWARDS)
    reader.start()
    with reader.connect() as wire:
        fleet.until(lambda: wire.query("select from kept").error is None, 10)
        fleet.until(lambda: wire.query("select 1 from pg_roles where rolname = 'somebody'").rows == [("1",)], 10)
    yield reader
    reader.kill()


@pytest.fixture
def wire(fleet, reader):
    fleet.query("delete from kept")
    with reader.connect() as wire:
        fleet.until(lambda: wire.query("select count(*) from kept").rows == [("0",)], 10)
        yield wire


def refusal(reply):
    return (reply.error["C"], reply.error["M"]) if reply.error else None


def test_a_readers_changes_land_on_the_writer_and_are_read_back(fleet, wire):
    assert wire.query("show transaction_read_only").rows == [("off",)]
    for number in range(50):
        assert wire.query(f"insert into kept values ({number}, 'x')").results[0].tag == "INSERT 0 1"
        assert wire.query("select count(*) from kept").rows == [(str(number + 1),)]
    reply = wire.query("update kept set b = 'y' where a < 2 returning a, b")
    assert (reply.rows, reply.results[0].tag) == ([("0", "y"), ("1", "y")], "UPDATE 2")
    assert [column.name for column in reply.results[0].columns] == ["a", "b"]
    assert wire.query("delete from kept where a >= 2").results[0].tag == "DELETE 48"
    assert wire.query("with gone as (delete from kept where a = 1 returning *) select b from gone").rows == [("y",)]
    assert wire.query("insert into seq (b) values ('z') returning id").rows == [("1",)]
    assert fleet.query("select * from kept") == [("0", "y")]
    assert wire.query("select pg_is_in_recovery(), * from kept").rows == [("t", "0", "y")]


def test_errors_are_the_writers_with_the_clients_positions(fleet, wire):
    wire.query("insert into kept values (1, 'x')")
    error = wire.query("insert into kept values (1, 'y')").error
    assert (error["C"], error["n"], error["D"]) == ("23505", "kept_pkey", "Key (a)=(1) already exists.")
    error = wire.query("select 1; insert into kept select 1/(a - 1) from kept").error
    assert error["C"] == "22012" and wire.status == "I"
    error = wire.query("insert into nothing values (1)").error
    assert (error["C"], error["P"]) == ("42P01", "13")


def test_a_transaction_goes_on_where_it_wrote(fleet, wire):
    wire.query("begin")
    assert wire.query("select count(*) from kept").rows == [("0",)]
    wire.query("insert into kept values (1, 'x')")
    assert wire.query("select * from kept").rows == [("1", "x")]
    assert wire.query("select pg_is_in_recovery()").rows == [("f",)]
    assert fleet.query("select * from kept") == []
    assert wire.query("commit").results[0].tag == "COMMIT"
    assert wire.query("select pg_is_in_recovery(), a from kept").rows == [("t", "1")]
    wire.query("begin; delete from kept")
    assert wire.query("select 1/0").error["C"] == "22012"
    assert wire.status == "E" and wire.query("select 1").error["C"] == "25P02"
    assert wire.query("commit").results[0].tag == "ROLLBACK"
    assert fleet.query("select * from kept") == [("1", "x")]
    reply = wire.query("insert into kept values (2, 'x'); insert into kept values (1, 'x')")
    assert refusal(reply)[0] == "23505" and fleet.query("select count(*) from kept") == [("1",)]


def test_repeatable_read_has_one_snapshot_here_and_there(fleet, wire):
    wire.query("insert into kept values (1, '0')")
    wire.query("begin isolation level repeatable read")
    assert wire.query("select b from kept").rows == [("0",)]
    fleet.query("update kept set b = '1'; insert into kept values (2, '')")
    time.sleep(0.2)
    assert wire.query("select count(*) from kept").rows == [("1",)]
    assert wire.query("insert into kept values (3, 'mine')").error is None
    assert wire.query("select a, b from kept order by a").rows == [("1", "0"), ("3", "mine")]
    assert refusal(wire.query("update kept set b = 'lost' where a = 1")) == (
        "40001", "could not serialize access due to concurrent update"
    )  # fmt: skip
    wire.query("rollback")
    assert fleet.query("select a, b from kept order by a") == [("1", "1"), ("2", "")]


def test_prepared_statements_parameters_and_row_limits(fleet, wire):
    reply = wire.extended("insert into kept select g, $2 from generate_series(1, $1::int) g returning a", ["2500", "p"])
    assert (len(reply.rows), reply.results[0].tag) == (2500, "INSERT 0 2500")
    assert len(wire.query("with c as (update kept set b = 'q' returning a) select a from c").rows) == 2500
    wire.query("prepare put (int, text) as insert into kept values ($1, $2) returning b")
    assert wire.query("execute put (9000, null)").rows == [(None,)]
    assert wire.query("execute put (9001, 'it''s')").rows == [("it's",)]
    assert [line for (line,) in wire.query("explain (analyze, costs off, timing off, summary off) delete from kept").rows][0].startswith("Delete on kept")
    assert fleet.query("select count(*) from kept") == [("0",)]
    assert wire.query("begin; select * from kept for update").error is None
    assert wire.query("select pg_is_in_recovery()").rows == [("f",)]
    wire.query("rollback")


def test_a_forwarded_portal_is_read_in_pieces(wire):
    wire.query("insert into kept select g from generate_series(1, 5) g")
    wire.query("begin")
    wire.send(frontend.parse("", "select a from kept order by a for update", []) + frontend.bind("p", "", [], [], [1]))
    wire.send(frontend.describe_portal("p") + frontend.execute("p", 2) + frontend.execute("p", 2) + frontend.SYNC)
    reply = wire.reply()
    assert reply.error is None and reply.results[0].suspended
    assert [row[0] for row in reply.results[0].rows] == [bytes((0, 0, 0, n)) for n in (1, 2, 3, 4)]
    assert wire.query("select count(*) from kept").rows == [("5",)]  # there, in between
    wire.send(frontend.execute("p", 2) + frontend.SYNC)
    letter, body = wire.read_message()
    assert (letter, frontend.row_values(body)) == ("D", [bytes((0, 0, 0, 5))])
    assert wire.reply().results[0].tag == "SELECT 1"
    assert wire.query("commit").results[0].tag == "COMMIT"


def test_the_writer_knows_the_sessions_settings_and_role(fleet, reader, wire):
    wire.query("set search_path to pg_catalog, public; set datestyle to 'German'; set application_name to 'far'; set my.own to 'x'")
    assert wire.query("begin; delete from kept; select current_setting('my.own'), date '2020-01-31', current_setting('search_path')").rows == [
        ("x", "31.01.2020", "pg_catalog, public")
    ]
    assert fleet.query("select count(*) from pg_stat_activity where application_name = 'far'") == [("1",)]
    wire.query("set local datestyle to 'ISO'")
    assert wire.query("select date '2020-01-31'").rows == [("2020-01-31",)]
    wire.query("commit")
    assert wire.query("begin; delete from kept; select date '2020-01-31'").rows == [("31.01.2020",)]
    wire.query("rollback; set role somebody")
    assert wire.query("insert into kept values (1, 'x')").error is None
    assert refusal(wire.query("delete from kept")) == ("42501", "permission denied for table kept")
    wire.query("reset role")
    assert wire.query("delete from kept").results[0].tag == "DELETE 1"
    with reader.connect(user="somebody") as other:
        assert other.query("begin; insert into kept values (1, 'x'); select session_user").rows == [("somebody",)]
        assert refusal(other.query("commit; delete from kept")) == ("42501", "permission denied for table kept")


def test_consistency_modes(fleet, reader, wire):
    assert refusal(wire.query("set apg_write_forward.consistency_mode to sometimes")) == (
        "22023", 'invalid value for parameter "apg_write_forward.consistency_mode": "sometimes"'
    )  # fmt: skip
    assert wire.query("show apg_write_forward.consistency_mode").rows == [("session",)]
    wire.query("set apg_write_forward.consistency_mode to 'GLOBAL'")
    for number in range(30):
        fleet.query(f"insert into kept values ({number}, 'by the writer')")
        assert wire.query("select count(*) from kept").rows == [(str(number + 1),)]
        assert wire.extended("select b from kept where a = $1", [str(number)]).rows == [("by the writer",)]
    wire.query("set apg_write_forward.consistency_mode to eventual")
    wire.query("delete from kept")
    fleet.until(lambda: wire.query("select count(*) from kept").rows == [("0",)], 10)
    wire.query("set apg_write_forward.consistency_mode to off")
    assert refusal(wire.query("delete from kept")) == ("25006", "cannot execute DELETE in a read-only transaction")
    assert wire.query("show transaction_read_only").rows == [("on",)]


def test_what_is_waited_for_when_the_reader_is_behind(fleet, reader, wire):
    """For a second nothing reaches the reader."""

    def cut_off(mode):
        wire.query(f"set apg_write_forward.consistency_mode to {mode}")
        fleet.query("select aurora_inject_replica_failure(100, 1, 'forwards')")

    def count():
        return wire.query("select count(*) from kept").rows[0][0]

    cut_off("eventual")
    wire.query("insert into kept values (1, 'x')")
    assert count() == "0"
    fleet.until(lambda: count() == "1", 10)
    cut_off("session")
    wire.query("insert into kept values (2, 'x')")
    assert count() == "2"
    cut_off("session")
    fleet.query("insert into kept values (3, 'not of this session')")
    assert count() == "2"
    fleet.until(lambda: count() == "3", 10)
    cut_off("global")
    fleet.query("insert into kept values (4, 'x')")
    assert count() == "4"
    cut_off("global")
    wire.query("set statement_timeout to '200ms'")
    fleet.query("insert into kept values (5, 'x')")
    assert refusal(wire.query("select count(*) from kept")) == ("57014", "canceling statement due to statement timeout")
    wire.query("set statement_timeout to 0")
    assert count() == "5"


REFUSED = [
    ("create table no (a int)", "CREATE TABLE"),
    ("truncate kept", "TRUNCATE TABLE"),
    ("select 1 as a into no", "CREATE TABLE AS"),
    ("grant select on kept to somebody", "GRANT"),
    ("vacuum", "VACUUM"),
    ("analyze", "ANALYZE"),
    ("listen x", "LISTEN"),
    ("notify x", "NOTIFY"),
    ("copy kept from stdin", "COPY"),
    ("begin; lock table kept in access share mode", "LOCK TABLE"),
    ("begin; prepare transaction 'x'", "PREPARE TRANSACTION"),
    ("begin; set constraints all deferred", "SET CONSTRAINTS"),
    ("begin; delete from kept; savepoint s", "SAVEPOINT"),
    ("begin; savepoint s; delete from kept", "SAVEPOINT"),
    ("begin; declare c cursor for select * from kept for update", "DECLARE CURSOR"),
    ("begin; delete from kept; copy kept to stdout", "COPY"),
]


def test_what_aurora_does_not_forward_is_refused(wire):
    for sql, what in REFUSED:
        assert refusal(wire.query(sql)) == ("0A000", f"{what} is not supported with write forwarding"), sql
        wire.query("rollback")
    assert refusal(wire.query("begin isolation level serializable"))[0] == "0A000"
    assert refusal(wire.query("select nextval('seq_id_seq')")) == ("25006", "cannot execute nextval() in a read-only transaction")
    assert refusal(wire.query("begin read only; delete from kept")) == ("25006", "cannot execute DELETE in a read-only transaction")
    wire.query("rollback")
    assert wire.query("begin; savepoint s; select 1; rollback to s; commit").error is None


def test_cancel_and_timeout_reach_the_writer(fleet, wire):
    with fleet.writer.connect() as holder:
        fleet.query("insert into kept values (1, 'x')")
        wire.query("select 1")
        holder.query("begin; update kept set b = 'held'")
        wire.query("set statement_timeout to '200ms'")
        assert refusal(wire.query("delete from kept")) == ("57014", "canceling statement due to statement timeout")
        wire.query("set statement_timeout to 0")
        wire.send_query("delete from kept")
        time.sleep(0.2)
        wire.cancel()
        assert refusal(wire.reply(10)) == ("57014", "canceling statement due to user request")
        wire.query("set lock_timeout to '100ms'")
        assert refusal(wire.query("delete from kept")) == ("55P03", "canceling statement due to lock timeout")
        holder.query("rollback")
    assert wire.query("delete from kept").results[0].tag == "DELETE 1"


def test_forwarded_sessions_have_their_share_of_the_writers_connections(reader, wire):
    wires = [reader.connect() for _ in range(5)]
    found = [refusal(each.query("begin; delete from kept")) for each in wires]
    assert sorted(found, key=bool) == [None] * 4 + [("53300", "sorry, too many forwarded clients already")]
    for each in wires:
        each.close()


def test_forwarded_sessions_and_statements_are_among_the_metrics(fleet, wire):
    def figures():
        try:
            with urllib.request.urlopen(f"http://{fleet.metrics}/metrics", timeout=10) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:  # it listens a little after the server does
            return {}
        return dict(line.split() for line in lines if not line.startswith("#") and "{" not in line)

    wire.query("insert into kept values (1, 'x')")
    fleet.until(lambda: figures().get("AuroraLocalForwardingWriterOpenSessions") == "1.0", 10)
    fleet.until(lambda: wire.query("insert into seq (b) values ('m')").error is None and float(figures()["InsertThroughput"]) > 0, 10)


def test_idle_forwarded_sessions_end(fleet, reader, wire):
    wire.query("set apg_write_forward.idle_session_timeout to '150ms'")
    wire.query("delete from kept")
    count = "select count(*) from pg_stat_activity where client_port is not null and application_name = 'idle'"
    wire.query("set application_name to 'idle'; delete from kept")
    fleet.until(lambda: fleet.query(count) == [("0",)], 10)
    assert wire.query("delete from kept").error is None  # on a new one
    wire.query("set apg_write_forward.idle_in_transaction_session_timeout to '100ms'")
    wire.query("insert into kept values (5, 'x')")
    with reader.connect() as other:
        other.query("set apg_write_forward.idle_in_transaction_session_timeout to '100ms'; begin; delete from kept")
        time.sleep(0.5)
        error = other.query("select 1").error
        assert error["C"] in ("25P03", "08006") and other.status == "E"
        other.query("rollback")
    assert fleet.query("select count(*) from kept") == [("1",)]


def test_the_writers_death_ends_what_was_forwarded(fleet, reader, wire):
    with reader.connect() as other:
        wire.query("begin; insert into kept values (1, 'lost')")
        other.query("insert into kept values (2, 'kept')")
        fleet.writer.kill()
        error = wire.query("insert into kept values (3, 'lost')").error
        assert (error["C"], error["M"]) == ("08006", "connection to the writer instance was lost")
        assert wire.status == "E"
        assert wire.query("commit").results[0].tag == "ROLLBACK"
        assert other.query("select a from kept").rows == [("2",)]
        other.query("set apg_write_forward.connect_timeout to 1")
        assert refusal(other.query("delete from kept"))[0] == "08001"
        fleet.writer.start()
        wire.send_query("insert into kept values (4, 'later')")
        assert wire.reply(30).error is None
        assert wire.query("select a from kept order by a").rows == [("2",), ("4",)]


def test_a_commit_whose_answer_is_lost_is_in_doubt_and_never_repeated(fleet, wire):
    stopped = [fleet.processes[name] for name in ("a1", "b1", "c1")]
    wire.query("begin; insert into kept values (1, 'in doubt')")
    for process in stopped:
        process.send_signal(signal.SIGSTOP)
    wire.send_query("commit")
    time.sleep(0.3)
    wire.cancel()  # too late
    fleet.writer.kill()
    error = wire.reply(10).error
    for process in stopped:
        process.send_signal(signal.SIGCONT)
    assert (error["C"], error["M"]) == ("08007", "connection to the writer instance was lost")
    fleet.writer.start()
    assert fleet.query("select count(*) from kept") in ([("0",)], [("1",)])


def test_a_reader_that_becomes_the_writer_forgets_what_it_forwarded(fleet, reader, wire):
    with reader.connect() as other:
        wire.query("begin; insert into kept values (1, 'lost')")
        other.query("insert into kept values (2, 'kept')")
        fleet.writer.kill()
        assert isinstance(ask(fleet.address("forwards"), fleet.secret, im.Promote(1)), im.Promoted)
        assert refusal(wire.query("insert into kept values (3, 'lost')")) == ("08006", "connection to the writer instance was lost")
        wire.query("rollback")
        assert wire.query("insert into kept values (4, 'mine')").error is None
        assert other.query("select a, pg_is_in_recovery() from kept order by a").rows == [("2", "f"), ("4", "f")]
        assert wire.query("create table here (a int)").error is None
