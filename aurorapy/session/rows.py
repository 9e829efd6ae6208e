"""Rows that a utility statement answers with: columns, rows, tag."""

from __future__ import annotations

from typing import Any

from aurorapy.records import dataclass


@dataclass(slots=True)
class Rows:
    """`tag` is complete; with `counted` the number of rows is appended (FETCH 3, SELECT 5)."""

    columns: list[Any]
    rows: list[tuple]
    tag: str
    counted: bool = False
    formats: list[int] | None = None  # a binary cursor's
    sent: int = 0
