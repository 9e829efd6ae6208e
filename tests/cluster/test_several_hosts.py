"""A cluster on several hosts, each a network namespace: the sample configuration as it is shipped, and hosts that are parted."""

from __future__ import annotations

import psycopg

from aurorapy.cluster.layout import INSTANCE_PORTS
from aurorapy.cluster.routing import NUMBER_SHIFT
from tests.crash.partition import Ack, one_writer, partition
from tests.support.etcd import Etcd
from tests.support.hosted import HostedCluster
from tests.support.namespaces import Hosts
from tests.support.server import ROOT

PASSWORD = "of three hosts"


def sample(store: str) -> str:
    """The file with these hosts' addresses, and as much memory as a test may have."""
    text = (ROOT / "aurorapy" / "cluster" / "three-hosts.toml").read_text()
    text = text.replace("etcd://10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379/shop", f"etcd://{store}/shop")
    text = text.replace("/etc/aurorapy/secret", "{secret}").replace('"1GB"', '"64MB"')
    for number in (1, 2, 3):
        text = text.replace(f"10.0.0.{number}", "{" + f"h{number}" + "}")
    return text


def test_the_sample_configuration_runs_on_three_hosts(tmp_path):
    (tmp_path / "password").write_text(PASSWORD)

    def connect(host: str, port: int) -> psycopg.Connection:
        return psycopg.connect(
            host=hosts.address(host), port=port, user="postgres", password=PASSWORD, dbname="postgres", autocommit=True, connect_timeout=20
        )

    with Hosts("h1", "h2", "h3") as hosts:
        with Etcd(tmp_path / "etcd", hosts.address("h1"), hosts.command("h1", [])) as etcd:
            arguments = ("--password-file", str(tmp_path / "password"))
            with HostedCluster(tmp_path / "c", hosts, sample(etcd.address), hosts.names, *arguments) as cluster:
                assert {each.host for each in cluster.topology().processes.values()} == {"h1", "h2", "h3"}
                with connect("h2", 5432) as writer:
                    writer.execute("create table shared (x int)")
                    writer.execute("insert into shared values (1)")
                    assert writer.info.backend_pid >> NUMBER_SHIFT == 1
                with connect("h3", 5432 + INSTANCE_PORTS + 3) as third:
                    cluster.until(lambda: third.execute("select count(*) from shared").fetchone() == (1,), 10)
                with connect("h1", 5433) as reader:
                    assert reader.execute("select pg_is_in_recovery()").fetchone() == (True,)
                assert "i3 is the writer" in cluster.run("h2", "failover", "--to", "i3")
                with connect("h2", 5432) as writer:
                    writer.execute("insert into shared values (2)")
                    assert writer.info.backend_pid >> NUMBER_SHIFT == 3


def test_one_acknowledged_writer_an_epoch_whatever_is_parted_and_service_soon_after_healing():
    """More: python -m tests.crash partition --rounds 30"""
    summary = partition(rounds=2, seed=1, kinds=("control", "storage"), longest_s=2.0, say=lambda line: None)
    assert summary.problems == [] and summary.changes == 2 and summary.acknowledged > 100


def test_two_writers_of_one_epoch_and_late_ones_of_an_older_are_noticed():
    sound = [Ack(1, 1, 1, "4.a", 0.0, 0.1), Ack(2, 1, 2, "5.b", 0.2, 0.4), Ack(1, 2, 1, "4.a", 0.3, 0.5)]
    assert one_writer(sound) == []
    assert one_writer([*sound, Ack(3, 1, 2, "4.a", 0.1, 0.2)]) == ["epoch 4.a: i2 acknowledges, and i1"]
    assert one_writer([*sound, Ack(1, 3, 1, "4.a", 0.45, 0.6)]) == ["i1 acknowledges 1/3 in epoch 4.a, sent after a newer one wrote"]
