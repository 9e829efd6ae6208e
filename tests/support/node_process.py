"""Six storage-node processes and a writer for tests, each killed, stopped and started by its own process id.

    with ProcessFleet(directory) as fleet:
        wire = fleet.writer.connect()
        fleet.kill("c1", "c2")                  # SIGKILL, reaped
        fleet.start("c1", "c2")

Errors: ServerFailed for a process that does not say that it is ready.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.support.server import ROOT, Server, ServerFailed

NAMES = ("a1", "a2", "b1", "b2", "c1", "c2")
SPARES = ("a3", "b3", "c3")  # not in the writer's configuration, started by who wants them


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class ProcessFleet:
    """`writer` is a Server; `second_writer()` makes another one over the same nodes."""

    def __init__(
        self, directory: Path, settings: dict[str, str] | None = None, node_settings: dict[str, str] | None = None,
        node_directories: dict[str, Path] | None = None, is_apart: bool = False,
    ) -> None:  # fmt: skip
        self.directory = directory
        self.is_apart = is_apart  # of our process group: a Ctrl-C for us is none for any of them
        self.node_directories = {name: directory / name for name in (*NAMES, *SPARES)} | (node_directories or {})
        directory.mkdir(parents=True, exist_ok=True)
        self.secret = directory / "secret"
        self.secret.write_text(secrets.token_hex(32))
        self.ports = dict(zip((*NAMES, *SPARES), free_ports(len(NAMES) + len(SPARES))))
        self.node_settings = {"hot_log_file_size": "16MB", **(node_settings or {})}
        self.processes: dict[str, subprocess.Popen] = {}
        places = ",".join(map(self.place, NAMES))
        self.settings = {"storage_nodes": places, "cluster_secret_file": str(self.secret), **(settings or {})}
        self.writers: list[Server] = []  # and readers
        self.instance_ports: dict[str, int] = {}
        self.writer = self.new_writer("writer")

    def new_writer(self, name: str) -> Server:
        return self.new_instance(name, "writer")

    def new_reader(self, name: str, settings: dict[str, str] | None = None, writer: str | None = None) -> Server:
        """A reader of the writer named; by default of `writer`. '' waits to be told."""
        address = self.address(writer if writer is not None else self.writer.directory.name) if writer != "" else ""
        return self.new_instance(name, "reader", {"instance_writer": address, **(settings or {})})

    def new_instance(self, name: str, role: str, settings: dict[str, str] | None = None) -> Server:
        cluster = {"instance_name": name, "instance_role": role, "instance_listen": self.address(name)}
        server = Server(self.directory / name, {**self.settings, **cluster, **(settings or {})})
        server.is_apart = self.is_apart
        self.writers.append(server)
        return server

    def address(self, instance: str) -> str:
        """Where its readers and the control plane find it."""
        if instance not in self.instance_ports:
            (self.instance_ports[instance],) = free_ports(1)
        return f"127.0.0.1:{self.instance_ports[instance]}"

    def __enter__(self) -> ProcessFleet:
        try:
            self.start(*NAMES)
            self.writer.start()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def start(self, *names: str) -> None:
        """Returns when all are ready."""
        logs = {}
        for name in names:
            logs[name] = self.log(name)
            start = logs[name].stat().st_size if logs[name].exists() else 0
            command = [
                sys.executable, "-m", "aurorapy", "storage-node", "--data", str(self.node_directories[name]), "--zone", name[0],
                "--listen", f"127.0.0.1:{self.ports[name]}", "--name", name, "--secret-file", str(self.secret),
            ]  # fmt: skip
            for setting, value in self.node_settings.items():
                command += ["--set", f"{setting}={value}"]
            environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'ext'}", "PYTHONUNBUFFERED": "1"}
            with open(logs[name], "ab") as log:
                process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT, env=environment, start_new_session=self.is_apart)
            self.processes[name] = process
            logs[name] = (logs[name], start)
        deadline = time.monotonic() + 60
        for name, (path, start) in logs.items():
            while b"ready at" not in path.read_bytes()[start:]:
                if self.processes[name].poll() is not None or time.monotonic() > deadline:
                    raise ServerFailed(path.read_text()[-4000:])
                time.sleep(0.02)

    def place(self, name: str) -> str:
        """As settings and SQL name a node."""
        return f"{name}={name[0]}:127.0.0.1:{self.ports[name]}"

    def log(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def kill(self, *names: str) -> None:
        for name in names:
            self.processes[name].kill()
        for name in names:
            self.processes.pop(name).wait()

    def end(self) -> None:
        for writer in self.writers:
            writer.kill()
        for process in self.processes.values():
            process.send_signal(signal.SIGKILL)
        for process in self.processes.values():
            process.wait()
        self.processes.clear()

    def until(self, condition, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not happen within {seconds} s")
            time.sleep(0.05)

    # -- what the writer says --------------------------------------------------------------------------------------------
    def states(self) -> dict[str, str]:
        """State of every node's copies, as aurora_segments shows it: the worst of several."""
        with self.writer.connect() as wire:
            rows = wire.query("select node, state from aurora_segments order by state = 'ok' desc").rows
        return dict(map(tuple, rows))

    def converged(self) -> bool:
        return self.states() == dict.fromkeys(NAMES, "ok")

    def query(self, sql: str) -> list[tuple]:
        """Rows that the writer answers with."""
        with self.writer.connect() as wire:
            reply = wire.query(sql)
            assert not reply.error, reply.error
            return reply.rows

    def digests(self) -> list[tuple[str, ...]]:
        """(group, copy, pages, digest), at one LSN a group."""
        with self.writer.connect() as wire:
            reply = wire.query("select protection_group, copy, lsn, pages, digest from aurora_copy_digests()")
            assert not reply.error, reply.error
            return [tuple(row) for row in reply.rows]

    def differing_copies(self) -> list[str]:
        """A line for each group whose six copies do not all build the same pages."""
        by_group: dict[str, set[tuple[str, ...]]] = {}
        counts: dict[str, int] = {}
        for group, _, *digest in self.digests():
            by_group.setdefault(group, set()).add(tuple(digest))
            counts[group] = counts.get(group, 0) + 1
        return [
            f"group {group}: {counts[group]} copies, {len(digests)} different: {sorted(digests)}"
            for group, digests in by_group.items() if len(digests) != 1 or counts[group] != len(NAMES)
        ]  # fmt: skip
