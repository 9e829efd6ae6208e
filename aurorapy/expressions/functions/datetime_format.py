"""to_char of timestamps and intervals, to_date and to_timestamp of text.

    to_char(timestamp '2024-02-09 18:05', 'FMDay, DD Mon YYYY HH12:MI AM') → 'Friday, 09 Feb 2024 06:05 PM'
    to_date('09 Feb 2024', 'DD Mon YYYY') → 2024-02-09

Errors: 22007 what does not fit the pattern, 22008 fields out of range.

Not here: patterns (`datetime_pattern`), reading (`datetime_parse`).
"""

from __future__ import annotations

from typing import NamedTuple

from aurorapy.errors import DataError
from aurorapy.expressions.functions import datetime_parse, zones
from aurorapy.expressions.functions.datetime_fields import iso_week
from aurorapy.expressions.functions.datetime_pattern import Token, tokens
from aurorapy.expressions.functions.number_pattern import ordinal, roman
from aurorapy.expressions.functions.zones import INFINITIES
from aurorapy.expressions.registry import function
from aurorapy.types.calendar import JULIAN_2000, from_days, to_days, weekday
from aurorapy.types.values import USECS_PER_DAY, Interval

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split()
_CALENDAR_ONLY = {"MONTH", "MON", "DAY", "DY", "TZ", "TZH", "TZM", "OF", "D", "ID", "BC", "AD", "B.C.", "A.D."}


class Moment(NamedTuple):
    """What a pattern shows: a broken-down time, of an instant or an interval."""

    year: int
    month: int
    day: int
    hour: int
    micros: int  # within the hour
    days: int  # since 2000, 0 for intervals
    interval: bool = False
    offset: int | None = None
    zone: str = ""


def _case(word: str, name: str) -> str:
    return name.upper() if word.isupper() else name.lower() if word.islower() else name


def _number(token: Token, value: int, width: int) -> str:
    text = str(value) if token.trimmed else f"{value:0{width + (value < 0)}d}"
    if token.suffix:
        ending = ordinal(str(abs(value)))
        text += ending if token.suffix == "TH" else ending.lower()
    return text


def _name(token: Token, name: str, width: int) -> str:
    text = _case(token.word, name)
    return text if token.trimmed else text.ljust(width)


def _year(moment: Moment) -> int:
    return moment.year if moment.interval or moment.year > 0 else -(moment.year - 1)


def _clock(token: Token, m: Moment) -> str | None:
    word = token.word.upper()
    minutes, rest = divmod(m.micros, 60_000_000)
    seconds, fraction = divmod(rest, 1_000_000)
    sign = -1 if m.interval and (m.hour < 0 or m.micros < 0) else 1
    if word in ("HH", "HH12"):
        return _number(token, (abs(m.hour) % 12 or 12) * (1 if m.hour >= 0 else -1), 2)
    if word == "HH24":
        return _number(token, m.hour, 2)
    if word in ("AM", "PM", "A.M.", "P.M."):
        half = "pm" if m.hour % 24 >= 12 else "am"
        text = f"{half[0]}.{half[1]}." if "." in word else half
        return text.upper() if token.word[0].isupper() else text
    if word == "MI":
        return _number(token, sign * abs(minutes) if sign > 0 else minutes, 2)
    if word == "SS":
        return _number(token, seconds, 2)
    if word in ("SSSS", "SSSSS"):
        return _number(token, m.hour * 3600 + minutes * 60 + seconds, 1)
    if word == "MS":
        return _number(token, fraction // 1000, 3)
    if word == "US":
        return _number(token, fraction, 6)
    if word.startswith("FF"):
        digits = int(word[2])
        return _number(token, fraction // 10 ** (6 - digits), digits)
    return None


def _calendar(token: Token, m: Moment) -> str:
    word = token.word.upper()
    year = _year(m)
    first = to_days(m.year, 1, 1) if not m.interval else 0
    if word == "Y,YYY":
        return f"{year // 1000},{year % 1000:03d}" + (_number(token, year, 4)[-2:] if token.suffix else "")
    if word in ("YYYY", "YYY", "YY", "Y"):
        return _number(token, year if len(word) == 4 else year % 10 ** len(word), len(word))
    if word in ("IYYY", "IYY", "IY", "I"):
        iso = year if m.interval else iso_week(m.days)[0]
        iso = iso if m.interval or iso > 0 else -(iso - 1)
        return _number(token, iso if len(word) == 4 else iso % 10 ** len(word), len(word))
    if word in ("BC", "AD", "B.C.", "A.D."):
        era = "BC" if m.year <= 0 else "AD"
        text = f"{era[0]}.{era[1]}." if "." in word else era
        return text if token.word[0].isupper() else text.lower()
    if word in ("MONTH", "MON"):
        name = MONTHS[m.month - 1]
        return _name(token, name, 9) if word == "MONTH" else _case(token.word, name[:3])
    if word in ("DAY", "DY"):
        name = DAYS[weekday(m.days)]
        return _name(token, name, 9) if word == "DAY" else _case(token.word, name[:3])
    if word == "RM":
        text = roman(m.month) if m.month else ""
        text = text if token.word.isupper() else text.lower()
        return text if token.trimmed else text.ljust(4)
    values = {
        "MM": (m.month, 2), "DD": (m.day, 2), "DDD": (m.days - first + 1 if not m.interval else m.day, 3),
        "D": (weekday(m.days) + 1, 1), "ID": (weekday(m.days) or 7, 1), "W": ((m.day - 1) // 7 + 1, 1),
        "WW": ((m.days - first) // 7 + 1, 2), "Q": ((m.month - 1) // 3 + 1, 1), "J": (m.days + JULIAN_2000, 1),
    }  # fmt: skip
    if word in values:
        return _number(token, *values[word])
    if word == "IW":
        return _number(token, iso_week(m.days)[1], 2)
    if word == "IDDD":
        iso_year, week = iso_week(m.days)
        return _number(token, (week - 1) * 7 + (weekday(m.days) or 7), 3)
    if word == "CC":
        century = m.year // 100 if m.interval else (m.year - 1) // 100 + 1 if m.year > 0 else m.year // 100 - 1
        return _number(token, century, 2)
    return _zone(token, m)


def _zone(token: Token, m: Moment) -> str:
    word, offset = token.word.upper(), m.offset
    if offset is None:
        return "+00" if word in ("OF", "TZH") else "00" if word == "TZM" else ""
    if word == "TZ":
        return m.zone if token.word.isupper() else m.zone.lower()
    sign, size = "-" if offset < 0 else "+", abs(offset)
    if word == "TZM":
        return f"{size // 60 % 60:02d}"
    text = f"{sign}{size // 3600:02d}"
    return text + (f":{size // 60 % 60:02d}" if word == "OF" and size % 3600 else "")


def render(pattern: str, moment: Moment) -> str:
    out = []
    for token in tokens(pattern):
        if isinstance(token, str):
            out.append(token)
            continue
        if moment.interval and token.word.upper() in _CALENDAR_ONLY:
            hint = "Intervals are not tied to specific calendar dates."
            raise DataError("invalid format specification for an interval value", sqlstate="22007", hint=hint)
        clock = _clock(token, moment)
        out.append(_calendar(token, moment) if clock is None else clock)
    return "".join(out)


def _moment(us: int, offset: int | None = None, zone: str = "") -> Moment:
    days, micros = divmod(us, USECS_PER_DAY)
    hour, rest = divmod(micros, 3_600_000_000)
    return Moment(*from_days(days), hour, rest, days, False, offset, zone)


@function("to_char(timestamp, text) text", 2049, volatility="s")
def timestamp_to_char(us: int, pattern: str) -> str | None:
    return None if us in INFINITIES or not pattern else render(pattern, _moment(us))


@function("to_char(timestamptz, text) text", 1770, volatility="s", context=True)
def timestamptz_to_char(ctx, us: int, pattern: str) -> str | None:
    if us in INFINITIES or not pattern:
        return None
    offset, _, name = zones.session_zone(ctx).at(us // 1_000_000 + 946_684_800)
    return render(pattern, _moment(us + offset * 1_000_000, offset, name))


@function("to_char(interval, text) text", 1768, volatility="s")
def interval_to_char(span: Interval, pattern: str) -> str | None:
    if not pattern:
        return None
    sign = -1 if span.micros < 0 else 1
    hour, rest = divmod(abs(span.micros), 3_600_000_000)
    years, months = divmod(abs(span.months), 12)
    flip = -1 if span.months < 0 else 1
    return render(pattern, Moment(flip * years, flip * months, span.days, sign * hour, sign * rest if sign > 0 else rest, 0, True))


@function("to_date(text, text) date", 1780, volatility="s", not_null=True)
def to_date(text: str, pattern: str) -> int:
    return datetime_parse.read(text, pattern).date()


@function("to_timestamp(text, text) timestamptz", 1778, volatility="s", context=True, not_null=True)
def to_timestamp(ctx, text: str, pattern: str) -> int:
    fields = datetime_parse.read(text, pattern)
    local = fields.date() * USECS_PER_DAY + fields.micros()
    return zones.checked(local - fields.offset * 1_000_000) if fields.offset is not None else zones.to_utc(ctx, local)
