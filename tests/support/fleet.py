"""Six storage nodes and their writers in one process, over loopback TCP: production classes, quick to start.

    with Fleet(tmp_path) as fleet:
        volume = fleet.run(fleet.create)
        fleet.stop("c1"), fleet.stop("c2")
        fleet.run(volume.wait_durable, lsn)

Nodes and writer share one event loop and are hosts of their own, each with its directory.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

from aurorapy.host.network import RealNetwork
from aurorapy.host.real import RealHost, new_event_loop
from aurorapy.storage.members import NodePlace
from aurorapy.storage.node.server import NodeServer, open_node
from aurorapy.storage.options import StorageConfig
from aurorapy.storage.volume import Volume, create_volume, open_volume

SMALL = StorageConfig(group_pages=64, copies=tuple("ABCDEF"), log_file_bytes=256 << 10, batch_bytes_max=8 << 10)
NAMES = ("a1", "a2", "b1", "b2", "c1", "c2")


class Fleet:
    def __init__(self, directory: Path, config: StorageConfig = SMALL) -> None:
        self.directory = directory
        self.loop = new_event_loop()
        self.hosts: dict[str, RealHost] = {}
        self.servers: dict[str, NodeServer] = {}
        self.addresses: dict[str, str] = {}
        self.config = config
        self.host = self._host("writer")
        self.volumes: list[Volume] = []

    def _host(self, name: str) -> RealHost:
        host = RealHost(self.directory / name, self.loop)
        host.network = RealNetwork(self.loop, host.random, b"the secret of this fleet")
        return host

    def __enter__(self) -> Fleet:
        for name in NAMES:
            self.start(name)
        self.config = replace(self.config, nodes=tuple(NodePlace(n, n[0], self.addresses[n]) for n in NAMES))
        return self

    def __exit__(self, *error: Any) -> None:
        for volume in self.volumes:
            volume.transport.close()
            volume.closed = True
        for name in list(self.servers):
            self.stop(name)
        self.run(self.host.tasks.sleep, 0.05)
        self.loop.close()

    def start(self, name: str) -> None:
        host = self.hosts[name] = self._host(name)
        address = self.addresses.get(name, "127.0.0.1:0")
        server = self.servers[name] = self.run(open_node, host, name, self.config, address)
        self.addresses[name] = server.listening.address

    def stop(self, *names: str) -> None:
        """The node goes; its links break at once."""
        for name in names:
            server, host = self.servers.pop(name), self.hosts.pop(name)
            self.run(server.close)
            host.network.close()
            host.disk.unlock("lock")

    def create(self) -> Volume:
        return self._keep(create_volume(self.host, self.config))

    def open(self) -> Volume:
        return self._keep(open_volume(self.host, self.config))

    def _keep(self, volume: Volume) -> Volume:
        self.volumes.append(volume)
        return volume

    def run(self, work: Callable[..., Any], *args: Any) -> Any:
        """As a task of the writer's host; inside one, at once."""
        tasks = self.host.tasks
        return work(*args) if tasks.current() is not None else tasks.run(work, *args)

    def until(self, condition: Callable[[], bool]) -> None:
        """In a task: waits for it, for at most ten seconds."""
        for _ in range(2000):
            if condition():
                return
            self.host.tasks.sleep(0.005)
        raise AssertionError("it did not happen")

    def segment(self, name: str, group: int = 0) -> Any:
        return self.servers[name].node.segments[group]
