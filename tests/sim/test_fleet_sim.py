"""Fleets by seed, all 64 subsets of copies, the same seed makes the same world, and the seeds that once failed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sim.fleet import world
from tests.sim.fleet.world import run_seed

LINES = Path(__file__).with_name("fleet_seeds.txt").read_text().splitlines()
KEPT = [tuple(line.split()[:2]) for line in LINES if line and not line.startswith("#")]


@pytest.mark.parametrize("first", range(0, 200, 10))
def test_storms(first):
    for seed in range(first, first + 10):
        run_seed(seed)


@pytest.mark.parametrize(
    "scenario",
    ["calm", "az", "az1", "split", "power", "acknowledged", "recovery", "laggards", "disks", "syncs", "half_sent", "promises",
     "tails", "emptied", "stale", "moves", "unreached"],
)
def test_scenarios(scenario):
    for seed in range(5):
        run_seed(seed, scenario)


@pytest.mark.parametrize("seed", range(5))
def test_freed_pages_show_nothing_old_and_all_copies_agree(seed):
    run_seed(seed, "freed")


@pytest.mark.parametrize("seed", range(3))
def test_bit_flips_are_never_served_and_all_repaired(seed):
    run_seed(seed, "flips")


@pytest.mark.parametrize("seed", range(3))
def test_writes_that_are_lost_or_land_elsewhere_are_found_and_repaired(seed):
    run_seed(seed, "astray")


@pytest.mark.parametrize("first", range(0, 120, 10))
def test_the_control_plane_decides(first):
    for seed in range(first, first + 10):
        run_seed(seed, "control")


@pytest.mark.parametrize("first", range(0, 80, 20))
def test_readers_follow_and_take_over(first):
    for seed in range(first, first + 20):
        run_seed(seed, "readers")


@pytest.mark.parametrize("first", range(0, 64, 8))
def test_every_subset_of_copies_writes_recovers_or_waits_as_it_must(first):
    for seed in range(first, first + 8):
        run_seed(seed, "n4")


@pytest.mark.parametrize("scenario, seed", KEPT)
def test_seeds_that_once_failed(scenario, seed):
    run_seed(int(seed), scenario)


def test_a_world_does_not_depend_on_those_that_ran_before_it():
    world.bases.clear()
    alone = run_seed(14, "disks")
    world.bases.clear()
    run_seed(3, "disks")
    assert run_seed(14, "disks") == alone


@pytest.mark.parametrize("scenario, seed", [("storm", 3), ("storm", 134), ("split", 3), ("control", 3)])  # 134: two copies lag at once
def test_the_same_seed_makes_the_same_world_in_another_process(scenario, seed):
    code = f"from tests.sim.fleet.world import run_seed; print(run_seed({seed}, {scenario!r}))"
    environments = [{**os.environ, "PYTHONHASHSEED": salt} for salt in ("1", "2")]
    runs = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=e) for e in environments]
    assert {run.communicate(timeout=120)[0].strip() for run in runs} == {run_seed(seed, scenario)}
