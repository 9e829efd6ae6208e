"""The small model of the epochs: nothing acknowledged is lost in any state it can reach, and the mutants are caught."""

import pytest

from tests.storage.model_check import MUTANTS, SOUND, search


def test_no_reachable_state_loses_what_was_acknowledged():
    count, _, problem = search(SOUND)
    assert not problem and count > 100_000


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_the_model_catches(name):
    _, way, problem = search(MUTANTS[name])
    assert problem and way
