"""Reading an interval: words and numbers from right to left, or ISO 8601.

    "1-2 3 4:05"     years-months, days, hours and minutes: a number takes the unit found to its right
    "P1Y2M3DT4H"     "P0001-02-03T04:05:06"     "@ 1 min ago"     "1.5 weeks" → 10 days 12:00:00

Fractions go down: of years to months, of months and weeks to days (a month has 30), of days to microseconds. Limits:
months and days 32 bits, microseconds 64. Errors: 22007 no interval, 22015 field out of range, 22008 out of range.

Not here: typmods after reading, output (`types.intervals`).
"""

from __future__ import annotations

import re

from aurorapy.errors import DataError
from aurorapy.types import tokens as t
from aurorapy.types.tokens import BadFormat
from aurorapy.types.values import USECS_PER_DAY, Interval

FULL_RANGE = 0x7FFF
_H, _M, _S, _D = 1 << t.HOUR, 1 << t.MINUTE, 1 << t.SECOND, 1 << t.DAY
_ALL_SECONDS = _S | 1 << t.MILLISECOND | 1 << t.MICROSECOND
_TIME_MASK = _H | _M | _ALL_SECONDS
_MICROS = {t.MICROSECOND: 1, t.MILLISECOND: 1_000, t.SECOND: 1_000_000, t.MINUTE: 60_000_000, t.HOUR: 3_600_000_000}
_YEARS = {t.YEAR: 1, t.DECADE: 10, t.CENTURY: 100, t.MILLENNIUM: 1000}

_TIME_FIELD = re.compile(r"([0-9]+)(?::([0-9]*))(?:(\.[0-9]*)|:([0-9]*)(\.[0-9]*)?)?(.*)").fullmatch
_NUMBER_FIELD = re.compile(r"([+-]?[0-9]*)(?:-([0-9]*)|(\.[0-9]*))?(.*)").fullmatch


class FieldOverflow(Exception):
    """A number does not fit its field."""


class Parts:
    """Years, months, days and microseconds while they add up."""

    __slots__ = ("years", "months", "days", "micros")

    def __init__(self) -> None:
        self.years = self.months = self.days = self.micros = 0

    def add_micros(self, number: int, fraction: float, unit: int) -> None:
        self.micros = _fits(self.micros + _fits(number * unit, 64), 64)
        self.add_fraction(fraction, unit)

    def add_fraction(self, fraction: float, unit: int) -> None:
        if fraction:
            fraction *= unit
            whole = int(fraction)
            rest = fraction - whole
            whole += 1 if rest > 0.5 else -1 if rest < -0.5 else 0
            self.micros = _fits(self.micros + whole, 64)

    def add_days(self, number: int, fraction: float, unit: int) -> None:
        self.days = _fits(self.days + _fits(_fits(number, 32) * unit, 32), 32)
        self.add_day_fraction(fraction, unit)

    def add_day_fraction(self, fraction: float, unit: int) -> None:
        if fraction:
            fraction *= unit
            whole = int(fraction)
            self.days = _fits(self.days + whole, 32)
            self.add_fraction(fraction - whole, USECS_PER_DAY)

    def add_months(self, number: int, fraction: float) -> None:
        self.months = _fits(self.months + _fits(number, 32), 32)
        self.add_day_fraction(fraction, 30)

    def add_years(self, number: int, fraction: float, unit: int) -> None:
        self.years = _fits(self.years + _fits(_fits(number, 32) * unit, 32), 32)
        self.months = _fits(self.months + round(fraction * unit * 12), 32)

    def negate(self) -> None:
        self.years, self.months = _fits(-self.years, 32), _fits(-self.months, 32)
        self.days, self.micros = _fits(-self.days, 32), _fits(-self.micros, 64)


def _fits(number: int, bits: int) -> int:
    if -(1 << bits - 1) <= number < 1 << bits - 1:
        return number
    raise FieldOverflow


def decode_interval(text: str, field_range: int, style: str) -> Interval:
    """The interval `text` spells; `field_range` as in a typmod tells what a number without unit is."""
    try:
        try:
            parts = _decode(t.split(text, t.BUFFER["interval"]), field_range, style == "sql_standard")
        except BadFormat:
            parts = _decode_iso(text)
    except BadFormat:
        raise DataError(f'invalid input syntax for type interval: "{text}"', sqlstate="22007") from None
    except FieldOverflow:
        raise DataError(f'interval field value out of range: "{text}"', sqlstate="22015") from None
    months = parts.years * 12 + parts.months
    if not -(1 << 31) <= months < 1 << 31:
        raise DataError("interval out of range", sqlstate="22008")
    return Interval(months, parts.days, parts.micros)


_RANGE_UNITS = {
    1 << t.YEAR: t.YEAR, 1 << t.MONTH: t.MONTH, 1 << t.YEAR | 1 << t.MONTH: t.MONTH, _D: t.DAY, _H: t.HOUR,
    _D | _H: t.HOUR, _M: t.MINUTE, _H | _M: t.MINUTE, _D | _H | _M: t.MINUTE,
}


def _decode(fields: list[tuple[str, int]], field_range: int, sql_standard: bool) -> Parts:
    """All fields, last first, so that a unit is known before its number."""
    parts = Parts()
    force_negative = (
        sql_standard and bool(fields) and fields[0][0][0] == "-" and not any(f[0] in "+-" for f, _ in fields[1:])
    )
    seen, unit, ago = 0, None, False
    for field, kind in reversed(fields):
        mask = 0
        micros = _time(field, field_range) if kind == t.TIME else _signed_time(field, field_range, kind)
        if micros is not None:
            negative = field[0] == "-" or force_negative
            parts.micros = -micros if negative else micros  # fractions of days read so far are lost, as in PostgreSQL
            mask, unit = _TIME_MASK, t.DAY
        elif kind in (t.ZONE, t.DATE, t.NUMBER):
            if unit is None:
                unit = _RANGE_UNITS.get(field_range, t.SECOND)
            mask, unit = _number(parts, field, unit, force_negative)
        else:
            what, value = t.INTERVAL_WORDS.get(field[: t.WORD_LENGTH], (None, 0))
            if what == t.IGNORE:
                continue
            if what == t.UNITS:
                unit = value
            elif what == t.AGO:
                ago, unit = True, 0
            else:
                raise BadFormat  # also "infinity": PostgreSQL 15 has no infinite intervals
        if mask & seen:
            raise BadFormat
        seen |= mask
    if not seen:
        raise BadFormat
    if ago:
        parts.negate()
    return parts


def _number(parts: Parts, field: str, unit: int, force_negative: bool) -> tuple[int, int]:
    """Adds one number; returns the mask of fields it set and the unit for a number to its left."""
    whole, months, point, junk = _NUMBER_FIELD(field).groups()
    negative = field[0] == "-"
    number = _fits(int(whole) if whole.strip("+-") else 0, 64)
    fraction = 0.0
    if months is not None:
        below = int(months or 0)
        if below >= 12:
            raise FieldOverflow
        if junk:
            raise BadFormat
        number = number * 12 + (-below if negative else below)
        unit = t.MONTH
    elif junk:
        raise BadFormat
    elif point:
        fraction = _fraction(point)
        if negative:
            fraction = -fraction
    if force_negative:
        number, fraction = -abs(number), -abs(fraction)
    return _apply(parts, number, fraction, unit)


def _fraction(point: str) -> float:
    return float(point) if point != "." else 0.0


def _apply(parts: Parts, number: int, fraction: float, unit: int) -> tuple[int, int]:
    if unit in _MICROS:
        parts.add_micros(number, fraction, _MICROS[unit])
        if unit == t.SECOND and fraction:
            return _ALL_SECONDS, unit
        return 1 << unit, t.DAY if unit == t.HOUR else unit
    if unit == t.DAY or unit == t.WEEK:
        days = 7 if unit == t.WEEK else 1
        parts.add_days(number, fraction, days)
    elif unit == t.MONTH:
        parts.add_months(number, fraction)
    elif unit in _YEARS:
        parts.add_years(number, fraction, _YEARS[unit])
    else:
        raise BadFormat
    return 1 << unit, unit


def _signed_time(field: str, field_range: int, kind: int) -> int | None:
    """The size of `+4:05`; None if it is no time, be it that a part is out of range."""
    if kind != t.ZONE or ":" not in field:
        return None
    try:
        return _time(field[1:], field_range)
    except (BadFormat, FieldOverflow):
        return None


def _time(field: str, field_range: int) -> int:
    """`h:m`, `h:m:s[.f]` or `m:s.f` in microseconds; minutes and seconds within their hour and minute."""
    match = _TIME_FIELD(field)
    if match is None:
        raise BadFormat
    first, second, short_fraction, third, fraction, junk = match.groups()
    a, b = _fits(int(first), 64), _fits(int(second or 0), 32)
    _fits(int(third or 0), 32)
    if junk:
        raise BadFormat
    if short_fraction is not None:
        hours, minutes, seconds, fraction = 0, a, b, short_fraction
    elif third is not None:
        hours, minutes, seconds = a, b, int(third or 0)
    elif field_range == _M | _S:
        hours, minutes, seconds = 0, a, b
    else:
        hours, minutes, seconds = a, b, 0
    micros = round(_fraction(fraction) * 1_000_000) if fraction else 0
    if minutes > 59 or seconds > 60:
        raise FieldOverflow
    return _fits(_fits(hours * 3_600_000_000, 64) + minutes * 60_000_000 + seconds * 1_000_000 + micros, 64)


# ISO 8601

_ISO_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class _Iso:
    """Reads numbers and unit letters from `place`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 1

    def number(self) -> tuple[int, float, int]:
        """Whole part, fraction (signed alike), count of digits before the point."""
        match = _ISO_NUMBER.match(self.text, self.place)
        if match is None:
            raise BadFormat
        self.place = match.end()
        digits = match[0]
        value = float(digits)
        if abs(value) > 1e15:
            raise FieldOverflow
        whole = int(value)
        width = len(re.match(r"[+-]?([0-9]*)", digits)[1])
        return whole, value - whole, width

    def take(self) -> str:
        char = self.text[self.place : self.place + 1]
        self.place += 1
        return char

    def done(self) -> bool:
        return self.place >= len(self.text)


def _decode_iso(text: str) -> Parts:
    if len(text) < 2 or text[0] != "P":
        raise BadFormat
    parts, reader = Parts(), _Iso(text)
    in_date, have_field = True, False
    while not reader.done():
        if reader.text[reader.place] == "T":
            in_date, have_field = False, False
            reader.place += 1
            continue
        number, fraction, width = reader.number()
        unit = reader.take()
        step = _iso_date if in_date else _iso_time
        outcome = step(parts, reader, number, fraction, width, unit, have_field)
        if outcome == "end":
            return parts
        if outcome == "T":
            in_date, have_field = False, False
        else:
            have_field = True
    return parts


def _iso_date(parts, reader, number, fraction, width, unit, have_field) -> str:
    if unit == "Y":
        parts.add_years(number, fraction, 1)
    elif unit == "M":
        parts.add_months(number, fraction)
    elif unit == "W":
        parts.add_days(number, fraction, 7)
    elif unit == "D":
        parts.add_days(number, fraction, 1)
    elif unit in ("T", "", "-"):
        return _iso_plain_date(parts, reader, number, fraction, width, unit, have_field)
    else:
        raise BadFormat
    return ""


def _iso_plain_date(parts, reader, number, fraction, width, unit, have_field) -> str:
    """YYYYMMDD or YYYY-MM-DD; returns where it stopped."""
    if unit in ("T", "") and width == 8 and not have_field:
        parts.add_years(number // 10_000, 0.0, 1)
        parts.add_months(number // 100 % 100, 0.0)
        parts.add_days(number % 100, fraction, 1)
        return unit or "end"
    if have_field:
        raise BadFormat
    parts.add_years(number, fraction, 1)
    if unit != "-":
        return unit or "end"
    number, fraction, _ = reader.number()
    parts.add_months(number, fraction)
    unit = reader.take()
    if unit == "-":
        number, fraction, _ = reader.number()
        parts.add_days(number, fraction, 1)
        unit = reader.take()
    if unit not in ("", "T"):
        raise BadFormat
    return unit or "end"


def _iso_time(parts, reader, number, fraction, width, unit, have_field) -> str:
    if unit in ("H", "M", "S"):
        parts.add_micros(number, fraction, {"H": 3_600_000_000, "M": 60_000_000, "S": 1_000_000}[unit])
        return ""
    if unit == "" and width == 6 and not have_field:
        parts.add_micros(number // 10_000, 0.0, 3_600_000_000)
        parts.add_micros(number // 100 % 100, 0.0, 60_000_000)
        parts.add_micros(number % 100, fraction, 1_000_000)
        return "end"
    if unit not in ("", ":") or have_field:
        raise BadFormat
    for place, size in enumerate((3_600_000_000, 60_000_000, 1_000_000)):
        parts.add_micros(number, fraction, size)
        if unit == "":
            return "end"
        if unit != ":" or place == 2:
            raise BadFormat
        number, fraction, _ = reader.number()
        unit = reader.take()
    raise BadFormat
