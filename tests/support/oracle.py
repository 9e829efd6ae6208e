"""A throw-away PostgreSQL 15 to compare with: made in a temporary directory, gone afterwards.

    with Oracle() as oracle:
        Wire.connect("127.0.0.1", oracle.port)

Durable only where asked (`durable=True` keeps fsync on with fdatasync, for benchmarks). As root the server runs as the
user `postgres`, because PostgreSQL refuses root. `kill()` is kill -9 of all its processes; `start()` then recovers.

Errors: OracleMissing when PostgreSQL 15's server is not installed.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from bench.cpu import is_alive, process_tree

BINARIES = Path("/usr/lib/postgresql/15/bin")


class OracleMissing(Exception):
    """PostgreSQL 15 is not installed: `apt-get install postgresql-15`."""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def is_installed() -> bool:
    return (BINARIES / "postgres").exists()


class Oracle:
    def __init__(self, durable: bool = False, settings: dict[str, str] | None = None, directory: str | None = None):
        if not is_installed():
            raise OracleMissing(OracleMissing.__doc__)
        self.durable = durable
        self.settings = settings or {}
        self.port = 0
        self.directory: Path | None = None
        self._base = directory
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Oracle:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> None:
        if self.directory is None:
            self._make()
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "on" if self.durable else "off",
            "wal_sync_method": "fdatasync",
            "timezone": "UTC",
            "max_connections": "200",
            "logging_collector": "off",
            **self.settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with open(self.directory / "log", "ab") as log:
            self._process = subprocess.Popen(
                [str(BINARIES / "postgres"), "-D", str(self.directory / "data"), *options],
                stdout=log, stderr=log, cwd="/", start_new_session=True, **self._identity(),
            )  # fmt: skip
        self._wait_until_ready()

    def _make(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="oracle-", dir=self._base))
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres")
        data = str(self.directory / "data")
        self._run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        self.port = free_port()

    def _identity(self) -> dict[str, str]:
        return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(BINARIES / program), *arguments], check=True, cwd="/", stdout=subprocess.DEVNULL, **self._identity()
        )

    def _wait_until_ready(self) -> None:
        from tests.support.pgwire import ServerRefused, Wire

        deadline = time.monotonic() + 30
        while True:
            try:
                Wire.connect("127.0.0.1", self.port).close()
                return
            except (OSError, ServerRefused):
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError((self.directory / "log").read_text()) from None
                time.sleep(0.01)

    def stop(self) -> None:
        """Ends it, and removes its directory."""
        self.shut_down()
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)

    def shut_down(self) -> None:
        """A fast shutdown with its checkpoint; the directory stays."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)

    def kill(self) -> None:
        """kill -9 of the postmaster and every backend (each has a process group of its own); returns when they are gone."""
        pids = process_tree(self._process.pid)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()
        deadline = time.monotonic() + 10
        while any(is_alive(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.005)
