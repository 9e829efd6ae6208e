"""The simulator's command line.

    python -m tests.sim --seed 7                     one world, its trace for people, its hash
    python -m tests.sim --seeds 500 [--first 0]      many; a line for each that fails, and the sum
    python -m tests.sim --seeds 500 --jobs 2 --resume FILE
                                                     in two processes; seeds done are in FILE and not done again
    python -m tests.sim --fleet --seeds 500          six storage nodes in three zones, and writers that take over
    python -m tests.sim --scenario n4 --seed 7       something particular happens to the fleet (fleet/scenarios.py)
    python -m tests.sim --sabotage                   mistakes made on purpose, and which seed finds each

The exit status is 1 when a seed failed. A seed makes the same world everywhere: what failed here fails there.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import Callable, Iterator

from tests.sim.fleet import world as fleet_world
from tests.sim.fleet.sabotage import tally
from tests.sim.fleet.scenarios import SCENARIOS
from tests.sim.world import World, failure_of, result_of

Result = tuple[int, str | None, Counter]
SEEDS_A_PROCESS = 200  # then another takes its place: whatever gathers in one, and hash salts, change
SHOWN = ("lives", "crashes", "acknowledged", "rolled back", "in doubt", "sights")
FLEET_SHOWN = ("commits", "recoveries", "faults", "superseded", "reads", "failed reads", "unreachable")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description="the whole server in a simulated world")
    parser.add_argument("--seed", type=int, help="this one, with its trace")
    parser.add_argument("--seeds", type=int, default=25, help="how many")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--resume", type=Path, help="file of seeds that are done; made if new")
    parser.add_argument("--fleet", action="store_true", help="six storage nodes and their writers instead of one process")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), help="what happens to the fleet; implies --fleet")
    parser.add_argument("--sabotage", action="store_true", help="mistakes made on purpose: which are found, by which seed")
    parser.add_argument("--only", type=int, help="with --sabotage: the number of one mutant")
    parser.add_argument("--quiet", action="store_true", help="with --seed: the result only")
    options = parser.parse_args()
    if options.sabotage:
        return 1 if tally(options.only) else 0
    fleet = options.fleet or options.scenario is not None
    scenario = options.scenario or "storm"
    if options.seed is not None:
        show = None if options.quiet else print
        return one_fleet(options.seed, scenario, show) if fleet else one(options.seed, show)
    seeds = range(options.first, options.first + options.seeds)
    work = partial(fleet_world.result_of, scenario=scenario) if fleet else result_of
    return many(seeds, options.jobs, options.resume, work, FLEET_SHOWN if fleet else SHOWN)


def one(seed: int, show: Callable[[str], None] | None) -> int:
    world = World(seed, show)
    failure = failure_of(world)
    print(failure or f"hash {''.join(world.hashes)}")
    return 1 if failure else 0


def one_fleet(seed: int, scenario: str, show: Callable[[str], None] | None) -> int:
    world = fleet_world.World(seed, show, scenario)
    failure = fleet_world.failure_of(world)
    print(failure or f"hash {world.hash}")
    return 1 if failure else 0


def many(seeds: range, jobs: int, resume: Path | None, work: Callable[[int], Result], shown: tuple[str, ...]) -> int:
    done = known(resume) if resume else {}
    started, totals = time.perf_counter(), Counter()
    todo = [seed for seed in seeds if seed not in done]
    failed = {seed: failure for seed, failure in done.items() if failure and seed in seeds}
    for seed, failure, counts in results(todo, jobs, work):
        totals.update(counts)
        if failure:
            failed[seed] = failure
            print(f"seed {seed}: {failure}", flush=True)
        if resume:
            with resume.open("a") as file:
                print(seed, failure or "", file=file)
    took = time.perf_counter() - started
    figures = ", ".join(f"{totals[name]} {name}" for name in shown)
    print(f"{len(seeds)} seeds ({len(todo)} now, {took:.0f} s): {len(failed)} violations {sorted(failed)}; {figures}")
    return 1 if failed else 0


def known(resume: Path) -> dict[int, str]:
    """Seed → its failure, empty for none."""
    if not resume.exists():
        return {}
    lines = (line.split(" ", 1) for line in resume.read_text().splitlines() if line.strip())
    return {int(parts[0]): parts[1].strip() if len(parts) > 1 else "" for parts in lines}


def results(seeds: list[int], jobs: int, work: Callable[[int], Result]) -> Iterator[Result]:
    if jobs == 1:
        yield from map(work, seeds)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, max_tasks_per_child=SEEDS_A_PROCESS) as pool:
        for future in as_completed([pool.submit(work, seed) for seed in seeds]):
            yield future.result()  # BrokenProcessPool when one of them was ended from outside


if __name__ == "__main__":
    sys.exit(main())
