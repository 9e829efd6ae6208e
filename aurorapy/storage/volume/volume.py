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

Not here: recovery's decisions (`recovery`), the way to the nodes (`transport`), what a record means.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from dataclasses import replace
from typing import Any, Callable

from aurorapy.errors import DatabaseError, DataCorrupted, IoError, ObjectInUse
from aurorapy.host import Host
from aurorapy.storage import messages as m
from aurorapy.storage.node import StorageNode, manifest
from aurorapy.storage.options import StorageConfig
from aurorapy.storage.quorum import Geometry
from aurorapy.storage.volume.recovery import Recovered, Superseded, recover
from aurorapy.storage.volume.transport import DirectTransport, Transport
from aurorapy_native.checksum import verify_page
from aurorapy_native.redo import RedoBuffer

VOLUME_KIND = "volume"
TICK_SECONDS = 1.0


class Volume:
    """One writer's hold on a volume. Made by `create` or `open`; `close` gives it up."""

    def __init__(self, host: Host, config: StorageConfig, transport: Transport, recovered: Recovered) -> None:
        self.host, self.config, self.transport = host, config, transport
        self.geometry = Geometry.of(config.copies, config.write_quorum, config.read_quorum)
        self.epoch = recovered.epoch
        self.truncations = recovered.truncations
        self.vdl = recovered.vdl
        self.redo = RedoBuffer(config.group_pages, recovered.vdl, recovered.position, recovered.group_last)
        self.redo.on_pending = self._arm_timer
        self.redo.wait_for_room = self.wait_for_room
        self._began_at = recovered.position  # nothing lies between the recovered VDL and here
        self._single = len(config.copies) == 1
        self._positions = {group: dict(positions) for group, positions in recovered.positions.items()}  # SCLs by copy
        self._complete: dict[int, int] = dict(recovered.group_last)  # PGCL by group
        self._read_points: dict[int, int] = dict(recovered.group_last)  # last LSN at or below the VDL, by group
        self._takes: deque[tuple[int, list[tuple[int, int]]]] = deque()  # (consistency point, [(group, last)]), by LSN
        self._durable_waiters: list[tuple[int, int, Any]] = []  # (LSN, number, waiter), by LSN
        self._waits = 0
        self._room_waiters: list[Any] = []
        self._vdl_callbacks: list[Callable[[int], None]] = []
        self._trouble_callbacks: list[Callable[[str], None]] = []
        self._flush_is_due = False
        self._timer_is_armed = False
        self._pgmrpl: int | None = None
        self._broken: set[str] = set()  # copies whose log failed
        self.failure: DatabaseError | None = None
        self.closed = False
        self._set_limit()
        transport.receive(self._receive)
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
            recovered = recover(transport, geometry, instance, config.lsn_limit_bytes, host.tasks.sleep)
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
        self._fail(IoError("the volume is closed"))
        self.host.disk.unlock(place(self.config, "lock"))

    # -- records out -------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Sends everything that is pending, now. Not inside a mini-transaction."""
        self._flush_is_due = False
        redo = self.redo
        if not redo.pending_bytes or self.failure is not None:
            return
        point, parts, batches = redo.last_lsn, [], []
        send, copies = self.transport.send, self.config.copies
        try:
            for group in (0,) if len(self._positions) == 1 else redo.pending_groups():
                self._take(group, parts, batches)
            for group in redo.pending_groups() if redo.pending_bytes else ():  # a group that is new
                self._take(group, parts, batches)
            self._takes.append((point, parts))
            for batch in batches:
                for copy in copies:
                    send(copy, batch)
        except OSError as error:
            self._fail(IoError(f"could not write redo: {error.strerror}"))

    def _take(self, group: int, parts: list[tuple[int, int]], batches: list[m.Write]) -> None:
        bytes_max, last = self.config.batch_bytes_max, 0
        while (taken := self.redo.take(group, bytes_max)) is not None:
            prev, last, records = taken
            batches.append(m.Write(self.epoch, group, prev, last, self.vdl, records))
        if not last:
            return
        if group not in self._positions:
            self._create_group(group)
        parts.append((group, last))

    def _create_group(self, group: int) -> None:
        self._positions[group] = dict.fromkeys(self.config.copies, 0)
        self._complete[group] = self._read_points[group] = 0
        for copy in self.config.copies:
            self.transport.send(copy, m.CreateSegment(self.epoch, group, copy, self.truncations))

    def _want_flush(self) -> None:
        """Somebody waits: send once everybody who is ready now has run."""
        if not self._flush_is_due:
            self._flush_is_due = True
            self.host.tasks.call_soon(self.flush)

    def _arm_timer(self) -> None:
        if not self._timer_is_armed:
            self._timer_is_armed = True
            self.host.tasks.call_later(self.config.batch_delay_s, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer_is_armed = False
        if not self.closed:
            self.flush()

    # -- answers in --------------------------------------------------------------------------------------------------

    def _receive(self, copy: str, message: m.Message) -> None:
        if type(message) is m.Durable:
            self._durable(copy, message)
        elif type(message) is m.Refused:
            self._fail(Superseded(f"a newer writer has taken over the volume: {message}"))
        elif type(message) is m.Failed:
            self._copy_failed(message)

    def _durable(self, copy: str, message: m.Durable) -> None:
        group = message.group
        positions = self._positions[group]
        if message.epoch != self.epoch or message.scl <= positions[copy]:
            return
        positions[copy] = message.scl
        complete = message.scl if self._single else self.geometry.write.reached(positions)
        if complete > self._complete[group]:
            self._complete[group] = complete
            self._advance()

    def _advance(self) -> None:
        """Moves the VDL over every taken piece that all its groups have on a write quorum."""
        takes, complete = self._takes, self._complete
        vdl = self.vdl
        while takes:
            point, parts = takes[0]
            for group, last in parts:
                if complete[group] < last:
                    break
            else:
                for group, last in parts:
                    self._read_points[group] = last
                vdl = point
                takes.popleft()
                continue
            break
        if vdl > self.vdl:
            self.vdl = vdl
            self._set_limit()
            self._vdl_moved()

    def _set_limit(self) -> None:
        self.redo.limit_lsn = max(self.vdl, self._began_at) + self.config.lsn_limit_bytes

    def _vdl_moved(self) -> None:
        vdl, waiters = self.vdl, self._durable_waiters
        for callback in self._vdl_callbacks:
            callback(vdl)
        if waiters and waiters[0][0] <= vdl:
            count = 0
            for lsn, _, waiter in waiters:
                if lsn > vdl:
                    break
                waiter.wake()
                count += 1
            del waiters[:count]
        if self._room_waiters:
            rooms, self._room_waiters = self._room_waiters, []
            for waiter in rooms:
                waiter.wake()

    def _copy_failed(self, message: m.Failed) -> None:
        self._trouble(str(message))
        self._broken.add(message.copy)
        if not self.geometry.write.met(set(self.config.copies) - self._broken):
            self._fail(IoError(message.reason))

    def _fail(self, error: DatabaseError) -> None:
        """Nothing will become durable any more: everybody who waits is told."""
        if self.failure is None:
            self.failure = error
            if not self.closed:
                self._trouble(str(error))
        waiting = [waiter for _, _, waiter in self._durable_waiters] + self._room_waiters
        self._durable_waiters, self._room_waiters = [], []
        for waiter in waiting:
            waiter.wake(self.failure)

    def _trouble(self, text: str) -> None:
        for callback in self._trouble_callbacks:
            callback(text)

    # -- waiting -----------------------------------------------------------------------------------------------------

    def wait_durable(self, lsn: int) -> None:
        """The task waits until VDL >= lsn; what is pending is sent for it."""
        if lsn <= self.vdl:
            return
        if self.failure is not None:
            raise again(self.failure)
        waiter = self.host.tasks.waiter()
        self._waits += 1
        entry = (lsn, self._waits, waiter)
        waiters = self._durable_waiters
        if not waiters or lsn >= waiters[-1][0]:
            waiters.append(entry)
        else:
            insort(waiters, entry)
        if self.redo.pending_bytes:
            self._want_flush()
        self.host.tasks.expect_disk()
        error = waiter.wait()
        if error is not None:
            raise again(error)

    def wait_for_room(self) -> None:
        """The task waits until the VDL has moved: for a mini-transaction that found no LSN below the limit."""
        if self.failure is not None:
            raise again(self.failure)
        waiter = self.host.tasks.waiter()
        self._room_waiters.append(waiter)
        self._want_flush()
        error = waiter.wait()
        if error is not None:
            raise again(error)

    def on_vdl(self, callback: Callable[[int], None]) -> None:
        """callback(vdl), in the loop or wherever the VDL moves, before those who wait run. Must not wait or raise."""
        self._vdl_callbacks.append(callback)

    def on_trouble(self, callback: Callable[[str], None]) -> None:
        """callback(one line): a copy or the whole volume cannot be written any more."""
        self._trouble_callbacks.append(callback)

    # -- pages -------------------------------------------------------------------------------------------------------

    def read_point(self, group: int) -> int:
        """The group's last LSN at or below the VDL: what a copy must have to serve a read."""
        return self._read_points.get(group, 0)

    def read_page(self, page_no: int, lsn: int | None = None) -> bytes:
        """The page (8,192 bytes, checksum verified) at the VDL, or at an LSN between the horizon and the VDL.

        All zero when it was never written. May switch.
        """
        group = page_no // self.config.group_pages
        positions = self._positions.get(group)
        if positions is None:
            return bytes(8192)
        at = self.vdl if lsn is None else lsn
        point = self._read_points[group] if lsn is None else min(lsn, self._read_points[group])
        problem: Exception | None = None
        for copy, scl in positions.items():
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
        self.tell_horizons()

    def tell_horizons(self) -> None:
        """Tells every copy the VDL and what may be forgotten; happens by itself every second."""
        pgmrpl = self.vdl if self._pgmrpl is None else min(self._pgmrpl, self.vdl)
        for group in self._positions:
            for copy in self.config.copies:
                self.transport.send(copy, m.Horizons(self.epoch, group, pgmrpl, self.vdl))

    def __str__(self) -> str:
        return f"volume vdl={self.vdl:#x} epoch={self.epoch} {self.geometry}"


def again(error: DatabaseError) -> DatabaseError:
    """A fresh copy of a lasting error, for one more raise."""
    return type(error)(error.message, sqlstate=error.sqlstate)


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
