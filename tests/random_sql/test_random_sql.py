"""A few seeds of each kind; what the many found is in the golden scripts."""

from __future__ import annotations

from typing import Iterator

import pytest

from tests.random_sql.compare import Pair
from tests.support.oracle import Oracle, is_installed

SEEDS = 80


@pytest.fixture(scope="module")
def postgres() -> Iterator[Oracle]:
    if not is_installed():
        pytest.skip("PostgreSQL 15 is not installed (apt-get install postgresql-15)")
    with Oracle() as oracle:
        yield oracle


@pytest.fixture
def pair(postgres, server) -> Iterator[Pair]:
    server.allow(".")  # wrong statements are part of it
    with Pair(postgres.port, server.port) as made:
        yield made


def test_queries(pair: Pair) -> None:
    assert [d for d in map(pair.query, range(SEEDS)) if d is not None] == []


def test_changes(pair: Pair) -> None:
    assert [d for d in map(pair.change, range(SEEDS)) if d is not None] == []
