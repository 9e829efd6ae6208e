"""INSERT of many rows: they collect in a batch, which the table takes a page and an index leaf at a time.

    def fill(batch, add):                      generated
        for (c1_1,) in ...:
            row = (c1_1, 7)
            if not add(row): tab.insert_over(txn, batch, row)

Rows go in order: when making a row fails, the rows before it are inserted first, since their errors come first.

Not here: batches of text (`plain`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DatabaseError, FatalError, QueryCanceled


def insert(txn: Any, table: Any, fill: Callable[[Any, Callable[[tuple], bool]], int]) -> int:
    """Runs `fill` and inserts what is left in its batch. Returns how many rows there were."""
    batch = table.new_batch()
    try:
        count = fill(batch, batch.append)
    except DatabaseError as error:
        if not isinstance(error, QueryCanceled | FatalError):
            table.insert_batch(txn, batch)
        raise
    table.insert_batch(txn, batch)
    return count
