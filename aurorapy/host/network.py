"""Links over TCP between the processes of one cluster.

    network = RealNetwork(loop, host.random, secret)
    listening = network.listen("127.0.0.1:7001", user)      # user.link_up(link) for everybody who proves the secret
    link = network.connect("127.0.0.1:7001", user)          # tried again for ever: 10 ms, 20 ms … 1 s
    link.send(head, records)                                # one frame

Bytes of many sends in one round of the loop leave together. A side that hears nothing for `DEAD_SECONDS` gives the
connection up; pings keep one alive over which nothing has come lately. With TLS contexts the same bytes go through TLS.

Errors: `listen` raises OSError; everything else is `link_lost`, with `problems` counting who sent what no side of a link
says.

Not here: the frames themselves (`frames`), what is in them.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from aurorapy.host import LinkUser, Randomness
from aurorapy.host.frames import DATA, NONCE_BYTES, PING_FRAME, Framing, ProtocolError, pack

PING_SECONDS = 1.0
DEAD_SECONDS = 5.0
HANDSHAKE_SECONDS = 5.0
CONNECT_SECONDS = 3.0
PAUSE_SECONDS_MIN = 0.01
PAUSE_SECONDS_MAX = 1.0


def split_address(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


class _Packer:
    """Packs a frame once when the same parts go to several links in a row."""

    def __init__(self) -> None:
        self._parts: tuple[bytes, ...] = ()
        self._packed: bytes | tuple[bytes, ...] = b""

    def pack(self, parts: tuple[bytes, ...]) -> bytes:
        last = self._parts
        if len(parts) != len(last) or any(a is not b for a, b in zip(parts, last)):
            self._packed = b"".join(pack(DATA, *parts))
            self._parts = parts
        return self._packed


class _Connection(asyncio.Protocol):
    """One TCP connection, from its handshake to its end."""

    def __init__(self, link: TcpLink, network: RealNetwork, role: str) -> None:
        self.link, self._network = link, network
        self._framing = Framing(network.secret, role, network.random.bytes(NONCE_BYTES))
        self.transport: Any = None
        self._timer: Any = None
        self._heard_at = 0.0
        self._began_at = 0.0
        self._output: list[bytes] = []
        self._output_bytes = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.set_write_buffer_limits(high=1 << 30)  # the user looks at backlog() instead
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop = self._network.loop
        self._heard_at = self._began_at = loop.time()
        if not self.link.address:
            self.link.address = "%s:%s" % transport.get_extra_info("peername")[:2]
        self._timer = loop.call_later(PING_SECONDS, self._tick)
        self._network.connections.add(self)
        hello = self._framing.begin()
        if hello:
            transport.write(hello)

    def data_received(self, data: bytes) -> None:
        framing, link = self._framing, self.link
        self._heard_at = self._network.loop.time()
        was_open = framing.is_open
        try:
            frames = framing.feed(data)
        except ProtocolError as error:
            self._network.problem(link.address, error)
            self.transport.abort()
            return
        output = framing.take_output()
        if output:
            self.transport.write(output)
        if framing.is_open and not was_open:
            link.opened(self)
        try:
            for frame in frames:
                if self.transport is None:
                    return
                link.user.link_frame(link, frame)
        except ProtocolError as error:
            self._network.problem(link.address, error)
            self.abort()

    def send(self, frame: bytes) -> None:
        if not self._output:
            self._network.loop.call_soon(self._flush)
        self._output.append(frame)
        self._output_bytes += len(frame)

    def _flush(self) -> None:
        output, self._output, self._output_bytes = self._output, [], 0
        if output and self.transport is not None:
            self.transport.write(output[0] if len(output) == 1 else b"".join(output))

    def backlog(self) -> int:
        return self._output_bytes + self.transport.get_write_buffer_size() if self.transport is not None else 0

    def _tick(self) -> None:
        now = self._network.loop.time()
        self._timer = self._network.loop.call_later(PING_SECONDS, self._tick)
        if now - self._heard_at > DEAD_SECONDS or (not self._framing.is_open and now - self._began_at > HANDSHAKE_SECONDS):
            self.abort()
        elif self._framing.is_open and self.transport is not None and now - self._heard_at > PING_SECONDS / 2:
            self.transport.write(PING_FRAME)

    def close(self) -> None:
        """After what was handed over has gone."""
        self._flush()
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        self._timer.cancel()
        self._network.connections.discard(self)
        self.link.lost(self)


class TcpLink:
    """A link that somebody else made to us; ends with its connection."""

    def __init__(self, network: RealNetwork, address: str, user: LinkUser) -> None:
        self._network = network
        self.address = address  # empty until it is known who came
        self.user = user
        self.is_up = False
        self._connection: _Connection | None = None

    def send(self, *parts: bytes) -> None:
        if self._connection is not None:
            self._connection.send(self._network.packer.pack(parts))

    def backlog(self) -> int:
        return self._connection.backlog() if self._connection is not None else 0

    def reset(self) -> None:
        if self._connection is not None:
            self._connection.abort()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def opened(self, connection: _Connection) -> None:
        self._connection = connection
        self.is_up = True
        self.user.link_up(self)

    def lost(self, connection: _Connection) -> None:
        self._connection = None
        if self.is_up:
            self.is_up = False
            self.user.link_lost(self)


class DialledLink(TcpLink):
    """A link of ours: connected again whenever it breaks, until `close`."""

    def __init__(self, network: RealNetwork, address: str, user: LinkUser) -> None:
        super().__init__(network, address, user)
        self._closed = False
        self._pause = PAUSE_SECONDS_MIN
        self._timer: Any = None
        self._dialling: Any = network.loop.create_task(self._dial())

    async def _dial(self) -> None:
        network = self._network
        host, port = split_address(self.address)
        try:
            await asyncio.wait_for(
                network.loop.create_connection(
                    lambda: _Connection(self, network, "client"), host, port, ssl=network.client_tls,
                    server_hostname=host if network.client_tls is not None else None,
                ),
                CONNECT_SECONDS,
            )  # fmt: skip
        except (OSError, asyncio.TimeoutError):
            self._again()

    def _again(self) -> None:
        if self._closed:
            return
        self._timer = self._network.loop.call_later(self._pause, self._redial)
        self._pause = min(2 * self._pause, PAUSE_SECONDS_MAX)

    def _redial(self) -> None:
        if not self._closed:
            self._dialling = self._network.loop.create_task(self._dial())

    def opened(self, connection: _Connection) -> None:
        if self._closed:
            connection.abort()
            return
        self._pause = PAUSE_SECONDS_MIN
        super().opened(connection)

    def lost(self, connection: _Connection) -> None:
        super().lost(connection)
        self._again()

    def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._dialling.cancel()
        super().close()


class TcpListening:
    """An address others connect to: open at once, served as soon as the loop runs."""

    def __init__(self, network: RealNetwork, address: str, user: LinkUser) -> None:
        host, port = split_address(address)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=256)
        self.address = f"{address.rpartition(':')[0]}:{self._socket.getsockname()[1]}"
        self._network, self._user = network, user
        self._server: Any = None
        self._starting = network.loop.create_task(self._start())

    async def _start(self) -> None:
        self._server = await self._network.loop.create_server(self._accepted, sock=self._socket, ssl=self._network.server_tls)

    def _accepted(self) -> _Connection:
        return _Connection(TcpLink(self._network, "", self._user), self._network, "server")

    def close(self) -> None:
        """Takes no more; links that stand go on."""
        self._starting.cancel()
        if self._server is not None:
            self._server.close()
        self._socket.close()


class RealNetwork:
    """secret: what every process of the cluster knows. server_tls, client_tls: SSL contexts, None for plain TCP."""

    def __init__(self, loop: Any, random: Randomness, secret: bytes = b"", server_tls: Any = None, client_tls: Any = None) -> None:
        self.loop, self.random, self.secret = loop, random, secret
        self.server_tls, self.client_tls = server_tls, client_tls
        self.packer = _Packer()
        self.connections: set[_Connection] = set()
        self.problems = 0  # connections closed for what came over them
        self.last_problem = ""

    def connect(self, address: str, user: LinkUser) -> DialledLink:
        return DialledLink(self, address, user)

    def listen(self, address: str, user: LinkUser) -> TcpListening:
        return TcpListening(self, address, user)

    def problem(self, address: str, error: ProtocolError) -> None:
        self.problems += 1
        self.last_problem = f"{address}: {error}"

    def close(self) -> None:
        for connection in list(self.connections):
            connection.abort()
