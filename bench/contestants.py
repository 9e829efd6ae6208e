"""The two servers of a benchmark, alike in what counts: fdatasync on commit, 1 GB of page cache, no encryption.

    with Contestants("/var/tmp") as servers:
        for server in servers: server.name, server.port, server.cpu_seconds()

Errors: OracleMissing when PostgreSQL 15 is not installed.
"""

from __future__ import annotations

from bench.cpu import cpu_seconds, resident_bytes
from tests.support.oracle import Oracle
from tests.support.pgwire import Wire
from tests.support.server import TemporaryServer

POSTGRES_SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "8GB", "checkpoint_timeout": "30min", "jit": "off"}
AURORAPY_SETTINGS = {"shared_buffers": "1GB"}


class Contestant:
    """A running server under its name in the report."""

    def __init__(self, name: str, server: Oracle | TemporaryServer) -> None:
        self.name = name
        self.server = server

    @property
    def port(self) -> int:
        return self.server.port

    def connect(self) -> Wire:
        return Wire.connect("127.0.0.1", self.port)

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.server.pid)

    def resident_bytes(self) -> int:
        return resident_bytes(self.server.pid)


class Contestants:
    def __init__(self, directory: str | None = None, aurorapy_settings: dict[str, str] | None = None) -> None:
        self.directory = directory
        self.aurorapy_settings = {**AURORAPY_SETTINGS, **(aurorapy_settings or {})}
        self._open: list[Contestant] = []

    def __enter__(self) -> list[Contestant]:
        postgres = Oracle(durable=True, settings=POSTGRES_SETTINGS, directory=self.directory)
        postgres.start()
        self._open.append(Contestant("PostgreSQL 15", postgres))
        try:
            ours = TemporaryServer(self.aurorapy_settings, base=self.directory)
            ours.start()
            self._open.append(Contestant("aurorapy", ours))
        except BaseException:
            self.__exit__()
            raise
        return self._open

    def __exit__(self, *exc: object) -> None:
        for contestant in self._open:
            contestant.server.__exit__(*(exc or (None, None, None)))
