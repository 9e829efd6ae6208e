"""Time zones: which offset holds at an instant, and which instant a wall clock means.

    zone = find("Europe/Berlin")
    zone.at(utc) → (3600, False, "CET")                seconds east of UTC at an instant
    zone.offset_of_local(local) → 3600                 for a wall clock time; in a gap the offset before it holds,
                                                       in an overlap the one after it (as PostgreSQL has it)

Instants here are seconds since 1970-01-01. Names are IANA's (any case; TZif files found by Python's zoneinfo search path)
or POSIX rules like `EST5EDT,M3.2.0,M11.1.0`, whose sign counts west. Rules go on for ever: beyond the tables by the
file's rule, beyond 400 years by the calendar's cycle.

Not here: abbreviations in input (`types.zone_abbreviations`), SET TIME ZONE (the session calls `canonical`).
"""

from __future__ import annotations

import importlib.resources
import re
import zoneinfo
from bisect import bisect_right
from struct import unpack_from

from aurorapy.errors import DataError
from aurorapy.types.calendar import UNIX_DAYS, month_length, to_days, weekday

UNIX_2000 = 946_684_800  # 2000-01-01 UTC
_CYCLE = 146_097 * 86_400  # 400 years
_NAME_MAX = 255

Period = tuple[int, bool, str]  # seconds east of UTC, daylight saving, abbreviation


class Zone:
    """A zone's transitions: `periods[i]` holds from `starts[i - 1]` (or for ever back) to `starts[i]`."""

    def __init__(self, name: str, starts: list[int], periods: list[Period], rule: Rule | None) -> None:
        self.name = name
        self.starts = starts
        self.periods = periods
        self.rule = rule
        self._low = self._high = 0  # the last period found: valid for _low <= t < _high
        self._last = periods[0]

    def at(self, instant: int) -> Period:
        if self._low <= instant < self._high:
            return self._last
        place, shift = self._place(instant)
        starts = self.starts
        self._low = starts[place - 1] + shift if place else -(1 << 62)
        self._high = starts[place] + shift if place < len(starts) else 1 << 62
        self._last = self.periods[place]
        return self._last

    def _place(self, instant: int) -> tuple[int, int]:
        """Index of the period that holds, and by how much its borders are to be shifted."""
        if self.rule is not None and (not self.starts or instant >= self.starts[-1]):
            self._extend(instant)
        shift = 0
        if self.rule is not None and self.starts and instant >= self.starts[-1]:
            shift = ((instant - self.starts[-1]) // _CYCLE + 1) * _CYCLE
        return bisect_right(self.starts, instant - shift), shift

    def _extend(self, instant: int) -> None:
        """Appends what the rule says for 400 years, once."""
        rule, starts = self.rule, self.starts
        if rule.daylight is None or len(starts) > 800:
            if rule.daylight is None:
                self.rule = None
            return
        last = starts[-1] if starts else -(1 << 62)
        first_year = 1970 + max(last, 0) // 31_556_952 - 1 if starts else 1600
        for year in range(first_year, first_year + 403):
            for start, period in rule.transitions(year):
                if start > last:
                    starts.append(start)
                    self.periods.append(period)

    def offset_of_local(self, local: int) -> int:
        """Seconds east of UTC for a wall clock reading given as if it were UTC."""
        place, shift = self._place(local - 86_400)
        before = self.periods[place][0]
        if place >= len(self.starts):
            return before
        boundary = self.starts[place] + shift
        after = self.periods[place + 1][0]
        as_before, as_after = local - before, local - after
        if as_before < boundary and as_after < boundary:
            return before
        if as_before >= boundary and as_after >= boundary:
            return after
        return before if as_before > as_after else after

    def offset_of_abbreviation(self, abbreviation: str, local: int) -> int | None:
        """What an abbreviation means around a wall clock time; None if the zone never used it.

        The latest use at or before the time counts, else the first one after it.
        """
        place, _ = self._place(local)
        name = abbreviation.upper()
        for period in (*reversed(self.periods[: place + 1]), *self.periods[place + 1 :]):
            if period[2] == name:
                return period[0]
        return None

    def fixed_offset(self) -> int | None:
        """The offset of a zone that has only one."""
        offsets = {period[0] for period in self.periods}
        if self.rule is not None and self.rule.daylight is not None:
            offsets |= {self.rule.standard[0], self.rule.daylight[0]}
        return offsets.pop() if len(offsets) == 1 else None


# POSIX rules

_POSIX = re.compile(r"(<[^>]*>|[^0-9,+\-<]*)([+-]?[0-9]+(?::[0-9]+){0,2})")
_POSIX_DST = re.compile(r"(<[^>]*>|[^0-9,+\-<]+)([+-]?[0-9]+(?::[0-9]+){0,2})?")
_POSIX_DATE = re.compile(
    r"(?:J([0-9]+)|M([0-9]+)\.([0-9]+)\.([0-9]+)|([0-9]+))(?:/([+-]?[0-9]+(?::[0-9]+){0,2}))?"
).fullmatch
_DEFAULT_DATES = "M3.2.0,M11.1.0"


def _hms(text: str) -> int:
    """Seconds of `[+-]h[:m[:s]]`; ValueError out of range."""
    parts = [int(part) for part in text.lstrip("+-").split(":")] + [0, 0]
    if parts[0] > 167 or parts[1] > 59 or parts[2] > 60:
        raise ValueError(text)
    seconds = parts[0] * 3600 + parts[1] * 60 + parts[2]
    return -seconds if text[0] == "-" else seconds


class Rule:
    """A POSIX rule: standard time, and daylight saving time with the dates of both changes where there is one."""

    def __init__(self, standard: Period, daylight: Period | None, dates: tuple[tuple, tuple] | None) -> None:
        self.standard = standard
        self.daylight = daylight
        self.dates = dates

    def transitions(self, year: int) -> list[tuple[int, Period]]:
        """The year's changes as (instant, period from then on), in order."""
        begin = self._instant(self.dates[0], year, self.standard[0])
        end = self._instant(self.dates[1], year, self.daylight[0])
        return sorted([(begin, self.daylight), (end, self.standard)])

    @staticmethod
    def _instant(date: tuple, year: int, offset: int) -> int:
        kind, *numbers, seconds = date
        if kind == "J":  # 1..365, 29 February never counts
            day = to_days(year, 1, 1) + numbers[0] - 1
            if numbers[0] >= 60 and month_length(year, 2) == 29:
                day += 1
        elif kind == "N":  # 0..365
            day = to_days(year, 1, 1) + numbers[0]
        else:
            month, week, wanted = numbers
            first = to_days(year, month, 1)
            day = first + (wanted - weekday(first)) % 7 + 7 * (week - 1)
            if day >= first + month_length(year, month):
                day -= 7
        return (day + UNIX_DAYS) * 86_400 + seconds - offset


def parse_rule(text: str) -> Rule | None:
    """The rule a POSIX text spells, or None."""
    try:
        return _parse_rule(text)
    except ValueError:
        return None


def _parse_rule(text: str) -> Rule | None:
    match = _POSIX.match(text)
    if match is None:
        return None
    standard = (-_hms(match[2]), False, match[1].strip("<>"))
    rest = text[match.end() :]
    if not rest:
        return Rule(standard, None, None)
    match = _POSIX_DST.match(rest)
    if match is None:
        return None
    daylight_offset = -_hms(match[2]) if match[2] else standard[0] + 3600
    daylight = (daylight_offset, True, match[1].strip("<>"))
    rest = rest[match.end() :]
    if rest and rest[0] not in ",;":
        return None
    dates = [_rule_date(part) for part in (rest[1:] or _DEFAULT_DATES).split(",")]
    if len(dates) != 2 or None in dates:
        return None
    return Rule(standard, daylight, (dates[0], dates[1]))


def _rule_date(text: str) -> tuple | None:
    match = _POSIX_DATE(text)
    if match is None:
        return None
    julian, month, week, day, number, time = match.groups()
    seconds = _hms(time) if time else 7200
    if julian:
        return ("J", int(julian), seconds) if 1 <= int(julian) <= 365 else None
    if number:
        return ("N", int(number), seconds) if int(number) <= 365 else None
    if not (1 <= int(month) <= 12 and 1 <= int(week) <= 5 and int(day) <= 6):
        return None
    return ("M", int(month), int(week), int(day), seconds)


# TZif files (RFC 8536)


def read_tzif(name: str, data: bytes) -> Zone:
    """A zone from a file's bytes: the 64-bit block of version 2 and up, else the 32-bit one."""
    if data[:4] != b"TZif":
        raise ValueError(f"{name}: no TZif file")
    wide = data[4:5] >= b"2"
    start, width = 0, 4
    if wide:
        counts = unpack_from(">6I", data, 20)
        start, width = 44 + _block_size(counts, 4), 8
    is_utc, is_std, leap, time_count, type_count, char_count = unpack_from(">6I", data, start + 20)
    place = start + 44
    times = list(unpack_from(f">{time_count}{'q' if wide else 'i'}", data, place))
    place += time_count * width
    kinds = data[place : place + time_count]
    place += time_count
    types = [unpack_from(">iBB", data, place + 6 * i) for i in range(type_count)]
    place += 6 * type_count
    names = data[place : place + char_count]
    periods = [(offset, bool(dst), names[at : names.index(0, at)].decode()) for offset, dst, at in types]
    rule = None
    if wide:
        footer = data[start + 44 + _block_size((is_utc, is_std, leap, time_count, type_count, char_count), 8) :]
        text = footer.strip(b"\n").decode()
        rule = parse_rule(text) if text else None
    if leap:
        raise _leap_seconds(name)
    return Zone(name, times, [periods[0]] + [periods[kind] for kind in kinds], rule)


def _leap_seconds(name: str) -> DataError:
    return DataError(
        f'time zone "{name}" appears to use leap seconds', sqlstate="22023",
        detail="PostgreSQL does not support leap seconds.",
    )


def _block_size(counts: tuple[int, ...], width: int) -> int:
    is_utc, is_std, leap, time_count, type_count, char_count = counts
    return time_count * (width + 1) + type_count * 6 + char_count + leap * (width + 4) + is_std + is_utc


def _load(name: str) -> bytes | None:
    """The file of a zone under its exact name, from the system's tables or the tzdata package."""
    for folder in zoneinfo.TZPATH:
        try:
            with open(f"{folder}/{name}", "rb") as file:
                return file.read()
        except OSError:
            continue
    package, _, leaf = f"tzdata.zoneinfo/{name}".rpartition("/")
    try:
        return importlib.resources.files(package.replace("/", ".")).joinpath(leaf).read_bytes()
    except (OSError, ModuleNotFoundError):
        return None


_zones: dict[str, Zone | None] = {"UTC": Zone("UTC", [], [(0, False, "UTC")], None)}
_names: dict[str, str] = {}  # lower case → IANA's spelling; filled on the first name that is not spelled exactly


def _exact_name(name: str) -> str | None:
    """The spelling of a file below the tables' folder; `posix/` and `right/` are copies of the tree."""
    prefix, slash, rest = name.partition("/")
    if prefix.lower() in ("posix", "right") and slash:
        rest = _exact_name(rest)
        return rest and f"{prefix.lower()}/{rest}"
    if not _names:
        _names.update((known.lower(), known) for known in zoneinfo.available_timezones())
    return _names.get(name.lower())


def find(name: str) -> Zone | None:
    """The zone of that name or POSIX rule; None if it is neither."""
    if name in _zones:
        return _zones[name]
    zone = _find(name)
    if len(_zones) > 2_000:
        _zones.clear()
    _zones[name] = zone
    return zone


def _find(name: str) -> Zone | None:
    if len(name) > _NAME_MAX or not name or "\0" in name:
        return None
    if re.fullmatch(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*", name):
        exact = _exact_name(name)
        data = _load(exact) if exact else None
        if data is not None:
            return read_tzif(exact, data)
    rule = parse_rule(name)
    if rule is None:
        return None
    if rule.daylight is None:
        return Zone(name.upper(), [], [rule.standard], None)
    return Zone(name.upper(), [], [rule.standard], rule)


def need(name: str) -> Zone:
    """The zone of a name in input; 22023 if there is none."""
    zone = find(name)
    if zone is None:
        raise DataError(f'time zone "{name}" not recognized', sqlstate="22023")
    return zone


def canonical(text: str) -> str | None:
    """The name SET TIME ZONE keeps for a text: hours become a POSIX rule, a zone gets its spelling; None if unknown."""
    if re.fullmatch(r"\s*[+-]?[0-9]+(\.[0-9]*)?\s*", text):
        return fixed_name(round(float(text) * 3600))
    zone = find(text)
    if zone is not None and zone.at(UNIX_2000)[0] % 60:
        raise _leap_seconds(text)  # what PostgreSQL takes seconds in the offset for
    return zone.name if zone is not None else None


def fixed_name(seconds_east: int) -> str:
    """`<-07:30>+07:30` for an offset from UTC."""

    def part(seconds: int) -> str:
        hours, minutes, rest = abs(seconds) // 3600, abs(seconds) // 60 % 60, abs(seconds) % 60
        text = f"{'-' if seconds < 0 else '+'}{hours:02}"
        return text + (f":{minutes:02}" if minutes or rest else "") + (f":{rest:02}" if rest else "")

    return f"<{part(seconds_east)}>{part(-seconds_east)}"


def offset_text(seconds_east: int, wide: bool = False) -> str:
    """`+02`, `+05:30`, `-00:53:28`; `wide` shows minutes always."""
    hours, rest = divmod(abs(seconds_east), 3600)
    minutes, seconds = divmod(rest, 60)
    text = f"{'-' if seconds_east < 0 else '+'}{hours:02}"
    if seconds:
        return f"{text}:{minutes:02}:{seconds:02}"
    return f"{text}:{minutes:02}" if minutes or wide else text
