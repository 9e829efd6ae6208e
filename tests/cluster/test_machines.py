"""The detector, what runs on a host, and where endpoints lead."""

from __future__ import annotations

import pytest

from aurorapy.cluster.detector import Detector
from aurorapy.cluster.routing import NUMBER_SHIFT, candidates, choose, instance_of_pid
from aurorapy.cluster.supervision import ENDPOINT, INSTANCE, NODE, READER, WRITER, Start, Stop, Supervision, Wanted
from aurorapy.cluster.topology import PROMOTE, START, Endpoint, Node, Writer
from aurorapy.server.listener import PID_BITS
from tests.cluster.worlds import topology


# -- detector ----------------------------------------------------------------------------------------------------------
def test_silence_counts_from_the_last_word():
    detector = Detector(3.0)
    assert not detector.silent("i1", 100.0)  # nobody expects it
    detector.expect("i1", 0.0)
    detector.heard("i1", 1.0)
    detector.expect("i1", 3.5)
    assert not detector.silent("i1", 4.0) and detector.silent("i1", 4.1)
    detector.heard("i1", 4.2)
    assert not detector.silent("i1", 5.0)
    detector.forget("i1")
    assert not detector.silent("i1", 50.0)


def test_time_in_which_we_did_not_run_is_nobodys_silence():
    detector = Detector(3.0)
    detector.heard("i1", 0.0)
    for now in (0.0, 0.5, 60.0):
        detector.tick(now)
    assert not detector.silent("i1", 60.0)
    detector.tick(60.9)
    assert not detector.silent("i1", 62.0) and detector.silent("i1", 63.0)


# -- supervision -------------------------------------------------------------------------------------------------------
def run(supervision, world, now):
    """Does what it says; returns it."""
    actions = supervision.step(world, now)
    for action in actions:
        if type(action) is Start:
            supervision.started(action.wanted, now)
    return actions


def test_who_leads_again_does_not_count_the_time_away_as_time_asleep():
    detector = Detector(3.0)
    detector.expect("i1", 0.0)
    detector.tick(0.0)
    detector.begin()  # 50 s later: somebody else led meanwhile
    assert not detector.silent("i1", 50.0)
    detector.expect("i1", 50.0)
    for second in range(50, 54):
        detector.tick(float(second))
    assert not detector.silent("i1", 53.0) and detector.silent("i1", 53.1)


def test_what_belongs_to_the_host_runs():
    supervision = Supervision("h1")
    world = topology(Writer("i1", 1), {"cluster": Endpoint("cluster", "cluster", "h1", "h:1")}, i1="-", i2="-")
    assert Start(Wanted("i2", INSTANCE, READER)) not in Supervision("h1").step(world, 0.0)  # nobody has made a volume yet
    world = world._replace(writer=Writer("i1", 1, epoch=(1, 1)))
    world.nodes.update(a1=Node("a1", "a", "h1", "h:2"), b1=Node("b1", "b", "h2", "h:3"))
    assert run(supervision, world, 0.0) == [
        Start(Wanted("a1", NODE)), Start(Wanted("i1", INSTANCE, WRITER, 1)), Start(Wanted("i2", INSTANCE, READER)),
        Start(Wanted("endpoint-h1", ENDPOINT)),
    ]  # fmt: skip
    assert run(supervision, world, 1.0) == []
    del world.instances["i2"], world.nodes["a1"]
    assert run(supervision, world, 2.0) == [Stop("a1", True), Stop("i2", True)]
    assert run(supervision, world, 2.1) == []


def test_who_does_not_live_is_started_again_with_growing_pauses():
    supervision, world, starts = Supervision("h1"), topology(), []
    world.nodes["a1"] = Node("a1", "a", "h1", "h:2")
    now = 0.0
    while now < 30.0:
        if run(supervision, world, now):
            starts.append(now)
            supervision.ended("a1", now + 0.01)
        now += 0.01
    pauses = [b - a for a, b in zip(starts, starts[1:])]
    assert pauses[0] < 0.1 and pauses[1] > 0.2 and 4.9 < pauses[-1] < 5.1
    supervision.started(Wanted("a1", NODE), 30.0)
    supervision.ended("a1", 40.0)  # it lived: at once
    assert run(supervision, world, 40.0)


def test_a_writer_is_started_once_for_each_decision():
    supervision = Supervision("h1")
    run(supervision, topology(Writer("i1", 1), i1="-"), 0.0)
    supervision.ended("i1", 9.0)
    assert run(supervision, topology(Writer("i1", 1, START, True), i1="gone"), 9.0) == []
    assert run(supervision, topology(Writer("i1", 2), i1="gone"), 9.1) == [Start(Wanted("i1", INSTANCE, WRITER, 2))]
    supervision.ended("i1", 20.0)
    assert run(supervision, topology(Writer("i2", 3, PROMOTE, False, (2, 1)), i1="gone", i2="-"), 20.1)[0] == Start(Wanted("i1", INSTANCE, READER))


def test_a_promoted_reader_goes_on_and_the_old_writer_is_killed():
    supervision = Supervision("h1")
    run(supervision, topology(Writer("i1", 1, START, True), i1="-", i2="-"), 0.0)
    promoting = topology(Writer("i2", 2, PROMOTE), i1="writer", i2="reader")
    assert run(supervision, promoting, 9.0) == [Stop("i1", False)]
    supervision.promoted("i2")
    assert run(supervision, topology(Writer("i2", 2, PROMOTE, True), i1="-", i2="writer"), 9.1) == []
    supervision.ended("i1", 9.2)
    assert run(supervision, topology(Writer("i2", 2, PROMOTE, True), i1="-", i2="writer"), 9.3) == [Start(Wanted("i1", INSTANCE, READER))]
    supervision.ended("i2", 9.4)
    assert run(supervision, topology(Writer("i2", 2, PROMOTE, True), i1="-", i2="gone"), 9.5) == []  # the leader's word comes first


# -- routing -----------------------------------------------------------------------------------------------------------
OPEN = Writer("i1", 1, START, True)
CLUSTER, READERS = Endpoint("cluster", "cluster", "h1", "h:1"), Endpoint("reader", "reader", "h1", "h:2")


def names(endpoint, world):
    return [each.name for each in candidates(endpoint, world)]


def test_endpoints_lead_to_the_right_instances():
    world = topology(OPEN, i1="writer", i2="reader", i3="reader", i4="-")
    assert names(CLUSTER, world) == ["i1"] and names(READERS, world) == ["i2", "i3"]
    custom = Endpoint("c", "custom", "h1", "h:3")
    assert names(custom._replace(static=("i1", "i3")), world) == ["i3"]
    assert names(custom._replace(type="ANY", static=("i1", "i3")), world) == ["i3", "i1"]
    assert names(custom._replace(excluded=("i3",)), world) == ["i2"]


def test_without_readers_the_writer_serves_and_while_it_changes_nobody_does():
    world = topology(OPEN, i1="writer", i2="gone")
    assert names(READERS, world) == ["i1"]
    changing = topology(Writer("i2", 2, PROMOTE), i1="gone", i2="reader", i3="reader")
    assert names(CLUSTER, changing) == [] and names(READERS, changing) == ["i3"]


def test_connections_are_spread_by_their_number():
    world = topology(OPEN, i1="writer", i2="reader", i3="reader", i4="reader")
    counts: dict[str, int] = {"i3": 5}
    for _ in range(10):
        chosen = choose(candidates(READERS, world), counts, lambda n: n - 1)
        counts[chosen.name] = counts.get(chosen.name, 0) + 1
    assert counts == {"i2": 5, "i3": 5, "i4": 5}


@pytest.mark.parametrize("number", [1, 2, 511])
def test_a_pid_names_its_instance(number):
    assert NUMBER_SHIFT == PID_BITS
    world = topology(OPEN, **{f"i{number}": "reader"})
    pid = number << PID_BITS | 1234
    assert 0 < pid < 2**31 and instance_of_pid(pid, world).number == number
    assert instance_of_pid(1234, world) is None
