"""The arithmetic of a benchmark's report: medians, spreads, ratios, verdicts, and how they are written down."""

from __future__ import annotations

import json

import pytest

from bench import plot
from bench.goals import Goal
from bench.report import OURS, REFERENCE, Case, Comparison, Measure, Measures, Report, Run, line_of, spread

CASE = Case("select-only", "prepared", 8)


def comparison(ours: float, goal: Goal | None = None) -> Comparison:
    table = Comparison(goals={CASE: goal} if goal else {})
    table.add(CASE, Run(REFERENCE, 1000, 20.0))
    table.add(CASE, Run(OURS, ours, 8.0))
    return table


# -- goals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        (Goal(0.9, 1.2), 0.89, "no"),
        (Goal(0.9, 1.2), 0.9, "at least"),
        (Goal(0.9, 1.2), 1.2, "aim"),
        (Goal(60, 30, less=True), 61, "no"),
        (Goal(60, 30, less=True), 60, "at least"),
        (Goal(60, 30, less=True), 29, "aim"),
        (Goal(0.5, less=True), 0.5, "aim"),
    ],
)
def test_verdict(goal, value, verdict):
    assert goal.verdict(value) == verdict


def test_score_is_one_where_the_bound_is_just_reached():
    assert Goal(2, 5).score(2) == Goal(60, 30, less=True).score(60) == 1
    assert Goal(2, 5).score(5) == 2.5
    assert Goal(60, 30, less=True).score(30) == 2


def test_a_goal_says_which_way_it_runs():
    assert str(Goal(0.9, 1.2)) == "≥ 0.9, aim 1.2"
    assert str(Goal(0.5, less=True)) == "≤ 0.5"


# -- lines -------------------------------------------------------------------------------------------------------------


def test_ratio_is_ours_over_postgresqls_median():
    runs = [Run(REFERENCE, speed, 10.0) for speed in (100, 90, 200)] + [Run(OURS, speed, 5.0) for speed in (150, 40, 300)]
    line = line_of(CASE, runs)
    assert line.median == {REFERENCE: 100, OURS: 150}
    assert line.ratio == 1.5
    assert line.rounds == 3


def test_median_of_an_even_number_is_the_middle():
    assert line_of(CASE, [Run(OURS, 10, 1.0), Run(OURS, 20, 3.0)]).median[OURS] == 15


def test_spread_is_in_percent_of_the_median():
    assert spread([90.0, 100.0, 120.0]) == pytest.approx(30.0)
    assert spread([5.0]) == 0
    assert spread([]) == 0


def test_failures_add_up_and_cpu_is_a_median():
    line = line_of(CASE, [Run(OURS, 1, 10.0, failed=1), Run(OURS, 1, 30.0, failed=2), Run(OURS, 1, 20.0)])
    assert line.failed == {OURS: 3}
    assert line.cpu_us == {OURS: 20.0}


def test_no_ratio_and_no_verdict_without_a_reference():
    line = line_of(CASE, [Run(OURS, 10, 1.0)], goal=Goal(0.9))
    assert (line.ratio, line.verdict) == (0, "")
    assert "| – |" in Comparison(runs={CASE: [Run(OURS, 10, 1.0)]}).markdown()


# -- pages -------------------------------------------------------------------------------------------------------------


def test_a_line_shows_what_was_wanted_and_whether_it_is_reached():
    page = comparison(1250, Goal(0.9, 1.2)).markdown()
    assert "| select-only | prepared | 8 | 1,000 (0 %) | 1,250 (0 %) | **1.25** | 0.9 | 1.2 | aim | 20.0 | 8.0 | 0 |" in page
    assert "| 0.9 | 1.2 | **no** |" in comparison(500, Goal(0.9, 1.2)).markdown()


def test_a_case_nobody_set_a_goal_for_has_no_verdict():
    assert "| **1.25** |  |  |  | 20.0 |" in comparison(1250).markdown()


def test_each_server_that_is_not_the_reference_has_a_table():
    table = Comparison()
    for name, speed in ((REFERENCE, 100), ("aurorapy idle_spin on", 200), ("aurorapy idle_spin off", 50)):
        table.add(CASE, Run(name, speed, 1.0))
    assert [line.ratio for line in table.lines()] == [2, 0.5]
    assert table.markdown().count("## aurorapy idle_spin") == 2


def test_measures_are_judged_by_the_median_of_ours():
    memory = Measure("idle connection", "KB", Goal(60, 30, less=True))
    figures = Measures("Memory")
    for value in (10.0, 40.0, 100.0):
        figures.add(memory, OURS, value)
    figures.add(memory, REFERENCE, 1140.0)
    assert figures.verdict(memory) == "at least"
    assert "| idle connection | KB | 40.0 (225 %) | 1,140 | ≤ 60, aim 30 | at least |" in figures.markdown()


def test_a_measure_only_the_reference_has_is_not_judged():
    memory = Measure("idle connection", "KB", Goal(60))
    figures = Measures()
    figures.add(memory, REFERENCE, 1.0)
    assert figures.verdict(memory) == ""


def test_markdown_and_json_carry_the_same_ratio():
    report = Report("OLTP", {"machine": "small"}, [comparison(1250, Goal(0.9, 1.2))], ["sysbench was skipped"], "oltp.png")
    page, data = report.markdown(), json.loads(report.json())
    assert page.startswith("# OLTP\n\n- machine: small\n")
    assert page.endswith("- sysbench was skipped\n\n![OLTP](oltp.png)\n")
    line = data["parts"][0]["lines"][0]
    assert (line["ratio"], line["reached"], line["goal"]["aim"]) == (1.25, "aim", 1.2)
    assert data["notes"] == ["sysbench was skipped"]


# -- pictures ----------------------------------------------------------------------------------------------------------


def test_measures_side_by_side_are_drawn_in_their_own_unit():
    lag = Measure("lag", "ms", Goal(5.0, less=True))
    table = Measures(side_by_side="ms")
    for server, value in ((OURS, 0.5), ("paper", 2.5)):
        table.add(lag, server, value)
    table.add(Measure("reached", "writes/s"), OURS, 1000)
    (panel,) = plot.panels(Report("", {}, [table]))
    assert [(bar.label, bar.value, bar.at_least, bar.verdict) for bar in panel.bars] == [
        (f"lag, {OURS}", 0.5, 5.0, "aim"), ("lag, paper", 2.5, None, ""),
    ]  # fmt: skip
    table.side_by_side = ""
    (panel,) = plot.panels(Report("", {}, [table]))
    assert [bar.value for bar in panel.bars] == [10.0]  # the score
