"""The volume as an instance sees it: redo goes in, pages come out, and a task can wait until an LSN is durable.

    volume = Volume.open(host, config)
    lsn = mtr.commit()                  # into volume.redo, a buffer in memory
    volume.wait_durable(lsn)            # the batch leaves, a write quorum answers, everybody up to the VDL wakes
    page = volume.read_page(7)          # from one copy, at the read point

A batch leaves when somebody waits for a record in it, when it is large, or 10 ms after its first record; it takes what
arrives until the loop gets to it. Answers are SCLs:

    SCL of each copy ──write quorum──▶ PGCL of the group ──oldest outstanding batch──▶ VCL ──▶ VDL ──▶ waiters

Records are taken from the buffer between mini-transactions only, so the end of what was taken is a consistency point:
the VDL advances from one such end to the next, when every group has its part of it on a write quorum.

Errors: wait_durable raises IoError when the log cannot be written any more, Superseded when a newer writer took over, and
the task's interrupt; the outcome of what was waited for is then unknown. read_page raises DataCorrupted for a page whose
checksum does not match on any copy, IoError when it cannot be read.

The way of a commit (flush, receive, the VDL, waiting) is native: aurorapy_native.volume.

Not here: recovery's decisions (`recovery`), the way to the nodes (`transport`), what a record means.
"""

from __future__ import annotations

from typing import Callable

from aurorapy.errors import DatabaseError, DataCorrupted, IoError, ObjectInUse
from aurorapy.host import Host
from aurorapy.records import replace
from aurorapy.storage import messages as m
from aurorapy.storage.node import StorageNode, manifest
from aurorapy.storage.options import StorageConfig
from aurorapy.storage.quorum import Geometry, Rule
from aurorapy.storage.volume.recovery import Recovered, Recovery, Superseded
from aurorapy.storage.volume.transport import DirectTransport, Transport
from aurorapy_native.checksum import verify_page
from aurorapy_native.redo import RedoBuffer
from aurorapy_native.volume import GroupProgress, VolumeCore

VOLUME_KIND = "volume"
TICK_SECONDS = 1.0


class Volume(VolumeCore):
    """One writer's hold on a volume. Made by `create` or `open`; `close` gives it up."""

    is_far = False  # a page is a round trip over the network

    def __init__(self, host: Host, config: StorageConfig, transport: Transport, recovered: Recovered) -> None:
        redo = RedoBuffer(config.group_pages, recovered.vdl, recovered.position, recovered.group_last)
        self.geometry = Geometry.of(config.copies, config.write_quorum, config.read_quorum)  # of groups that are made
        groups = {
            group: GroupProgress(dict(positions), recovered.group_last.get(group, 0), self._write_rule(transport, group))
            for group, positions in recovered.positions.items()
        }
        super().__init__(
            host.tasks, redo, transport, recovered.epoch, groups, config.lsn_limit_bytes, config.batch_bytes_max
        )  # fmt: skip
        self.host, self.config = host, config
        self.truncations = recovered.truncations
        redo.on_pending = self._arm_timer
        redo.wait_for_room = self.wait_for_room
        self._trouble_callbacks: list[Callable[[str], None]] = []
        self._failure_callbacks: list[Callable[[DatabaseError], None]] = []
        self._timer_is_armed = False
        self._pgmrpl: int | None = None
        self._ticked_vdl, self._moved_at = self.vdl, host.clock.monotonic()  # when nothing had waited for long
        self._broken: set[str] = set()  # copies whose log failed
        transport.receive(self.receive)
        self._tick_timer = host.tasks.call_later(TICK_SECONDS, self._tick)

    # -- life --------------------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, host: Host, config: StorageConfig) -> Volume:
        """A new, empty volume in the directory `config.path`; opened. ObjectInUse when there is one already."""
        path = place(config, "volume")
        if host.disk.exists(path):
            raise ObjectInUse("the volume exists already")
        if config.path:
            host.disk.mkdir(config.path)
        lock(host, config)
        if config.path:
            clear(host, config.path, keep=("lock",))  # a creation that did not come to its end
        for copy in config.copies:
            node = StorageNode(host, place(config, f"node-{copy}"), f"n{copy}", config)
            node.create()
            node.step(m.CreateSegment(m.NO_EPOCH, 0, copy, m.NO_TRUNCATIONS), 0.0)
            node.close()
        content = {
            "volume": host.random.bytes(16).hex(),
            "group_pages": config.group_pages,
            "copies": list(config.copies),
            "write_quorum": config.write_quorum,
            "read_quorum": config.read_quorum,
        }
        manifest.save(host.disk, path, VOLUME_KIND, content)
        host.disk.unlock(place(config, "lock"))
        return cls.open(host, config)

    @classmethod
    def open(cls, host: Host, config: StorageConfig) -> Volume:
        """Recovery, then ready. FileNotFoundError: no volume; ObjectInUse: another process has it open."""
        content = manifest.load(host.disk, place(config, "volume"), VOLUME_KIND)
        lock(host, config)
        fixed = {name: content[name] for name in ("group_pages", "write_quorum", "read_quorum")}
        config = replace(config, **fixed, copies=tuple(content["copies"]))
        nodes = {copy: StorageNode(host, place(config, f"node-{copy}"), f"n{copy}", config) for copy in config.copies}
        transport = None
        try:
            for node in nodes.values():
                node.open()
            transport = DirectTransport(host, nodes)
            geometry = Geometry.of(config.copies, config.write_quorum, config.read_quorum)
            instance = int.from_bytes(host.random.bytes(8), "little")
            recovered = Recovery(host, transport, geometry, instance, config).run()
        except BaseException:
            for node in nodes.values():
                node.close()
            host.disk.unlock(place(config, "lock"))
            raise
        volume = cls(host, config, transport, recovered)
        for node in nodes.values():
            node.report = volume._trouble
            node.start()
        return volume

    def close(self) -> None:
        """Sends what is pending, makes it durable, and gives the volume up. Not inside a mini-transaction."""
        if self.closed:
            return
        if self.failure is None:
            self.flush()
        self.transport.close()
        self.closed = True
        self._tick_timer.cancel()
        self.fail(IoError("the volume is closed"))
        self._unlock()

    def _unlock(self) -> None:
        self.host.disk.unlock(place(self.config, "lock"))

    # -- what the native half asks for -------------------------------------------------------------------------------

    def _write_rule(self, transport: Transport, group: int) -> Rule:
        """Who must hold a group's records."""
        return self.geometry.write

    def read_rule(self, group: int) -> Rule:
        """Which copies a recovery of the group must ask."""
        return self.geometry.read

    def create_group(self, group: int) -> GroupProgress:
        """The first records of a protection group are about to leave."""
        copies = self.geometry.copies
        progress = self.groups[group] = GroupProgress(dict.fromkeys(copies, 0), 0, self.geometry.write)
        for copy in copies:
            self.transport.send(copy, m.CreateSegment(self.epoch, group, copy, self.truncations))
        return progress

    def receive_other(self, copy: str, message: m.Message) -> None:
        """What a copy says that is not Durable."""
        if type(message) is m.Refused:
            self.fail(Superseded(f"a newer writer has taken over the volume: {message}"))
        elif type(message) is m.Failed:
            self._trouble(str(message))
            self._broken.add(message.copy)
            if not self.geometry.write.met(set(self.geometry.copies) - self._broken):
                self.fail(IoError(message.reason))

    def failed(self, error: DatabaseError) -> None:
        """The volume has just failed."""
        if not self.closed:
            self._trouble(str(error))
            for callback in self._failure_callbacks:
                callback(error)

    def on_failure(self, callback: Callable[[DatabaseError], None]) -> None:
        """callback(error), in the loop: nothing can be written any more. Not called when the volume is closed."""
        self._failure_callbacks.append(callback)

    def on_trouble(self, callback: Callable[[str], None]) -> None:
        """callback(one line): a copy or the whole volume cannot be written any more."""
        self._trouble_callbacks.append(callback)

    def _trouble(self, text: str) -> None:
        for callback in self._trouble_callbacks:
            callback(text)

    def _arm_timer(self) -> None:
        if not self._timer_is_armed:
            self._timer_is_armed = True
            self.tasks.call_later(self.config.batch_delay_s, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer_is_armed = False
        if not self.closed:
            self.flush()

    # -- pages -------------------------------------------------------------------------------------------------------

    def read_point(self, group: int) -> int:
        """The group's last LSN at or below the VDL: what a copy must have to serve a read."""
        progress = self.groups.get(group)
        return progress.read_point if progress is not None else 0

    def read_page(self, page_no: int, lsn: int | None = None) -> bytes:
        """The page (8,192 bytes, checksum verified) at the VDL, or at an LSN between the horizon and the VDL.

        All zero when it was never written. May switch.
        """
        group = page_no // self.config.group_pages
        progress = self.groups.get(group)
        if progress is None:
            return bytes(8192)
        at = self.vdl if lsn is None else lsn
        point = progress.read_point if lsn is None else min(lsn, progress.read_point)
        return self._read(group, progress, page_no, at, point)

    def _read(self, group: int, progress: GroupProgress, page_no: int, at: int, point: int) -> bytes:
        """From a copy that has every record of the group up to `point`."""
        problem: Exception | None = None
        for copy, scl in progress.positions.items():
            if scl < point:
                continue
            try:
                page = self.transport.read_page(copy, group, page_no, at)
            except OSError as error:
                problem = IoError(f"could not read page {page_no}: {error.strerror}")
                continue
            except DataCorrupted as error:
                problem = error
                continue
            if verify_page(page):
                return page
            problem = DataCorrupted(f"page {page_no} from copy {copy} is damaged: its checksum does not match")
        raise problem or IoError(f"no copy can serve page {page_no} at LSN {at}")

    def set_horizons(self, pgmrpl: int | None = None) -> None:
        """pgmrpl: the oldest LSN at which any page read is in flight; None: nothing older than the VDL."""
        self._pgmrpl = pgmrpl

    def _tick(self) -> None:
        if self.closed or self.failure is not None:
            return
        self._tick_timer = self.host.tasks.call_later(TICK_SECONDS, self._tick)
        if self.vdl != self._ticked_vdl or not self._waits():
            self._ticked_vdl, self._moved_at = self.vdl, self.host.clock.monotonic()
        self.tell_horizons()

    def _waits(self) -> bool:
        """For a write quorum, with something."""
        return bool(self.takes) or self.redo.pending_bytes > 0

    def stalled_s(self) -> float:
        """So long something has waited while the VDL stood still; a tick more than that at most."""
        if self.vdl != self._ticked_vdl or not self._waits():
            return 0.0
        return self.host.clock.monotonic() - self._moved_at

    def reaches_quorum(self) -> bool:
        """Could records become durable now?"""
        return self.failure is None

    def tell_horizons(self) -> None:
        """Tells every copy the VDL and what may be forgotten; happens by itself every second."""
        for group, progress in self.groups.items():
            for copy in progress.positions:
                self.tell_horizons_to(group, copy)

    def tell_horizons_to(self, group: int, copy: str) -> None:
        pgmrpl = self.vdl if self._pgmrpl is None else min(self._pgmrpl, self.vdl)
        self.transport.send(copy, m.Horizons(self.epoch, group, pgmrpl, self.vdl))

    def __str__(self) -> str:
        return f"volume vdl={self.vdl:#x} epoch={self.epoch} {self.geometry}"


def place(config: StorageConfig, name: str) -> str:
    return f"{config.path}/{name}" if config.path else name


def clear(host: Host, path: str, keep: tuple[str, ...] = ()) -> None:
    """Removes all files below the directory."""
    for name in host.disk.list(path):
        if name in keep:
            continue
        try:
            host.disk.remove(f"{path}/{name}")
        except (IsADirectoryError, FileNotFoundError):
            clear(host, f"{path}/{name}")
    host.disk.sync_directory(path)


def lock(host: Host, config: StorageConfig) -> None:
    try:
        host.disk.lock(place(config, "lock"))
    except BlockingIOError:
        raise ObjectInUse("the volume is open in another process") from None
