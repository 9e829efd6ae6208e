"""A cluster of real processes: its command line, endpoints, and what comes back after which death."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from tests.support.cluster import Cluster, CommandFailed
from tests.support.pgwire import ConnectionLost
from tests.support.server import ROOT


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster") / "c", "--readers", "0", "--node-set", "hot_log_file_size=16MB") as cluster:
        yield cluster


def running(cluster):
    return lambda: cluster.status()["state"] == "running"


def test_status_names_everything(cluster):
    status = cluster.status()
    assert set(status["endpoints"]) == {"cluster", "reader"}
    assert [(each["name"], each["role"]) for each in status["instances"]] == [("i1", "writer")]
    assert sorted(each["zone"] for each in status["nodes"]) == ["a", "a", "b", "b", "c", "c"]
    assert all(each["pid"] > 0 for each in (*status["instances"], *status["nodes"]))
    assert status["epoch"] > 0 and status["vdl"] > 0 and status["state"] == "running"
    picture = cluster.run("status")
    assert "6 of 6 up: writes and reads" in picture and cluster.address("cluster") in picture


def test_sql_through_both_endpoints(cluster):
    for name in ("cluster", "reader"):
        with cluster.connect(name) as wire:
            assert wire.query("select 1").rows == [("1",)]


def metrics_of(address: str) -> dict[str, float]:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def test_every_process_shows_its_metrics(cluster):
    status = cluster.status()

    def all_answer() -> bool:
        try:
            for each in (*status["instances"], *status["nodes"]):
                metrics_of(each["metrics"])
            return True
        except OSError:
            return False

    cluster.until(all_answer)
    with cluster.connect("cluster") as wire:
        wire.query("create table counted (x int)")
        before = metrics_of(status["instances"][0]["metrics"])
        for number in range(5):
            wire.query(f"insert into counted values ({number})")
        after = metrics_of(status["instances"][0]["metrics"])
        assert after["Commits_total"] - before["Commits_total"] == 5 and after["DatabaseConnections"] == 1
        assert after["CommitLatency"] > 0 and 0 < after["BufferCacheHitRatio"] <= 100 and after["IsWriter"] == 1
        assert metrics_of(status["metrics"]["endpoint-local"])['ConnectionsToInstance{instance="i1"}'] == 1
    assert metrics_of(status["nodes"][0]["metrics"])['SegmentCompleteLSN{copy="A",group="0"}'] > 0
    assert metrics_of(status["metrics"]["supervisor-local"])["ProcessesRunning"] == 8
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"http://{status['nodes'][0]['metrics']}/nothing", timeout=10)


def test_a_killed_writer_is_back_and_new_connections_wait_for_it(cluster):
    with cluster.connect("cluster") as wire:
        wire.query("create table kept (x int)")
        for number in range(20):
            assert not wire.query(f"insert into kept values ({number})").error
        epoch = cluster.status()["epoch"]
        cluster.kill("i1")
        with pytest.raises((ConnectionLost, OSError)):
            wire.query("select 1")
    with cluster.connect("cluster") as wire:  # at once: it waits
        assert wire.query("select count(*) from kept").rows == [("20",)]
    cluster.until(running(cluster))
    assert cluster.status()["epoch"] > epoch


def test_killed_nodes_and_the_endpoint_process_are_started_again(cluster):
    pids = [cluster.kill("a1"), cluster.kill("b2")]
    cluster.until(running(cluster))
    assert not {cluster.pid("a1"), cluster.pid("b2")} & set(pids)
    endpoint = next(line for line in cluster.processes() if " endpoint " in line)
    os.kill(int(endpoint.split()[0]), signal.SIGKILL)
    time.sleep(0.1)

    def answers() -> bool:
        try:
            with cluster.connect("cluster") as wire:
                return wire.query("select 1").rows == [("1",)]
        except (OSError, ConnectionLost):
            return False

    cluster.until(answers)


def test_a_killed_supervisor_leaves_everything_and_the_next_takes_it_over(cluster):
    supervisor = next(line for line in cluster.processes() if " supervise " in line)
    before = cluster.status()
    os.kill(int(supervisor.split()[0]), signal.SIGKILL)
    with cluster.connect("cluster") as wire:
        assert wire.query("select 1").rows == [("1",)]
    cluster.start()
    after = cluster.status()
    assert [each["pid"] for each in after["nodes"]] == [each["pid"] for each in before["nodes"]]
    assert after["instances"][0]["pid"] == before["instances"][0]["pid"] and after["epoch"] == before["epoch"]
    cluster.kill("i1")  # which is not a child of this supervisor
    with cluster.connect("cluster") as wire:
        assert wire.query("select 1").rows == [("1",)]


def test_nodes_come_and_replace_others_while_it_is_written(cluster):
    with cluster.connect("cluster") as wire:
        wire.query("create table moved as select g from generate_series(1, 5000) g")
        assert "new protection groups may live there" in cluster.run("add-node", "--zone", "b")
        assert "b4 at" in cluster.run("replace-node", "b2")
        assert wire.query("select count(*) from moved").rows == [("5000",)]
        assert not wire.query("insert into moved values (0)").error
        nodes = {node for (node,) in wire.query("select node from aurora_segments").rows}
        assert "b4" in nodes and "b2" not in nodes
    assert "b2" not in {each["name"] for each in cluster.status()["nodes"]}
    with pytest.raises(CommandFailed, match="there is no storage node z9"):
        cluster.run("replace-node", "z9")
    cluster.until(running(cluster))


def test_a_cancel_finds_its_instance(cluster):
    with cluster.connect("cluster") as wire:
        wire.send_query("select pg_sleep(30)")
        time.sleep(0.3)
        wire.cancel()
        assert wire.reply(timeout=10).error["C"] == "57014"


def test_who_reads_only_the_beginning_gets_no_complaint(cluster):
    command = f"{sys.executable} -m aurorapy cluster status --json --data {cluster.directory} | true"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_cannot_be_done_is_said(cluster):
    for arguments, text in (
        (("failover",), "there is no reader that can be promoted"),
        (("failover", "--to", "i1"), "i1 is the writer already"),
        (("remove", "i1"), "i1 is the writer: fail over"),
        (("remove", "x"), "there is no instance x"),
        (("start",), "is running already"),
        (("endpoint", "create", "Reports"), "the name of an endpoint"),
        (("endpoint", "create", "reports", "--static", "i7"), "there is no instance i7"),
        (("endpoint", "delete", "cluster"), "cluster is not a custom endpoint"),
    ):
        with pytest.raises(CommandFailed, match=text):
            cluster.run(*arguments)


def test_custom_endpoints_come_change_and_go_while_it_runs(cluster):
    cluster.run("endpoint", "create", "any-one", "--type", "ANY", "--static", "i1")
    with cluster.connect("any-one") as wire:
        assert wire.query("select 1").rows == [("1",)]
        assert "static i1" in cluster.run("endpoint", "list")
        cluster.run("endpoint", "modify", "any-one", "--excluded", "i1")
        assert wire.query("select 1").rows == [("1",)]  # who is there stays
        assert "excluded i1" in cluster.run("endpoint", "list")
    address = cluster.address("any-one")
    cluster.run("endpoint", "delete", "any-one")
    cluster.addresses = {}

    def refused() -> bool:
        try:
            import socket

            socket.create_connection((address.rpartition(":")[0], int(address.rpartition(":")[2])), 1).close()
        except OSError:
            return True
        return False

    cluster.until(refused, 10)


def test_stop_leaves_nothing_and_start_brings_it_back(cluster):
    cluster.stop()
    assert cluster.processes() == [] and cluster.status()["state"] == "stopped"
    cluster.start()
    with cluster.connect("cluster") as wire:
        assert wire.query("select count(*) from kept").rows == [("20",)]


def test_a_supervisor_that_died_leaves_nothing_after_stop(cluster):
    supervisor = next(line for line in cluster.processes() if " supervise " in line)
    os.kill(int(supervisor.split()[0]), signal.SIGKILL)
    cluster.stop()
    assert cluster.processes() == []
