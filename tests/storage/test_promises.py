"""What a node cannot write down it has not promised: full and failing disks when an epoch, a list, a membership comes."""

import errno
from dataclasses import replace

import pytest

from aurorapy.storage import messages as m
from tests.sim.disk import PowerLost
from tests.storage.fleet import Fleet

OLD, NEW = m.Epoch(1, 7), m.Epoch(2, 9)
LIST = m.TruncationList(NEW, (m.Truncation(20, 5000),))


def fleet_of_old():
    """Records at 10, 20, 30 under epoch OLD on every copy."""
    fleet = Fleet()
    for copy in "ABCDEF":
        fleet.nodes[copy].step(m.Install(OLD, 0, m.TruncationList(OLD, ()), fleet.membership), 0)
    for lsn in (10, 20, 30):
        assert fleet.write("ABCDEF", OLD, lsn - 10, lsn) == []
    return fleet


def break_disk(node, fault):
    if fault == "full":
        node.host.faults.capacity = 0
    else:
        node.host.faults.fail(fault, error=errno.EIO)


def mend_disk(node):
    node.host.faults.capacity = None
    node.host.faults.calm()


def told(node):
    return node.segments[0].epoch, node.segments[0].truncations, node.segments[0].scl


@pytest.mark.parametrize("fault", ["full", "pwrite", "sync"])
@pytest.mark.parametrize(
    "promise",
    [
        lambda fleet: [m.Fence(NEW, 0)],
        lambda fleet: [m.Install(NEW, 0, LIST, fleet.membership)],
        lambda fleet: [m.Install(NEW, 0, LIST, replace(fleet.membership, epoch=2))],
    ],
    ids=["fence", "install", "membership"],
)
def test_a_promise_that_is_not_on_disk_was_not_made(promise, fault):
    fleet = fleet_of_old()
    node = fleet.nodes["A"]
    before = told(node), node.segments[0].membership
    break_disk(node, fault)
    for message in promise(fleet):
        with pytest.raises(OSError):
            node.step(message, 0)
    assert (told(node), node.segments[0].membership) == before
    mend_disk(node)
    [state] = node.step(m.Ask(OLD, 0), 0)
    assert (state.epoch, state.scl) == (OLD, 30)
    assert [type(answer) for answer in node.step(m.Ask(NEW, 0), 0)] == [m.State]  # not fenced: says where it stands
    assert fleet.write("A", OLD, 30, 40) == []
    fleet.restart("A", power_cut=True)
    assert fleet.nodes["A"].segments[0].epoch >= OLD


@pytest.mark.parametrize("fault", ["full", "pwrite", "sync"])
def test_a_list_that_is_not_on_disk_annuls_nothing(fault):
    fleet = fleet_of_old()
    node = fleet.nodes["A"]
    node.step(m.Fence(NEW, 0), 0)
    break_disk(node, fault)
    with pytest.raises(OSError):
        node.step(m.Truncate(NEW, 0, LIST), 0)
    assert node.segments[0].scl == 30 and node.segments[0].truncations.epoch == OLD
    mend_disk(node)
    [refused] = node.step(m.ReadPage(NEW, 0, 5, 20, 20), 0)
    assert type(refused) is m.State  # the list is not here: it reads nothing of that epoch
    assert node.step(m.Truncate(NEW, 0, LIST), 0) == [m.Truncated(NEW, 0, "A")]
    assert node.segments[0].scl == 20
    fleet.restart("A", power_cut=True)
    assert told(fleet.nodes["A"]) == (NEW, LIST, 20)


def test_the_next_attempt_writes_it():
    fleet = fleet_of_old()
    node = fleet.nodes["A"]
    break_disk(node, "full")
    for _ in range(3):
        with pytest.raises(OSError):
            node.step(m.Fence(NEW, 0), 0)
    mend_disk(node)
    assert node.step(m.Fence(NEW, 0), 0) == [m.Fenced(NEW, 0, "A")]
    fleet.restart("A", power_cut=True)
    assert fleet.nodes["A"].segments[0].epoch == NEW
    [refused] = fleet.nodes["A"].step(m.Ask(OLD, 0), 0)
    assert type(refused) is m.Refused


def test_a_node_that_died_between_its_segments_manifest_and_its_own_file_hosts_the_segment():
    fleet = Fleet(spare="G")
    node = fleet.nodes["G"]

    def die():
        raise PowerLost

    node.hosting.save = die
    with pytest.raises(PowerLost):
        node.step(fleet.creation(0, "G"), 0)
    fleet.restart("G", power_cut=True)
    assert fleet.nodes["G"].hosting.hosted == {0}
    medium = fleet.media["G"]
    for path in [path for path in medium.names if path.startswith("data/segments/000000/")]:
        del medium.names[path]
    medium.durable_names = dict(medium.names)
    fleet.restart("G")  # the segment is lost now: the node remembers it
    [missing] = fleet.nodes["G"].step(m.Ask(OLD, 0), 0)
    assert missing.was_here
