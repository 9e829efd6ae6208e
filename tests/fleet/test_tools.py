"""The longer tools of this folder, each for a moment: `python -m tests.fleet.flips`, `… recovery_time`, `… zone_loss`."""

from __future__ import annotations

from tests.fleet import flips, recovery_time, zone_loss


def test_flipped_bits_are_repaired_and_never_served():
    assert flips.run(4, seed=1, say=lambda text: None) == []


def test_a_killed_writer_finds_what_it_wrote():
    assert len(recovery_time.measure(8, 2, say=lambda text: None)) == 2


def test_without_a_zone_and_one_more_writes_wait_under_load_and_reads_go_on():
    summary = zone_loss.run(1, 4, seed=1, dark_s=1.0, say=lambda text: None)
    assert summary.problems == [] and summary.reads > 0 and summary.acknowledged > 0
