"""Mistakes made on purpose in the production classes are found by the worlds that found them last."""

import pytest

from tests.sim.fleet.sabotage import MUTANTS

MADE = [mutant for mutant in MUTANTS if not mutant.missing]


@pytest.mark.parametrize("mutant", MADE, ids=[f"{mutant.number}_{mutant.work.__name__}" for mutant in MADE])
def test_the_simulator_finds(mutant):
    assert any(mutant.failure(scenario, seed) for scenario, seed in mutant.caught_by), f"{mutant.name} was not found"


def test_every_mistake_is_listed():
    assert [mutant.number for mutant in MUTANTS] == list(range(1, 34))
    assert all(bool(mutant.work) != bool(mutant.missing) for mutant in MUTANTS)
    assert all(1 <= len(mutant.caught_by) <= 5 for mutant in MADE)
