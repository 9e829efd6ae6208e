"""Reading dates and times by a template pattern: what to_date and to_timestamp do.

    read("15 march 99", "DD Month YY").date() → days of 1999-03-15

Blanks before a field are skipped; a separator in the pattern passes over any separators and blanks in the text. A number
takes as many digits as there are unless another number follows at once, then as many as its keyword has places.

Errors: 22007 invalid value for a keyword, 22008 date/time field value out of range.

Not here: patterns (`datetime_pattern`).
"""

from __future__ import annotations

import re

from aurorapy.errors import DataError
from aurorapy.expressions.functions.datetime_pattern import Token, tokens
from aurorapy.types.calendar import JULIAN_2000, month_length, to_days, weekday

_WIDTHS = {
    "HH": 2, "HH12": 2, "HH24": 2, "MI": 2, "SS": 2, "MS": 3, "US": 6, "SSSS": 5, "SSSSS": 5, "YYYY": 4, "YYY": 3, "YY": 2,
    "Y": 1, "IYYY": 4, "IYY": 3, "IY": 2, "I": 1, "MM": 2, "DD": 2, "DDD": 3, "IDDD": 3, "D": 1, "ID": 1, "W": 1, "WW": 2,
    "IW": 2, "CC": 2, "J": 7, "Q": 1, "FF1": 1, "FF2": 2, "FF3": 3, "FF4": 4, "FF5": 5, "FF6": 6,
}  # fmt: skip
_MONTHS = "january february march april may june july august september october november december".split()
_DAYS = "sunday monday tuesday wednesday thursday friday saturday".split()
_ROMAN = ["xii", "xi", "x", "ix", "viii", "vii", "vi", "v", "iv", "iii", "ii", "i"]
_SEPARATOR = re.compile(r"[^A-Za-z0-9]")


class Fields:
    """What was read; absent fields are None."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.year = self.month = self.day = self.hour = self.minute = self.second = None
        self.fraction = 0
        self.julian = self.year_day = self.century = self.week = self.iso_week = self.week_day = self.seconds = None
        self.offset: int | None = None
        self.era = self.half = ""
        self.short_year = self.twelve = False

    def out_of_range(self) -> DataError:
        return DataError(f'date/time field value out of range: "{self.text}"', sqlstate="22008")

    def full_year(self) -> int:
        year = self.year
        if year is None:
            return (self.century - 1) * 100 + 1 if self.century is not None else 0
        if self.century is not None and self.short_year:
            year = (self.century - 1) * 100 + year % 100 if year % 100 else self.century * 100
        return 1 - year if self.era == "bc" and year > 0 else year

    def date(self) -> int:
        """Days since 2000-01-01."""
        if self.julian is not None:
            return self.julian - JULIAN_2000
        year = self.full_year()
        if year == 0 and self.year is None:
            year = 0  # year 1 BC stands for "not given"
        if self.year_day is not None and self.month is None:
            limit = 366 if month_length(year, 2) == 29 else 365
            if not 1 <= self.year_day <= limit:
                raise self.out_of_range()
            return to_days(year, 1, 1) + self.year_day - 1
        if self.iso_week is not None:
            fourth = to_days(year, 1, 4)
            return fourth - (weekday(fourth) + 6) % 7 + (self.iso_week - 1) * 7 + (self.week_day or 1) - 1
        if self.week is not None and self.month is None:
            return to_days(year, 1, 1) + (self.week - 1) * 7
        month, day = self.month or 1, 1 if self.day is None else self.day
        if self.month == 0 or not 1 <= month <= 12 or not 1 <= day <= month_length(year, month):
            raise self.out_of_range()
        return to_days(year, month, day)

    def micros(self) -> int:
        """Microseconds of the day."""
        if self.seconds is not None and self.hour is None:
            if self.seconds >= 86_400:
                raise self.out_of_range()
            return self.seconds * 1_000_000 + self.fraction
        hour, minute, second = self.hour or 0, self.minute or 0, self.second or 0
        if self.twelve:
            if not 1 <= hour <= 12:
                hint = "Use the 24-hour clock, or give an hour between 1 and 12."
                raise DataError(f'hour "{hour}" is invalid for the 12-hour clock', sqlstate="22007", hint=hint)
            if self.half == "pm" and hour < 12:
                hour += 12
            elif self.half == "am" and hour == 12:
                hour = 0
        if hour > 24 or minute > 59 or second > 59:
            raise self.out_of_range()
        return (hour * 3600 + minute * 60 + second) * 1_000_000 + self.fraction


def _invalid(value: str, word: str, detail: str) -> DataError:
    return DataError(f'invalid value "{value}" for "{word}"', sqlstate="22007", detail=detail)


class _Reader:
    def __init__(self, text: str, pattern: str) -> None:
        self.text = text
        self.at = 0
        self.tokens = tokens(pattern)
        self.fields = Fields(text)

    def run(self) -> Fields:
        for index, token in enumerate(self.tokens):
            if self.at >= len(self.text):
                break
            if isinstance(token, str):
                self._literal(token)
            else:
                self._blanks()
                self._field(token, index)
        return self.fields

    def _blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _literal(self, char: str) -> None:
        if char.isspace() or _SEPARATOR.match(char):
            self._blanks()
            if self.at < len(self.text) and _SEPARATOR.match(self.text[self.at]) and self.text[self.at] not in "+-":
                self.at += 1
            elif self.at < len(self.text) and self.text[self.at] == char:
                self.at += 1
        else:
            self.at += 1

    def _number_follows(self, index: int) -> bool:
        following = self.tokens[index + 1] if index + 1 < len(self.tokens) else None
        return (isinstance(following, Token) and following.word.upper() in _WIDTHS) or (
            isinstance(following, str) and following.isdigit()
        )

    def _digits(self, token: Token, index: int) -> str:
        word = token.word.upper()
        width = _WIDTHS[word]
        match = re.compile(r"[+-]?\d+").match(self.text, self.at)
        if self._number_follows(index) and not token.trimmed:
            piece = self.text[self.at : self.at + width]
            if not piece.lstrip("+-").isdigit():
                match = re.compile(r"[+-]?\d+").match(piece)
                if match is None:
                    raise _invalid(piece, token.word, "Value must be an integer.")
                piece = match[0]
            self.at += len(piece)
            return piece
        if match is None:
            raise _invalid(self.text[self.at : self.at + width], token.word, "Value must be an integer.")
        self.at = match.end()
        return match[0]

    def _choice(self, token: Token, names: list[str], short: int = 0) -> int:
        rest = self.text[self.at :].lower()
        for i, name in enumerate(names):
            shown = name[:short] if short else name
            if rest.startswith(shown):
                self.at += len(shown)
                return i
        shown = self.text[self.at :].split()[0] if self.text[self.at :].split() else ""
        detail = "The given value did not match any of the allowed values for this field."
        raise _invalid(shown, token.word, detail)

    def _field(self, token: Token, index: int) -> None:
        word, f = token.word.upper(), self.fields
        if word in _WIDTHS:
            self._number(word, self._digits(token, index))
            if token.suffix:
                self.at += 2
        elif word == "Y,YYY":
            match = re.compile(r"(\d+),(\d{3})").match(self.text, self.at)
            if match is None:
                raise _invalid(self.text[self.at :], token.word, "Value must be an integer.")
            f.year, self.at = int(match[1]) * 1000 + int(match[2]), match.end()
        elif word in ("MONTH", "MON"):
            f.month = self._choice(token, _MONTHS, 3 if word == "MON" else 0) + 1
        elif word in ("DAY", "DY"):
            self._choice(token, _DAYS, 3 if word == "DY" else 0)
        elif word == "RM":
            f.month = 12 - self._choice(token, _ROMAN)
        elif word in ("AM", "PM", "A.M.", "P.M."):
            f.half = ("am", "pm")[self._choice(token, ["a.m.", "p.m."] if "." in word else ["am", "pm"])]
            f.twelve = True
        elif word in ("BC", "AD", "B.C.", "A.D."):
            f.era = ("bc", "ad")[self._choice(token, ["b.c.", "a.d."] if "." in word else ["bc", "ad"])]
        elif word in ("TZH", "OF", "TZM"):
            self._offset(word)
        elif word == "TZ":
            raise DataError('formatting field "TZ" is only supported in to_char', sqlstate="0A000")

    def _offset(self, word: str) -> None:
        match = re.compile(r"([+-]?)(\d{1,2})(?::?(\d{2}))?" if word == "OF" else r"([+-]?)(\d{1,2})").match(self.text, self.at)
        if match is None:
            return
        self.at = match.end()
        sign = -1 if match[1] == "-" else 1
        if word == "TZM":
            before = self.fields.offset or 0
            self.fields.offset = before + (-1 if before < 0 else 1) * int(match[2]) * 60
        else:
            minutes = int(match[3] or 0) if word == "OF" else 0
            self.fields.offset = sign * (int(match[2]) * 3600 + minutes * 60)

    def _number(self, word: str, digits: str) -> None:
        f, value = self.fields, int(digits)
        if word in ("HH", "HH12"):
            f.hour, f.twelve = value, True
        elif word in ("MS", "US") or word.startswith("FF"):
            places = 3 if word == "MS" else 6 if word == "US" else int(word[2])
            f.fraction = int(digits[:places].ljust(places, "0")) * 10 ** (6 - places)
        elif word in ("YYYY", "YYY", "YY", "Y", "IYYY", "IYY", "IY", "I"):
            size = len(word)
            f.short_year = size < 4 and len(digits) < 4
            if size < 4 and len(digits) <= 3 and value < 1000:
                value = _near_2020(value, len(digits))
            f.year = value
        else:
            names = {
                "HH24": "hour", "MI": "minute", "SS": "second", "SSSS": "seconds", "SSSSS": "seconds", "MM": "month",
                "DD": "day", "DDD": "year_day", "IDDD": "year_day", "ID": "week_day", "WW": "week", "IW": "iso_week",
                "CC": "century", "J": "julian",
            }  # fmt: skip
            if word in names:
                setattr(f, names[word], value)


def _near_2020(year: int, digits: int) -> int:
    """A year of one to three digits moves to between 1970 and 2069 (or 1100 and 2099 with three)."""
    if year < 70:
        return year + 2000
    if year < 100:
        return year + 1900
    return year + 2000 if year < 520 else year + 1000


def read(text: str, pattern: str) -> Fields:
    """The fields of `text` by the pattern."""
    return _Reader(text, pattern).run()
