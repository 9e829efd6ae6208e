"""Both contestants with their copies elsewhere: PostgreSQL with two synchronous standbys, aurorapy on six storage nodes.

    PostgreSQL   primary, waits for the flush of both standbys (FIRST 2): three copies, all of them must answer
    aurorapy     writer, waits for four of six nodes in three zones

Each process syncs its own directory, all on the same file system. Their CPU is counted together with their server's.

Errors: RuntimeError for a standby that does not come to stream.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from tests.support.node_process import NAMES, ProcessFleet
from tests.support.oracle import BINARIES, Oracle, free_port
from tests.support.pgwire import Wire
from tests.support.server import Server

STANDBYS = ("s1", "s2")


class ReplicatedOracle(Oracle):
    """A primary and two synchronous standbys."""

    def __init__(self, *arguments: object, **settings: object) -> None:
        super().__init__(*arguments, **settings)  # type: ignore[arg-type]
        self._standbys: list[subprocess.Popen] = []

    @property
    def pids(self) -> list[int]:
        return [self.pid, *(process.pid for process in self._standbys)]

    def start(self) -> None:
        is_new = self.directory is None
        super().start()
        if is_new:
            for name in STANDBYS:
                self._add_standby(name)
            with Wire.connect("127.0.0.1", self.port) as wire:
                wire.query(f"alter system set synchronous_standby_names = 'FIRST 2 ({', '.join(STANDBYS)})'")
                wire.query("select pg_reload_conf()")
                self._wait_until_synchronous(wire)

    def _add_standby(self, name: str) -> None:
        data, port = str(self.directory / name), free_port()
        source = f"host=127.0.0.1 port={self.port} user=postgres application_name={name}"
        self._run("pg_basebackup", "-d", source, "-D", data, "-R", "-X", "stream", "-c", "fast")
        options = {
            "port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "logging_collector": "off",
            "wal_sync_method": "fdatasync", "shared_buffers": self.settings.get("shared_buffers", "1GB"), "max_connections": "200",
            "max_wal_size": "8GB",
        }  # fmt: skip
        command = [str(BINARIES / "postgres"), "-D", data]
        for option, value in options.items():
            command += ["-c", f"{option}={value}"]
        with open(self.directory / f"{name}.log", "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", start_new_session=True, **self._identity())
        self._standbys.append(process)

    def _wait_until_synchronous(self, wire: Wire) -> None:
        deadline = time.monotonic() + 60
        while wire.query("select count(*) from pg_stat_replication where sync_state = 'sync'").rows != [("2",)]:
            if time.monotonic() > deadline:
                raise RuntimeError("the standbys do not stream")
            time.sleep(0.05)

    def shut_down(self) -> None:
        super().shut_down()
        for process in self._standbys:
            if process.poll() is None:
                process.terminate()
                process.wait(60)


class FleetServer(Server):
    """An aurorapy whose volume lives on six storage-node processes."""

    def __init__(self, directory: Path, config: Path) -> None:
        nodes = directory.parent / f"{directory.name}-fleet"
        self.fleet = ProcessFleet(nodes, node_settings={"hot_log_file_size": "64MB"}, is_apart=True)
        super().__init__(directory, self.fleet.settings, config=config)

    @property
    def pids(self) -> list[int]:
        return [self.pid, *(process.pid for process in self.fleet.processes.values())]

    def start(self) -> float:
        if not self.fleet.processes:
            self.fleet.start(*NAMES)
        return super().start()

    def __exit__(self, *error: object) -> None:
        try:
            super().__exit__(*error)
        finally:
            self.fleet.end()
            shutil.rmtree(self.fleet.directory, ignore_errors=True)
