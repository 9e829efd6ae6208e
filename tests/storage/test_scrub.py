"""Damage at rest: found by reading, by the pass or on opening; refused meanwhile; repaired from peers."""

import pytest

from aurorapy.errors import DataCorrupted
from aurorapy.storage import messages as m
from aurorapy.storage.volume.decision import forgetful
from aurorapy_native.batch import sound_batches
from tests.storage.flips import Flips
from tests.storage.peers import EPOCH, Peers, with_config


@pytest.mark.parametrize("seed", range(100, 104))
def test_bits_that_flip_are_found_never_served_and_repaired(seed):
    flips = Flips(seed)
    for _ in range(6):
        flips.round()


@pytest.fixture
def fleet():
    """Six copies with images, deltas and records in the log; no pass comes by itself."""
    fleet = Peers(1)
    for _ in range(8):
        fleet.write(20)
        fleet.horizons()
        fleet.run(0.5)
    assert fleet.segment("F").images and fleet.segment("F").deltas
    return fleet


def flip_block(fleet, copy, run):
    fleet.media[copy].flip(run.path, run.data_end - 10)
    return run.index.page_at(len(run.index) - 1)


def serves(fleet, copy, page_no):
    [answer] = fleet.nodes[copy].step(m.ReadPage(EPOCH, 0, page_no, fleet.vdl, fleet.vdl), 0.0)
    return answer


@pytest.mark.parametrize("kind", ["images", "deltas"])
def test_a_read_that_meets_damage_is_refused_and_leads_to_the_repair(fleet, kind):
    run = getattr(fleet.segment("F"), kind)[-1]
    page_no = flip_block(fleet, "F", run)
    answer = serves(fleet, "F", page_no)
    assert type(answer) is m.ReadFailed and answer.sqlstate == "XX001"
    assert type(serves(fleet, "E", page_no)) is m.Page
    fleet.run(3.0)
    assert serves(fleet, "F", page_no).content == fleet.expected(page_no, fleet.vdl)
    assert run not in fleet.segment("F").runs() and fleet.nodes["F"].scrub.repair(fleet.segment("F")).repaired == 1


def test_a_peer_that_is_damaged_itself_cannot_help_another_can(fleet):
    for copy in "EF":
        page_no = flip_block(fleet, copy, fleet.segment(copy).deltas[-1])
    assert type(serves(fleet, "F", page_no)) is m.ReadFailed
    fleet.cut = set("AB")
    fleet.run(8.0)
    assert serves(fleet, "F", page_no).content == fleet.expected(page_no, fleet.vdl)


def test_a_pass_finds_what_nobody_reads(fleet):
    flip_block(fleet, "F", fleet.segment("F").images[0])
    fleet.nodes["F"].scrub.next_pass = 0.0
    fleet.nodes["F"].background.wake()
    fleet.run(3.0)
    repair = fleet.nodes["F"].scrub.repair(fleet.segment("F"))
    assert (repair.found, repair.repaired) == (1, 1) and repair.last_pass > 0
    fleet.check()


def test_a_node_with_a_damaged_log_comes_up_in_doubt_until_it_has_caught_up(fleet):
    fleet.write(20)
    fleet.run(0.5)
    log = fleet.nodes["F"].log
    path, number = f"node/log/log-{log.number:012x}", log.number
    fleet.crash("F", power=False)
    fleet.media["F"].flip(path, 600)
    fleet.cut = set("F")
    fleet.start("F")
    segment = fleet.segment("F")
    assert segment.doubt and segment.scl < fleet.vdl and segment.ahead
    states = {copy: fleet.nodes[copy].epochs.state(fleet.segment(copy), 0) for copy in "DEF"}
    assert forgetful(states, m.NO_TRUNCATIONS) == {"F"}
    fleet.run(2.0)
    fleet.crash("F", power=True)
    fleet.start("F")  # the log is sound by now; the doubt is not over
    assert fleet.segment("F").doubt and fleet.nodes["F"].log.oldest > number
    fleet.cut = set("ABC")  # two peers are no read quorum
    fleet.run(4.0)
    assert fleet.segment("F").scl == fleet.last and fleet.segment("F").doubt
    fleet.cut = set()
    fleet.run(3.0)
    assert not fleet.segment("F").doubt
    fleet.check()


def test_the_last_batch_of_a_log_at_rest_is_not_taken_for_a_torn_tail(fleet):
    fleet.write(3, records_max=1)
    fleet.run(1.5)
    log = fleet.nodes["F"].log
    path = f"node/log/log-{log.number:012x}"
    base = log.number * log.file_bytes
    last = sound_batches(bytes(fleet.media["F"].names[path].cached), base, 512)[-2]
    assert fleet.segment("F").scl == last[6] == fleet.last
    fleet.crash("F", power=False)
    fleet.media["F"].flip(path, last[0] - base + 100)
    fleet.start("F")
    assert fleet.segment("F").doubt and fleet.segment("F").scl < fleet.last


def test_both_manifests_gone_is_a_lost_segment_not_an_empty_one(fleet):
    for name in ("manifest", "manifest.copy"):
        fleet.media["F"].flip(f"{fleet.segment('F').directory}/{name}", 80)
    fleet.crash("F", power=False)
    node = fleet._node("F")
    node.open()
    [answer] = node.step(m.Ask(EPOCH, 0), 0.0)
    assert type(answer) is m.Missing and answer.was_here


def test_without_peers_damage_is_refused_as_ever():
    fleet = Peers(1, copies="A", config=with_config(retention_s=1000.0))
    fleet.write(30)
    fleet.run(1.0)
    [path] = [path for path in fleet.media["A"].files() if "log/log-" in path][:1]
    fleet.crash("A", power=False)
    fleet.media["A"].flip(path, 600)
    with pytest.raises(DataCorrupted):
        fleet.start("A")


def test_where_peers_have_no_older_version_older_reads_are_refused_after_the_repair():
    fleet = Peers(2)
    fleet.nodes["F"].config = with_config(retention_s=1000.0, retention_bytes=1 << 30)
    for _ in range(10):
        fleet.write(20)
        fleet.horizons()
        fleet.run(0.5)
    segment = fleet.segment("F")
    oldest, theirs = segment.deltas[0], min(fleet.segment(copy).horizon for copy in "ABCDE")
    assert segment.horizon == 0 and theirs > oldest.last
    page_no = flip_block(fleet, "F", oldest)
    [answer] = fleet.nodes["F"].step(m.ReadPage(EPOCH, 0, page_no, oldest.last, 0), 0.0)
    assert answer.sqlstate == "XX001"
    fleet.run(3.0)
    assert segment.floor >= theirs > segment.horizon and oldest not in segment.deltas
    [answer] = fleet.nodes["F"].step(m.ReadPage(EPOCH, 0, page_no, theirs - 1, 0), 0.0)
    assert answer.sqlstate == "72000"  # rather than a page without the records that are gone
    fleet.check()
    fleet.nodes["F"].config = fleet.config
    for _ in range(10):
        fleet.write(20)
        fleet.horizons()
        fleet.run(0.5)
    assert segment.horizon > segment.floor
    fleet.check()


def test_damaged_runs_of_a_peer_are_not_taken_over(fleet):
    fleet.crash("F")
    fleet.create("F")
    for run in fleet.segment("A").runs():
        flip_block(fleet, "A", run)
    fleet.cut = set("BCDE")
    fleet.run(6.0)
    assert not fleet.segment("F").runs() and fleet.segment("F").scl == 0
    assert any("could not be taken over" in line for line in fleet.trouble)
    fleet.cut = set()
    assert fleet.settle(90)
    fleet.check()
