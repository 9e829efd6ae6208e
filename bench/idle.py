"""Open connections that do nothing, held by a process of their own.

    with IdleConnections(port, 5_000): …          each has logged in and answered one `select 1`
    python -m bench.idle PORT COUNT               the process: prints "ready", ends when its standard input does

Plain sockets without a client library. Errors: TooFewFiles when the process may not open so many.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from tests.support.pgwire import Wire

FILES_BESIDE = 100  # of the process itself


class TooFewFiles(Exception):
    """RLIMIT_NOFILE does not allow it."""


def allow_files(count: int) -> None:
    """Raises this process's limit (and that of what it starts) to at least `count` more files."""
    wanted = count + FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError) as problem:
        raise TooFewFiles(f"{wanted} open files are needed, the limit is {hard}") from problem


class IdleConnections:
    def __init__(self, port: int, count: int) -> None:
        self.port, self.count = port, count
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> IdleConnections:
        command = [sys.executable, "-m", "bench.idle", str(self.port), str(self.count)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent
        )
        if self._process.stdout.readline() != "ready\n":
            self.__exit__()
            raise ConnectionError(f"{self.count} connections to port {self.port} could not be opened")
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.stdin.close()
        self._process.wait(120)
        self._process.stdout.close()


def main(port: int, count: int) -> None:
    allow_files(count)
    held = []
    for _ in range(count):
        wire = Wire.connect("127.0.0.1", port)
        wire.query("select 1")
        held.append(wire)
    print("ready", flush=True)
    sys.stdin.read()
    for wire in held:
        wire.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
