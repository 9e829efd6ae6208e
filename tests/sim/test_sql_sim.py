"""Worlds of the whole server by seed; the seeds that once failed; that a seed makes the same world twice."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from aurorapy import config
from aurorapy.instance.instance import Instance

from tests.sim.disk import SimMedium
from tests.sim.host import Crash, SimHost
from tests.sim.model import Edge, Model, Violation
from tests.sim.world import World, run_seed

KEPT = [int(line.split()[0]) for line in Path(__file__).with_name("seeds.txt").read_text().splitlines() if line[:1].isdigit()]


@pytest.mark.parametrize("seed", range(12))
def test_what_was_acknowledged_is_there(seed):
    run_seed(seed)


@pytest.mark.parametrize("seed", KEPT)
def test_seeds_that_once_failed(seed):
    run_seed(seed)


def test_the_same_seed_makes_the_same_world_in_another_process():
    command = [sys.executable, "-c", "from tests.sim.world import World; w = World(4); print(w.run(2))"]
    environments = [{**os.environ, "PYTHONHASHSEED": salt} for salt in ("1", "2")]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=e) for e in environments]
    assert {run.communicate(timeout=120)[0].strip() for run in runs} == {World(4).run(2)}


@pytest.mark.parametrize("calls", [2, 12, 40, 80, 110, 122])
def test_a_creation_cut_short_is_started_over(calls):
    settings = config.load(None, {"shared_buffers": "4000", "autovacuum": "off"})
    medium, rng = SimMedium(), random.Random(calls)
    for limit in (calls, calls // 2, None):
        host = SimHost(calls, medium)
        host.crash_after_disk_calls = limit
        try:
            instance = host.tasks.run(Instance.open_or_create, host, settings)
            assert instance.role_named("postgres").is_superuser
            host.tasks.run(instance.close)
        except Crash:
            medium.crash(rng)
        host.tasks.end()
    assert limit is None and not host.unexpected


def committed(model: Model, tag: str, *edges: Edge) -> None:
    txn = model.begin(tag)
    txn.edges = list(edges)
    model.acknowledge(txn)


A = ("accounts", 1)


def test_the_model_follows_edges_in_whatever_order_they_come():
    model = Model()
    committed(model, "2.1", Edge(A, "1.1.1", "", ""))
    committed(model, "1.1", Edge(A, "", "1.1.1", "5"))
    committed(model, "1.2", Edge(A, "", "1.2.1", "7"))
    assert model.state_of({"1.1", "2.1", "1.2"}) == {A: ("1.2.1", "7")}
    assert model.state_of({"1.1", "2.1"}) == {}


@pytest.mark.parametrize("edges", [[("", "1.1.1"), ("", "1.2.1")], [("", "1.1.1"), ("9.9.9", "1.2.1")]])
def test_the_model_sees_lost_updates_and_dirty_reads(edges):
    model = Model()
    for number, (old, new) in enumerate(edges, 1):
        committed(model, f"1.{number}", Edge(A, old, new))
    with pytest.raises(Violation, match="do not follow"):
        model.state_of({"1.1", "1.2"})


def test_the_model_sees_what_was_lost_and_what_rose():
    model = Model()
    committed(model, "1.1")
    with pytest.raises(Violation, match="acknowledged and lost"):
        model.check_tags(set())
    model.refuse(model.begin("1.2"))
    with pytest.raises(Violation, match="rolled back"):
        model.check_tags({"1.1", "1.2"})


@pytest.mark.parametrize("mutant", ["acknowledge_before_sync", "forget_the_tail"])
def test_a_server_that_lies_is_found(mutant, monkeypatch):
    from tests.sim import disk

    if mutant == "acknowledge_before_sync":

        def _sync(self, position):
            self._durable, self._busy = position, bool(self._queued)
            if self._busy:
                self._disk.later(self._write)
            self._on_durable(position)

        monkeypatch.setattr(disk.SimLogFile, "_sync", _sync)
    else:
        real = disk.Inode.sync

        def sync(self):
            """The last write of every sync is lost by the next power cut."""
            del self.unsynced[-1:]
            real(self)

        monkeypatch.setattr(disk.Inode, "sync", sync)
    for seed in range(20):
        try:
            run_seed(seed)
        except Exception:
            return
    pytest.fail("twenty worlds did not notice")
