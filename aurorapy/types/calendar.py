"""The calendar without types: days since 2000-01-01 and (year, month, day), proleptic Gregorian, any year.

    to_days(2000, 3, 1) → 60        from_days(-1) → (1999, 12, 31)        year 0 is 1 BC, -1 is 2 BC

Not here: texts, time zones.
"""

from __future__ import annotations

UNIX_DAYS = 10_957  # 1970-01-01 to 2000-01-01
JULIAN_2000 = 2_451_545  # Julian day of 2000-01-01
MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    return 29 if month == 2 and is_leap(year) else MONTH_LENGTHS[month - 1]


def to_days(year: int, month: int, day: int) -> int:
    """Days since 2000-01-01; month and day may be out of range of their year and month, day by any amount."""
    if month <= 2:
        year -= 1
        month += 12
    # 60 days: 2000-03-01, from where years end with their leap day
    return 365 * (year - 2000) + year // 4 - year // 100 + year // 400 - 485 + (153 * (month - 3) + 2) // 5 + day + 59


def from_days(days: int) -> tuple[int, int, int]:
    """(year, month, day) of a day since 2000-01-01."""
    days -= 60
    cycles, rest = divmod(days, 146_097)
    century = min(rest // 36_524, 3)
    rest -= century * 36_524
    fours, rest = divmod(rest, 1_461)
    years = min(rest // 365, 3)
    rest -= years * 365
    month = (5 * rest + 2) // 153
    day = rest - (153 * month + 2) // 5 + 1
    year = 2000 + 400 * cycles + 100 * century + 4 * fours + years
    return (year, month + 3, day) if month < 10 else (year + 1, month - 9, day)


def weekday(days: int) -> int:
    """0 Sunday .. 6 Saturday; 2000-01-01 was a Saturday."""
    return (days + 6) % 7
