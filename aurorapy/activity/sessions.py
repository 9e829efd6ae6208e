"""Who is doing what: one entry a session, read by pg_stat_activity.

    entry = activities.register(facts)
    entry.running("SELECT …") … entry.idle("I")

Not here: what a session waits for (`activity.waits`).
"""

from __future__ import annotations

from typing import Any

_STATES = {"I": "idle", "T": "idle in transaction", "E": "idle in transaction (aborted)"}


class SessionActivity:
    __slots__ = ("facts", "state", "query", "since", "query_start", "application_name", "is_running", "_clock")

    def __init__(self, facts: Any, clock: Any) -> None:
        self.facts = facts
        self.state = "idle"
        self.query = ""
        self.since = self.query_start = clock.wall_us()
        self.application_name = ""
        self.is_running = False
        self._clock = clock

    def running(self, query: str, now_us: int) -> None:
        """A statement starts."""
        self.is_running = True
        self.state = "active"
        self.query = query
        self.query_start = self.since = now_us

    def idle(self, letter: str) -> None:
        """The client is waited for, with the transaction status of ReadyForQuery."""
        self.is_running = False
        self.state = _STATES[letter]

    def waiting_for_client_ended(self) -> None:
        """A message arrived; what it asks will say `running`."""


class SessionActivities:
    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self.entries: dict[int, SessionActivity] = {}  # by pid

    def register(self, facts: Any) -> SessionActivity:
        entry = self.entries[facts.pid] = SessionActivity(facts, self._clock)
        return entry

    def unregister(self, entry: SessionActivity) -> None:
        self.entries.pop(entry.facts.pid, None)
