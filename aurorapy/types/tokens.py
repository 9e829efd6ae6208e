"""First step of reading a date, time or interval: the text in fields, and what the words mean.

    split("Mar 4, 2020 10:11 PST") → [("mar", STRING), ("4", NUMBER), ("2020", NUMBER), ("10:11", TIME), ("pst", STRING)]

Field kinds follow from a field's first characters alone; what a number means is decided later (`types.decode`), from
what was there before it.

Not here: time zone abbreviations (`types.timezones`).
"""

from __future__ import annotations

import re

NUMBER, STRING, DATE, TIME, ZONE, SPECIAL = range(6)  # kinds of field
FIELDS_MAX = 25

# kinds of word; also the names of fields already seen, as bits of a mask (1 << kind)
MONTH, YEAR, DAY, ZONED, DST_MOD, DST_ZONE, DYNAMIC_ZONE, IGNORE = 1, 2, 3, 5, 6, 7, 8, 9
HOUR, MINUTE, SECOND, DAY_OF_YEAR, DAY_OF_WEEK, UNITS, ERA, AM_PM, RESERVED, ISO_TIME, AGO, MILLISECOND, MICROSECOND = (
    10, 11, 12, 15, 16, 17, 18, 19, 20, 22, 21, 13, 14,
)
JULIAN, WEEK, DECADE, CENTURY, MILLENNIUM, QUARTER, TIME_LABEL = 31, 32, 33, 34, 35, 36, 37

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_LONG_MONTHS = "january february march april may june july august september october november december".split()
_LONG_DAYS = "sunday monday tuesday wednesday thursday friday saturday".split()


def _date_words() -> dict[str, tuple[int, object]]:
    table: dict[str, tuple[int, object]] = {
        "ad": (ERA, False), "bc": (ERA, True), "am": (AM_PM, "am"), "pm": (AM_PM, "pm"), "at": (IGNORE, 0),
        "on": (IGNORE, 0), "dst": (DST_MOD, 3600), "t": (ISO_TIME, TIME_LABEL), "sept": (MONTH, 9),
        "tues": (DAY_OF_WEEK, 2), "weds": (DAY_OF_WEEK, 3), "thur": (DAY_OF_WEEK, 4), "thurs": (DAY_OF_WEEK, 4),
        "d": (UNITS, DAY), "dow": (UNITS, DAY_OF_WEEK), "doy": (UNITS, DAY_OF_YEAR), "h": (UNITS, HOUR),
        "isodow": (UNITS, DAY_OF_WEEK), "isoyear": (UNITS, 0), "j": (UNITS, JULIAN), "jd": (UNITS, JULIAN),
        "julian": (UNITS, JULIAN), "m": (UNITS, MONTH), "mm": (UNITS, MINUTE), "s": (UNITS, SECOND),
        "y": (UNITS, YEAR),
    }
    for word in ("-infinity", "allballs", "epoch", "infinity", "now", "today", "tomorrow", "yesterday"):
        table[word] = (RESERVED, word)
    for number, word in enumerate(_LONG_MONTHS, 1):
        table[word] = table[word[:3]] = (MONTH, number)
    for number, word in enumerate(_LONG_DAYS):
        table[word] = table[word[:3]] = (DAY_OF_WEEK, number)
    return table


def _interval_words() -> dict[str, tuple[int, int]]:
    spellings = {
        CENTURY: "c cent centuries century", DAY: "d day days", DECADE: "dec decade decades decs",
        HOUR: "h hour hours hr hrs", MINUTE: "m min mins minute minutes",
        MICROSECOND: "microsecon us usec usecond useconds usecs", MILLENNIUM: "mil millennia millennium mils",
        MILLISECOND: "millisecon ms msec msecond mseconds msecs", MONTH: "mon mons month months",
        QUARTER: "qtr quarter", SECOND: "s sec second seconds secs", WEEK: "w week weeks", YEAR: "y year years yr yrs",
        0: "timezone timezone_h timezone_m",
    }
    table = {word: (UNITS, unit) for unit, words in spellings.items() for word in words.split()}
    return table | {"@": (IGNORE, 0), "ago": (AGO, 0)}


DATE_WORDS = _date_words()
INTERVAL_WORDS = _interval_words()
WORD_LENGTH = 10  # words are compared by so many characters

_SPACES = re.compile(r"[ \t\n\r\v\f]+")
_DIGITS = re.compile(r"[0-9]*")
_TIME_REST = re.compile(r"[0-9:.]*")
_ALNUM_REST = {sign: re.compile(rf"[0-9a-zA-Z{re.escape(sign)}]*") for sign in "-/."}
_DIGIT_REST = {sign: re.compile(rf"[0-9{re.escape(sign)}]*") for sign in "-/."}
_ALPHA = re.compile(r"[a-zA-Z]*")
_NAME_REST = re.compile(r"[0-9a-zA-Z+\-/_.:]*")
_ZONE_REST = re.compile(r"[0-9:.\-]*")

BUFFER = {"date": 153, "interval": 281}  # bytes of all fields, a NUL after each, that PostgreSQL reserves


class BadFormat(Exception):
    """The text is not of this form; the caller knows the type's name for the message."""


def split(text: str, buffer: int) -> list[tuple[str, int]]:
    """(field, kind) in order, letters in lower case; BadFormat for a character that starts no field."""
    fields: list[tuple[str, int]] = []
    place, used, end = 0, 0, len(text)
    while place < end:
        char = text[place]
        if char in " \t\n\r\v\f":
            place = _SPACES.match(text, place).end()
            continue
        if len(fields) >= FIELDS_MAX:
            raise BadFormat
        if char in "0123456789":
            field, kind, place = _number_field(text, place)
        elif char == ".":
            stop = _DIGITS.match(text, place + 1).end()
            field, kind, place = text[place:stop], NUMBER, stop
        elif "a" <= char <= "z" or "A" <= char <= "Z":
            field, kind, place = _word_field(text, place)
        elif char in "+-":
            field, kind, place = _signed_field(text, place)
        elif "!" <= char <= "~":
            place += 1
            continue
        else:
            raise BadFormat
        used += len(field) + 1
        if used > buffer:
            raise BadFormat
        fields.append((field, kind))
    return fields


def _number_field(text: str, start: int) -> tuple[str, int, int]:
    place = _DIGITS.match(text, start).end()
    sign = text[place : place + 1]
    if sign == ":":
        place = _TIME_REST.match(text, place).end()
        return text[start:place], TIME, place
    if sign not in ("-", "/", "."):
        return text[start:place], NUMBER, place
    following = text[place + 1 : place + 2]
    if following and following in "0123456789":
        kind = NUMBER if sign == "." else DATE
        place = _DIGITS.match(text, place + 1).end()
        if text[place : place + 1] == sign:
            kind = DATE
            place = _DIGIT_REST[sign].match(text, place).end()
        return text[start:place], kind, place
    place = _ALNUM_REST[sign].match(text, place).end()
    return text[start:place].lower(), DATE, place


def _word_field(text: str, start: int) -> tuple[str, int, int]:
    place = _ALPHA.match(text, start).end()
    char = text[place : place + 1]
    is_date = char in ("-", "/", ".")
    if char and char in "+0123456789":
        is_date = text[start:place].lower() not in DATE_WORDS
    if is_date:
        place = _NAME_REST.match(text, place).end()
    return text[start:place].lower(), DATE if is_date else STRING, place


def _signed_field(text: str, start: int) -> tuple[str, int, int]:
    sign = text[start]
    space = _SPACES.match(text, start + 1)
    place = space.end() if space else start + 1
    char = text[place : place + 1]
    if char and char in "0123456789":
        stop = _ZONE_REST.match(text, place).end()
        return sign + text[place:stop], ZONE, stop
    stop = _ALPHA.match(text, place).end()
    if stop == place:
        raise BadFormat
    return sign + text[place:stop].lower(), SPECIAL, stop
