"""The command line; see the package."""

from __future__ import annotations

import argparse
import sys
from random import Random

from tests.random_sql.changes import Changes
from tests.random_sql.compare import Pair
from tests.random_sql.queries import Queries
from tests.support.oracle import Oracle
from tests.support.server import TemporaryServer


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.random_sql")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--changes", action="store_true", help="INSERT, UPDATE and DELETE instead of SELECT")
    parser.add_argument("--show", action="store_true", help="print the statement of --seed and end")
    options = parser.parse_args(arguments)
    if options.show:
        random = Random(options.seed)
        print(Changes(random).statement()[1] if options.changes else Queries(random).query())
        return 0
    seeds = range(options.start, options.start + options.seeds) if options.seed is None else [options.seed]
    differences = 0
    with Oracle() as oracle, TemporaryServer() as server:
        server.allow(".")  # wrong statements are part of it
        with Pair(oracle.port, server.port) as pair:
            ask = pair.change if options.changes else pair.query
            for seed in seeds:
                found = ask(seed)
                if found is not None:
                    differences += 1
                    print(found, flush=True)
        print(f"{len(seeds)} statements, {differences} answered differently, {pair.skipped} left out for their length")
        print(f"much slower than PostgreSQL: {pair.slow}")
    return 1 if differences else 0


sys.exit(main())
