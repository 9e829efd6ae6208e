"""Replacing a copy while writes go on: begun, finished, reverted, nested, interrupted at every message."""

from itertools import combinations

import pytest

from aurorapy.storage import messages as m
from aurorapy.storage.members import Member, Membership, NodePlace, decided, replacing, settled
from aurorapy.storage.quorum import Geometry
from aurorapy.storage.volume import Volume, membership
from aurorapy.storage.volume.membership import ChangeRefused, Changes
from aurorapy.storage.volume.recovery import Superseded
from aurorapy.storage.volume.transport import Unreachable
from aurorapy_native.redo import encode
from tests.storage.fleet import SIX, VOLUME, Fleet, Stopped
from tests.storage.peers import EPOCH, Peers


def member(copy):
    return Member(copy, copy.lower(), "a", f"{copy}:1", copy * 32)


ABCDEF = Membership(1, tuple(map(member, "ABCDEF")), SIX)


# -- the rules -------------------------------------------------------------------------------------------------------------


def test_while_f_is_replaced_by_g_writes_need_both_rules_and_reads_either():
    joint = replacing(ABCDEF, "F", member("G"), 2)
    assert str(joint.geometry) == "write (4/6 ABCDEF) and (4/6 ABCDEG), read (3/6 ABCDEF) or (3/6 ABCDEG)"
    assert joint.changes == (("F", "G"),) and [each.copy for each in joint.members] == [*"ABCDEFG"]
    joint.geometry.check()


def test_f_and_e_fail_one_after_the_other_abcd_alone_satisfies_every_write_set():
    twice = replacing(replacing(ABCDEF, "F", member("G"), 2), "E", member("H"), 3)
    assert str(twice.geometry.write) == (
        "((4/6 ABCDEF) and (4/6 ABCDEG)) and ((4/6 ABCDFH) and (4/6 ABCDGH))"
    )  # fmt: skip
    assert twice.geometry.write.met("ABCD") and not twice.geometry.write.met("ABCE")
    twice.geometry.check()


@pytest.mark.parametrize(
    "steps, copies",
    [("F>G", "ABCDEG"), ("G>F", "ABCDEF"), ("F>G E>H", "ABCDGH"), ("E>H F>G", "ABCDGH"), ("F>G H>E", "ABCDEG"), ("G>F H>E", "ABCDEF")],
)  # fmt: skip
def test_each_change_ends_either_way_and_in_any_order(steps, copies):
    membership = replacing(replacing(ABCDEF, "F", member("G"), 2), "E", member("H"), 3)
    for number, step in enumerate(steps.split()):
        before = membership
        membership = decided(membership, step[0], step[2], 4 + number)
        assert membership.before == before.geometry.write and membership.members == before.members
        Geometry(before.geometry.write, membership.geometry.read).check()  # who reads by the new one finds the old writes
    if len(steps) == 3:
        left = membership.changes[0]
        membership = decided(membership, left[1], left[0], 9)
    membership = settled(membership, 10)
    assert membership.geometry == Geometry.of(copies, 4, 3)
    assert {each.copy for each in membership.members} == {*copies}


def test_who_was_to_come_is_replaced_itself_and_the_change_goes_on_with_the_other():
    begun = replacing(ABCDEF, "F", member("G"), 2)
    nested = replacing(begun, "G", member("H"), 3)
    ended = settled(decided(nested, "G", "H", 4), 5)
    assert ended.changes == (("F", "H"),)
    last = settled(decided(ended, "F", "H", 6), 7)
    assert last.geometry == Geometry.of("ABCDEH", 4, 3) and last.changes == ()


def test_every_read_set_of_a_step_meets_the_write_set_that_installed_the_next():
    joint = replacing(ABCDEF, "F", member("G"), 2)
    after = decided(joint, "F", "G", 3)
    copies = "ABCDEFG"
    subsets = [set(some) for size in range(8) for some in combinations(copies, size)]
    for installed in subsets:
        if after.opening.met(installed):
            assert not joint.geometry.read.met(set(copies) - installed)
        if joint.opening.met(installed):
            assert not ABCDEF.geometry.read.met(set(copies) - installed)


def test_a_membership_under_change_is_data():
    joint = replacing(ABCDEF, "F", member("G"), 2)
    for each in (ABCDEF, joint, decided(joint, "F", "G", 3)):
        assert Membership.from_dict(each.as_dict()) == each


# -- in a volume -----------------------------------------------------------------------------------------------------------


class FleetWriter:
    """A volume on the fleet that somebody writes to all the time."""

    def __init__(self, fleet, instance=7, stop_after=None):
        self.fleet = fleet
        self.post, self.recovery = fleet.recovery(instance, stop_after)
        self.recovered = fleet.host.tasks.run(self.recovery.run)
        self.volume = Volume(fleet.host, fleet.config, self.post, self.recovered)
        self.volume.identity = VOLUME
        for group, progress in self.volume.groups.items():
            progress.write = self.post.memberships[group].geometry.write
        self.changes = Changes(self.volume)
        self.acknowledged = []
        self.longest = 0.0

    def write(self, seconds=1.0):
        tasks, clock = self.fleet.host.tasks, self.fleet.host.clock
        until = clock.monotonic() + seconds
        while clock.monotonic() < until:
            begun = clock.monotonic()
            at = self.volume.redo.position
            lsn = self.volume.redo.log_page(1 + at % 50, 0, [("write", 64, b"%08d" % (at % 10**8))])
            self.volume.wait_durable(lsn)
            self.acknowledged.append(lsn)
            self.longest = max(self.longest, clock.monotonic() - begun)
            tasks.sleep(0.05)

    def spawn(self, work, *args):
        return self.fleet.host.tasks.spawn(work, *args, name="writer")

    def run(self, work, *args):
        return self.fleet.host.tasks.run(work, *args)


def spare(fleet, name):
    return NodePlace(name, name.lower(), f"{name}:1"), fleet.nodes[name].id


def fleet_of_eight(**options):
    return Fleet(spare="GH", **options)


def membership_of(fleet):
    known = [node.segments[0].membership for node in fleet.nodes.values() if 0 in node.segments]
    return max(known, key=lambda each: each.epoch)


def replaced(writer, leaves="F", comes="G"):
    return writer.changes.replace(0, leaves, *spare(writer.fleet, comes))


def test_a_copy_is_replaced_under_load_without_a_pause():
    fleet = fleet_of_eight()
    writer = FleetWriter(fleet)
    fleet.down("F")
    load = writer.spawn(writer.write, 6.0)
    fleet.settle(1)
    change = writer.spawn(replaced, writer)
    fleet.settle(10)
    assert change.done and change.error is None and change.result == "G"
    assert load.done and load.error is None and writer.longest < 0.5
    assert membership_of(fleet).geometry == Geometry.of("ABCDEG", 4, 3) and membership_of(fleet).before is None
    assert fleet.scl("G") == writer.acknowledged[-1]
    fleet.down("AB")
    assert FleetWriter(fleet, 8).recovered.vdl == writer.acknowledged[-1]


def test_a_change_is_reverted_when_the_old_copy_is_back():
    fleet = fleet_of_eight()
    writer = FleetWriter(fleet)
    fleet.down("F")
    writer.run(writer.write, 0.3)
    comes = writer.run(writer.changes.begin, 0, "F", *spare(fleet, "G"))
    fleet.up("F")
    fleet.down("G")
    load = writer.spawn(writer.write, 2.0)
    writer.run(writer.changes.revert, 0, comes)
    fleet.settle(3)
    assert load.done and load.error is None and writer.longest < 0.5
    assert membership_of(fleet).geometry == SIX
    assert "G" not in [member.copy for member in membership_of(fleet).members]


def test_a_second_failure_while_the_first_is_being_replaced():
    fleet = fleet_of_eight()
    writer = FleetWriter(fleet)
    fleet.down("F")
    writer.run(writer.write, 0.3)
    writer.run(writer.changes.begin, 0, "F", *spare(fleet, "G"))
    fleet.down("E")
    load = writer.spawn(writer.write, 4.0)
    writer.run(writer.changes.begin, 0, "E", *spare(fleet, "H"))
    assert len(membership_of(fleet).changes) == 2
    writer.run(writer.changes.finish, 0, "G")
    writer.run(writer.changes.finish, 0, "H")
    fleet.settle(6)
    assert load.done and load.error is None and writer.longest < 0.5
    assert membership_of(fleet).geometry == Geometry.of("ABCDGH", 4, 3)
    assert {fleet.scl(copy) for copy in "ABCDGH"} == {writer.acknowledged[-1]}


def test_an_emptied_node_comes_back_as_another_copy():
    fleet = fleet_of_eight()
    writer = FleetWriter(fleet)
    writer.run(writer.write, 0.5)
    fleet.wipe("F")
    assert writer.run(replaced, writer, "F", "F") == "G"
    fleet.settle(3)
    assert fleet.nodes["F"].segments[0].copy == "G" and fleet.scl("F") == writer.acknowledged[-1]


@pytest.mark.parametrize("first", ["old", "new"])
def test_a_node_that_is_emptied_again_before_it_is_full(first):
    """The copy that was to come is lost as well: another one takes the place of both."""
    fleet = fleet_of_eight()
    writer = FleetWriter(fleet)
    writer.run(writer.write, 0.5)
    fleet.wipe("F")
    first_life = spare(fleet, "F")
    fleet.down("F")
    assert writer.run(writer.changes.begin, 0, "F", *first_life) == "G"
    fleet.wipe("F")
    fleet.up("F")
    filling = writer.spawn(writer.changes.finish, 0, "G")
    members = [writer.volume.transport.memberships[0].member(copy) for copy in ("FG" if first == "old" else "GF")]
    for _ in range(3):  # it says so whenever something is sent to either
        for member in members:
            if member in writer.volume.transport.memberships[0].members:
                writer.changes.heal(0, member, fleet.nodes["F"].id)
        fleet.settle(4)
    now = membership_of(fleet)
    assert now.changes == () and now.before is None and len(now.members) == 6
    assert fleet.nodes["F"].segments[0].copy in now.geometry.copies and fleet.scl("F") == writer.acknowledged[-1]
    assert filling.done


def test_where_too_few_hold_what_was_acknowledged_a_change_does_not_begin_and_nobody_waits(monkeypatch):
    monkeypatch.setattr(membership, "GATE_SECONDS", 3.0)
    fleet = fleet_of_eight()
    writer = FleetWriter(fleet)
    fleet.down("DE")
    writer.run(writer.write, 0.3)  # on A, B, C and F: three of the rule without F
    load = writer.spawn(writer.write, 5.0)
    with pytest.raises(Unreachable):
        writer.run(writer.changes.begin, 0, "F", *spare(fleet, "G"))
    fleet.settle(6)
    assert load.done and load.error is None and writer.longest < 1.0
    assert membership_of(fleet) == fleet.membership


def test_a_writer_that_was_taken_over_changes_nothing():
    fleet = fleet_of_eight()
    old = FleetWriter(fleet)
    fleet.recover(instance=8)
    with pytest.raises(Superseded):
        old.run(replaced, old)
    assert membership_of(fleet).geometry == SIX


def steps_of(reverting):
    fleet, writer = begun(None)
    change(writer, reverting)
    return writer.post.count


def begun(stop_after):
    fleet = fleet_of_eight()
    fleet.down("F")
    writer = FleetWriter(fleet)
    writer.run(writer.write, 0.1)
    base = writer.post.count
    writer.post.count, writer.post.stop_after = 0, stop_after
    return fleet, writer


def change(writer, reverting):
    writer.run(writer.write, 0.1)
    comes = writer.run(writer.changes.begin, 0, "F", *spare(writer.fleet, "G"))
    writer.run(writer.write, 0.1)
    writer.run(writer.changes.revert if reverting else writer.changes.finish, 0, comes)
    writer.run(writer.write, 0.1)


@pytest.mark.parametrize("reverting", [False, True], ids=["finished", "reverted"])
def test_a_change_interrupted_at_every_message_is_found_and_ended_by_the_next_writer(reverting):
    for step in range(1, steps_of(reverting), 3):
        fleet, writer = begun(step)
        task = writer.spawn(change_and_end, writer, reverting)
        fleet.settle(4)
        writer.post.is_cut = True
        writer.volume.fail(Superseded("stopped by the test"))
        for down in ("AB", "CD", "EG"):
            fleet.down(down)
            post, recovery = fleet.recovery(instance=step)
            found = fleet.host.tasks.spawn(recovery.decided, name="test")
            fleet.settle(8)
            if found.done:  # one zone away: reads are possible, and find all that was acknowledged
                assert found.error is None and found.result.vdl >= max(writer.acknowledged)
            fleet.up(down)
        following = FleetWriter(fleet, instance=step + 1)
        assert following.recovered.vdl >= max(writer.acknowledged)
        following.changes.resume()
        following.run(following.write, 3.0)
        ended = membership_of(fleet)
        assert ended.before is None and not ended.changes
        assert ended.geometry in (SIX, Geometry.of("ABCDEG", 4, 3))
        assert task.done or writer.post.is_cut


def change_and_end(writer, reverting):
    try:
        writer.write(0.05)
        comes = writer.changes.begin(0, "F", *spare(writer.fleet, "G"))
        writer.write(0.05)
        (writer.changes.revert if reverting else writer.changes.finish)(0, comes)
        writer.write(0.05)
    except (Stopped, Superseded, Unreachable, ChangeRefused):
        pass


def test_messages_of_a_change_read_as_one_line():
    install = m.Install(m.Epoch(2, 1), 0, m.NO_TRUNCATIONS, replacing(ABCDEF, "F", member("G"), 2))
    assert "membership=2" in str(install)


@pytest.mark.parametrize("letter", "GF")  # F: as the next copy but one is called
def test_a_copy_that_has_moved_away_does_not_keep_the_log_of_its_old_node(letter):
    fleet = Peers()
    fleet.write(3)
    fleet.run(0.5)
    node = fleet.nodes["F"]
    node.step(m.CreateSegment(EPOCH, 1, "A", fleet.truncations, Membership(1, fleet.membership.members, SIX)), 0.0)
    other = Member(letter, "nG", "z", "", "f" * 32)
    moved = tuple(other if each.copy == "F" else each for each in stated(fleet))
    node.step(m.Install(EPOCH, 0, fleet.truncations, Membership(2, moved, SIX)), 0.0)
    fleet.cut = set("F")
    last = 0
    for _ in range(60):
        last = written_to_group_1(node, last)
        fleet.run(0.1)
    assert node.segments[1].scl == last > 2 * fleet.config.log_file_bytes
    assert 0 not in node.segments


def stated(fleet):
    """The members with the identities of their segments."""
    return tuple(each._replace(segment=fleet.segment(each.copy).id) for each in fleet.membership.members)


def written_to_group_1(node, prev):
    lsn = prev + 1000
    record = encode(lsn, 5, [("write", 100, bytes(900))], prev_group=prev, prev_page=prev, prev_volume=prev, flags=1)
    node.step(m.Write(EPOCH, 1, prev, lsn, prev, record), 0.0)
    return lsn
