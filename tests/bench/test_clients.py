"""What is read from pgbench and sysbench, and what the benchmarks are made of: cases, rows, batches, options."""

from __future__ import annotations

import os
import sys

import pytest

import bench.__main__ as command
from aurorapy_native.redo import PAGE_NONE, encode, index
from bench import capture, load, oltp, options, pgbench, plot, sysbench
from bench.contestants import name_of, spin_setting, toml, turns
from bench.goals import Goal
from bench.report import OURS, REFERENCE, Case, Comparison, Measure, Measures, Report, Run

PGBENCH = """\
transaction type: <builtin: select only>
number of transactions actually processed: 1234
number of failed transactions: 2 (0.162%)
latency average = 0.187 ms
initial connection time = 9.041 ms
tps = 42652.031 (without initial connection time)
"""
SYSBENCH = """\
SQL statistics:
    queries performed:
        read:                            6118
        total:                           8740
    transactions:                        437    (425.90 per sec.)
    queries:                             8740   (8518.08 per sec.)
    ignored errors:                      3      (0.00 per sec.)
    reconnects:                          0      (0.00 per sec.)

Latency (ms):
         min:                                    6.48
         avg:                                   18.68
         95th percentile:                       30.26
"""


def test_pgbench_output_is_read():
    assert pgbench.parse(PGBENCH) == pgbench.Outcome(1234, 42652.031, 2, 0.187)


def test_pgbench_output_without_a_result_is_an_error():
    with pytest.raises(pgbench.PgbenchFailed, match="per_second"):
        pgbench.parse(PGBENCH.replace("tps", "nothing"))


def test_sysbench_output_is_read():
    assert sysbench.parse(SYSBENCH) == pgbench.Outcome(437, 425.90, 3, 18.68)


def test_sysbench_output_without_a_result_is_an_error():
    with pytest.raises(sysbench.SysbenchFailed, match="no transactions"):
        sysbench.parse(SYSBENCH.replace("transactions:", "nothing:"))


def test_without_choices_every_case_with_a_goal_is_run():
    chosen = oltp.chosen_cases(command.parser().parse_args(["oltp"]))
    assert chosen == [*oltp.GOALS, *oltp.SYSBENCH_GOALS]


def test_modes_are_pgbenchs_only():
    chosen = oltp.chosen_cases(
        command.parser().parse_args(
            ["oltp", "--tests", "select-only", "oltp_read_only", "--modes", "simple", "extended", "--clients", "4"]
        )
    )
    assert [(case.test, case.mode) for case in chosen] == [
        ("select-only", "simple"), ("select-only", "extended"), ("oltp_read_only", "prepared"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", command.BENCHMARKS)
def test_all_hands_its_options_to_each_benchmark(name):
    given = command.parser().parse_args(["all", "--rounds", "3", "--shared-buffers", "64MB"])
    found = command.options_of(name, given)
    assert (found.rounds, found.shared_buffers) == (3, "64MB")
    assert vars(found).keys() >= vars(command.parser().parse_args([name])).keys()


def test_each_round_begins_with_another_server():
    assert [turns(["p", "a", "b"], number)[0] for number in range(4)] == ["p", "a", "b", "p"]
    assert turns(["p", "a"], 1) == ["a", "p"]


def test_settings_reach_aurorapy_as_toml():
    import tomllib

    assert tomllib.loads(toml({"shared_buffers": "1GB", "idle_spin": "60us"})) == {"shared_buffers": "1GB", "idle_spin": "60us"}


def test_idle_spin_on_and_off_are_two_servers_or_none():
    given = command.parser().parse_args(["oltp", "--idle-spin", "both"])
    spins = options.spins_of(given)
    assert [name_of(spin, spins) for spin in spins] == ["aurorapy idle_spin on", "aurorapy idle_spin off"]
    assert spin_setting(True) != spin_setting(False)
    assert spin_setting(None) == {}
    assert name_of(None, (None,)) == OURS


def test_insert_statements_hold_a_thousand_new_rows_each():
    first, second = load.insert_statements(2)
    assert first.count("(") == load.ROWS_OF_STATEMENT + 1
    assert "(1000, 1, 0, '')" in first and "(1001, 1, 0, '')" in second


def test_rows_of_the_file_are_pgbench_accounts(tmp_path):
    load.write_rows(tmp_path / "rows", 3)
    rows = [line.split("\t") for line in (tmp_path / "rows").read_text().splitlines()]
    assert [row[:2] for row in rows] == [["1", "1"], ["2", "1"], ["3", "1"]]
    assert all(len(row[3]) == 84 for row in rows)


def test_captured_redo_is_cut_between_records(monkeypatch):
    monkeypatch.setattr(capture, "BATCH_BYTES", 100)
    data = b"".join(encode(lsn, page, [("write", 40, b"x" * 10)], prev_group=lsn - 10) for lsn, page in ((20, 1), (30, 2), (40, 1)))
    batches = capture.cut(data, index(data))
    assert b"".join(piece for _, piece in batches) == data
    assert [prev for prev, _ in batches] == [10, 30]
    assert PAGE_NONE not in {entry[1] for entry in index(data)}


# -- pictures ----------------------------------------------------------------------------------------------------------


def report() -> Report:
    case = Case("copy", "simple", 1)
    table = Comparison("Loading", goals={case: Goal(0.7, 1.2)})
    table.add(case, Run(REFERENCE, 100, 1.0))
    table.add(case, Run(OURS, 80, 1.0))
    figures = Measures("Memory")
    figures.add(Measure("fresh", "MB", Goal(150, 100, less=True)), OURS, 75.0)
    figures.add(Measure("not judged", "MB"), OURS, 1.0)
    return Report("Both", {}, [table, figures])


def test_a_picture_has_a_bar_for_every_judged_figure():
    ratios, scores = plot.panels(report())
    assert [(bar.value, bar.at_least, bar.aim, bar.verdict) for bar in ratios.bars] == [(0.8, 0.7, 1.2, "at least")]
    assert [(bar.value, bar.at_least, bar.aim, bar.verdict) for bar in scores.bars] == [(2.0, 1.0, 1.5, "aim")]


def test_a_picture_is_drawn(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed (pip install '.[bench]')")
    plot.draw(report(), tmp_path / "both.png")
    assert (tmp_path / "both.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(plot.PlotMissing, match="pip install"):
        plot.draw(report(), tmp_path / "both.png")


# -- everything, small -------------------------------------------------------------------------------------------------

SMALL = {
    "oltp": ["--clients", "2", "--tests", "select-only", "tpcb-like"],
    "connections": ["--many", "20", "--open", "50", "--active", "5", "--idle-seconds", "1"],
    "recovery": ["--amounts", "small", "--load-seconds", "1"],
    "redo": [],
    "load": ["--statements", "2"],
    "fairness": ["--only", "scan"],
    "fairness": ["--only", "scan"],
}


@pytest.mark.skipif(not os.environ.get("AURORAPY_BENCH_SMOKE"), reason="runs both servers: AURORAPY_BENCH_SMOKE=1 asks for it")
@pytest.mark.parametrize("name", command.BENCHMARKS)
def test_a_small_run_ends_in_a_report(name):
    given = command.parser().parse_args([name, "--rounds", "1", "--seconds", "1", "--scale", "1", *SMALL[name]])
    page = command.BENCHMARKS[name].run(given).markdown()
    assert "| aurorapy" in page or "aurorapy (spread)" in page
