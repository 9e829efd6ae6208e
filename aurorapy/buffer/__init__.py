"""The page pool: which page of the volume is in memory.

    pool = make_pool(frames=16384, volume=volume, tasks=host.tasks)
    mtr = MiniTransaction(pool, volume.redo)

The pool itself is native (aurorapy_native.pool): fixed frames in one mapped region, a page table, a clock. It reads
through the volume, at the newest durable state, and forgets pages that are unpinned and at or below the VDL. It never
writes a page; changes go through mini-transactions (aurorapy_native.mtr), which put them into the log.

Errors: ResourceError 53200 when every frame is pinned, or dirty above a VDL that does not move.

Not here: what pages mean, which relation they belong to (aurorapy_native.space).
"""

from __future__ import annotations

from typing import Any

from aurorapy.buffer.read_ahead import ReadAhead
from aurorapy_native.mtr import MiniTransaction
from aurorapy_native.pool import BufferPool

__all__ = ["BufferPool", "MiniTransaction", "make_pool"]

FRAMES_LEAST = 256  # a mini-transaction pins up to 64; several may be on their way to theirs


def make_pool(frames: int, volume: Any, tasks: Any) -> BufferPool:
    """A pool of `frames` pages, reading from the volume and told of its VDL."""
    pool = BufferPool(frames if volume.follows else max(frames, FRAMES_LEAST), volume.read_page, tasks)

    def wait_for_frame() -> None:
        target = volume.redo.last_consistency_point
        if volume.vdl >= target:
            tasks.sleep(0)  # nothing is above the VDL: frames are pinned by fetches, which end by themselves
        else:
            volume.wait_durable(target)

    if volume.is_far:
        pool.reader = ReadAhead(tasks, pool.fetch, volume.read_page, pool.frames).read
    pool.frame_waiter = wait_for_frame
    pool.set_vdl(volume.vdl)
    volume.on_vdl(pool.set_vdl)
    return pool
