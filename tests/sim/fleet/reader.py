"""The reader process of a simulated fleet: follows whoever writes, reads pages from a small pool, and may become the writer.

    reader_main(process)        until it is too far behind, or stopped; then the supervisor starts it again

What must hold, at any moment and through any loss of the stream:

    R-VDL     a reader is never beyond the VDL that its writer told, and never goes back
    R-PAGE    every page it shows has, at its VDL, the bytes of the history: no half of a mini-transaction, nothing annulled
    R1        a promoted reader recovers what was acknowledged, and what it has in its pool is right at that VDL

Errors: Violation.

Not here: SQL on readers (`tests.instance`), the writer's work (`writer`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, IoError
from aurorapy.instance import messages as im
from aurorapy.instance.feed import Feed
from aurorapy.instance.promotion import promote
from aurorapy.instance.reader import Follower
from aurorapy.storage.messages import NO_EPOCH
from aurorapy.storage.volume import open_follower
from aurorapy_native.followed_maps import FollowedMaps
from aurorapy_native.mtr import MiniTransaction
from aurorapy_native.pool import BufferPool
from aurorapy_native.space import VolumeSpace
from aurorapy_native.visibility import TransactionStatus

from tests.sim.fleet import parts
from tests.sim.fleet.hosts import Process
from tests.sim.fleet.writer import Writer, compare
from tests.sim.storage import Violation


class Transactions:
    """As much of a TransactionManager as feed and follower look at; nobody has one here."""

    def __init__(self) -> None:
        self.status = TransactionStatus(None)

    def oldest_xid(self) -> int:
        return self.status.next_xid

    def take_over(self) -> None:
        pass


class Instance:
    """As much of an Instance: pages, no catalog."""

    def __init__(self, process: Process, volume: Any, frames: int) -> None:
        self.host, self.volume = process, volume
        self.settings = {"instance_name": process.machine.name, "max_standby_streaming_delay": 30_000}
        self.txns = Transactions()
        self.pool = BufferPool(frames, volume.read_page, process.tasks)
        self.space = VolumeSpace(self.pool, MiniTransaction(self.pool, volume.redo))
        self.space.maps = FollowedMaps(self.space)
        self.follower: Any = None
        self.closing = False
        volume.on_vdl(self._moved)

    def _moved(self, vdl: int) -> None:
        self.pool.set_vdl(vdl)
        self.txns.status.vdl = vdl

    @property
    def is_reader(self) -> bool:
        return self.volume.follows

    def conflict(self, horizon: int) -> None:
        pass

    take_over = begin_to_write = lambda self: None


class Door:
    """Where a writer's readers come in."""

    def __init__(self, process: Process, volume: Any) -> None:
        self.feed = Feed(Instance(process, volume, 16))
        self.listening = process.network.listen(f"{process.machine.name}:7100", self)

    def link_up(self, link: Any) -> None:
        pass

    def link_frame(self, link: Any, frame: bytes) -> None:
        self.feed.step(link, *im.decode(frame))

    def link_lost(self, link: Any) -> None:
        self.feed.link_lost(link)


class NoPages:
    """The pages of relations are random here: nothing of the volume's header is read at a promotion."""

    def __init__(self, maps: Any) -> None:
        self.maps = maps

    def open(self) -> None:
        pass


class Reader:
    """One life of a reader."""

    def __init__(self, world: Any, process: Process, controlled: Any = None) -> None:
        self.world, self.process, self.controlled = world, process, controlled
        self.instance: Instance | None = None
        self.writer: Writer | None = None  # once it is promoted
        self.highest = 0

    def run(self, process: Process) -> None:
        try:
            self._follow()
        except (IoError, parts.Superseded, OSError) as error:
            process.tell(f"stops following: {error}")
        process.exit()

    def _follow(self) -> None:
        process, world = self.process, self.world
        while True:
            try:
                volume = open_follower(process, world.config)
                break
            except DatabaseError:
                process.tasks.sleep(0.2)
        instance = self.instance = Instance(process, volume, process.rng.choice((16, 256)))
        instance.follower = Follower(instance)
        instance.space = NoPages(instance.space.maps)
        if self.controlled is not None:
            self.controlled.begun(self)
        else:
            self._look_for_the_writer()
        instance.follower.wait_attached()
        if self.controlled is not None:
            self.controlled.serves(self)
        while volume.failure is None and self.writer is None:
            self.check()
            process.tasks.sleep(process.rng.expovariate(1 / (0.05 * world.pace)))
        if self.writer is not None:
            self.writer.run_open()
        raise volume.failure

    def _look_for_the_writer(self) -> None:
        """What a control plane would tell."""
        if self.writer is not None or self.instance.volume.failure is not None:
            return
        found = self.world.current_writer()
        if found is not None and found.process is not self.process:
            try:
                self.instance.follower.follow(f"{found.process.machine.name}:7100", found.branch.epoch)
            except DatabaseError:
                pass
        self.process.tasks.call_later(0.1, self._look_for_the_writer)

    def check(self) -> None:
        world, instance, volume = self.world, self.instance, self.instance.volume
        for page_no in self.process.rng.sample(range(world.pages), 3):
            try:
                page = instance.pool.page(page_no)
            except DatabaseError as error:
                if isinstance(error, (parts.Superseded, IoError)) or world.may_be_damaged or error.sqlstate == "72000":
                    world.counts["failed reads of readers"] += 1
                    return
                raise
            self._compare(page, page_no)
            world.counts["reads of readers"] += 1

    def _compare(self, page: bytes, page_no: int) -> None:
        volume = self.instance.volume
        branch = self.world.history.branches.get(volume.epoch)
        if volume.vdl < self.highest:
            raise Violation(f"R-VDL: {self.process.name} went back from {self.highest:#x} to {volume.vdl:#x}")
        self.highest = volume.vdl
        if branch is None:
            return
        if volume.vdl > branch.vdl:
            raise Violation(f"R-VDL: {self.process.name} is at {volume.vdl:#x}, the VDL of epoch {volume.epoch} is {branch.vdl:#x}")
        compare(page, branch, page_no, volume.vdl, f"R-PAGE: {self.process.name}")

    def promote(self) -> None:
        """On a task of its own."""
        try:
            self.take_over()
        except DatabaseError as error:
            self.process.tell(f"is not promoted: {error.message}")

    def take_over(self) -> tuple[Any, int]:
        instance, world = self.instance, self.world
        if not instance.is_reader:
            return promote(instance)
        epoch, vdl = promote(instance)
        branch = world.history.open(epoch, vdl, instance.volume.redo.position)
        for page_no in instance.pool.pages():
            compare(instance.pool.page(page_no), branch, page_no, vdl, f"R1: the pool of {self.process.name}")
        world.counts["promotions"] += 1
        self.process.tell(f"promoted: epoch {epoch}, VDL {vdl:#x}")
        self.writer = Writer(world, self.process, self.controlled)
        self.writer.take(instance.volume, branch)
        world.running[self.process.name] = self.writer
        return epoch, vdl


def can_follow(reader: Reader | None, process: Process) -> bool:
    """False once the process is, or becomes, a writer."""
    if reader is None or reader.process is not process or reader.instance is None or reader.instance.follower is None:
        return True
    return reader.writer is None and not reader.instance.follower.is_stopped


def can_be_promoted(reader: Reader) -> bool:
    instance = reader.instance
    return (
        instance is not None and instance.is_reader and instance.pool.frames >= 256 and instance.volume.epoch != NO_EPOCH
        and instance.volume.failure is None and not instance.follower.is_stopped
    )  # fmt: skip
