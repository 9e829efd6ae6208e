"""Patterns of to_char and to_number for numbers: 9 0 . , D G S MI PL SG PR L V EEEE RN TH FM B and quoted text.

    parse("S9,990.00").fill("12.30", negative=True) → '   -12.30'

A pattern is read once into a Shape (cached). `fill` walks its tokens beside the digits: places before the number give
blanks, or zeros from the first `0` on; the sign stands before the first digit unless S, MI, PL, SG or PR say where.
A number with more whole digits than places becomes `#`s.

Errors: 42601 for patterns that contradict themselves, 22P02 for text that is no number.

Not here: rounding to the places (`formatting`).
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from aurorapy.errors import DataError, SyntaxError
from aurorapy.types.numeric import round_to

_TOKEN = re.compile(
    r'"((?:[^"\\]|\\.)*)"?|\\(.)|(EEEE|eeee|FM|fm|MI|mi|PL|pl|SG|sg|PR|pr|RN|rn|TH|th|[9 0.,BbCcDdGgLlSsVv])|(.)', re.S
)
_KEEP_CASE = ("rn", "th")
_DIGITS = ("9", "0", ".", "D")
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"),
    (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


def roman(number: int) -> str:
    """1..3999; `#`s outside."""
    if not 0 < number < 4000:
        return "#" * 15
    out = []
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        out.append(letters * count)
    return "".join(out)


def ordinal(digits: str) -> str:
    """ST, ND, RD or TH for a number's digits."""
    if len(digits) > 1 and digits[-2] == "1":
        return "TH"
    return {"1": "ST", "2": "ND", "3": "RD"}.get(digits[-1], "TH")


class Shape:
    """What a pattern says: `places` before the point, `decimals` after it, flags, and the tokens in order."""

    def __init__(self, pattern: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.places = self.decimals = self.multiplied = 0
        self.zero_start = self.zero_end = 0
        self.zero = self.point = self.multi = self.trimmed = self.scientific = self.roman = False
        self.bracket = self.plus = self.minus = False
        self.sign_place = ""  # of S: before or after
        self.sign_after_places = 0
        for match in _TOKEN.finditer(pattern):
            quoted, escaped, keyword, other = match.groups()
            if keyword is None or keyword == " ":
                text = quoted if quoted is not None else escaped or other or keyword
                self.tokens += [("text", c) for c in re.sub(r"\\(.)", r"\1", text)]
            else:
                name = keyword if keyword in _KEEP_CASE else keyword.upper()
                self._note(name)
                self.tokens.append(("key", name))

    def _note(self, name: str) -> None:
        if self.scientific and name != "EEEE":
            raise SyntaxError('"EEEE" must be the last pattern used')
        if name in ("9", "0"):
            self._digit(name)
        elif name in (".", "D"):
            if self.point:
                raise SyntaxError("multiple decimal points")
            if self.multi:
                raise SyntaxError('cannot use "V" and decimal point together')
            self.point = True
        elif name == "FM":
            self.trimmed = True
        elif name == "S":
            self._sign()
        elif name in ("MI", "PL", "SG"):
            if self.sign_place:
                raise SyntaxError(f'cannot use "S" and "{name}" together')
            self.minus = self.minus or name != "PL"
            self.plus = self.plus or name != "MI"
        elif name == "PR":
            if self.sign_place or self.plus or self.minus:
                raise SyntaxError('cannot use "PR" and "S"/"PL"/"MI"/"SG" together')
            self.bracket = True
        elif name.upper() == "RN":
            self.roman = True
        elif name == "V":
            if self.point:
                raise SyntaxError('cannot use "V" and decimal point together')
            self.multi = True
        elif name == "EEEE":
            self.scientific = True

    def _digit(self, name: str) -> None:
        if self.bracket:
            raise SyntaxError(f'"{name}" must be ahead of "PR"')
        if name == "9" and self.multi:
            self.multiplied += 1
            self.places += 1
            return
        if name == "0" and not self.zero and not self.point:
            self.zero, self.zero_start = True, self.places
        if self.point:
            self.decimals += 1
        else:
            self.places += 1
        if name == "0":
            self.zero_end = self.places + self.decimals

    def _sign(self) -> None:
        if self.sign_place:
            raise SyntaxError('cannot use "S" twice')
        if self.plus or self.minus or self.bracket:
            raise SyntaxError('cannot use "S" and "PL"/"MI"/"SG"/"PR" together')
        self.sign_place = "after" if self.point else "before"
        if not self.point:
            self.sign_after_places = self.places

    def special(self, value: Decimal) -> str:
        """Roman numerals, scientific notation, NaN and infinity."""
        if self.roman:
            return self._write_roman(value)
        if self.scientific:
            if not value.is_finite():
                return " " + "#" * (self.places + self.decimals + 6 + (1 if self.decimals else 0) - 1)
            mantissa, _, exponent = f"{value:.{self.decimals}e}".partition("e")
            text = f"{mantissa}e{exponent[0]}{exponent[1:].zfill(2)}"
            return text if text.startswith("-") else " " + text
        name = "NaN" if value.is_nan() else "Infinity"
        if self.places >= len(name):
            return self.fill(name, value.is_signed(), True)
        return self.fill("#" * self.places + ("." + "#" * self.decimals if self.decimals else ""), value.is_signed(), True)

    def _write_roman(self, value: Decimal) -> str:
        text = roman(int(round_to(value, 0))) if value.is_finite() else "#" * 15
        out = []
        for kind, name in self.tokens:
            if kind == "text":
                out.append(name)
            elif name.upper() == "RN":
                shown = text if name == "RN" else text.lower()
                out.append(shown if self.trimmed else shown.rjust(15))
        return "".join(out)

    def fill(self, number: str, negative: bool, ready: bool = False) -> str:
        """The text for an unsigned number already rounded to the decimals."""
        whole = len(number.partition(".")[0])
        if not ready and self.places < whole:
            number = "#" * self.places + ("." + "#" * self.decimals if self.point else "")
        return _Writer(self, number, "-" if negative else "+", max(self.places - whole, 0)).run()

    def read(self, text: str) -> Decimal:
        """to_number: picks sign, digits and point out of a text that follows the pattern."""
        at, digits, negative, seen_point = 0, [], False, False
        for kind, name in self.tokens:
            if kind == "text":
                at += 1
                continue
            if name in ("9", "0"):
                while at < len(text) and text[at] == " ":
                    at += 1
                if at < len(text) and text[at] in "+-<" and not digits:
                    negative = text[at] in "-<"
                    at += 1
                if at < len(text) and text[at].isdigit():
                    digits.append(text[at])
                    at += 1
                elif at < len(text) and text[at] == "." and not seen_point and self.point is False:
                    break
            elif name in (".", "D"):
                if at < len(text) and text[at] == ".":
                    digits.append(".")
                    seen_point = True
                    at += 1
            elif name in (",", "G"):
                if at < len(text) and text[at] == ",":
                    at += 1
            elif name in ("S", "MI", "PL", "SG", "PR"):
                if at < len(text) and text[at] in "+-<> ":
                    negative = negative or text[at] == "-"
                    at += 1
            elif name == "L" and at < len(text) and not text[at].isdigit():
                at += 1
            elif name.upper() == "TH":
                at += 2
        if text.rstrip().endswith("-") and self.sign_place:
            negative = True
        shown = "".join(digits).rstrip(".")
        if not shown or shown == ".":
            raise DataError(f'invalid input syntax for type numeric: "{" " if not shown else shown}"', sqlstate="22P02")
        value = Decimal(("-" if negative else "") + (("0" + shown) if shown.startswith(".") else shown))
        if self.multi:
            return round_to(value / Decimal(10) ** self.multiplied, max(self.multiplied, 0))
        return value if value else abs(value)


class _Writer:
    """One pass over the tokens; `current` counts the places gone by, `at` the digits written."""

    def __init__(self, shape: Shape, number: str, sign: str, blanks: int) -> None:
        self.shape = shape
        self.number = number
        self.sign = sign
        self.blanks = blanks
        self.out: list[str] = []
        self.at = self.current = 0
        self.in_number = False
        self.place = shape.sign_place
        if shape.plus or shape.minus:
            self.signed = not (shape.plus and not shape.minus)
        else:
            self.signed = sign == "+" and shape.trimmed and not shape.sign_place
            if self.place == "before" and shape.places == shape.sign_after_places:
                self.place = "after"
        if shape.plus and not shape.minus:
            self.signed = sign == "+" or self.signed
        self.last = self._last_relevant() if shape.trimmed and shape.point else None
        self.count = shape.decimals + shape.places - 1 + (1 if not self.signed and not blanks else 0)

    def _last_relevant(self) -> int | None:
        """Index of the last digit that FM keeps; the point itself when all decimals are zeros."""
        point = self.number.find(".")
        if point < 0:
            return None
        last = len(self.number.rstrip("0")) - 1
        if self.shape.zero_end > self.blanks:
            last = max(last, min(len(self.number) - 1, self.shape.zero_end - self.blanks))
        return max(last, point)

    def run(self) -> str:
        for kind, name in self.shape.tokens:
            if kind == "text":
                self.out.append(name)
            elif name in _DIGITS:
                self._digit(name)
            else:
                self._other(name)
        return "".join(self.out)

    def _other(self, name: str) -> None:
        trimmed, sign = self.shape.trimmed, self.sign
        if name in (",", "G"):
            if self.in_number:
                self.out.append(",")
            elif not trimmed:
                self.out.append(" ")
        elif name == "L":
            self.out.append(" ")
        elif name.upper() == "TH":
            if not (self.number.startswith("#") or sign == "-" or self.shape.point):
                ending = ordinal(self.number)
                self.out.append(ending if name == "TH" else ending.lower())
        elif name == "MI":
            self.out.append("-" if sign == "-" else "" if trimmed else " ")
        elif name == "PL":
            self.out.append("+" if sign == "+" else "" if trimmed else " ")
        elif name == "SG":
            self.out.append(sign)

    def _leading_zero_hidden(self) -> bool:
        return not self.shape.zero and self.at == 0 and self.number.startswith("0") and self.shape.decimals != 0

    def _only_point(self) -> bool:
        return self.last is not None and self.number[self.last] == "."

    def _write_sign(self) -> None:
        shape = self.shape
        begins = self.current >= self.blanks or (shape.zero and shape.zero_start == self.current)
        if self.signed or not begins or (self._leading_zero_hidden() and not self._only_point()):
            return
        if shape.sign_place:
            if self.place == "before":
                self.out.append(self.sign)
                self.signed = True
            return
        if shape.bracket:
            self.out.append("<" if self.sign == "-" else " ")
        elif self.sign == "-":
            self.out.append("-")
        elif not shape.trimmed:
            self.out.append(" ")
        self.signed = True

    def _digit(self, name: str) -> None:
        shape = self.shape
        self.in_number = False
        self._write_sign()
        if self.current < self.blanks and (shape.zero_start > self.current or not shape.zero):
            if not shape.trimmed:
                self.out.append(" ")
        elif self.current < self.blanks and shape.zero:
            self.out.append("0")
            self.in_number = True
        else:
            self._character(name)
        end = self.count + (1 if self.blanks else 0) + (1 if shape.point else 0)
        if self.last is not None and self.last == self.at:
            end = self.current
        if self.current + 1 == end:
            if self.signed and shape.bracket:
                self.out.append(">" if self.sign == "-" else " ")
            elif shape.sign_place and self.place == "after":
                self.out.append(self.sign)
        self.current += 1

    def _character(self, name: str) -> None:
        char = self.number[self.at] if self.at < len(self.number) else ""
        if char == ".":
            if not self._only_point() or self.shape.trimmed:
                self.out.append(".")
        elif self.last is not None and self.at > self.last and name != "0":
            pass
        elif self._leading_zero_hidden():
            if not self.shape.trimmed:
                self.out.append(" ")
            elif self._only_point():
                self.out.append("0")
        elif char:
            self.out.append(char)
            self.in_number = True
        if char:
            self.at += 1


@lru_cache(maxsize=256)
def parse(pattern: str) -> Shape:
    """The Shape of a pattern. Raises 42601."""
    return Shape(pattern)
