"""A reader's session on the writer: a connection as any other, whose bytes come over a link of the cluster.

    reader's session ── Forward ──▶ ForwardedLink ──▶ Connection     startup without a password, then messages
                     ◀── Forward ── LinkTransport ◀──                each frame says how far the writer is

It stands in pg_stat_activity, counts as a connection and waits for locks as any other. What is more: no more of them than
`apg_write_forward.max_forwarding_connections_percent` of max_connections, a transaction may be told which snapshot it
reads as of, and the VDL may be asked for.

Errors: FatalError 53300 when there are too many; 40001 for a snapshot whose rows may be gone.

Not here: what is forwarded (`session.forwarding`), the reader's end of the link (`instance.forward`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import FatalError, QueryCanceled, SerializationFailure
from aurorapy.host import Link
from aurorapy.instance import messages as im
from aurorapy.server.connection import WRITE_BUFFER_HIGH, Connection
from aurorapy.wire.startup import Startup

DRAIN_LOOK_SECONDS = 0.005


class LinkTransport:
    """What a Connection needs of a transport, over a link."""

    def __init__(self, link: Link, host: Any) -> None:
        self._link, self._host = link, host
        self.connection: Any = None
        self._is_full = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name != "peername":
            return default
        host, _, port = self._link.address.rpartition(":")
        return (host, int(port or 0))

    def set_write_buffer_limits(self, high: int) -> None:
        """The link has none; see `write`."""

    def get_write_buffer_size(self) -> int:
        return self._link.backlog()

    def write(self, data: bytes) -> None:
        self._link.send(*im.encode(im.Forward(self.connection.reached(), bytes(data))))
        if not self._is_full and self._link.backlog() > WRITE_BUFFER_HIGH:
            self._is_full = True
            self.connection.pause_writing()
            self._host.tasks.call_later(DRAIN_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        if self._link.backlog() > WRITE_BUFFER_HIGH // 4:
            self._host.tasks.call_later(DRAIN_LOOK_SECONDS, self._look)
            return
        self._is_full = False
        self.connection.resume_writing()

    def pause_reading(self) -> None:
        """A reader waits for its answers: it sends no more than one statement."""

    resume_reading = pause_reading

    def close(self) -> None:
        self._link.close()


class ForwardedConnection(Connection):
    def __init__(self, tasks: Any, listener: Any) -> None:
        super().__init__(tasks, listener)
        self.as_of = 0  # the snapshot of the transaction that is to begin

    def reached(self) -> int:
        """Everything said so far is at or below it."""
        return max(self.instance.volume.vdl, self.session.opener.last_commit if self.session is not None else 0)

    def _admit(self) -> None:
        super()._admit()
        settings = self.instance.settings
        most = settings["max_connections"] * settings["apg_write_forward.max_forwarding_connections_percent"] // 100
        if sum(isinstance(each, ForwardedConnection) and each.facts is not None for each in self.listener.connections) >= most:
            raise FatalError("sorry, too many forwarded clients already", sqlstate="53300")

    def _authenticate(self, user: str, database: str, deadline: float) -> Any:
        """The reader has done that."""
        role = self.instance.role_named(user)
        if role is None:
            raise FatalError(f'role "{user}" does not exist', sqlstate="28000")
        return role

    def _open_session(self, startup: Startup, deadline: float) -> None:
        super()._open_session(startup, deadline)
        session = self.session
        session.opener.on_begin = self._begun
        session.facts.is_forwarded = True

    def _begun(self, transaction: Any) -> None:
        if not self.as_of or not transaction.one_snapshot:
            return
        as_of, self.as_of = self.as_of, 0
        try:
            if as_of < self.instance.wrote_from:
                raise ValueError(as_of)
            transaction.read_as_of(as_of)
        except ValueError:
            transaction.abort()
            raise SerializationFailure(
                "could not serialize access due to a snapshot that is too old",
                detail="The transaction's snapshot, taken on a reader, is no longer kept by the writer.",
            ) from None


class ForwardedLink:
    """The link's user: frames become what a connection gets from its event loop."""

    def __init__(self, link: Link, listener: Any) -> None:
        self._link = link
        self._instance = listener.instance
        self._connection = ForwardedConnection(self._instance.host.tasks, listener)
        transport = LinkTransport(link, self._instance.host)
        transport.connection = self._connection
        self._connection.connection_made(transport)

    def link_up(self, link: Link) -> None:
        """It is."""

    def link_frame(self, link: Link, frame: bytes) -> None:
        message, number = im.decode(frame)
        if type(message) is im.CancelForwarded:
            session = self._connection.session
            if session is not None and session.activity.is_running:
                self._connection.task.interrupt(QueryCanceled("canceling statement due to user request"))
        elif type(message) is im.Forward and message.data:
            self._connection.as_of = message.lsn
            self._connection.data_received(message.data)
        elif type(message) is im.Forward:
            volume = self._instance.volume
            if volume.failure is None and not volume.follows:
                link.send(*im.encode(im.Forward(volume.vdl, b""), number))
            else:
                link.close()

    def link_lost(self, link: Link) -> None:
        self._connection.connection_lost(None)
