"""Bits that flip on the disks of six real nodes under load: found, never served, repaired.

    python -m tests.fleet.flips --count 500 [--seed 0]

A round flips one bit of something that counts (records, images, indexes, headers, manifests, the node's file, the log) on one
or two of the six, of a running node or of one that was killed; sometimes both manifests, or both node files. Meanwhile a
client commits and reads everything through a small buffer pool. A flip is done with when no file that counts has it any more;
at the end all six build the same bytes, and everything that was acknowledged is there.

Not here: every single kind at the level of one node (`tests.storage.flips`).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from aurorapy.storage.node.runs import FOOTER, HEADER, HEADER_BYTES
from aurorapy_native.batch import sound_batches
from tests.support.node_process import NAMES, ProcessFleet
from tests.support.ticker import Ticker

SETTINGS = {"shared_buffers": "64"}
NODE_SETTINGS = {
    "hot_log_file_size": "1MB", "retention_window": "2s", "retention_size": "2MB", "storage_scrub_interval": "1s",
}  # fmt: skip
LOG_FILE_BYTES = 1 << 20
DONE_SECONDS = 120

Place = tuple[Path, int, int]  # file, first byte, bytes


def places(node: Path) -> dict[str, list[Place]]:
    """By kind, everything on the node's disk that a checksum covers."""
    found: dict[str, list[Place]] = {"node file": [(node / name, 0, size(node / name) - 1) for name in ("node", "node.copy")]}
    for directory in sorted((node / "segments").iterdir()):
        manifest = directory / "manifest"
        if not manifest.exists():
            continue
        found.setdefault("manifest", []).extend((each, 0, size(each) - 1) for each in (manifest, directory / "manifest.copy"))
        for info in json.loads(manifest.read_bytes().split(b"\n", 2)[2])["runs"]:
            run, start = directory / info["file"], HEADER_BYTES[info["kind"]]
            with open(run, "rb") as file:
                file.seek(info["bytes"] - FOOTER.size)
                end = FOOTER.unpack(file.read(FOOTER.size))[2]
            found.setdefault("header", []).append((run, 0, HEADER.size))
            if end > start:
                found.setdefault("records" if info["kind"] == "delta" else "image", []).append((run, start, end - start))
            found.setdefault("index", []).append((run, end, info["bytes"] - end))
    for log in sorted((node / "log").glob("log-*")):
        number = int(log.name[4:], 16)
        batches = sound_batches(log.read_bytes(), number * LOG_FILE_BYTES, 512)
        found.setdefault("log", []).append((log, 0, 36))
        found["log"] += [(log, batch[0] - number * LOG_FILE_BYTES, 80 + len(batch[1])) for batch in batches[:-3]]
    return {kind: each for kind, each in found.items() if each}


def size(path: Path) -> int:
    return path.stat().st_size


class Flip:
    """One bit that was turned: where, and how to see that it is gone."""

    def __init__(self, place: Place, draw: random.Random) -> None:
        self.path, start, count = place
        self.at = start + draw.randrange(count)
        with open(self.path, "r+b") as file:
            self.inode = os.fstat(file.fileno()).st_ino
            old = os.pread(file.fileno(), 1, self.at)
            self.value = bytes([old[0] ^ 1 << draw.randrange(8)])
            os.pwrite(file.fileno(), self.value, self.at)
            os.fsync(file.fileno())

    def is_gone(self) -> bool:
        try:
            with open(self.path, "rb") as file:
                return os.fstat(file.fileno()).st_ino != self.inode or os.pread(file.fileno(), 1, self.at) != self.value
        except FileNotFoundError:
            return True


class Rounds:
    def __init__(self, fleet: ProcessFleet, seed: int) -> None:
        self.fleet, self.draw = fleet, random.Random(seed)
        self.kinds: Counter[str] = Counter()
        self.slowest = 0.0
        with fleet.writer.connect() as wire:
            wire.query("create table facts (id int primary key, padding text)")
            assert not wire.query("insert into facts select g, repeat(md5(g::text), 20) from generate_series(1, 5000) g").error

    def round(self) -> None:
        fleet, draw = self.fleet, self.draw
        victims = draw.sample(NAMES, draw.choice((1, 1, 2)))
        is_live = draw.random() < 0.5
        if not is_live:
            fleet.kill(*victims)
        flips = [flip for name in victims for flip in self.flip(name, "running" if is_live else "stopped")]
        if not is_live:
            fleet.start(*victims)
        self.read()
        began = time.monotonic()
        try:
            fleet.until(lambda: all(flip.is_gone() for flip in flips) or self.load(), DONE_SECONDS)
        except AssertionError:
            left = [f"{flip.path}+{flip.at}" for flip in flips if not flip.is_gone()]
            said = {name: fleet.log(name).read_text()[-1500:] for name in victims}
            raise AssertionError(f"still there: {left}; {self.kinds}; {said}") from None
        self.slowest = max(self.slowest, time.monotonic() - began)

    def flip(self, name: str, when: str) -> list[Flip]:
        """One bit, or one in each of a pair of files. What the node replaces at that moment is chosen anew."""
        while True:
            try:
                found = places(self.fleet.node_directories[name] / "node")
                kind = self.draw.choice(sorted(found))
                chosen = [self.draw.choice(found[kind])]
                if kind in ("manifest", "node file") and self.draw.random() < 0.3:
                    directory = chosen[0][0].parent
                    chosen, kind = [place for place in found[kind] if place[0].parent == directory], f"both {kind}s"
                flips = [Flip(place, self.draw) for place in chosen]
            except (FileNotFoundError, ValueError, json.JSONDecodeError):
                continue
            self.kinds[f"{kind}, {when}"] += len(flips)
            return flips

    def load(self) -> bool:
        """Something to write, so that logs move on; not the answer to a question."""
        with self.fleet.writer.connect() as wire:
            error = wire.query(f"update facts set padding = padding where id % 50 = {self.draw.randrange(50)}", timeout=60).error
            assert error is None or error["C"] == "40001", error
        return False

    def read(self) -> None:
        with self.fleet.writer.connect() as wire:
            reply = wire.query("select count(*), count(*) filter (where padding = repeat(md5(id::text), 20)) from facts", timeout=120)
            assert reply.rows == [("5000", "5000")], reply

    def at_the_end(self) -> list[str]:
        self.fleet.until(self.fleet.converged, 120)
        self.read()
        return self.fleet.differing_copies()


def run(count: int, seed: int, say=print) -> list[str]:
    """What was wrong at the end; AssertionError where something was before."""
    with tempfile.TemporaryDirectory(prefix="aurorapy-flips-") as base:
        with ProcessFleet(Path(base) / "fleet", SETTINGS, NODE_SETTINGS) as fleet:
            rounds = Rounds(fleet, seed)
            with Ticker(fleet.writer.port, "ticks", pause=0.05) as ticker:
                while (done := rounds.kinds.total()) < count:
                    rounds.round()
                    say(f"{done}: {dict(rounds.kinds.most_common(1))} slowest {rounds.slowest:.1f} s")
            assert ticker.error is None, ticker.error
            problems = rounds.at_the_end()
            with fleet.writer.connect() as wire:
                rows = wire.query("select count(*) from ticks").rows
                problems += [] if rows == [(str(ticker.acknowledged),)] else [f"{ticker.acknowledged} acknowledged, {rows} there"]
            for kind, number in sorted(rounds.kinds.items()):
                say(f"  {kind:26} {number}")
            say(f"{rounds.kinds.total()} flips, the slowest was gone after {rounds.slowest:.1f} s; {ticker.acknowledged} commits")
            return problems


def main() -> int:
    parser = argparse.ArgumentParser(description="bits that flip on the disks of real nodes")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    problems = run(options.count, options.seed)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
