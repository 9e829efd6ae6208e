"""Storage made and dropped with transactions.

What a transaction makes is taken back when it rolls back; what it drops is given back when its commit is durable, under
that commit's LSN, so that nobody who still reads it loses it. After a crash, extents whose relation has no committed
pg_class row are found and freed (`reclaim`).

Once no snapshot can need them any more, storage is told to let go of the pages (`VolumeSpace.release`): a task looks once a
second while there is something to wait for.

Not here: pg_class (`execute.ddl`), extents (`aurorapy_native.space`).
"""

from __future__ import annotations

import struct
from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy.host.tasks import TaskExit
from aurorapy_native.space import RelationStorage

NOTE_DROPPED = 3
RELEASE_SECONDS = 1.0
KINDS = {"r": 6, "t": 6, "i": 7, "S": 9}  # relkind → page kind


class StorageJobs:
    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._releasing: Any = None  # the task that waits for the prune horizon

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
        self.start()

    # -- giving space back ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Free extents are given back to storage when that may be."""
        if self._releasing is None and not self._instance.closing and self._instance.space.unreleased():
            self._releasing = self._instance.host.tasks.spawn(self._release, name="release space")

    def stop(self) -> None:
        if self._releasing is not None:
            self._releasing.interrupt(Stopped())
            self._releasing = None

    def _release(self) -> None:
        instance = self._instance
        try:
            while instance.space.unreleased():
                instance.host.tasks.sleep(RELEASE_SECONDS)
                instance.space.release()
        except Stopped:
            return
        except DatabaseError as error:  # the volume has failed: the next opening goes on
            instance.log.warning("space not given back", error=str(error))
        self._releasing = None


class Stopped(TaskExit):
    """Ends the task."""
