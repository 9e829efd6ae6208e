"""interval: months, days and microseconds kept apart; four styles of output.

    parse("1 year 2 mons -3 days 04:05:06.7") → Interval(14, -3, 14706700000)
    postgres           1 year 2 mons -3 days +04:05:06.7       iso_8601      P1Y2M-3DT4H5M6.7S
    postgres_verbose   @ 1 year 2 mons -3 days 4 hours ...      sql_standard  +1-2 -3 +4:05:06.7

A typmod is (fields << 16) | precision: `FIELD_MASKS["hour to minute"]`, precision 0..6; FULL_RANGE and FULL_PRECISION
mean no limit. `fit` drops what a typmod leaves out.

Not here: reading (`types.interval_decode`), arithmetic and justify_* (`expressions.functions`).
"""

from __future__ import annotations

from struct import Struct

from aurorapy.errors import DataError, InternalError
from aurorapy.types.codec import Codec, need_bytes
from aurorapy.types.interval_decode import decode_interval
from aurorapy.types.tokens import DAY, HOUR, MINUTE, MONTH, SECOND, YEAR
from aurorapy.types.values import Interval

FULL_RANGE = 0x7FFF
FULL_PRECISION = 0xFFFF
PRECISION_MAX = 6
_BITS = {"year": 1 << YEAR, "month": 1 << MONTH, "day": 1 << DAY, "hour": 1 << HOUR, "minute": 1 << MINUTE,
         "second": 1 << SECOND}
_DAY_FIELDS = ("day", "hour", "minute", "second")


def _masks() -> dict[str, int]:
    table = dict(_BITS)
    table["year to month"] = _BITS["year"] | _BITS["month"]
    for i, first in enumerate(_DAY_FIELDS):
        for j in range(i + 1, len(_DAY_FIELDS)):
            table[f"{first} to {_DAY_FIELDS[j]}"] = sum(_BITS[name] for name in _DAY_FIELDS[i : j + 1])
    return table


FIELD_MASKS = _masks()
_MASK_NAMES = {mask: name for name, mask in FIELD_MASKS.items()}
_LAYOUT = Struct(">qii")


def typmod_in(args: tuple[str, ...]) -> int:
    """(mask,) or (mask, precision), as PostgreSQL's grammar hands them to intervaltypmodin."""
    mask = int(args[0])
    if mask != FULL_RANGE and mask not in _MASK_NAMES:
        raise DataError("invalid INTERVAL type modifier", sqlstate="22023")
    if len(args) == 1:
        return FULL_PRECISION | mask << 16 if mask != FULL_RANGE else -1
    precision = int(args[1])
    if precision < 0:
        raise DataError(f"INTERVAL({precision}) precision must not be negative", sqlstate="22023")
    return min(precision, PRECISION_MAX) | mask << 16


def typmod_out(typmod: int) -> str:
    if typmod < 0:
        return ""
    mask, precision = typmod >> 16 & 0x7FFF, typmod & 0xFFFF
    if mask not in _MASK_NAMES and mask != FULL_RANGE:
        raise InternalError(f"invalid INTERVAL typmod: {typmod:#x}")
    fields = f" {_MASK_NAMES[mask]}" if mask != FULL_RANGE else ""
    return fields + (f"({precision})" if precision != FULL_PRECISION else "")


def fit(value: Interval, typmod: int) -> Interval:
    """`value` without the fields and digits its typmod leaves out; seconds are rounded, fields cut."""
    if typmod < 0:
        return value
    mask, precision = typmod >> 16 & 0x7FFF, typmod & 0xFFFF
    months, days, micros = value.months, value.days, value.micros
    if mask != FULL_RANGE:
        if mask == _BITS["year"]:
            months, days, micros = int(months / 12) * 12, 0, 0
        elif mask & _BITS["month"]:
            days = micros = 0
        elif mask == _BITS["day"]:
            micros = 0
        elif not mask & _BITS["second"]:
            unit = 60_000_000 if mask & _BITS["minute"] else 3_600_000_000
            micros = abs(micros) // unit * unit * (1 if micros >= 0 else -1)
    if precision < PRECISION_MAX:
        unit = 10 ** (PRECISION_MAX - precision)
        micros = (abs(micros) + unit // 2) // unit * unit * (1 if micros >= 0 else -1)
        if not -(1 << 63) <= micros < 1 << 63:
            raise DataError("interval out of range", sqlstate="22008")
    return Interval(months, days, micros)


def parse(text: str, typmod: int, ctx) -> Interval:
    field_range = typmod >> 16 & 0x7FFF if typmod >= 0 else FULL_RANGE
    value = decode_interval(text, field_range, ctx.interval_style)
    return value if typmod < 0 else fit(value, typmod)


# output: years, months, days and a signed time


def _split(value: Interval) -> tuple[int, int, int, int, int, int, int]:
    """(years, months, days, hours, minutes, seconds, microseconds), each with the sign of its part."""
    month_sign = -1 if value.months < 0 else 1
    years, months = divmod(abs(value.months), 12)
    sign = -1 if value.micros < 0 else 1
    seconds, micros = divmod(abs(value.micros), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return (
        years * month_sign, months * month_sign, value.days, hours * sign, minutes * sign, seconds * sign, micros * sign
    )


def seconds_text(seconds: int, micros: int, pad: bool = True) -> str:
    """`06.7`: no sign, the fraction without zeros at its end."""
    whole = f"{abs(seconds):02}" if pad else str(abs(seconds))
    return whole if not micros else whole + f".{abs(micros):06}".rstrip("0")


def _show_postgres(value: Interval) -> str:
    years, months, days, hours, minutes, seconds, micros = _split(value)
    parts: list[str] = []
    before_negative = False
    for number, unit in ((years, "year"), (months, "mon"), (days, "day")):
        if number:
            plus = "+" if before_negative and number > 0 else ""
            parts.append(f"{plus}{number} {unit}{'' if number == 1 else 's'}")
            before_negative = number < 0
    if not parts or value.micros:
        sign = "-" if value.micros < 0 else "+" if before_negative else ""
        parts.append(f"{sign}{abs(hours):02}:{abs(minutes):02}:{seconds_text(seconds, micros)}")
    return " ".join(parts)


def _show_verbose(value: Interval) -> str:
    years, months, days, hours, minutes, seconds, micros = _split(value)
    parts = ["@"]
    negative = None  # set by the first field that is not zero; the others are relative to it
    for number, unit in ((years, "year"), (months, "mon"), (days, "day"), (hours, "hour"), (minutes, "min")):
        if number:
            if negative is None:
                negative = number < 0
            number = -number if negative else number
            parts.append(f"{number} {unit}{'' if number == 1 else 's'}")
    if seconds or micros:
        if negative is None:
            negative = seconds < 0 or micros < 0
        below = (seconds < 0 or micros < 0) != negative
        plural = "" if abs(seconds) == 1 and not micros else "s"
        parts.append(f"{'-' * below}{seconds_text(seconds, micros, pad=False)} sec{plural}")
    if negative is None:
        return "@ 0"
    return " ".join(parts) + (" ago" if negative else "")


def _show_iso(value: Interval) -> str:
    years, months, days, hours, minutes, seconds, micros = _split(value)
    date = "".join(f"{number}{unit}" for number, unit in ((years, "Y"), (months, "M"), (days, "D")) if number)
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    if seconds or micros:
        time += f"{'-' if seconds < 0 or micros < 0 else ''}{seconds_text(seconds, micros, pad=False)}S"
    if not date and not time:
        return "PT0S"
    return f"P{date}{'T' + time if time else ''}"


def _show_sql(value: Interval) -> str:
    years, months, days, hours, minutes, seconds, micros = _split(value)
    some_negative = value.months < 0 or days < 0 or value.micros < 0
    some_positive = value.months > 0 or days > 0 or value.micros > 0
    has_year_month, has_day_time = bool(value.months), bool(days or value.micros)
    sql_value = not (has_year_month and has_day_time) and not (some_negative and some_positive)
    if not some_negative and not some_positive:
        return "0"
    clock = f"{abs(hours)}:{abs(minutes):02}:{seconds_text(seconds, micros)}"
    if not sql_value:
        signs = ["-" if part < 0 else "+" for part in (value.months, days, value.micros)]
        return f"{signs[0]}{abs(years)}-{abs(months)} {signs[1]}{abs(days)} {signs[2]}{clock}"
    sign = "-" if some_negative else ""
    if has_year_month:
        return f"{sign}{abs(years)}-{abs(months)}"
    if days:
        return f"{sign}{abs(days)} {clock}"
    return sign + clock


_STYLES = {
    "postgres": _show_postgres, "postgres_verbose": _show_verbose, "sql_standard": _show_sql, "iso_8601": _show_iso,
}


def show(value: Interval, ctx) -> str:
    return _STYLES[ctx.interval_style](value)


def receive(data: bytes, typmod: int, ctx) -> Interval:
    micros, days, months = _LAYOUT.unpack(need_bytes(data, 16))
    return fit(Interval(months, days, micros), typmod)


def send(value: Interval, ctx) -> bytes:
    return _LAYOUT.pack(value.micros, value.days, value.months)


CODECS = {
    "interval": Codec(
        parse, show, receive, send, storage="i", key="i", sql_name="interval",
        typmod_in=typmod_in, typmod_out=typmod_out,
    ),
}
