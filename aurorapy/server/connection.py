"""One client: a stream of bytes, and a task that reads messages and runs its session.

    task: startup → authentication → session loop: next message that the short path does not answer? run it

The task sends when it has nothing more to read, or when 128 KB have collected; while the client does not read, it waits
(the transport says when its buffer is full). Losing the connection interrupts whatever the session is doing.

Errors: a FatalError is reported and ends the connection; anything unforeseen ends this connection only and is logged.

Not here: the bytes themselves (`aurorapy_native.client`), what the short path answers (`aurorapy_native.short_path`).
"""

from __future__ import annotations

import asyncio
from typing import Any

from aurorapy.errors import DatabaseError, FatalError, ProtocolViolation
from aurorapy.server.authentication import authenticate
from aurorapy.session import login
from aurorapy.session.context import SessionFacts
from aurorapy.session.function_call import function_call
from aurorapy.session.output import Output
from aurorapy.session.session import Session
from aurorapy.wire import backend
from aurorapy.wire.startup import (
    CancelRequest,
    GssRequest,
    SslRequest,
    Startup,
    StartupIgnored,
    read_startup,
    settings_of_options,
)
from aurorapy_native.client import ClientGone, ClientStream
from aurorapy_native.wire import ConnectionLost

WRITE_BUFFER_HIGH = 512 * 1024
# the order PostgreSQL 15 sends them in
STATUS_PARAMETERS = [
    "in_hot_standby", "integer_datetimes", "TimeZone", "IntervalStyle", "is_superuser", "application_name",
    "default_transaction_read_only", "standard_conforming_strings", "client_encoding", "DateStyle",
    "session_authorization", "server_encoding", "server_version",
]  # fmt: skip


class Connection(ClientStream, asyncio.Protocol):
    """The stream (aurorapy_native.client) with a life: startup, messages, the end."""

    __slots__ = ("listener", "instance", "output", "session", "task", "facts", "_upgrading", "started_at")

    def __init__(self, tasks: Any, listener: Any) -> None:
        super().__init__(tasks)
        self.listener = listener
        self.instance = listener.instance
        self.output = Output(self.drain, self.send, self.out)
        self.session: Session | None = None
        self.task: Any = None
        self.facts: SessionFacts | None = None
        self._upgrading = False
        self.started_at = self.instance.host.clock.monotonic()

    # -- what the event loop calls, beside ClientStream's --------------------------------------------------------------
    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.set_write_buffer_limits(high=WRITE_BUFFER_HIGH)
        if self.task is None:
            self._use_socket(transport)
            self.task = self.tasks.spawn(self._run, name="connection")
            self.listener.opened(self)
        elif self._upgrading:
            self._upgrading = False
            self.wake()

    def _use_socket(self, transport: Any) -> None:
        socket = transport.get_extra_info("socket")
        if socket is not None:
            self.use_socket(socket.fileno())

    def eof_received(self) -> bool:
        self._peer_closed()
        return False

    def connection_lost(self, error: BaseException | None) -> None:
        self._peer_closed()

    def _peer_closed(self) -> None:
        if self.lost:
            return
        self.lost = True
        self.use_socket(-1)
        if self.can_write is not None:
            self.can_write.wake()
        if not self.wake() and self.task is not None:
            self.task.interrupt(ClientGone())

    # -- what the task does --------------------------------------------------------------------------------------------
    def _run(self) -> None:
        try:
            if self._start():
                self._serve()
        except (ClientGone, ConnectionLost, StartupIgnored):
            pass
        except FatalError as error:
            self._say_fatal(error)
        except DatabaseError as error:
            self._say_fatal(_as_fatal(error))
        finally:
            self._end()

    def _say_fatal(self, error: FatalError) -> None:
        if not self.lost:
            self.output.error(error)
            self.send()
        self.instance.log_error(self.session, error)

    def _end(self) -> None:
        self.task.clear_interrupt()
        try:
            if self.session is not None:
                self.session.log.disconnected()
                self.session.close()
        finally:
            self.listener.closed(self)
            if self.transport is not None:
                self.transport.close()
            self.session = self.output = None  # which know the connection: it is in no cycle any more

    # -- startup -------------------------------------------------------------------------------------------------------
    def _start(self) -> bool:
        """False when the connection was only a cancel request."""
        deadline = self.instance.host.clock.monotonic() + self.instance.settings["authentication_timeout"]
        tls_seen = gss_seen = False
        while True:
            packet = read_startup(self.reader)
            if packet is None:
                self._wait_until(deadline)
                continue
            if isinstance(packet, SslRequest) and not tls_seen:
                tls_seen = True
                self._answer_ssl(deadline)
            elif isinstance(packet, GssRequest) and not gss_seen:
                gss_seen = True
                self.transport.write(b"N")
            elif isinstance(packet, CancelRequest):
                self.listener.cancel(packet.pid, packet.key)
                return False
            elif isinstance(packet, Startup):
                break
            else:
                raise StartupIgnored
        self._open_session(packet, deadline)
        return True

    def _wait_until(self, deadline: float) -> None:
        remaining = deadline - self.instance.host.clock.monotonic()
        try:
            if remaining <= 0:
                raise TimeoutError
            self.wait_for_more(remaining)
        except TimeoutError:
            raise FatalError("canceling authentication due to timeout", sqlstate="57014") from None

    def _answer_ssl(self, deadline: float) -> None:
        context = self.listener.tls
        if context is None:
            self.transport.write(b"N")
            return
        if self.reader.buffered:
            raise FatalError(
                "received unencrypted data after SSL request", sqlstate="08P01",
                detail="This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.",
            )  # fmt: skip
        self.use_socket(-1)
        self.transport.pause_reading()  # the client's answer is for TLS; start_tls reads on
        self.transport.write(b"S")
        self._upgrading = True
        upgrade = self.listener.loop.create_task(self._start_tls(context))
        upgrade.add_done_callback(self._tls_done)
        while self._upgrading and not self.lost:
            self._wait_until(deadline)

    async def _start_tls(self, context: Any) -> Any:
        return await self.listener.loop.start_tls(self.transport, self, context, server_side=True)

    def _tls_done(self, upgrade: Any) -> None:
        if upgrade.cancelled() or upgrade.exception() is not None:
            self._peer_closed()
            return
        self.transport = upgrade.result()
        self._upgrading = False
        self.wake()

    def _open_session(self, startup: Startup, deadline: float) -> None:
        parameters = startup.parameters
        user = parameters["user"]
        database = parameters.get("database") or user
        if startup.minor or startup.unknown_options:
            self.output.buffer.message("v", backend.protocol_negotiation(0, startup.unknown_options))
        self._admit()
        role = self._authenticate(user, database, deadline)
        self.facts = self.listener.facts_of(self, role, database)
        opened = self.instance.database_named(database, role)
        session = Session(self.instance, opened, self.facts, self.output)
        self.output.session = session
        session.task = self.task
        session.read_message = self.next_message
        session.read_copy_data = self.reader.copy_data
        self.session = session
        self.listener.register(self)
        login.admit(session, role)
        given = list(settings_of_options(parameters.get("options", "")))
        given += [(n, v) for n, v in parameters.items() if n not in ("user", "database", "options", "replication")]
        login.give_start_settings(session, given)
        self.output.buffer.take()
        self._greet(session)
        session.log.connected()

    def _admit(self) -> None:
        self.listener.admit(self)

    def _authenticate(self, user: str, database: str, deadline: float) -> Any:
        return authenticate(self, user, database, deadline)

    def _greet(self, session: Session) -> None:
        out = self.output.buffer
        out.message("R", backend.authentication(0))
        session.settings.startup.setdefault("session_authorization", self.facts.user)
        session.settings.startup["is_superuser"] = self.facts.is_superuser
        for name in STATUS_PARAMETERS:
            self.output.parameter_changed(name.lower())
        self.output.report_changes(session.settings)
        out.message("K", backend.backend_key_data(self.facts.pid, self.facts.key))
        self.output.ready("I")

    # -- messages ------------------------------------------------------------------------------------------------------
    def _serve(self) -> None:
        session = self.session
        extended = session.extended
        while True:
            try:
                message = self.next_for(session.short)
            except (ProtocolViolation, DatabaseError) as error:
                if isinstance(error, FatalError):
                    raise
                self._bad_message(error)
                continue
            letter = message[0]
            if letter == "B":
                extended.handle(extended.bind, *message[1:])
            elif letter == "E":
                extended.handle(extended.execute, message[1], message[2])
            elif letter == "S":
                extended.sync()
            elif letter == "Q":
                if not extended.skipping:
                    session.simple.query(message[1])
            elif letter == "P":
                extended.handle(extended.parse, *message[1:])
            elif letter == "D":
                step = extended.describe_statement if message[1] == "S" else extended.describe_portal
                extended.handle(step, message[2])
            elif letter == "C":
                extended.handle(extended.close, message[1], message[2])
            elif letter == "H":
                self.send()
            elif letter == "X":
                self.send()
                return
            elif letter == "F":
                if not extended.skipping:
                    function_call(session, message)
            elif letter == "p":
                raise FatalError("invalid frontend message type 112", sqlstate="08P01")
            # "d", "c", "f" outside COPY are what is left of one that failed: dropped, as PostgreSQL does

    def _bad_message(self, error: DatabaseError) -> None:
        """A message that does not say what it must: an error as of a statement; the stream itself is intact."""
        session = self.session
        letter = self.reader.letter
        if session.extended.skipping and letter != "S":
            return
        session.report_error(error)
        session.extended.skipping = letter not in ("Q", "S", "F")
        if not session.extended.skipping:
            session.output.ready(session.block.letter)


def _as_fatal(error: DatabaseError) -> FatalError:
    fatal = FatalError(error.message, sqlstate=error.sqlstate, detail=error.detail, hint=error.hint)
    return fatal
