"""Adding, subtracting, comparing and converting dates, times, timestamps and intervals.

    date '2024-01-31' + interval '1 month' → 2024-02-29 00:00:00      months first, the day clipped, then days, then time
    timestamp '…15:00' - timestamp '…'     → days and a time, never months
    interval '1 month' * 0.5               → 15 days                  parts cascade downwards

With a time zone, months and days move the session's wall clock, the time part moves the instant.

Errors: 22008 out of range, infinite operands; 22012 division by zero.

Not here: fields and truncation (`datetime_fields`), to_char (`datetime_format`).
"""

from __future__ import annotations

import math

from aurorapy.errors import DataError
from aurorapy.expressions.functions import zones
from aurorapy.expressions.functions.zones import INFINITIES, checked
from aurorapy.expressions.registry import function, inline
from aurorapy.types import intervals, timestamps
from aurorapy.types.calendar import from_days, month_length, to_days
from aurorapy.types.dates import DATE_END, DATE_MIN
from aurorapy.types.times import round_micros
from aurorapy.types.values import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    USECS_PER_DAY,
    Interval,
    TimeTz,
)

SECS_PER_DAY = 86_400
DATE_INFINITIES = (DATE_INFINITY, DATE_MINUS_INFINITY)


def _interval_range() -> DataError:
    return DataError("interval out of range", sqlstate="22008")


def _date_range() -> DataError:
    return DataError("date out of range", sqlstate="22008")


def make_span(months: int, days: int, micros: int) -> Interval:
    """An Interval whose parts fit their types, 22008 otherwise."""
    if -(2**31) <= months < 2**31 and -(2**31) <= days < 2**31 and -(2**63) <= micros < 2**63:
        return Interval(months, days, micros)
    raise _interval_range()


# ---- dates ----------------------------------------------------------------------------------------------------------


@function("date_pli(date, int4) date", 1141, not_null=True)
def date_plus(day: int, count: int) -> int:
    if day in DATE_INFINITIES:
        return day
    if not DATE_MIN <= day + count < DATE_END:
        raise _date_range()
    return day + count


@function("date_mii(date, int4) date", 1142, not_null=True)
def date_minus(day: int, count: int) -> int:
    return date_plus(day, -count)


function("integer_pl_date(int4, date) date", 2550, not_null=True)(lambda count, day: date_plus(day, count))


@function("date_mi(date, date) int4", 1140, not_null=True)
def date_difference(a: int, b: int) -> int:
    if a in DATE_INFINITIES or b in DATE_INFINITIES:
        raise DataError("cannot subtract infinite dates", sqlstate="22008")
    return a - b


@function("timestamp(date) timestamp", 2024, not_null=True)
def date_to_timestamp(day: int) -> int:
    if day in DATE_INFINITIES:
        return TIMESTAMP_INFINITY if day > 0 else TIMESTAMP_MINUS_INFINITY
    us = day * USECS_PER_DAY
    if us >= timestamps.TIMESTAMP_END:
        raise DataError("date out of range for timestamp", sqlstate="22008")
    return us


@function("timestamptz(date) timestamptz", 1174, volatility="s", context=True, not_null=True)
def date_to_timestamptz(ctx, day: int) -> int:
    return zones.to_utc(ctx, date_to_timestamp(day))


@function("date(timestamp) date", 2029, not_null=True)
def timestamp_to_date(us: int) -> int:
    if us in INFINITIES:
        return DATE_INFINITY if us > 0 else DATE_MINUS_INFINITY
    return us // USECS_PER_DAY


@function("date(timestamptz) date", 1178, volatility="s", context=True, not_null=True)
def timestamptz_to_date(ctx, us: int) -> int:
    return timestamp_to_date(zones.to_local(ctx, us))


@function("time(timestamp) time", 1316)
def timestamp_to_time(us: int) -> int | None:
    return None if us in INFINITIES else us % USECS_PER_DAY


@function("time(timestamptz) time", 2019, volatility="s", context=True)
def timestamptz_to_time(ctx, us: int) -> int | None:
    return timestamp_to_time(zones.to_local(ctx, us))


function("timestamptz(timestamp) timestamptz", 2028, volatility="s", context=True, not_null=True)(zones.to_utc)
function("timestamp(timestamptz) timestamp", 2027, volatility="s", context=True, not_null=True)(zones.to_local)
function("timestamp(timestamp, int4) timestamp", 1961, not_null=True)(timestamps.fit)
function("timestamptz(timestamptz, int4) timestamptz", 1967, not_null=True)(timestamps.fit)
function("time(time, int4) time", 1968, not_null=True)(round_micros)
function("timetz(timetz, int4) timetz", 1969, not_null=True)(lambda t, p: TimeTz(round_micros(t.micros, p), t.offset))
function("interval(interval, int4) interval", 1200, not_null=True)(intervals.fit)
function("interval(time) interval", 1370, not_null=True)(lambda time: Interval(0, 0, time))
function("time(interval) time", 1419, not_null=True)(lambda span: span.micros % USECS_PER_DAY)


@function("datetime_pl(date, time) timestamp", 1272, not_null=True)
@function("timestamp(date, time) timestamp", 2025, not_null=True)
def date_and_time(day: int, time: int) -> int:
    us = date_to_timestamp(day)
    return us if us in INFINITIES else checked(us + time)


function("timedate_pl(time, date) timestamp", 1296, not_null=True)(lambda time, day: date_and_time(day, time))


@function("datetimetz_pl(date, timetz) timestamptz", 1297, not_null=True)
@function("timestamptz(date, timetz) timestamptz", 1359, not_null=True)
def date_and_timetz(day: int, time: TimeTz) -> int:
    us = date_to_timestamp(day)
    return us if us in INFINITIES else checked(us + time.micros - time.offset * 1_000_000)


function("timetzdate_pl(timetz, date) timestamptz", 1298, not_null=True)(lambda time, day: date_and_timetz(day, time))
function("timestamptz(date, time) timestamptz", 1176, volatility="s", context=True, not_null=True)(
    lambda ctx, day, time: zones.to_utc(ctx, date_and_time(day, time))
)


@function("timetz(timestamptz) timetz", 1388, volatility="s", context=True)
def timestamptz_to_timetz(ctx, us: int) -> TimeTz | None:
    if us in INFINITIES:
        return None
    return TimeTz(zones.to_local(ctx, us) % USECS_PER_DAY, zones.offset_at(zones.session_zone(ctx), us))


@function("timetz(time) timetz", 2047, volatility="s", context=True, not_null=True)
def time_to_timetz(ctx, time: int) -> TimeTz:
    return TimeTz(time, zones.offset_at(zones.session_zone(ctx), ctx.transaction_us))


inline("time(timetz) time", 2046, "{0}.micros")
for _symbol, _name, _oid in (
    ("==", "timetz_eq", 1352), ("!=", "timetz_ne", 1353), ("<", "timetz_lt", 1354), ("<=", "timetz_le", 1355),
    (">=", "timetz_ge", 1356), (">", "timetz_gt", 1357),
):  # fmt: skip
    inline(f"{_name}(timetz, timetz) bool", _oid, f"{{0}}.sort_key {_symbol} {{1}}.sort_key")

# ---- timestamps and intervals ---------------------------------------------------------------------------------------


def add_months(days: int, months: int) -> int:
    """A day that many months on; a day that month has not is its last."""
    year, month, day = from_days(days)
    month += months - 1
    year, month = year + month // 12, month % 12 + 1
    return to_days(year, month, min(day, month_length(year, month)))


@function("timestamp_pl_interval(timestamp, interval) timestamp", 2032, not_null=True)
def timestamp_plus(us: int, span: Interval) -> int:
    if us in INFINITIES:
        return us
    if span.months or span.days:
        days, micros = divmod(us, USECS_PER_DAY)
        if span.months:
            days = add_months(days, span.months)
        us = checked((days + span.days) * USECS_PER_DAY + micros)
    return checked(us + span.micros)


def negated(span: Interval) -> Interval:
    return make_span(-span.months, -span.days, -span.micros)


@function("timestamp_mi_interval(timestamp, interval) timestamp", 2033, not_null=True)
def timestamp_minus(us: int, span: Interval) -> int:
    return timestamp_plus(us, negated(span))


@function("timestamptz_pl_interval(timestamptz, interval) timestamptz", 1189, volatility="s", context=True, not_null=True)
def timestamptz_plus(ctx, us: int, span: Interval) -> int:
    if us in INFINITIES:
        return us
    if span.months or span.days:
        local = timestamp_plus(zones.to_local(ctx, us), Interval(span.months, span.days, 0))
        us = zones.to_utc(ctx, local)
    return checked(us + span.micros)


@function("timestamptz_mi_interval(timestamptz, interval) timestamptz", 1190, volatility="s", context=True, not_null=True)
def timestamptz_minus(ctx, us: int, span: Interval) -> int:
    return timestamptz_plus(ctx, us, negated(span))


function("interval_pl_timestamp(interval, timestamp) timestamp", 2548, not_null=True)(lambda s, us: timestamp_plus(us, s))
function("interval_pl_timestamptz(interval, timestamptz) timestamptz", 2549, volatility="s", context=True, not_null=True)(
    lambda ctx, s, us: timestamptz_plus(ctx, us, s)
)
function("date_pl_interval(date, interval) timestamp", 2071, not_null=True)(
    lambda day, span: timestamp_plus(date_to_timestamp(day), span)
)
function("date_mi_interval(date, interval) timestamp", 2072, not_null=True)(
    lambda day, span: timestamp_minus(date_to_timestamp(day), span)
)
function("interval_pl_date(interval, date) timestamp", 2546, not_null=True)(
    lambda span, day: timestamp_plus(date_to_timestamp(day), span)
)


@function("timestamp_mi(timestamp, timestamp) interval", 2031, not_null=True)
@function("timestamptz_mi(timestamptz, timestamptz) interval", 1188, not_null=True)
def timestamp_difference(a: int, b: int) -> Interval:
    if a in INFINITIES or b in INFINITIES:
        raise DataError("cannot subtract infinite timestamps", sqlstate="22008")
    return justify_hours(make_span(0, 0, a - b))


@function("time_pl_interval(time, interval) time", 1747, not_null=True)
def time_plus(time: int, span: Interval) -> int:
    return (time + span.micros) % USECS_PER_DAY


function("time_mi_interval(time, interval) time", 1748, not_null=True)(lambda t, s: (t - s.micros) % USECS_PER_DAY)
function("interval_pl_time(interval, time) time", 1848, not_null=True)(lambda span, time: time_plus(time, span))
function("time_mi_time(time, time) interval", 1690, not_null=True)(lambda a, b: Interval(0, 0, a - b))
function("timetz_pl_interval(timetz, interval) timetz", 1749, not_null=True)(
    lambda t, s: TimeTz((t.micros + s.micros) % USECS_PER_DAY, t.offset)
)
function("timetz_mi_interval(timetz, interval) timetz", 1750, not_null=True)(
    lambda t, s: TimeTz((t.micros - s.micros) % USECS_PER_DAY, t.offset)
)
function("interval_pl_timetz(interval, timetz) timetz", 2547, not_null=True)(
    lambda s, t: TimeTz((t.micros + s.micros) % USECS_PER_DAY, t.offset)
)

# ---- intervals ------------------------------------------------------------------------------------------------------


@function("interval_pl(interval, interval) interval", 1169, not_null=True)
def interval_plus(a: Interval, b: Interval) -> Interval:
    return make_span(a.months + b.months, a.days + b.days, a.micros + b.micros)


@function("interval_mi(interval, interval) interval", 1170, not_null=True)
def interval_minus(a: Interval, b: Interval) -> Interval:
    return make_span(a.months - b.months, a.days - b.days, a.micros - b.micros)


function("interval_um(interval) interval", 1168, not_null=True)(negated)
inline("interval_larger(interval, interval) interval", 1198, "{0} if {0} > {1} else {1}")
inline("interval_smaller(interval, interval) interval", 1197, "{0} if {0} < {1} else {1}")


def _settle(value: float) -> float:
    """Rounded to a millionth, so that 0.1 * 30 days does not come out as 2.9999."""
    return float(round(value * 1e6)) / 1e6


def _whole(value: float, bits: int = 32) -> int:
    if value != value or not -(2.0 ** (bits - 1)) <= value < 2.0 ** (bits - 1):
        raise _interval_range()
    return int(value)


def _scale(span: Interval, scaled) -> Interval:
    """Each part scaled; what is left of a month becomes days (30), of a day seconds."""
    months, days = _whole(scaled(span.months)), _whole(scaled(span.days))
    extra_days = _settle((scaled(span.months) - months) * 30)
    seconds = _settle((scaled(span.days) - days + extra_days - int(extra_days)) * SECS_PER_DAY)
    if abs(seconds) >= SECS_PER_DAY:
        days += int(seconds / SECS_PER_DAY)
        seconds -= int(seconds / SECS_PER_DAY) * SECS_PER_DAY
    micros = scaled(span.micros) + seconds * 1e6
    if micros != micros or abs(micros) >= 2.0**63:
        raise _interval_range()
    return make_span(months, days + int(extra_days), round(micros))


@function("interval_mul(interval, float8) interval", 1618, not_null=True)
def interval_multiply(span: Interval, factor: float) -> Interval:
    if math.isinf(factor) or math.isnan(factor):
        raise _interval_range()
    return _scale(span, lambda part: part * factor)


function("mul_d_interval(float8, interval) interval", 1624, not_null=True)(lambda f, span: interval_multiply(span, f))


@function("interval_div(interval, float8) interval", 1326, not_null=True)
def interval_divide(span: Interval, divisor: float) -> Interval:
    if divisor == 0:
        raise DataError("division by zero", sqlstate="22012")
    return _scale(span, lambda part: part / divisor)


def _carry(high: int, low: int, size: int) -> tuple[int, int]:
    """Moves whole units upwards, towards zero, then gives both parts one sign."""
    moved = int(low / size) if abs(low) < 2**52 else (abs(low) // size) * (1 if low > 0 else -1)
    high, low = high + moved, low - moved * size
    if high > 0 and low < 0:
        return high - 1, low + size
    if high < 0 and low > 0:
        return high + 1, low - size
    return high, low


@function("justify_hours(interval) interval", 1175, not_null=True)
def justify_hours(span: Interval) -> Interval:
    days, micros = _carry(span.days, span.micros, USECS_PER_DAY)
    return make_span(span.months, days, micros)


@function("justify_days(interval) interval", 1295, not_null=True)
def justify_days(span: Interval) -> Interval:
    months, days = _carry(span.months, span.days, 30)
    return make_span(months, days, span.micros)


@function("justify_interval(interval) interval", 2711, not_null=True)
def justify_interval(span: Interval) -> Interval:
    months, days, micros = span.months, span.days, span.micros
    if (days > 0 and micros > 0) or (days < 0 and micros < 0):
        carried = int(days / 30)
        months, days = months + carried, days - carried * 30
    moved = (abs(micros) // USECS_PER_DAY) * (1 if micros > 0 else -1)
    days, micros = days + moved, micros - moved * USECS_PER_DAY
    carried = int(days / 30)
    months, days = months + carried, days - carried * 30
    if months > 0 and (days < 0 or (days == 0 and micros < 0)):
        months, days = months - 1, days + 30
    elif months < 0 and (days > 0 or (days == 0 and micros > 0)):
        months, days = months + 1, days - 30
    if days > 0 and micros < 0:
        days, micros = days - 1, micros + USECS_PER_DAY
    elif days < 0 and micros > 0:
        days, micros = days + 1, micros - USECS_PER_DAY
    return make_span(months, days, micros)


# ---- comparing with the time zone in between ------------------------------------------------------------------------

_MIXED = """
date timestamptz date_lt_timestamptz:2351 date_le_timestamptz:2352 date_eq_timestamptz:2353 date_ne_timestamptz:2356 date_ge_timestamptz:2355 date_gt_timestamptz:2354
timestamp timestamptz timestamp_lt_timestamptz:2520 timestamp_le_timestamptz:2521 timestamp_eq_timestamptz:2522 timestamp_ne_timestamptz:2525 timestamp_ge_timestamptz:2524 timestamp_gt_timestamptz:2523
timestamptz date timestamptz_lt_date:2377 timestamptz_le_date:2378 timestamptz_eq_date:2379 timestamptz_ne_date:2382 timestamptz_ge_date:2381 timestamptz_gt_date:2380
timestamptz timestamp timestamptz_lt_timestamp:2527 timestamptz_le_timestamp:2528 timestamptz_eq_timestamp:2529 timestamptz_ne_timestamp:2532 timestamptz_ge_timestamp:2531 timestamptz_gt_timestamp:2530
"""
_COMPARE = {
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b, "ge": lambda a, b: a >= b, "gt": lambda a, b: a > b,
}  # fmt: skip


def _instant(type_name: str):
    """How a value of the type becomes an instant that compares with a timestamptz."""
    if type_name == "timestamptz":
        return lambda ctx, us: us
    if type_name == "timestamp":
        return lambda ctx, us: us if us in INFINITIES else us - zones.session_zone(ctx).offset_of_local(
            us // 1_000_000 + 946_684_800
        ) * 1_000_000

    def of_date(ctx, day: int) -> int:
        if day in DATE_INFINITIES:
            return TIMESTAMP_INFINITY if day > 0 else TIMESTAMP_MINUS_INFINITY
        us = day * USECS_PER_DAY
        return us - zones.session_zone(ctx).offset_of_local(us // 1_000_000 + 946_684_800) * 1_000_000

    return of_date


def _mixed(left: str, right: str, compare):
    a, b = _instant(left), _instant(right)
    return lambda ctx, x, y: compare(a(ctx, x), b(ctx, y))


for _line in _MIXED.strip().splitlines():
    _left, _right, *_entries = _line.split()
    for _entry in _entries:
        _name, _, _oid = _entry.partition(":")
        _call = _mixed(_left, _right, _COMPARE[_name.split("_")[1]])
        function(f"{_name}({_left}, {_right}) bool", int(_oid), context=True, volatility="s", not_null=True)(_call)

# ---- OVERLAPS -------------------------------------------------------------------------------------------------------


def overlaps(start1, end1, start2, end2) -> bool | None:
    """(start1, end1) OVERLAPS (start2, end2), with ends in either order and possibly missing."""
    start1, end1 = _in_order(start1, end1)
    start2, end2 = _in_order(start2, end2)
    if start1 is None or start2 is None:
        return None
    if start1 > start2:
        if end2 is None:
            return None
        if start1 < end2:
            return True
        return None if end1 is None else False
    if start1 < start2:
        if end1 is None:
            return None
        if start2 < end1:
            return True
        return None if end2 is None else False
    return True if end1 is not None and end2 is not None else None


def _in_order(start, end):
    if start is None:
        return end, None
    if end is not None and start > end:
        return end, start
    return start, end


function("overlaps(timestamp, timestamp, timestamp, timestamp) bool", 2041, strict=False)(overlaps)
function("overlaps(timestamptz, timestamptz, timestamptz, timestamptz) bool", 1304, strict=False)(overlaps)
function("overlaps(time, time, time, time) bool", 1308, strict=False)(overlaps)


def _spans(plus, first: bool, second: bool, context: bool):
    """OVERLAPS where an end is given as a length."""

    def call(*args):
        lead, (a, b, c, d) = args[:-4], args[-4:]
        if first:
            b = None if a is None or b is None else plus(*lead, a, b)
        if second:
            d = None if c is None or d is None else plus(*lead, c, d)
        return overlaps(a, b, c, d)

    return call


function("overlaps(timestamp, interval, timestamp, interval) bool", 2042, strict=False)(_spans(timestamp_plus, True, True, False))
function("overlaps(timestamp, interval, timestamp, timestamp) bool", 2044, strict=False)(_spans(timestamp_plus, True, False, False))
function("overlaps(timestamp, timestamp, timestamp, interval) bool", 2043, strict=False)(_spans(timestamp_plus, False, True, False))
function("overlaps(time, interval, time, interval) bool", 1309, strict=False)(_spans(time_plus, True, True, False))
function("overlaps(time, interval, time, time) bool", 1311, strict=False)(_spans(time_plus, True, False, False))
function("overlaps(time, time, time, interval) bool", 1310, strict=False)(_spans(time_plus, False, True, False))
function("overlaps(timestamptz, interval, timestamptz, interval) bool", 1305, strict=False, volatility="s", context=True)(
    _spans(timestamptz_plus, True, True, True)
)
function("overlaps(timestamptz, interval, timestamptz, timestamptz) bool", 1307, strict=False, volatility="s", context=True)(
    _spans(timestamptz_plus, True, False, True)
)
function("overlaps(timestamptz, timestamptz, timestamptz, interval) bool", 1306, strict=False, volatility="s", context=True)(
    _spans(timestamptz_plus, False, True, True)
)

# ---- series ---------------------------------------------------------------------------------------------------------


def _walk(start: int, stop: int, step: Interval, plus):
    if step.span == 0:
        raise DataError("step size cannot equal zero", sqlstate="22023")
    forward, value = step.span > 0, start
    while value <= stop if forward else value >= stop:
        yield value
        value = plus(value, step)


@function("generate_series(timestamp, timestamp, interval) setof timestamp", 938, rows=1000)
def series(start: int, stop: int, step: Interval):
    return _walk(start, stop, step, timestamp_plus)


@function("generate_series(timestamptz, timestamptz, interval) setof timestamptz", 939, volatility="s", context=True, rows=1000)
def series_tz(ctx, start: int, stop: int, step: Interval):
    return _walk(start, stop, step, lambda us, span: timestamptz_plus(ctx, us, span))


for _type, _larger, _smaller in (("date", 1138, 1139), ("time", 1377, 1378)):
    inline(f"{_type}_larger({_type}, {_type}) {_type}", _larger, "{0} if {0} > {1} else {1}")
    inline(f"{_type}_smaller({_type}, {_type}) {_type}", _smaller, "{0} if {0} < {1} else {1}")
