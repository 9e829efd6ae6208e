"""The servers of a benchmark, alike in what counts: fdatasync on commit, the same page cache, one file system.

    with Contestants("/var/tmp", {"shared_buffers": "1GB"}, spins=(True, False)) as servers:
        for server in servers: server.name, server.port, server.cpu_seconds()
        durability(servers)         {"durability": …, "file system": …} for the header

PostgreSQL 15 comes first, then an aurorapy for each setting of `idle_spin` that is asked for. `turns(servers, round)` is
the order of a round: each begins with another server. aurorapy takes its settings from a TOML file.

Each server runs in a session of its own, as a service does: Linux shares processors out between sessions before it does
between processes, and each of PostgreSQL's backends makes itself one.

Errors: OracleMissing when PostgreSQL 15 is not installed; Unequal when two servers would not make commits equally
durable.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from aurorapy.config import find_setting
from bench.cpu import cpu_percent, cpu_seconds, proportional_bytes, resident_bytes
from bench.replicated import FleetServer, ReplicatedOracle
from bench.report import OURS, REFERENCE
from tests.support.oracle import Oracle
from tests.support.pgwire import Wire
from tests.support.server import Server

POSTGRES_SETTINGS = {
    "shared_buffers": "1GB", "synchronous_commit": "on", "wal_sync_method": "fdatasync", "full_page_writes": "on",
    "max_wal_size": "8GB", "checkpoint_timeout": "30min", "jit": "off",
}  # fmt: skip
AURORAPY_SETTINGS = {"shared_buffers": "1GB", "synchronous_commit": "on"}
SPIN = {True: "on", False: "off"}
SPIN_US = "60us"  # where the setting is a time


class Unequal(Exception):
    """The servers do not promise the same for a commit: their figures could not be compared."""


class Contestant:
    """A running server under its name in the report."""

    def __init__(self, name: str, server: Oracle | Server) -> None:
        self.name = name
        self.server = server

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def is_reference(self) -> bool:
        return self.name == REFERENCE

    @property
    def directory(self) -> Path:
        return self.server.directory

    def connect(self) -> Wire:
        return Wire.connect("127.0.0.1", self.port)

    def ask(self, sql: str, timeout: float = 600) -> list[tuple]:
        """Rows of a statement; its error as an AssertionError."""
        with self.connect() as wire:
            reply = wire.query(sql, timeout)
        if reply.error:
            raise AssertionError(f"{self.name}: {sql[:200]}: {reply.error}")
        return reply.rows if reply.results else []

    def reopen(self) -> None:
        """An orderly stop, and a start on what is there."""
        self.server.shut_down() if isinstance(self.server, Oracle) else self.server.stop()
        self.server.start()

    def kill(self) -> None:
        self.server.kill()

    def start(self) -> None:
        self.server.start()

    def cpu_seconds(self) -> float:
        return sum(map(cpu_seconds, self.pids))

    @property
    def pids(self) -> list[int]:
        """Of all processes that serve it."""
        return getattr(self.server, "pids", None) or [self.server.pid]

    def cpu_percent(self, seconds: float) -> float:
        return cpu_percent(self.server.pid, seconds)

    def memory_bytes(self) -> int:
        """Of one process all that is resident; of PostgreSQL's many, shared pages only once."""
        return (proportional_bytes if self.is_reference else resident_bytes)(self.server.pid)


class Contestants:
    """See the chapter. `settings`: of both; `postgres` and `aurorapy`: of one, over these."""

    def __init__(self, directory: str | None = None, settings: dict[str, str] | None = None,
                 postgres: dict[str, str] | None = None, aurorapy: dict[str, str] | None = None,
                 spins: tuple[bool | None, ...] = (None,), copies: int = 1) -> None:  # fmt: skip
        self.directory = directory
        self.postgres = {**POSTGRES_SETTINGS, **(settings or {}), **(postgres or {})}
        self.aurorapy = {**AURORAPY_SETTINGS, **(settings or {}), **(aurorapy or {})}
        self.spins = spins
        self.copies = copies  # 6: on storage nodes, beside PostgreSQL with two synchronous standbys
        self._base: Path | None = None
        self._open: list[Contestant] = []

    def __enter__(self) -> list[Contestant]:
        self._base = Path(tempfile.mkdtemp(prefix="bench-", dir=self.directory))
        self._base.chmod(0o755)  # PostgreSQL's user passes through
        try:
            postgres = (ReplicatedOracle if self.copies == 6 else Oracle)(durable=True, settings=self.postgres, directory=str(self._base))
            self._start(REFERENCE, postgres)
            for spin in self.spins:
                self._start(name_of(spin, self.spins), self._ours(spin))
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self._open

    def _ours(self, spin: bool | None) -> Server:
        place = self._base / f"aurorapy-{len(self._open)}"
        config = place.with_suffix(".toml")
        config.write_text(toml({**self.aurorapy, **spin_setting(spin)}))
        server = FleetServer(place, config) if self.copies == 6 else Server(place, config=config)
        server.is_apart = True
        return server

    def _start(self, name: str, server: Oracle | Server) -> None:
        self._open.append(Contestant(name, server))
        server.start()

    def __exit__(self, kind: type | None, *rest: object) -> None:
        for contestant in self._open:
            contestant.server.__exit__(kind, *rest)
        shutil.rmtree(self._base, ignore_errors=True)


def turns(servers: list[Contestant], number: int) -> list[Contestant]:
    """The servers in the order of round `number`."""
    first = number % len(servers)
    return servers[first:] + servers[:first]


def toml(settings: dict[str, str]) -> str:
    return "".join(f'{name} = "{value}"\n' for name, value in settings.items())


def name_of(spin: bool | None, spins: tuple[bool | None, ...]) -> str:
    return OURS if len(spins) < 2 else f"{OURS} idle_spin {SPIN[bool(spin)]}"


def spin_setting(spin: bool | None) -> dict[str, str]:
    """As the build's setting `idle_spin` wants it; empty for its default, and where there is none."""
    setting = find_setting("idle_spin")
    if spin is None or setting is None:
        return {}
    if setting.kind == "integer":
        return {"idle_spin": SPIN_US if spin else "0"}
    return {"idle_spin": SPIN[spin]}


def durability(servers: list[Contestant]) -> dict[str, str]:
    """Asks every server; Unequal unless all sync each commit, on one file system."""
    devices = {os.stat(server.directory).st_dev for server in servers}
    if len(devices) != 1:
        raise Unequal("the servers' directories are on different file systems")
    for server in servers:
        wanted = {"fsync": "on", "synchronous_commit": "on"}
        if server.is_reference:
            wanted |= {"wal_sync_method": "fdatasync", "full_page_writes": "on"}
        said = {name: server.ask(f"show {name}")[0][0] for name in wanted}
        if said != wanted:
            raise Unequal(f"{server.name} has {said}, not {wanted}")
    return {
        "durability": "fdatasync before every commit is acknowledged, in all (asked: fsync, synchronous_commit; "
                      "wal_sync_method = fdatasync)",
        "file system": file_system(servers[0].directory),
    }  # fmt: skip


def file_system(path: Path) -> str:
    """Kind of the mounted file system that holds `path`."""
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, name, *_ = line.split()
        inside = mount == "/" or str(path.resolve()).startswith(mount + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, name
    return kind


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
