"""An instance that the control plane starts: reader or writer behind its door, and whatever it is told to become.

Not here: what it reads and writes, and what of that must hold (`reader`, `writer`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError
from aurorapy.instance import messages as im
from aurorapy.instance.door import InstanceDoor
from aurorapy.instance.feed import Feed
from aurorapy.storage.messages import Epoch, Lsn

from tests.sim.fleet.hosts import Process
from tests.sim.fleet.reader import Instance, Reader
from tests.sim.fleet.writer import Writer


class ControlledInstance:
    """One life of it: what `server.process` makes of the parts."""

    def __init__(self, world: Any, role: str, number: int, writer_link: str) -> None:
        self.world, self.role, self.number, self._writer_link = world, role, number, writer_link
        self.door: Any = None
        self._obeyed = 0
        self._process: Any = None

    def run(self, process: Process) -> None:
        self._process, world = process, self.world
        name = process.machine.name
        settings = {"instance_name": name, "instance_role": self.role, "promotion_tier": 1}
        self.door = InstanceDoor(process, settings)
        try:
            self.door.open(f"{name}:7100")
        except OSError as error:
            process.tell(str(error))
            process.exit()
            return
        if self.role == im.WRITER:
            writer = world.running[process.name] = Writer(world, process, self)
            writer.run(process)
        else:
            reader = world.readers[name] = Reader(world, process, self)
            reader.run(process)

    # -- what the reader and the writer call -----------------------------------------------------------------------------
    def begun(self, reader: Reader) -> None:
        """The follower is there, and has nobody to follow yet."""
        follower = reader.instance.follower
        self.door.let_follow(follower.follow)
        self.door.lag_us = lambda: follower.lag_us
        if self._writer_link and not follower.address:
            follower.follow(self._writer_link)

    def serves(self, reader: Reader) -> None:
        def promote(number: int) -> tuple[Epoch, Lsn]:
            if number < self._obeyed:
                raise DatabaseError(f"change {number} of writers is older than {self._obeyed}")
            self._obeyed = self.number = number
            found = reader.take_over()
            self.door.role = im.WRITER
            return found

        self.door.promote = promote
        self.door.instance = reader.instance

    def writes(self, volume: Any) -> Any:
        self.world.control.opened(self.number, volume.epoch)
        if self.door.instance is None:
            self.door.instance = Instance(self._process, volume, 16)
        feed = self.door.feed = Feed(self.door.instance)
        feed.begin()
        self.door.step_down = self._step_down
        self.door.stepped_down = self._process.exit
        return self.door

    def _step_down(self, seconds: float) -> Lsn:
        volume = self.door.instance.volume
        volume.wait_durable(volume.redo.last_lsn)
        return volume.vdl
