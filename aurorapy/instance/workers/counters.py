"""How many rows changed in each table since it was looked after, kept over an orderly stop.

    {"17203": [5, 16384, 1200, 4100]}      by map page: database, relation, dead rows, changed rows

The counts live in the opened tables. A stop writes them to a file beside the volume; the next start reads it and takes
it away at once, so that a crash later does not find counts of another time: after a crash they begin at zero, as
PostgreSQL's do.

Errors: none; counts that cannot be written or read are lost, which costs a late vacuum.
"""

from __future__ import annotations

import json
from typing import Any, Iterable

PATH = "table-counters"


class TableCounters:
    """What the predecessor counted, until the tables are opened again."""

    def __init__(self, disk: Any) -> None:
        self._disk = disk
        self._waiting: dict[int, tuple[int, int, int, int]] = {}

    def load(self) -> None:
        disk = self._disk
        try:
            if disk.exists(PATH):
                file = disk.open(PATH)
                found = json.loads(file.pread(file.size(), 0))
                file.close()
                disk.remove(PATH)
                self._waiting = {int(root): tuple(counts) for root, counts in found.items()}
        except (OSError, ValueError):
            self._waiting = {}

    def save(self, opened: Iterable[tuple[int, int, int, Any]]) -> None:
        """opened: (database, map page, relation, table) of every opened table."""
        counts = dict(self._waiting)
        for database, root, relation, table in opened:
            if table.dead_rows or table.changed_rows:
                counts[root] = (database, relation, table.dead_rows, table.changed_rows)
        if not counts:
            return
        try:
            file = self._disk.open(PATH, create=True)
            file.truncate(0)
            file.pwrite(json.dumps(counts).encode(), 0)
            file.close()
        except OSError:
            pass

    def hand_over(self, root: int, table: Any) -> None:
        """To a table that has just been opened."""
        found = self._waiting.pop(root, None)
        if found is not None:
            table.dead_rows, table.changed_rows = found[2:]

    def waiting(self, database: int) -> list[int]:
        """Relations of a database that nobody has opened yet."""
        return [relation for owner, relation, _, _ in self._waiting.values() if owner == database]
