"""Real processes: nodes are replaced under load, by an empty one and by another; a change is reverted, and survives its writer."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time

import pytest

from tests.support.node_process import NAMES, ProcessFleet
from tests.support.ticker import Ticker


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with ProcessFleet(tmp_path_factory.mktemp("replacing"), settings={"protection_group_size": "256"}) as fleet:
        yield fleet


@pytest.fixture
def wire(fleet):
    with fleet.writer.connect() as wire:
        yield wire


def nodes_with_copies(fleet: ProcessFleet) -> set[str]:
    with fleet.writer.connect() as wire:
        return {row[0] for row in wire.query("select distinct node from aurora_segments").rows}


def whole_on(fleet: ProcessFleet, names: set[str]) -> bool:
    return fleet.states() == dict.fromkeys(names, "ok")


def new_copies(fleet: ProcessFleet, name: str) -> bool:
    with fleet.writer.connect() as wire:
        return bool(wire.query(f"select 1 from aurora_segments where node = '{name}' and copy > 'F' and state <> 'silent'").rows)


def is_settled(fleet: ProcessFleet) -> bool:
    """Six copies of each group, on no more than six nodes."""
    with fleet.writer.connect() as wire:
        rows = wire.query("select protection_group, count(*), count(distinct node) from aurora_segments group by 1").rows
    return all((copies, nodes) == ("6", "6") for _, copies, nodes in rows)


def held_segments(fleet: ProcessFleet, name: str) -> list[str]:
    return sorted(each.name for each in (fleet.node_directories[name] / "node" / "segments").iterdir() if list(each.iterdir()))


def check_pause(ticker: Ticker) -> None:
    """Only where asked: AURORAPY_FLEET_PAUSE=1 on a machine with nothing else to do."""
    print(f"{ticker.acknowledged} commits, the longest pause {ticker.longest_pause:.3f} s")
    assert ticker.longest_pause < float(os.environ.get("AURORAPY_FLEET_PAUSE", "inf"))


def row_count(fleet: ProcessFleet, table: str) -> int:
    with fleet.writer.connect() as wire:
        return int(wire.query(f"select count(*) from {table}").rows[0][0])


def test_an_emptied_node_is_filled_again_while_writes_go_on(fleet):
    with Ticker(fleet.writer.port, "emptied") as ticker:
        time.sleep(0.5)
        fleet.kill("b2")
        shutil.rmtree(fleet.node_directories["b2"])
        fleet.start("b2")
        fleet.until(lambda: new_copies(fleet, "b2") and is_settled(fleet))
        time.sleep(0.5)
    assert ticker.error is None
    check_pause(ticker)
    fleet.until(fleet.converged)
    assert fleet.differing_copies() == []
    assert row_count(fleet, "emptied") == ticker.acknowledged > 10


def test_a_node_is_replaced_by_another_while_writes_go_on(fleet, wire):
    fleet.start("b3")
    with Ticker(fleet.writer.port, "replaced") as ticker:
        time.sleep(0.3)
        reply = wire.query(f"select aurora_replace_storage_node('b1', '{fleet.place('b3')}')", timeout=60)
        assert not reply.error and int(reply.rows[0][0]) >= 1
        time.sleep(0.3)
    assert ticker.error is None
    check_pause(ticker)
    expected = {*NAMES, "b3"} - {"b1"}
    assert nodes_with_copies(fleet) == expected
    assert {row[0] for row in wire.query("select node from aurora_storage_nodes() where copies > 0").rows} == expected
    fleet.until(lambda: whole_on(fleet, expected))
    assert fleet.differing_copies() == []
    assert row_count(fleet, "replaced") == ticker.acknowledged > 10
    fleet.until(lambda: held_segments(fleet, "b1") == [])


def test_the_next_writer_finds_the_new_node_by_the_old_ones(fleet):
    """Its configuration names b1, which holds nothing any more, and not b3."""
    fleet.kill("b1", "a1")
    fleet.writer.kill()
    fleet.writer.start()
    assert nodes_with_copies(fleet) == {*NAMES, "b3"} - {"b1"}
    fleet.start("b1", "a1")
    fleet.until(lambda: whole_on(fleet, {*NAMES, "b3"} - {"b1"}))
    assert row_count(fleet, "replaced") > 10


def test_a_replacement_is_taken_back(fleet, wire):
    """The new node stops in the middle: the copy it was to have stays where it was, those it has already go back."""
    fleet.start("c3")
    replies = []

    def replace() -> None:
        with fleet.writer.connect() as other:
            replies.append(other.query(f"select aurora_replace_storage_node('c1', '{fleet.place('c3')}')", timeout=60))

    thread = threading.Thread(target=replace)
    with Ticker(fleet.writer.port, "reverted") as ticker:
        thread.start()
        fleet.until(lambda: "c3" in nodes_with_copies(fleet) or replies)
        os.kill(fleet.processes["c3"].pid, signal.SIGSTOP)
        try:
            fleet.until(lambda: not wire.query("select aurora_revert_storage_node('c3')", timeout=60).error or replies)
        finally:
            os.kill(fleet.processes["c3"].pid, signal.SIGCONT)
        thread.join(60)
        assert replies[0].error["C"] == "55000"
        assert not wire.query(f"select aurora_replace_storage_node('c3', '{fleet.place('c1')}')", timeout=60).error
    check_pause(ticker)
    assert ticker.error is None
    expected = {*NAMES, "b3"} - {"b1"}
    fleet.until(lambda: whole_on(fleet, expected))
    assert row_count(fleet, "reverted") == ticker.acknowledged > 10
    assert fleet.differing_copies() == []
    fleet.until(lambda: held_segments(fleet, "c3") == [])


def test_a_replacement_goes_on_under_the_next_writer(fleet, wire):
    wire.query("create table survived as select generate_series(1, 1000) x")
    wire.send_query(f"select aurora_replace_storage_node('c1', '{fleet.place('c3')}')")
    with fleet.writer.connect() as other:
        fleet.until(lambda: other.query("select 1 from aurora_segments where node = 'c3'").rows)
    fleet.writer.kill()
    fleet.writer.start()
    expected = {*NAMES, "b3", "c3"} - {"b1", "c1"}
    with fleet.writer.connect() as other:
        assert not other.query(f"select aurora_replace_storage_node('c1', '{fleet.place('c3')}')", timeout=60).error
    fleet.until(lambda: whole_on(fleet, expected))
    assert row_count(fleet, "survived") == 1000
    assert fleet.differing_copies() == []


def test_who_may_do_that_and_with_which_nodes(fleet, wire):
    wire.query("create role someone login")
    with fleet.writer.connect(user="someone") as other:
        for call in ("aurora_add_storage_node('x=a:h:1')", "aurora_replace_storage_node('a1', 'x=a:h:1')", "aurora_revert_storage_node('a1')"):
            assert other.query(f"select {call}").error["C"] == "42501"
    for call in (
        "aurora_add_storage_node('nonsense')", f"aurora_add_storage_node('{fleet.place('a1')}')",
        "aurora_replace_storage_node('nobody', 'x=a:127.0.0.1:1')", f"aurora_replace_storage_node('a1', '{fleet.place('b1')}')",
        "aurora_revert_storage_node('a2')",
    ):  # fmt: skip
        assert wire.query(f"select {call}").error["C"] == "22023", call
