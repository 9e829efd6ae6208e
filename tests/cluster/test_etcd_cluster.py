"""A cluster whose state store is etcd, and what it does while etcd is not there."""

from __future__ import annotations

import os
import signal
import time

from tests.support.cluster import Cluster
from tests.support.etcd import Etcd
from tests.support.pgwire import Wire


def serves(wire: Wire, number: int) -> None:
    assert not wire.query(f"insert into kept values ({number})").error


def test_it_serves_while_etcd_is_away_and_changes_its_writer_when_it_is_back(tmp_path):
    with Etcd(tmp_path / "etcd") as etcd:
        store = f"etcd://{etcd.address}/test"
        arguments = ("--store", store, "--readers", "0", "--copies", "3", "--node-set", "hot_log_file_size=16MB")
        with Cluster(tmp_path / "c", *arguments) as cluster:
            with cluster.connect("cluster") as wire:
                wire.query("create table kept (x int)")
                serves(wire, 1)
                etcd.kill()
                time.sleep(1.5)
                serves(wire, 2)
                with cluster.connect("cluster") as other:  # a new connection needs no store either
                    serves(other, 3)
                etcd.start()
                cluster.until(lambda: cluster.status()["state"] == "running")
                epoch = cluster.status()["epoch"]
                cluster.kill("i1")
            with cluster.connect("cluster") as wire:
                assert wire.query("select count(*) from kept").rows == [("3",)]
            cluster.until(lambda: cluster.status()["epoch"] > epoch)
            pid = cluster.pid("i1")
            etcd.kill()
            os.kill(pid, signal.SIGKILL)  # nobody can decide now
            time.sleep(1.0)
            etcd.start()
            with cluster.connect("cluster") as wire:
                assert wire.query("select count(*) from kept").rows == [("3",)]
