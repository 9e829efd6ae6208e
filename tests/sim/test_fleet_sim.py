"""Fleets by seed; the same seed makes the same world; the seeds that once failed."""

import os
import subprocess
import sys

import pytest

from tests.sim.fleet.world import run_seed


@pytest.mark.parametrize("seed", range(5))
def test_nothing_goes_wrong_in_calm(seed):
    run_seed(seed, "calm")


@pytest.mark.parametrize("scenario", ["calm", "split"])
def test_the_same_seed_makes_the_same_world_in_another_process(scenario):
    code = f"from tests.sim.fleet.world import run_seed; print(run_seed(3, {scenario!r}))"
    environments = [{**os.environ, "PYTHONHASHSEED": salt} for salt in ("1", "2")]
    runs = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=e) for e in environments]
    assert {run.communicate(timeout=120)[0].strip() for run in runs} == {run_seed(3, scenario)}
