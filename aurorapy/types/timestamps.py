"""timestamp and timestamptz: microseconds since 2000-01-01, the latter's in UTC, from 4713 BC to 294276 AD.

    parse_tz("2020-02-01 12:00+2") in zone UTC shows as:
    ISO 2020-02-01 10:00:00+00    SQL 02/01/2020 10:00:00 UTC    Postgres Sat Feb 01 10:00:00 2020 UTC
    German 01.02.2020 10:00:00 UTC

Texts of the common ISO form take a short way in and out (`aurorapy_native.datetime`). Precision 0..6 is the typmod;
`fit` rounds to it.

Not here: reading other texts (`types.decode`), zones (`types.timezones`), arithmetic (`expressions.functions`).
"""

from __future__ import annotations

from struct import Struct

from aurorapy_native.datetime import read_timestamp, show_timestamp, show_timestamptz

from aurorapy.errors import DataError
from aurorapy.types import dates
from aurorapy.types.calendar import UNIX_DAYS, from_days, to_days, weekday
from aurorapy.types.codec import Codec, need_bytes
from aurorapy.types.decode import Clock, decode
from aurorapy.types.times import clock_text, precision_typmod, round_micros, typmod_out
from aurorapy.types.timezones import UNIX_2000, find, need, offset_text
from aurorapy.types.tokens import DAYS, MONTHS
from aurorapy.types.values import TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY, USECS_PER_DAY

TIMESTAMP_MIN = -211_813_488_000_000_000  # 4714-11-24 00:00:00 BC
TIMESTAMP_END = 9_223_371_331_200_000_000  # 294277-01-01 00:00:00, the first instant that is no timestamp
_LAYOUT = Struct(">q")


def out_of_range(text: str = "") -> DataError:
    return DataError(f'timestamp out of range: "{text}"' if text else "timestamp out of range", sqlstate="22008")


def _from_clock(clock: Clock, text: str, offset: int) -> int:
    if clock.special:
        return {
            "epoch": -UNIX_DAYS * USECS_PER_DAY, "infinity": TIMESTAMP_INFINITY, "-infinity": TIMESTAMP_MINUS_INFINITY,
        }[clock.special]
    if not dates.valid_julian(clock.year, clock.month):
        raise out_of_range(text)
    value = to_days(clock.year, clock.month, clock.day) * USECS_PER_DAY + clock.micros() - offset * 1_000_000
    if not TIMESTAMP_MIN <= value < TIMESTAMP_END:
        raise out_of_range(text)
    return value


def fit(value: int, typmod: int) -> int:
    """`value` rounded to the typmod's digits of a second."""
    if typmod < 0 or typmod >= 6 or value in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        return value
    return round_micros(value, typmod)


def parse(text: str, typmod: int, ctx) -> int:
    short = read_timestamp(text)
    if short is not None:
        value = short[0]
    else:
        value = _from_clock(decode(text, ctx, "timestamp"), text, 0)
    return value if typmod < 0 else fit(value, typmod)


def parse_tz(text: str, typmod: int, ctx) -> int:
    short = read_timestamp(text)
    if short is None:
        clock = decode(text, ctx, "timestamp with time zone")
        value = _from_clock(clock, text, clock.offset)
    elif short[1] is not None:
        value = short[0] - short[1] * 1_000_000
    else:
        value = from_local(short[0], ctx)
    return value if typmod < 0 else fit(value, typmod)


def from_local(value: int, ctx) -> int:
    """The instant (UTC) that a wall clock of the session's zone means."""
    return value - need(ctx.time_zone).offset_of_local(value // 1_000_000 + UNIX_2000) * 1_000_000


def to_local(value: int, ctx) -> int:
    """What a wall clock of the session's zone shows at an instant (UTC)."""
    return value + need(ctx.time_zone).at(value // 1_000_000 + UNIX_2000)[0] * 1_000_000


def show(value: int, ctx) -> str:
    if value >= TIMESTAMP_END or value < TIMESTAMP_MIN:
        return _infinity(value)
    if ctx.date_style != "ISO":
        return _styled(value, ctx, None)
    return show_timestamp(value)


def show_tz(value: int, ctx) -> str:
    if value >= TIMESTAMP_END or value < TIMESTAMP_MIN:
        return _infinity(value)
    period = find(ctx.time_zone).at(value // 1_000_000 + UNIX_2000)
    if ctx.date_style != "ISO":
        return _styled(value + period[0] * 1_000_000, ctx, period)
    return show_timestamptz(value, period[0])


def _infinity(value: int) -> str:
    return "infinity" if value > 0 else "-infinity"


def _styled(local: int, ctx, period) -> str:
    """The other three styles; the zone's abbreviation follows, or its offset where it has none in letters."""
    days, micros = divmod(local, USECS_PER_DAY)
    clock = clock_text(micros)
    zone = ""
    if period is not None:
        offset, _, abbreviation = period
        zone = f" {abbreviation}" if abbreviation else offset_text(offset)
    if ctx.date_style == "Postgres":
        year, month, day = from_days(days)
        era = "" if year > 0 else " BC"
        date = f"{day:02} {MONTHS[month - 1]}" if ctx.date_order == "DMY" else f"{MONTHS[month - 1]} {day:02}"
        return f"{DAYS[weekday(days)]} {date} {clock} {year if year > 0 else 1 - year:04}{zone}{era}"
    text = dates.styled(days, ctx, None)
    text, era = (text[:-3], " BC") if text.endswith(" BC") else (text, "")
    return f"{text} {clock}{zone}{era}"


def receive(data: bytes, typmod: int, ctx) -> int:
    (value,) = _LAYOUT.unpack(need_bytes(data, 8))
    if not TIMESTAMP_MIN <= value < TIMESTAMP_END and value not in (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY):
        raise out_of_range()
    return fit(value, typmod)


def send(value: int, ctx) -> bytes:
    return _LAYOUT.pack(value)


CODECS = {
    "timestamp": Codec(
        parse, show, receive, send, storage="8", key="8", sql_name="timestamp without time zone",
        typmod_in=precision_typmod("TIMESTAMP"), typmod_out=typmod_out,
    ),
    "timestamptz": Codec(
        parse_tz, show_tz, receive, send, storage="8", key="8", sql_name="timestamp with time zone",
        typmod_in=precision_typmod("TIMESTAMP", " WITH TIME ZONE"), typmod_out=typmod_out,
    ),
}
