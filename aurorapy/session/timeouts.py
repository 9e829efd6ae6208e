"""Timers of one session: statement_timeout, idle_in_transaction_session_timeout, idle_session_timeout.

A timer that fires interrupts the session's task; the error is raised where the task waits or next gives way.
lock_timeout is the lock manager's own (`txn.locks`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import FatalError, QueryCanceled


class Timeouts:
    def __init__(self, session: Any) -> None:
        self._session = session
        self._tasks = session.instance.host.tasks
        self.statement: Any = None  # the running timer
        self._idle: Any = None

    def start_statement(self) -> None:
        milliseconds = self._session.settings.statement_timeout
        if milliseconds and self.statement is None:
            self.statement = self._tasks.call_later(milliseconds / 1000, self._fire_statement)

    def restart_statement(self) -> None:
        """The next statement of the same message begins."""
        if self.statement is not None or self._session.settings.statement_timeout:
            self.end_statement()
            self.start_statement()

    def _fire_statement(self) -> None:
        self.statement = None
        self._session.task.interrupt(QueryCanceled("canceling statement due to statement timeout"))

    def end_statement(self) -> None:
        if self.statement is not None:
            self.statement.cancel()
            self.statement = None

    def start_idle(self) -> None:
        """The client is about to be waited for."""
        settings = self._session.settings
        if not settings.idle_session_timeout and not settings.idle_in_transaction_timeout:
            return
        if self._session.block.explicit:
            milliseconds, state, message = (
                settings.idle_in_transaction_timeout,
                "25P03",
                "terminating connection due to idle-in-transaction timeout",
            )
        else:
            milliseconds, state, message = (
                settings.idle_session_timeout,
                "57P05",
                "terminating connection due to idle-session timeout",
            )
        if milliseconds:
            self._idle = self._tasks.call_later(milliseconds / 1000, self._fire_idle, FatalError(message, sqlstate=state))

    def _fire_idle(self, error: FatalError) -> None:
        self._idle = None
        self._session.task.interrupt(error)

    def end_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def close(self) -> None:
        self.end_statement()
        self.end_idle()
