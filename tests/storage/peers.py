"""Storage nodes that talk to each other in one process: own disks, one clock, and a delivery that loses and mixes up.

    fleet = Peers(seed=1)                     six nodes, each with one segment of group 0, and a writer made of records
    fleet.write(40)                           records to all copies, as far as the delivery lets them
    fleet.run(5.0)                            time passes: messages, disks, ticks
    fleet.crash("C"); fleet.start("C")
    fleet.converged()                         SCLs and the hashes of all pages, as every copy has them

Not here: links and frames, recovery, several groups (`tests/sim`).
"""

from __future__ import annotations

import random
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from aurorapy.storage import messages as m
from aurorapy.storage.members import FULL, TAIL, Member, Membership, full_and_tail
from aurorapy.storage.node import StorageNode
from aurorapy.storage.quorum import Geometry
from aurorapy.storage.volume import StorageConfig
from aurorapy_native.checksum import seal_page
from aurorapy_native.memtable import Memtable
from aurorapy_native.redo import encode
from tests.sim.disk import PowerLost, SimDisk, SimFaults, SimMedium
from tests.sim.host import SimHost

CONFIG = StorageConfig(
    log_file_bytes=24 << 10,
    batch_bytes_max=4 << 10,
    retention_s=3.0,
    retention_bytes=60 << 10,
    long_chain_records=6,
    step_bytes=16 << 10,
)
TICK_SECONDS = 0.1
PAGES = 24
EPOCH = m.Epoch(1, 7)


class NodeHost:
    """What one node sees of the world: its own disk, everything else shared."""

    def __init__(self, world: SimHost, medium: SimMedium) -> None:
        self.medium, self.faults = medium, SimFaults()
        self.disk = SimDisk(world, medium, self.faults)
        self.clock, self.random, self.tasks = world.clock, world.random, world.tasks
        self.in_thread, self.buggify = world.in_thread, world.buggify


class Peers:
    def __init__(self, seed: int = 0, copies: str = "ABCDEF", config: StorageConfig = CONFIG, tails: str = "") -> None:
        self.rng = random.Random(seed)
        self.config = config
        self.world = SimHost(seed)
        self.world.steps_max = 10_000_000
        self.tails = tails
        full = tuple(copy for copy in copies if copy not in tails)
        self.geometry = Geometry.of(copies, len(copies) // 2 + 1, len(copies) // 2)
        if tails:
            self.geometry = full_and_tail(full, tuple(tails))
        members = tuple(Member(copy, f"n{copy}", "z", "", "", TAIL if copy in tails else FULL) for copy in copies)
        self.membership = Membership(1, members, self.geometry)
        self.truncations = m.TruncationList(EPOCH, ())
        self.media: dict[str, SimMedium] = {copy: SimMedium() for copy in copies}
        self.nodes: dict[str, StorageNode] = {}
        self.loss = self.twice = self.delay = 0.0
        self.cut: set[str] = set()  # copies that hear and say nothing
        self.deaf: set[str] = set()  # copies the writer's batches do not reach
        self.trouble: list[str] = []
        self.model = Memtable()
        self.scls = dict.fromkeys(copies, 0)
        self.last = self.vdl = 0
        self.page_lsns: dict[int, int] = {}
        self.kept: list[m.Write] = []  # until a write quorum has them
        self.sent: dict[str, int] = {}
        for copy in copies:
            self.create(copy)

    # -- nodes ---------------------------------------------------------------------------------------------------------

    def _node(self, copy: str) -> StorageNode:
        node = StorageNode(NodeHost(self.world, self.media[copy]), "node", f"n{copy}", self.config)
        node.send = lambda message: self._deliver(copy, "writer", message)
        node.tell = lambda member, message: self._deliver(copy, member.copy, message)
        node.report = self.trouble.append
        return node

    def create(self, copy: str) -> None:
        """An empty node with an empty segment."""
        self.media[copy], self.scls[copy] = SimMedium(), 0
        node = self._node(copy)
        node.create()
        node.step(m.CreateSegment(EPOCH, 0, copy, self.truncations, self.membership), 0.0)
        self._run(copy, node)

    def start(self, copy: str) -> None:
        node = self._node(copy)
        node.open()
        self._run(copy, node)

    def _run(self, copy: str, node: StorageNode) -> None:
        self.nodes[copy] = node
        node.start()
        self.world.tasks.call_later(self.rng.random() * TICK_SECONDS, self._tick, copy, node)

    def _tick(self, copy: str, node: StorageNode) -> None:
        if self.nodes.get(copy) is node:
            node.tick(self.world.clock.monotonic())
            self.world.tasks.call_later(TICK_SECONDS, self._tick, copy, node)

    def crash(self, copy: str, power: bool = True) -> None:
        node = self.nodes.pop(copy)
        node.background.stop()
        self.media[copy].crash(self.rng) if power else self.media[copy].kill()

    def segment(self, copy: str) -> Any:
        return self.nodes[copy].segments[0]

    # -- delivery ------------------------------------------------------------------------------------------------------

    def _deliver(self, sender: str, to: str, message: m.Message) -> None:
        if {sender, to} & self.cut or (to in self.deaf and type(message) is m.Write):
            return
        self.sent[type(message).__name__] = self.sent.get(type(message).__name__, 0) + 1
        for _ in range(1 + (self.rng.random() < self.twice)):
            if self.rng.random() >= self.loss:
                delay = 0.0002 + self.rng.expovariate(1 / self.delay) if self.delay else 0.0002
                self.world.tasks.call_later(delay, self._arrive, sender, to, message)

    def _arrive(self, sender: str, to: str, message: m.Message) -> None:
        if to == "writer":
            self._heard(message)
        elif to in self.nodes:
            for answer in self.nodes[to].step(message, self.world.clock.monotonic()):
                self._deliver(to, sender, answer)

    def _heard(self, message: m.Message) -> None:
        if type(message) is m.Durable:
            self.scls[message.copy] = max(self.scls[message.copy], message.scl)
            self.vdl = max(self.vdl, self.geometry.write.reached(self.scls))

    # -- the writer ----------------------------------------------------------------------------------------------------

    def write(self, count: int, records_max: int = 4, size_max: int = 300, pages: int = PAGES) -> None:
        """`count` batches, a little time after each."""
        for _ in range(count):
            if self.last - self.vdl > self.config.log_file_bytes // 2:
                return  # no LSN is handed out beyond the limit
            prev, records = self.last, b""
            for _ in range(self.rng.randrange(1, records_max + 1)):
                records += self._record(self.rng.randrange(pages), self.rng.randrange(1, size_max))
            self.model.ingest(records, prev)
            self.kept.append(m.Write(EPOCH, 0, prev, self.last, self.vdl, records))
            for copy in self.media:
                self._deliver("writer", copy, self.kept[-1])
            self.run(self.rng.random() * 0.01)

    def _record(self, page_no: int, size: int) -> bytes:
        before = self.page_lsns.get(page_no, 0)
        at, content = self.rng.randrange(32, 8000 - size), self.rng.randbytes(size)
        lsn = self.last + 54 + size
        record = encode(
            lsn, page_no, [("write", at, content)], prev_volume=self.last, prev_group=self.last, prev_page=before, flags=1
        )  # fmt: skip
        self.last = self.page_lsns[page_no] = lsn
        return record

    def horizons(self) -> None:
        """Once a second in life: what may be forgotten; and what has no write quorum yet is sent again."""
        self.kept = [write for write in self.kept if write.last > self.vdl]
        for copy in self.media:
            for write in self.kept:
                self._deliver("writer", copy, write)
            self._deliver("writer", copy, m.Horizons(EPOCH, 0, self.vdl, self.vdl))

    # -- time ----------------------------------------------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        loop = self.world.loop
        until = loop.time() + seconds
        stopped = []
        loop.call_later(seconds, stopped.append, True)
        while not stopped and loop.time() <= until + 1e-9:
            try:
                loop.step()
            except PowerLost:
                pass  # of a node that is gone

    def settle(self, seconds: float = 60.0) -> bool:
        """Fair weather until every copy has everything; False when that takes longer."""
        self.loss = self.twice = self.delay = 0.0
        self.cut, self.deaf = set(), set()
        for _ in range(int(seconds)):
            self.horizons()
            self.run(1.0)
            if all(node.segments[0].scl == self.last for node in self.nodes.values()) and self.vdl == self.last:
                return True
        return False

    # -- what the copies hold ------------------------------------------------------------------------------------------

    def expected(self, page_no: int, lsn: int) -> bytes:
        page = bytearray(8192)
        self.model.apply(page_no, page, lsn)
        return seal_page(page)

    def pages(self, copy: str, lsn: int) -> list[bytes]:
        return [self.segment(copy).sealed_page_at(page_no, lsn) for page_no in range(PAGES)]

    def hashes(self, lsn: int) -> set[str]:
        return {blake2b(b"".join(self.pages(copy, lsn))).hexdigest() for copy in self.nodes if copy not in self.tails}

    def check(self) -> None:
        """Every copy has everything, and every page as the records say."""
        assert {copy: self.segment(copy).scl for copy in self.nodes} == dict.fromkeys(self.nodes, self.last)
        wanted = [self.expected(page_no, self.last) for page_no in range(PAGES)]
        for copy in set(self.nodes) - set(self.tails):
            assert self.pages(copy, self.last) == wanted, copy


def with_config(**changes: Any) -> StorageConfig:
    return replace(CONFIG, **changes)
