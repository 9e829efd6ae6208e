"""Recovery with several copies: who is asked, what is decided, who is refused. Nodes in memory, one call each."""

import pytest

from aurorapy.storage import messages as m
from aurorapy.storage.node import StorageNode
from aurorapy.storage.quorum import Geometry
from aurorapy.storage.volume import StorageConfig, recovery
from aurorapy.storage.volume.transport import DirectTransport, Unreachable
from aurorapy_native.redo import encode
from tests.sim.host import SimHost

CONFIG = StorageConfig(log_file_bytes=1 << 16, lsn_limit_bytes=5000)
SIX = Geometry.of("ABCDEF", 4, 3)


class Fleet:
    """Six nodes with one segment each, and a writer that sends records by hand."""

    def __init__(self, copies="ABCDEF"):
        self.host = SimHost(1)
        self.nodes = {}
        for copy in copies:
            node = StorageNode(self.host, f"node-{copy}", copy, CONFIG)
            node.create()
            node.step(m.CreateSegment(m.NO_EPOCH, 0, copy, m.NO_TRUNCATIONS), 0)
            self.nodes[copy] = node
        self.answers = []
        self.up = set(copies)

    def transport(self):
        transport = DirectTransport(self.host, {copy: node for copy, node in self.nodes.items() if copy in self.up})
        transport.receive(lambda copy, message: self.answers.append(message))
        return transport

    def recover(self, instance=7):
        return recovery.recover(self.transport(), SIX, instance, CONFIG.lsn_limit_bytes, self.settle)

    def settle(self, _seconds=0.0):
        for _ in range(200):
            self.host.loop.step()

    def write(self, copies, epoch, prev, lsn, vdl=0, end=True, prev_volume=None):
        record = encode(
            lsn, 5, [("write", 100, b"%08d" % lsn)], prev_group=prev, prev_page=prev,
            prev_volume=prev if prev_volume is None else prev_volume, flags=1 if end else 0,
        )  # fmt: skip
        answers = [self.nodes[copy].step(m.Write(epoch, 0, prev, lsn, vdl, record), 0) for copy in copies]
        self.settle()
        return [answer for each in answers for answer in each]

    def scl(self, copy):
        return self.nodes[copy].segments[0].scl


@pytest.fixture
def fleet():
    return Fleet()


def test_recovery_ends_at_the_last_consistency_point_of_the_unbroken_chain(fleet):
    first = fleet.recover()
    at = first.position
    fleet.write("ABCDEF", first.epoch, 0, at + 900, end=True)
    fleet.write("ABCD", first.epoch, at + 900, at + 1000, end=True)
    fleet.write("ABCD", first.epoch, at + 1000, at + 1007, end=False)
    second = fleet.recover()
    assert second.vdl == at + 1000
    assert second.truncations.ranges[-1].low == at + 1000
    assert second.position > at + 1007 and second.epoch > first.epoch
    assert {fleet.scl(copy) for copy in "ABCD"} == {at + 1000}


def test_copies_that_lag_are_repaired_to_a_write_quorum(fleet):
    first = fleet.recover()
    lsn = first.position + 100
    fleet.write("ABC", first.epoch, 0, lsn)  # never acknowledged, but three of six may find it
    second = fleet.recover()
    assert second.vdl == lsn
    assert sum(fleet.scl(copy) == lsn for copy in "ABCDEF") >= 4


def test_an_old_writer_that_lives_is_refused_by_those_that_were_fenced(fleet):
    first = fleet.recover()
    lsn = first.position + 100
    fleet.write("ABC", first.epoch, 0, lsn)
    second = fleet.recover()
    refused = fleet.write("ABCD", first.epoch, lsn, lsn + 1)
    assert refused and all(isinstance(answer, m.Refused) and answer.epoch == second.epoch for answer in refused)


def test_a_segment_that_slept_through_a_recovery_counts_only_to_the_truncation(fleet):
    first = fleet.recover()
    at = first.position
    fleet.write("ABCDEF", first.epoch, 0, at + 1000, vdl=0)
    fleet.write("F", first.epoch, at + 1000, at + 1050)
    fleet.up = set("ABCDE")
    second = fleet.recover()
    assert second.vdl == at + 1000 and fleet.scl("F") == at + 1050
    fleet.up = set("CDEF")
    third = fleet.recover()
    assert third.vdl == at + 1000 and fleet.scl("F") == at + 1000


def test_a_sleeper_is_repaired_past_what_was_annulled(fleet):
    first = fleet.recover()
    at = first.position
    fleet.write("ABCDEF", first.epoch, 0, at + 1000)
    fleet.write("F", first.epoch, at + 1000, at + 1050)
    fleet.up = set("ABCDE")
    second = fleet.recover()
    later = second.position + 10
    fleet.write("ABC", second.epoch, at + 1000, later)
    fleet.up = set("ABF")
    fleet.up.add("C")
    third = fleet.recover()
    assert third.vdl == later and fleet.scl("F") == later
    page = fleet.nodes["F"].read_page(0, 5, later)
    assert page[100:108] == b"%08d" % later
    assert {fleet.nodes[copy].read_page(0, 5, later) for copy in "ABCF"} == {page}


def test_three_of_six_recover_and_two_do_not(fleet):
    fleet.up = set("ABCD")
    first = fleet.recover()
    fleet.write("ABCD", first.epoch, 0, first.position + 10)
    fleet.up = set("AB")
    with pytest.raises(Unreachable):
        fleet.recover()


def test_recovery_twice_in_a_row_ends_in_the_same_place(fleet):
    first = fleet.recover()
    fleet.write("ABCD", first.epoch, 0, first.position + 10)
    second = fleet.recover()
    third = fleet.recover()
    assert third.vdl == second.vdl and third.epoch.number == second.epoch.number + 1
    assert third.position > second.position
    assert len(third.truncations.ranges) == len(second.truncations.ranges)
