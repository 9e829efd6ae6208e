"""The longer tools of this folder, each for a moment: `python -m tests.fleet.flips`, `python -m tests.fleet.recovery_time`."""

from __future__ import annotations

from tests.fleet import flips, recovery_time


def test_flipped_bits_are_repaired_and_never_served():
    assert flips.run(4, seed=1, say=lambda text: None) == []


def test_a_killed_writer_finds_what_it_wrote():
    assert len(recovery_time.measure(8, 2, say=lambda text: None)) == 2
