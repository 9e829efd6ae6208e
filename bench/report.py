"""From single runs to a table of ratios.

    case = Case("select-only", "prepared", 8)
    report.add(case, Run(server="PostgreSQL 15", per_second=51_234.0, cpu_us=38.1, failed=0))
    report.add(case, Run(server="aurorapy", per_second=60_011.0, cpu_us=12.3, failed=0))
    report.markdown()    a table with one line a case

A line shows each server's median over the rounds, its spread (highest less lowest, in percent of the median), the
ratio of the medians (ours / PostgreSQL's; above 1 is faster), the median CPU of all server processes a request in
microseconds, and how many transactions failed over all rounds.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field

REFERENCE, OURS = "PostgreSQL 15", "aurorapy"


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """What was asked of both servers. `mode` is pgbench's protocol."""

    test: str
    mode: str
    clients: int

    def __str__(self) -> str:
        return f"{self.test} {self.mode}, {self.clients} clients"


@dataclass(frozen=True, slots=True)
class Run:
    """One server, one round. per_second: transactions; cpu_us: server CPU a transaction; failed: transactions."""

    server: str
    per_second: float
    cpu_us: float
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One case over all rounds; `ratio` is 0 while one of the two has no runs."""

    case: Case
    median: dict[str, float]
    spread: dict[str, float]
    cpu_us: dict[str, float]
    failed: dict[str, int]
    rounds: int

    @property
    def ratio(self) -> float:
        reference = self.median.get(REFERENCE, 0.0)
        return self.median.get(OURS, 0.0) / reference if reference else 0.0


@dataclass(slots=True)
class Report:
    title: str
    header: dict[str, str]
    runs: dict[Case, list[Run]] = field(default_factory=dict)

    def add(self, case: Case, run: Run) -> None:
        self.runs.setdefault(case, []).append(run)

    def lines(self) -> list[Line]:
        return [line_of(case, runs) for case, runs in self.runs.items()]

    def markdown(self) -> str:
        rows = [f"# {self.title}", "", *(f"- {name}: {value}" for name, value in self.header.items()), ""]
        rows.append(
            f"| test | mode | clients | {REFERENCE} /s (spread) | {OURS} /s (spread) | ratio "
            f"| {REFERENCE} CPU µs | {OURS} CPU µs | failed |"
        )
        rows.append("|---|---|---:|---:|---:|---:|---:|---:|---:|")
        rows += [_markdown_line(line) for line in self.lines()]
        return "\n".join(rows) + "\n"

    def json(self) -> str:
        runs = [{**asdict(case), "runs": [asdict(run) for run in runs]} for case, runs in self.runs.items()]
        lines = [{**asdict(line.case), "ratio": line.ratio, "median": line.median} for line in self.lines()]
        return json.dumps({"title": self.title, "header": self.header, "lines": lines, "runs": runs}, indent=1)


def line_of(case: Case, runs: list[Run]) -> Line:
    by_server: dict[str, list[Run]] = {}
    for run in runs:
        by_server.setdefault(run.server, []).append(run)
    return Line(
        case=case,
        median={name: statistics.median(r.per_second for r in rs) for name, rs in by_server.items()},
        spread={name: spread([r.per_second for r in rs]) for name, rs in by_server.items()},
        cpu_us={name: statistics.median(r.cpu_us for r in rs) for name, rs in by_server.items()},
        failed={name: sum(r.failed for r in rs) for name, rs in by_server.items()},
        rounds=max(len(rs) for rs in by_server.values()),
    )


def spread(values: list[float]) -> float:
    """Highest less lowest, in percent of the median; 0 for nothing."""
    middle = statistics.median(values) if values else 0.0
    return (max(values) - min(values)) / middle * 100 if middle else 0.0


def _markdown_line(line: Line) -> str:
    def speed(name: str) -> str:
        return f"{line.median[name]:,.0f} ({line.spread[name]:.0f} %)" if name in line.median else "–"

    def cpu(name: str) -> str:
        return f"{line.cpu_us[name]:.1f}" if name in line.cpu_us else "–"

    case = line.case
    failed = sum(line.failed.values())
    return (
        f"| {case.test} | {case.mode} | {case.clients} | {speed(REFERENCE)} | {speed(OURS)} | **{line.ratio:.2f}** "
        f"| {cpu(REFERENCE)} | {cpu(OURS)} | {failed} |"
    )
