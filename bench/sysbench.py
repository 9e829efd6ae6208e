"""sysbench as a function: prepares its tables, runs one of its scripts, reads what it printed.

    is_installed()
    prepare(port, tables=4, rows=50_000)            prepare_by_query: the same tables, in a few statements
    Outcome = run(port, "oltp_read_write", threads=8, seconds=10, tables=4, rows=50_000)
    Outcome.transactions, .per_second, .failed

The real program (`apt-get install sysbench`) with its PostgreSQL driver and server-side prepared statements.

Errors: SysbenchFailed with sysbench's own words.
"""

from __future__ import annotations

import re
import shutil
import subprocess

from bench.pgbench import Outcome
from tests.support.pgwire import Wire

SCRIPTS = ("oltp_point_select", "oltp_read_only", "oltp_write_only", "oltp_read_write")
MISSING = "sysbench is not installed (apt-get install sysbench): its cases were skipped"
_TRANSACTIONS = re.compile(r"^\s*transactions:\s+(\d+)\s+\(([\d.]+) per sec\.\)", re.M)
_IGNORED = re.compile(r"^\s*ignored errors:\s+(\d+)", re.M)
_LATENCY = re.compile(r"^\s*avg:\s+([\d.]+)", re.M)


class SysbenchFailed(Exception):
    """It ended with an error status or said nothing we know."""


def is_installed() -> bool:
    return shutil.which("sysbench") is not None


def prepare(port: int, tables: int, rows: int) -> None:
    _call(port, "oltp_read_write", "prepare", [*_sizes(tables, rows)], 600)


def prepare_by_query(port: int, tables: int, rows: int) -> None:
    """The tables as sysbench makes them, filled by INSERT … SELECT: for benchmarks in which loading is not the subject."""
    with Wire.connect("127.0.0.1", port) as wire:
        for number in range(1, tables + 1):
            for sql in (
                f"drop table if exists sbtest{number}",
                f"create table sbtest{number} (id serial primary key, k integer default 0 not null, "
                "c char(120) default '' not null, pad char(60) default '' not null)",
                f"insert into sbtest{number} (k, c, pad) select 1 + (random() * {rows - 1})::int, "
                f"repeat(md5(i::text), 3), md5((i + {rows})::text) from generate_series(1, {rows}) as g(i)",
                f"create index k_{number} on sbtest{number} (k)",
            ):
                if error := wire.query(sql, 600).error:
                    raise SysbenchFailed(f"{sql}: {error}")


def run(port: int, script: str, threads: int, seconds: int, tables: int, rows: int) -> Outcome:
    options = [*_sizes(tables, rows), f"--threads={threads}", f"--time={seconds}", "--report-interval=0"]
    return parse(_call(port, script, "run", options, seconds + 120))


def parse(output: str) -> Outcome:
    transactions, latency = _TRANSACTIONS.search(output), _LATENCY.search(output)
    if transactions is None or latency is None:
        raise SysbenchFailed(f"no transactions or latency in:\n{output}")
    ignored = _IGNORED.search(output)
    return Outcome(int(transactions[1]), float(transactions[2]), int(ignored[1]) if ignored else 0, float(latency[1]))


def _sizes(tables: int, rows: int) -> list[str]:
    return [f"--tables={tables}", f"--table-size={rows}"]


def _call(port: int, script: str, what: str, options: list[str], timeout_s: float) -> str:
    command = [
        "sysbench", script, "--db-driver=pgsql", "--pgsql-host=127.0.0.1", f"--pgsql-port={port}", "--pgsql-user=postgres",
        "--pgsql-db=postgres", *options, what,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s)
    if done.returncode:
        raise SysbenchFailed(f"{' '.join(command)}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
    return done.stdout
