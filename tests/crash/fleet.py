"""Power cuts of storage nodes: six processes, each on a disk of its own, and a writer with clients that note what they were told.

    two      any two nodes lose their power under load and come back; the clients notice nothing. Then the writer is killed, and
             every other time two *other* nodes with it: the next writer finds everything on what the cut ones kept
    all      six nodes and the writer at once; all come back

After each round: the ledger agrees, every copy is whole again, and all six build the same bytes at one LSN.

    summary = powercut(rounds=50, clients=8, seed=1)           two
    summary = powercut(rounds=10, clients=8, seed=1, is_all=True)

Not here: the embedded server's crashes (`rounds`), zones without a power cut (tests/fleet).
"""

from __future__ import annotations

import random
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Callable

from tests.crash.disk import LoopDisk
from tests.crash.ledger import SCHEMA, Ledger
from tests.crash.rounds import Summary
from tests.crash.writers import Writers
from tests.support.node_process import NAMES, ProcessFleet

NODE_DISK_MB = 2048


def powercut(
    rounds: int, clients: int, seed: int, longest_s: float = 3.0, is_all: bool = False, say: Callable[[str], None] = print
) -> Summary:
    with ExitStack() as stack:
        disks = {name: stack.enter_context(LoopDisk(NODE_DISK_MB)) for name in NAMES}
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aurorapy-fleet-power-")))
        places = {name: disk.path / "data" for name, disk in disks.items()}
        fleet = stack.enter_context(ProcessFleet(base, node_directories=places))
        fleet.writer.allow("Input/output error")  # of nodes without a disk
        return _Rounds(fleet, disks, clients, seed, longest_s).run(rounds, is_all, say)


class _Rounds:
    def __init__(self, fleet: ProcessFleet, disks: dict[str, LoopDisk], clients: int, seed: int, longest_s: float) -> None:
        self.fleet, self.disks, self.clients, self.longest_s = fleet, disks, clients, longest_s
        self.random = random.Random(seed)
        self.ledger, self.summary = Ledger(), Summary()

    def run(self, rounds: int, is_all: bool, say: Callable[[str], None]) -> Summary:
        ledger, summary = self.ledger, self.summary
        with self.fleet.writer.connect() as wire:
            for statement in SCHEMA.split(";"):
                if error := wire.query(statement).error:
                    raise RuntimeError(f"cannot prepare: {error}")
        for number in range(1, rounds + 1):
            problems = self.everything(number) if is_all else self.two(number)
            problems += self.check()
            summary.rounds, summary.acknowledged = number, len(ledger.acknowledged)
            summary.problems += [f"round {number}: {problem}" for problem in problems]
            say(f"round {number}: {len(ledger.acknowledged)} acknowledged, first query {summary.first_query_s[-1]:.2f} s"
                + "".join(f"\n  {problem}" for problem in problems[:10]))  # fmt: skip
            if len(summary.problems) > 50:
                break
        return summary

    # -- one round -----------------------------------------------------------------------------------------------------

    def two(self, number: int) -> list[str]:
        fleet, draw = self.fleet, self.random
        writers = Writers(fleet.writer.port, self.clients, self.ledger, number)
        writers.start()
        time.sleep(draw.uniform(0.2, self.longest_s))
        cut = draw.sample(NAMES, 2)
        self.cut(cut)
        time.sleep(draw.choice([0.0, 0.0, 0.3, 1.0]))
        self.restore(cut)
        time.sleep(draw.uniform(0.0, 1.0))
        problems = [] if fleet.writer.is_running else ["the writer ended by itself"]
        fleet.writer.kill()
        self.end(writers)
        others = draw.sample([name for name in NAMES if name not in cut], 2) if number % 2 else []
        fleet.kill(*others)
        self.start_writer()
        with fleet.writer.connect() as wire:
            problems += self.ledger.check(wire)
        fleet.start(*others)
        return problems + writers.problems

    def everything(self, number: int) -> list[str]:
        fleet, draw = self.fleet, self.random
        writers = Writers(fleet.writer.port, self.clients, self.ledger, number)
        writers.start()
        time.sleep(draw.uniform(0.2, self.longest_s))
        order = draw.sample(NAMES, len(NAMES))
        for name in order:
            self.disks[name].cut()
        time.sleep(draw.choice([0, 0, 0.02, 0.2]))  # what is acknowledged now would be a lie
        fleet.writer.kill()
        self.end(writers)
        fleet.kill(*order)
        self.restore(order)
        self.start_writer()
        with fleet.writer.connect() as wire:
            return self.ledger.check(wire) + writers.problems

    # -- steps ---------------------------------------------------------------------------------------------------------

    def cut(self, names: list[str]) -> None:
        for name in names:
            self.disks[name].cut()
        time.sleep(self.random.choice([0, 0, 0.02, 0.2]))
        self.fleet.kill(*names)

    def restore(self, names: list[str]) -> None:
        for name in names:
            self.disks[name].restore()
        self.fleet.start(*names)

    def end(self, writers: Writers) -> None:
        writers.join()
        self.summary.in_doubt += len(self.ledger.in_doubt)

    def start_writer(self) -> None:
        began = time.monotonic()
        self.fleet.writer.start()
        self.fleet.writer.seconds_to_first_query()
        self.summary.first_query_s.append(time.monotonic() - began)

    def check(self) -> list[str]:
        """Are all copies whole, and do they build the same bytes?"""
        fleet = self.fleet
        try:
            fleet.until(fleet.converged, 60)
        except AssertionError:
            return [f"not whole after a minute: {fleet.states()}"]
        return fleet.differing_copies() + [f"log: {line[:400]}" for line in fleet.writer.errors()]
