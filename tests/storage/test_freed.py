"""Pages that were given back are gone, for the newest reads at once, on the disk when nobody may read them any more."""

import struct

import pytest

from aurorapy.storage import messages as m
from aurorapy.storage.messages import FreedRange
from aurorapy.storage.node.freed import Freed
from aurorapy_native.checksum import seal_page
from aurorapy_native.free_ranges import by_group, neighbours
from aurorapy_native.redo import NOTE_NAMES, encode
from aurorapy_native.runs import RunIndex, dead_pages, living
from tests.storage.peers import EPOCH, PAGES, Peers, with_config

NOTE_FREED = next(kind for kind, name in NOTE_NAMES.items() if name == "freed")
ZERO = bytes(seal_page(bytearray(8192)))


class FreeingPeers(Peers):
    """`free(first, pages)` is a batch more; who writes such a page again begins it."""

    def free(self, first, pages):
        prev, payload = self.last, struct.pack("<II", first, pages)
        lsn = prev + 48 + len(payload)
        note = encode(
            lsn, 0xFFFFFFFF, [], prev_volume=prev, prev_group=prev, kind=NOTE_FREED, flags=1, payload=payload
        )  # fmt: skip
        self.last = lsn
        for page_no in range(first, first + pages):
            self.page_lsns[page_no] = 0
        self.model.ingest(note, prev)
        self.kept.append(m.Write(EPOCH, 0, prev, lsn, self.vdl, note))
        for copy in self.media:
            self._deliver("writer", copy, self.kept[-1])
        self.run(0.01)
        return lsn

    def live(self, rounds, pages=PAGES):
        for _ in range(rounds):
            self.write(20, pages=pages)
            self.horizons()
            self.run(0.5)

    def images(self, copy):
        return {run.index.page_at(at) for run in self.segment(copy).images for at in range(len(run.index))}


def test_ranges_are_found_by_page_and_lsn():
    freed = Freed()
    freed.note(500, struct.pack("<IIII", 10, 3000, 5000, 1))
    freed.add([FreedRange(2000, 8, 700)])
    assert [freed.at(page, 600) for page in (9, 10, 3009, 3010, 5000, 2003)] == [0, 500, 500, 0, 500, 500]
    assert freed.at(2003, 700) == 700 and freed.at(2003, 499) == 0
    freed.annul(600, 800)
    assert freed.at(2003, 1 << 40) == 500
    freed.remove([*freed.upto(500), FreedRange(10, 1, 400)])  # one of them is not there
    assert not freed and freed.at(10, 1 << 40) == 0


def test_living_and_dead_pages_of_runs():
    images = RunIndex(b"".join(struct.pack("<IQ", page, 100) for page in range(8)), 12)
    deltas = RunIndex(struct.pack("<IIQQQ", 3, 1, 512, 250, 250), 32)
    ranges = struct.pack("<IIQ", 2, 3, 200) + struct.pack("<IIQ", 6, 9, 90)
    pages = struct.pack("<8I", *range(8))
    assert struct.unpack("<6I", living(pages, [images, deltas], ranges)) == (0, 1, 3, 5, 6, 7)
    assert dead_pages(images, ranges) == [3, 0]


def test_neighbours_are_joined_and_groups_cut():
    free = [[112, 8, 900, 0, 0], [48, 64, 700, 0, 1], [32, 16, 0, 0, 2], [200, 8, 0, 0, 3], [208, 8, 0, 0, 4], [300, 8, 9999, 0, 5]]
    assert neighbours(free, 1000, 60) == [[free[2], free[1], free[0]]]
    assert neighbours(free, 1000, 2) == [[free[2], free[1]]]
    assert neighbours(free, 600, 60) == []
    assert by_group([(32, 16), (48, 64), (112, 40), (300, 1)], 128) == {0: [[32, 96]], 1: [[128, 24]], 2: [[300, 1]]}


def test_freed_pages_read_as_never_written_from_that_lsn_on():
    fleet = FreeingPeers(1, config=with_config(retention_s=1e9, retention_bytes=1 << 40))
    fleet.live(4)
    before = fleet.last
    old = fleet.pages("A", before)
    lsn = fleet.free(3, 5)
    fleet.run(0.1)
    for copy in "ABCDEF":
        pages = fleet.pages(copy, lsn)
        assert pages[3:8] == [ZERO] * 5 and pages[:3] + pages[8:] == old[:3] + old[8:]
        assert fleet.pages(copy, before) == old  # the window: what was there stays readable
        assert not {3, 4, 5, 6, 7} & set(fleet.segment(copy).page_numbers())
    fleet.live(4)
    assert fleet.settle()
    written = {page_no for page_no in range(3, 8) if fleet.page_lsns[page_no]}
    fleet.crash("A")
    fleet.start("A")
    assert fleet.pages("A", before) == old and fleet.pages("A", lsn)[3:8] == [ZERO] * 5
    assert written and written <= set(fleet.segment("A").page_numbers())


def test_disks_let_go_of_freed_pages_when_the_window_has_passed():
    fleet = FreeingPeers(2, copies="ABC")
    fleet.live(12)
    assert set(range(16, 24)) <= fleet.images("A")
    fleet.free(16, 8)
    fleet.live(16, pages=16)
    assert fleet.settle()
    for copy in "ABC":
        assert not set(range(16, 24)) & fleet.images(copy)
        assert not len(fleet.segment(copy).freed)  # nothing is left to say
    assert all(page == ZERO for page in fleet.pages("B", fleet.last)[16:])
    assert len(fleet.hashes(fleet.last)) == 1


def test_an_idle_node_lets_go_of_much():
    fleet = FreeingPeers(3, copies="ABC")
    fleet.live(12)
    fleet.free(0, 4)
    for _ in range(20):
        fleet.horizons()
        fleet.run(1.0)
    assert set(range(4, 24)) == fleet.images("A")


def test_a_freeing_that_a_recovery_annuls_never_was():
    fleet = FreeingPeers(4, copies="ABC")
    fleet.live(2)
    assert fleet.settle()
    vdl, old = fleet.last, fleet.pages("A", fleet.last)
    fleet.free(0, 24)
    assert fleet.pages("A", fleet.last) == [ZERO] * 24
    newer = m.TruncationList(m.Epoch(2, 9), (m.Truncation(vdl, vdl + (1 << 20)),))
    fleet.nodes["A"].step(m.Install(m.Epoch(2, 9), 0, newer, fleet.membership), 0.0)
    assert fleet.pages("A", vdl) == old == fleet.pages("A", vdl + (1 << 20))
    fleet.crash("A")
    fleet.start("A")
    assert fleet.pages("A", vdl + (1 << 20)) == old


@pytest.mark.parametrize("rounds", [2, 6])
def test_an_empty_copy_hears_of_freed_pages_with_the_runs(rounds):
    fleet = FreeingPeers(5 + rounds)
    fleet.live(8)
    fleet.free(0, 12)
    for _ in range(rounds):
        fleet.write(20, pages=24)
        fleet.page_lsns.update(dict.fromkeys(range(4), 0))
        fleet.free(0, 4)
        fleet.horizons()
        fleet.run(0.5)
    fleet.live(4, pages=24)
    fleet.free(2, 3)
    fleet.crash("F")
    fleet.create("F")
    freed = len(fleet.segment("A").freed.upto(fleet.segment("A").sealed))
    assert fleet.settle(30) and fleet.sent["Runs"] and freed
    assert fleet.pages("F", fleet.last) == fleet.pages("A", fleet.last) and fleet.pages("F", fleet.last)[2] == ZERO
    assert len(fleet.hashes(fleet.last)) == 1
    fleet.crash("F")
    fleet.start("F")
    assert fleet.pages("F", fleet.last) == fleet.pages("A", fleet.last)
