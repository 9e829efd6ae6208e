"""Who is doing what: one entry a session, read by pg_stat_activity.

    entry = activities.register(facts)
    entry.running("SELECT …") … entry.idle("I")

Not here: what a session waits for (`activity.waits`).
"""

from __future__ import annotations

from typing import Any

from aurorapy_native.activity import SessionActivity


class SessionActivities:
    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self.entries: dict[int, SessionActivity] = {}  # by pid

    def register(self, facts: Any) -> SessionActivity:
        entry = self.entries[facts.pid] = SessionActivity(facts, self._clock.wall_us())
        return entry

    def unregister(self, entry: SessionActivity) -> None:
        self.entries.pop(entry.facts.pid, None)
