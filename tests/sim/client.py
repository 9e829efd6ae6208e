"""A client of the simulated server: the real `Connection`, the real bytes, and a network that is a delay by seed.

    wire = SimWire(host, listener)
    wire.connect()
    reply = wire.query("select 1")         # as tests.support.pgwire.Wire
    wire.vanish()                          # the link is gone; what was under way is in doubt

Bytes arrive in pieces, later; a reader that is slow makes the server wait.

Errors: ConnectionLost when the server or the network has hung up; Hang when no answer comes in two virtual minutes.
"""

from __future__ import annotations

import struct
from typing import Any

from aurorapy.server.connection import Connection

from tests.support.pgwire import PROTOCOL_3, ConnectionLost, Reply, Wire

PATIENCE_SECONDS = 120.0


class Hang(AssertionError):
    """The server does not answer."""


class SimTransport:
    """What the server's side writes to."""

    def __init__(self, wire: SimWire) -> None:
        self._wire = wire

    def write(self, data: bytes) -> None:
        self._wire.arrive(bytes(data))

    def close(self) -> None:
        self._wire.hang_up()

    def set_write_buffer_limits(self, high: int) -> None:
        """The network holds what it is given."""

    def get_extra_info(self, name: str) -> tuple[str, int] | None:
        return None if name == "socket" else ("127.0.0.1", 5432)


class SimWire(Wire):
    """One connection; used by one task."""

    def __init__(self, host: Any, listener: Any) -> None:
        super().__init__(None, ("simulator", 5432))
        self.host = host
        self.connection = Connection(listener.instance.host.tasks, listener)
        self.lost = False
        self._to_server = bytearray()
        self._to_client = bytearray()
        self._waiter: Any = None

    def connect(self, **settings: str) -> SimWire:
        self.host.tasks.call_soon(self.connection.connection_made, SimTransport(self))
        names = {"user": "postgres", "database": "postgres", **settings}
        body = b"".join(f"{name}\0{value}\0".encode() for name, value in names.items()) + b"\0"
        self.send(struct.pack("!II", len(body) + 8, PROTOCOL_3) + body)
        self._finish_startup()
        return self

    # -- the network -----------------------------------------------------------------------------------------------
    def _later(self, work: Any) -> None:
        self.host.tasks.call_later(self.host.rng.expovariate(5000), work)

    def send(self, data: bytes) -> None:
        if self.lost:
            raise ConnectionLost("the connection is gone")
        self._to_server += data
        self._later(self._deliver)

    def _deliver(self) -> None:
        """A piece of what was sent, often all of it."""
        if self.lost or not self._to_server:
            return
        size = len(self._to_server)
        if size > 1 and self.host.rng.random() < 0.05:
            size = self.host.rng.randrange(1, size)
            self._later(self._deliver)
        data = bytes(self._to_server[:size])
        del self._to_server[:size]
        self.connection.data_received(data)

    def arrive(self, data: bytes) -> None:
        self._to_client += data
        self._later(self._receive)

    def _receive(self) -> None:
        if self._to_client:
            self._buffer += self._to_client
            self._to_client.clear()
            self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.wake()

    def hang_up(self) -> None:
        """The server closed: what it wrote before still arrives."""

        def closed() -> None:
            self._receive()
            self.lost = True
            self._wake()

        self._later(closed)

    def vanish(self) -> None:
        """The link is gone, for both sides."""
        self.lost = True
        self.host.tasks.call_soon(self.connection.connection_lost, None)

    def close(self) -> None:
        if not self.lost:
            self.send(struct.pack("!cI", b"X", 4))

    # -- replies ---------------------------------------------------------------------------------------------------
    def _fill(self) -> None:
        if self.lost:
            raise ConnectionLost("the server closed the connection")
        waiter = self._waiter = self.host.tasks.waiter()
        try:
            waiter.wait(PATIENCE_SECONDS)
        except TimeoutError:
            raise Hang(f"no answer in {PATIENCE_SECONDS:g} s") from None

    def reply(self, timeout: float = PATIENCE_SECONDS) -> Reply:
        while True:
            while (found := self._take_message()) is not None:
                if self._note(*found):
                    reply, self._reply = self._reply, Reply()
                    return reply
            self._fill()
