"""A writer and two readers: who takes over, what clients notice, where endpoints lead then."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.crash.failover import Watcher, failover
from tests.support.cluster import Cluster, CommandFailed
from tests.support.pgwire import ConnectionLost, Wire


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    settings = ("--node-set", "hot_log_file_size=16MB", "--set", "apg_ccm_enabled=on")
    with Cluster(tmp_path_factory.mktemp("failover") / "c", "--tiers", "0,0,2", *settings) as cluster:
        with cluster.connect("cluster") as wire:
            assert not wire.query("create table kept (x int)").error
        yield cluster


def instance_of(wire: Wire) -> str:
    return f"i{int(wire.query('select pg_backend_pid()').rows[0][0]) >> 22}"


def settle(cluster: Cluster) -> dict:
    cluster.until(lambda: cluster.status()["state"] == "running")
    return cluster.status()


def count(wire: Wire) -> int:
    return int(wire.query("select count(*) from kept").rows[0][0])


def test_tiers_are_as_the_command_said_and_the_other_of_tier_0_keeps_the_writers_pages(cluster):
    assert [(each["name"], each["tier"]) for each in cluster.status()["instances"]] == [("i1", 0), ("i2", 0), ("i3", 2)]
    with cluster.connect("cluster") as wire:
        scanned = "select buffers_found_last_scan > 0, buffers_sent_last_minute > 0 from aurora_ccm_status()"
        cluster.until(lambda: wire.query(scanned).rows == [("t", "t")], 20)


def test_the_reader_endpoint_spreads_connections_over_readers(cluster):
    wires = [cluster.connect("reader") for _ in range(6)]
    try:
        found = sorted(map(instance_of, wires))
        assert found == ["i2"] * 3 + ["i3"] * 3
        assert wires[0].query("insert into kept values (0)").error["C"] == "25006"
    finally:
        for wire in wires:
            wire.close()
    with cluster.connect("cluster") as wire:
        assert instance_of(wire) == "i1"


def test_a_cancel_through_the_reader_endpoint_hits_its_own_statement(cluster):
    """With three readers. More: AURORAPY_CANCELS=200"""
    rounds = int(os.environ.get("AURORAPY_CANCELS", "5"))
    third = cluster.run("add-reader", "--tier", "9").split()[0]
    wires = [cluster.connect("reader") for _ in range(6)]
    assert sorted(map(instance_of, wires)) == ["i2", "i2", "i3", "i3", third, third]
    try:
        for number in range(rounds):
            for wire in wires:
                wire.send_query("select pg_sleep(30)")
            time.sleep(0.05)
            chosen = wires[number % len(wires)]
            chosen.cancel()
            assert chosen.reply(timeout=10).error["C"] == "57014"
            assert not any(wire.has_answer() for wire in wires if wire is not chosen)
            for wire in wires:
                if wire is not chosen:
                    wire.cancel()
                    assert wire.reply(timeout=10).error["C"] == "57014"
    finally:
        for wire in wires:
            wire.close()
        cluster.run("remove", third)


def test_custom_endpoints_lead_to_their_members(cluster):
    cluster.run("endpoint", "create", "reports", "--static", "i3")
    for _ in range(3):
        with cluster.connect("reports") as wire:
            assert instance_of(wire) == "i3"
    cluster.run("endpoint", "modify", "reports", "--excluded", "i3")
    time.sleep(0.3)
    with cluster.connect("reports") as wire:
        assert instance_of(wire) == "i2"
    cluster.run("endpoint", "delete", "reports")


def test_a_planned_failover_goes_where_it_was_told_and_loses_nothing(cluster):
    assert "i3 is the writer" in cluster.run("failover", "--to", "i3")
    with cluster.connect("cluster") as wire:
        assert instance_of(wire) == "i3" and not wire.query("insert into kept values (1)").error
    status = settle(cluster)
    assert {each["name"]: each["role"] for each in status["instances"]} == {"i1": "reader", "i2": "reader", "i3": "writer"}
    for name in ("i1", "i2"):
        with cluster.connect(name) as wire:
            cluster.until(lambda: count(wire) == 1, 5)
    with pytest.raises(CommandFailed, match="i3 is the writer already"):
        cluster.run("failover", "--to", "i3")


def test_a_frozen_writer_is_left_and_its_clients_are_let_go(cluster):
    status = settle(cluster)
    old = status["writer"]
    with cluster.connect("cluster") as stuck:
        assert not stuck.query("insert into kept values (2)").error
        cluster.kill(old, signal.SIGSTOP)
        stuck.send_query("insert into kept values (3)")
        with pytest.raises((ConnectionLost, OSError)):
            stuck.reply(timeout=30)
    with cluster.connect("cluster") as wire:
        assert instance_of(wire) != old
        assert not wire.query("insert into kept values (4)").error
    status = settle(cluster)  # it was killed, and is back as a reader
    assert status["writer"] != old
    with cluster.connect(old) as wire:
        cluster.until(lambda: [row for (row,) in wire.query("select x from kept order by x").rows] in (["1", "2", "4"], ["1", "2", "3", "4"]), 5)


def test_readers_come_and_go_while_it_runs(cluster):
    name, _, address = cluster.run("add-reader", "--tier", "0").strip().partition(" at ")
    cluster.addresses[name] = address
    with cluster.connect(name) as wire:
        assert count(wire) >= 3
        assert f"removed instance {name}" in cluster.run("remove", name)
        with pytest.raises((ConnectionLost, OSError)):
            wire.query("select 1")
            wire.query("select 1")
    assert len(settle(cluster)["instances"]) == 3


def test_a_reader_goes_on_while_another_becomes_writer(cluster):
    status = settle(cluster)
    staying = sorted((each["tier"], each["name"]) for each in status["instances"] if each["role"] == "reader")[-1][1]
    with cluster.connect("cluster") as wire:
        wire.query("create table branches (x int)")
    time.sleep(0.2)
    watcher = Watcher(cluster.address(staying))
    cluster.kill(status["writer"])
    with cluster.connect("cluster") as wire:
        assert not wire.query("insert into kept values (9)").error
    settle(cluster)
    watcher.end()
    assert not watcher.problem


def test_rounds_under_load():
    """Many: python -m tests.crash failover --rounds 50"""
    summary = failover(rounds=1, clients=4, seed=5, longest_s=0.5, say=lambda line: None)
    assert summary.problems == [] and summary.rounds == 1
