"""A real server process for tests: `python -m aurorapy serve` on a free port, its log kept and judged.

    with Server(directory) as server:
        wire = server.connect()
        server.allow("storage")          # an ERROR line this test expects
    # leaving: SIGINT, wait, then LogErrors for any error-level line nobody allowed

A server is always a child of the test process and waited for: one that was killed and not reaped keeps its lock file's
owner alive.

Errors: ServerFailed when it does not say where to connect within the time; LogErrors as above.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.pgwire import Wire

ROOT = Path(__file__).resolve().parent.parent.parent
LEVELS_JUDGED = ("error", "critical", "fatal", "panic")
WHERE_TO_CONNECT = re.compile(r"(?:postgres(?:ql)?://\S*?:|127\.0\.0\.1:|-p |port[ =:]+)(\d+)")


class ServerFailed(Exception):
    """It did not start; the text is its log."""


class LogErrors(AssertionError):
    """The log has ERROR lines that the test did not list."""


class Server:
    """One server on one directory; may be started and stopped many times."""

    program = ("-m", "aurorapy")

    def __init__(self, directory: str | Path, settings: dict[str, str] | None = None, start_timeout: float = 60,
                 log_path: Path | None = None, config: Path | None = None) -> None:  # fmt: skip
        self.directory = Path(directory)
        self.settings = settings or {}
        self.config = config  # a TOML file
        self.start_timeout = start_timeout
        self.is_apart = False  # of our process group: a Ctrl-C for us is none for it
        self.port = 0
        self.log_path = log_path or self.directory.parent / f"{self.directory.name}.log"
        self._process: subprocess.Popen | None = None
        self._allowed: list[re.Pattern[str]] = []
        self.forget_allowed()
        self._judged_to = 0

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        self.stop()
        if kind is None:
            self.check_log()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    # -- life ----------------------------------------------------------------------------------------------------------
    def start(self) -> float:
        """Seconds until it said where to connect."""
        command = [sys.executable, *self.program, "serve", "--data", str(self.directory), "--host", "127.0.0.1"]
        command += ["--port", str(self.port)]
        if self.config is not None:
            command += ["--config", str(self.config)]
        for name, value in self.settings.items():
            command += ["--set", f"{name}={value}"]
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        start = self.log_path.stat().st_size if self.log_path.exists() else 0
        log = open(self.log_path, "ab")
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'ext'}", "PYTHONUNBUFFERED": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed server has its modules compiled
        began = time.monotonic()
        self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT, env=environment, start_new_session=self.is_apart)
        log.close()
        self.port = self._wait_for_port(start, began + self.start_timeout)
        return time.monotonic() - began

    def _wait_for_port(self, start: int, deadline: float) -> int:
        while True:
            text = self._log_text(start)
            for line in text.splitlines(keepends=True):
                if line.endswith("\n") and (found := WHERE_TO_CONNECT.search(line)):
                    return int(found.group(1))
            if self._process.poll() is not None or time.monotonic() > deadline:
                state = f"exit status {self._process.poll()}"
                self.kill()
                raise ServerFailed(f"{state}\n{text[-4000:]}")
            time.sleep(0.01)

    def stop(self, how: signal.Signals = signal.SIGINT, timeout: float = 30) -> None:
        """SIGINT ends the clients, SIGTERM waits for them; killed when it takes longer than `timeout` seconds."""
        if not self.is_running:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(f"did not stop within {timeout} s of {how.name}") from None

    def kill(self) -> None:
        """kill -9, and reaped."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        if self._process is not None:
            self._process.wait()

    def connect(self, **settings: str) -> Wire:
        return Wire.connect("127.0.0.1", self.port, **settings)

    def seconds_to_first_query(self, deadline_s: float = 60) -> float:
        """Connects and asks `select 1`, trying until it is answered."""
        began = time.monotonic()
        while True:
            try:
                with self.connect() as wire:
                    assert wire.query("select 1").rows == [("1",)]
                    return time.monotonic() - began
            except OSError:
                if time.monotonic() - began > deadline_s:
                    raise
                time.sleep(0.01)

    # -- the log -------------------------------------------------------------------------------------------------------
    def _log_text(self, start: int = 0) -> str:
        with open(self.log_path, "rb") as file:
            file.seek(start)
            return file.read().decode("utf-8", "replace")

    def allow(self, pattern: str) -> None:
        """Error lines that match this regular expression are expected from now on."""
        self._allowed.append(re.compile(pattern))

    def forget_allowed(self) -> None:
        """Back to what every stop with SIGINT may say."""
        self._allowed = [re.compile("57P01")]

    def errors(self) -> list[str]:
        """Error-level lines since the last look that nobody allowed, and tracebacks outside the log's format."""
        text = self._log_text(self._judged_to)
        self._judged_to = self.log_path.stat().st_size if self.log_path.exists() else 0
        return [line for line in text.splitlines() if is_error(line) and not any(p.search(line) for p in self._allowed)]

    def check_log(self) -> None:
        found = self.errors()
        if found:
            raise LogErrors(f"{len(found)} unexpected errors in {self.log_path}:\n" + "\n".join(found[:5]))


def is_error(line: str) -> bool:
    """Whether a log line is of a judged level, or a bare Python traceback's head."""
    if line.startswith("{"):
        try:
            return json.loads(line).get("level") in LEVELS_JUDGED
        except ValueError:
            return True
    return line.startswith(("Traceback (most recent call last)", "Fatal Python error", "Exception ignored in"))


class TemporaryServer(Server):
    """A server on a new directory that goes when it is left."""

    def __init__(self, settings: dict[str, str] | None = None, base: str | None = None) -> None:
        self._base = Path(tempfile.mkdtemp(prefix="aurorapy-test-", dir=base))
        super().__init__(self._base / "data", settings)

    def __exit__(self, *exc: object) -> None:
        try:
            super().__exit__(*exc)
        finally:
            shutil.rmtree(self._base, ignore_errors=True)


# -- what a test leaves behind -----------------------------------------------------------------------------------------
USER_SCHEMAS = (
    "select nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')"
)


def wipe(wire: Wire) -> None:
    """Empties the database `wire` is connected to: an empty schema public, no other schemas, no roles of ours."""
    wire.query("rollback; reset all")
    schemas = [row[0] for row in wire.query(USER_SCHEMAS).rows]
    for schema in ("public", *schemas):
        reply = wire.query(f'set client_min_messages = error; drop schema if exists "{schema}" cascade')
        if reply.error:
            raise AssertionError(f"cannot empty the database: {reply.error}")
    wire.query("create schema public; reset all")
    for (role,) in wire.query("select rolname from pg_roles where rolname like 'golden%'").rows:
        wire.query(f'drop role "{role}"')
