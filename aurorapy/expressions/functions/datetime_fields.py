"""Parts of dates and times: extract, date_part, date_trunc, date_bin, age, make_*, AT TIME ZONE, and the clocks.

    extract(epoch from timestamp '2000-01-01') → 946684800.000000      numeric; date_part gives the same as a float
    date_trunc('week', …) → Monday                                     age('2024-03-01', '2024-01-31') → 1 mon 1 day

Unit names are those of interval input with their abbreviations; only ten letters count, as in PostgreSQL.

Errors: 22023 unit not recognized, 0A000 unit not supported, 22008 out of range.

Not here: arithmetic (`datetime_arithmetic`).
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from aurorapy.errors import DataError, FeatureNotSupported
from aurorapy.expressions.functions import zones
from aurorapy.expressions.functions.datetime_arithmetic import (
    DATE_INFINITIES,
    date_to_timestamp,
    make_span,
    timestamp_to_date,
)
from aurorapy.expressions.functions.numerics import divide
from aurorapy.expressions.functions.zones import INFINITIES, checked
from aurorapy.expressions.registry import function, helper, inline
from aurorapy.types.calendar import JULIAN_2000, UNIX_DAYS, from_days, month_length, to_days, weekday
from aurorapy.types.timestamps import fit
from aurorapy.types.values import USECS_PER_DAY, Interval, TimeTz

EPOCH_US = UNIX_DAYS * USECS_PER_DAY  # 1970 to 2000
HOUR, MINUTE, SECOND = 3_600_000_000, 60_000_000, 1_000_000

_UNITS = {
    "microseconds": "us usec usecs microsecon usecond useconds",
    "milliseconds": "ms msec msecs millisecon mseconds msecond",
    "second": "s sec secs second seconds",
    "minute": "m min mins minute minutes",
    "hour": "h hr hrs hour hours",
    "day": "d day days",
    "week": "w week weeks",
    "month": "mon mons month months",
    "quarter": "qtr quarter",
    "year": "y yr yrs year years",
    "decade": "dec decs decade decades",
    "century": "c cent century centuries",
    "millennium": "mil mils millennia millennium",
    "dow": "dow",
    "doy": "doy",
    "isodow": "isodow",
    "isoyear": "isoyear",
    "epoch": "epoch",
    "julian": "j jd julian",
    "timezone": "timezone",
    "timezone_hour": "timezone_h",
    "timezone_minute": "timezone_m",
}
_UNIT_OF = {alias: unit for unit, aliases in _UNITS.items() for alias in aliases.split()}
_MONOTONIC = {"year", "decade", "century", "millennium", "julian", "isoyear", "epoch"}
_DATE_UNITS = {
    "day", "week", "month", "quarter", "year", "decade", "century", "millennium", "dow", "doy", "isodow", "isoyear",
    "epoch", "julian",
}  # fmt: skip
_TIME_UNITS = {"microseconds", "milliseconds", "second", "minute", "hour", "epoch"}
_ZONE_UNITS = {"timezone", "timezone_hour", "timezone_minute"}


def _unit(name: str, type_name: str) -> str:
    unit = _UNIT_OF.get(name.lower()[:10])
    if unit is None:
        raise DataError(f'unit "{name.lower()}" not recognized for type {type_name}', sqlstate="22023")
    return unit


def _unsupported(name: str, type_name: str, detail: str | None = None) -> FeatureNotSupported:
    return FeatureNotSupported(f'unit "{name.lower()}" not supported for type {type_name}', detail=detail)


# ---- fields ---------------------------------------------------------------------------------------------------------


def iso_week(days: int) -> tuple[int, int]:
    """(ISO year, week) of a day."""
    year = from_days(days - (weekday(days) + 6) % 7 + 3)[0]  # the week's Thursday decides
    first = to_days(year, 1, 4)
    monday = first - (weekday(first) + 6) % 7
    return year, (days - monday) // 7 + 1


def _no_year_zero(year: int) -> int:
    return year if year > 0 else year - 1


def _day_field(unit: str, days: int) -> int:
    year, month, day = from_days(days)
    if unit == "day":
        return day
    if unit == "month":
        return month
    if unit == "year":
        return _no_year_zero(year)
    if unit == "quarter":
        return (month - 1) // 3 + 1
    if unit == "week":
        return iso_week(days)[1]
    if unit == "isoyear":
        return _no_year_zero(iso_week(days)[0])
    if unit == "decade":
        return year // 10 if year >= 0 else -((8 - (year - 1)) // 10)
    if unit == "century":
        return (year + 99) // 100 if year > 0 else -((99 - (year - 1)) // 100)
    if unit == "millennium":
        return (year + 999) // 1000 if year > 0 else -((999 - (year - 1)) // 1000)
    if unit == "dow":
        return weekday(days)
    if unit == "isodow":
        return weekday(days) or 7
    if unit == "doy":
        return days - to_days(year, 1, 1) + 1
    raise KeyError(unit)


def _scaled(value: int, digits: int) -> Decimal:
    """value / 10^digits, showing all the digits."""
    return Decimal(value).scaleb(-digits) if value else Decimal((0, (0,), -digits))


def _time_field(unit: str, micros: int) -> Decimal:
    """micros of a day, or signed ones of an interval."""
    sign = -1 if micros < 0 else 1
    micros = abs(micros)
    if unit == "hour":
        return Decimal(sign * (micros // HOUR))
    if unit == "minute":
        return Decimal(sign * (micros // MINUTE % 60))
    rest = sign * (micros % MINUTE)
    return {"second": _scaled(rest, 6), "milliseconds": _scaled(rest, 3), "microseconds": Decimal(rest)}[unit]


def _infinite(unit: str, positive: bool) -> Decimal | None:
    return Decimal("Infinity" if positive else "-Infinity") if unit in _MONOTONIC else None


def timestamp_field(name: str, us: int, type_name: str = "timestamp without time zone") -> Decimal | None:
    unit = _unit(name, type_name)
    if unit in _ZONE_UNITS:
        raise _unsupported(name, type_name)
    if us in INFINITIES:
        return _infinite(unit, us > 0)
    days, micros = divmod(us, USECS_PER_DAY)
    if unit == "epoch":
        return _scaled(us + EPOCH_US, 6)
    if unit == "julian":
        return Decimal(days + JULIAN_2000) + divide(Decimal(micros), Decimal(USECS_PER_DAY))
    return _time_field(unit, micros) if unit in _TIME_UNITS else Decimal(_day_field(unit, days))


def timestamptz_field(ctx, name: str, us: int) -> Decimal | None:
    type_name = "timestamp with time zone"
    unit = _unit(name, type_name)
    if unit in _ZONE_UNITS:
        return None if us in INFINITIES else _zone_field(unit, zones.offset_at(zones.session_zone(ctx), us))
    if unit == "epoch" and us not in INFINITIES:
        return _scaled(us + EPOCH_US, 6)
    return timestamp_field(name, zones.to_local(ctx, us), type_name)


def _zone_field(unit: str, offset: int) -> Decimal:
    if unit == "timezone":
        return Decimal(offset)
    sign = -1 if offset < 0 else 1
    return Decimal(sign * (abs(offset) // 3600 if unit == "timezone_hour" else abs(offset) // 60 % 60))


def date_field(name: str, day: int) -> Decimal | None:
    unit = _unit(name, "date")
    if unit not in _DATE_UNITS:
        raise _unsupported(name, "date")
    if day in DATE_INFINITIES:
        return _infinite(unit, day > 0)
    if unit == "epoch":
        return Decimal((day + UNIX_DAYS) * 86_400)
    return Decimal(day + JULIAN_2000 if unit == "julian" else _day_field(unit, day))


def time_field(name: str, micros: int, type_name: str = "time without time zone") -> Decimal:
    unit = _unit(name, type_name)
    if unit not in _TIME_UNITS:
        raise _unsupported(name, type_name)
    return _scaled(micros, 6) if unit == "epoch" else _time_field(unit, micros)


def timetz_field(name: str, time: TimeTz) -> Decimal:
    type_name = "time with time zone"
    unit = _unit(name, type_name)
    if unit in _ZONE_UNITS:
        return _zone_field(unit, time.offset)
    if unit == "epoch":
        return _scaled(time.micros - time.offset * SECOND, 6)
    return time_field(name, time.micros, type_name)


def interval_field(name: str, span: Interval) -> Decimal:
    unit = _unit(name, "interval")
    years, months = int(span.months / 12), int(math.fmod(span.months, 12))
    if unit == "epoch":
        days = 1461 * years + 120 * months + 4 * span.days  # quarters of a day: a year has 365.25
        return _scaled(days * 21_600 * SECOND + span.micros, 6)
    if unit in _TIME_UNITS:
        return _time_field(unit, span.micros)
    fields = {
        "day": span.days, "month": months, "quarter": int(months / 3) + 1, "year": years, "decade": int(years / 10),
        "century": int(years / 100), "millennium": int(years / 1000),
    }  # fmt: skip
    if unit not in fields:
        raise _unsupported(name, "interval")
    return Decimal(fields[unit])


def _as_float(field):
    def part(*args: Any) -> float | None:
        found = field(*args)
        return None if found is None else float(found)

    return part


function("extract(text, timestamp) numeric", 6202)(timestamp_field)
function("extract(text, timestamptz) numeric", 6203, volatility="s", context=True)(timestamptz_field)
function("extract(text, date) numeric", 6199)(date_field)
function("extract(text, time) numeric", 6200)(time_field)
function("extract(text, timetz) numeric", 6201)(timetz_field)
function("extract(text, interval) numeric", 6204)(interval_field)
function("date_part(text, timestamp) float8", 2021)(_as_float(timestamp_field))
function("date_part(text, timestamptz) float8", 1171, volatility="s", context=True)(_as_float(timestamptz_field))
function("date_part(text, date) float8", 1384)(_as_float(lambda name, day: timestamp_field(name, date_to_timestamp(day))))
function("date_part(text, time) float8", 1385)(_as_float(time_field))
function("date_part(text, timetz) float8", 1273)(_as_float(timetz_field))
function("date_part(text, interval) float8", 1172)(_as_float(interval_field))

# ---- truncation -----------------------------------------------------------------------------------------------------

_FLOORS = {"hour": HOUR, "minute": MINUTE, "second": SECOND, "milliseconds": 1000, "microseconds": 1}


def _trunc_day(unit: str, days: int) -> int:
    year, month, _ = from_days(days)
    if unit == "week":
        return days - (weekday(days) + 6) % 7
    if unit == "month":
        return to_days(year, month, 1)
    if unit == "quarter":
        return to_days(year, (month - 1) // 3 * 3 + 1, 1)
    if unit == "year":
        return to_days(year, 1, 1)
    if unit == "decade":
        return to_days(year // 10 * 10 if year > 0 else -((8 - (year - 1)) // 10) * 10, 1, 1)
    size = 100 if unit == "century" else 1000
    if year > 0:
        return to_days((year + size - 1) // size * size - size + 1, 1, 1)
    return to_days(-((size - 1 - (year - 1)) // size) * size + 1, 1, 1)


@function("date_trunc(text, timestamp) timestamp", 2020, not_null=True)
def trunc_timestamp(name: str, us: int, type_name: str = "timestamp without time zone") -> int:
    if us in INFINITIES:
        return us
    unit = _unit(name, type_name)
    if unit in _FLOORS:
        return us - us % _FLOORS[unit]
    if unit not in _DATE_UNITS or unit in ("dow", "doy", "isodow", "isoyear", "epoch", "julian"):
        raise _unsupported(name, type_name)
    days = us // USECS_PER_DAY
    return checked((days if unit == "day" else _trunc_day(unit, days)) * USECS_PER_DAY)


def _trunc_in_zone(zone, name: str, us: int) -> int:
    type_name = "timestamp with time zone"
    if us in INFINITIES:
        return us
    unit = _unit(name, type_name)
    local = zones.shift_local(zone, us)
    cut = trunc_timestamp(name, local, type_name)
    return us - (local - cut) if unit in _FLOORS else zones.shift_utc(zone, cut)


@function("date_trunc(text, timestamptz) timestamptz", 1217, volatility="s", context=True, not_null=True)
def trunc_timestamptz(ctx, name: str, us: int) -> int:
    return _trunc_in_zone(zones.session_zone(ctx), name, us)


@function("date_trunc(text, timestamptz, text) timestamptz", 1284, volatility="s", not_null=True)
def trunc_timestamptz_zone(name: str, us: int, zone: str) -> int:
    return us if us in INFINITIES else _trunc_in_zone(zones.zone(zone), name, us)


@function("date_trunc(text, interval) interval", 1218, not_null=True)
def trunc_interval(name: str, span: Interval) -> Interval:
    unit = _unit(name, "interval")
    if unit in _FLOORS:
        size = _FLOORS[unit]
        micros = abs(span.micros) // size * size
        return Interval(span.months, span.days, micros if span.micros >= 0 else -micros)
    if unit == "day":
        return Interval(span.months, span.days, 0)
    sizes = {"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1200, "millennium": 12000}
    if unit not in sizes:
        detail = "Months usually have fractional weeks." if unit == "week" else None
        raise _unsupported(name, "interval", detail)
    return Interval(int(span.months / sizes[unit]) * sizes[unit], 0, 0)


@function("date_bin(interval, timestamp, timestamp) timestamp", 6177, not_null=True)
@function("date_bin(interval, timestamptz, timestamptz) timestamptz", 6178, not_null=True)
def date_bin(stride: Interval, us: int, origin: int) -> int:
    if us in INFINITIES:
        return us
    if origin in INFINITIES:
        raise DataError("origin out of range", sqlstate="22008")
    if stride.months:
        raise FeatureNotSupported("timestamps cannot be binned into intervals containing months or years")
    size = stride.days * USECS_PER_DAY + stride.micros
    if size <= 0:
        raise DataError("stride must be greater than zero", sqlstate="22008")
    return origin + (us - origin) // size * size


# ---- age ------------------------------------------------------------------------------------------------------------


@function("age(timestamp, timestamp) interval", 2058, not_null=True)
def age(a: int, b: int) -> Interval:
    """The difference in years, months, days and time, borrowing days from the earlier month."""
    if a in INFINITIES or b in INFINITIES:
        raise DataError("cannot subtract infinite timestamps", sqlstate="22008")
    if a < b:
        span = _age(b, a, True)
        return make_span(-span.months, -span.days, -span.micros)
    return _age(a, b, False)


def _age(late: int, early: int, swapped: bool) -> Interval:
    late_days, late_micros = divmod(late, USECS_PER_DAY)
    early_days, early_micros = divmod(early, USECS_PER_DAY)
    year1, month1, day1 = from_days(late_days)
    year2, month2, day2 = from_days(early_days)
    months, days, micros = (year1 - year2) * 12 + month1 - month2, day1 - day2, late_micros - early_micros
    if micros < 0:
        micros += USECS_PER_DAY
        days -= 1
    while days < 0:
        days += month_length(year2, month2)
        months -= 1
    return make_span(months, days, micros)


@function("age(timestamptz, timestamptz) interval", 1199, context=True, not_null=True)
def age_tz(ctx, a: int, b: int) -> Interval:
    return age(zones.to_local(ctx, a), zones.to_local(ctx, b))


@function("age(timestamp) interval", 2059, volatility="s", context=True, not_null=True)
def age_now(ctx, us: int) -> Interval:
    return age(current_date(ctx) * USECS_PER_DAY, us)


@function("age(timestamptz) interval", 1386, volatility="s", context=True, not_null=True)
def age_now_tz(ctx, us: int) -> Interval:
    return age(current_date(ctx) * USECS_PER_DAY, zones.to_local(ctx, us))


@function("age(xid) int4", 1181, volatility="s", context=True, not_null=True)
def age_xid(ctx, xid: int) -> int:
    return 2**31 - 1 if xid < 3 else max((ctx.xid(False) or xid) - xid, 0)


# ---- making ---------------------------------------------------------------------------------------------------------


@function("make_date(year int4, month int4, day int4) date", 3846, not_null=True)
def make_date(year: int, month: int, day: int) -> int:
    astronomical = year + 1 if year < 0 else year
    if year == 0 or not 1 <= month <= 12 or not 1 <= day <= month_length(astronomical, month):
        raise DataError(f"date field value out of range: {year}-{month:02}-{day:02}", sqlstate="22008")
    days = to_days(astronomical, month, day)
    from aurorapy.types.dates import DATE_END, DATE_MIN

    if not DATE_MIN <= days < DATE_END:
        raise DataError(f"date out of range: {year}-{month:02}-{day:02}", sqlstate="22008")
    return days


@function("make_time(hour int4, min int4, sec float8) time", 3847, not_null=True)
def make_time(hour: int, minute: int, second: float) -> int:
    bad = second != second or not 0 <= second <= 60 or not 0 <= minute < 60 or not 0 <= hour <= 24
    if bad or (hour == 24 and (minute or second)):
        shown = "NaN" if second != second else "%02g" % second
        raise DataError(f"time field value out of range: {hour}:{minute:02}:{shown}", sqlstate="22008")
    return hour * HOUR + minute * MINUTE + round(second * SECOND)


@function(
    "make_timestamp(year int4, month int4, mday int4, hour int4, min int4, sec float8) timestamp", 3461, not_null=True
)
def make_timestamp(year: int, month: int, day: int, hour: int, minute: int, second: float) -> int:
    return checked(make_date(year, month, day) * USECS_PER_DAY + make_time(hour, minute, second))


@function(
    "make_timestamptz(year int4, month int4, mday int4, hour int4, min int4, sec float8) timestamptz", 3462, volatility="s",
    context=True, not_null=True,
)  # fmt: skip
def make_timestamptz(ctx, *fields) -> int:
    return zones.to_utc(ctx, make_timestamp(*fields))


@function(
    "make_timestamptz(year int4, month int4, mday int4, hour int4, min int4, sec float8, timezone text) timestamptz", 3463, volatility="s",
    not_null=True,
)
def make_timestamptz_zone(*fields) -> int:
    local = make_timestamp(*fields[:-1])
    return zones.shift_utc(zones.zone(fields[-1]), local)


@function(
    "make_interval(years int4 = 0, months int4 = 0, weeks int4 = 0, days int4 = 0, hours int4 = 0, mins int4 = 0, "
    "secs float8 = 0.0) interval", 3464, not_null=True,
)  # fmt: skip
def make_interval(years=0, months=0, weeks=0, days=0, hours=0, mins=0, secs=0.0) -> Interval:
    if not math.isfinite(secs):
        raise DataError("interval out of range", sqlstate="22008")
    return make_span(years * 12 + months, weeks * 7 + days, hours * HOUR + mins * MINUTE + round(secs * SECOND))


@function("to_timestamp(float8) timestamptz", 1158, not_null=True)
def to_timestamp(seconds: float) -> int:
    if seconds != seconds:
        raise DataError("timestamp cannot be NaN", sqlstate="22008")
    if math.isinf(seconds):
        return INFINITIES[0] if seconds > 0 else INFINITIES[1]
    us = round((seconds - EPOCH_US // SECOND) * 1e6) if abs(seconds) < 1e13 else 1 << 70
    try:
        return checked(us)
    except DataError:
        raise DataError(f'timestamp out of range: "{seconds:g}"', sqlstate="22008") from None


inline("isfinite(date) bool", 1373, "{0} not in (2147483647, -2147483648)")
inline("isfinite(timestamp) bool", 2048, "{0} not in (9223372036854775807, -9223372036854775808)")
inline("isfinite(timestamptz) bool", 1389, "{0} not in (9223372036854775807, -9223372036854775808)")
inline("isfinite(interval) bool", 1390, "True")

# ---- AT TIME ZONE ---------------------------------------------------------------------------------------------------

function("timezone(text, timestamptz) timestamp", 1159, not_null=True)(
    lambda name, us: us if us in INFINITIES else zones.shift_local(zones.zone(name), us)
)
function("timezone(text, timestamp) timestamptz", 2069, not_null=True)(lambda name, us: us if us in INFINITIES else zones.shift_utc(zones.zone(name), us)
)
function("timezone(interval, timestamptz) timestamp", 1026, not_null=True)(
    lambda span, us: us if us in INFINITIES else zones.shift_local(zones.fixed(span), us)
)
function("timezone(interval, timestamp) timestamptz", 2070, not_null=True)(
    lambda span, us: us if us in INFINITIES else zones.shift_utc(zones.fixed(span), us)
)


def _move(time: TimeTz, offset: int) -> TimeTz:
    return TimeTz((time.micros + (offset - time.offset) * SECOND) % USECS_PER_DAY, offset)


@function("timezone(text, timetz) timetz", 2037, volatility="s", context=True, not_null=True)
def timetz_in_zone(ctx, name: str, time: TimeTz) -> TimeTz:
    return _move(time, zones.offset_at(zones.zone(name), ctx.transaction_us))


function("timezone(interval, timetz) timetz", 2038, not_null=True)(
    lambda span, time: _move(time, zones.offset_at(zones.fixed(span), 0))
)

# ---- clocks ---------------------------------------------------------------------------------------------------------

_clock = dict(context=True, not_null=True)
function("now() timestamptz", 1299, volatility="s", **_clock)(lambda ctx: ctx.transaction_us)
function("transaction_timestamp() timestamptz", 2647, volatility="s", **_clock)(lambda ctx: ctx.transaction_us)
function("statement_timestamp() timestamptz", 2648, volatility="s", **_clock)(lambda ctx: ctx.statement_us)
function("clock_timestamp() timestamptz", 2649, volatility="v", **_clock)(lambda ctx: ctx.wall_us())


@function("timeofday() text", 274, volatility="v", **_clock)
def timeofday(ctx) -> str:
    us = ctx.wall_us()
    days, micros = divmod(zones.to_local(ctx, us), USECS_PER_DAY)
    year, month, day = from_days(days)
    names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    weekdays = "Sun Mon Tue Wed Thu Fri Sat".split()
    clock = f"{micros // HOUR:02}:{micros // MINUTE % 60:02}:{micros % MINUTE // SECOND:02}.{micros % SECOND:06}"
    zone = zones.session_zone(ctx).at(us // SECOND + 946_684_800)[2]
    return f"{weekdays[weekday(days)]} {names[month - 1]} {day:02} {clock} {year} {zone}"


def current_date(ctx) -> int:
    return timestamp_to_date(zones.to_local(ctx, ctx.transaction_us))


def _precise(us: int, typmod: int) -> int:
    return us if typmod < 0 else fit(us, typmod)


@helper
def session_value(ctx, name: str, typmod: int = -1) -> Any:
    """CURRENT_USER, CURRENT_DATE and the other words without brackets; `typmod` is the digits of a second."""
    name = name.lower()
    if name in ("current_user", "user", "current_role"):
        return ctx.current_user
    if name == "session_user":
        return ctx.session_user
    if name == "current_catalog":
        return ctx.database
    if name == "current_schema":
        from aurorapy.expressions.functions.system import current_schema

        return current_schema(ctx)
    if name == "current_date":
        return current_date(ctx)
    if name == "current_timestamp":
        return _precise(ctx.transaction_us, typmod)
    local = zones.to_local(ctx, ctx.transaction_us)
    if name == "localtimestamp":
        return _precise(local, typmod)
    if name == "localtime":
        return _precise(local % USECS_PER_DAY, typmod)
    if name == "current_time":
        offset = zones.offset_at(zones.session_zone(ctx), ctx.transaction_us)
        return TimeTz(_precise(local % USECS_PER_DAY, typmod), offset)
    raise KeyError(name)
