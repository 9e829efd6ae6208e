"""Asks both servers the same and compares what is determined.

    with Pair(postgres.port, aurorapy.port) as pair:
        pair.query(758)       None, or the Difference
        pair.change(667)
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any

from tests.random_sql.changes import Changes
from tests.random_sql.queries import Queries
from tests.random_sql.schema import DEFINITIONS, fill
from tests.support.pgwire import Wire

SCHEMA = "random_sql"
LIMITS_MS = (300, 5_000)  # of PostgreSQL, and of aurorapy
TOO_LONG = "57014"
NUMERIC = 1700


@dataclass(frozen=True)
class Difference:
    seed: int
    statement: str
    theirs: Any
    ours: Any

    def __str__(self) -> str:
        return f"seed {self.seed}: {self.statement}\n  PostgreSQL {str(self.theirs)[:600]}\n  aurorapy   {str(self.ours)[:600]}"


class Pair:
    """A connection to PostgreSQL and one to aurorapy, with the same tables. `skipped` counts what took too long
    there, `slow` are the seeds that took too long here only."""

    def __init__(self, theirs: int, ours: int) -> None:
        self._wires = [Wire.connect("127.0.0.1", port) for port in (theirs, ours)]
        self.skipped = 0
        self.slow: list[int] = []
        setup = [f"drop schema if exists {SCHEMA} cascade", f"create schema {SCHEMA}", f"set search_path = {SCHEMA}"]
        setup += ["set timezone = 'UTC'", *DEFINITIONS, *fill(Random(99)), "analyze"]
        for wire in self._wires:
            for statement in setup:
                reply = wire.query(statement)
                assert reply.results[0].error is None, (statement, reply.results[0].error)
        for wire, limit in zip(self._wires, LIMITS_MS):
            wire.query(f"set statement_timeout = {limit}")

    def __enter__(self) -> Pair:
        return self

    def __exit__(self, *error: object) -> None:
        for wire in self._wires:
            wire.close()

    def query(self, seed: int) -> Difference | None:
        statement = Queries(Random(seed)).query()
        return self._compared(seed, statement, [_answer(wire, statement) for wire in self._wires])

    def change(self, seed: int) -> Difference | None:
        """What it returns and what is in the table afterwards; it is rolled back."""
        table, statement = Changes(Random(seed)).statement()
        answers = []
        for wire in self._wires:
            wire.query("begin")
            answer = _answer(wire, statement)
            answers.append((answer, _answer(wire, f"select * from {table}") if answer[0] != "error" else None))
            wire.query("rollback")
        return self._compared(seed, statement, answers)

    def _compared(self, seed: int, statement: str, answers: list[Any]) -> Difference | None:
        theirs, ours = answers
        if TOO_LONG in str(theirs)[:40]:
            self.skipped += 1
            return None
        if TOO_LONG in str(ours)[:40]:
            self.slow.append(seed)
            return None
        return None if theirs == ours else Difference(seed, statement, theirs, ours)


def _answer(wire: Wire, statement: str) -> tuple:
    result = wire.query(statement, timeout=120).results[0]
    if result.error is not None:
        return "error", result.error["C"], result.error["M"]
    types = [c.type_oid for c in result.columns or ()]
    return result.tag, types, sorted((_settled(row, types) for row in result.rows), key=repr)


def _settled(row: tuple, types: list[int]) -> tuple:
    """Numbers without their trailing zeros: which of two equal ones DISTINCT keeps is open."""
    return tuple(_number(cell) if oid == NUMERIC and cell is not None else cell for cell, oid in zip(row, types))


def _number(text: str) -> str:
    try:
        return str(Decimal(text).normalize())
    except InvalidOperation:
        return text
