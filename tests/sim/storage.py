"""Storage in the simulator: random mini-transactions, crashes anywhere, and a plain-Python model that knows better.

    python -m tests.sim.storage --seeds 200 [--first 0]

One seed is one world: several lives of a process on one medium. In each life a few writers change random pages through
`volume.redo` and wait for some of their changes; readers look at the newest and at older versions; then the life ends by
a power cut, a kill, a failing disk, or properly. After each opening:

    I1   everything that was acknowledged is there: VDL >= the highest LSN that wait_durable returned for
    I2   every page at the VDL, and at older LSNs above the horizon, has the model's bytes
    I3   the VDL is the end of a mini-transaction, and no LSN is handed out twice

Now and then pages are freed: from then on they read as never written, and who changes one again begins it.

Not here: SQL, several nodes.
"""

from __future__ import annotations

import argparse
import random
import struct
import sys
from typing import Any

from aurorapy.errors import DatabaseError, IoError
from aurorapy.storage.node.segment import SnapshotTooOld
from aurorapy.storage.verify import verify_volume
from aurorapy.storage.volume import StorageConfig, Volume
from aurorapy_native.redo import NOTE_NAMES
from aurorapy_native.retry import Retry

from tests.sim.disk import SimMedium
from tests.sim.host import Crash, Deadlock, SimHost

PAGES = 40
NOTE_FREED = next(kind for kind, name in NOTE_NAMES.items() if name == "freed")
CONFIG = StorageConfig(
    path="data/volume",
    group_pages=16,
    lsn_limit_bytes=24 << 10,
    batch_bytes_max=6 << 10,
    log_file_bytes=24 << 10,
    retention_s=20.0,
    retention_bytes=60 << 10,
    long_chain_records=6,
    step_bytes=16 << 10,
)


class Violation(AssertionError):
    """An invariant does not hold."""


class PageVersions:
    """Every version of every page, as plain bytes."""

    def __init__(self) -> None:
        self.versions: dict[int, list[tuple[int, bytes]]] = {}  # page -> [(LSN, content)], ascending

    def page(self, page_no: int, lsn: int) -> bytes:
        for at, content in reversed(self.versions.get(page_no, ())):
            if at <= lsn:
                return content
        return bytes(8192)

    def newest(self, page_no: int) -> tuple[int, bytes]:
        """(its LSN, content): what a change has to follow."""
        lsn, content = (self.versions.get(page_no) or [(0, bytes(8192))])[-1]
        return (lsn if any(content[:8]) else 0), content

    def free(self, first: int, pages: int, lsn: int) -> None:
        """From then on as if they had never been written."""
        for page_no in range(first, first + pages):
            self.versions.setdefault(page_no, []).append((lsn, bytes(8192)))

    def add(self, page_no: int, lsn: int, changes: list, content: bytes) -> None:
        """One version more: `content` with the changes."""
        self.versions.setdefault(page_no, []).append((lsn, apply_to(content, lsn, changes)))


class Model(PageVersions):
    """What one log made of the pages, and what of it was acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = [0]  # LSNs at which mini-transactions end
        self.acknowledged = 0
        self.highest = 0  # LSN ever handed out

    def change(self, page_no: int, lsn: int, changes: list, content: bytes) -> None:
        self.add(page_no, lsn, changes, content)
        self.highest = max(self.highest, lsn)

    def cut(self, vdl: int) -> None:
        """What recovery annulled never happened."""
        for page_no, versions in self.versions.items():
            self.versions[page_no] = [version for version in versions if version[0] <= vdl]
        self.ends = [end for end in self.ends if end <= vdl]


def apply_to(content: bytes, lsn: int, changes: list) -> bytes:
    page = bytearray(content)
    for change in changes:
        if change[0] == "write":
            page[change[1] : change[1] + len(change[2])] = change[2]
        elif change[0] == "fill":
            page[change[1] : change[1] + change[2]] = bytes([change[3]]) * change[2]
        elif change[0] == "move":
            page[change[1] : change[1] + change[2]] = bytes(page[change[3] : change[3] + change[2]])
    page[0:8] = lsn.to_bytes(8, "little")
    return bytes(page)


def free_some(rng: random.Random, redo: Any, pages: int, group_pages: int) -> tuple[int, list[tuple[int, int]]]:
    """Frees a few pages, of one protection group or of two at once: (LSN of the last note, [(first page, pages)…])."""
    first = rng.randrange(pages)
    count = min(rng.randrange(1, 9), pages - first)
    cut = min(count, group_pages - first % group_pages)
    ranges = [(first, cut)] + [(first + cut, count - cut)] * (cut < count)
    for each in ranges:
        lsn = redo.log_note(NOTE_FREED, struct.pack("<II", *each), each is ranges[-1])
    return lsn, ranges


def random_changes(rng: random.Random) -> list:
    changes: list = []
    for _ in range(rng.randrange(1, 4)):
        at, length = rng.randrange(32, 7000), rng.randrange(1, 200)
        kind = rng.choice(("write", "write", "fill", "move"))
        if kind == "write":
            changes.append(("write", at, rng.randbytes(length)))
        elif kind == "fill":
            changes.append(("fill", at, length, rng.randrange(256)))
        else:
            changes.append(("move", at, length, rng.randrange(32, 7000)))
    return changes


class World:
    """One seed: a medium, a model, and life after life."""

    def __init__(self, seed: int, config: StorageConfig = CONFIG) -> None:
        self.seed, self.config = seed, config
        self.rng = random.Random(seed)
        self.medium = SimMedium()
        self.model = Model()
        self.hashes: list[str] = []
        self.life = 0

    def run(self, lives: int = 4) -> str:
        """All lives; the hash of everything that happened."""
        self.create()
        for _ in range(lives):
            within = self.rng.choice((None, 50, 300, 1000, 3000))
            self.live(self._one_life, crash_at=None if within is None else self.rng.randrange(within))
        self.live(self._check_opening)
        problems = list(verify_volume(SimHost(0, self.medium), self.config))
        if problems:
            raise Violation(f"verify: {problems}")
        return "".join(self.hashes)

    def create(self) -> None:
        self.live(lambda host: host.tasks.run(Volume.create, host, self.config).close())

    def live(self, work, crash_at: int | None = None) -> None:
        """One life that does `work(host)`; ends at step `crash_at` by power cut or kill."""
        self.life += 1
        host = SimHost(self.seed * 1000 + self.life, self.medium, crash_at)
        try:
            work(host)
            self.medium.kill()
        except Crash:
            if self.rng.random() < 0.7:
                self.medium.crash(self.rng)
            else:
                self.medium.kill()
        self.hashes.append(host.hash())
        for name, error in host.unexpected:
            raise Violation(f"{name} failed") from error

    def open(self, host: SimHost) -> Volume:
        """Opens and checks I1-I3."""
        volume = host.tasks.run(Volume.open, host, self.config)
        model = self.model
        if volume.vdl < model.acknowledged:
            raise Violation(f"I1: acknowledged up to {model.acknowledged:#x}, recovered {volume.vdl:#x}")
        if volume.vdl not in model.ends:
            raise Violation(f"I3: the VDL {volume.vdl:#x} is not the end of a mini-transaction")
        if volume.redo.position < model.highest:
            raise Violation("I3: LSNs would be handed out twice")
        model.cut(volume.vdl)
        for page_no in range(PAGES):
            self.check_page(volume, page_no, None)
            self.check_page(volume, page_no, self.rng.choice(model.ends))
        return volume

    def check_page(self, volume: Volume, page_no: int, lsn: int | None) -> None:
        at = volume.vdl if lsn is None else min(lsn, volume.vdl)
        try:
            page = volume.read_page(page_no, lsn if lsn is None else at)
        except SnapshotTooOld:
            segment = volume.transport.nodes["A"].segments[page_no // self.config.group_pages]
            if lsn is None or at >= segment.horizon:
                raise Violation(f"I2: page {page_no} at {at:#x} is refused") from None
            return
        page = page[:8] + bytes(4) + page[12:]
        if page != self.model.page(page_no, at):
            have = int.from_bytes(page[:8], "little")
            raise Violation(f"I2: page {page_no} at {at:#x} is another: it is at {have:#x}")

    def _check_opening(self, host: SimHost) -> None:
        volume = self.open(host)
        host.tasks.run(volume.close)

    def _one_life(self, host: SimHost) -> None:
        volume = self.open(host)
        if self.rng.random() < 0.15:
            kind = self.rng.choice(("log_write", "log_sync", "sync", "pwrite"))
            host.faults.fail(kind, after=self.rng.randrange(60))
        if self.rng.random() < 0.15:
            host.faults.capacity = self.medium.used() + self.rng.randrange(30_000)
            host.tasks.call_later(5.0, setattr, host.faults, "capacity", None)
        host.tasks.run(self._sessions, host, volume)

    def _sessions(self, host: SimHost, volume: Volume) -> None:
        tasks = [host.tasks.spawn(self._writer, host, volume, name=f"writer {n}") for n in range(host.rng.randrange(1, 5))]
        tasks.append(host.tasks.spawn(self._reader, host, volume, name="reader"))
        for task in tasks:
            task.join()
            if task.error is not None:
                raise task.error
        volume.close()

    def _writer(self, host: SimHost, volume: Volume) -> None:
        rng = host.rng
        try:
            for _ in range(rng.randrange(10, 120)):
                lsn = self._mini_transaction(rng, volume)
                if rng.random() < 0.5:
                    volume.wait_durable(lsn)
                    self.model.acknowledged = max(self.model.acknowledged, lsn)
                elif rng.random() < 0.3:
                    host.tasks.sleep(rng.random() * 0.3)
                host.tasks.give_way()
        except IoError:
            if volume.failure is None:
                raise

    def _mini_transaction(self, rng: random.Random, volume: Volume) -> int:
        pages = rng.sample(range(PAGES), rng.randrange(1, 4))
        while True:
            try:
                volume.redo.require_room(4096)
                break
            except Retry as retry:
                retry.wait()
        if rng.random() < 0.04:
            lsn, ranges = free_some(rng, volume.redo, PAGES, self.config.group_pages)
            for first, count in ranges:
                self.model.free(first, count, lsn)
            self.model.highest = lsn
            self.model.ends.append(lsn)
            return lsn
        if rng.random() < 0.05:
            pages = pages[:1]
            prev = 0  # the page begins a new life
        else:
            prev = None
        lsn = 0
        for number, page_no in enumerate(pages):
            at, content = (0, bytes(8192)) if prev == 0 else self.model.newest(page_no)
            changes = random_changes(rng)
            lsn = volume.redo.log_page(page_no, at, changes, number == len(pages) - 1)
            self.model.change(page_no, lsn, changes, content)
        self.model.ends.append(lsn)
        return lsn

    def _reader(self, host: SimHost, volume: Volume) -> None:
        for _ in range(40):
            host.tasks.sleep(host.rng.random() * 0.5)
            lsn = host.rng.choice([None, *self.model.ends[-50:]])
            self.check_page(volume, host.rng.randrange(PAGES), lsn)


def run_seed(seed: int, lives: int = 4) -> str:
    return World(seed).run(lives)


def main() -> int:
    parser = argparse.ArgumentParser(description="storage in the simulator")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    failed = []
    for seed in range(options.first, options.first + options.seeds):
        try:
            run_seed(seed)
        except (Violation, DatabaseError, AssertionError, OSError, KeyError, Deadlock) as error:
            failed.append(seed)
            print(f"seed {seed}: {type(error).__name__} {error}")
    print(f"{options.seeds} seeds, {len(failed)} violations {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
