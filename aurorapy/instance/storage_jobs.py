"""Storage made and dropped with transactions.

What a transaction makes is taken back when it rolls back; what it drops is given back when its commit is durable, under
that commit's LSN, so that nobody who still reads it loses it. After a crash, extents whose relation has no committed
pg_class row are found and freed (`reclaim`).

Not here: pg_class (`execute.ddl`), extents (`aurorapy_native.space`).
"""

from __future__ import annotations

import struct
from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy_native.space import RelationStorage

NOTE_DROPPED = 3
KINDS = {"r": 6, "t": 6, "i": 7, "S": 9}  # relkind → page kind


class StorageJobs:
    def __init__(self, instance: Any) -> None:
        self._instance = instance

    def create(self, transaction: Any, relkind: str) -> int:
        """A new relation's map page."""
        storage = RelationStorage.create(self._instance.space, KINDS[relkind])
        root = storage.root
        transaction.after_abort.append(lambda: self.free(root))
        return root

    def drop_at_commit(self, transaction: Any, root: int) -> None:
        transaction.add_note(NOTE_DROPPED, struct.pack("<I", root))
        transaction.after_commit.append(lambda: self.free(root, transaction.commit_lsn))

    def free(self, root: int, lsn: int | None = None) -> None:
        """Gives the storage back, in a task of its own. `lsn`: nobody who reads at or above it needs the pages."""
        instance = self._instance
        instance.forget_storage(root)
        instance.host.tasks.spawn(self._drop, root, lsn, name=f"drop storage {root}")

    def _drop(self, root: int, lsn: int | None) -> None:
        instance = self._instance
        if instance.closing:
            return
        try:
            RelationStorage.open(instance.space, root).drop(lsn)
        except DatabaseError as error:  # nobody can wait for it; the next opening finds the pages
            instance.log.warning("storage not freed", root=root, error=str(error))
