"""python -m bench NAME|all [options]: runs a benchmark, prints its report, keeps it in bench/results/NAME.md.

    python -m bench oltp --json --plot     also keeps NAME.json, with every single run, and NAME.png
    python -m bench all --rounds 3         one after the other; ends with the first that fails
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench import connections, fairness, lag, load, oltp, options as common, paper_table1, plot, recovery, redo
from bench.report import Report

BENCHMARKS = {module.NAME: module for module in (oltp, connections, recovery, redo, load, fairness, paper_table1, lag)}
RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    for name in BENCHMARKS if options.name == "all" else [options.name]:
        report = BENCHMARKS[name].run(options if name == options.name else options_of(name, options))
        if options.no_file:
            print(report.markdown())
        else:
            keep(report, f"{name}-copies-6" if getattr(options, "copies", 1) == 6 else name, options)
    return 0


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="python -m bench")
    names = whole.add_subparsers(dest="name", required=True)
    for name, module in BENCHMARKS.items():
        one = names.add_parser(name, help=module.__doc__.splitlines()[0])
        module.add_options(one)
        _add_output(one)
    every = names.add_parser("all", help="all of them")
    common.add_common(every)
    _add_output(every)
    return whole


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="keep every single run too")
    parser.add_argument("--plot", action="store_true", help="draw it (matplotlib)")
    parser.add_argument("--no-file", action="store_true", help="only print the report")


def options_of(name: str, given: argparse.Namespace) -> argparse.Namespace:
    """The benchmark's own defaults under what `all` was told."""
    own = argparse.ArgumentParser()
    BENCHMARKS[name].add_options(own)
    found = own.parse_args([])
    vars(found).update(vars(given))
    return found


def keep(report: Report, name: str, options: argparse.Namespace) -> None:
    RESULTS.mkdir(exist_ok=True)
    if options.plot:
        plot.draw(report, RESULTS / f"{name}.png")
        report.picture = f"{name}.png"
    print(report.markdown(), flush=True)
    (RESULTS / f"{name}.md").write_text(report.markdown())
    if options.json:
        (RESULTS / f"{name}.json").write_text(report.json())


if __name__ == "__main__":
    sys.exit(main())
