"""A report's picture: a bar a figure, beside what is wanted of it.

    draw(report, Path("bench/results/oltp.png"))

A Comparison's bars are ratios to PostgreSQL (1 is as fast). Measures that have a goal stand in one panel as their score:
1 is the bound just reached, whichever way the figure runs. Measures that are shown side by side are bars in their own unit,
every server's. A line marks "at least", a triangle the aim.

Needs matplotlib (`pip install '.[bench]'`); Errors: PlotMissing without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.report import Comparison, Measures, Report

COLOURS = {"aim": "#2b8a3e", "at least": "#74b816", "no": "#e8590c", "": "#868e96"}


class PlotMissing(Exception):
    """matplotlib is not installed: pip install '.[bench]'."""


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: float
    at_least: float | None
    aim: float | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    axis: str
    bars: list[Bar]
    is_score: bool = True  # to be seen against 1; what is far above it is cut off


def panels(report: Report) -> list[Panel]:
    """What there is to draw, in the report's order."""
    found = []
    for part in report.parts:
        found += _of_comparison(part) if isinstance(part, Comparison) else _of_measures(part)
    return [panel for panel in found if panel.bars]


def _of_comparison(part: Comparison) -> list[Panel]:
    out = []
    for server in part.contenders():
        bars = [
            Bar(str(line.case), line.ratio, line.goal and line.goal.at_least, line.goal and line.goal.aim, line.verdict)
            for line in part.lines() if line.server == server and line.ratio
        ]  # fmt: skip
        out.append(Panel(", ".join(filter(None, (part.title, server))), "ratio to PostgreSQL 15", bars))
    return out


def _of_measures(part: Measures) -> list[Panel]:
    if part.side_by_side:
        return [_side_by_side(part)]
    bars = []
    for measure in part.values:
        goal = measure.goal
        if goal is not None and part.verdict(measure):
            value = goal.score(part.median(measure, part.judged))
            aim = None if goal.aim is None else goal.score(goal.aim)
            bars.append(Bar(f"{measure.name} ({goal} {measure.unit})", value, 1.0, aim, part.verdict(measure)))
    return [Panel(part.title, "1 = just reached, more is better", bars)]


def _side_by_side(part: Measures) -> Panel:
    bars = []
    for measure, by_server in part.values.items():
        for server in by_server if measure.unit == part.side_by_side else ():
            is_judged = measure.goal is not None and server == part.judged
            bound, verdict = (measure.goal.at_least, part.verdict(measure)) if is_judged else (None, "")
            bars.append(Bar(f"{measure.name}, {server}", part.median(measure, server), bound, None, verdict))
    return Panel(part.title, part.side_by_side, bars, is_score=False)


def draw(report: Report, path: Path) -> None:
    try:
        import matplotlib
    except ImportError:
        raise PlotMissing(PlotMissing.__doc__) from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = panels(report)
    if not shown:
        return
    heights = [len(panel.bars) + 1.5 for panel in shown]
    figure, axes = pyplot.subplots(
        len(shown), 1, figsize=(9, 0.38 * sum(heights) + 0.6), squeeze=False, layout="constrained",
        gridspec_kw={"height_ratios": heights},
    )  # fmt: skip
    for panel, axis in zip(shown, axes[:, 0]):
        _draw_panel(panel, axis)
    figure.suptitle(report.title)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _draw_panel(panel: Panel, axis: object) -> None:
    highest = 5.0 if panel.is_score else float("inf")
    limit = 1.25 * max(1.0, *(min(bar.value, highest) for bar in panel.bars), *(bar.aim or 0.0 for bar in panel.bars))
    for place, bar in enumerate(panel.bars):
        axis.barh(place, min(bar.value, limit), color=COLOURS[bar.verdict], height=0.6)
        axis.text(min(bar.value, limit * 0.9), place, f" {bar.value:.2f}", va="center", fontsize=8)
        if bar.at_least:
            axis.plot([bar.at_least] * 2, [place - 0.4, place + 0.4], color="black", linewidth=1.5)
        if bar.aim:
            axis.plot(bar.aim, place, marker="v", color="black", markersize=5)
    if panel.is_score:
        axis.axvline(1.0, color="#adb5bd", linewidth=0.8, zorder=0)
    axis.set_yticks(range(len(panel.bars)), [bar.label for bar in panel.bars], fontsize=8)
    axis.invert_yaxis()
    axis.set_xlim(0, limit)
    axis.set_xlabel(panel.axis, fontsize=8)
    axis.set_title(panel.title, fontsize=9)
