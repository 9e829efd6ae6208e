"""The process that clients come to: leads each connection to an instance and passes its bytes on.

    client ──▶ first packet: a CancelRequest?  ──▶ to the instance that the pid's high bits name
                              anything else    ──▶ an instance by `routing`; from then on bytes, both ways

Nothing but the first eight bytes is looked at: TLS and SCRAM go from end to end. While the writer is being changed, or
nobody serves, a new connection waits, up to `WAIT_SECONDS`; then it is told 57P03. When the writer has changed, connections
of the cluster endpoint to the old one are closed, so that nobody talks to an instance that is frozen or cut off. A side
that does not read pauses the other.

Errors: an address that cannot be had is logged and tried again.

Not here: who is writer (`failover`), addresses of instances themselves, which clients may use as they are.
"""

from __future__ import annotations

import asyncio
import random
import signal
import socket
import struct
import time
from typing import Any

from aurorapy.cluster import routing
from aurorapy.cluster.metrics import endpoint_figures
from aurorapy.cluster.mirror import Mirror
from aurorapy.cluster.topology import CLUSTER, Endpoint, Instance, Topology
from aurorapy.host.exposition import Exposition
from aurorapy.host.network import split_address
from aurorapy.host.real import new_event_loop

CANCEL_REQUEST = 80877102
HEAD = struct.Struct("!II")
CANCEL = struct.Struct("!IIII")
FIRST_BYTES_MAX = 10_000  # a client that sends so much before it is answered is none
WAIT_SECONDS = 30.0
LOOK_SECONDS = 0.05  # while nobody serves
CONNECT_SECONDS = 3.0
TRIES = 8  # instances that went without a word, before the client is let go
FIRST_SECONDS = 60.0
BUFFER_HIGH = 512 * 1024
TICK_SECONDS = 0.5


class _Side(asyncio.Protocol):
    """One socket of a pair."""

    other: Any = None  # the other side's transport
    transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.set_write_buffer_limits(high=BUFFER_HIGH)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def data_received(self, data: bytes) -> None:
        self.other.write(data)

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        if self.other is not None:
            self.other.close()


class _Backend(_Side):
    """The instance's side. An instance that goes before it has answered has taken nothing: the client is led anew."""

    def __init__(self, client: _Client) -> None:
        self._client: _Client | None = client

    def data_received(self, data: bytes) -> None:
        if self._client is not None:
            self._client.answered()
            self._client = None
        self.other.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self._client is None or not self._client.lead_again():
            super().connection_lost(error)


class _Client(_Side):
    """The client's side; until it is paired it collects what comes."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._first = b""  # kept until the instance has answered
        self._is_answered = False
        self._led = 0  # times
        self._task: Any = None
        self._timer: Any = None
        self.instance = ""  # where it was led

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._door.clients.add(self)
        self._timer = self._door.router.loop.call_later(FIRST_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.write(data)
            if self._is_answered:
                return
        self._first += data
        if self._task is None and len(self._first) >= HEAD.size:
            length, code = HEAD.unpack_from(self._first)
            if code != CANCEL_REQUEST:
                self._task = self._door.router.loop.create_task(self._lead())
            elif len(self._first) >= CANCEL.size:
                self._task = self._door.router.loop.create_task(self._cancel())
        elif len(self._first) > FIRST_BYTES_MAX:
            self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._timer.cancel()
        self._door.clients.discard(self)
        if self.instance:
            self._door.router.left(self.instance)
            self.instance = ""
        if self.other is not None:
            self.other.close()
        elif self._task is not None:
            self._task.cancel()

    def answered(self) -> None:
        self._is_answered, self._first = True, b""

    def lead_again(self) -> bool:
        if self._is_answered or self._led > TRIES or self.transport.is_closing():
            return False
        self._door.router.left(self.instance)
        self.instance, self.other = "", None
        self._task = self._door.router.loop.create_task(self._lead(LOOK_SECONDS))
        return True

    async def _lead(self, pause: float = 0.0) -> None:
        self._timer.cancel()
        self._led += 1
        if pause:
            await asyncio.sleep(pause)
        router = self._door.router
        deadline = router.loop.time() + WAIT_SECONDS
        unreachable: set[str] = set()
        while True:
            instance = self._door.choose(unreachable)
            if instance is not None and await self._connect(instance):
                return
            if instance is not None:
                unreachable.add(instance.name)
                if self._door.choose(unreachable) is not None:
                    continue
                unreachable.clear()
            if router.loop.time() > deadline:
                self.transport.write(_fatal("no instance that this endpoint leads to is accepting connections"))
                self.transport.close()
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _connect(self, instance: Instance) -> bool:
        router = self._door.router
        host, port = split_address(instance.address)
        self.instance = instance.name
        router.came(instance.name)
        try:
            transport, backend = await asyncio.wait_for(router.loop.create_connection(lambda: _Backend(self), host, port), CONNECT_SECONDS)
        except (OSError, asyncio.TimeoutError):
            router.left(instance.name)
            self.instance = ""
            return False
        except asyncio.CancelledError:  # the client has gone; its count was taken back there
            raise
        if self.transport.is_closing():
            transport.close()
            return True
        backend.other, self.other = self.transport, transport
        transport.write(self._first)
        return True

    async def _cancel(self) -> None:
        """Forwarded as it is; nobody answers a cancel."""
        router = self._door.router
        router.cancels += 1
        pid = CANCEL.unpack_from(self._first)[2]
        instance = routing.instance_of_pid(pid, router.topology)
        if instance is not None:
            host, port = split_address(instance.address)
            try:
                reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_SECONDS)
                writer.write(self._first[: CANCEL.size])
                await asyncio.wait_for(reader.read(1), CONNECT_SECONDS)  # it closes when it has seen to it
                writer.close()
            except (OSError, asyncio.TimeoutError):
                pass
        self.transport.close()


class Door:
    """One endpoint, open or not yet."""

    def __init__(self, router: Router, endpoint: Endpoint) -> None:
        self.router, self.endpoint = router, endpoint
        self.clients: set[_Client] = set()
        self._server: Any = None

    async def open(self) -> None:
        host, port = split_address(self.endpoint.address)
        self._server = await self.router.loop.create_server(lambda: _Client(self), host, port, backlog=1024, reuse_address=True)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for client in list(self.clients):
            client.transport.abort()

    def choose(self, unreachable: set[str]) -> Instance | None:
        able = [each for each in routing.candidates(self.endpoint, self.router.topology) if each.name not in unreachable]
        return routing.choose(able, self.router.connections, random.randrange) if able else None

    def drop_those_of(self, old: str) -> None:
        """The writer has changed."""
        for client in list(self.clients):
            if client.instance == old and client.other is not None:
                client.other.abort()
                client.transport.close()


class Router:
    """All endpoints of one host."""

    def __init__(self, loop: Any, store: str, host: str) -> None:
        self.loop, self._host = loop, host
        self.connections: dict[str, int] = {}  # by instance, of all doors
        self.led = self.cancels = 0
        self._exposition: Exposition | None = None
        self._doors: dict[str, Door] = {}
        self._opening: set[str] = set()
        self._writer = ""
        self._mirror = Mirror(loop, store, self._changed)

    @property
    def topology(self) -> Topology:
        return self._mirror.topology

    def came(self, instance: str) -> None:
        self.connections[instance] = self.connections.get(instance, 0) + 1
        self.led += 1

    def left(self, instance: str) -> None:
        self.connections[instance] -= 1

    async def run(self) -> int:
        stop = self.loop.create_future()
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, lambda: stop.done() or stop.set_result(None))
        while not stop.done():
            self._open_doors()
            await asyncio.wait({stop}, timeout=TICK_SECONDS)
        for door in self._doors.values():
            door.close()
        if self._exposition is not None:
            self._exposition.close()
        self._mirror.close()
        return 0

    def _changed(self, topology: Topology) -> None:
        metrics = topology.cluster.get("hosts", {}).get(self._host, {}).get("endpoint_metrics", "")
        if metrics and self._exposition is None:
            self._exposition = Exposition(self.loop, metrics, lambda: endpoint_figures(self))
            self._exposition.start()
        for name, door in list(self._doors.items()):
            endpoint = topology.endpoints.get(name)
            if endpoint is None or endpoint.host != self._host or endpoint.address != door.endpoint.address:
                self._doors.pop(name).close()
            else:
                door.endpoint = endpoint
        self._open_doors()
        writer = topology.writer.name if topology.writer is not None else ""
        if writer != self._writer:
            for door in self._doors.values():
                if door.endpoint.kind == CLUSTER and self._writer:
                    door.drop_those_of(self._writer)
            self._writer = writer

    def _open_doors(self) -> None:
        for endpoint in self.topology.endpoints.values():
            if endpoint.host == self._host and endpoint.name not in self._doors and endpoint.name not in self._opening:
                self._opening.add(endpoint.name)
                self.loop.create_task(self._open(Door(self, endpoint)))

    async def _open(self, door: Door) -> None:
        try:
            await door.open()
            self._doors[door.endpoint.name] = door
            print(f"{time.strftime('%H:%M:%S')} endpoint {door.endpoint.name} at {door.endpoint.address}", flush=True)
        except OSError as error:
            print(f"{time.strftime('%H:%M:%S')} endpoint {door.endpoint.name}: {error.strerror}", flush=True)
        finally:
            self._opening.discard(door.endpoint.name)


def _fatal(text: str) -> bytes:
    fields = b"".join(letter + value.encode() + b"\0" for letter, value in (
        (b"S", "FATAL"), (b"V", "FATAL"), (b"C", "57P03"), (b"M", text),
    )) + b"\0"  # fmt: skip
    return b"E" + struct.pack("!I", len(fields) + 4) + fields


def serve_endpoints(store: str, host: str) -> int:
    """The process `aurorapy endpoint`; its exit status."""
    loop = new_event_loop()
    asyncio.set_event_loop(loop)
    return loop.run_until_complete(Router(loop, store, host).run())
