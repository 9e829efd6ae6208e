"""Recovery with several copies: who is asked, what is decided, who is refused. Nodes in one process, messages in a virtual loop."""

import pytest

from aurorapy.storage import messages as m
from aurorapy.storage.volume.transport import Unreachable
from tests.storage.fleet import Fleet


@pytest.fixture
def fleet():
    return Fleet()


def test_recovery_ends_at_the_last_consistency_point_of_the_unbroken_chain(fleet):
    first = fleet.recover()
    at = first.position
    fleet.write("ABCDEF", first.epoch, 0, at + 900, end=True)
    fleet.write("ABCD", first.epoch, at + 900, at + 1000, end=True)
    fleet.write("ABCD", first.epoch, at + 1000, at + 1007, end=False)
    second = fleet.recover()
    assert second.vdl == at + 1000
    assert second.truncations.ranges[-1].low == at + 1000
    assert second.position > at + 1007 and second.epoch > first.epoch
    assert {fleet.scl(copy) for copy in "ABCD"} == {at + 1000}


def test_copies_that_lag_are_repaired_to_a_write_quorum(fleet):
    first = fleet.recover()
    lsn = first.position + 100
    fleet.write("ABC", first.epoch, 0, lsn)  # never acknowledged, but three of six may find it
    second = fleet.recover()
    assert second.vdl == lsn
    assert sum(fleet.scl(copy) == lsn for copy in "ABCDEF") >= 4


def test_an_old_writer_that_lives_is_refused_by_those_that_were_fenced(fleet):
    first = fleet.recover()
    lsn = first.position + 100
    fleet.write("ABC", first.epoch, 0, lsn)
    second = fleet.recover()
    refused = fleet.write("ABCD", first.epoch, lsn, lsn + 1)
    assert refused and all(isinstance(answer, m.Refused) and answer.epoch == second.epoch for answer in refused)


def test_a_segment_that_slept_through_a_recovery_counts_only_to_the_truncation(fleet):
    first = fleet.recover()
    at = first.position
    fleet.write("ABCDEF", first.epoch, 0, at + 1000, vdl=0)
    fleet.write("F", first.epoch, at + 1000, at + 1050)
    fleet.down("F")
    second = fleet.recover()
    assert second.vdl == at + 1000 and fleet.scl("F") == at + 1050
    fleet.up("F")
    fleet.down("AB")
    third = fleet.recover()
    assert third.vdl == at + 1000 and fleet.scl("F") == at + 1000


def test_a_sleeper_is_repaired_past_what_was_annulled(fleet):
    first = fleet.recover()
    at = first.position
    fleet.write("ABCDEF", first.epoch, 0, at + 1000)
    fleet.write("F", first.epoch, at + 1000, at + 1050)
    fleet.down("F")
    second = fleet.recover()
    later = second.position + 10
    fleet.write("ABC", second.epoch, at + 1000, later)
    fleet.up("F")
    fleet.down("DE")
    third = fleet.recover()
    assert third.vdl == later and fleet.scl("F") == later
    page = fleet.nodes["F"].read_page(0, 5, later)
    assert page[100:108] == b"%08d" % later
    assert {fleet.nodes[copy].read_page(0, 5, later) for copy in "ABCF"} == {page}


def test_three_of_six_recover_and_two_do_not(fleet):
    fleet.down("EF")
    first = fleet.recover()
    fleet.write("ABCD", first.epoch, 0, first.position + 10)
    fleet.down("CD")
    with pytest.raises(Unreachable):
        fleet.recover()


def test_recovery_twice_in_a_row_ends_in_the_same_place(fleet):
    first = fleet.recover()
    fleet.write("ABCD", first.epoch, 0, first.position + 10)
    second = fleet.recover()
    third = fleet.recover()
    assert third.vdl == second.vdl and third.epoch.number == second.epoch.number + 1
    assert third.position > second.position
    assert len(third.truncations.ranges) == len(second.truncations.ranges)
