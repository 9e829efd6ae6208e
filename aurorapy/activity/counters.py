"""Counters of one instance: plain attributes, so that counting is one addition.

    counters.commits += 1
    before = counters.copy(); ...; counters.since(before)["commits"] == 3

Counters that native code keeps (the pool's hits and misses) are read where they are, by `sources`. Not here: per-table
and per-statement figures.
"""

from __future__ import annotations

from typing import Callable


class Counters:
    """Totals since the instance started; nothing is kept across a restart."""

    NAMES = (
        "commits", "rollbacks", "deadlocks", "conflicts", "rows_returned", "rows_inserted", "rows_updated", "rows_deleted",
        "temp_files", "temp_bytes", "sessions", "connections_refused",
    )  # fmt: skip
    __slots__ = (*NAMES, "sources")

    def __init__(self) -> None:
        for name in self.NAMES:
            setattr(self, name, 0)
        self.sources: dict[str, Callable[[], int]] = {}

    def copy(self) -> dict[str, int]:
        """All of them now, by name, those of `sources` included."""
        values = {name: getattr(self, name) for name in self.NAMES}
        return values | {name: read() for name, read in self.sources.items()}

    def since(self, before: dict[str, int]) -> dict[str, int]:
        """What was added since `before`, an earlier copy()."""
        return {name: value - before.get(name, 0) for name, value in self.copy().items()}
