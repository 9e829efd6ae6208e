"""kill -9 while rows are loaded in bulk: an acknowledged load is whole, any other is whole or not there at all."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from tests.crash.rounds import verify
from tests.support.pgwire import ConnectionLost, ServerRefused, Wire
from tests.support.server import Server

ROWS = 3000
TABLE = "create table l (load int, row int, padding text, primary key (load, row)); create index l_padding on l (padding)"


class Loader(threading.Thread):
    """Loads batches until the server dies, in turns by COPY, VALUES and SELECT, with an index made and dropped now and then."""

    def __init__(self, port: int, first: int, step: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.loads = iter(range(first, 1 << 30, step))
        self.acknowledged: list[int] = []
        self.problems: list[str] = []

    def run(self) -> None:
        try:
            with Wire.connect("127.0.0.1", self.port) as wire:
                for load in self.loads:
                    error = self.load(wire, load)
                    if error is not None:
                        self.problems.append(f"load {load}: {error}")
                        return
                    self.acknowledged.append(load)
        except (ConnectionLost, ServerRefused, OSError):
            return

    def load(self, wire: Wire, load: int) -> dict | None:
        pads = [f"{row * 7919 % ROWS:05}" for row in range(ROWS)]
        way = load // 10 % 3
        if way == 0:
            wire.query("copy l from stdin")
            return wire.copy_in(b"".join(b"%d\t%d\t%s\n" % (load, n, pad.encode()) for n, pad in enumerate(pads))).error
        if way == 1:
            return wire.query(f"insert into l values {', '.join(f'({load}, {n}, {pad!r})' for n, pad in enumerate(pads))}").error
        index = f"create index l_{load} on l (padding, row); drop index l_{load}; " if load % 10 == 0 else ""
        return wire.query(f"{index}insert into l select {load}, g, g::text from generate_series(0, {ROWS - 1}) g").error


@pytest.mark.timeout(240)
def test_kill9_while_loading(tmp_path: Path):
    random_ = random.Random(11)
    acknowledged: set[int] = set()
    server = Server(tmp_path / "data")
    server.start()
    try:
        with server.connect() as wire:
            assert wire.query(TABLE).error is None
        for number in range(4):
            loaders = [Loader(server.port, number * 100_000 + first, 10) for first in range(3)]
            for loader in loaders:
                loader.start()
            time.sleep(random_.uniform(0.5, 2.0))
            server.kill()
            for loader in loaders:
                loader.join(30)
                assert loader.problems == []
                acknowledged.update(loader.acknowledged)
            assert verify(server.directory) == []
            server.start()
            with server.connect() as wire:
                found = dict(wire.query("select load, count(*) from l group by load", timeout=120).rows)
            assert {count for count in found.values()} <= {str(ROWS)}
            assert acknowledged <= {int(load) for load in found}
            assert server.errors() == []
    finally:
        server.kill()
    assert len(acknowledged) > 12
