"""From single runs to tables of medians, ratios and verdicts.

    table = Comparison("pgbench", goals={CASE: Goal(0.9, 1.2)})         throughput of the same work on every server
    table.add(CASE, Run(REFERENCE, per_second=51_234.0, cpu_us=38.1, failed=0))
    table.add(CASE, Run(OURS, per_second=60_011.0, cpu_us=12.3, failed=0))
    table.markdown()          … | **1.17** | 0.9 | 1.2 | at least | 38.1 | 12.3 | 0 |

    figures = Measures("memory")                                        anything else, with a unit
    figures.add(Measure("fresh server", "MB", Goal(150, 100, less=True)), OURS, 92.1)

    Report("OLTP", header, [table, figures]).markdown()

A line of a Comparison shows each server's median over the rounds, its spread (highest less lowest, in percent of the
median), the ratio of the medians (ours / PostgreSQL's; above 1 is faster), what was wanted and whether it is reached,
the median CPU of all server processes a request in microseconds, and how many transactions failed over all rounds. Each
server that is not the reference has a table of its own. A Measure is judged by the median of ours.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from typing import Any, Iterable

from bench.goals import Goal

REFERENCE, OURS = "PostgreSQL 15", "aurorapy"


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """What was asked of both servers. `mode` is the protocol."""

    test: str
    mode: str
    clients: int

    def __str__(self) -> str:
        return f"{self.test} {self.mode}, {self.clients} client{'s' if self.clients > 1 else ''}"


@dataclass(frozen=True, slots=True)
class Run:
    """One server, one round. per_second: requests; cpu_us: server CPU a request; failed: requests."""

    server: str
    per_second: float
    cpu_us: float
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One case over all rounds of the reference and one `server`; `ratio` is 0 while one of the two has no runs."""

    case: Case
    server: str
    median: dict[str, float]
    spread: dict[str, float]
    cpu_us: dict[str, float]
    failed: dict[str, int]
    rounds: int
    goal: Goal | None = None

    @property
    def ratio(self) -> float:
        reference = self.median.get(REFERENCE, 0.0)
        return self.median.get(self.server, 0.0) / reference if reference else 0.0

    @property
    def verdict(self) -> str:
        return self.goal.verdict(self.ratio) if self.goal and self.ratio else ""


@dataclass(slots=True)
class Comparison:
    """One work on several servers; `unit` is what is counted a second."""

    title: str = ""
    unit: str = "transactions"
    goals: dict[Case, Goal] = field(default_factory=dict)
    runs: dict[Case, list[Run]] = field(default_factory=dict)

    def add(self, case: Case, run: Run) -> None:
        self.runs.setdefault(case, []).append(run)

    def contenders(self) -> list[str]:
        names = dict.fromkeys(run.server for runs in self.runs.values() for run in runs)
        return [name for name in names if name != REFERENCE] or [OURS]

    def lines(self) -> list[Line]:
        return [line_of(case, runs, name, self.goals.get(case)) for name in self.contenders()
                for case, runs in self.runs.items()]  # fmt: skip

    def markdown(self) -> str:
        return "\n".join(self._table(name) for name in self.contenders())

    def _table(self, server: str) -> str:
        title = ", ".join(filter(None, (self.title, server if len(self.contenders()) > 1 else "")))
        rows = [f"## {title}", ""] if title else []
        rows.append(
            f"| test | mode | clients | {REFERENCE}, {self.unit}/s (spread) | {server}, {self.unit}/s (spread) | ratio "
            f"| at least | aim | reached | {REFERENCE} CPU µs | {server} CPU µs | failed |"
        )
        rows.append("|---|---|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|")
        rows += [_markdown_line(line) for line in self.lines() if line.server == server]
        return "\n".join(rows) + "\n"

    def as_dict(self) -> dict[str, Any]:
        lines = [
            {**asdict(line.case), "server": line.server, "ratio": line.ratio, "median": line.median, "cpu_us": line.cpu_us,
             "goal": line.goal and asdict(line.goal), "reached": line.verdict}
            for line in self.lines()
        ]  # fmt: skip
        runs = [{**asdict(case), "runs": [asdict(run) for run in runs]} for case, runs in self.runs.items()]
        return {"title": self.title, "unit": self.unit, "lines": lines, "runs": runs}


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure that is no throughput beside the reference's."""

    name: str
    unit: str
    goal: Goal | None = None

    def show(self, value: float) -> str:
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}"


@dataclass(slots=True)
class Measures:
    """Figures with units, one line each, one column a server; `judged` is the server whose figures the goals are for.
    `side_by_side`: the unit whose figures a picture shows as they are, all servers'; otherwise it shows scores."""

    title: str = ""
    judged: str = OURS
    side_by_side: str = ""
    values: dict[Measure, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, measure: Measure, server: str, value: float) -> None:
        self.values.setdefault(measure, {}).setdefault(server, []).append(value)

    def servers(self) -> list[str]:
        return list(dict.fromkeys(name for by_server in self.values.values() for name in by_server))

    def median(self, measure: Measure, server: str) -> float:
        return statistics.median(self.values[measure][server])

    def verdict(self, measure: Measure) -> str:
        if measure.goal is None or self.judged not in self.values[measure]:
            return ""
        return measure.goal.verdict(self.median(measure, self.judged))

    def markdown(self) -> str:
        rows = [f"## {self.title}", ""] if self.title else []
        rows.append(f"| figure | unit | {' | '.join(f'{name} (spread)' for name in self.servers())} | wanted | reached |")
        rows.append("|---|---|" + "---:|" * len(self.servers()) + "---|---|")
        for measure in self.values:
            cells = [self._cell(measure, server) for server in self.servers()]
            wanted = str(measure.goal) if measure.goal else ""
            rows.append(f"| {measure.name} | {measure.unit} | {' | '.join(cells)} | {wanted} | {bold_no(self.verdict(measure))} |")
        return "\n".join(rows) + "\n"

    def _cell(self, measure: Measure, server: str) -> str:
        values = self.values[measure].get(server)
        if not values:
            return "–"
        return measure.show(statistics.median(values)) + (f" ({spread(values):.0f} %)" if len(values) > 1 else "")

    def as_dict(self) -> dict[str, Any]:
        lines = [
            {"name": measure.name, "unit": measure.unit, "goal": measure.goal and asdict(measure.goal),
             "reached": self.verdict(measure), "median": {name: self.median(measure, name) for name in by_server},
             "values": by_server}
            for measure, by_server in self.values.items()
        ]  # fmt: skip
        return {"title": self.title, "lines": lines}


@dataclass(slots=True)
class Report:
    """`notes`: sentences under the tables (what was left out and why). `picture`: of the plot, beside the page."""

    title: str
    header: dict[str, str]
    parts: list[Comparison | Measures]
    notes: list[str] = field(default_factory=list)
    picture: str = ""

    def markdown(self) -> str:
        rows = [f"# {self.title}", "", *(f"- {name}: {value}" for name, value in self.header.items()), ""]
        rows += [part.markdown() for part in self.parts]
        rows += [f"- {note}" for note in self.notes]
        if self.picture:
            rows += [*([""] if self.notes else []), f"![{self.title}]({self.picture})"]
        return "\n".join(rows).rstrip("\n") + "\n"

    def json(self) -> str:
        parts = [part.as_dict() for part in self.parts]
        return json.dumps({"title": self.title, "header": self.header, "notes": self.notes, "parts": parts}, indent=1)


def line_of(case: Case, runs: Iterable[Run], server: str = OURS, goal: Goal | None = None) -> Line:
    by_server: dict[str, list[Run]] = {}
    for run in runs:
        if run.server in (REFERENCE, server):
            by_server.setdefault(run.server, []).append(run)
    return Line(
        case=case,
        server=server,
        median={name: statistics.median(r.per_second for r in rs) for name, rs in by_server.items()},
        spread={name: spread([r.per_second for r in rs]) for name, rs in by_server.items()},
        cpu_us={name: statistics.median(r.cpu_us for r in rs) for name, rs in by_server.items()},
        failed={name: sum(r.failed for r in rs) for name, rs in by_server.items()},
        rounds=max((len(rs) for rs in by_server.values()), default=0),
        goal=goal,
    )


def spread(values: list[float]) -> float:
    """Highest less lowest, in percent of the median; 0 for nothing."""
    middle = statistics.median(values) if values else 0.0
    return (max(values) - min(values)) / middle * 100 if middle else 0.0


def bold_no(verdict: str) -> str:
    return "**no**" if verdict == "no" else verdict


def _markdown_line(line: Line) -> str:
    def speed(name: str) -> str:
        return f"{line.median[name]:,.0f} ({line.spread[name]:.0f} %)" if name in line.median else "–"

    def cpu(name: str) -> str:
        return f"{line.cpu_us[name]:.1f}" if name in line.cpu_us else "–"

    case, goal = line.case, line.goal
    wanted = f"{goal.at_least:g} | {goal.at_least if goal.aim is None else goal.aim:g}" if goal else " | "
    ratio = f"**{line.ratio:.2f}**" if line.ratio else "–"
    return (
        f"| {case.test} | {case.mode} | {case.clients} | {speed(REFERENCE)} | {speed(line.server)} | {ratio} "
        f"| {wanted} | {bold_no(line.verdict)} | {cpu(REFERENCE)} | {cpu(line.server)} | {sum(line.failed.values())} |"
    )
