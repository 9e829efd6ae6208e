"""What one session writes to the server's log because a setting asks for it.

    log_connections, log_disconnections     "connection authorized", "disconnection"
    log_statement = ddl | mod | all         "statement", before it runs
    log_min_duration_statement = 250        "duration", of those that took as long (milliseconds; 0 is all, -1 none)

While a statement may have to be logged, messages take the general way and none the short path (`short_path.closed`):
nothing is asked of a setting there. A statement that gives a role its password is logged by its tag alone.

Not here: errors (`Instance.log_error`), the log itself (`server.logs`).
"""

from __future__ import annotations

from typing import Any, Iterable

from aurorapy.execute import ddl
from aurorapy.sql import statements as s

_HIDDEN = "<a password is given>"


class SessionLog:
    def __init__(self, session: Any) -> None:
        self._session = session
        self._text = ""  # of the statement that runs, as it may be shown
        self.settings_changed()

    def settings_changed(self) -> None:
        settings = self._session.settings
        self._which: str = settings["log_statement"]
        self._slow_ms: int = settings["log_min_duration_statement"]
        self.has_statements = self._which != "none" or self._slow_ms >= 0

    # -- connections ---------------------------------------------------------------------------------------------------
    def connected(self) -> None:
        if self._session.settings["log_connections"]:
            self._write("connection authorized", application_name=self._session.settings["application_name"])

    def disconnected(self) -> None:
        if self._session.settings["log_disconnections"]:
            started = self._session.facts.start_us
            self._write("disconnection", session_seconds=round((self._session.eval.wall_us() - started) / 1e6, 3))

    # -- statements ----------------------------------------------------------------------------------------------------
    def begun(self, text: str, statements: Iterable[s.Statement]) -> None:
        """The text of a Query, or of an Execute, and what it says; asked only when `has_statements`."""
        statements = list(statements)
        secret = next((each.tag for each in statements if _gives_password(each)), None)
        self._text = text if secret is None else f"{secret} {_HIDDEN}"
        if self._which != "none" and any(_is_logged(each, self._which) for each in statements):
            self._write("statement", statement=self._text)

    def ended(self) -> None:
        """It ran without an error."""
        text, self._text = self._text, ""
        took = (self._session.eval.wall_us() - self._session.eval.statement_us) / 1000
        if text and 0 <= self._slow_ms <= took:
            self._write("duration", ms=round(took, 3), statement=text)

    def failed(self) -> None:
        self._text = ""

    def _write(self, event: str, **fields: Any) -> None:
        facts = self._session.facts
        client = facts.client_address
        at = f"{client[0]}:{client[1]}" if client and client[0] else "local"
        self._session.instance.log.info(event, pid=facts.pid, user=facts.user, database=facts.database, client=at, **fields)


def _is_logged(statement: s.Statement, which: str) -> bool:
    """By log_statement: ddl are definitions, mod also what changes rows, all is all."""
    if which == "all" or ddl.is_definition(statement):
        return True
    if which == "ddl":
        return False
    if isinstance(statement, s.QueryStatement):
        return statement.kind != "select"
    return isinstance(statement, s.Truncate) or isinstance(statement, s.Copy) and statement.is_from


def _gives_password(statement: s.Statement) -> bool:
    return isinstance(statement, (s.CreateRole, s.AlterRole)) and "password" in statement.options
