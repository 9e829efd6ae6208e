"""The arithmetic of a benchmark's report: medians, spreads, ratios, and what is read from pgbench and /proc."""

from __future__ import annotations

import json
import os
import time

import pytest

from bench import pgbench
from bench.cpu import cpu_seconds, process_tree
from bench.report import OURS, REFERENCE, Case, Report, Run, line_of, spread

CASE = Case("select-only", "prepared", 8)
OUTPUT = """\
transaction type: <builtin: select only>
number of transactions actually processed: 1234
number of failed transactions: 2 (0.162%)
latency average = 0.187 ms
initial connection time = 9.041 ms
tps = 42652.031 (without initial connection time)
"""


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


def test_no_ratio_without_a_reference():
    assert line_of(CASE, [Run(OURS, 10, 1.0)]).ratio == 0
    assert "–" in Report("t", {}, {CASE: [Run(OURS, 10, 1.0)]}).markdown()


def test_markdown_and_json_carry_the_same_ratio():
    report = Report("OLTP", {"machine": "small"})
    report.add(CASE, Run(REFERENCE, 1000, 20.0))
    report.add(CASE, Run(OURS, 1250, 8.0))
    page = report.markdown()
    assert "| select-only | prepared | 8 | 1,000 (0 %) | 1,250 (0 %) | **1.25** | 20.0 | 8.0 | 0 |" in page
    assert "- machine: small" in page
    assert json.loads(report.json())["lines"][0]["ratio"] == 1.25


def test_pgbench_output_is_read():
    assert pgbench.parse(OUTPUT) == pgbench.Outcome(1234, 42652.031, 2, 0.187)


def test_pgbench_output_without_a_result_is_an_error():
    with pytest.raises(pgbench.PgbenchFailed, match="per_second"):
        pgbench.parse(OUTPUT.replace("tps", "nothing"))


def test_cpu_of_this_process_grows_with_work():
    before = cpu_seconds(os.getpid())
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass
    assert cpu_seconds(os.getpid()) - before >= 0.05


def test_children_belong_to_the_tree():
    child = os.fork()
    if child == 0:
        time.sleep(10)
        os._exit(0)
    try:
        assert child in process_tree(os.getpid())
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
