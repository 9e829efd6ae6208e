"""How long a writer needs after kill -9 with much redo in the volume, six real nodes.

    python -m tests.fleet.recovery_time --redo-mb 1024 --rounds 3

Prints, for each round, the seconds from starting the writer's process to its first answer. `measure` is what the test calls.

Not here: whether everything is there afterwards (`tests.crash`).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.support.node_process import ProcessFleet

ROWS, ROW_BYTES = 2000, 1000
MORE_ROWS = 10_000  # a large run: so many new rows between two updates, which is the quicker way to much redo


def fill(fleet: ProcessFleet, redo_mb: int) -> int:
    """Updates rows, and adds others, until so much redo was made; how much it is."""
    with fleet.writer.connect() as wire:
        start = position(wire)
        wire.query("create table if not exists pile (id int primary key, padding text)")
        wire.query(f"insert into pile select g, repeat('x', {ROW_BYTES}) from generate_series(1, {ROWS}) g on conflict do nothing")
        number = 0
        while position(wire) - start < redo_mb << 20:
            number += 1
            sql = f"update pile set padding = repeat('{number % 10}', {ROW_BYTES}) where id <= {ROWS}"
            if redo_mb >= 100 and number % 2:
                first = ROWS + number * MORE_ROWS
                sql = f"insert into pile select g, repeat('x', {ROW_BYTES}) from generate_series({first}, {first + MORE_ROWS - 1}) g"
            error = wire.query(sql, timeout=300).error
            assert not error, error
        return position(wire) - start


def position(wire) -> int:
    high, low = wire.query("select vdl from aurora_volume").rows[0][0].split("/")
    return int(high, 16) << 32 | int(low, 16)


def measure(redo_mb: int, rounds: int, say=print) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="aurorapy-recovery-") as base:
        with ProcessFleet(Path(base) / "fleet", node_settings={"hot_log_file_size": "64MB"}) as fleet:
            say(f"{fill(fleet, redo_mb) / (1 << 30):.2f} GB of redo in the volume")
            times = []
            for number in range(rounds):
                with fleet.writer.connect() as wire:
                    for _ in range(20):
                        assert not wire.query(f"update pile set padding = 'r{number}' where id <= 100").error
                fleet.writer.kill()
                began = time.monotonic()
                fleet.writer.start()
                fleet.writer.seconds_to_first_query()
                times.append(time.monotonic() - began)
                say(f"kill -9 to first query: {times[-1]:.2f} s")
                with fleet.writer.connect() as wire:
                    found = wire.query(f"select count(*) from pile where id <= 100 and padding = 'r{number}'").rows
                    assert found == [("100",)], found
            return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--redo-mb", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    times = measure(options.redo_mb, options.rounds)
    print(f"{min(times):.2f} to {max(times):.2f} s")


if __name__ == "__main__":
    main()
