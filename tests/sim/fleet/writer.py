"""The writer process of a simulated fleet: opens the volume, changes random pages, reads them back, and tells the history.

    writer_main(process, world)      until it is superseded, its volume fails, or it is stopped

Errors: Violation for a page with other bytes than the history says; what a storm may cause (IoError, Unreachable, too old
a snapshot) is counted and passed over.

Not here: what must hold between writers (`history`), who starts them (`world`).
"""

from __future__ import annotations

import random
from typing import Any, Callable

from aurorapy.errors import DatabaseError, DataCorrupted, IoError
from aurorapy.storage.volume.volume import Volume
from aurorapy_native.retry import Retry

from tests.sim.fleet import parts
from tests.sim.fleet.history import Branch
from tests.sim.fleet.hosts import Process
from tests.sim.storage import Violation, free_some, random_changes

TOO_OLD = "72000"


class Writer:
    """One life of a writer."""

    def __init__(self, world: Any, process: Process, controlled: Any = None) -> None:
        self.world, self.process, self.controlled = world, process, controlled
        self.volume: Volume | None = None
        self.branch: Branch | None = None
        self.door: Any = None  # where its readers come in
        self.ended = False

    # -- life ------------------------------------------------------------------------------------------------------------
    def run(self, process: Process) -> None:
        self._run(process, self._open)

    def run_open(self) -> None:
        """With a volume that somebody has opened."""
        self._run(self.process, lambda: None)

    def _run(self, process: Process, begin: Callable[[], None]) -> None:
        try:
            begin()
            self._work()
        except parts.Superseded as error:
            process.tell(f"superseded: {error.message}")
            self.world.counts["superseded"] += 1
        except (IoError, OSError) as error:
            process.tell(f"fails: {error}")
        self.ended = True
        process.exit()

    def _open(self) -> None:
        process, world = self.process, self.world
        while True:
            try:
                volume = parts.open_volume(process, world.config)
                break
            except parts.Unreachable as error:
                world.counts["unreachable"] += 1
                process.tell(f"cannot recover: {error.message}")
                process.tasks.sleep(process.rng.uniform(0.1, 1.0))
        while not volume.is_open and volume.failure is None:  # what is decided counts when a write quorum has it
            process.tasks.sleep(0.01)
        if volume.failure is not None:
            raise volume.failure
        process.tell(f"open: epoch {volume.epoch}, VDL {volume.vdl:#x}, begins at {volume.redo.position:#x}")
        self.take(volume, world.history.open(volume.epoch, volume.vdl, volume.redo.position))
        world.counts["recoveries"] += 1
        for page_no in process.rng.sample(range(world.pages), min(6, world.pages)):
            self.check_page(page_no, None)

    def take(self, volume: Any, branch: Branch) -> None:
        """The volume is this writer's."""
        volume.on_vdl(branch.vdl_moved)
        self.volume, self.branch = volume, branch
        if self.controlled is not None:
            self.door = self.controlled.writes(volume)
        elif self.world.reader_machines:
            self.door = self.world.open_door(self.process, volume)

    def _work(self) -> None:
        process, rng = self.process, self.process.rng
        tasks = process.tasks
        sessions = [tasks.spawn(self._until_failure, self._session, name=f"session {n}") for n in range(rng.randrange(1, 5))]
        sessions.append(tasks.spawn(self._until_failure, self._reader, name="reader"))
        for session in sessions:
            session.join()
            if session.error is not None:
                raise session.error
        if self.volume.failure is not None:
            raise self.volume.failure
        while self.volume.failure is None:  # stopped: it stays open until somebody ends it
            tasks.sleep(1.0)
        raise self.volume.failure

    def _until_failure(self, work: Callable[[], None]) -> None:
        """Does it until the volume fails: that is for `_work` to tell."""
        try:
            work()
        except DatabaseError:
            if self.volume.failure is None:
                raise

    # -- sessions --------------------------------------------------------------------------------------------------------
    def _session(self) -> None:
        rng, tasks = self.process.rng, self.process.tasks
        world, volume, branch = self.world, self.volume, self.branch
        pause = rng.choice((0.02, 0.1, 0.3))
        while not world.resting and volume.failure is None:
            lsn = self._mini_transaction(rng)
            if lsn and rng.random() < 0.6:
                world.in_flight += 1
                volume.wait_durable(lsn)
                world.in_flight -= 1
                branch.acknowledged(lsn)
            if rng.random() < 0.7:
                tasks.sleep(rng.expovariate(1 / pause) * world.pace)
            tasks.give_way()
        if volume.failure is not None:
            raise volume.failure

    def _mini_transaction(self, rng: random.Random) -> int:
        volume, branch = self.volume, self.branch
        pages = rng.sample(range(self.world.pages), rng.randrange(1, 4))
        while True:
            if volume.failure is not None:
                raise volume.failure
            try:
                volume.redo.require_room(4096)
                break
            except Retry as retry:
                retry.wait()
        if self.world.frees and rng.random() < self.world.frees:
            lsn, ranges = free_some(rng, volume.redo, self.world.pages, self.world.group_pages)
            branch.freed(lsn, ranges)
            branch.end(lsn)
            self.world.counts["frees"] += 1
            return lsn
        begins_anew = rng.random() < 0.05
        if begins_anew:
            pages = pages[:1]
        lsn = 0
        for number, page_no in enumerate(pages):
            at, content = (0, bytes(8192)) if begins_anew else branch.newest(page_no)
            changes = random_changes(rng)
            lsn = volume.redo.log_page(page_no, at, changes, number == len(pages) - 1)
            branch.change(page_no, lsn, changes, content)
        branch.end(lsn)
        return lsn

    def _reader(self) -> None:
        rng = self.process.rng
        while not self.world.resting and self.volume.failure is None:
            self.process.tasks.sleep(rng.random() * 0.6 * self.world.pace)
            lsn = rng.choice([None, None, *self.branch.ends[-30:]])
            self.check_page(rng.randrange(self.world.pages), lsn)

    def check_page(self, page_no: int, lsn: int | None) -> None:
        volume, world = self.volume, self.world
        at = volume.vdl if lsn is None else min(lsn, volume.vdl)
        try:
            page = volume.read_page(page_no, None if lsn is None else at)
        except DataCorrupted as error:
            if not world.may_be_damaged:
                raise Violation(f"I6: page {page_no} at {at:#x}: {error.message}") from error
            world.counts["damaged reads"] += 1
            return
        except DatabaseError as error:
            if isinstance(error, parts.Superseded):
                raise
            if error.sqlstate == TOO_OLD and lsn is None:
                raise Violation(f"I2: page {page_no} at the VDL {at:#x} is refused: {error.message}") from error
            world.counts["failed reads"] += 1
            return
        world.counts["reads"] += 1
        compare(page, self.branch, page_no, at, "the volume")


def compare(page: bytes, branch: Branch, page_no: int, at: int, who: str) -> None:
    """I2: the page has the history's bytes, checksum aside."""
    if page[:8] + bytes(4) + page[12:] != branch.page(page_no, at):
        have, want = int.from_bytes(page[:8], "little"), int.from_bytes(branch.page(page_no, at)[:8], "little")
        raise Violation(f"I2: {who}: page {page_no} at {at:#x} is another: it is at {have:#x}, not {want:#x}")
