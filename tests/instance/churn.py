"""Old snapshots on readers while the writer updates, vacuums, and makes indexes (R5): what they see never changes.

    churn = Churn(500, threads)
    threads.start(churn.read, reader, 1); threads.start(churn.write, writer, 1); threads.start(churn.define, writer)

Rows move: `v` has an index and every update makes a new entry; `n` has one at times, and its updates are HOT while it has
none. A reader takes a snapshot of the whole table, then looks rows up by id, by v, by n and by a range of v for as long as
it may; 40001 ends it, as does its connection's end while it waits (the writer held back for long enough).

Errors: none; what is wrong is added to the problems of `threads`.

Not here: starting anything (`__main__`).
"""

from __future__ import annotations

import random
import time
from typing import Any

from tests.support.pgwire import ConnectionLost, Wire

ROWS = 600
LOOKUPS_MAX = 12
PAUSE_SECONDS_MAX = 0.08
CONFLICT = "40001"
MAKE = (
    "create table churned (id int primary key, v int not null, n int not null, pad text) with (fillfactor = 60)",
    f"insert into churned select g, g, g, repeat('x', 150) from generate_series(1, {ROWS}) g",
    "create index churned_v on churned (v)",
)


class Churn:
    """`done`: snapshots that were looked at to their end; `conflicts`: those that were ended."""

    def __init__(self, rounds: int, threads: Any) -> None:
        self.rounds, self._threads = rounds, threads
        self.done = self.conflicts = self.lookups = self.changes = 0

    def how_far(self) -> str:
        return (
            f"{self.done} of {self.rounds} snapshots, {self.conflicts} more ended by 40001; {self.lookups} lookups under "
            f"{self.changes} changes"
        )

    @property
    def _is_over(self) -> bool:
        return self._threads.stopping or self.done >= self.rounds

    # -- the writer ------------------------------------------------------------------------------------------------------
    def write(self, server: Any, number: int) -> None:
        rng = random.Random(number)
        with server.connect() as wire:
            while not self._is_over:
                column = rng.choice("vnn")
                reply = wire.extended(
                    f"update churned set {column} = {column} + $1 where id between $2 and $2 + $3",
                    [str(rng.randrange(1, 50)), str(rng.randrange(1, ROWS)), str(rng.choice((0, 0, 5)))], types=(23, 23, 23),
                )  # fmt: skip
                self._took(reply)

    def define(self, server: Any) -> None:
        with server.connect() as wire:
            while not self._is_over:
                self._took(wire.query("create index churned_n on churned (n)"))
                for _ in range(3):
                    self._took(wire.query("vacuum churned"))
                    time.sleep(0.05)
                self._took(wire.query("drop index churned_n"))
                time.sleep(0.1)

    def _took(self, reply: Any) -> None:
        self.changes += 1
        if reply.error and reply.error["C"] != "40P01":
            self._threads.problems.append(f"writer: {reply.error}")

    # -- readers -----------------------------------------------------------------------------------------------------------
    def read(self, server: Any, number: int) -> None:
        rng = random.Random(1000 + number)
        while not self._is_over:
            try:
                with server.connect() as wire:
                    wire.query("set enable_seqscan = off")
                    while not self._is_over:
                        if self._one_snapshot(wire, rng, number):
                            self.done += 1
                        else:
                            self.conflicts += 1
            except ConnectionLost:
                self.conflicts += 1

    def _one_snapshot(self, wire: Wire, rng: random.Random, number: int) -> bool:
        wire.query("begin isolation level repeatable read")
        try:
            reply = wire.query("select id, v, n from churned")
            if self._ended(reply):
                return False
            rows = [tuple(map(int, row)) for row in reply.rows]
            if len(rows) != ROWS:
                self._threads.problems.append(f"reader {number}: {len(rows)} rows")
            for _ in range(rng.randrange(3, LOOKUPS_MAX)):
                for sql, values, wanted in questions(rows, rng):
                    reply = wire.extended(sql, [str(value) for value in values], types=(23,) * len(values))
                    if self._ended(reply):
                        return False
                    found = sorted(tuple(map(int, row)) for row in reply.rows)
                    self.lookups += 1
                    if found != wanted:
                        self._threads.problems.append(f"reader {number}: {sql} {values}: {found}, not {wanted}")
                time.sleep(rng.random() * PAUSE_SECONDS_MAX)
            return True
        finally:
            wire.query("rollback")

    def _ended(self, reply: Any) -> bool:
        if reply.error and reply.error["C"] != CONFLICT:
            self._threads.problems.append(str(reply.error))
        return bool(reply.error)


def questions(rows: list[tuple[int, int, int]], rng: random.Random) -> list[tuple[str, tuple[int, ...], list[tuple[int, ...]]]]:
    """(statement, parameters, rows wanted) about one row of the snapshot and its neighbours."""
    id_, v, n = rng.choice(rows)
    high = v + rng.randrange(40)
    return [
        ("select v, n from churned where id = $1", (id_,), [(v, n)]),
        ("select id, n from churned where v = $1", (v,), sorted((i, k) for i, j, k in rows if j == v)),
        ("select id, v from churned where n = $1", (n,), sorted((i, j) for i, j, k in rows if k == n)),
        ("select id from churned where v between $1 and $2", (v, high), sorted((i,) for i, j, _ in rows if v <= j <= high)),
    ]  # fmt: skip
