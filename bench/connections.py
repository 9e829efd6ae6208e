"""Many connections: throughput of 500 clients against 8, of 50 among 5,000 open ones; memory; idle CPU.

    python -m bench connections --rounds 5 --seconds 10
    python -m bench connections --many 500 --open 5000 --active 50

1. Each server is opened anew: its memory, and its CPU over `--idle-seconds` while nobody is connected.
2. Idle connections that answered one `select 1` are opened: memory each, and the idle CPU with them.
3. pgbench -S prepared with few and with many clients, in alternating rounds: each server's own ratio.
4. pgbench -S prepared with 50 clients, alone and among 5,000 open connections, likewise.

pgbench counts its `-T` from before it connects, and only its rate from after: a run has a second more for each
`CONNECTS_A_SECOND` clients. The CPU a request holds the connecting too.

PostgreSQL has a process a connection: it holds `POSTGRES_IDLE` idle ones in step 2 and takes no part in 4's crowd.
"""

from __future__ import annotations

import argparse
import time

from bench import options as common
from bench import pgbench
from bench.contestants import Contestant, say, turns
from bench.goals import Goal
from bench.idle import IdleConnections, allow_files
from bench.report import Case, Comparison, Measure, Measures, Report, Run

NAME = "connections"
POSTGRES_IDLE = 200
CONNECTS_A_SECOND = 50  # of PostgreSQL's at their slowest
SETTLE_S = 2.0  # after connections came or went

FRESH = Measure("memory of a fresh server", "MB", Goal(150, 100, less=True))
FRESH_CPU = Measure("idle CPU, nobody connected", "% of a processor", Goal(0.5, less=True))
EACH = Measure("memory per idle connection", "KB", Goal(60, 30, less=True))
CROWD_CPU = Measure("idle CPU with idle connections", "% of a processor", Goal(0.5, less=True))


def add_options(parser: argparse.ArgumentParser) -> None:
    common.add_common(parser)
    parser.add_argument("--few", type=int, default=8)
    parser.add_argument("--many", type=int, default=500)
    parser.add_argument("--open", type=int, default=5000)
    parser.add_argument("--active", type=int, default=50)
    parser.add_argument("--idle-seconds", type=float, default=10)
    parser.add_argument("--memory-only", action="store_true", help="steps 1 and 2")


def run(options: argparse.Namespace) -> Report:
    allow_files(options.open + options.many)
    figures, ratios, table = Measures("Memory and idle CPU"), Measures("Own throughput, ratio of"), Comparison("Throughput")
    for_ours = {"max_connections": str(options.open + options.many)}
    for_postgres = {"max_connections": str(options.many + POSTGRES_IDLE)}
    with common.contestants(options, for_postgres, for_ours) as servers:
        report = Report("Connections", common.facts(options, servers), [figures, ratios, table], notes_of(options))
        for server in servers:
            say(f"{server.name}: memory and idle CPU")
            measure_idle(figures, server, options)
        if not options.memory_only:
            for server in servers:
                pgbench.initialize(server.port, options.scale)
            for number in range(options.rounds):
                for server in turns(servers, number):
                    many_against_few(ratios, table, server, options)
                    among_idle(ratios, table, server, options)
    return report


def notes_of(options: argparse.Namespace) -> list[str]:
    return [
        "Memory of aurorapy: all that is resident in its process. Of PostgreSQL: of all its processes, a page that several "
        "share counted once (PSS).",
        f"Idle connections: {options.open:,} of aurorapy, {min(POSTGRES_IDLE, options.open)} of PostgreSQL; each has answered "
        "one `select 1`.",
    ]


def measure_idle(figures: Measures, server: Contestant, options: argparse.Namespace) -> None:
    server.reopen()
    time.sleep(SETTLE_S)
    before = server.memory_bytes()
    figures.add(FRESH, server.name, before / 1e6)
    figures.add(FRESH_CPU, server.name, server.cpu_percent(options.idle_seconds))
    count = min(POSTGRES_IDLE, options.open) if server.is_reference else options.open
    before = server.memory_bytes()
    with IdleConnections(server.port, count):
        time.sleep(SETTLE_S)
        figures.add(EACH, server.name, (server.memory_bytes() - before) / count / 1e3)
        figures.add(CROWD_CPU, server.name, server.cpu_percent(options.idle_seconds))


def many_against_few(ratios: Measures, table: Comparison, server: Contestant, options: argparse.Namespace) -> None:
    few = measure(table, server, options.few, "", options.seconds)
    many = measure(table, server, options.many, "", options.seconds)
    ratios.add(Measure(f"{options.many} clients to {options.few}", "×", Goal(0.8, 1.0)), server.name, many / few)


def among_idle(ratios: Measures, table: Comparison, server: Contestant, options: argparse.Namespace) -> None:
    alone = measure(table, server, options.active, "", options.seconds)
    if server.is_reference:
        return
    idle = options.open - options.active
    with IdleConnections(server.port, idle):
        time.sleep(SETTLE_S)
        among = measure(table, server, options.active, f" among {options.open:,} open", options.seconds)
    time.sleep(SETTLE_S)
    name = f"{options.active} active of {options.open:,} to {options.active} open"
    ratios.add(Measure(name, "×", Goal(0.9, 1.0)), server.name, among / alone)


def measure(table: Comparison, server: Contestant, clients: int, crowd: str, seconds: int) -> float:
    before = server.cpu_seconds()
    outcome = pgbench.run(server.port, "select-only", "prepared", clients, seconds + clients // CONNECTS_A_SECOND)
    used = server.cpu_seconds() - before
    run = Run(server.name, outcome.per_second, used * 1e6 / max(outcome.transactions, 1), outcome.failed)
    table.add(Case(f"select-only{crowd}", "prepared", clients), run)
    say(f"{clients} clients{crowd}: {run}")
    return outcome.per_second
