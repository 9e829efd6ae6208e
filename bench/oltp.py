"""pgbench's built-in scripts against both servers, in alternating rounds.

    python -m bench oltp --scale 10 --seconds 10 --rounds 5
    python -m bench oltp --tests select-only --modes prepared --clients 1 8

Both servers are up for the whole run and one works at a time; each round starts with the other one. Tables are made
anew for the run and vacuumed before each case. Without --tests, --modes and --clients the cases are those of `CASES`.
"""

from __future__ import annotations

import argparse
import sys

from bench import pgbench
from bench.contestants import Contestant, Contestants
from bench.report import Case, Report, Run
from bench.versions import header

NAME = "oltp"
CASES = [
    Case("select-only", "prepared", 8),
    Case("select-only", "prepared", 1),
    Case("select-only", "simple", 8),
    Case("tpcb-like", "prepared", 8),
    Case("tpcb-like", "prepared", 32),
    Case("tpcb-like", "prepared", 1),
    Case("simple-update", "prepared", 8),
]
CHECK_SUMS = (
    "select (select sum(abalance) from pgbench_accounts), (select sum(tbalance) from pgbench_tellers), "
    "(select sum(bbalance) from pgbench_branches), (select coalesce(sum(delta), 0) from pgbench_history)"
)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scale", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=10, help="of one run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, nargs="+")
    parser.add_argument("--tests", nargs="+", choices=pgbench.SCRIPTS)
    parser.add_argument("--modes", nargs="+", choices=pgbench.MODES)
    parser.add_argument("--directory", help="where both keep their data (default: the temporary directory)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of aurorapy")


def run(options: argparse.Namespace) -> Report:
    facts = {**header(), "scale": str(options.scale), "rounds": f"{options.rounds} of {options.seconds} s, alternating"}
    report = Report("OLTP: pgbench", facts)
    settings = dict(item.split("=", 1) for item in options.set)
    if settings:
        facts["settings of aurorapy"] = ", ".join(options.set)
    with Contestants(options.directory, settings) as servers:
        for server in servers:
            say(f"{server.name}: pgbench -i -s {options.scale}")
            pgbench.initialize(server.port, options.scale)
        for case in chosen_cases(options):
            prepare(servers)
            for number in range(options.rounds):
                for server in servers if number % 2 == 0 else reversed(servers):
                    report.add(case, measure(server, case, options.seconds))
                    say(f"{case}, round {number + 1}: {report.runs[case][-1]}")
        check_sums(servers)
    return report


def chosen_cases(options: argparse.Namespace) -> list[Case]:
    if not (options.tests or options.modes or options.clients):
        return CASES
    return [
        Case(test, mode, clients)
        for test in options.tests or pgbench.SCRIPTS
        for mode in options.modes or ["prepared"]
        for clients in options.clients or [8]
    ]


def prepare(servers: list[Contestant]) -> None:
    """The same start for both: what earlier cases left behind is cleaned up and written."""
    for server in servers:
        with server.connect() as wire:
            for table in ("pgbench_branches", "pgbench_tellers", "pgbench_accounts"):
                wire.query(f"vacuum {table}", timeout=300)
            wire.query("checkpoint", timeout=300)


def measure(server: Contestant, case: Case, seconds: int) -> Run:
    before = server.cpu_seconds()
    outcome = pgbench.run(server.port, case.test, case.mode, case.clients, seconds)
    used = server.cpu_seconds() - before
    return Run(server.name, outcome.per_second, used * 1e6 / max(outcome.transactions, 1), outcome.failed)


def check_sums(servers: list[Contestant]) -> None:
    """tpcb-like keeps accounts, tellers and branches equal; simple-update only accounts and history."""
    for server in servers:
        with server.connect() as wire:
            accounts, _, _, history = wire.query(CHECK_SUMS, timeout=300).rows[0]
            if accounts != history:
                raise AssertionError(f"{server.name}: sum(abalance) = {accounts}, sum(delta) = {history}")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
