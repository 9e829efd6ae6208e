"""A whole cluster of real processes for tests, driven by its command line.

    with Cluster(directory, "--readers", "2") as cluster:
        wire = cluster.connect("cluster")
        cluster.kill("i1")                    # kill -9, by the pid that status says
        cluster.until(lambda: cluster.status()["state"] == "running")

Leaving it stops the cluster and fails when a process is left.

Errors: CommandFailed with what the command said.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.support.node_process import free_ports
from tests.support.pgwire import Wire
from tests.support.server import ROOT


class CommandFailed(Exception):
    """A command ended with another status than 0."""


class Cluster:
    def __init__(self, directory: Path, *arguments: str) -> None:
        self.directory = directory
        self._arguments = arguments
        self._port = free_ports(1)[0]
        self.addresses: dict[str, str] = {}  # of endpoints, as they were at the start

    def __enter__(self) -> Cluster:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        self.stop()
        left = self.processes()
        if kind is None and left:
            raise AssertionError(f"still there: {left}")

    def start(self) -> float:
        """Seconds until the command came back."""
        began = time.monotonic()
        self.run("start", "--port", str(self._port), *self._arguments)
        seconds = time.monotonic() - began
        self.addresses = self.status()["endpoints"]
        return seconds

    def stop(self) -> None:
        self.run("stop", check=False)

    def run(self, *arguments: str, check: bool = True) -> str:
        command = [sys.executable, "-m", "aurorapy", "cluster", *arguments, "--data", str(self.directory)]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'ext'}", "PYTHONUNBUFFERED": "1"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
        if check and done.returncode:
            raise CommandFailed(done.stderr.strip() or done.stdout.strip())
        return done.stdout

    def status(self) -> dict[str, Any]:
        return json.loads(self.run("status", "--json"))

    def connect(self, endpoint: str, **settings: Any) -> Wire:
        host, _, port = self.address(endpoint).rpartition(":")
        return Wire.connect(host, int(port), **settings)

    def address(self, name: str) -> str:
        """Of an endpoint or an instance."""
        if name not in self.addresses:
            status = self.status()
            self.addresses = {**status["endpoints"], **{each["name"]: each["address"] for each in status["instances"]}}
        return self.addresses[name]

    def pid(self, name: str) -> int:
        status = self.status()
        return next(each["pid"] for each in (*status["instances"], *status["nodes"]) if each["name"] == name)

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> int:
        pid = self.pid(name)
        os.kill(pid, how)
        return pid

    def processes(self) -> list[str]:
        """Command lines that name the cluster's directory."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                except OSError:
                    continue
                if str(self.directory) in line and "aurorapy" in line:
                    found.append(f"{entry.name} {line}")
        return found

    def until(self, condition, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not happen within {seconds} s; {self.status()}\n{self.log('control')}")
            time.sleep(0.05)

    def log(self, name: str) -> str:
        return (self.directory / "log" / f"{name}.log").read_text()[-4000:]
