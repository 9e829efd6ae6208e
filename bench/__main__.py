"""python -m bench NAME [options]: runs a benchmark, prints its report, keeps it in bench/results/NAME.md.

    python -m bench oltp --json        also keeps NAME.json, with every single run
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench import oltp

BENCHMARKS = {module.NAME: module for module in (oltp,)}
RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench")
    names = parser.add_subparsers(dest="name", required=True)
    for name, module in BENCHMARKS.items():
        one = names.add_parser(name, help=module.__doc__.splitlines()[0])
        one.add_argument("--json", action="store_true", help="keep every single run too")
        one.add_argument("--no-file", action="store_true", help="only print the report")
        module.add_options(one)
    options = parser.parse_args(arguments)
    report = BENCHMARKS[options.name].run(options)
    print(report.markdown())
    if not options.no_file:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{options.name}.md").write_text(report.markdown())
        if options.json:
            (RESULTS / f"{options.name}.json").write_text(report.json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
