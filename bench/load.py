"""Rows in bulk: INSERT of 1,000-row VALUES, COPY, `pgbench -i` whole, CREATE INDEX; alternating rounds.

    python -m bench load --scale 10 --rounds 5
    python -m bench load --tests copy index

| test | is | a row counts |
|---|---|---|
| insert | statements of 1,000 rows like pgbench_accounts, simple protocol, into a table with a primary key | inserted |
| copy | `\\copy` by psql of scale × 100,000 such rows from a file, into a table with a primary key | copied |
| initialize | `pgbench -i` with all its steps: client-side data, vacuum, primary keys | in pgbench_accounts |
| index | CREATE INDEX on the shuffled abalance of the copied rows | indexed |

Tables are dropped and a checkpoint is made before each run, outside the time. The clients' input is made beforehand.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Callable

from bench import options as common
from bench import pgbench
from bench.contestants import Contestant, say, turns
from bench.goals import Goal
from bench.report import Case, Comparison, Report, Run

NAME = "load"
ROWS_OF_STATEMENT = 1000
ACCOUNTS_PER_SCALE = 100_000
TESTS = ("insert", "copy", "index", "initialize")  # index works on what copy left
INSERT = Case("INSERT of 1,000-row VALUES", "simple", 1)
COPY = Case("COPY in", "simple", 1)
INITIALIZE = Case("pgbench -i", "simple", 1)
INDEX = Case("CREATE INDEX", "simple", 1)
GOALS = {INSERT: Goal(0.5, 1.0), COPY: Goal(0.7, 1.2), INITIALIZE: Goal(0.7, 1.2), INDEX: Goal(0.7, 1.5)}
TABLE = "create table {} (aid int not null primary key, bid int, abalance int, filler char(84))"


def add_options(parser: argparse.ArgumentParser) -> None:
    common.add_common(parser)
    parser.add_argument("--tests", nargs="+", choices=TESTS, default=TESTS)
    parser.add_argument("--statements", type=int, default=100, help="INSERTs a run")


def run(options: argparse.Namespace) -> Report:
    table = Comparison(unit="rows", goals=GOALS)
    with tempfile.TemporaryDirectory(prefix="bench-load-", dir=options.directory) as place:
        rows_file = Path(place) / "accounts.txt"
        works = works_of(options, rows_file)
        with common.contestants(options) as servers:
            report = Report("Loading", common.facts(options, servers), [table])
            for number in range(options.rounds):
                for name in [name for name in TESTS if name in works]:
                    for server in turns(servers, number):
                        works[name](table, server)
    return report


def works_of(options: argparse.Namespace, rows_file: Path) -> dict[str, Callable[[Comparison, Contestant], None]]:
    """What is to be run, by name, with its input made."""
    count = options.scale * ACCOUNTS_PER_SCALE
    works: dict[str, Callable[[Comparison, Contestant], None]] = {}
    if "insert" in options.tests:
        statements = insert_statements(options.statements)
        works["insert"] = lambda table, server: insert(table, server, statements)
    if "copy" in options.tests or "index" in options.tests:
        write_rows(rows_file, count)
        works["copy"] = lambda table, server: copy(table, server, rows_file, count)
    if "index" in options.tests:
        works["index"] = lambda table, server: create_index(table, server, count)
    if "initialize" in options.tests:
        works["initialize"] = lambda table, server: initialize(table, server, options.scale)
    return works


# -- input -------------------------------------------------------------------------------------------------------------


def insert_statements(count: int) -> list[str]:
    out = []
    for number in range(count):
        first = number * ROWS_OF_STATEMENT + 1
        rows = ", ".join(f"({aid}, {aid // ACCOUNTS_PER_SCALE + 1}, 0, '')" for aid in range(first, first + ROWS_OF_STATEMENT))
        out.append(f"insert into loaded (aid, bid, abalance, filler) values {rows}")
    return out


def write_rows(path: Path, count: int) -> None:
    """pgbench_accounts as COPY text, with a shuffled abalance for the index to sort."""
    draw, filler = random.Random(1), " " * 84
    with open(path, "w") as file:
        for aid in range(1, count + 1):
            file.write(f"{aid}\t{(aid - 1) // ACCOUNTS_PER_SCALE + 1}\t{draw.randrange(-1_000_000, 1_000_000)}\t{filler}\n")


# -- works -------------------------------------------------------------------------------------------------------------


def insert(table: Comparison, server: Contestant, statements: list[str]) -> None:
    fresh(server, "loaded")
    with server.connect() as wire:

        def work() -> None:
            for statement in statements:
                if error := wire.query(statement).error:
                    raise AssertionError(f"{server.name}: {error}")

        timed(table, INSERT, server, len(statements) * ROWS_OF_STATEMENT, work)


def copy(table: Comparison, server: Contestant, rows_file: Path, count: int) -> None:
    fresh(server, "copied")
    timed(table, COPY, server, count, lambda: psql(server.port, f"\\copy copied from '{rows_file}'"))
    found = server.ask("select count(*) from copied")
    if found != [(str(count),)]:
        raise AssertionError(f"{server.name}: {found} rows after COPY of {count}")


def create_index(table: Comparison, server: Contestant, count: int) -> None:
    server.ask("checkpoint")
    timed(table, INDEX, server, count, lambda: server.ask("create index copied_abalance on copied (abalance)"))
    server.ask("drop table copied")


def initialize(table: Comparison, server: Contestant, scale: int) -> None:
    server.ask("drop table if exists pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers")
    server.ask("checkpoint")
    timed(table, INITIALIZE, server, scale * ACCOUNTS_PER_SCALE, lambda: pgbench.initialize(server.port, scale))


def fresh(server: Contestant, name: str) -> None:
    server.ask(f"drop table if exists {name}")
    server.ask(TABLE.format(name))
    server.ask("checkpoint")


def timed(table: Comparison, case: Case, server: Contestant, rows: int, work: Callable[[], object]) -> None:
    cpu, began = server.cpu_seconds(), time.monotonic()
    work()
    took, used = time.monotonic() - began, server.cpu_seconds() - cpu
    table.add(case, Run(server.name, rows / took, used * 1e6 / rows))
    say(f"{case}, {rows:,} rows: {table.runs[case][-1]}")


def psql(port: int, command: str) -> None:
    done = subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-c", command,
         "postgres"], capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    if done.returncode:
        raise AssertionError(f"psql: {done.stderr[-1500:]}")
