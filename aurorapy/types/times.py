"""time and time with time zone: microseconds of a day, with an offset for the latter.

    parse("04:05 PM") → 57900000000      parse("24:00") → USECS_PER_DAY      parse_tz("04:05+2") → TimeTz(14700000000, 7200)

Precision 0..6 is the typmod; `fit` rounds to it. Binary form: 8 bytes, timetz 4 more for seconds west of UTC.

Not here: reading the text (`types.decode`).
"""

from __future__ import annotations

import re
from struct import Struct

from aurorapy.errors import DataError
from aurorapy.types.codec import Codec, need_bytes
from aurorapy.types.decode import decode_time
from aurorapy.types.timezones import offset_text
from aurorapy.types.values import USECS_PER_DAY, TimeTz

PRECISION_MAX = 6
_LAYOUT = Struct(">q")
_TZ_LAYOUT = Struct(">qi")
_HM = [f"{m // 60:02}:{m % 60:02}:" for m in range(24 * 60 + 1)]
_SS = [f"{s:02}" for s in range(60)]
_ISO = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,6}))?").fullmatch
_UNITS = [10 ** (PRECISION_MAX - p) for p in range(PRECISION_MAX + 1)]


def round_micros(micros: int, precision: int) -> int:
    """To `precision` digits of a second, halves away from zero."""
    if precision >= PRECISION_MAX or precision < 0:
        return micros
    unit = _UNITS[precision]
    return (micros + unit // 2) // unit * unit if micros >= 0 else -((unit // 2 - micros) // unit * unit)


def precision_typmod(name: str, zone: str = ""):
    """A typmod_in for time and timestamp types; `zone` is what follows the parenthesis in their names."""

    def typmod_in(args: tuple[str, ...]) -> int:
        if len(args) != 1:
            raise DataError("invalid type modifier", sqlstate="22023")
        precision = int(args[0])
        if precision < 0:
            raise DataError(f"{name}({precision}){zone} precision must not be negative", sqlstate="22023")
        return min(precision, PRECISION_MAX)

    return typmod_in


def typmod_out(typmod: int) -> str:
    return f"({typmod})" if typmod >= 0 else ""


def parse(text: str, typmod: int, ctx) -> int:
    match = _ISO(text)
    if match is not None:
        hour, minute, second, digits = match.groups()
        micros = ((int(hour) * 60 + int(minute)) * 60 + int(second)) * 1_000_000
        if digits:
            micros += int(digits.ljust(6, "0"))
    else:
        micros = decode_time(text, ctx, "time").micros()
    return micros if typmod < 0 else round_micros(micros, typmod)


def clock_text(micros: int) -> str:
    """`04:05:06.7`; 24:00:00 for the end of the day."""
    seconds, micros = divmod(micros, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    text = _HM[minutes] + _SS[seconds]
    return text if not micros else text + f".{micros:06}".rstrip("0")


def show(value: int, ctx) -> str:
    return clock_text(value)


def receive(data: bytes, typmod: int, ctx) -> int:
    (micros,) = _LAYOUT.unpack(need_bytes(data, 8))
    if not 0 <= micros <= USECS_PER_DAY:
        raise DataError("time out of range", sqlstate="22008")
    return round_micros(micros, typmod)


def send(value: int, ctx) -> bytes:
    return _LAYOUT.pack(value)


def parse_tz(text: str, typmod: int, ctx) -> TimeTz:
    clock = decode_time(text, ctx, "time with time zone")
    return TimeTz(round_micros(clock.micros(), typmod), clock.offset)


def show_tz(value: TimeTz, ctx) -> str:
    return clock_text(value.micros) + offset_text(value.offset)


def receive_tz(data: bytes, typmod: int, ctx) -> TimeTz:
    micros, west = _TZ_LAYOUT.unpack(need_bytes(data, 12))
    if not 0 <= micros <= USECS_PER_DAY:
        raise DataError("time out of range", sqlstate="22008")
    if not -16 * 3600 < west < 16 * 3600:
        raise DataError("time zone displacement out of range", sqlstate="22009")
    return TimeTz(round_micros(micros, typmod), -west)


def send_tz(value: TimeTz, ctx) -> bytes:
    return _TZ_LAYOUT.pack(value.micros, -value.offset)


CODECS = {
    "time": Codec(
        parse, show, receive, send, storage="8", key="8", sql_name="time without time zone",
        typmod_in=precision_typmod("TIME"), typmod_out=typmod_out,
    ),
    "timetz": Codec(
        parse_tz, show_tz, receive_tz, send_tz, storage="z", sql_name="time with time zone",
        typmod_in=precision_typmod("TIME", " WITH TIME ZONE"), typmod_out=typmod_out,
    ),
}
