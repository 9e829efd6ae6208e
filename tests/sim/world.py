"""One seed, one world: a server with its whole stack lives and dies several times on one simulated medium.

    World(7, print).run()          the trace, life by life; returns the hash of everything that happened

A life: open (recovery), check, then clients at work while the disk may fail or fill, until a power cut, a kill or a
clean end. Sizes (log files, protection groups, the pool) are small and drawn by the seed, so that files roll, runs are
sealed and merged, pages are evicted and read back, all within seconds of virtual time. After each opening, and after each
clean end of the work:

    I1 I2 I8   tags, edges and rows, by heap and by index (`model`)
    I3         the VDL is the end of a mini-transaction, at or above the highest anybody was told of
    I11        every log link, checksum, page, tree and extent (`verify`), at the world's end and by chance before

Errors: Violation with what does not hold.

Not here: several nodes, several instances.
"""

from __future__ import annotations

import gc
import random
import traceback
from collections import Counter
from dataclasses import dataclass
from typing import Any, Callable
from unittest.mock import patch

from aurorapy import config
from aurorapy.ids import POSTGRES_DB
from aurorapy.instance.instance import Instance
from aurorapy.instance.verify import FrozenVolume, verify_contents
from aurorapy.server.listener import Listener
from aurorapy.storage import messages
from aurorapy.storage.options import StorageConfig
from aurorapy.storage.verify import StoppedVolume, verify_volume
from aurorapy.storage.volume import Volume
from aurorapy_native.redo import records

from tests.sim.checks import check_contents
from tests.sim.client import SimWire
from tests.sim.disk import SimMedium
from tests.sim.host import Crash, SimHost
from tests.sim.model import Model, Violation
from tests.sim.workload import ACCOUNTS, BALANCE, SCHEMA, Client

recover = Volume.open
CONSISTENCY_POINT = 1  # flag of a record that ends its mini-transaction


@dataclass(frozen=True)
class Sizes:
    """What differs from world to world and is written into the volume when it is made."""

    group_pages: int
    log_file_kb: int

    @property
    def storage(self) -> StorageConfig:
        return StorageConfig(
            path="volume", group_pages=self.group_pages, lsn_limit_bytes=1 << 20, batch_bytes_max=32 << 10,
            log_file_bytes=self.log_file_kb << 10, retention_s=20.0, retention_bytes=512 << 10, long_chain_records=16,
            step_bytes=32 << 10,
        )  # fmt: skip


SIZES = (Sizes(100_000, 96), Sizes(256, 256))
_bases: dict[Sizes, tuple[SimMedium, int, set[int]]] = {}


class SimLog:
    """The server's log: traced; what must not be in it is kept."""

    def __init__(self, host: SimHost) -> None:
        self._host = host
        self.internal: list[BaseException] = []

    def _note(self, event: str, **fields: Any) -> None:
        error = fields.pop("exc_info", None)
        if isinstance(error, BaseException):
            self.internal.append(error)
        self._host.tell(f"server: {event} {fields or ''}")

    debug = info = warning = error = _note


class World:
    def __init__(self, seed: int, show: Callable[[str], None] | None = None) -> None:
        self.seed, self.show = seed, show
        self.rng = random.Random(seed)
        self.model = Model()
        self.hashes: list[str] = []
        self.life = 0
        self.sizes = self.rng.choice(SIZES)
        self.settings = config.load(None, {
            "shared_buffers": str(self.rng.choice((256, 256, 400, 4000))),
            "autovacuum": self.rng.choice(("on", "on", "off")),
            "autovacuum_naptime": "1s",
            "autovacuum_vacuum_threshold": "5",
            "autovacuum_analyze_threshold": "10",
            "deadlock_timeout": "100ms",
        })  # fmt: skip
        self.log: SimLog | None = None

    # -- the world -----------------------------------------------------------------------------------------------------
    def run(self, lives: int = 4) -> str:
        """All lives; the hash of everything that happened."""
        self.medium, self.model.vdl, ends = self._base()
        self.model.ends |= ends
        self.model.base = {("accounts", id): ("0.0", str(BALANCE)) for id in range(1, ACCOUNTS + 1)}
        for _ in range(lives):
            self._live(self._work)
            if self.rng.random() < 0.1:
                self.verify()
        self._live(self._only_check, may_crash=False)
        self.verify()
        gc.collect()
        return "".join(self.hashes)

    def _base(self) -> tuple[SimMedium, int, set[int]]:
        """A volume with the schema in it, made once a process."""
        found = _bases.get(self.sizes)
        if found is None:
            medium = SimMedium()
            host = SimHost(4711, medium)
            model, self.model = self.model, Model()
            settings = config.load(None, {"shared_buffers": "4000", "autovacuum": "off"})
            host.tasks.run(self._make, host, settings)
            if host.unexpected:
                raise Violation(f"{host.unexpected[0][0]} failed") from host.unexpected[0][1]
            medium.kill()
            found = _bases[self.sizes] = (medium, self.model.vdl, self.model.ends)
            self.model = model
            gc.collect()
            gc.freeze()  # what stays needs no looking at
        return found[0].copy(), found[1], set(found[2])

    def _make(self, host: SimHost, settings: dict[str, Any]) -> None:
        instance = Instance.create(host, settings, log=SimLog(host), storage=self.sizes.storage)
        self._observe(instance.volume)
        listener = Listener(instance, host.loop)
        wire = SimWire(host, listener).connect()
        error = wire.query(SCHEMA).error
        if error:
            raise Violation(f"the schema: {error}")
        wire.close()
        instance.close()
        self.model.vdl = instance.volume.vdl

    def _live(self, work: Callable[[SimHost], None], may_crash: bool = True) -> None:
        """One life, to its end."""
        self.life += 1
        host = SimHost(self.seed * 1000 + self.life, self.medium)
        host.show = self.show
        host.steps_max = 1_000_000
        if may_crash and self.life > 1 and self.rng.random() < 0.15:
            host.crash_after_disk_calls = self.rng.randrange(200)  # in recovery, or while it is checked
        host.tell(f"== life {self.life}")
        self.model.counts["lives"] += 1
        try:
            host.tasks.run(work, host)
            self.medium.kill()
        except Crash:
            power_cut = self.rng.random() < 0.7
            self.model.counts["crashes"] += 1
            host.tell(f"== {'power cut' if power_cut else 'kill'} at step {host.steps}, disk call {host.disk_calls}")
            if power_cut:
                self.medium.crash(self.rng)
            else:
                self.medium.kill()
        host.show = None  # tasks that are collected later have nothing to tell
        self.hashes.append(host.hash())
        internal, unexpected = list(self.log.internal if self.log else ()), list(host.unexpected)
        self.medium.kill()
        host.tasks.end()
        if internal:
            raise Violation(f"internal error: {internal[0]!r}") from internal[0]
        for name, error in unexpected:
            raise Violation(f"{name} failed: {error!r}") from error

    # -- one life ------------------------------------------------------------------------------------------------------
    def _recovered(self, host: SimHost, volume: Volume) -> Volume:
        """I3, before anything new is written."""
        host.tell(f"open: VDL {volume.vdl:#x}, epoch {volume.epoch}")
        if volume.vdl < self.model.vdl:
            raise Violation(f"I3: the VDL was {self.model.vdl:#x}, recovered is {volume.vdl:#x}")
        if volume.vdl not in self.model.ends:
            raise Violation(f"I3: the VDL {volume.vdl:#x} is not the end of a mini-transaction")
        self._observe(volume)
        return volume

    def _open(self, host: SimHost) -> tuple[Instance, Listener]:
        self.log = SimLog(host)
        with patch.object(Volume, "open", lambda host, config: self._recovered(host, recover(host, config))):
            instance = Instance.open(host, self.settings, self.log, self.sizes.storage)
        listener = Listener(instance, host.loop)
        check_contents(self.model, SimWire(host, listener).connect())
        return instance, listener

    def _only_check(self, host: SimHost) -> None:
        instance, listener = self._open(host)
        instance.close()

    def _work(self, host: SimHost) -> None:
        instance, listener = self._open(host)
        self._arm(host, instance)
        rng = host.rng
        busy = rng.randrange(2, 7)
        clients = [Client(self, host, listener, number) for number in range(1, busy + 1)]
        tasks = [host.tasks.spawn(c.run, rng.randrange(3, 22), name=f"client {c.number}") for c in clients]
        for task in tasks:
            task.join()
            if task.error is not None:
                raise task.error
        if instance.volume.failure is not None:
            host.tell(f"the volume failed: {instance.volume.failure}")
            return
        while listener.connections:
            host.tasks.sleep(0.01)
        instance.volume.wait_durable(instance.volume.redo.last_lsn)  # commits that did not wait
        check_contents(self.model, SimWire(host, listener).connect())
        instance.close()

    def _arm(self, host: SimHost, instance: Instance) -> None:
        """What will go wrong in this life."""
        rng = self.rng
        if rng.random() < 0.75:
            if rng.random() < 0.7:
                host.crash_after = host.steps + int(10 ** rng.uniform(0.5, 4))
            else:
                host.crash_after_disk_calls = host.disk_calls + int(10 ** rng.uniform(0, 3.3))
        if rng.random() < 0.15:
            kind, after = rng.choice(("log_write", "log_sync", "sync", "pwrite", "pread")), rng.randrange(150)
            host.tell(f"fault: {kind} fails after {after} more")
            host.faults.fail(kind, after=after)
        if rng.random() < 0.15:
            host.faults.capacity = self.medium.used() + rng.randrange(600_000)
            host.tell(f"fault: the disk holds {host.faults.capacity} bytes")
            host.tasks.call_later(rng.uniform(2.0, 30.0), setattr, host.faults, "capacity", None)

    def _observe(self, volume: Volume) -> None:
        """Learns where mini-transactions end and which VDL the server knows of."""
        model = self.model
        send = volume.transport.send

        def watched(copy: str, message: Any) -> None:
            if type(message) is messages.Write:
                model.ends.update(lsn for lsn, raw in records(message.records) if raw[45] & CONSISTENCY_POINT)
            send(copy, message)

        def moved(vdl: int) -> None:
            model.vdl = max(model.vdl, vdl)

        volume.transport.send = watched
        volume.on_vdl(moved)

    # -- the structure -------------------------------------------------------------------------------------------------
    def verify(self, only: int | None = POSTGRES_DB) -> None:
        """I11 of the stopped volume, as `aurorapy verify` looks at it."""
        host = SimHost(0, self.medium)
        problems: list[str] = []
        host.tasks.run(self._verify, host, problems, only)
        self.medium.kill()
        if problems:
            raise Violation("I11: " + "; ".join(problems[:10]))

    def _verify(self, host: SimHost, problems: list[str], only: int | None) -> None:
        storage = self.sizes.storage
        problems.extend(verify_volume(host, storage))
        if problems:
            return
        stopped = StoppedVolume(host, storage)
        try:
            problems.extend(verify_contents(host, self.settings | {"autovacuum": False}, FrozenVolume(stopped), only))
        finally:
            stopped.close()


def run_seed(seed: int) -> str:
    return World(seed).run()


def failure_of(world: World) -> str | None:
    """What is wrong in this world, in one line; None when nothing is."""
    try:
        world.run()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this seed's
        if world.show is not None:
            world.show("".join(traceback.format_exception(error)))
        return f"{type(error).__name__}: {error}".replace("\n", " ")
    return None


def result_of(seed: int) -> tuple[int, str | None, Counter]:
    """(seed, what is wrong, what was counted): what a process of its own can hand back."""
    world = World(seed)
    failure = failure_of(world)
    return seed, failure, world.model.counts
