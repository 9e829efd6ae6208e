"""Rounds of load, crash, verification and restart, shared by kill -9 and the power cut.

    summary = kill9(rounds=50, clients=16, seed=1)
    summary.problems == []
    print(summary)      "50 rounds, 81,204 acknowledged, 310 in doubt, 0 problems; first query after 0.52 s (max 0.61), …"

`restart` is kill9 with so many bytes of redo written in each round before the crash: opening must not read them again.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from tests.crash.disk import LoopDisk
from tests.crash.ledger import SCHEMA, Ledger
from tests.crash.writers import Writers
from tests.support.pgwire import Wire
from tests.support.server import ROOT, Server

BALLAST = "create table if not exists ballast (id int, filler text)"
FILL = "insert into ballast select i, lpad(i::text, 1900, 'x') from generate_series(1, 10000) i"

@dataclass(slots=True)
class Summary:
    """From starting the process to its first answer, once a round: seconds, and the CPU it used for that."""

    rounds: int = 0
    acknowledged: int = 0
    in_doubt: int = 0
    problems: list[str] = field(default_factory=list)
    first_query_s: list[float] = field(default_factory=list)
    first_query_cpu_s: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        times, cpu = sorted(self.first_query_s) or [0.0], sorted(self.first_query_cpu_s) or [0.0]
        return (
            f"{self.rounds} rounds, {self.acknowledged:,} acknowledged, {self.in_doubt:,} in doubt, "
            f"{len(self.problems)} problems; first query after {times[len(times) // 2]:.2f} s (max {times[-1]:.2f}), "
            f"{cpu[len(cpu) // 2]:.2f} s of CPU (max {cpu[-1]:.2f})"
        )


def kill9(rounds: int, clients: int, seed: int, longest_s: float = 3.0, say: Callable[[str], None] = print) -> Summary:
    with tempfile.TemporaryDirectory(prefix="aurorapy-kill9-") as base:
        server = Server(Path(base) / "data")

        def crash(random_: random.Random) -> None:
            server.kill()

        return _run(server, crash, rounds, clients, seed, longest_s, say)


def restart(rounds: int, clients: int, seed: int, redo_bytes: int, say: Callable[[str], None] = print) -> Summary:
    with tempfile.TemporaryDirectory(prefix="aurorapy-restart-") as base:
        server = Server(Path(base) / "data")

        def crash(random_: random.Random) -> None:
            with server.connect() as wire:
                wire.query(f"{BALLAST}; truncate ballast", timeout=600)
                start = _redo_position(wire)
                while (written := _redo_position(wire) - start) < redo_bytes:
                    if error := wire.query(FILL, timeout=600).error:
                        raise RuntimeError(f"cannot fill: {error}")
            say(f"{written / 1e6:,.0f} MB of redo")
            server.kill()

        return _run(server, crash, rounds, clients, seed, 0.5, say)


def _redo_position(wire: Wire) -> int:
    return int(wire.query("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')").rows[0][0])


def powercut(rounds: int, clients: int, seed: int, longest_s: float = 3.0, say: Callable[[str], None] = print) -> Summary:
    with LoopDisk() as disk, tempfile.TemporaryDirectory(prefix="aurorapy-power-") as base:
        server = Server(disk.path / "data", log_path=Path(base) / "log")
        server.allow("")  # a server without a disk may complain as it likes

        def crash(random_: random.Random) -> None:
            disk.cut()
            time.sleep(random_.choice([0, 0, 0.02, 0.2]))  # what is acknowledged now would be a lie
            server.kill()
            disk.restore()

        return _run(server, crash, rounds, clients, seed, longest_s, say)


def _run(server: Server, crash: Callable[[random.Random], None], rounds: int, clients: int, seed: int, longest_s: float,
         say: Callable[[str], None]) -> Summary:  # fmt: skip
    random_ = random.Random(seed)
    ledger, summary = Ledger(), Summary()
    server.start()
    with server.connect() as wire:
        for statement in SCHEMA.split(";"):
            if error := wire.query(statement).error:
                raise RuntimeError(f"cannot prepare: {error}")
    try:
        for number in range(1, rounds + 1):
            problems = _one_round(server, crash, number, clients, random_, longest_s, ledger, summary)
            summary.problems += [f"round {number}: {problem}" for problem in problems]
            say(f"round {number}: {len(ledger.acknowledged)} acknowledged, first query {summary.first_query_s[-1]:.2f} s, CPU {summary.first_query_cpu_s[-1]:.2f} s"
                + "".join(f"\n  {problem}" for problem in problems[:10]))  # fmt: skip
            if len(summary.problems) > 50:
                break
    finally:
        summary.acknowledged = len(ledger.acknowledged)
        server.kill()
    return summary


def _one_round(server: Server, crash: Callable[[random.Random], None], number: int, clients: int, random_: random.Random,
               longest_s: float, ledger: Ledger, summary: Summary) -> list[str]:  # fmt: skip
    writers = Writers(server.port, clients, ledger, number)
    writers.start()
    time.sleep(random_.uniform(0.2, longest_s))
    died_early = not server.is_running
    crash(random_)
    writers.join()
    problems = list(writers.problems)
    if died_early:
        problems.append("the server ended by itself")
    summary.in_doubt += len(ledger.in_doubt)
    problems += verify(server.directory)
    began = time.monotonic()
    server.start()
    server.seconds_to_first_query()
    summary.first_query_s.append(time.monotonic() - began)
    summary.first_query_cpu_s.append(time.clock_gettime(~server.pid << 3 | 2))  # its CPU clock (linux/posix-timers.h)
    with server.connect() as wire:
        problems += ledger.check(wire)
    problems += [f"log: {line[:400]}" for line in server.errors()]
    summary.rounds = number
    return problems


def verify(directory: Path) -> list[str]:
    """What `aurorapy verify` has to complain about."""
    done = subprocess.run(
        [sys.executable, "-m", "aurorapy", "verify", str(directory)], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    return [] if done.returncode == 0 else [f"verify: {(done.stdout + done.stderr)[-800:]}"]
