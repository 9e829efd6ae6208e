"""Our server and PostgreSQL side by side: the same bytes to both, the same answers."""

from __future__ import annotations

from typing import Callable, Iterator

import pytest

from tests.support.messages import END, answers, read_answers
from tests.support.oracle import Oracle, is_installed
from tests.support.pgwire import Wire
from tests.support.server import wipe


@pytest.fixture(scope="session")
def postgres() -> Iterator[Oracle]:
    if not is_installed():
        pytest.skip("PostgreSQL 15 is not installed (apt-get install postgresql-15)")
    with Oracle() as oracle:
        yield oracle


class Pair:
    """Connections of the same name to both servers."""

    def __init__(self, connects: list[Callable[..., Wire]]) -> None:
        self._connects = connects
        self._named: dict[str, list[Wire]] = {}

    def wires(self, name: str, **settings: str) -> list[Wire]:
        if name not in self._named:
            self._named[name] = [connect(**settings) for connect in self._connects]
        return self._named[name]

    def same(self, talk: bytes, name: str = "a") -> list[tuple]:
        """What both answer."""
        ours, theirs = [answers(wire, talk) for wire in self.wires(name)]
        assert ours == theirs
        return ours

    def same_results(self, talk: bytes, name: str = "a") -> None:
        """same() where PostgreSQL computes with the values in Bind, and we in Execute: rows, tags and errors only."""
        ours, theirs = [[m for m in answers(wire, talk) if m[0] not in "2Tn"] for wire in self.wires(name)]
        assert ours == theirs

    def same_to_end(self, talk: bytes, name: str = "a") -> list[tuple]:
        """same() of what may skip its queries."""
        self.send(talk + END, name)
        return self.read(name, 0)

    def send(self, talk: bytes, name: str = "a") -> None:
        """For what does not answer yet; `read` takes the answers."""
        for wire in self.wires(name):
            wire.send(talk)

    def read(self, name: str = "a", ready: int = 1) -> list[tuple]:
        ours, theirs = [read_answers(wire, ready) for wire in self.wires(name)]
        assert ours == theirs
        return ours

    def settle(self, name: str = "a") -> None:
        """Returns when either server has answered everything sent, or waits for a lock."""
        for wire, watch in zip(self.wires(name), self.wires("watch")):
            asked = f"select 1 from pg_stat_activity where pid = {wire.pid} and wait_event_type = 'Lock'"
            while not wire.has_answer() and not watch.query(asked).rows:
                pass

    def close(self) -> None:
        for wires in self._named.values():
            for wire in wires:
                wire.close()


@pytest.fixture
def pair(server, postgres) -> Iterator[Pair]:
    server.allow("")  # errors are compared with PostgreSQL's
    with Wire.connect("127.0.0.1", postgres.port) as wire:
        wipe(wire)
    made = Pair([server.connect, lambda **settings: Wire.connect("127.0.0.1", postgres.port, **settings)])
    yield made
    made.close()
