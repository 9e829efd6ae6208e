"""pgbench's built-in scripts and sysbench's four against both servers, in alternating rounds.

    python -m bench oltp --scale 10 --seconds 10 --rounds 5
    python -m bench oltp --tests select-only --modes prepared --clients 1 8
    python -m bench oltp --idle-spin both
    python -m bench oltp --copies 6 --tests tpcb-like --clients 32

All servers are up for the whole run and one works at a time; each round starts with another one. Tables are made anew
for the run and vacuumed before each case. Without --tests, --modes and --clients the cases are those of `GOALS`.
"""

from __future__ import annotations

import argparse

from bench import options as common
from bench import pgbench, sysbench
from bench.contestants import Contestant, say, turns
from bench.goals import Goal
from bench.report import Case, Comparison, Report, Run

NAME = "oltp"
SYSBENCH_TABLES, SYSBENCH_ROWS, SYSBENCH_THREADS = 4, 50_000, 8
GOALS = {
    Case("select-only", "prepared", 8): Goal(0.9, 1.2),
    Case("select-only", "prepared", 1): Goal(1.5, 2.5),
    Case("select-only", "simple", 8): Goal(0.8, 1.0),
    Case("tpcb-like", "prepared", 8): Goal(1.3, 2.0),
    Case("tpcb-like", "prepared", 32): Goal(1.3, 2.0),
    Case("tpcb-like", "prepared", 1): Goal(1.0, 1.5),
    Case("simple-update", "prepared", 8): Goal(1.3, 2.0),
}
SYSBENCH_GOALS = {
    Case("oltp_point_select", "prepared", SYSBENCH_THREADS): Goal(0.9, 1.2),
    Case("oltp_read_only", "prepared", SYSBENCH_THREADS): Goal(0.6, 1.0),
    Case("oltp_write_only", "prepared", SYSBENCH_THREADS): Goal(1.2, 2.0),
    Case("oltp_read_write", "prepared", SYSBENCH_THREADS): Goal(0.8, 1.2),
}
SIX_COPIES_GOALS = {Case("tpcb-like", "prepared", clients): Goal(1.0, 1.5) for clients in (8, 32)}
CHECK_SUMS = (
    "select (select sum(abalance) from pgbench_accounts), (select sum(tbalance) from pgbench_tellers), "
    "(select sum(bbalance) from pgbench_branches), (select coalesce(sum(delta), 0) from pgbench_history)"
)


def add_options(parser: argparse.ArgumentParser) -> None:
    common.add_common(parser)
    parser.add_argument("--clients", type=int, nargs="+")
    parser.add_argument("--copies", type=int, choices=(1, 6), default=1, help="6: on storage nodes, beside two synchronous standbys")
    parser.add_argument("--tests", nargs="+", choices=[*pgbench.SCRIPTS, *sysbench.SCRIPTS])
    parser.add_argument("--modes", nargs="+", choices=pgbench.MODES)


def run(options: argparse.Namespace) -> Report:
    cases = chosen_cases(options)
    notes = []
    if not sysbench.is_installed() and any(case.test in sysbench.SCRIPTS for case in cases):
        cases = [case for case in cases if case.test not in sysbench.SCRIPTS]
        notes.append(sysbench.MISSING)
        say(sysbench.MISSING)
    table = Comparison(goals=SIX_COPIES_GOALS if options.copies == 6 else GOALS | SYSBENCH_GOALS)
    with common.contestants(options) as servers:
        report = Report("OLTP: pgbench and sysbench", common.facts(options, servers), [table], notes)
        make_tables(servers, options, cases)
        for case in cases:
            measure_case(table, servers, case, options)
        if any(case.test in pgbench.SCRIPTS for case in cases):
            check_sums(servers)
    return report


def chosen_cases(options: argparse.Namespace) -> list[Case]:
    if not (options.tests or options.modes or options.clients):
        return [*SIX_COPIES_GOALS] if options.copies == 6 else [*GOALS, *SYSBENCH_GOALS]
    return [
        Case(test, mode, clients)
        for test in options.tests or pgbench.SCRIPTS
        for mode in (options.modes or ["prepared"] if test in pgbench.SCRIPTS else ["prepared"])
        for clients in options.clients or [8]
    ]


def make_tables(servers: list[Contestant], options: argparse.Namespace, cases: list[Case]) -> None:
    for server in servers:
        if any(case.test in pgbench.SCRIPTS for case in cases):
            say(f"{server.name}: pgbench -i -s {options.scale}")
            pgbench.initialize(server.port, options.scale)
        if any(case.test in sysbench.SCRIPTS for case in cases):
            say(f"{server.name}: sysbench prepare")
            sysbench.prepare(server.port, SYSBENCH_TABLES, SYSBENCH_ROWS)


def measure_case(table: Comparison, servers: list[Contestant], case: Case, options: argparse.Namespace) -> None:
    for server in servers:
        clean_up(server, case)
    for number in range(options.rounds):
        for server in turns(servers, number):
            table.add(case, measure(server, case, options.seconds))
            say(f"{case}, round {number + 1}: {table.runs[case][-1]}")


def clean_up(server: Contestant, case: Case) -> None:
    """The same start for all: what earlier cases left behind is cleaned up and written."""
    if case.test in pgbench.SCRIPTS:
        tables = ["pgbench_branches", "pgbench_tellers", "pgbench_accounts"]
    else:
        tables = [f"sbtest{number + 1}" for number in range(SYSBENCH_TABLES)]
    for table in tables:
        server.ask(f"vacuum analyze {table}")
    server.ask("checkpoint")


def measure(server: Contestant, case: Case, seconds: int) -> Run:
    before = server.cpu_seconds()
    if case.test in pgbench.SCRIPTS:
        outcome = pgbench.run(server.port, case.test, case.mode, case.clients, seconds)
    else:
        outcome = sysbench.run(server.port, case.test, case.clients, seconds, SYSBENCH_TABLES, SYSBENCH_ROWS)
    used = server.cpu_seconds() - before
    return Run(server.name, outcome.per_second, used * 1e6 / max(outcome.transactions, 1), outcome.failed)


def check_sums(servers: list[Contestant]) -> None:
    """tpcb-like keeps accounts, tellers and branches equal; simple-update only accounts and history."""
    for server in servers:
        accounts, _, _, history = server.ask(CHECK_SUMS)[0]
        if accounts != history:
            raise AssertionError(f"{server.name}: sum(abalance) = {accounts}, sum(delta) = {history}")
