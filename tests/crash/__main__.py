"""python -m tests.crash kill9|powercut|fleet-powercut|failover|partition [--rounds N] [--clients 16] [--seed S] [--longest SECONDS]
python -m tests.crash restart [--redo 1GB] [--rounds N] [--clients 16] [--seed S]


fleet-powercut: of two of six storage nodes, with --all of all six and the writer.
failover: a cluster, whose writer dies (--planned: is asked to hand over); --readers 2.
partition: a cluster on several hosts, whose writer is parted from the control plane, from storage, or from both (--kind).

Prints a line a round and a summary; the exit status is 1 when anything acknowledged was lost, anything else came to
light that was never committed, or the volume does not verify.
"""

from __future__ import annotations

import argparse
import sys

from tests.crash import disk, failover, fleet, partition, rounds
from tests.support import namespaces


def size(text: str) -> int:
    """1GB, 300MB or a number of bytes."""
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20)):
        if text.endswith(unit):
            return int(text.removesuffix(unit)) * factor
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("how", choices=("kill9", "powercut", "restart", "fleet-powercut", "failover", "partition"))
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=3.0, help="seconds of load in a round, at most")
    parser.add_argument("--readers", type=int, default=2, help="failover: beside the writer")
    parser.add_argument("--planned", action="store_true", help="failover: by `aurorapy cluster failover`")
    parser.add_argument("--all", action="store_true", help="fleet-powercut: all six nodes and the writer at once")
    parser.add_argument("--kind", choices=partition.KINDS, help="partition: only this one; else each in turn")
    parser.add_argument("--redo", type=size, default="1GB", help="restart: redo of a round before the crash")
    options = parser.parse_args(arguments)
    if options.how == "partition" and (reason := namespaces.why_not()):
        print(f"skipped: {reason}")
        return 0
    if options.how.endswith("powercut") and (reason := disk.why_not()):
        print(f"skipped: {reason}")
        return 0
    load = (options.rounds, options.clients, options.seed)
    summary: failover.Summary | partition.Summary | rounds.Summary
    if options.how == "failover":
        summary = failover.failover(*load, options.readers, options.longest, options.planned)
    elif options.how == "partition":
        kinds = (options.kind,) if options.kind else partition.KINDS
        summary = partition.partition(options.rounds, options.seed, kinds, 3 * options.longest)
    elif options.how == "fleet-powercut":
        summary = fleet.powercut(*load, options.longest, options.all)
    elif options.how == "restart":
        summary = rounds.restart(*load, options.redo)
    else:
        crash = rounds.kill9 if options.how == "kill9" else rounds.powercut
        summary = crash(*load, options.longest)
    print(summary)
    for problem in summary.problems:
        print(problem)
    return 1 if summary.problems else 0


if __name__ == "__main__":
    sys.exit(main())
