"""Wall clocks and instants: the session's zone, and zones given by name, abbreviation or interval.

    to_local(ctx, us)  ·  to_utc(ctx, us)          the session's zone
    shift_local(zone("msk"), us)                   an instant as that zone's clock shows it

Infinities pass through. An abbreviation with a fixed offset counts before a full name, as in PostgreSQL.

Errors: 22023 time zone not recognized, 22008 timestamp out of range.

Not here: the zones' rules (`types.timezones`).
"""

from __future__ import annotations

from aurorapy.errors import DataError
from aurorapy.types import timezones, zone_abbreviations
from aurorapy.types.timestamps import TIMESTAMP_END, TIMESTAMP_MIN
from aurorapy.types.values import TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY, Interval

MICROS = 1_000_000
INFINITIES = (TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY)


def out_of_range() -> DataError:
    return DataError("timestamp out of range", sqlstate="22008")


def checked(us: int) -> int:
    """A timestamp that is in range, 22008 otherwise."""
    if TIMESTAMP_MIN <= us < TIMESTAMP_END:
        return us
    raise out_of_range()


def session_zone(ctx) -> timezones.Zone:
    return timezones.need(ctx.type_context.time_zone)


def offset_at(zone: timezones.Zone, us: int) -> int:
    """Seconds east of UTC at an instant."""
    return zone.at(us // MICROS + timezones.UNIX_2000)[0]


def shift_local(zone: timezones.Zone, us: int) -> int:
    return us if us in INFINITIES else us + offset_at(zone, us) * MICROS


def shift_utc(zone: timezones.Zone, us: int) -> int:
    if us in INFINITIES:
        return us
    return checked(us - zone.offset_of_local(us // MICROS + timezones.UNIX_2000) * MICROS)


def to_local(ctx, us: int) -> int:
    """The session's wall clock at an instant."""
    if us in INFINITIES:
        return us
    return us + timezones.need(ctx.type_context.time_zone).at(us // MICROS + timezones.UNIX_2000)[0] * MICROS


def to_utc(ctx, us: int) -> int:
    """The instant that the session's wall clock means."""
    return shift_utc(session_zone(ctx), us)


class _Dynamic(timezones.Zone):
    """An abbreviation whose offset follows another zone's history: MSK."""

    def __init__(self, name: str, zone: timezones.Zone) -> None:
        super().__init__(name, [], [(0, False, name)], None)
        self._zone = zone

    def at(self, instant: int):
        offset = self._zone.offset_of_abbreviation(self.name, instant)
        return (offset, False, self.name) if offset is not None else self._zone.at(instant)

    def offset_of_local(self, local: int) -> int:
        return self.at(local)[0]


def zone(name: str) -> timezones.Zone:
    """The zone of AT TIME ZONE's text. Raises 22023."""
    word = name.lower()
    if word in zone_abbreviations.FIXED:
        return timezones.Zone(name, [], [(zone_abbreviations.FIXED[word][0], False, name)], None)
    if word in zone_abbreviations.DYNAMIC:
        return _Dynamic(word.upper(), timezones.need(zone_abbreviations.DYNAMIC[word]))
    return timezones.need(name)


def fixed(span: Interval) -> timezones.Zone:
    """The zone of AT TIME ZONE's interval: its time part east of UTC."""
    if span.months or span.days:
        from aurorapy.types.intervals import show
        from aurorapy.types.model import TypeContext

        text = show(span, TypeContext())
        raise DataError(f'interval time zone "{text}" must not include months or days', sqlstate="22023")
    return timezones.Zone("", [], [(int(span.micros / MICROS), False, "")], None)
