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
