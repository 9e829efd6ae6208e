"""A reader becomes the writer, with the pages it has and the sessions it serves.

    stream ends         from here on the volume says what there is
    fence, ask, decide  recovery: the VDL of the dead writer, not below the one that was heard here
    catch up            the records up to that VDL, from the volume: pages, mirrors, commits, catalog
    take over           ids of the dead writer that did not commit are aborted; the log goes on above the truncated range
    truncate … open     the first session writes once a write quorum has answered

Between decision and take-over nothing is visible that the dead writer did not make durable, and nothing of that is
missing. Sessions keep their transactions, which stay read-only to their end; the next ones may write. Pages that the dead
writer had taken for relations it did not commit are given back when the volume is opened anew.

Errors: what recovery raises; after the fence the instance is of no use as a reader either, and fails: the supervisor
starts it again.

Not here: recovery's steps (`storage.volume.recovery`), who is promoted (`cluster`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.buffer import FRAMES_LEAST
from aurorapy.errors import DatabaseError
from aurorapy.instance.reader import TooFar
from aurorapy.storage.messages import Epoch, Lsn

LOOK_SECONDS = 0.01


def promote(instance: Any) -> tuple[Epoch, Lsn]:
    """Returns when the first session may write. May switch, for as long as recovery takes."""
    volume, follower = instance.volume, instance.follower
    if not instance.is_reader:
        return volume.epoch, volume.vdl
    if instance.pool.frames < FRAMES_LEAST:
        raise DatabaseError(f"a writer needs at least {FRAMES_LEAST} pages of shared_buffers")
    if follower.is_stopped:
        raise DatabaseError("this instance is being promoted already")
    follower.stop()
    try:
        recovery, decided = volume.decide()
        records = follower.missing_records(decided.group_last)
        if records is None:
            raise TooFar("this reader is too far behind its writer to take its place")
        follower.applied(records, decided.vdl, decided.group_last, decided.epoch)
        instance.space.open()
        instance.take_over()
        volume.begin_to_write(decided)
        volume.open_for_writes(recovery, decided)
    except DatabaseError as error:
        volume.fail(error)
        raise
    while not volume.is_open and volume.failure is None:
        instance.host.tasks.sleep(LOOK_SECONDS)
    if volume.failure is not None:
        raise volume.failure
    instance.begin_to_write()
    return volume.epoch, volume.vdl
