"""kill -9 under load: how long from starting the server again to the first answer from a table.

    python -m bench recovery --rounds 5
    python -m bench recovery --amounts small

| amount | redo since the last checkpoint |
|---|---|
| small | some seconds of TPC-B by 8 clients |
| large | the same after 1 GB of inserted rows |

PostgreSQL replays that redo before it answers. aurorapy replays nothing: it reads the last files of its log, fences,
decides where the log ends and opens. Both then read a row of pgbench_branches. At the end the balances must agree (that
nothing acknowledged is missing is the work of tests/crash).
"""

from __future__ import annotations

import argparse
import subprocess
import time

from bench import options as common
from bench import pgbench
from bench.contestants import Contestant, say, turns
from bench.report import Measure, Measures, Report

NAME = "recovery"
CLIENTS = 8
AMOUNTS = {"small": 0, "large": 1 << 30}
ROWS_A_STATEMENT, ROW_BYTES = 10_000, 1_900
DEADLINE_S = 600


def add_options(parser: argparse.ArgumentParser) -> None:
    common.add_common(parser)
    parser.add_argument("--amounts", nargs="+", choices=AMOUNTS, default=list(AMOUNTS))
    parser.add_argument("--load-seconds", type=float, default=3)


def run(options: argparse.Namespace) -> Report:
    figures = Measures()
    with common.contestants(options) as servers:
        report = Report("Recovery: kill -9 under load", common.facts(options, servers), [figures])
        for server in servers:
            pgbench.initialize(server.port, options.scale)
            server.ask("create table ballast (id int, filler text)")
        for amount in options.amounts:
            for number in range(options.rounds):
                for server in turns(servers, number):
                    one_round(figures, server, amount, options)
        for server in servers:
            balances_agree(server)
    return report


def one_round(figures: Measures, server: Contestant, amount: str, options: argparse.Namespace) -> None:
    server.ask("truncate ballast")
    server.ask("checkpoint")
    start = position(server)
    fill(server, start, AMOUNTS[amount])
    redo = crash_under_load(server, start, options)
    took = seconds_to_first_answer(server)
    figures.add(Measure(f"first answer, {amount} redo", "s"), server.name, took)
    figures.add(Measure(f"redo since the checkpoint, {amount}", "MB"), server.name, redo / 1e6)
    say(f"{server.name}, {amount} ({redo / 1e6:,.0f} MB): {took:.2f} s")


def position(server: Contestant) -> int:
    return int(server.ask("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")[0][0])


def fill(server: Contestant, start: int, wanted: int) -> None:
    """Rows until so many bytes of redo are there."""
    while position(server) - start < wanted:
        server.ask(f"insert into ballast select i, lpad(i::text, {ROW_BYTES}, 'x') from generate_series(1, {ROWS_A_STATEMENT}) i")


def crash_under_load(server: Contestant, start: int, options: argparse.Namespace) -> int:
    """kill -9 in the middle of TPC-B; the bytes of redo since `start` shortly before."""
    load = subprocess.Popen(
        pgbench.command(server.port, "tpcb-like", "prepared", CLIENTS, DEADLINE_S),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        time.sleep(options.load_seconds)
        redo = position(server) - start
        if load.poll() is not None:
            raise AssertionError(f"{server.name}: pgbench ended by itself before the crash")
        server.kill()
    finally:
        load.kill()
        load.wait()
    return redo


def seconds_to_first_answer(server: Contestant) -> float:
    """From starting the process."""
    began = time.monotonic()
    server.start()
    rows = server.ask("select bbalance from pgbench_branches where bid = 1")
    took = time.monotonic() - began
    if len(rows) != 1:
        raise AssertionError(f"{server.name}: {rows} after recovery")
    return took


def balances_agree(server: Contestant) -> None:
    """Every transaction is there whole or not at all."""
    accounts, tellers, branches, history = server.ask(
        "select (select sum(abalance) from pgbench_accounts), (select sum(tbalance) from pgbench_tellers), "
        "(select sum(bbalance) from pgbench_branches), (select sum(delta) from pgbench_history)"
    )[0]
    if not accounts == tellers == branches == history:
        raise AssertionError(f"{server.name}: accounts {accounts}, tellers {tellers}, branches {branches}, history {history}")
