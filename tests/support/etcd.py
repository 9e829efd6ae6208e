"""A real etcd of one member for tests, on free ports and a directory of its own.

    with Etcd(directory) as etcd:
        store = EtcdStore([etcd.address], "test")
        etcd.kill(); etcd.start()

Errors: pytest skips where etcd is not installed.
"""

from __future__ import annotations

import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Sequence

import pytest

from tests.support.node_process import free_ports


class Etcd:
    def __init__(self, directory: Path, host: str = "127.0.0.1", before: Sequence[str] = ()) -> None:
        """before: what its command line begins with, to run it somewhere else."""
        if shutil.which("etcd") is None:
            pytest.skip("etcd is not installed (apt-get install etcd-server)")
        self.directory, self._before = directory, before
        client, peer = free_ports(2)
        self.address = f"{host}:{client}"
        self._peer = f"http://127.0.0.1:{peer}"
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Etcd:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def start(self) -> None:
        """Returns when it answers."""
        self.directory.mkdir(parents=True, exist_ok=True)
        url = f"http://{self.address}"
        command = [*self._before, "etcd", "--name", "n", "--data-dir", str(self.directory / "etcd"), "--listen-client-urls", url]
        command += ["--advertise-client-urls", url, "--listen-peer-urls", self._peer, "--initial-advertise-peer-urls", self._peer]
        command += ["--initial-cluster", f"n={self._peer}", "--unsafe-no-fsync"]
        with open(self.directory / "etcd.log", "ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"{url}/health", timeout=1) as answer:
                    if b"true" in answer.read():
                        return
            except (OSError, urllib.error.URLError):
                pass
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise AssertionError((self.directory / "etcd.log").read_text()[-2000:])
            time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
