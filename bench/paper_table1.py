"""The Aurora paper's table 1: messages from the writer to storage nodes, a transaction, beside mirrored MySQL's writes.

    python -m bench paper-table1 --seconds 10 --clients 8 32 128 512 --plot

An I/O is one message from the writer to one of six nodes, as the paper counts at the database node: batches (six times
each), page reads, horizons, and keep-alives, its own and its answers to those of the nodes. The mirrored side is not built but counted from the same run, by the paper's five steps: what
would have been written to a volume (1) and its mirror (2), sent to a standby (3), and written to the standby's volume (4)
and mirror (5). A write is a flush of the redo log and one of the binlog for each batch that left here, and, for each page
that the run changed, one to the double-write buffer and one to its place: once each, as if one checkpoint sufficed. The
database node itself does steps 1 and 3.

Goals: at most 0.95 a transaction at some number of clients, and at least 7.7 times fewer than mirrored.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from bench import options as common
from bench import pgbench, sysbench
from bench.contestants import AURORAPY_SETTINGS, say, toml
from bench.goals import Goal
from bench.replicated import FleetServer
from bench.report import OURS, Measure, Measures, Report
from bench.versions import header
from tests.support.pgwire import Wire

NAME = "paper-table1"
CLIENTS = (8, 32, 128, 512)
COUNTERS = "select messages, batches, records, batch_bytes, page_reads, vdl from aurora_volume"
TESTS = ("tpcb-like", "oltp_write_only")
NODE_STEPS, ALL_STEPS = 2, 5
SYSBENCH_TABLES, SYSBENCH_ROWS = 4, 200_000
KEEP_ALIVES = 12  # a second: a ping to each of six nodes, and a pong
MIRRORED = "mirrored, counted"


def add_options(parser: argparse.ArgumentParser) -> None:
    common.add_common(parser)
    parser.add_argument("--clients", type=int, nargs="+", default=list(CLIENTS))
    parser.add_argument("--tests", nargs="+", choices=TESTS, default=list(TESTS))


def run(options: argparse.Namespace) -> Report:
    table, notes = Measures(), []
    workloads = {"tpcb-like": lambda port, n: pgbench.run(port, "tpcb-like", "prepared", n, options.seconds)}
    if "oltp_write_only" not in options.tests:
        pass
    elif sysbench.is_installed():
        workloads["oltp_write_only"] = lambda port, n: sysbench.run(
            port, "oltp_write_only", n, options.seconds, SYSBENCH_TABLES, SYSBENCH_ROWS
        )
    else:
        notes.append(sysbench.MISSING)
    base = Path(tempfile.mkdtemp(prefix="bench-", dir=options.directory))
    config = base / "aurorapy.toml"
    config.write_text(toml({**AURORAPY_SETTINGS, "shared_buffers": options.shared_buffers}))
    facts = {**header(), "scale": str(options.scale), "seconds a run": str(options.seconds), "rounds": str(options.rounds)}
    try:
        with FleetServer(base / "writer", config) as server:
            say(f"pgbench -i -s {options.scale}")
            pgbench.initialize(server.port, options.scale)
            if "oltp_write_only" in workloads:
                say("sysbench prepare")
                sysbench.prepare_by_query(server.port, SYSBENCH_TABLES, SYSBENCH_ROWS)
            for _ in range(options.rounds):
                for name, work in ((name, work) for name, work in workloads.items() if name in options.tests):
                    for clients in options.clients:
                        measure(table, server.port, name, work, clients)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return Report("Network I/Os a transaction (the paper's table 1)", facts, [table], notes)


def measure(table: Measures, port: int, name: str, work, clients: int) -> None:
    before = ask(port, COUNTERS)
    outcome = work(port, clients)
    after = ask(port, COUNTERS)
    messages, batches, records, size, reads = (int(b) - int(a) for a, b in zip(before[:5], after[:5]))
    pages = int(ask(port, f"select aurora_changed_pages('{before[5]}')")[0])
    done = max(outcome.transactions, 1)
    messages += round(KEEP_ALIVES * done / max(outcome.per_second, 1))
    mirrored = NODE_STEPS * (2 * batches + 2 * pages)
    case = f"{name}, {clients} clients"
    table.add(Measure(f"{case}: I/Os of the database node", "a transaction", Goal(0.95, less=True)), OURS, messages / done)
    table.add(Measure(f"{case}: I/Os of the database node", "a transaction", Goal(0.95, less=True)), MIRRORED, mirrored / done)
    table.add(Measure(f"{case}: times fewer than mirrored", "×", Goal(7.7)), OURS, mirrored / max(messages, 1))
    table.add(Measure(f"{case}: all five steps", "a transaction"), MIRRORED, mirrored / NODE_STEPS * ALL_STEPS / done)
    table.add(Measure(f"{case}: redo", "bytes a transaction"), OURS, size / done)
    table.add(Measure(f"{case}: records", "a transaction"), OURS, records / done)
    table.add(Measure(f"{case}: throughput", "transactions/s"), OURS, outcome.per_second)
    say(f"{case}: {done} transactions, {messages} messages ({reads} reads), {batches} batches, {pages} pages")


def ask(port: int, sql: str) -> tuple:
    with Wire.connect("127.0.0.1", port) as wire:
        reply = wire.query(sql, 600)
    if reply.error:
        raise AssertionError(f"{sql}: {reply.error}")
    return reply.rows[0]
