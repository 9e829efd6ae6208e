"""A volume on six storage nodes over TCP: written, read, grown, with nodes gone and back, and taken over."""

import random

import pytest

from aurorapy.errors import ObjectInUse
from aurorapy.storage.volume import NoVolume
from aurorapy.storage.volume.fleet import choose_members
from aurorapy.storage.volume.inspection import digests_of, inspect
from aurorapy.storage.volume.recovery import Superseded
from tests.storage.test_volume import Writer, number_in
from tests.support.fleet import NAMES, Fleet


@pytest.fixture
def fleet(tmp_path):
    with Fleet(tmp_path) as fleet:
        yield fleet


def written(fleet, writer, count=50, pages=40, first=0):
    """`count` changes, durable."""
    for number in range(first, first + count):
        lsn = writer.change(number % pages, number)
    writer.volume.wait_durable(lsn)
    return lsn


def check(volume, writer):
    for page in {page for _, page, _ in writer.history}:
        assert number_in(volume.read_page(page)) == writer.number_at(page, volume.vdl)


def test_what_was_written_is_read_back_by_the_next_writer(fleet):
    def work():
        with pytest.raises(NoVolume):
            fleet.open()
        volume = fleet.create()
        writer = Writer(volume)
        lsn = written(fleet, writer)
        assert volume.vdl == lsn
        check(volume, writer)
        fleet.until(lambda: all(fleet.segment(name).scl == lsn for name in NAMES))
        volume.close()
        again = fleet.open()
        assert again.vdl == lsn
        check(again, writer)
        with pytest.raises(ObjectInUse):
            fleet.create()

    fleet.run(work)
    assert [entry.name for entry in (fleet.directory / "writer").iterdir()] == []


def test_the_volume_grows_by_groups_on_six_nodes(fleet):
    def work():
        volume = fleet.create()
        writer = Writer(volume)
        written(fleet, writer, 600, 300)
        assert sorted(volume.groups) == [0, 1, 2, 3, 4]
        check(volume, writer)
        fleet.until(lambda: all(sorted(fleet.servers[name].node.segments) == [0, 1, 2, 3, 4] for name in NAMES))
        volume.close()
        again = fleet.open()
        check(again, writer)
        writer.volume = again
        written(fleet, writer, 300, 400, first=1000)
        check(again, writer)

    fleet.run(work)


def test_writes_go_on_without_a_zone_and_wait_without_a_zone_and_one_more(fleet):
    def work():
        volume = fleet.create()
        writer = Writer(volume)
        written(fleet, writer)
        fleet.stop("c1", "c2")
        written(fleet, writer, first=100)
        check(volume, writer)
        fleet.stop("b2")
        lsn = writer.change(3, 777)
        task = fleet.host.tasks.spawn(volume.wait_durable, lsn)
        fleet.host.tasks.sleep(0.3)
        assert not task.done and volume.vdl < lsn
        assert number_in(volume.read_page(3)) == 123  # what is durable is read
        fleet.start("b2")
        task.join(10)
        assert volume.vdl >= lsn
        check(volume, writer)

    fleet.run(work)


def test_batches_lost_with_their_links_are_sent_again(fleet):
    def work():
        volume = fleet.create()
        writer = Writer(volume)
        written(fleet, writer)
        lsn = writer.change(5, 55)
        volume.flush()
        for name in NAMES:  # whatever was on its way is lost
            fleet.hosts[name].network.close()
        fleet.host.network.close()
        volume.wait_durable(lsn)
        assert number_in(volume.read_page(5)) == 55

    fleet.run(work)


def test_a_new_writer_ends_the_old_one(fleet):
    def work():
        old = fleet.create()
        writer = Writer(old)
        lsn = written(fleet, writer)
        new = fleet.open()
        late = writer.change(1, 999)
        with pytest.raises(Superseded):
            old.wait_durable(late)
        with pytest.raises(Superseded):
            old.read_page(1)
        assert new.vdl == lsn and number_in(new.read_page(1)) == 41

    fleet.run(work)


def test_a_node_that_slept_through_a_takeover_is_told_of_it(fleet):
    def work():
        volume = fleet.create()
        writer = Writer(volume)
        written(fleet, writer)
        fleet.stop("c2")
        volume.close()
        volume = writer.volume = fleet.open()
        written(fleet, writer, first=100)
        fleet.start("c2")
        fleet.until(lambda: fleet.segment("c2").epoch == volume.epoch)
        assert fleet.segment("c2").truncations == volume.truncations

    fleet.run(work)


def test_a_page_comes_from_another_copy_when_the_asked_one_is_silent(fleet):
    def work():
        volume = fleet.create()
        writer = Writer(volume)
        written(fleet, writer)
        fleet.until(lambda: all(scl == volume.vdl for scl in volume.groups[0].positions.values()))
        asked = []
        for server in fleet.servers.values():
            step = server.node.step

            def silent(message, now, step=step, server=server):
                if type(message).__name__ == "ReadPage":
                    asked.append(server.node.name)
                    if len(asked) == 1:
                        return []
                return step(message, now)

            server.node.step = silent
        check(volume, writer)
        assert asked[1] != asked[0] and volume.transport.hedged_reads >= 1

    fleet.run(work)


def test_a_damaged_page_is_served_by_another_copy(fleet):
    def work():
        volume = fleet.create()
        writer = Writer(volume)
        written(fleet, writer)
        fleet.until(lambda: all(scl == volume.vdl for scl in volume.groups[0].positions.values()))
        for name in NAMES[:4]:
            segment = fleet.segment(name)
            segment.sealed_page_at = lambda page_no, lsn: b"\1" * 8192
        for _ in range(10):
            check(volume, writer)

    fleet.run(work)


def test_the_lot_falls_on_two_nodes_a_zone_the_least_loaded_first(fleet):
    places = fleet.config.nodes
    extra = [place._replace(name=place.name + "x", address="127.0.0.1:1") for place in places]
    for seed in range(20):
        names = [*places, *extra]
        random.Random(seed).shuffle(names)
        membership = choose_members(names, tuple("ABCDEF"), {}, {place.name: 1 for place in places} | {p.name: 0 for p in extra})
        assert [member.zone for member in membership.members] == list("aabbcc")
        assert all(member.node.endswith("x") for member in membership.members)
    with pytest.raises(ValueError, match="5 are configured"):
        choose_members(places[:5], tuple("ABCDEF"), {}, {place.name: 0 for place in places})


def test_copies_that_missed_batches_converge_to_the_same_bytes(fleet):
    def work():
        volume = fleet.create()
        writer = Writer(volume)
        written(fleet, writer)
        fleet.stop("c1", "a2")
        lsn = written(fleet, writer, 300, 60, first=100)
        fleet.start("c1"), fleet.start("a2")
        fleet.until(lambda: all(fleet.segment(name).scl == lsn for name in NAMES))
        found = digests_of(volume, 0, lsn)
        assert sorted(found) == list("ABCDEF") and len(set(found.values())) == 1
        assert found["A"][0] == 60
        states = [state for state in inspect(volume)]
        assert [state.answer.scl for state in states] == [lsn] * 6
        assert all(0 < state.latencies[0] <= state.latencies[1] for state in states)
        fleet.stop("b1")
        assert [state.member.copy for state in inspect(volume) if state.answer is None] == ["C"]
        assert sorted(digests_of(volume, 0, lsn)) == list("ABDEF")

    fleet.run(work)
