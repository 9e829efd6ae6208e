"""A cluster whose hosts are network namespaces, made from one configuration file that is the same on each.

    with HostedCluster(directory, hosts, text, ("h1", "h2", "h3")) as cluster:       # `start` on each of them
        cluster.topology().writer.name
        cluster.connect("i1"); cluster.connect("cluster")

In the file's text `{h1}` stands for that host's address, `{secret}` for the secret's file. Leaving it stops every host and
fails when a process is left.

Errors: AssertionError with the log of a host that does not start.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable

from aurorapy.cluster.configuration import read
from aurorapy.cluster.store import open_store
from aurorapy.cluster.topology import Topology
from tests.support.namespaces import Hosts
from tests.support.pgwire import Wire
from tests.support.server import ROOT

ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'ext'}", "PYTHONUNBUFFERED": "1"}


class HostedCluster:
    def __init__(self, directory: Path, hosts: Hosts, text: str, supervised: tuple[str, ...], *arguments: str) -> None:
        self.directory, self.hosts, self.supervised, self._arguments = directory, hosts, supervised, arguments
        directory.mkdir(parents=True, exist_ok=True)
        secret = directory / "secret"
        secret.write_text("0123456789abcdef" * 4)
        self.file = directory / "cluster.toml"
        addresses = {name: hosts.address(name) for name in hosts.names}
        for name, value in {**addresses, "secret": str(secret)}.items():
            text = text.replace("{" + name + "}", value)
        self.file.write_text(text)
        self.configuration = read(self.file)
        self._store: Any = None

    def __enter__(self) -> HostedCluster:
        try:
            starting = [self._command(name, "start", "--config", str(self.file), "--host-name", name, *self._arguments)
                        for name in self.supervised]  # fmt: skip
            for name, process in zip(self.supervised, starting, strict=True):
                output = process.communicate(timeout=120)[0]
                if process.returncode:
                    raise AssertionError(f"{name}: {output}\n{self.log(name)}")
        except BaseException:
            self.__exit__(AssertionError)
            raise
        return self

    def __exit__(self, kind: object = None, *rest: object) -> None:
        self.stop()
        if self._store is not None:
            self._store.close()
        left = self.processes()
        if kind is None and left:
            raise AssertionError(f"still there: {left}")

    def stop(self) -> None:
        for process in [self._command(name, "stop") for name in self.supervised]:
            process.communicate(timeout=120)

    def run(self, host: str, *arguments: str) -> str:
        """What a command says there."""
        return self._command(host, *arguments).communicate(timeout=120)[0]

    def _command(self, name: str, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "aurorapy", "cluster", *arguments, "--data", str(self.directory / name)]
        return self.hosts.run(name, command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def processes(self) -> list[str]:
        found = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True).stdout.splitlines()
        return [line for line in found if f"{self.directory}/" in line and " aurorapy " in line]

    def log(self, host: str) -> str:
        return "\n".join(f"{path.name}\n{path.read_text()[-3000:]}" for path in sorted((self.directory / host / "log").glob("*.log")))

    # -- what the store says -------------------------------------------------------------------------------------------
    def topology(self) -> Topology:
        """As anybody sees it who reaches the store."""
        if self._store is None:
            self._store = open_store(self.configuration.store)
        return Topology.of(self._store.list())

    def is_whole(self) -> bool:
        """One instance is the open writer, the others serve."""
        topology = self.topology()
        writer = topology.writer
        roles = {name: topology.reports[name].role for name in topology.instances if topology.serves(name)}
        return writer is not None and writer.is_open and len(roles) == len(topology.instances) and [
            name for name, role in roles.items() if role == "writer"] == [writer.name]  # fmt: skip

    def until(self, condition: Callable[[], bool], seconds: float) -> float:
        """Seconds that it took."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() > began + seconds:
                logs = "\n".join(f"--- {name}\n{self.log(name)}" for name in self.supervised)
                raise AssertionError(f"it did not happen within {seconds:g} s: {self.topology()}\n{logs}")
            time.sleep(0.05)
        return time.monotonic() - began

    # -- clients ---------------------------------------------------------------------------------------------------------
    def address(self, name: str) -> str:
        """Of an endpoint or an instance."""
        return next(each.address for each in (*self.configuration.endpoints, *self.configuration.instances) if each.name == name)

    def connect(self, name: str, **settings: Any) -> Wire:
        host, _, port = self.address(name).rpartition(":")
        return Wire.connect(host, int(port), **settings)
