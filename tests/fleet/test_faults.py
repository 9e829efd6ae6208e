"""Aurora's fault injection on real processes: what is asked for happens, and is over afterwards."""

from __future__ import annotations

import time

import pytest

from tests.support.node_process import ProcessFleet
from tests.support.pgwire import ConnectionLost


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with ProcessFleet(tmp_path_factory.mktemp("faults"), settings={"shared_buffers": "64"}) as fleet:
        with fleet.writer.connect() as wire:
            wire.query("create table facts as select g as x, repeat('x', 900) as padding from generate_series(1, 2000) g")
        yield fleet


@pytest.fixture
def wire(fleet):
    with fleet.writer.connect() as wire:
        yield wire


def test_a_group_that_fails_takes_no_writes_and_serves_no_pages_until_it_is_over(fleet, wire):
    with fleet.writer.connect() as reader:
        assert not wire.query("select aurora_inject_disk_failure(100, 0, true, 3)").error
        wire.send_query("insert into facts values (0, 'late')")
        reader.send_query("select count(*) from facts")
        time.sleep(1.0)
        assert not wire.has_answer() and not reader.has_answer()
        assert not wire.reply().error
        assert reader.reply().rows[0][0] in ("2000", "2001")
    fleet.until(fleet.converged)
    assert fleet.differing_copies() == []


def test_two_copies_of_six_may_fail_unnoticed(fleet, wire):
    assert not wire.query("select aurora_inject_disk_failure(33.3, 0, true, 2)").error
    assert not wire.query("insert into facts values (-1, 'in time')", timeout=1.5).error
    assert wire.query("select count(*) from facts where x = -1").rows == [("1",)]
    fleet.until(fleet.converged)


def test_a_node_that_is_slow_is_not_waited_for(fleet, wire):
    assert not wire.query("select aurora_inject_disk_congestion(100, 5, false, 2, 100, 100)").error
    for _ in range(20):
        assert not wire.query("insert into facts values (-2, 'x')").error
    fleet.until(fleet.converged)
    slow = dict(map(tuple, wire.query("select node, ack_p99_ms from aurora_segments").rows))
    assert float(slow["c2"]) >= 90


def test_who_may_and_what_may_be_asked_for(fleet, wire):
    wire.query("create role nobody login")
    calls = ("aurora_inject_crash('node')", "aurora_inject_disk_failure(1, 0, true, 1)", "aurora_inject_disk_congestion(1, 0, true, 1, 0, 1)")
    with fleet.writer.connect(user="nobody") as other:
        for call in calls:
            assert other.query(f"select {call}").error["C"] == "42501"
    for call in (
        "aurora_inject_disk_failure(101, 0, true, 1)", "aurora_inject_disk_failure(50, 7, true, 1)",
        "aurora_inject_disk_failure(50, 6, false, 1)", "aurora_inject_disk_congestion(50, 0, true, 1, 5, 101)",
        "aurora_inject_disk_congestion(50, 0, true, 1, 5, 4)", "aurora_inject_crash('everything')",
    ):  # fmt: skip
        assert wire.query(f"select {call}").error["C"] == "22023", call


def test_the_way_to_the_nodes_breaks_and_is_made_anew(fleet, wire):
    for number in range(5):
        assert not wire.query("select aurora_inject_crash('dispatcher')").error
        assert not wire.query(f"insert into facts values ({-10 - number}, 'x')").error
    assert wire.query("select count(*) from facts where x <= -10").rows == [("5",)]


def test_the_instance_crashes_and_keeps_what_it_acknowledged(fleet):
    with fleet.writer.connect() as wire:
        assert not wire.query("insert into facts values (-100, 'x')").error
        wire.send_query("select aurora_inject_crash('instance')")
        with pytest.raises(ConnectionLost):
            wire.reply()
    fleet.until(lambda: not fleet.writer.is_running)
    fleet.writer.start()
    with fleet.writer.connect() as wire:
        assert wire.query("select count(*) from facts where x = -100").rows == [("1",)]
