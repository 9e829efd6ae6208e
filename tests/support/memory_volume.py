"""A volume in memory, for tests of everything that lives above storage.

It wears the real volume's name and methods (storage/volume) and keeps its promises with a dictionary: records taken from
the redo buffer are applied to pages, and the VDL moves. What it can be told to do wrong or late:

    hold()            # the VDL stays where it is: flush() only collects
    release(lsn)      # lets it move, up to `lsn` (everything by default)
    crash()           # a new volume with what was durable, as a recovery would open it; the old one is dead

    env = make_env(frames=1024)
    env.pool, env.mtr, env.redo, env.volume, env.space, env.txns
    env = env.crash()     # the same database after a power cut

Without a task loop a wait for something held back can never end: it raises RuntimeError.
"""

from __future__ import annotations

import struct

from aurorapy_native import redo as redo_native
from aurorapy_native.pool import BufferPool
from aurorapy_native.redo import RedoBuffer

ZERO_PAGE = bytes(8192)
AHEAD = 64 << 20
NOTE_FREED = 8


class MemoryVolume:
    def __init__(self, pages=None, vdl=0, position=0, group_last=None, group_pages=131072, tasks=None, log=()):
        self.group_pages = group_pages
        self.redo = RedoBuffer(group_pages, vdl, position, group_last or {})
        self.pages: dict[int, bytearray] = pages or {}
        self.vdl = vdl
        self.epoch = 1
        self.tasks = tasks
        self.held = False
        self.arrived: list[tuple[int, bytes]] = []  # records above the VDL, in LSN order
        self.log: list[bytes] = list(log)  # every durable record since the beginning
        self.reads = 0
        self.horizons: dict[str, int] = {}
        self._on_vdl = []
        self._waiters: list[tuple[int, object]] = []
        self._ends: list[tuple[int, object]] = []  # told, not woken
        self.redo.limit_lsn = self.redo.position + AHEAD
        self.redo.wait_for_room = self.wait_for_progress

    def read_page(self, page_no: int, lsn: int | None = None) -> bytes:
        self.reads += 1
        return bytes(self.pages.get(page_no, ZERO_PAGE))

    def flush(self) -> None:
        taken = []
        for group in self.redo.pending_groups():
            taken += redo_native.records(self.redo.take(group)[2])
        self.arrived += sorted(taken)
        if not self.held:
            self.release()

    def hold(self) -> None:
        self.flush()
        self.held = True

    def release(self, lsn: int | None = None) -> None:
        """The VDL moves to the last consistency point at or below `lsn`; without one everything is let through."""
        if lsn is None:
            self.held = False
            if self.redo.pending_bytes:
                return self.flush()
        points = [at for at, raw in self.arrived if raw[45] & 1 and (lsn is None or at <= lsn)]
        if points:
            self._advance(points[-1])

    def _advance(self, vdl: int) -> None:
        while self.arrived and self.arrived[0][0] <= vdl:
            _, raw = self.arrived.pop(0)
            self.log.append(raw)
            if raw[44] == 0:
                page = self.pages.setdefault(int.from_bytes(raw[40:44], "little"), bytearray(8192))
                redo_native.apply(page, raw)
            elif raw[44] == NOTE_FREED:
                for first, count in struct.iter_unpack("<II", raw[48:]):
                    for page_no in range(first, first + count):
                        self.pages.pop(page_no, None)
        self.vdl = vdl
        self.redo.limit_lsn = vdl + AHEAD
        for callback in list(self._on_vdl):
            callback(vdl)
        for lsn, end in [entry for entry in self._ends if entry[0] <= vdl]:
            self._ends.remove((lsn, end))
            end.passed(None)
        waiting, self._waiters = self._waiters, []
        for lsn, waiter in waiting:
            if lsn <= vdl:
                waiter.wake()
            else:
                self._waiters.append((lsn, waiter))

    def wait_durable(self, lsn: int) -> None:
        self.flush()
        while self.vdl < lsn:
            if self.tasks is None:
                raise RuntimeError(f"the VDL is held at {self.vdl}, {lsn} will never be durable")
            waiter = self.tasks.waiter()
            self._waiters.append((lsn, waiter))
            waiter.wait()

    def when_passed(self, lsn: int, wait) -> None:
        if lsn <= self.vdl:
            wait.passed(None)
        else:
            self._ends.append((lsn, wait))

    def wait_for_progress(self) -> None:
        self.wait_durable(self.redo.last_consistency_point)

    def on_vdl(self, callback) -> None:
        self._on_vdl.append(callback)

    def on_failure(self, callback) -> None:
        self.failed = callback

    def set_horizons(self, **horizons: int) -> None:
        self.horizons.update(horizons)

    def close(self) -> None:
        self.flush()

    def crash(self, gap: int = 1 << 20) -> MemoryVolume:
        """What a recovery opens: everything above the VDL is gone, LSNs go on `gap` bytes further up."""
        group_last: dict[int, int] = {}
        for record in self.log:
            group = 0 if record[44] else int.from_bytes(record[40:44], "little") // self.group_pages
            group_last[group] = int.from_bytes(record[8:16], "little")
        pages = {number: bytearray(page) for number, page in self.pages.items()}
        return MemoryVolume(pages, self.vdl, self.redo.position + gap, group_last, self.group_pages, self.tasks, self.log)


class MemoryHost:
    """The little of a host that buffer and transactions need when no loop runs: nothing may wait."""

    def __init__(self, tasks=None):
        self.tasks = tasks


class Environment:
    """A database of one volume, one pool, one mini-transaction; `space` and `txns` are made on first use."""

    def __init__(self, volume: MemoryVolume, frames: int, new: bool, host=None):
        from aurorapy_native.mtr import MiniTransaction

        self.host = host or MemoryHost(volume.tasks)
        self.volume = volume
        self.redo = volume.redo
        self.frames = frames
        self.pool = BufferPool(frames, volume.read_page, volume.tasks)
        self.pool.set_vdl(volume.vdl)
        self.pool.frame_waiter = volume.wait_for_progress
        volume.on_vdl(self.pool.set_vdl)
        self.mtr = MiniTransaction(self.pool, self.redo)
        self._new = new
        self._space = self._txns = None

    @property
    def space(self):
        if self._space is None:
            from aurorapy_native.space import VolumeSpace

            self._space = VolumeSpace(self.pool, self.mtr)
            self._space.create() if self._new else self._space.open()
        return self._space

    @property
    def txns(self):
        if self._txns is None:
            from aurorapy.txn import TransactionManager

            self._txns = TransactionManager(self.host, self.volume, self.pool, self.mtr, self.space)
            self._txns.create() if self._new else self._txns.open()
        return self._txns

    @property
    def status(self):
        return self.txns.status

    def storage(self, owner_kind: int = 6):
        """A new, empty relation."""
        from aurorapy_native.space import RelationStorage

        return RelationStorage.create(self.space, owner_kind)

    def crash(self) -> Environment:
        return Environment(self.volume.crash(), self.frames, False, self.host)


def make_env(frames: int = 2048, tasks=None, host=None) -> Environment:
    tasks = tasks or (host.tasks if host else None)
    return Environment(MemoryVolume(tasks=tasks), frames, True, host)
