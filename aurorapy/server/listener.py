"""The listening sockets of one instance: accepts clients, knows them by pid, shuts down.

Shutdown as PostgreSQL's: `smart` takes no new clients and waits for the others, `fast` ends them with 57P01.

Errors: FatalError 53300 when there are too many clients, 57P03 while shutting down.
"""

from __future__ import annotations

import ssl
from typing import Any

from aurorapy.errors import FatalError, QueryCanceled
from aurorapy.server.connection import Connection
from aurorapy.session.context import SessionFacts
from aurorapy.session.recovery import lost_snapshot

BACKLOG = 1024
PID_BITS = 22  # above them: the instance's number, so that a cancel finds its way through an endpoint
PID_FIRST = 1000
DRAIN_LOOK_SECONDS = 0.005


class Listener:
    def __init__(self, instance: Any, loop: Any) -> None:
        self.instance = instance
        self.loop = loop
        self.connections: set[Connection] = set()
        self.by_pid: dict[int, Connection] = {}
        self.tls: ssl.SSLContext | None = None
        self.shutting_down = False
        self._servers: list[Any] = []
        self._pid_base = instance.settings["instance_number"] << PID_BITS
        self._next_pid = PID_FIRST
        self._all_gone: Any = None
        instance.backends = self
        instance.on_promoted.append(self._promoted)

    async def open(self, host: str, port: int) -> int:
        """Starts listening; returns the port (useful when 0 was asked for)."""
        if self.instance.settings["ssl"]:
            self.tls = tls_context(self.instance.settings)
        server = await self.loop.create_server(lambda: Connection(self.instance.host.tasks, self), host, port, backlog=BACKLOG, reuse_address=True)
        self._servers.append(server)
        return server.sockets[0].getsockname()[1]

    # -- connections ---------------------------------------------------------------------------------------------------
    def opened(self, connection: Connection) -> None:
        self.connections.add(connection)

    def closed(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if connection.facts is not None:
            self.by_pid.pop(connection.facts.pid, None)
        if not self.connections and self._all_gone is not None and not self._all_gone.done():
            self._all_gone.set_result(None)

    def admit(self, connection: Connection) -> None:
        if self.shutting_down:
            raise FatalError("the database system is shutting down", sqlstate="57P03")
        if len(self.by_pid) >= self.instance.settings["max_connections"]:
            raise FatalError("sorry, too many clients already", sqlstate="53300")

    def facts_of(self, connection: Connection, role: Any, database: str) -> SessionFacts:
        if not role.is_superuser:
            free = self.instance.settings["max_connections"] - len(self.by_pid)
            if free <= self.instance.settings["superuser_reserved_connections"]:
                raise FatalError(
                    "remaining connection slots are reserved for non-replication superuser connections", sqlstate="53300"
                )
        random = self.instance.host.random
        transport = connection.transport
        return SessionFacts(
            pid=self._new_pid(),
            key=int.from_bytes(random.bytes(4), "big"),
            user=role.name,
            user_oid=role.oid,
            is_superuser=role.is_superuser,
            database=database,
            client_address=(transport.get_extra_info("peername") or ("", 0))[:2],
            server_address=(transport.get_extra_info("sockname") or ("", 0))[:2],
            start_us=self.instance.host.clock.wall_us(),
        )

    def _new_pid(self) -> int:
        while True:
            self._next_pid += 1
            if self._next_pid >> PID_BITS:
                self._next_pid = PID_FIRST
            pid = self._pid_base | self._next_pid
            if pid not in self.by_pid:
                return pid

    def register(self, connection: Connection) -> None:
        self.by_pid[connection.facts.pid] = connection

    def _promoted(self) -> None:
        for connection in self.by_pid.values():
            if connection.session is not None:
                connection.session.promoted()

    # -- what sessions and clients ask of other sessions ---------------------------------------------------------------
    def cancel(self, pid: int, key: int | None = None) -> bool:
        """CancelRequest, or pg_cancel_backend when `key` is None. A wrong key is ignored silently."""
        connection = self.by_pid.get(pid)
        if connection is None or (key is not None and connection.facts.key != key):
            return False
        if connection.session is not None and connection.session.activity.is_running:
            connection.task.interrupt(QueryCanceled("canceling statement due to user request"))
        return True

    def terminate(self, pid: int) -> bool:
        connection = self.by_pid.get(pid)
        if connection is None:
            return False
        connection.task.interrupt(FatalError("terminating connection due to administrator command", sqlstate="57P01"))
        return True

    def conflict(self, pid: int) -> None:
        """Rows that the session's snapshot needs are about to be removed."""
        connection = self.by_pid.get(pid)
        if connection is None or connection.session is None:
            return
        connection.task.interrupt(lost_snapshot(in_statement=connection.session.activity.is_running))

    def blocking(self, pid: int) -> list[int]:
        connection = self.by_pid.get(pid)
        return self.instance.blocking_pids(connection.session) if connection and connection.session else []

    # -- shutdown ------------------------------------------------------------------------------------------------------
    async def close(self, fast: bool) -> None:
        """Stops listening and returns when every client is gone; `fast` ends them."""
        self.shutting_down = True
        for server in self._servers:
            server.close()
        if fast:
            self.end_clients()
        if self.connections:
            if self._all_gone is None:
                self._all_gone = self.loop.create_future()
            await self._all_gone

    def drain(self, seconds: float) -> None:
        """No new clients, no new transactions; those that run may end for so long. Returns when every client is gone. For
        a task."""
        self.shutting_down = True
        for server in self._servers:
            server.close()
        tasks, clock = self.instance.host.tasks, self.instance.host.clock
        deadline = clock.monotonic() + seconds
        while self.connections:
            late = clock.monotonic() > deadline
            for connection in list(self.connections):
                if late or _between_transactions(connection):
                    connection.task.interrupt(FatalError("terminating connection due to administrator command", sqlstate="57P01"))
            tasks.sleep(DRAIN_LOOK_SECONDS)

    def end_clients(self, reason: str = "terminating connection due to administrator command") -> None:
        for connection in list(self.connections):
            connection.task.interrupt(FatalError(reason, sqlstate="57P01"))


def _between_transactions(connection: Connection) -> bool:
    session = connection.session
    return session is None or (session.block.letter == "I" and not session.activity.is_running)


def tls_context(settings: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings["ssl_cert_file"], settings["ssl_key_file"] or None)
    return context
