"""Second step of reading dates and times: the fields get their meaning, from left to right.

    "Mar 4, 2020 10:11 PST"   month by name, then a number: the day; then the year; a time; a zone
    "03/04/2020"              which is month and which day, DateStyle's order decides
    "20200304T101112"         six digits and more: run together
    "2020-03-04 10:11+5:30"   a sign after a time: a zone

`decode` reads what has a date (date, timestamp, timestamptz), `decode_time` what needs none (time, timetz). Both return a
`Clock`. A mask of the fields already seen refuses the second of a kind. Errors: 22007 not of this form, 22008 a field
out of range, 22009 a zone displacement of 16 hours or more, 22023 an unknown zone name.

Not here: cutting the text into fields (`types.tokens`), making values of a Clock (`types.dates`, `timestamps`, `times`).
"""

from __future__ import annotations

import re

from aurorapy.errors import DataError
from aurorapy.types import timezones
from aurorapy.types import tokens as t
from aurorapy.types.calendar import JULIAN_2000, UNIX_DAYS, from_days, month_length, to_days
from aurorapy.types.tokens import BadFormat
from aurorapy.types.values import USECS_PER_DAY
from aurorapy.types.zone_abbreviations import DYNAMIC, FIXED

_YEAR, _MONTH, _DAY, _DOY = 1 << t.YEAR, 1 << t.MONTH, 1 << t.DAY, 1 << t.DAY_OF_YEAR
_HOUR, _MINUTE, _SECOND = 1 << t.HOUR, 1 << t.MINUTE, 1 << t.SECOND
_ALL_SECONDS = _SECOND | 1 << t.MILLISECOND | 1 << t.MICROSECOND
_DATE = _YEAR | _MONTH | _DAY
_TIME = _HOUR | _MINUTE | _ALL_SECONDS
_ZONE = 1 << t.ZONED
_DST_MOD = 1 << t.DST_MOD

_ZONE_FIELD = re.compile(r"([+-])([0-9]*)(?::([0-9]*)(?::([0-9]*))?)?").fullmatch
_TIME_FIELD = re.compile(r"([0-9]+):([0-9]*)(?:(\.[0-9]*)|:([0-9]*)(\.[0-9]*)?)?").fullmatch
_DATE_PART = re.compile(r"([0-9]+|[a-z]+).?")  # and one character behind it, whatever it is


class FieldError(Exception):
    """A field out of its range; `code` is field, order (day and month may be swapped) or zone."""

    def __init__(self, code: str = "field") -> None:
        self.code = code


def parse_error(error: BadFormat | FieldError, text: str, type_name: str) -> DataError:
    """What the client is told."""
    code = error.code if isinstance(error, FieldError) else ""
    if code == "zone":
        return DataError(f'time zone displacement out of range: "{text}"', sqlstate="22009")
    if code:
        hint = 'Perhaps you need a different "datestyle" setting.' if code == "order" else None
        return DataError(f'date/time field value out of range: "{text}"', sqlstate="22008", hint=hint)
    return DataError(f'invalid input syntax for type {type_name}: "{text}"', sqlstate="22007")


class Clock:
    """A wall clock reading and the offset it was read with, in seconds east of UTC.

    `special` is "", "epoch", "infinity" or "-infinity"; year 0 is 1 BC.
    """

    __slots__ = ("special", "year", "month", "day", "hour", "minute", "second", "micro", "offset")

    def __init__(self) -> None:
        self.special = ""
        self.year = self.month = self.day = 0
        self.hour = self.minute = self.second = self.micro = 0
        self.offset = 0

    def set_date(self, days: int) -> None:
        self.year, self.month, self.day = from_days(days)

    def set_time(self, micros: int) -> None:
        seconds, self.micro = divmod(micros, 1_000_000)
        minutes, self.second = divmod(seconds, 60)
        self.hour, self.minute = divmod(minutes, 60)

    def local_seconds(self) -> int:
        """The reading as if it were UTC, since 1970."""
        days = to_days(self.year, self.month, self.day) + UNIX_DAYS
        return days * 86_400 + self.hour * 3_600 + self.minute * 60 + self.second

    def micros(self) -> int:
        """Microseconds since midnight."""
        return ((self.hour * 60 + self.minute) * 60 + self.second) * 1_000_000 + self.micro


def integer(digits: str) -> int:
    """A field's digits; more than 31 bits are out of range, none are 0."""
    if len(digits) > 10:
        digits = digits.lstrip("0")
        if len(digits) > 10:
            raise FieldError
    value = int(digits) if digits else 0
    if value > 0x7FFFFFFF:
        raise FieldError
    return value


def c_int(digits: str) -> int:
    """As C's atoi on this platform: a long, cut to 32 bits."""
    value = min(int(digits[:30]), (1 << 63) - 1) & 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def fraction(point: str) -> int:
    """`.123` in microseconds."""
    return round(float(point) * 1_000_000) if point != "." else 0


def zone_offset(field: str) -> int:
    """`+5:30`, `-0800`, `+3` in seconds east."""
    match = _ZONE_FIELD(field)
    if match is None:
        _reject_zone(field)
    sign, hours, minutes, seconds = match.groups()
    h = _zone_number(hours)
    m, s = _zone_number(minutes or ""), _zone_number(seconds or "")
    if minutes is None and len(field) > 3:
        h, m = divmod(h, 100)
    if h > 15 or m > 59 or s > 59:
        raise FieldError("zone")
    offset = (h * 60 + m) * 60 + s
    return -offset if sign == "-" else offset


def _zone_number(digits: str) -> int:
    try:
        return integer(digits)
    except FieldError:
        raise FieldError("zone") from None


def _reject_zone(field: str) -> None:
    """Out of range comes before junk behind the numbers."""
    numbers = re.match(r"[+-]([0-9]*)(?::([0-9]*)(?::([0-9]*))?)?", field)
    h, m, s = (_zone_number(number or "") for number in numbers.groups()) if numbers else (0, 0, 0)
    raise FieldError("zone") if h > 15 or m > 59 or s > 59 else BadFormat


class Decoder:
    """The state of one reading. `fill` handles one field; what it set is in `mask` until the loop adds it to `seen`."""

    def __init__(self, text: str, ctx, needs_date: bool) -> None:
        self.ctx = ctx
        self.clock = Clock()
        self.fields = t.split(text, t.BUFFER["date"])
        self.needs_date = needs_date
        self.seen = 0
        self.mask = 0
        self.label: int | None = None  # a word said what the next number is
        self.bc = False
        self.half = ""
        self.text_month = False
        self.julian = False
        self.short_year = False
        self.day_of_year = 0
        self.zone: timezones.Zone | None = None
        self.abbreviation = ""

    # fields

    def run(self) -> Clock:
        if not self.fields:
            raise BadFormat
        for place, (field, kind) in enumerate(self.fields):
            self.mask = 0
            if kind == t.DATE:
                self._date_field(place, field)
            elif kind == t.TIME:
                self._time_field(field)
            elif kind == t.ZONE:
                self.clock.offset = zone_offset(field)
                self.mask = _ZONE
            elif kind == t.NUMBER:
                self._number_field(place, field)
            elif not self._word(place, field):
                continue
            if self.mask & self.seen:
                raise BadFormat
            self.seen |= self.mask
        self._validate_date()
        self._apply_half()
        return self._finish() if self.needs_date else self._finish_time()

    def _date_field(self, place: int, field: str) -> None:
        if not self.needs_date:
            self._date_field_of_time(place, field)
        elif self.label == t.JULIAN:
            self._julian(integer(re.match("[0-9]*", field)[0]))
            self.mask |= _TIME | _ZONE
            self.clock.set_time(0)
            self.clock.offset = zone_offset(re.sub("^[0-9]*", "", field))
            self.label = None
        elif self.label is not None or self.seen & (_MONTH | _DAY) == _MONTH | _DAY:
            if field[0].isdigit() or self.label is not None:
                if self.label not in (None, t.TIME_LABEL):
                    raise BadFormat
                self.label = None
                self._number_and_zone(field, self.seen)
            else:
                self._named_zone(field)
        else:
            self._date(field)

    def _date_field_of_time(self, place: int, field: str) -> None:
        kinds = [kind for _, kind in self.fields]
        if place == 0 and len(kinds) >= 2 and (kinds[-1] == t.DATE or kinds[1] == t.TIME):
            self._date(field)
        elif field[0].isdigit():
            self._number_and_zone(field, self.seen | _DATE)
        else:
            self._named_zone(field)

    def _number_and_zone(self, field: str, seen: int) -> None:
        """`040506-08`: a time run together and its zone."""
        if self.seen & _TIME == _TIME:
            raise BadFormat
        at = field.find("-")
        if at < 0:
            raise BadFormat
        self.clock.offset = zone_offset(field[at:])
        self._run_together(field[:at], seen)
        self.mask |= _ZONE

    def _named_zone(self, name: str) -> None:
        self.zone = timezones.need(name)
        self.mask = _ZONE

    def _time_field(self, field: str) -> None:
        if self.label is not None and self.needs_date:
            if self.label != t.TIME_LABEL:
                raise BadFormat
            self.label = None
        match = _TIME_FIELD(field)
        if match is None:
            raise BadFormat
        first, second, short_fraction, third, point = match.groups()
        a, b = integer(first), integer(second)
        clock = self.clock
        if short_fraction is not None:  # mm:ss.fff
            clock.hour, clock.minute, clock.second, point = 0, a, b, short_fraction
        else:
            clock.hour, clock.minute, clock.second = a, b, integer(third or "")
        clock.micro = fraction(point) if point else 0
        if clock.minute > 59 or clock.second > 60 or clock.micro > 1_000_000:
            raise FieldError
        self.mask = _TIME
        if self.needs_date:
            self._check_time()

    def _check_time(self) -> None:
        clock = self.clock
        if clock.hour > 24 or clock.minute > 59 or clock.second > 60 or clock.micros() > USECS_PER_DAY:
            raise FieldError

    # numbers

    def _number_field(self, place: int, field: str) -> None:
        if self.label is not None:
            self._labelled(field)
            return
        point = field.find(".")
        if self.needs_date:
            if point >= 0 and not self.seen & _DATE:
                self._date(field)
            elif point > 2:
                self._run_together(field, self.seen)
            elif len(field) >= 6 and (not self.seen & _DATE or not self.seen & _TIME):
                self._run_together(field, self.seen)
            else:
                self._number(field, self.seen, self.text_month)
        elif point >= 0:
            if place == 0 and len(self.fields) >= 2 and self.fields[-1][1] == t.DATE:
                self._date(field)
            elif point > 2:
                self._run_together(field, self.seen | _DATE)
            else:
                raise BadFormat
        elif len(field) > 4:
            self._run_together(field, self.seen | _DATE)
        else:
            self._number(field, self.seen | _DATE, False)

    def _labelled(self, field: str) -> None:
        """A number whose meaning a word before it gave: `j 2451187`, `y 2020`, `t 040506`."""
        label, clock = self.label, self.clock
        whole, point, rest = field.partition(".")
        value = integer(whole)
        if point and label not in (t.JULIAN, t.TIME_LABEL, t.SECOND):
            raise BadFormat
        if label == t.YEAR:
            clock.year, self.mask = value, _YEAR
        elif label == t.MONTH:
            if self.seen & _MONTH and self.seen & _HOUR:
                clock.minute, self.mask = value, _MINUTE
            else:
                clock.month, self.mask = value, _MONTH
        elif label == t.DAY:
            clock.day, self.mask = value, _DAY
        elif label == t.HOUR:
            clock.hour, self.mask = value, _HOUR
        elif label == t.MINUTE:
            clock.minute, self.mask = value, _MINUTE
        elif label == t.SECOND:
            clock.second, self.mask = value, _SECOND
            if point:
                clock.micro, self.mask = fraction("." + rest), _ALL_SECONDS
        elif label == t.JULIAN:
            self._julian(value)
            if point:
                self.clock.set_time(int(float("0." + (rest or "0")) * USECS_PER_DAY))
                self.mask |= _TIME
        elif label == t.TIME_LABEL:
            self._run_together(field, self.seen | _DATE)
            if self.mask != _TIME:
                raise BadFormat
        else:
            raise BadFormat
        self.label = None
        clock.special = ""

    def _julian(self, value: int) -> None:
        self.clock.set_date(value - JULIAN_2000)
        self.julian = True
        self.mask = _DATE

    def _number(self, field: str, seen: int, text_month: bool) -> None:
        """One number alone: which of year, month, day it is follows from what is there and from DateStyle."""
        whole, point, rest = field.partition(".")
        value = integer(whole)
        clock = self.clock
        if not whole:
            raise BadFormat
        if point:
            if len(whole) > 2:
                self._run_together(field, seen | _DATE)
                return
            clock.micro = fraction(point + rest)
        if len(field) == 3 and seen & _DATE == _YEAR and 1 <= value <= 366:
            self.day_of_year, self.mask = value, _DOY | _MONTH | _DAY
            return
        long = len(field) >= 3
        order = self.ctx.date_order
        have = seen & _DATE
        if have == _DATE:
            self._run_together(field, seen)
            return
        if have == 0:
            mask = _YEAR if long or order == "YMD" else _DAY if order == "DMY" else _MONTH
        elif have == _YEAR or have == _DAY:
            mask = _MONTH
        elif have == _MONTH:
            mask = _YEAR if text_month and (long or order == "YMD") else _DAY
        elif have == _YEAR | _MONTH:
            mask = _DAY
            if text_month and long and self.short_year:  # 04 Mar 2020 read as YMD: the first was the day
                clock.day, clock.year, self.short_year, self.mask = clock.year, value, False, _DAY
                return
        elif have == _MONTH | _DAY:
            mask = _YEAR
        else:
            raise BadFormat
        self.mask = mask
        if mask == _YEAR:
            clock.year, self.short_year = value, len(field) <= 2
        elif mask == _MONTH:
            clock.month = value
        else:
            clock.day = value

    def _run_together(self, field: str, seen: int) -> None:
        """`20200304`, `200304`, `101112.5`, `1011`."""
        clock = self.clock
        whole, point, rest = field.partition(".")
        if point:
            clock.micro = round(float("0." + (rest or "0")) * 1_000_000) if rest.isdigit() or not rest else 0
        elif seen & _DATE != _DATE and len(field) >= 6:
            clock.day, clock.month, clock.year = integer(whole[-2:]), integer(whole[-4:-2]), c_int(whole[:-4])
            self.short_year = len(whole) == 6
            self.mask = _DATE
            return
        if seen & _TIME != _TIME and len(whole) in (4, 6) and whole.isdigit():
            clock.hour, clock.minute, clock.second = int(whole[:2]), int(whole[2:4]), int(whole[4:] or 0)
            self.mask = _TIME
            return
        raise BadFormat

    def _date(self, field: str) -> None:
        """A date with separators; a month's name in it counts before the numbers do."""
        parts = _DATE_PART.findall(field)
        if not parts or len(parts) > t.FIELDS_MAX:
            raise BadFormat
        seen, total, text_month = self.seen, 0, False
        for part in parts:
            if part[0].isalpha():
                what, value = t.DATE_WORDS.get(part[: t.WORD_LENGTH], (None, 0))
                if what != t.MONTH or seen & _MONTH:
                    raise BadFormat
                self.clock.month, text_month = value, True
                seen, total = seen | _MONTH, total | _MONTH
        for part in parts:
            if part[0].isdigit():
                self.mask = 0
                self._number(part, seen, text_month)
                if self.mask & seen:
                    raise BadFormat
                seen, total = seen | self.mask, total | self.mask
        self.mask = total
        if seen & ~(_DOY | _ZONE) != _DATE:
            raise BadFormat

    # words

    def _word(self, place: int, field: str) -> bool:
        """False for a word that means nothing."""
        if field in FIXED:
            self.clock.offset, daylight = FIXED[field]
            self.mask = _ZONE | 1 << t.DST_ZONE if daylight else _ZONE
            return True
        if field in DYNAMIC:
            self.zone, self.abbreviation = timezones.need(DYNAMIC[field]), field
            self.mask = _ZONE | 1 << t.DYNAMIC_ZONE
            return True
        what, value = t.DATE_WORDS.get(field[: t.WORD_LENGTH], (None, 0))
        if what == t.IGNORE:
            return False
        self.mask = 1 << what if what is not None else 0
        if what == t.RESERVED:
            self._reserved(value)
        elif what == t.MONTH and self.needs_date:
            clock = self.clock
            if self.seen & _MONTH and not self.text_month and not self.seen & _DAY and 1 <= clock.month <= 31:
                clock.day, self.mask = clock.month, _DAY  # `04 March`: the number was the day after all
            self.text_month, clock.month = True, value
        elif what == t.DST_MOD:
            self.mask |= 1 << t.DST_ZONE
            self.clock.offset += value
        elif what == t.AM_PM:
            self.half = value
        elif what == t.ERA:
            self.bc = value
        elif what == t.UNITS:
            self.mask, self.label = 0, value
        elif what == t.ISO_TIME:
            self._iso_time(place)
        elif what is None:
            self.zone = timezones.find(field)
            if self.zone is None:
                raise BadFormat
            self.mask = _ZONE
        elif what != t.DAY_OF_WEEK or not self.needs_date:
            raise BadFormat
        return True

    def _iso_time(self, place: int) -> None:
        self.mask = 0
        if self.needs_date and self.seen & _DATE != _DATE:
            raise BadFormat
        if place >= len(self.fields) - 1 or self.fields[place + 1][1] not in (t.NUMBER, t.TIME, t.DATE):
            raise BadFormat
        self.label = t.TIME_LABEL

    def _reserved(self, word: str) -> None:
        clock = self.clock
        if word == "allballs":
            clock.special = ""
            self.mask = _TIME | _ZONE
            clock.set_time(0)
            clock.offset = 0
            return
        if not self.needs_date and word != "now":
            raise BadFormat
        if word in ("epoch", "infinity", "-infinity"):
            clock.special = word  # and whatever else is there does not count
            return
        clock.special = ""
        days, micros, offset = now(self.ctx)
        if word == "now":
            clock.set_time(micros)
            clock.offset = offset
            self.mask = _TIME
            if self.needs_date:
                clock.set_date(days)
                self.mask = _DATE | _TIME | _ZONE
            return
        clock.set_date(days + {"yesterday": -1, "today": 0, "tomorrow": 1}[word])
        self.mask = _DATE

    # at the end

    def _validate_date(self) -> None:
        clock = self.clock
        if self.seen & _YEAR and not self.julian:
            if self.bc:
                if clock.year <= 0:
                    raise FieldError
                clock.year = 1 - clock.year
            elif self.short_year:
                if clock.year < 100:
                    clock.year += 2000 if clock.year < 70 else 1900
            elif clock.year <= 0:
                raise FieldError
        if self.seen & _DOY:
            clock.set_date(to_days(clock.year, 1, 1) + self.day_of_year - 1)
        if self.seen & _MONTH and not 1 <= clock.month <= 12:
            raise FieldError("order")
        if self.seen & _DAY and not 1 <= clock.day <= 31:
            raise FieldError("order")
        if self.seen & _DATE == _DATE and clock.day > month_length(clock.year, clock.month):
            raise FieldError

    def _apply_half(self) -> None:
        if not self.half:
            return
        clock = self.clock
        if clock.hour > 12:
            raise FieldError
        if self.half == "am" and clock.hour == 12:
            clock.hour = 0
        elif self.half == "pm" and clock.hour != 12:
            clock.hour += 12

    def _finish(self) -> Clock:
        clock = self.clock
        if clock.special:
            return clock
        if self.seen & _DATE != _DATE:
            raise BadFormat
        if self.zone is not None:
            if self.seen & _DST_MOD:
                raise BadFormat
            clock.offset = self._zone_offset(clock)
        elif not self.seen & _ZONE:
            if self.seen & _DST_MOD:
                raise BadFormat
            clock.offset = session_zone(self.ctx).offset_of_local(clock.local_seconds())
        return clock

    def _zone_offset(self, clock: Clock) -> int:
        local = clock.local_seconds()
        if self.abbreviation:
            offset = self.zone.offset_of_abbreviation(self.abbreviation, local)
            if offset is not None:
                return offset
        return self.zone.offset_of_local(local)

    def _finish_time(self) -> Clock:
        clock = self.clock
        self._check_time()
        if self.seen & _TIME != _TIME:
            raise BadFormat
        if self.zone is not None:
            if self.seen & _DST_MOD:
                raise BadFormat
            fixed = None if self.abbreviation else self.zone.fixed_offset()
            if fixed is None and not self.abbreviation and self.seen & _DATE != _DATE:
                raise BadFormat
            clock.offset = self._zone_offset(self._dated()) if fixed is None else fixed
        elif not self.seen & _ZONE:
            if self.seen & _DST_MOD:
                raise BadFormat
            clock.offset = session_zone(self.ctx).offset_of_local(self._dated().local_seconds())
        return clock

    def _dated(self) -> Clock:
        """The clock with today's date where none was given; part of a date will not do."""
        if self.seen & _DATE not in (0, _DATE):
            raise BadFormat
        if not self.seen & _DATE:
            self.clock.set_date(now(self.ctx)[0])
        return self.clock


def session_zone(ctx) -> timezones.Zone:
    return timezones.need(ctx.time_zone)


def now(ctx) -> tuple[int, int, int]:
    """The transaction's start in the session's zone: days since 2000, microseconds of the day, offset."""
    offset = session_zone(ctx).at(ctx.now_us // 1_000_000 + timezones.UNIX_2000)[0]
    days, micros = divmod(ctx.now_us + offset * 1_000_000, USECS_PER_DAY)
    return days, micros, offset


def decode(text: str, ctx, type_name: str) -> Clock:
    """Reads what has a date; `type_name` is for errors."""
    try:
        return Decoder(text, ctx, True).run()
    except (BadFormat, FieldError) as error:
        raise parse_error(error, text, type_name) from None


def decode_time(text: str, ctx, type_name: str) -> Clock:
    """Reads what needs no date."""
    try:
        return Decoder(text, ctx, False).run()
    except (BadFormat, FieldError) as error:
        raise parse_error(error, text, type_name) from None
