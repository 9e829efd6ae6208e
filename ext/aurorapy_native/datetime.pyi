"""Timestamps and dates in ISO form, in and out. Microseconds and days count from 2000-01-01."""

def show_timestamp(micros: int) -> str:
    """ISO text of a finite timestamp."""

def show_timestamptz(micros: int, offset: int) -> str:
    """ISO text of a finite timestamptz on a clock `offset` seconds east of UTC."""

def show_date(days: int) -> str:
    """ISO text of a finite date."""

def read_date(text: str) -> int | None:
    """Days since 2000-01-01 of `YYYY-MM-DD`, or None."""

def read_timestamp(text: str) -> tuple[int, int | None] | None:
    """(microseconds as written, zone's seconds east of UTC or None), or None for any other text."""
