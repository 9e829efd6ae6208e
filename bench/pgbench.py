"""pgbench as a function: runs it against a port, reads what it printed.

    initialize(port, scale=10)
    Outcome = run(port, "select-only", "prepared", clients=8, seconds=10)
    Outcome.transactions, .per_second, .failed, .latency_ms

Errors: PgbenchFailed with pgbench's own words.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

SCRIPTS = ("tpcb-like", "simple-update", "select-only")
MODES = ("simple", "extended", "prepared")
_TRANSACTIONS = re.compile(r"number of transactions actually processed: (\d+)")
_FAILED = re.compile(r"number of failed transactions: (\d+)")
_LATENCY = re.compile(r"latency average = ([\d.]+) ms")
_PER_SECOND = re.compile(r"tps = ([\d.]+) \(without initial connection time\)")


class PgbenchFailed(Exception):
    """It ended with an error status or said nothing we know."""


@dataclass(frozen=True, slots=True)
class Outcome:
    transactions: int
    per_second: float
    failed: int
    latency_ms: float


def initialize(port: int, scale: int, steps: str = "dtgvp", timeout_s: float = 600) -> None:
    _call(_command(port, ["-i", "-q", "-s", str(scale), "-I", steps]), timeout_s)


def run(port: int, script: str, mode: str, clients: int, seconds: int, threads: int = 0) -> Outcome:
    return parse(_call(command(port, script, mode, clients, seconds, threads), seconds + 120))


def command(port: int, script: str, mode: str, clients: int, seconds: int, threads: int = 0) -> list[str]:
    options = ["-n", "-b", script, "-M", mode, "-c", str(clients), "-T", str(seconds)]
    return _command(port, [*options, "-j", str(threads or min(clients, 2))])


def parse(output: str) -> Outcome:
    found = {name: pattern.search(output) for name, pattern in
             (("transactions", _TRANSACTIONS), ("per_second", _PER_SECOND), ("latency", _LATENCY))}  # fmt: skip
    missing = [name for name, match in found.items() if match is None]
    if missing:
        raise PgbenchFailed(f"no {', '.join(missing)} in:\n{output}")
    failed = _FAILED.search(output)
    return Outcome(
        transactions=int(found["transactions"][1]),
        per_second=float(found["per_second"][1]),
        failed=int(failed[1]) if failed else 0,
        latency_ms=float(found["latency"][1]),
    )


def _command(port: int, options: list[str]) -> list[str]:
    return ["pgbench", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", *options, "postgres"]


def _call(command: list[str], timeout_s: float) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s)
    if done.returncode:
        raise PgbenchFailed(f"{' '.join(command)}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
    return done.stdout
