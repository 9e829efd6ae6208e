"""Measurements beside PostgreSQL 15: the same work, the same durability, one run, alternating rounds.

    python -m bench oltp|connections|recovery|redo|load|fairness|paper-table1|lag|all [--json] [--plot] [--rounds 5] [--seconds 10] [--scale 10]

| file | is |
|---|---|
| `oltp.py` | pgbench's built-in scripts and sysbench's four, in alternating rounds |
| `connections.py` | many clients, many idle connections: throughput, memory, idle CPU |
| `load.py` | INSERT of many rows, COPY, `pgbench -i`, CREATE INDEX |
| `recovery.py` | kill -9 under load: how long until the first answer |
| `redo.py`, `capture.py` | how fast records of real TPC-B are applied; CRC-32C |
| `fairness.py` | how long a point SELECT waits beside one long statement |
| `paper_table1.py`, `lag.py`, `replicated.py` | the Aurora paper's tables 1 and 4: messages a transaction, replica lag; the cluster measured |
| `contestants.py`, `options.py` | a PostgreSQL 15 and an aurorapy with equal settings, started for the run |
| `pgbench.py`, `sysbench.py`, `idle.py` | the clients, as functions |
| `goals.py`, `report.py`, `plot.py` | what is wanted; medians, spreads, ratios, the page in `results/`; its picture |
| `cpu.py`, `versions.py` | what a server's processes have burnt and hold; what was measured on what |

Every benchmark module has `NAME`, `add_options(parser)` and `run(options) -> Report`; `__main__.BENCHMARKS` lists them.
Both servers sync every commit with fdatasync, on one file system; `contestants.durability` asks them and refuses to
measure otherwise.
"""
