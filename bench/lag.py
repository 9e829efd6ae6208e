"""Replica lag beside the Aurora paper's table 4: from a commit's acknowledgement on the writer to its row on a reader.

    python -m bench lag --seconds 10 --rates 1000 2000 5000 --plot

Six storage nodes, a writer and a reader, all on this machine. pgbench writes single rows at the rate (`-R`); beside it one
client commits a marker on the writer and asks the reader for it until it is there. What is measured is what a client sees:
the reader's answering is part of it. The rate reached stands beside the rate asked for: where it is lower, that is the
highest this machine does.

Goal: p50 at most 5 ms.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from bench import options as common
from bench.contestants import say
from bench.goals import Goal
from bench.report import OURS, Measure, Measures, Report
from bench.versions import header
from tests.conftest import need_program
from tests.support.node_process import ProcessFleet
from tests.support.pgwire import Wire

NAME = "lag"
RATES = (1000, 2000, 5000)
PAPER_MS = {1000: 2.62, 2000: 3.42, 5000: 3.94, 10000: 5.38}  # Aurora's own, table 4
PAPER = "paper's Aurora"
ROWS = 100_000
WRITE = f"\\set id random(1, {ROWS})\nupdate written set n = n + 1 where id = :id;\n"
MARKER_PAUSE = 0.01
SETTLES, MEASURED = 0.1, 0.8  # shares of a run; the rest is pgbench's own end


def add_options(parser: argparse.ArgumentParser) -> None:
    common.add_common(parser)
    parser.add_argument("--rates", type=int, nargs="+", default=list(RATES), help="writes a second")
    parser.add_argument("--clients", type=int, default=64)


def run(options: argparse.Namespace) -> Report:
    table = Measures(side_by_side="ms")
    base = Path(tempfile.mkdtemp(prefix="bench-", dir=options.directory))
    facts = {**header(), "seconds a run": str(options.seconds), "rounds": str(options.rounds), "clients": str(options.clients)}
    script = base / "write.sql"
    script.write_text(WRITE)
    try:
        with ProcessFleet(base / "fleet", {"shared_buffers": options.shared_buffers}) as fleet:
            fleet.query("create table written (id int primary key, n int not null) with (fillfactor = 50)")
            fleet.query(f"insert into written select g, 0 from generate_series(1, {ROWS}) g")
            fleet.query("create table marker (id int primary key, n int); insert into marker values (1, 0)")
            reader = fleet.new_reader("reader")
            reader.start()
            with fleet.writer.connect() as writing, reader.connect() as reading:
                for _ in range(options.rounds):
                    for rate in options.rates:
                        measure(table, fleet, writing, reading, script, rate, options)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return Report("Replica lag (the paper's table 4)", facts, [table], ["The paper's figures are of another machine."])


def measure(
    table: Measures, fleet: ProcessFleet, writing: Wire, reading: Wire, script: Path, rate: int, options: argparse.Namespace
) -> None:
    load = subprocess.Popen(
        [need_program("pgbench"), "-h", "127.0.0.1", "-p", str(fleet.writer.port), "-U", "postgres", "-n", "-M", "prepared",
         "-f", str(script), "-R", str(rate), "-c", str(options.clients), "-T", str(options.seconds), "postgres"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    time.sleep(options.seconds * SETTLES)
    lags = sorted(marked(writing, reading, options.seconds * MEASURED))
    output, _ = load.communicate()
    reached = float(re.search(r"tps = ([\d.]+)", output)[1])
    case = f"{rate:,} writes/s"
    p50, p99 = (1000 * lags[len(lags) * part // 100] for part in (50, 99))
    table.add(Measure(f"{case}: lag, p50", "ms", Goal(5.0, less=True)), OURS, p50)
    table.add(Measure(f"{case}: lag, p50", "ms", Goal(5.0, less=True)), PAPER, PAPER_MS.get(rate, PAPER_MS[10000]))
    table.add(Measure(f"{case}: lag, p99", "ms"), OURS, p99)
    table.add(Measure(f"{case}: reached", "writes/s"), OURS, reached)
    say(f"{case}: {reached:.0f} reached; lag p50 {p50:.2f} ms, p99 {p99:.2f} ms, of {len(lags)} commits")


def marked(writing: Wire, reading: Wire, seconds: float) -> list[float]:
    """Seconds from each marker's acknowledgement to the first answer of the reader that has it; of one marker at least."""
    lags: list[float] = []
    until = time.monotonic() + seconds
    while not lags or time.monotonic() < until:
        number = writing.query("update marker set n = n + 1 where id = 1 returning n").rows[0][0]
        committed = time.monotonic()
        while reading.query("select n from marker where id = 1").rows[0][0] != number:
            pass
        lags.append(time.monotonic() - committed)
        time.sleep(MARKER_PAUSE)
    return lags
