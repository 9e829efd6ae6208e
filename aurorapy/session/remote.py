"""What a reader's session says to its session on the writer.

    remote = RemoteSession(session)
    remote.begin("repeatable read", as_of)              said with the first statement, in one message: what fails to begin
    remote.run(Asked(text, …), take)                    is not run
    remote.commit()  →  LSN that holds everything      remote.abort()

A statement goes as Parse, Bind, Describe, Execute, Sync; rows come a thousand at a time, so that a slow client stops the
writer. Before it the settings of this session that the other one does not have yet.

    cancel, statement_timeout      told to the writer, whose answer is waited for; after COMMIT was said it is too late
    the writer is lost             08006, and the transaction with it; 08007 when COMMIT had been said

Nothing is ever said again by itself.

Errors: those of the writer, as it words them; its FATAL ends the transaction, not the client.

Not here: what is forwarded (`forwarding`), the link (`instance.forward`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.config import SETTINGS
from aurorapy.errors import DatabaseError, FatalError
from aurorapy.host import waits
from aurorapy.instance.forward import WriterLost, WriterSession
from aurorapy.records import dataclass, field
from aurorapy.wire import frontend

ROWS_AT_ONCE = 1000
PATIENCE_SECONDS = 5.0  # with a writer that is told to stop
NOT_DONE = "Nothing that the transaction did has been kept."
UNKNOWN = "It is not known whether the transaction was committed."
_OWN = ("role", "session_authorization", "is_superuser", "statement_timeout", "idle_session_timeout",
        "idle_in_transaction_session_timeout")  # fmt: skip
_ROLES = {"role": "role", "session_authorization": "session authorization"}  # in the order in which they are reset


@dataclass(slots=True)
class Asked:
    """One execution of one statement. `offset`: where its text stands in the client's."""

    text: str
    offset: int = 0
    type_oids: list[int] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)  # binary
    result_formats: list[int] = field(default_factory=list)
    portal: str = ""
    limit: int = 0


class RemoteSession:
    """One session's, kept between transactions."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._writer: WriterSession | None = None
        self._sent: dict[str, str] = {}  # settings that the session there has been given
        self._sent_before: dict[str, str] = {}  # when its transaction began: what a rollback there goes back to
        self._begin = b""  # said with the next statement
        self._as_of = 0

    @property
    def is_lost(self) -> bool:
        return self._writer is None or self._writer.is_lost

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    # -- transactions ------------------------------------------------------------------------------------------------------
    def begin(self, isolation: str, as_of: int) -> None:
        self._need_writer()
        self._give_settings()
        self._sent_before = dict(self._sent)
        text = f"begin isolation level {isolation} read write"
        self._begin = frontend.parse("", text, []) + frontend.bind("", "", [], [], []) + frontend.execute("", 0)
        self._as_of = as_of

    def commit(self) -> int:
        if self._begin:  # nothing was said yet
            self._begin = b""
            return 0
        writer = self._writer
        if writer.is_lost:
            raise WriterLost("connection to the writer instance was lost", detail=NOT_DONE)
        writer.event = waits.FORWARD_COMMIT
        writer.send(frontend.query("commit"))
        error = None
        tag = b""
        try:
            while (message := self._receive_whatever())[0] != "Z":
                if message[0] == "E":
                    error = frontend.error_of(message[1])
                    if isinstance(error, FatalError):
                        raise WriterLost(error.message)
                elif message[0] == "C":
                    tag = message[1]
        except WriterLost as lost:
            writer.close()
            raise DatabaseError(lost.message, sqlstate="08007", detail=UNKNOWN) from None
        if error is None and not tag.startswith(b"COMMIT"):
            error = DatabaseError("the transaction was rolled back by the writer instance", sqlstate="40000")
        if error is not None:
            self._sent = self._sent_before
            raise error
        return writer.lsn

    def _receive_whatever(self) -> tuple[str, bytes]:
        """The next message, although the session is told to stop."""
        while True:
            try:
                return self._writer.receive()
            except (FatalError, WriterLost):
                raise
            except DatabaseError:
                continue

    def abort(self) -> None:
        """Never fails: a writer that does not answer loses the connection, and so the transaction."""
        began, self._begin = not self._begin, b""
        self._sent = self._sent_before
        if not began or self.is_lost:
            return
        self._writer.event = waits.FORWARD_ABORT
        self._writer.send(frontend.query("rollback"))
        self._until_ready()

    # -- statements --------------------------------------------------------------------------------------------------------
    def run(self, asked: Asked, take: Callable[[str, bytes], None]) -> None:
        """`take` is given everything that is said about the rows and the tag."""
        if self.is_lost:
            raise WriterLost("connection to the writer instance was lost", detail=NOT_DONE)
        if not self._begin:
            self._give_settings()
        begin, self._begin = self._begin, b""
        said = [begin, frontend.parse("", asked.text, asked.type_oids)]
        said.append(frontend.bind(asked.portal, "", [1], asked.values, asked.result_formats))
        said += frontend.describe_portal(asked.portal), self._execute(asked), frontend.SYNC
        tags_to_skip = [1] if begin else []

        def after_begin(letter: str, body: bytes) -> None:
            if tags_to_skip and letter == "C":
                tags_to_skip.pop()
            else:
                take(letter, body)

        self._ask(b"".join(said), after_begin, asked.offset)

    def go_on(self, asked: Asked, take: Callable[[str, bytes], None]) -> None:
        """More rows of a portal that was suspended."""
        self._ask(self._execute(asked) + frontend.SYNC, take, asked.offset)

    @staticmethod
    def _execute(asked: Asked) -> bytes:
        return frontend.execute(asked.portal, asked.limit or ROWS_AT_ONCE)

    def position(self) -> int:
        """Everything that the writer had acknowledged when this was called is at or below it."""
        self._need_writer()
        self._writer.event = waits.FORWARD_POSITION
        return self._writer.position()

    # -- talking -----------------------------------------------------------------------------------------------------------
    def _ask(self, said: bytes, take: Callable[[str, bytes], None], offset: int = 0) -> None:
        writer = self._writer
        as_of, self._as_of = self._as_of, 0
        error = None
        writer.event = waits.FORWARD_START if as_of else waits.FORWARD_EXECUTE
        writer.send(said, as_of)
        try:
            while (message := writer.receive())[0] != "Z":
                letter, body = message
                if letter == "E":
                    error = frontend.error_of(body, offset)
                    if isinstance(error, FatalError):
                        writer.close()
                        error = DatabaseError(error.message, sqlstate=error.sqlstate, detail=NOT_DONE)
                        break
                elif letter == "N":
                    self._session.output.buffer.message("N", body)
                else:
                    take(letter, body)
        except WriterLost as lost:
            lost.detail = NOT_DONE
            raise
        except FatalError:
            writer.close()
            raise
        except DatabaseError:
            writer.cancel()
            self._until_ready()
            raise
        except BaseException:
            writer.close()
            raise
        if error is not None:
            raise error

    def _until_ready(self) -> None:
        """The rest of an answer that nobody wants."""
        clock = self._session.instance.host.clock
        until = clock.monotonic() + PATIENCE_SECONDS
        try:
            while self._writer.receive(max(until - clock.monotonic(), 0.001))[0] != "Z":
                pass
        except (DatabaseError, TimeoutError):
            self._writer.close()
        except BaseException:
            self._writer.close()
            raise

    # -- the session there ---------------------------------------------------------------------------------------------------
    def _need_writer(self) -> None:
        if not self.is_lost:
            return
        session = self._session
        settings = session.settings
        self._sent = self._sent_before = {}
        parameters = {"user": session.facts.authenticated[0], "database": session.facts.database}
        parameters |= {"role": "none", "statement_timeout": "0"}  # whatever is kept for the role: this session's count
        for name in ("idle_session_timeout", "idle_in_transaction_session_timeout"):
            parameters[name] = str(settings[f"apg_write_forward.{name}"])
        self._writer = WriterSession(session.instance)
        self._writer.open(parameters, settings["apg_write_forward.connect_timeout"] or None)

    def _give_settings(self) -> None:
        wanted, sent = self._wanted_settings(), self._sent
        if wanted == sent:
            return
        said = [f"reset {_ROLES[name]}" for name in _ROLES if name in sent]
        said += [f"set {quoted(name)} to default" for name in sent if name not in wanted and name not in _ROLES]
        said += [f"set {quoted(name)} to {text}" for name, text in wanted.items() if name not in _OWN and sent.get(name) != text]
        said += [f"set {_ROLES[name]} {wanted[name]}" for name in reversed(_ROLES) if name in wanted]
        self._ask(frontend.query("; ".join(said)), lambda letter, body: None)
        self._sent = wanted

    def _wanted_settings(self) -> dict[str, str]:
        """What this session was told, by its client or at its start, that matters to statements."""
        settings, is_superuser = self._session.settings, self._session.facts.authenticated[1]
        found = {}
        for name in (*settings.startup, *settings.values):
            if name in _OWN or name.startswith(("transaction_", "default_transaction_", "apg_write_forward.")):
                continue
            setting = SETTINGS.get(name)
            if setting is None:
                found[name] = literal(str(settings[name]))
            elif setting.context == "user" or setting.context == "superuser" and (is_superuser or name in settings.values):
                text = setting.show(settings[name])
                found[name] = text if setting.list_of_names else literal(text)
        facts = self._session.facts
        if facts.user != facts.authenticated[0]:
            found["session_authorization"] = identifier(facts.user)
        if facts.current_user != facts.user:
            found["role"] = identifier(facts.current_user)
        return found


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def quoted(name: str) -> str:
    return ".".join(map(identifier, name.split(".")))
