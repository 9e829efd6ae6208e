"""LISTEN and NOTIFY within one database: a notification goes out when its transaction commits, once per distinct payload.

A listener hears it when it is next idle (PostgreSQL manual, NOTIFY). Nothing is kept for those who do not listen yet.
"""

from __future__ import annotations

from typing import Any


class Channels:
    def __init__(self) -> None:
        self._listeners: dict[str, set[Any]] = {}
        self.pending: dict[Any, list[tuple[int, str, str]]] = {}  # session → notifications it has not been told
        self._queued: dict[Any, list[tuple[str, str]]] = {}  # transaction → its notifications

    def apply(self, session: Any, statement: Any) -> None:
        """LISTEN, UNLISTEN, NOTIFY; in effect at commit."""
        transaction = session.transaction
        if statement.action == "notify":
            self.queue(session, statement.channel, statement.payload)
        elif statement.action == "listen":
            transaction.after_commit.append(lambda: self._listen(session, statement.channel))
        else:
            transaction.after_commit.append(lambda: self._unlisten(session, statement.channel))

    def queue(self, session: Any, channel: str, payload: str) -> None:
        transaction, pid, database = session.transaction, session.facts.pid, session.database
        queued = self._queued.get(transaction)
        if queued is None:
            queued = self._queued[transaction] = []
            transaction.after_commit.append(lambda: self._deliver(transaction, pid, database))
            transaction.after_abort.append(lambda: self._queued.pop(transaction, None))
        if (channel, payload) not in queued:
            queued.append((channel, payload))

    def _deliver(self, transaction: Any, pid: int, database: Any) -> None:
        for channel, payload in self._queued.pop(transaction, ()):
            for listener in list(self._listeners.get(channel, ())):
                if listener.database is not database:
                    continue
                self.pending.setdefault(listener, []).append((pid, channel, payload))
                listener.notified()

    def _listen(self, session: Any, channel: str) -> None:
        if not session.is_closed:  # it may have left before its commit was durable
            self._listeners.setdefault(channel, set()).add(session)

    def _unlisten(self, session: Any, channel: str | None) -> None:
        for name, listeners in list(self._listeners.items()):
            if channel is None or name == channel:
                listeners.discard(session)
                if not listeners:
                    del self._listeners[name]

    def waiting(self, session: Any) -> bool:
        return session in self.pending

    def take(self, session: Any) -> list[tuple[int, str, str]]:
        """(pid, channel, payload) that wait for the session."""
        return self.pending.pop(session, [])

    def listening(self, session: Any) -> list[str]:
        return sorted(name for name, listeners in self._listeners.items() if session in listeners)

    def close(self, session: Any) -> None:
        self._unlisten(session, None)
        self.pending.pop(session, None)
