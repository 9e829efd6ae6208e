"""Who becomes writer: the machine's decisions, one after the other."""

from __future__ import annotations

from aurorapy.cluster import failover as fo
from aurorapy.cluster.failover import Answer, Decide, Failover, Send
from aurorapy.cluster.topology import LEAVE, PROMOTE, START, Writer
from aurorapy.instance import messages as im
from aurorapy.storage.messages import Epoch
from tests.cluster.worlds import topology

OPEN = Writer("i1", 4, START, True, (3, 1))


def decisions(actions):
    return [action.writer for action in actions if type(action) is Decide]


def settled(**instances):
    """A machine whose writer is i1, with what it says to readers at first out of the way."""
    machine = Failover()
    machine.see(topology(OPEN, **instances), 0.0)
    return machine


def test_the_lowest_tier_is_promoted_then_the_larger_cache():
    for instances, best in (
        ({"i2": "reader 2", "i3": "reader 1", "i4": "reader 3"}, "i3"),
        ({"i2": "reader 1 100", "i3": "reader 1 600", "i4": "reader 2 900"}, "i3"),
        ({"i2": "- 0", "i3": "gone 0", "i4": "reader 9"}, "i4"),
    ):
        machine = settled(i1="writer", **instances)
        assert decisions(machine.see(topology(OPEN, i1="gone", **instances), 1.0)) == [Writer(best, 5, PROMOTE, False, (3, 1))]


def test_a_promotion_from_death_to_the_readers_that_follow():
    rest = {"i2": "reader 1", "i3": "reader 2"}
    machine = settled(i1="writer", **rest)
    (chosen,) = decisions(machine.see(topology(OPEN, i1="gone", **rest), 1.0))
    assert machine.tick(1.1) == []  # nothing twice while the store is asked
    assert machine.see(topology(chosen, i1="gone", **rest), 1.2) == [Send("i2", im.Promote(5))]
    assert machine.tick(1.3) == []
    opened = decisions(machine.told("i2", im.Promoted(5, Epoch(4, 2), 0x200), 1.5))
    assert opened == [Writer("i2", 5, PROMOTE, True, (4, 2))]
    actions = machine.see(topology(opened[0], i1="-", i2="writer", i3="reader"), 1.6)
    follow = im.Follow("h:6002", Epoch(4, 2))
    assert sorted(actions) == [Send("i1", follow), Send("i3", follow)]
    assert machine.link_up("i1", 1.7) == [Send("i1", follow)]


def test_who_cannot_be_promoted_is_left_for_the_next_and_at_last_one_is_started():
    rest = {"i2": "reader 1", "i3": "reader 2"}
    machine = settled(i1="writer", **rest)
    (first,) = decisions(machine.see(topology(OPEN, i1="gone", **rest), 1.0))
    machine.see(topology(first, i1="gone", **rest), 1.1)
    (second,) = decisions(machine.told("i2", im.Failed("no read quorum"), 1.2))
    assert (second.name, second.number) == ("i3", 6)
    machine.see(topology(second, i1="gone", **rest), 1.3)
    assert machine.tick(1.3 + fo.PROMOTE_SECONDS - 0.1) == []
    (third,) = decisions(machine.tick(1.3 + fo.PROMOTE_SECONDS + 0.1))
    assert (third.how, third.number, third.is_open) == (START, 7, False)


def test_without_a_reader_the_writer_is_started_again():
    machine = settled(i1="writer")
    (chosen,) = decisions(machine.see(topology(OPEN, i1="gone"), 1.0))
    assert chosen == Writer("i1", 5, START, False, (3, 1))
    starting = topology(chosen, i1="-")
    assert machine.see(starting, 1.1) == []
    (opened,) = decisions(machine.see(topology(chosen, i1="writer"), 2.0))
    assert opened.is_open and opened.number == 5


def test_a_start_that_fails_again_and_again_is_tried_with_growing_pauses():
    machine, record, now, starts = settled(i1="writer"), OPEN, 1.0, []
    machine.see(topology(record, i1="gone"), now)
    record = Writer("i1", 5, START, False, (3, 1))
    machine.see(topology(record, i1="gone"), now)
    while now < 60.0:
        now += 0.05
        for record in decisions(machine.tick(now)):
            starts.append(now)
            machine.see(topology(record, i1="gone"), now)
    pauses = [b - a for a, b in zip(starts, starts[1:])]
    assert 10 < len(starts) < 20 and pauses[0] < 1.5 and max(pauses) < fo.PAUSE_SECONDS_MAX + 0.2 and pauses[-1] > 4.5


def test_a_silent_writer_is_left_as_a_dead_one():
    silent = set()
    machine = Failover(lambda name: name in silent)
    world = topology(OPEN, i1="writer", i2="reader")
    machine.see(world, 0.0)
    assert machine.tick(5.0) == []
    silent.add("i1")
    assert [each.name for each in decisions(machine.tick(6.0))] == ["i2"]


def test_a_writer_that_says_it_reads_is_replaced():
    machine = settled(i1="writer", i2="reader 1")
    assert [each.name for each in decisions(machine.see(topology(OPEN, i1="reader", i2="reader 1"), 1.0))] == ["i2"]


def waiting(world):
    world.reports["i1"] = world.reports["i1"]._replace(waits=True)
    return world


def test_a_writer_whose_commits_wait_is_replaced_by_a_reader_that_reaches_storage_when_it_does_not():
    rest = {"i2": "reader 1", "i3": "reader 2"}
    machine = settled(i1="writer", **rest)
    asked = [Send(name, im.AskStorage()) for name in ("i1", "i2", "i3")]
    assert machine.see(waiting(topology(OPEN, i1="writer", **rest)), 10.0) == asked
    for name, is_reached in (("i2", False), ("i3", True)):
        assert machine.told(name, im.Storage(is_reached), 10.5) == []
    (chosen,) = decisions(machine.told("i1", im.Storage(False), 11.0))
    assert chosen == Writer("i3", 5, PROMOTE, False, (3, 1))


def test_a_writer_that_waits_like_everybody_or_reaches_storage_stays():
    for answers in ({"i1": False, "i2": False}, {"i1": True, "i2": True}, {"i2": True}):
        machine = settled(i1="writer", i2="reader 1")
        world = waiting(topology(OPEN, i1="writer", i2="reader 1"))
        asked = machine.see(world, 10.0)
        for round in range(1, 20):
            for name, is_reached in answers.items():
                assert machine.told(name, im.Storage(is_reached), 10.0 + round) == []
            assert machine.tick(10.0 + fo.LOOK_SECONDS * round - 0.1) == []
            assert machine.tick(10.0 + fo.LOOK_SECONDS * round) == asked  # what was said before counts no more
        machine.told("i1", im.Storage(False), 60.0)
        machine.see(topology(OPEN, i1="writer", i2="reader 1"), 60.1)  # it goes on
        assert decisions(machine.told("i2", im.Storage(True), 60.2)) == []


def test_a_planned_failover_lets_the_writer_step_down_first():
    rest = {"i2": "reader 1", "i3": "reader 2"}
    machine = settled(i1="writer", **rest)
    (leaving,) = decisions(machine.asked("r1", "i3", 1.0))
    assert leaving == Writer("i1", 5, LEAVE, False, (3, 1), "i3")
    assert machine.see(topology(leaving, i1="writer", **rest), 1.1) == [Send("i1", im.StepDown(round(fo.LEAVE_SECONDS * 1000)))]
    assert machine.asked("r1", "i3", 1.2) == []
    (chosen,) = decisions(machine.told("i1", im.SteppedDown(0x200), 1.3))
    assert (chosen.name, chosen.how, chosen.number) == ("i3", PROMOTE, 6)
    machine.see(topology(chosen, i1="gone", **rest), 1.4)
    (opened,) = decisions(machine.told("i3", im.Promoted(6, Epoch(4, 3), 0x200), 1.5))
    assert opened.target == ""
    actions = machine.see(topology(opened, i1="-", i2="reader", i3="writer"), 1.6)
    assert Answer("r1", "", "i3 is the writer") in actions
    assert machine.asked("r1", "i3", 1.7) == []  # the store may show the request for a while


def test_a_writer_that_does_not_leave_is_left_behind():
    machine = settled(i1="writer", i2="reader")
    (leaving,) = decisions(machine.asked("r1", "", 1.0))
    machine.see(topology(leaving, i1="writer", i2="reader"), 1.0)
    assert machine.tick(1.0 + fo.LEAVE_SECONDS) == []
    assert [each.name for each in decisions(machine.tick(1.1 + fo.LEAVE_SECONDS + fo.GRACE_SECONDS))] == ["i2"]


def test_what_cannot_be_asked_for_is_answered_at_once():
    machine = settled(i1="writer", i2="-")
    for target, error in (
        ("i9", "there is no instance i9"), ("i1", "i1 is the writer already"), ("i2", "i2 is no reader that can be promoted"),
        ("", "there is no reader that can be promoted"),
    ):  # fmt: skip
        assert machine.asked(f"r-{target}", target, 1.0) == [Answer(f"r-{target}", error, "")]


def test_a_new_leader_goes_on_where_the_old_one_was():
    rest = {"i2": "reader 1", "i3": "reader 2"}
    machine = Failover()
    assert machine.see(topology(Writer("i2", 5, PROMOTE), i1="gone", **rest), 0.0) == [Send("i2", im.Promote(5))]
    assert machine.link_up("i2", 0.1) == [Send("i2", im.Promote(5))]  # it may not have got there
    # its answer went to the old leader: what it reports is enough
    (opened,) = decisions(machine.see(topology(Writer("i2", 5, PROMOTE), i1="gone", i2="writer", i3="reader"), 0.2))
    assert opened.is_open and opened.name == "i2"


def test_a_decision_that_another_leader_overtook_is_forgotten():
    machine = settled(i1="writer", i2="reader 1", i3="reader 2")
    machine.see(topology(OPEN, i1="gone", i2="reader 1", i3="reader 2"), 1.0)
    theirs = Writer("i3", 5, PROMOTE)
    assert machine.refused(1.1) == []
    assert machine.see(topology(theirs, i1="gone", i2="reader 1", i3="reader 2"), 1.2) == [Send("i3", im.Promote(5))]
