"""python -m tests.golden [--oracle] [--regenerate] [--server PORT] [files…]

Without options: starts aurorapy on a temporary directory, runs every script against it and lists what differs from
PostgreSQL 15's answers. `--oracle` starts a PostgreSQL 15 too and checks that the answers in the files are still its
own; `--regenerate` writes them; `--fill` writes aurorapy's answers where a difference is explained. `--server` uses the server on that local port instead of starting aurorapy.

The exit status is 1 when something differs.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.golden import runner
from tests.golden.script import parse, render
from tests.support.oracle import Oracle
from tests.support.server import TemporaryServer

HERE = Path(__file__).parent
ORACLE_SETTINGS = {"deadlock_timeout": "50ms"}


def all_scripts() -> list[Path]:
    return sorted(HERE.glob("*/*.golden"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.golden")
    parser.add_argument("--oracle", action="store_true", help="run against a throw-away PostgreSQL 15")
    parser.add_argument("--regenerate", action="store_true", help="write PostgreSQL 15's answers into the files")
    parser.add_argument("--fill", action="store_true", help="write aurorapy's answers to the steps marked @differs")
    parser.add_argument("--extended", action="store_true", help="send every single statement in the extended protocol")
    parser.add_argument("--server", type=int, help="port of a running aurorapy on 127.0.0.1")
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    paths = options.files or all_scripts()
    if options.regenerate:
        return regenerate(paths)
    failed = 0
    if options.oracle:
        with Oracle(settings=ORACLE_SETTINGS) as oracle:
            failed += run(paths, runner.Target("127.0.0.1", oracle.port, True, options.extended), "PostgreSQL 15")
    if options.server:
        failed += run(paths, runner.Target("127.0.0.1", options.server, False, options.extended), "aurorapy")
    else:
        with TemporaryServer() as server:
            target = runner.Target("127.0.0.1", server.port, False, options.extended)
            if options.fill:
                fill(paths, target)
            failed += run(paths, target, "aurorapy")
            for line in server.errors():
                print(f"log: {line}")
    return 1 if failed else 0


def regenerate(paths: list[Path]) -> int:
    with Oracle(settings=ORACLE_SETTINGS) as oracle:
        target = runner.Target("127.0.0.1", oracle.port, is_oracle=True)
        for path in paths:
            before = path.read_text()
            after = render(runner.regenerate(parse(before), target))
            path.write_text(after)
            print(f"{path.parent.name}/{path.stem}: {'changed' if before != after else 'as before'}")
    return 0


def fill(paths: list[Path], target: runner.Target) -> None:
    for path in paths:
        script = parse(path.read_text())
        if not any(step.differs for step in script.steps):
            continue
        for difference in runner.verify(script, target):
            if difference.step.differs:
                difference.step.own_answer = difference.got
        path.write_text(render(script))


def run(paths: list[Path], target: runner.Target, name: str) -> int:
    """Differences over all scripts; prints them."""
    statements = different = scripts = 0
    began = time.monotonic()
    for path in paths:
        script = parse(path.read_text())
        statements += sum(1 for step in script.steps if step.kind != "resume")
        try:
            found = runner.verify(script, target)
        except Exception as problem:  # noqa: BLE001 - the other scripts shall run
            print(f"\n{path.parent.name}/{path.stem}: {type(problem).__name__}: {problem}")
            different += 1
            continue
        different += len(found)
        scripts += not found
        if found:
            print(f"\n{path.parent.name}/{path.stem}: {len(found)} of {len(script.steps)} steps differ")
            print("\n".join(str(difference) for difference in found))
    seconds = time.monotonic() - began
    print(f"{name}: {statements} statements in {len(paths)} scripts, {different} differences, {seconds:.1f} s")
    return different


if __name__ == "__main__":
    sys.exit(main())
