"""Looking through one column of a list of rows: stub of row_columns.pyx, which holds the chapter."""

from typing import Any

def has_null(rows: list[tuple[Any, ...]], place: int) -> bool:
    """Is a value at `place` None?"""

def is_even(rows: list[tuple[Any, ...]], place: int) -> bool:
    """Are the values at `place` texts of one length, in characters up to U+00FF and none of them below the blank?"""
