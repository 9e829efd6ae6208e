"""A reader's way to the writer for one session: a link that carries the PostgreSQL protocol.

    writer = WriterSession(instance)
    writer.open(parameters, timeout)        returns when the writer says ReadyForQuery
    writer.send(frontend.query("begin"))
    letter, body = writer.receive()         waits for the next message
    writer.lsn                              the writer's VDL, or the session's own last commit, as of what was received
    writer.position()                       the VDL now

The link is that of readers and control plane (`door`): who knows the cluster's secret may speak for any user, whom the
reader has authenticated. A link that is lost stays lost: whatever was under way is over, and nothing is said twice.

Errors: WriterLost 08006; 08001 when no writer answers in time; the writer's own FATAL.

Not here: what is said (`session/remote.py`), the writer's side (`server/forwarded.py`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy.host import Link, waits
from aurorapy.host.frames import ProtocolError
from aurorapy.instance import messages as im
from aurorapy.storage.messages import Lsn
from aurorapy.wire import frontend

AGAIN_SECONDS = 0.1  # between attempts to find the writer
SILENT_SECONDS = 1.0  # a door that answers nothing for so long is not the writer's


class WriterLost(DatabaseError, sqlstate="08006"):
    """The session on the writer is gone, and what it had not committed with it."""


class WriterSession:
    """One session on the writer; for one task."""

    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._tasks, self._clock = instance.host.tasks, instance.host.clock
        self._link: Link | None = None
        self._reader = frontend.BackendReader()
        self._waiter: Any = None
        self.event = waits.FORWARD_CONNECT  # what its waits are counted as
        self._questions = self._answers = 0  # for the VDL: the number of the last one
        self.lsn: Lsn = 0
        self.is_lost = False

    # -- opening -----------------------------------------------------------------------------------------------------------

    def open(self, parameters: dict[str, str], timeout: float | None) -> None:
        """Tries whoever is the writer until one lets the session in."""
        deadline = None if timeout is None else self._clock.monotonic() + timeout
        while not self._try(parameters, deadline):
            if deadline is not None and self._clock.monotonic() > deadline:
                raise DatabaseError("could not connect to the writer instance: timeout expired", sqlstate="08001")
            self._tasks.sleep(AGAIN_SECONDS)

    def _try(self, parameters: dict[str, str], deadline: float | None) -> bool:
        self.close()
        self.is_lost = False
        self._reader = frontend.BackendReader()
        until = self._clock.monotonic() + SILENT_SECONDS
        if deadline is not None:
            until = min(until, deadline)
        link = self._link = self._instance.host.network.connect(self._instance.follower.address, self)
        try:
            while not link.is_up:
                self._wait(until)
            link.send(*im.encode(im.OpenSession(self._instance.settings["instance_name"])))
            self.send(frontend.startup(parameters))
            while True:
                letter, body = self._next(until)
                if letter == "E":
                    error = frontend.error_of(body)
                    raise DatabaseError(error.message, sqlstate=error.sqlstate, detail=error.detail, hint=error.hint)
                if letter == "Z":
                    return True
        except (TimeoutError, WriterLost):
            self.close()
            return False
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        link, self._link = self._link, None
        self.is_lost = True
        if link is not None:
            link.close()
        self._wake()

    # -- the link's user -----------------------------------------------------------------------------------------------------

    def link_up(self, link: Link) -> None:
        self._wake()

    def link_lost(self, link: Link) -> None:
        if link is self._link:
            self.close()

    def link_frame(self, link: Link, frame: bytes) -> None:
        if link is not self._link:
            return
        message, number = im.decode(frame)
        if type(message) is im.Forward:
            self.lsn = max(self.lsn, message.lsn)
            self._answers = max(self._answers, number)
            self._reader.feed(message.data)
        elif type(message) is im.Failed:
            self.close()
        else:
            raise ProtocolError(f"{message} on the link of a session")
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.wake()

    def _wait(self, until: float | None = None) -> None:
        if self.is_lost:
            raise WriterLost("connection to the writer instance was lost")
        waiter = self._waiter = self._tasks.waiter(self.event)
        try:
            waiter.wait(None if until is None else max(until - self._clock.monotonic(), 0.001))
        finally:
            self._waiter = None

    # -- talking -------------------------------------------------------------------------------------------------------------

    def send(self, data: bytes, as_of: Lsn = 0) -> None:
        """`as_of`: the snapshot of a transaction that begins with it."""
        if self._link is not None:
            self._link.send(*im.encode(im.Forward(as_of, data)))

    def cancel(self) -> None:
        if self._link is not None:
            self._link.send(*im.encode(im.CancelForwarded()))

    def receive(self, seconds: float | None = None) -> tuple[str, bytes]:
        """The next message. TimeoutError after so many seconds."""
        return self._next(None if seconds is None else self._clock.monotonic() + seconds)

    def _next(self, until: float | None) -> tuple[str, bytes]:
        while (message := self._reader.next()) is None:
            self._wait(until)
        return message

    def position(self) -> Lsn:
        """Everything that the writer had acknowledged when this was called is at or below it."""
        if self._link is None:
            raise WriterLost("connection to the writer instance was lost")
        number = self._questions = self._questions + 1
        self._link.send(*im.encode(im.Forward(0, b""), number))
        while self._answers < number:
            self._wait()
        return self.lsn
