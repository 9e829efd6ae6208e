"""The simulator's command line.

    python -m tests.sim --seed 7                     one world, its trace for people, its hash
    python -m tests.sim --seeds 500 [--first 0]      many; a line for each that fails, and the sum
    python -m tests.sim --seeds 500 --jobs 2 --resume FILE
                                                     in two processes; seeds done are in FILE and not done again

The exit status is 1 when a seed failed. A seed makes the same world everywhere: what failed here fails there.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Iterator

from tests.sim.world import World, failure_of, result_of


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description="the whole server in a simulated world")
    parser.add_argument("--seed", type=int, help="this one, with its trace")
    parser.add_argument("--seeds", type=int, default=25, help="how many")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--resume", type=Path, help="file of seeds that are done; made if new")
    options = parser.parse_args()
    if options.seed is not None:
        return one(options.seed)
    return many(range(options.first, options.first + options.seeds), options.jobs, options.resume)


def one(seed: int) -> int:
    world = World(seed, print)
    failure = failure_of(world)
    print(failure or f"hash {''.join(world.hashes)}")
    return 1 if failure else 0


def many(seeds: range, jobs: int, resume: Path | None) -> int:
    done = known(resume) if resume else {}
    started, totals = time.perf_counter(), Counter()
    todo = [seed for seed in seeds if seed not in done]
    failed = {seed: failure for seed, failure in done.items() if failure and seed in seeds}
    for seed, failure, counts in results(todo, jobs):
        totals.update(counts)
        if failure:
            failed[seed] = failure
            print(f"seed {seed}: {failure}", flush=True)
        if resume:
            with resume.open("a") as file:
                print(seed, failure or "", file=file)
    took = time.perf_counter() - started
    shown = ", ".join(f"{totals[name]} {name}" for name in ("lives", "crashes", "acknowledged", "rolled back", "in doubt", "sights"))
    print(f"{len(seeds)} seeds ({len(todo)} now, {took:.0f} s): {len(failed)} violations {sorted(failed)}; {shown}")
    return 1 if failed else 0


def known(resume: Path) -> dict[int, str]:
    """Seed → its failure, empty for none."""
    if not resume.exists():
        return {}
    lines = (line.split(" ", 1) for line in resume.read_text().splitlines() if line.strip())
    return {int(parts[0]): parts[1].strip() if len(parts) > 1 else "" for parts in lines}


def results(seeds: list[int], jobs: int) -> Iterator[tuple[int, str | None, Counter]]:
    if jobs == 1:
        yield from map(result_of, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(result_of, seeds)


if __name__ == "__main__":
    sys.exit(main())
