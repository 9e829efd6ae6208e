"""Recovery of six copies: the worked examples, every subset of nodes, every step interrupted, rivals, sleepers."""

import random
from itertools import combinations

import pytest

from aurorapy.storage import messages as m
from aurorapy.storage.quorum import All, Either, Geometry, Some
from aurorapy.storage.volume import Volume
from aurorapy.storage.volume.decision import decide
from aurorapy.storage.volume.fleet import FleetVolume, Found
from aurorapy.storage.volume.recovery import Superseded
from aurorapy_native.retry import Retry
from tests.storage.fleet import VOLUME, Fleet, Stopped

SUBSETS = [frozenset(some) for size in range(7) for some in combinations("ABCDEF", size)]


def name_of(subset):
    return "".join(sorted(subset)) or "nobody"


def task(fleet, work, *args):
    return fleet.host.tasks.spawn(work, *args, name="test")


# -- worked examples of the design ---------------------------------------------------------------------------------------


def two_groups():
    """Odd LSNs to group 1, even ones to group 2; all up to 104 on A-D, 105 and 106 on A, B, C."""
    fleet = Fleet(groups=(1, 2))
    first = fleet.recover()
    at = first.position
    lasts = {1: 0, 2: 0}
    before = 0
    for n in range(101, 107):
        group, copies = (1 if n % 2 else 2), "ABCD" if n <= 104 else "ABC"
        fleet.write(copies, first.epoch, lasts[group], at + n, prev_volume=before, group=group)
        lasts[group] = before = at + n
    return fleet, at


def test_odd_lsns_to_one_group_even_ones_to_the_other_where_the_volume_is_complete_to_104():
    fleet, at = two_groups()
    fleet.down("ABC")
    recovered = fleet_recovers_from(fleet)
    assert recovered.vdl == at + 104
    assert recovered.group_last == {1: at + 103, 2: at + 104}


def fleet_recovers_from(fleet):
    post, recovery = fleet.recovery()
    return fleet.host.tasks.run(recovery.decided)


def test_what_three_copies_hold_is_kept_when_they_are_asked():
    fleet, at = two_groups()
    recovered = fleet.recover()
    assert recovered.vdl == at + 106
    for group, last in recovered.group_last.items():
        assert sum(fleet.scl(copy, group) == last for copy in "ABCDEF") >= 4


def test_complete_to_1007_durable_to_1000():
    fleet = Fleet()
    first = fleet.recover()
    at, before = first.position, 0
    for n, end in ((900, True), (1000, True), (1004, False), (1007, False)):
        fleet.write("ABCD", first.epoch, before, at + n, end=end)
        before = at + n
    second = fleet.recover()
    assert second.vdl == at + 1000 and second.truncations.ranges[-1].low == at + 1000


def test_scl_100_when_asked_and_the_old_writers_101_lands_afterwards():
    fleet = Fleet()
    first = fleet.recover()
    at = first.position
    fleet.write("ABCDEF", first.epoch, 0, at + 100)
    fleet.down("DEF")
    _, recovery = fleet.recovery(instance=8)
    decided = fleet.host.tasks.run(recovery.decided)
    fleet.up("DEF")
    said = fleet.write("ABCD", first.epoch, at + 100, at + 101)
    assert [type(each) for each in said] == [m.Refused] * 3  # A, B, C; only D took it: it is not acknowledged
    opened = fleet.host.tasks.run(recovery.opened, decided)
    assert opened.vdl == at + 100
    fleet.settle(3)
    assert {fleet.scl(copy) for copy in "ABCDEF"} == {at + 100}


def test_a_segment_that_slept_with_1050_where_1000_was_the_truncation_counts_as_1000():
    fleet = Fleet()
    first = fleet.recover()
    at = first.position
    fleet.write("ABCDEF", first.epoch, 0, at + 1000)
    fleet.write("F", first.epoch, at + 1000, at + 1050)
    fleet.down("F")
    second = fleet.recover()
    assert second.vdl == at + 1000
    fleet.up("F")
    fleet.down("ABC")
    third = fleet_recovers_from(fleet)
    assert third.vdl == at + 1000


def volume_on(fleet, recovered, post):
    return Volume(fleet.host, fleet.config, post, recovered)


def change(volume, page_no=5, prev=0):
    return volume.redo.log_page(page_no, prev, [("write", 64, b"%08d" % volume.redo.position)])


def durable(volume, lsn):
    volume.wait_durable(lsn)
    return True


def test_zone_c_lost_writes_go_on_and_with_one_a_more_they_wait_while_reads_and_repair_go_on():
    fleet = Fleet()
    post, recovery = fleet.recovery()
    volume = volume_on(fleet, fleet.host.tasks.run(recovery.run), post)
    fleet.down("EF")
    first = change(volume)
    fleet.host.tasks.run(volume.wait_durable, first)
    fleet.down("A")
    second = change(volume, prev=first)
    waiting = task(fleet, durable, volume, second)
    fleet.settle(5)
    assert not waiting.done and volume.vdl == first
    assert fleet.host.tasks.run(volume.read_page, 5)[:8] == first.to_bytes(8, "little")
    fleet.up("E")  # what it missed comes from its peers, and with it the fourth copy
    fleet.settle(5)
    assert waiting.done and volume.vdl == second


def fleet_volume(fleet, instance=8):
    """As `open_fleet` opens it."""
    post, recovery = fleet.recovery(instance)
    decided = recovery.decided()
    volume = FleetVolume(fleet.host, fleet.config, post, decided, Found(VOLUME, {0: fleet.membership}, {}))
    volume.open_for_writes(recovery, decided)
    return volume


def write_one(volume, prev):
    while True:
        try:
            volume.redo.require_room(4096)
            break
        except Retry as retry:
            retry.wait()
    lsn = change(volume, prev=prev)
    volume.wait_durable(lsn)
    return lsn


def test_with_three_of_six_pages_are_read_and_writes_wait_until_a_fourth_is_there():
    fleet = Fleet()
    first = fleet.recover()
    lsn = first.position + 10
    fleet.write("ABCD", first.epoch, 0, lsn)
    fleet.down("ABC")
    volume = fleet.host.tasks.run(fleet_volume, fleet)
    assert volume.vdl == lsn and not volume.is_open
    assert fleet.host.tasks.run(volume.read_page, 5)[100:108] == b"%08d" % lsn
    waiting = task(fleet, write_one, volume, lsn)
    fleet.settle(5)
    assert not waiting.done
    assert all(node.segments[0].vdl == 0 for node in fleet.nodes.values())  # on no write quorum yet: nobody is told
    fleet.up("B")
    fleet.settle(5)
    assert volume.is_open and waiting.done and volume.vdl == waiting.result
    assert fleet.host.tasks.run(volume.read_page, 5)[:8] == waiting.result.to_bytes(8, "little")
    volume.close()


# -- which copies are up -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("up", SUBSETS, ids=name_of)
def test_writes_go_on_iff_four_are_up_and_resume_when_they_are_back(up):
    fleet = Fleet()
    post, recovery = fleet.recovery()
    volume = volume_on(fleet, fleet.host.tasks.run(recovery.run), post)
    first = change(volume)
    fleet.host.tasks.run(volume.wait_durable, first)
    fleet.down(set("ABCDEF") - up)
    second = change(volume, prev=first)
    waiting = task(fleet, durable, volume, second)
    fleet.settle(3)
    assert waiting.done == (len(up) >= 4)
    fleet.up(sorted(set("ABCDEF") - up))
    fleet.settle(5)
    assert waiting.done and volume.vdl == second


@pytest.mark.parametrize("up", SUBSETS, ids=name_of)
def test_recovery_reads_iff_three_are_up_opens_iff_four_are_and_otherwise_waits_for_them(up):
    fleet = Fleet()
    first = fleet.recover()
    lsn = first.position + 10
    fleet.write("ABCD" if len(up) % 2 else "CDEF", first.epoch, 0, lsn)
    fleet.down(set("ABCDEF") - up)
    _, recovery = fleet.recovery(instance=8)

    def work():
        found.append(recovery.decided())
        found.append(recovery.opened(found[0]))

    found = []
    waiting = task(fleet, work)
    fleet.settle(8)
    assert len(found) == (len(up) >= 3) + (len(up) >= 4)
    if found:
        assert found[0].vdl == lsn
        serving = [copy for copy, scl in found[0].positions[0].items() if scl >= lsn]
        assert serving and all(fleet.page(copy, lsn)[100:108] == b"%08d" % lsn for copy in serving)
    fleet.up(sorted(set("ABCDEF") - up))
    fleet.settle(8)
    assert waiting.done and len(found) == 2 and found[1].vdl == lsn
    fleet.settle(5)
    assert {fleet.scl(copy) for copy in "ABCDEF"} == {lsn}


# -- interrupted ---------------------------------------------------------------------------------------------------------


class Story:
    """A volume of two groups whose last records are on some copies only; what a next recovery must and may find."""

    def __init__(self, seed=1, hostile=False):
        self.fleet = fleet = Fleet(seed=seed, groups=(0, 1), hostile=hostile)
        first = fleet.recover()
        at = first.position
        fleet.down("F")
        fleet.write("ABCDE", first.epoch, 0, at + 10)
        fleet.write("ABCDE", first.epoch, 0, at + 20, prev_volume=at + 10, group=1)
        fleet.down("BC")
        fleet.up("F")
        fleet.write("F", first.epoch, 0, at + 10)
        self.second = fleet.recover(instance=3)  # F never saw the records of group 1, and B, C sleep through it
        fleet.up("BC")
        at = self.second.position
        fleet.write("ADEF", self.second.epoch, self.second.group_last[0], at + 10, prev_volume=self.second.vdl)
        self.acknowledged = at + 10
        fleet.write("AD", self.second.epoch, self.second.group_last[1], at + 20, prev_volume=at + 10, group=1)
        fleet.write("A", self.second.epoch, at + 10, at + 30, prev_volume=at + 20)
        self.points = {at + 10, at + 20, at + 30}

    def check(self, recovered):
        assert recovered.vdl >= self.acknowledged and recovered.vdl in self.points
        assert all(low >= self.second.position or high <= self.second.position for low, high in recovered.truncations.ranges)
        for group, last in recovered.group_last.items():
            have = [copy for copy in "ABCDEF" if self.fleet.scl(copy, group) == last]
            assert len(have) >= 4
            assert len({self.fleet.page(copy, recovered.vdl, group) for copy in have}) == 1
        self.acknowledged, self.points = recovered.vdl, {recovered.vdl}  # now it is open


def messages_of_a_recovery():
    story = Story()
    post, recovery = story.fleet.recovery(instance=9)
    recovered = story.fleet.host.tasks.run(recovery.run)
    story.check(recovered)
    return post.count


def interrupted(story, step, instance=9):
    try:
        story.check(story.fleet.recover(instance, stop_after=step))
    except Stopped:
        pass


@pytest.mark.parametrize("part", range(4))
def test_recovery_interrupted_at_every_message_ends_in_the_same_place(part):
    count = messages_of_a_recovery()
    for step in range(1 + part, count + 1, 4):
        story = Story()
        interrupted(story, step)
        if step % 3 == 0:
            story.fleet.restart("ABCDEF"[step % 6], power_cut=True)
        story.check(story.fleet.recover(10))
        story.check(story.fleet.recover(11))


@pytest.mark.parametrize("seed", range(12))
def test_recoveries_interrupted_one_inside_the_other_over_a_hostile_network(seed):
    rng = random.Random(seed)
    story = Story(seed=seed)
    fleet = story.fleet
    fleet.hostile = True
    for instance in range(4):
        down = rng.sample("ABCDEF", rng.randrange(3))
        fleet.down(down)
        interrupted(story, rng.randrange(1, 200), instance)
        fleet.up(down)
        if rng.random() < 0.5:
            fleet.restart(rng.choice("ABCDEF"), power_cut=True)
    story.check(fleet.recover(9))
    fleet.settle(20)
    assert {fleet.scl(copy) for copy in "ABCDEF"} == {story_last(fleet)}


def story_last(fleet):
    return max(fleet.scl(copy) for copy in "ABCDEF")


@pytest.mark.parametrize("step", range(5, 120, 5))
def test_an_old_writers_late_write_at_any_point_is_annulled_everywhere_or_kept_everywhere(step):
    story = Story()
    fleet, old = story.fleet, story.second
    post, recovery = fleet.recovery(instance=9)
    running = task(fleet, recovery.run)
    while post.count < step and not running.done:
        fleet.settle(0.0005)
    late = max(story.points) + 40
    fleet.write("ABCDEF", old.epoch, late - 40, late, prev_volume=late - 40)
    story.points.add(late)
    fleet.settle(5)
    assert running.done and running.error is None
    story.check(running.result)
    fleet.settle(10)
    assert len({fleet.scl(copy) for copy in "ABCDEF"}) == 1


@pytest.mark.parametrize("seed", range(10))
def test_of_two_recoveries_that_race_one_writes_and_the_other_is_refused(seed):
    story = Story(seed=seed)
    fleet = story.fleet
    _, one = fleet.recovery(instance=8)
    _, other = fleet.recovery(instance=9)
    tasks = [task(fleet, one.run), task(fleet, other.run)]
    fleet.settle(15)
    assert all(each.done for each in tasks)
    ended = [each.result for each in tasks if each.error is None]
    assert ended and all(isinstance(each.error, Superseded) for each in tasks if each.error is not None)
    newest = max(ended, key=lambda each: each.epoch)
    story.check(newest)
    acknowledging = []
    for each in ended:
        lsn = each.position + 50
        said = fleet.write("ABCDEF", each.epoch, each.group_last[0], lsn, prev_volume=each.vdl)
        acknowledging.append(len([1 for answer in said if isinstance(answer, m.Refused)]) <= 2)
    assert acknowledging == [each is newest for each in ended]


# -- whose answers count -------------------------------------------------------------------------------------------------


def test_an_emptied_node_counts_in_no_quorum():
    fleet = Fleet()
    first = fleet.recover()
    lsn = first.position + 10
    fleet.write("ABCD", first.epoch, 0, lsn)
    fleet.down("ABC")
    fleet.wipe("D")
    _, recovery = fleet.recovery()
    waiting = task(fleet, recovery.decided)
    fleet.settle(10)
    assert not waiting.done  # E, F and an empty D would find nothing of it
    fleet.up("A")
    fleet.settle(10)
    assert waiting.done and waiting.result.vdl == lsn


def test_a_copy_that_its_peers_remember_as_further_counts_only_when_it_has_caught_up():
    fleet = Fleet()
    first = fleet.recover()
    lsn = first.position + 10
    fleet.write("ABCD", first.epoch, 0, lsn)
    fleet.settle(5)  # gossip: everybody has it, and E and F have heard of D
    fleet.down("ABC")
    segment = fleet.nodes["D"].segments[0]
    for table in segment.tables:
        table.memtable.annul(0, 1 << 60)
    segment.last = segment.scl = 0  # the disk lost what it had promised
    for name in "EF":
        segment = fleet.nodes[name].segments[0]
        for table in segment.tables:
            table.memtable.annul(0, 1 << 60)
        segment.last = segment.scl = 0
        segment.peers = {"D": lsn}
    fleet.nodes["A"].segments[0].peers = {}
    for node in fleet.nodes.values():
        node.tick = lambda now: None  # no gossip: nobody catches up
    _, recovery = fleet.recovery()
    waiting = task(fleet, recovery.decided)
    fleet.settle(10)
    assert not waiting.done
    fleet.up("A")
    fleet.settle(10)
    assert waiting.done and waiting.result.vdl == lsn


def test_a_group_that_was_made_only_partly_is_made_whole():
    fleet = Fleet()
    first = fleet.recover()
    for copy in "AB":
        message = m.CreateSegment(first.epoch, 1, copy, first.truncations, fleet.membership, m.NO_VOLUME)
        fleet.nodes[copy].step(message, 0)
    lsn = first.position + 10
    fleet.write("AB", first.epoch, 0, lsn, group=1)
    fleet.down("EF")
    second = fleet.recover()
    assert second.group_last == {0: 0, 1: lsn}
    assert sum(1 in node.segments and node.segments[1].scl == lsn for node in fleet.nodes.values()) >= 4


def test_a_segment_whose_making_failed_on_the_disk_is_made_at_the_next_attempt():
    fleet = Fleet()
    first = fleet.recover()
    node = fleet.nodes["A"]
    message = m.CreateSegment(first.epoch, 1, "A", first.truncations, fleet.membership, m.NO_VOLUME)
    for after in range(8):  # whichever sync it is that fails
        node.host.faults.fail("sync", after=after)
        try:
            said = node.step(message, 0)
            break
        except OSError:
            assert not node.step(m.Fence(first.epoch, 1), 0)[0].was_here
    assert said == [m.SegmentCreated(first.epoch, 1, "A", node.id)]


def test_an_older_writer_makes_no_group_where_a_newer_one_has_looked():
    fleet = Fleet()
    first = fleet.recover()
    fleet.recover(instance=8)
    message = m.CreateSegment(first.epoch, 1, "A", first.truncations, fleet.membership, m.NO_VOLUME)
    said = fleet.nodes["A"].step(message, 0)
    assert [type(each) for each in said] == [m.Refused] and 1 not in fleet.nodes["A"].segments


def test_an_epoch_that_a_dead_recovery_left_on_one_node_is_drawn_above():
    fleet = Fleet()
    fleet.recover()
    fleet.down("ABC")
    fleet.nodes["F"].step(m.Fence(m.Epoch(9, 1), 0), 0)
    assert fleet_recovers_from(fleet).epoch.number == 10


def test_the_list_of_the_highest_epoch_replaces_any_other_though_its_epoch_never_opened():
    fleet = Fleet()
    first = fleet.recover()
    at = first.position
    fleet.write("ABCDEF", first.epoch, 0, at + 100)
    fleet.write("ABC", first.epoch, at + 100, at + 150)
    fleet.down("ABC")
    _, recovery = fleet.recovery(instance=8)
    fleet.host.tasks.run(recovery.decided)  # D, E, F: 100, and its list on them
    fleet.up("ABC")
    fleet.down("DE")
    third = fleet.recover(instance=9)
    assert third.vdl == at + 100
    assert {fleet.scl(copy) for copy in "ABCF"} == {at + 100}


# -- other geometries ----------------------------------------------------------------------------------------------------


def test_one_copy_is_a_geometry_like_any_other():
    fleet = Fleet("A", Geometry.of("A", 1, 1))
    first = fleet.recover()
    fleet.write("A", first.epoch, 0, first.position + 10)
    assert fleet.recover().vdl == first.position + 10


FULL_AND_TAIL = Geometry(
    Either((Some(4, tuple("ABCDEF")), Some(3, tuple("ACE")))), All((Some(3, tuple("ABCDEF")), Some(1, tuple("ACE"))))
)


@pytest.mark.parametrize("up", [subset for subset in SUBSETS if len(subset) >= 3], ids=name_of)
def test_three_full_and_three_tail_copies_lose_nothing_that_a_write_set_held(up):
    FULL_AND_TAIL.check()
    for written in ("ABCD", "ACE", "BDEF"):
        fleet = Fleet(geometry=FULL_AND_TAIL)
        first = fleet.recover()
        lsn = first.position + 10
        fleet.write(written, first.epoch, 0, lsn)
        fleet.down(set("ABCDEF") - up)
        _, recovery = fleet.recovery()
        found = task(fleet, recovery.decided)
        fleet.settle(6)
        if found.done:
            assert found.result.vdl == lsn
        assert found.done == (len(up) >= 4)  # three could all be the full ones of a group that only they know


def test_decide_takes_the_highest_scl_of_a_group():
    def state(copy, scl, links):
        return m.State(m.Epoch(2, 1), 0, copy, scl, 0, m.NO_TRUNCATIONS, 0, links)

    links = [m.Link(10, 0, 0, True), m.Link(20, 10, 10, True)]
    answers = {"A": state("A", 20, links), "B": state("B", 10, links[:1]), "C": state("C", 0, [])}
    assert decide({0: answers}, m.NO_TRUNCATIONS).vdl == 20


