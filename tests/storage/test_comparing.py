"""A copy whose pages are whole, and not what its peers build, finds out and repairs itself."""

import pytest

from aurorapy.storage import messages as m
from tests.storage.peers import EPOCH, Peers, with_config

LONG = {"retention_s": 1e9, "retention_bytes": 1 << 40}


def lose_newest_record(fleet: Peers, copy: str, page_no: int) -> None:
    """As a lost write, or a bug, does it: the page stays what it was, and every checksum is right."""
    memtable = next(t.memtable for t in reversed(fleet.segment(copy).tables) if t.memtable.newest(page_no))
    lsn, last = memtable.newest(page_no), memtable.last
    memtable.annul(lsn - 1, lsn)
    assert memtable.last == last, "not the group's newest"


def a_fleet(compare_s: float = 2.0) -> Peers:
    fleet = Peers(5, config=with_config(compare_s=compare_s, **LONG))
    fleet.write(12)
    fleet.run(0.2)
    fleet.horizons()
    fleet.run(0.2)
    return fleet


def an_older_page(fleet: Peers) -> int:
    """Whose newest record is not the group's."""
    return max(page_no for page_no, lsn in fleet.page_lsns.items() if lsn != fleet.last)


@pytest.mark.parametrize("wrong", ["F", "BF"])
def test_a_stale_page_is_found_and_repaired(wrong):
    fleet = a_fleet()
    page_no = an_older_page(fleet)
    for copy in wrong:
        lose_newest_record(fleet, copy, page_no)
    assert fleet.pages("F", fleet.last) != fleet.pages("A", fleet.last)
    fleet.run(4.0)
    fleet.check()
    assert [fleet.nodes[copy].comparing.repaired for copy in "ABCDEF"] == [copy in wrong for copy in "ABCDEF"]
    assert any(f"page {page_no} as of" in line for line in fleet.trouble)
    for copy in wrong:  # also after it was started again, and after more was written
        fleet.crash(copy)
        fleet.start(copy)
    fleet.write(20)
    assert fleet.settle(30)
    fleet.check()


def test_a_read_that_finds_a_record_missing_has_the_page_repaired_at_once():
    fleet = a_fleet(compare_s=1e9)
    page_no = an_older_page(fleet)
    lose_newest_record(fleet, "F", page_no)
    lsn = fleet.page_lsns[page_no]
    while fleet.page_lsns[page_no] == lsn:
        fleet.write(1)
    fleet.run(0.2)
    (answer,) = fleet.nodes["F"].step(m.ReadPage(EPOCH, 0, page_no, fleet.last, fleet.last), 0.0)
    assert isinstance(answer, m.ReadFailed) and answer.sqlstate == "XX001"
    fleet.horizons()
    fleet.run(2.0)
    fleet.check()


def test_without_a_majority_nothing_changes():
    fleet = a_fleet()
    for copy in "DEF":
        lose_newest_record(fleet, copy, an_older_page(fleet))
    before = {copy: fleet.pages(copy, fleet.last) for copy in "ABCDEF"}
    fleet.run(4.0)
    assert {copy: fleet.pages(copy, fleet.last) for copy in "ABCDEF"} == before
    assert not any(node.comparing.repaired for node in fleet.nodes.values())


def test_pages_that_are_alike_are_only_compared():
    fleet = a_fleet()
    fleet.run(4.0)
    fleet.check()
    passes = fleet.sent["SumPages"] // 30  # of six copies with five peers each; all pages are one question
    assert passes >= 1 and fleet.sent["SumPages"] == fleet.sent["PageSums"] == passes * 30 and "FetchPage" not in fleet.sent
