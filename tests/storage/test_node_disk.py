"""Disks that fail or are full under some of six copies: those fall behind and say so, the others go on, all heal."""

import errno

import pytest

from aurorapy.storage import messages as m
from aurorapy.storage.volume.decision import forgetful
from tests.storage.peers import Peers

FAULTS = ["log_write", "log_sync", "pwrite", "sync", "pread"]


def load(fleet, rounds=6, batches=15):
    for _ in range(rounds):
        fleet.write(batches)
        fleet.horizons()
        fleet.run(0.5)


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("after", range(0, 50, 7))
def test_a_call_of_the_disk_that_fails_costs_one_copy_at_most(kind, after):
    fleet = Peers(after)
    load(fleet, 2)
    fleet.nodes["F"].host.faults.fail(kind, after=after)
    before = fleet.vdl
    load(fleet)
    assert fleet.vdl > before
    if fleet.nodes["F"].log.failed is not None:
        stands = fleet.scls["F"]
        load(fleet, 2)
        assert fleet.scls["F"] == stands  # it acknowledges nothing any more
        fleet.crash("F", power=True)
        fleet.start("F")
        assert fleet.segment("F").scl >= stands  # and has what it acknowledged
    assert fleet.settle(), str(fleet.nodes["F"])
    fleet.check()


@pytest.mark.parametrize("full", ["F", "EF", "DEF"])
def test_full_disks(full):
    fleet = Peers(3)
    load(fleet, 4)
    for copy in full:
        fleet.nodes[copy].host.faults.capacity = fleet.media[copy].used()
    load(fleet, 8)
    before = fleet.vdl
    load(fleet, 3)
    goes_on = fleet.vdl > before
    assert goes_on == (len(full) < 3)
    if not goes_on:
        scls = [node.segments[0].scl for node in fleet.nodes.values()]
        assert sum(scl >= fleet.vdl for scl in scls) >= 4  # nothing was acknowledged that is not there; reads go on
        assert fleet.pages("A", fleet.vdl) == [fleet.expected(page_no, fleet.vdl) for page_no in range(24)]
    for copy in full:
        fleet.nodes[copy].host.faults.capacity = None
    load(fleet, 4)
    assert fleet.settle(), [str(node) for node in fleet.nodes.values()]
    fleet.check()


def test_a_copy_restored_from_an_old_backup_of_its_disk_catches_up_and_counts_in_no_recovery_until_then():
    fleet = Peers(5)
    load(fleet, 3)
    old = fleet.media["F"].copy()
    load(fleet, 12)
    fleet.crash("F")
    fleet.media["F"] = old
    fleet.cut = set("F")
    fleet.start("F")
    behind = fleet.segment("F").scl
    assert behind < fleet.segment("A").horizon  # records alone will not do
    states = {copy: fleet.nodes[copy].epochs.state(fleet.segment(copy), 0) for copy in "DEF"}
    assert forgetful(states, m.NO_TRUNCATIONS) == {"F"}
    fleet.cut = set()
    load(fleet, 2)
    assert fleet.settle()
    fleet.check()


class BadSector:
    """A file whose bytes [at, at + 512) cannot be read."""

    def __init__(self, file, at):
        self._file, self._at = file, at

    def pread(self, count, position):
        if position < self._at + 512 and self._at < position + count:
            raise OSError(errno.EIO, "simulated bad sector")
        return self._file.pread(count, position)

    def __getattr__(self, name):
        return getattr(self._file, name)


@pytest.mark.parametrize("kind", ["log", "run", "manifest"])
def test_a_sector_that_cannot_be_read_is_damage_like_any_other(kind):
    fleet = Peers(7)
    load(fleet, 8)
    fleet.write(20)
    fleet.run(0.5)
    segment, log = fleet.segment("F"), fleet.nodes["F"].log
    path, at = {
        "log": (f"node/log/log-{log.number:012x}", 1024),
        "run": (segment.images[0].path, segment.images[0].info.bytes - 600),
        "manifest": (f"{segment.directory}/manifest", 0),
    }[kind]
    fleet.crash("F", power=False)
    node = fleet._node("F")
    really_open = node.host.disk.open
    node.host.disk.open = lambda name, create=False: (
        BadSector(really_open(name, create), at) if name == path and not create else really_open(name, create)
    )
    node.open()
    assert node.segments[0].doubt == (kind != "manifest")
    fleet._run("F", node)
    load(fleet, 3)
    assert fleet.settle(), str(node)
    fleet.check()
    assert not node.segments[0].doubt
