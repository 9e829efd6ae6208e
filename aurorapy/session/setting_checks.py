"""What makes a setting's value valid beyond its kind: styles, time zones, encodings.

Each check takes the parsed value and the session's settings and returns the canonical value, or raises ValueError for
the general "invalid value for parameter" or an error of its own.
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DataError, DatabaseError
from aurorapy.types import timezones
from aurorapy.types.builtin import BY_NAME
from aurorapy.types.model import TypeContext

_STYLES = {"iso": "ISO", "sql": "SQL", "postgres": "Postgres", "postgresql": "Postgres", "german": "German"}
_ORDERS = {
    "mdy": "MDY", "us": "MDY", "nonderived": "MDY", "noneuropean": "MDY", "noneuro": "MDY",
    "dmy": "DMY", "euro": "DMY", "european": "DMY", "ymd": "YMD",
}  # fmt: skip
_OTHER_ENCODINGS = {
    "eucjp", "euccn", "euckr", "euctw", "eucjis2004", "latin1", "latin2", "latin3", "latin4", "latin5", "latin6", "latin7",
    "latin8", "latin9", "latin10", "iso88591", "iso88592", "iso88593", "iso88594", "iso88595", "iso88596", "iso88597",
    "iso88598", "iso88599", "iso885910", "iso885913", "iso885914", "iso885915", "iso885916", "win1250", "win1251",
    "win1252", "win1253", "win1254", "win1255", "win1256", "win1257", "win1258", "win866", "win874", "windows1250",
    "windows1251", "windows1252", "windows1253", "windows1254", "windows1255", "windows1256", "windows1257",
    "windows1258", "windows866", "windows874", "koi8r", "koi8u", "koi8", "sjis", "big5", "gbk", "uhc", "gb18030", "johab",
    "shiftjis", "shiftjis2004", "muleinternal", "abc", "tcvn", "tcvn5712", "vscii", "alt", "win", "windows936",
    "windows949", "windows950", "windows932", "mskanji",
}  # fmt: skip
_UTF8_NAMES = {"utf8", "unicode"}


def date_style(value: str, settings: Any) -> str:
    """`DateStyle` merges a style and an order into what was set before: "German" alone also means DMY."""
    style, _, order = str(settings["DateStyle"]).partition(", ")
    for word in value.split(","):
        key = word.strip().lower()
        if key in _STYLES:
            style = _STYLES[key]
            if style == "German" and "," not in value:
                order = "DMY"
        elif key in _ORDERS:
            order = _ORDERS[key]
        elif key == "default":
            style, order = "ISO", "MDY"
        else:
            raise DataError(
                f'invalid value for parameter "DateStyle": "{value}"', sqlstate="22023",
                detail=f'Unrecognized key word: "{word.strip().lower()}".',
            )  # fmt: skip
    return f"{style}, {order}"


def time_zone(value: str, settings: Any) -> str:
    if value[:8].upper() == "INTERVAL":
        return _interval_zone(value)
    zone = timezones.canonical(value)
    if zone is None:
        raise ValueError(value)
    return zone


def _interval_zone(value: str) -> str:
    """SET TIME ZONE INTERVAL '-03:30' HOUR TO MINUTE arrives as `INTERVAL -03:30`."""
    text = value[8:].strip().strip("'")
    interval = BY_NAME["interval"].input(text, -1, TypeContext())
    if interval.months:
        raise DataError(f'invalid value for parameter "TimeZone": "{value}"', sqlstate="22023",
                        detail="Cannot specify months in time zone interval.")  # fmt: skip
    if interval.days:
        raise DataError(f'invalid value for parameter "TimeZone": "{value}"', sqlstate="22023",
                        detail="Cannot specify days in time zone interval.")  # fmt: skip
    return timezones.fixed_name(interval.micros // 1_000_000)


def client_encoding(value: str, settings: Any) -> str:
    key = "".join(c for c in value.lower() if c.isalnum())
    if key in _UTF8_NAMES:
        return "UTF8"
    if key == "sqlascii":
        return "SQL_ASCII"
    if key not in _OTHER_ENCODINGS:
        raise ValueError(value)
    raise DatabaseError(
        f"conversion between {value} and UTF8 is not supported", sqlstate="0A000",
        hint="This server speaks UTF8 only.",
    )  # fmt: skip


def standard_strings(value: bool, settings: Any) -> bool:
    if not value:
        raise DatabaseError("standard_conforming_strings cannot be turned off", sqlstate="0A000")
    return value


CHECKS: dict[str, Callable[[Any, Any], Any]] = {
    "datestyle": date_style,
    "timezone": time_zone,
    "client_encoding": client_encoding,
    "standard_conforming_strings": standard_strings,
}
