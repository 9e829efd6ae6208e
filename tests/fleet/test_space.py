"""The volume gives space back: tables are dropped and truncated, and every node's directory gets smaller."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.node_process import NAMES, ProcessFleet

MB = 1 << 20
LITTLE = 13 * MB  # a database without tables has 9


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    settings = {"retention_window": "0", "hot_log_file_size": "4MB"}
    with ProcessFleet(tmp_path_factory.mktemp("space"), node_settings=settings) as fleet:
        yield fleet


def disk_use(directory: Path) -> int:
    sizes = []
    for path in directory.rglob("*"):
        try:
            sizes.append(path.stat().st_blocks * 512)
        except FileNotFoundError:
            pass
    return sum(sizes)


def use(fleet: ProcessFleet) -> list[int]:
    """Of what is sealed: the hot log takes the same few files whatever is in it."""
    return [sum(map(disk_use, (fleet.directory / name).rglob("segments"))) for name in NAMES]


def size(wire) -> int:
    return int(wire.query("select size_bytes from aurora_volume").rows[0][0])


def fill(wire, table: str, rows: int = 6000) -> None:
    assert not wire.query(f"insert into {table} select g, repeat(md5(g::text), 30) from generate_series(1, {rows}) g").error


def test_what_is_dropped_truncated_and_rolled_back(fleet):
    with fleet.writer.connect() as wire, fleet.writer.connect() as other:
        assert not wire.query("create table kept (id int, t text); create table cut (id int primary key, t text)").error
        fill(wire, "kept", 100)
        fill(wire, "cut", 16000)
        full = size(wire)
        fleet.until(lambda: min(use(fleet)) > LITTLE)
        wire.query("begin")
        wire.query("truncate cut; drop table kept")
        wire.query("rollback")
        other.query("begin isolation level repeatable read")
        assert other.query("select count(*) from kept").rows == [("100",)]
        assert not wire.query("truncate cut").error
        time.sleep(2.5)
        assert size(wire) > full - 4 * MB  # a snapshot may need it
        other.query("commit")
        fleet.until(lambda: size(wire) < full - 12 * MB)
        fleet.until(lambda: max(use(fleet)) < LITTLE)
        assert wire.query("select count(*) from kept").rows == [("100",)]
        assert wire.query("select count(*) from cut").rows == [("0",)]
        assert fleet.differing_copies() == []


def test_a_table_made_and_dropped_many_times_does_not_make_the_volume_grow(fleet):
    roots = []
    with fleet.writer.connect() as wire:
        for _ in range(6):
            assert not wire.query("create table again (id int primary key, t text)").error
            roots.append(int(wire.query("select relfilenode from pg_class where relname = 'again'").rows[0][0]))
            fill(wire, "again")
            assert not wire.query("drop table again").error
        fleet.until(lambda: max(use(fleet)) < LITTLE)
    assert max(roots) < roots[0] + 5000  # six tables have 13,000 pages
    fleet.until(fleet.converged)
    assert fleet.differing_copies() == []
