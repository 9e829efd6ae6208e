"""Measurements beside PostgreSQL 15: the same work, the same durability, one run, alternating rounds.

    python -m bench oltp [--json] [--scale 10] [--seconds 10] [--rounds 5] [--clients 1 8 32] [--tests select-only …]

| file | is |
|---|---|
| `contestants.py` | a PostgreSQL 15 and an aurorapy with equal settings, started for the run |
| `oltp.py` | pgbench's built-in scripts, in alternating rounds |
| `report.py` | medians, spreads, ratios, and the Markdown page in `results/` |
| `cpu.py`, `versions.py` | what a server's processes have burnt; what was measured on what |

Every benchmark module has `NAME`, `add_options(parser)` and `run(options) -> Report`; `__main__.BENCHMARKS` lists them.
"""
