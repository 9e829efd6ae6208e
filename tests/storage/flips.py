"""Bits that flip at rest, one after the other: found, never served, repaired.

    python -m tests.storage.flips --count 500 [--seed 0]

Each round flips one bit of something that counts (a run's block, index, header; a manifest; the node's file; the log) on one
or two of six copies, while the node runs or while it is stopped. Then pages are read from the damaged copies: right, or
refused. Then the node looks for it, peers help, and at the end everything on its disk is sound again and the copy has what
the others have.

Not here: bits that mean nothing (padding, files that nothing names).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from aurorapy.storage import messages as m
from aurorapy.storage.node.runs import DELTA, HEADER, HEADER_BYTES
from aurorapy.storage.node.scrub import damaged_blocks
from aurorapy_native.batch import sound_batches
from tests.storage.peers import EPOCH, PAGES, Peers, with_config

CONFIG = with_config(scrub_s=2.0)
REPAIR_SECONDS_MAX = 60


class Flips:
    def __init__(self, seed: int) -> None:
        self.fleet = Peers(seed, config=CONFIG)
        self.rng = self.fleet.rng
        self.kinds: Counter[str] = Counter()
        self.refused = 0
        for _ in range(8):
            self.load()

    def load(self) -> None:
        self.fleet.write(self.rng.randrange(5, 25))
        self.fleet.horizons()
        self.fleet.run(0.5)

    # -- what counts ---------------------------------------------------------------------------------------------------

    def places(self, copy: str) -> dict[str, list[tuple[str, int, int]]]:
        """By kind: (file, first byte, bytes) of everything on that copy's disk that a checksum covers."""
        node, found = self.fleet.nodes[copy], {}
        segment = node.segments[0]
        files = self.fleet.media[copy].files()
        for run in segment.runs():
            start = HEADER_BYTES[run.info.kind]
            kind = "records" if run.info.kind == DELTA else "image"
            found.setdefault("header", []).append((run.path, 0, HEADER.size))
            found.setdefault(kind, []).append((run.path, start, run.data_end - start))
            found.setdefault("index", []).append((run.path, run.data_end, run.info.bytes - run.data_end))
        for name in (f"{segment.directory}/manifest", f"{segment.directory}/manifest.copy"):
            found.setdefault("manifest", []).append((name, 0, len(files[name]) - 1))
        for name in ("node/node", "node/node.copy"):
            found.setdefault("node file", []).append((name, 0, len(files[name]) - 1))
        found["log"] = [place for number in range(node.log.oldest, node.log.number + 1) for place in self._batches(node, number)]
        return {kind: places for kind, places in found.items() if places}

    def _batches(self, node, number: int) -> list[tuple[str, int, int]]:
        path = f"{node.directory}/log/log-{number:012x}"
        base = number * node.log.file_bytes
        data = self._content(node, path)
        batches = [batch for batch in sound_batches(data, base, 512) if batch[0] < node.log.durable]
        # The last batch is a mark, or can be taken for a torn tail: nothing on the disk says that it was durable.
        return [(path, 0, 36)] + [(path, batch[0] - base, 80 + len(batch[1])) for batch in batches[:-1]]

    def _content(self, node, path: str) -> bytes:
        return bytes(node.host.medium.names[path].cached)

    # -- a round -------------------------------------------------------------------------------------------------------

    def round(self) -> None:
        rng, fleet = self.rng, self.fleet
        victims = rng.sample("ABCDEF", rng.choice((1, 1, 2)))
        is_live = rng.random() < 0.5
        fleet.run(0.3)  # the log comes to rest
        found_before = {}
        flipped = []
        for copy in victims:
            places = self.places(copy)
            kind = rng.choice(sorted(places))
            path, start, size = rng.choice(places[kind])
            if not is_live:
                fleet.crash(copy, power=False)
            fleet.media[copy].flip(path, start + rng.randrange(size), 1 << rng.randrange(8))
            self.kinds[f"{kind}, {'running' if is_live else 'stopped'}"] += 1
            flipped.append((copy, kind, path))
            found_before[copy] = len(fleet.trouble)
        for copy in victims:
            if not is_live:
                fleet.start(copy)
            self.read(copy)
        self.load()
        for copy in victims:
            self.read(copy)
        self.await_repair(flipped)

    def read(self, copy: str) -> None:
        """Pages as the copy serves them: right, or none."""
        fleet = self.fleet
        segment = fleet.segment(copy)
        for page_no in self.rng.sample(range(PAGES), 6):
            point = fleet.vdl
            [answer] = fleet.nodes[copy].step(m.ReadPage(EPOCH, 0, page_no, point, point), 0.0)
            if type(answer) is m.Page:
                assert segment.scl >= point and answer.content == fleet.expected(page_no, point), (copy, page_no)
            else:
                assert type(answer) is m.ReadFailed, answer
                self.refused += 1

    def is_sound(self, copy: str) -> bool:
        node = self.fleet.nodes[copy]
        segment = node.segments[0]
        repair = node.scrub.repair(segment)
        return (
            not segment.doubt
            and not repair.damages
            and node.scrub.log_is_damaged < 0
            and node.log.damaged_file() < 0
            and not segment.is_manifest_damaged()
            and not node.hosting.is_file_damaged()
            and not any(run.is_frame_damaged(0, segment.id) for run in segment.runs())
            and not any(blocks_damaged(run) for run in segment.runs())
        )

    def await_repair(self, flipped: list) -> None:
        fleet = self.fleet
        for _ in range(REPAIR_SECONDS_MAX):
            fleet.write(2)
            fleet.horizons()
            fleet.run(1.0)
            if all(self.is_sound(copy) for copy, _, _ in flipped):
                break
        else:
            raise AssertionError(f"not repaired: {flipped} {[str(fleet.nodes[copy]) for copy, _, _ in flipped]} {fleet.trouble[-6:]}")
        assert fleet.settle(), flipped
        fleet.check()


def blocks_damaged(run) -> bool:
    return bool(damaged_blocks(run, 0, len(run.index)))


def main() -> int:
    parser = argparse.ArgumentParser(description="bits that flip at rest")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began, done, seed, total, refused = time.perf_counter(), 0, options.seed, Counter(), 0
    while done < options.count:
        flips = Flips(seed)
        for _ in range(25):
            flips.round()
            if done + sum(flips.kinds.values()) >= options.count:
                break
        done += sum(flips.kinds.values())
        total += flips.kinds
        refused += flips.refused
        print(f"seed {seed}: {done} flips, all found and repaired, {refused} reads refused", flush=True)
        seed += 1
    for kind, count in sorted(total.items()):
        print(f"  {kind:24} {count}")
    print(f"{done} flips in {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
