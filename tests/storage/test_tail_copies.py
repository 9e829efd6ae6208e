"""Three full and three tail copies: the log six times, pages three times."""

import shutil
from dataclasses import replace

import pytest

from aurorapy.storage import messages as m
from aurorapy.storage.members import full_and_tail
from aurorapy.storage.volume.inspection import digests_of
from tests.storage.test_fleet import check, written
from tests.storage.test_volume import Writer
from tests.support.fleet import NAMES, SMALL, Fleet
from tests.storage.peers import EPOCH, Peers

FULL, TAILS = "ACE", "BDF"


def load(fleet, rounds=8, batches=20):
    for _ in range(rounds):
        fleet.write(batches)
        fleet.horizons()
        fleet.run(0.5)


@pytest.fixture
def fleet():
    fleet = Peers(1, tails=TAILS)
    load(fleet)
    return fleet


def test_the_rule_holds_for_every_subset():
    geometry = full_and_tail(tuple(FULL), tuple(TAILS))
    geometry.check()
    assert geometry.write.met("ACE") and geometry.write.met("ABCD") and not geometry.write.met("ABD")
    assert geometry.read.met("ABD") and not geometry.read.met("BDF") and not geometry.read.met("AC")


def test_a_tail_copy_keeps_records_and_no_pages(fleet):
    assert fleet.vdl == fleet.last
    assert not fleet.segment("B").images and fleet.segment("A").images
    assert fleet.segment("B").horizon > 0  # what all full copies have in runs is given back
    [answer] = fleet.nodes["B"].step(m.ReadPage(EPOCH, 0, 3, fleet.vdl, fleet.vdl), 0.0)
    assert type(answer) is m.ReadFailed and answer.sqlstate == "55000"
    [answer] = fleet.nodes["A"].step(m.ReadPage(EPOCH, 0, 3, fleet.vdl, fleet.vdl), 0.0)
    assert answer.content == fleet.expected(3, fleet.vdl)


def test_a_tail_copy_gives_nothing_back_that_a_full_one_lacks(fleet):
    before = fleet.segment("B").horizon
    fleet.cut = set("E")
    sealed = fleet.segment("E").sealed
    load(fleet)
    assert fleet.segment("B").deltas and before <= fleet.segment("B").horizon <= sealed
    assert fleet.segment("A").horizon > fleet.segment("B").horizon
    assert fleet.settle()
    fleet.check()


@pytest.mark.parametrize("lost", ["B", "C", "BC"])
def test_empty_copies_become_whole_ones_of_their_kind(fleet, lost):
    for copy in lost:
        fleet.crash(copy)
        fleet.create(copy)
    load(fleet, 4)
    assert fleet.settle()
    fleet.check()
    assert not fleet.segment("B").images and fleet.segment("C").images


def test_a_volume_of_three_full_and_three_tail_copies(tmp_path):
    with Fleet(tmp_path, replace(SMALL, tails=tuple(TAILS))) as fleet:

        def work():
            volume = fleet.create()
            writer = Writer(volume)
            written(fleet, writer, 300, 200)
            check(volume, writer)
            fleet.stop("a2", "b2", "c2")  # the full ones alone
            written(fleet, writer, 50, first=1000)
            fleet.start("a2")
            fleet.stop("c1")
            check(volume, writer)
            volume.close()
            fleet.start("b2")
            again = fleet.open()  # 2 full, 2 tail
            check(again, writer)
            writer.volume = again
            written(fleet, writer, 300, 300, first=2000)
            assert {member.copy for member in again.transport.memberships[4].members if member.kind == "tail"} == {*TAILS}
            for name in ("c1", "c2"):
                fleet.start(name)
            last = fleet.servers["a1"].node.segments[0].scl
            fleet.until(lambda: all(fleet.servers[name].node.segments[0].scl == last for name in NAMES))
            digests = digests_of(again, 0, again.vdl)
            assert sorted(digests) == [*FULL] and len(set(digests.values())) == 1

        fleet.run(work)


def test_an_emptied_node_gets_copies_of_the_kind_it_had(tmp_path):
    with Fleet(tmp_path, replace(SMALL, tails=tuple(TAILS))) as fleet:

        def work():
            volume = fleet.create()
            writer = Writer(volume)
            written(fleet, writer, 100, 40)
            for name in ("a2", "b1"):
                before = next(each for each in volume.transport.memberships[0].members if each.node == name)
                fleet.stop(name)
                shutil.rmtree(tmp_path / name)
                fleet.start(name)
                written(fleet, writer, 20, first=500)

                def members(name=name):
                    return [each for each in volume.transport.memberships[0].members if each.node == name]

                fleet.until(lambda: [each.kind for each in members() if each.copy != before.copy] == [before.kind])
                fleet.until(lambda: len(members()) == 1 and fleet.segment(name).scl >= volume.read_point(0))
            check(volume, writer)

        fleet.run(work)


def test_writes_go_on_with_the_full_copies_alone(fleet):
    fleet.cut = set(TAILS)
    before = fleet.vdl
    load(fleet, 2)
    assert fleet.vdl > before
    assert fleet.settle()
    fleet.check()
