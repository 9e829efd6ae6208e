"""Real processes: zones die and come back under load, a writer is stopped and taken over, strangers knock."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import time

import pytest

from aurorapy.host.frames import Framing
from tests.conftest import need_program
from tests.support.node_process import NAMES, ProcessFleet
from tests.support.pgwire import ConnectionLost


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with ProcessFleet(tmp_path_factory.mktemp("fleet")) as fleet:
        yield fleet


def pgbench(fleet: ProcessFleet, *arguments: str) -> list[str]:
    return [need_program("pgbench"), "-h", "127.0.0.1", "-p", str(fleet.writer.port), "-U", "postgres", *arguments, "postgres"]


def test_a_zone_dies_under_load_and_comes_back(fleet):
    """No transaction fails, the copies converge, and all build the same bytes."""
    seconds = int(os.environ.get("AURORAPY_FLEET_SECONDS", "6"))
    subprocess.run(pgbench(fleet, "-i", "-q"), check=True, capture_output=True)
    load = subprocess.Popen(
        pgbench(fleet, "-c", "8", "-T", str(seconds), "-M", "prepared"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    time.sleep(seconds / 3)
    fleet.kill("c1", "c2")
    time.sleep(seconds / 3)
    fleet.start("c1", "c2")
    output, _ = load.communicate(timeout=seconds + 60)
    assert load.returncode == 0, output
    assert re.search(r"number of failed transactions: 0 \(", output), output
    fleet.until(fleet.converged)
    assert fleet.differing_copies() == []
    with fleet.writer.connect() as wire:
        sums = {
            wire.query(f"select sum({column}) from {table}").rows[0]
            for table, column in (
                ("pgbench_accounts", "abalance"), ("pgbench_tellers", "tbalance"), ("pgbench_branches", "bbalance"),
                ("pgbench_history", "delta"),
            )
        }  # fmt: skip
        assert len(sums) == 1
        fills = wire.query("select sum(gossip_fills) from aurora_segments where zone = 'c'").rows[0][0]
        assert int(fills) > 0


def test_without_a_zone_and_one_more_writes_wait_and_reads_go_on(fleet):
    with fleet.writer.connect() as wire, fleet.writer.connect() as reader:
        wire.query("drop table if exists waits; create table waits (x int); insert into waits values (1)")
        reader.query("select * from waits")
        fleet.kill("c1", "c2", "b2")
        wire.send_query("insert into waits values (2)")
        time.sleep(1.0)
        assert not wire.has_answer()
        assert reader.query("select * from waits").rows == [("1",)]
        fleet.start("b2")
        assert not wire.reply().error
        assert reader.query("select x from waits order by x").rows == [("1",), ("2",)]
        fleet.start("c1", "c2")
        fleet.until(fleet.converged)


def test_malformed_and_unauthenticated_frames_are_none_accepted(fleet):
    """X10. The long run (100,000) is AURORAPY_FLEET_FRAMES=100000."""
    count = int(os.environ.get("AURORAPY_FLEET_FRAMES", "2000"))
    draw = random.Random(10)
    address = ("127.0.0.1", fleet.ports["a1"])
    hello = Framing(b"", "client", b"n" * 32).begin()
    before = fleet.processes["a1"].pid
    for number in range(count):
        data = bytearray(hello if number % 2 else draw.randbytes(draw.randrange(1, 200)))
        if number % 4 == 1:
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        data += draw.randbytes(draw.randrange(0, 120))
        with socket.create_connection(address) as stranger:
            stranger.settimeout(5)
            try:
                stranger.sendall(data)
                stranger.shutdown(socket.SHUT_WR)
                received = b""
                while piece := stranger.recv(1000):
                    received += piece
            except ConnectionError:
                continue
            assert len(received) in (0, 51), "only a greeting may come"
    assert fleet.processes["a1"].poll() is None and fleet.processes["a1"].pid == before
    fleet.until(fleet.converged)


def test_the_writer_is_killed_and_comes_back_with_everything(fleet):
    with fleet.writer.connect() as wire:
        wire.query("drop table if exists kept; create table kept (x int)")
        for number in range(20):
            assert not wire.query(f"insert into kept values ({number})").error
    fleet.writer.kill()
    fleet.writer.start()
    with fleet.writer.connect() as wire:
        assert wire.query("select count(*) from kept").rows == [("20",)]


def test_a_stopped_writer_that_was_taken_over_acknowledges_nothing_and_exits(fleet):
    old = fleet.writer
    with old.connect() as wire:
        wire.query("drop table if exists owned; create table owned (x int); insert into owned values (1)")
        os.kill(old.pid, signal.SIGSTOP)
        new = fleet.new_writer("second")
        try:
            new.start()
            with new.connect() as other:
                assert not other.query("insert into owned values (2)").error
            wire.send_query("insert into owned values (3)")
        finally:
            os.kill(old.pid, signal.SIGCONT)
        with pytest.raises(ConnectionLost):
            wire.reply()
    fleet.until(lambda: not old.is_running, 20)
    assert old._process.wait() == 3
    with new.connect() as other:
        assert other.query("select x from owned order by x").rows == [("1",), ("2",)]
    fleet.writer = new
    assert sorted(fleet.states()) == list(NAMES)
