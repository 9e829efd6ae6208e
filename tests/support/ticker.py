"""A client that commits one row after the other, and how long it waited at most between two answers.

    with Ticker(server.port) as ticker:
        …
    ticker.longest_pause, ticker.acknowledged, ticker.error
"""

from __future__ import annotations

import threading
import time

from tests.support.pgwire import Wire


class Ticker(threading.Thread):
    def __init__(self, port: int, table: str = "ticks", pause: float = 0.0) -> None:
        super().__init__(daemon=True)
        self.port, self.table, self.pause = port, table, pause
        self.acknowledged = 0
        self.longest_pause = 0.0
        self.error: str | None = None
        self._stopping = threading.Event()

    def __enter__(self) -> Ticker:
        with Wire.connect("127.0.0.1", self.port) as wire:
            assert not wire.query(f"create table if not exists {self.table} (x int, padding text)").error
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        self.join(60)
        assert not self.is_alive()

    def run(self) -> None:
        try:
            with Wire.connect("127.0.0.1", self.port) as wire:
                last = time.monotonic()
                while not self._stopping.is_set():
                    reply = wire.query(f"insert into {self.table} values ({self.acknowledged}, repeat('x', 500))", timeout=60)
                    now = time.monotonic()
                    if reply.error:
                        self.error = str(reply.error)
                        return
                    self.acknowledged += 1
                    self.longest_pause = max(self.longest_pause, now - last)
                    last = now
                    if self.pause:
                        time.sleep(self.pause)
                        last = time.monotonic()
        except OSError as error:
            self.error = str(error) or type(error).__name__
