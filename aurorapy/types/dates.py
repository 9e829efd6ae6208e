"""date: days since 2000-01-01, from 4713 BC to 5874897 AD, and both infinities.

    parse("1 Feb 2020") → 7336        show(7336) by DateStyle:
    ISO 2020-02-01    SQL 02/01/2020 (DMY 01/02/2020)    Postgres 02-01-2020 (DMY 01-02-2020)    German 01.02.2020

Not here: reading the text (`types.decode`), arithmetic (`expressions.functions`).
"""

from __future__ import annotations

from struct import Struct

from aurorapy_native.datetime import read_date, show_date

from aurorapy.errors import DataError
from aurorapy.types.calendar import UNIX_DAYS, from_days, to_days
from aurorapy.types.codec import Codec, need_bytes
from aurorapy.types.decode import Clock, decode
from aurorapy.types.values import DATE_INFINITY, DATE_MINUS_INFINITY

DATE_MIN = -2_451_545  # 4714-11-24 BC, Julian day 0
DATE_END = 2_145_031_949  # 5874898-01-01, the first day that is no date
_LAYOUT = Struct(">i")


def out_of_range(text: str) -> DataError:
    return DataError(f'date out of range: "{text}"', sqlstate="22008")


def valid_julian(year: int, month: int) -> bool:
    """Whether a day of this month can be counted; the first cut before the exact ranges."""
    return (year, month) >= (-4713, 11) and (year, month) < (5_874_898, 6)


def from_clock(clock: Clock, text: str) -> int:
    if clock.special:
        return {"epoch": -UNIX_DAYS, "infinity": DATE_INFINITY, "-infinity": DATE_MINUS_INFINITY}[clock.special]
    if not valid_julian(clock.year, clock.month):
        raise out_of_range(text)
    days = to_days(clock.year, clock.month, clock.day)
    if not DATE_MIN <= days < DATE_END:
        raise out_of_range(text)
    return days


def parse(text: str, typmod, ctx) -> int:
    days = read_date(text)
    return from_clock(decode(text, ctx, "date"), text) if days is None else days


def show(value: int, ctx) -> str:
    if value in (DATE_INFINITY, DATE_MINUS_INFINITY):
        return "infinity" if value == DATE_INFINITY else "-infinity"
    if ctx.date_style == "ISO":
        return show_date(value)
    return styled(value, ctx, "-" if ctx.date_style == "Postgres" else None)


def styled(days: int, ctx, postgres_separator: str | None) -> str:
    """The date in SQL, German or Postgres style, with its era."""
    year, month, day = from_days(days)
    era = "" if year > 0 else " BC"
    year = year if year > 0 else 1 - year
    if ctx.date_style == "German":
        return f"{day:02}.{month:02}.{year:04}{era}"
    separator = postgres_separator or "/"
    first, second = (day, month) if ctx.date_order == "DMY" else (month, day)
    return f"{first:02}{separator}{second:02}{separator}{year:04}{era}"


def receive(data: bytes, typmod, ctx) -> int:
    (days,) = _LAYOUT.unpack(need_bytes(data, 4))
    if not DATE_MIN <= days < DATE_END and days not in (DATE_INFINITY, DATE_MINUS_INFINITY):
        raise DataError("date out of range", sqlstate="22008")
    return days


def send(value: int, ctx) -> bytes:
    return _LAYOUT.pack(value)


CODECS = {"date": Codec(parse, show, receive, send, storage="4", key="4")}
