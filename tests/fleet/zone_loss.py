"""A zone and one node more die under load: writes wait, reads go on, nothing is lost, one node back and writes go on.

    python -m tests.fleet.zone_loss --rounds 20 --clients 8

    clients write ─── c1 c2 a1 killed ─── nothing is acknowledged, a reader gets pages of the three left ─── b1, say, is back:
    acknowledged again ─── the others are back ─── every copy whole, all alike, and the ledger agrees

The writer's pool is far smaller than the table that is read, so that reading means asking storage nodes. What was on its way
when the third node died may be acknowledged a moment later, by what four had written before.

Not here: power cuts (`tests.crash fleet-powercut`), the writer's own death.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from tests.crash.ledger import SCHEMA, Ledger
from tests.crash.writers import Writers
from tests.support.node_process import NAMES, ProcessFleet

ZONES = "abc"
READ_ROWS, ROW_BYTES = 12_000, 1000  # about 12 MB
SETTINGS = {"shared_buffers": "4MB"}
RESUME_SECONDS = 30.0


@dataclass
class Summary:
    rounds: int = 0
    acknowledged: int = 0
    reads: int = 0  # while writes had to wait
    pages: int = 0  # that they asked storage nodes for
    resumed_s: list[float] = field(default_factory=list)  # from the node's process being ready
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        slowest = max(self.resumed_s, default=0.0)
        return (
            f"{self.rounds} rounds, {self.acknowledged} acknowledged, {self.reads} reads of {self.pages} pages without a write "
            f"quorum, writes resumed within {slowest:.2f} s, {len(self.problems)} problems"
        )


class Reader:
    """Sums a table again and again; `count` says how often, `problems` what was wrong."""

    def __init__(self, port: int, connect: Callable) -> None:
        self.count, self.problems = 0, []
        self._done = threading.Event()
        self._wire = connect()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while not self._done.is_set() and not self.problems:
            reply = self._wire.query("select count(*), sum(id) from read_table", timeout=60)
            if reply.error or reply.rows != [(str(READ_ROWS), str(READ_ROWS * (READ_ROWS + 1) // 2))]:
                self.problems.append(f"a read without a write quorum: {reply.error or reply.rows}")
            self.count += 1

    def end(self) -> list[str]:
        self._done.set()
        self._thread.join()
        self._wire.close()
        return self.problems


class Rounds:
    def __init__(self, fleet: ProcessFleet, clients: int, seed: int, dark_s: float) -> None:
        self.fleet, self.clients, self.dark_s = fleet, clients, dark_s
        self.random = random.Random(seed)
        self.ledger, self.summary = Ledger(), Summary()

    def run(self, rounds: int, say: Callable[[str], None]) -> Summary:
        summary = self.summary
        with self.fleet.writer.connect() as wire:
            for statement in [
                *SCHEMA.split(";"),
                "create table read_table (id int, padding text)",
                f"insert into read_table select g, repeat('r', {ROW_BYTES}) from generate_series(1, {READ_ROWS}) g",
            ]:
                if error := wire.query(statement, timeout=120).error:
                    raise RuntimeError(f"cannot prepare: {error}")
        for number in range(1, rounds + 1):
            problems = self.one(number)
            summary.rounds, summary.acknowledged = number, len(self.ledger.acknowledged)
            summary.problems += [f"round {number}: {problem}" for problem in problems]
            say(f"round {number}: {summary}" + "".join(f"\n  {problem}" for problem in problems[:10]))
        return summary

    def one(self, number: int) -> list[str]:
        fleet, draw, ledger = self.fleet, self.random, self.ledger
        writers = Writers(fleet.writer.port, self.clients, ledger, number)
        writers.start()
        time.sleep(draw.uniform(0.5, 2.0))
        zone = draw.choice(ZONES)
        lost = [name for name in NAMES if name[0] == zone] + [draw.choice([name for name in NAMES if name[0] != zone])]
        fleet.kill(*draw.sample(lost, len(lost)))
        problems = self.dark()
        back = draw.sample(lost, len(lost))
        fleet.start(back[0])
        problems += self.light(len(ledger.acknowledged))
        fleet.start(*back[1:])
        writers.done.set()
        writers.join()
        with fleet.writer.connect() as wire:
            problems += ledger.check(wire)
        return problems + writers.problems + self.whole()

    def dark(self) -> list[str]:
        """Three of six are left."""
        time.sleep(0.5)  # what four had already is acknowledged
        acknowledged, pages = len(self.ledger.acknowledged), self.pages()
        reader = Reader(self.fleet.writer.port, self.fleet.writer.connect)
        time.sleep(self.dark_s)
        problems = reader.end()
        self.summary.reads += reader.count
        self.summary.pages += (asked := self.pages() - pages)
        if (more := len(self.ledger.acknowledged) - acknowledged) > 0:
            problems.append(f"{more} transactions were acknowledged by three of six")
        if reader.count < 1 or asked < READ_ROWS * ROW_BYTES // 8192 // 2:
            problems.append(f"{reader.count} reads, which asked for {asked} pages")
        return problems

    def pages(self) -> int:
        return int(self.fleet.query("select page_reads from aurora_volume")[0][0])

    def light(self, acknowledged: int) -> list[str]:
        """Four of six."""
        began = time.monotonic()
        while len(self.ledger.acknowledged) <= acknowledged:
            if time.monotonic() > began + RESUME_SECONDS:
                return [f"nothing was acknowledged within {RESUME_SECONDS:.0f} s of a fourth node's return"]
            time.sleep(0.01)
        self.summary.resumed_s.append(time.monotonic() - began)
        return []

    def whole(self) -> list[str]:
        fleet = self.fleet
        try:
            fleet.until(fleet.converged, 60)
        except AssertionError:
            return [f"not whole after a minute: {fleet.states()}"]
        return fleet.differing_copies()


def run(rounds: int, clients: int, seed: int, dark_s: float = 3.0, say: Callable[[str], None] = print) -> Summary:
    with tempfile.TemporaryDirectory(prefix="aurorapy-zone-loss-") as base:
        with ProcessFleet(Path(base) / "fleet", settings=SETTINGS) as fleet:
            return Rounds(fleet, clients, seed, dark_s).run(rounds, say)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dark", type=float, default=3.0, help="seconds without a write quorum")
    options = parser.parse_args()
    summary = run(options.rounds, options.clients, options.seed, options.dark)
    print(summary)
    raise SystemExit(bool(summary.problems))


if __name__ == "__main__":
    main()
