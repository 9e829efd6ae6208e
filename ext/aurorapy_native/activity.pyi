"""One session's entry in pg_stat_activity: stub of activity.pyx, which holds the chapter."""

from typing import Any

class SessionActivity:
    facts: Any
    state: str
    query: str
    since: int
    query_start: int
    application_name: str
    is_running: bool
    def __init__(self, facts: Any, now_us: int) -> None: ...
    def running(self, query: str, now_us: int) -> None:
        """A statement starts. now_us: microseconds since 2000."""
    def idle(self, letter: str) -> None:
        """The client is waited for, with the transaction status of ReadyForQuery."""

class DatabaseActivity:
    """One database's statements and commits since the instance started."""

    commits: int
    commit_seconds: float
    def ran(self, kind: str, seconds: float) -> None:
        """A statement has come to its end."""

    def committed(self, seconds: float) -> None:
        """From COMMIT to its answer."""

    def statements(self) -> list[tuple[int, int]]:
        """(how many, microseconds) of SELECT, INSERT, UPDATE and DELETE."""
