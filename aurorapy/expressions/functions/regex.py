r"""PostgreSQL's regular expressions translated to Python's `re`, with a cache of compiled patterns.

Advanced regular expressions are Henry Spencer's: \m \M \y \Y word boundaries, \A \Z, [[:alpha:]], [[:<:]], \d \s \w,
embedded options (?i), directors ***: and ***=, and a preference of longest or shortest that belongs to a whole branch:

    substring('XY1234Z', 'Y*([0-9]{1,3})')    the greedy kind: longest match
    substring('XY1234Z', 'Y*?([0-9]{1,3})')   non-greedy as a whole: a quantifier's kind rules what encloses it

Python backtracks, so of several alternatives the first that fits wins where PostgreSQL takes the longest. `search` therefore
lengthens, or for a non-greedy whole shortens, the match where that could matter.

Errors: 2201B "invalid regular expression: ..." with Spencer's messages; flags 22023.

Not here: the functions (`patterns`).
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import NamedTuple

from aurorapy.errors import DataError
from aurorapy.host.preemption import long_call

_CLASSES = {
    "alpha": r"^\W\d_",
    "digit": r"\d",
    "alnum": r"^\W_",
    "upper": "A-ZÀ-ÖØ-ÞΑ-ΡΣ-ΫА-ЯЀ-Џ",
    "lower": "a-zß-öø-ÿα-ωа-яѐ-џ",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "cntrl": r"\x00-\x1f\x7f",
    "print": r"\x20-\x7e\u00a0-\U0010ffff",
    "graph": r"\x21-\x7e\u00a1-\U0010ffff",
    "word": r"\w",
}
_NAMED = {"space": " ", "hyphen": "-", "period": ".", "comma": ",", "tab": "\t", "newline": "\n", "NUL": "\0"}
_ESCAPES = {
    "a": r"\x07", "b": r"\x08", "B": r"\\", "e": r"\x1b", "f": r"\f", "n": r"\n", "r": r"\r", "t": r"\t", "v": r"\v",
    "0": r"\x00", "d": r"\d", "D": r"\D", "s": r"\s", "S": r"\S", "w": r"\w", "W": r"\W", "A": r"\A", "Z": r"\Z",
    "y": r"\b", "Y": r"\B", "m": r"\b(?=\w)", "M": r"\b(?<=\w)",
}  # fmt: skip
_CONSTRAINTS = "AZyYmM"
_LOOKS_AHEAD = re.compile(r"\\[bBZ]|\$|\(\?[=!]")
REPEAT_MAX = 255


def invalid(reason: str) -> DataError:
    return DataError(f"invalid regular expression: {reason}", sqlstate="2201B")


class Flags(NamedTuple):
    """Of a match: ignore case, newline handling, expanded syntax, all matches, and the flavour of syntax."""

    ignore_case: bool = False
    dot_newline: bool = True  # . and [^x] match a newline
    anchors: bool = False  # ^ and $ match at lines
    expanded: bool = False
    literal: bool = False
    everywhere: bool = False
    basic: str = "advanced"  # advanced, extended, basic


def parse_flags(text: str) -> Flags:
    """The flags argument of regexp functions."""
    flags = Flags()
    for char in text:
        change = {
            "g": {"everywhere": True},
            "i": {"ignore_case": True},
            "c": {"ignore_case": False},
            "n": {"dot_newline": False, "anchors": True},
            "m": {"dot_newline": False, "anchors": True},
            "p": {"dot_newline": False, "anchors": False},
            "w": {"dot_newline": True, "anchors": True},
            "s": {"dot_newline": True, "anchors": False},
            "x": {"expanded": True},
            "t": {"expanded": False},
            "q": {"literal": True},
            "e": {"basic": "extended"},
            "b": {"basic": "basic"},
        }.get(char)
        if change is None:
            raise DataError(f'invalid regular expression option: "{char}"', sqlstate="22023")
        flags = flags._replace(**change)
    return flags


class Interruptible:
    """A pattern that may have to try many ways: others run, and cancels are heard, while it does."""

    __slots__ = ("compiled", "pattern", "groups")

    def __init__(self, compiled: re.Pattern) -> None:
        self.compiled = compiled
        self.pattern = compiled.pattern
        self.groups = compiled.groups

    def search(self, text: str, start: int = 0) -> re.Match | None:
        return long_call(self.compiled.search, text, start)

    def fullmatch(self, text: str, start: int, stop: int) -> re.Match | None:
        return long_call(self.compiled.fullmatch, text, start, stop)


class Pattern(NamedTuple):
    """A compiled pattern and how its matches are to be stretched: Python takes the first way that fits."""

    regex: re.Pattern | Interruptible
    shortest: bool  # the pattern as a whole prefers the shortest match
    longest: bool  # a longer match from the same place may exist
    reach: int  # no match is longer

    def search(self, text: str, start: int = 0) -> re.Match | None:
        """The leftmost match; of those that start there the longest, or the shortest."""
        match = self.regex.search(text, start)
        if match is None or not (self.shortest or self.longest):
            return match
        begin, end = match.span()
        if self.shortest:
            ends = range(begin, end)
        else:
            ends = range(min(len(text), begin + self.reach), end, -1)
        for stop in ends:
            better = self.regex.fullmatch(text, begin, stop)
            # fullmatch pretends that the text ends at `stop`: look whether it still fits with what follows
            if better is not None and self._fits(text, begin, stop):
                return better
        return match

    def _fits(self, text: str, begin: int, stop: int) -> bool:
        return stop == len(text) or not _LOOKS_AHEAD.search(self.regex.pattern)


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, flags: Flags = Flags()) -> Pattern:
    """The pattern ready for use. Raises 2201B."""
    if pattern.startswith("***="):
        pattern, flags = pattern[4:], flags._replace(literal=True)
    elif pattern.startswith("***:"):
        pattern, flags = pattern[4:], flags._replace(basic="advanced")
    if flags.literal:
        source, longest, shortest = re.escape(pattern), False, False
    else:
        pattern, flags = _embedded_options(pattern, flags)
        translator = _Translator(pattern, flags)
        source = translator.run()
        shortest = translator.preference == "lazy"
        longest = translator.ambiguous or (translator.lazy_inside and not shortest)
    options = re.IGNORECASE if flags.ignore_case else 0
    if flags.dot_newline:
        options |= re.DOTALL
    if flags.anchors:
        options |= re.MULTILINE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled = re.compile(source, options)
            reach = re._parser.parse(source, options).getwidth()[1] if longest else 0
        if any(quantifier in source for quantifier in "*+?{"):
            compiled = Interruptible(compiled)
        return Pattern(compiled, shortest, longest, int(min(reach, 1 << 31)))
    except (re.error, OverflowError, RecursionError):
        raise invalid("quantifier operand invalid") from None


def _embedded_options(pattern: str, flags: Flags) -> tuple[str, Flags]:
    match = re.match(r"\(\?([a-z]+)\)", pattern)
    if match is None or flags.basic != "advanced":
        return pattern, flags
    for char in match[1]:
        if char == "g":
            raise invalid("invalid embedded option")
        one = {
            "i": {"ignore_case": True}, "c": {"ignore_case": False}, "n": {"dot_newline": False, "anchors": True},
            "m": {"dot_newline": False, "anchors": True}, "p": {"dot_newline": False}, "w": {"anchors": True},
            "s": {"dot_newline": True, "anchors": False}, "x": {"expanded": True}, "t": {"expanded": False},
            "q": {"literal": True}, "e": {"basic": "extended"}, "b": {"basic": "basic"},
        }.get(char)  # fmt: skip
        if one is None:
            raise invalid("invalid embedded option")
        flags = flags._replace(**one)
    return pattern[match.end() :], flags


class _Translator:
    """Walks one pattern and writes Python's spelling of it."""

    def __init__(self, pattern: str, flags: Flags) -> None:
        self.text = pattern
        self.at = 0
        self.flags = flags
        self.ambiguous = False  # one alternative may be the beginning of another
        self.lazy_inside = False
        self.preference = ""  # of the whole: greedy, lazy or none
        self.groups = 0
        self.depth = 0

    def run(self) -> str:
        source, self.preference = self._branches()
        if self.at < len(self.text):
            raise invalid("parentheses () not balanced")
        return source

    def _peek(self, width: int = 1) -> str:
        return self.text[self.at : self.at + width]

    def _branches(self) -> tuple[str, str]:
        """(source, preference); several branches together are greedy."""
        branches = [self._branch()]
        while self._peek() == "|":
            self.at += 1
            branches.append(self._branch())
        if len(branches) == 1:
            return branches[0]
        sources = [source for source, _ in branches]
        starts = {source[:1] for source in sources}
        if len(starts) < len(sources) or not all(s[:1].isalnum() and s[1:2] not in tuple("*?{") for s in sources):
            self.ambiguous = True
        return "|".join(sources), "greedy"

    def _branch(self) -> tuple[str, str]:
        """Pieces one after another; the first that has a preference decides for the branch."""
        parts, preference = [], ""
        while self.at < len(self.text):
            char = self._peek()
            if char == "|" or (char == ")" and self.depth):
                break
            if char == ")":
                raise invalid("parentheses () not balanced")
            if self.flags.expanded and (char.isspace() or char == "#"):
                self._skip_comment(char)
                continue
            if self._peek(3) == "(?#":
                end = self.text.find(")", self.at)
                self.at = len(self.text) if end < 0 else end + 1
                continue
            atom, quantifiable, inner = self._atom()
            quantifier, kind = self._quantifier(quantifiable)
            preference = preference or kind or inner
            self.lazy_inside = self.lazy_inside or kind == "lazy"
            parts.append(atom + quantifier + ("?" if kind == "lazy" else ""))
        return "".join(parts), preference

    def _skip_comment(self, char: str) -> None:
        if char == "#":
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end + 1
        else:
            self.at += 1

    def _quantifier(self, allowed: bool) -> tuple[str, str]:
        """(quantifier, its kind: greedy, lazy or '' for a fixed count)"""
        char = self._peek()
        if char and char in "*+?":
            self.at += 1
            quantifier = char
        elif char == "{" and self._peek(2)[1:].isdigit():
            quantifier = self._bounds()
        else:
            return "", ""
        if not allowed:
            raise invalid("quantifier operand invalid")
        kind = "greedy"
        if self._peek() == "?":
            self.at += 1
            kind = "lazy"
        if self._peek() and self._peek() in "*+" or (self._peek() == "?"):
            raise invalid("quantifier operand invalid")
        exact = re.fullmatch(r"\{(\d+)\}", quantifier)
        return quantifier, "" if exact and kind == "greedy" else kind

    def _bounds(self) -> str:
        match = re.compile(r"\{(\d+)(,?)(\d*)\}").match(self.text, self.at)
        if match is None:
            raise invalid("invalid repetition count(s)" if "}" in self.text[self.at :] else "braces {} not balanced")
        low, high = int(match[1]), int(match[3]) if match[3] else None
        if low > REPEAT_MAX or (high is not None and (high > REPEAT_MAX or high < low)):
            raise invalid("invalid repetition count(s)")
        self.at = match.end()
        return match[0]

    def _atom(self) -> tuple[str, bool, str]:
        """(source, whether it may be quantified, its preference)"""
        if self._peek() == "(":
            self.at += 1
            return self._group()
        return (*self._simple(), "")

    def _simple(self) -> tuple[str, bool]:
        char = self._peek()
        self.at += 1
        if char == "[":
            return self._bracket()
        if char == ".":
            return ".", True
        if char == "^":
            return "^", False
        if char == "$":
            return ("$" if self.flags.anchors else r"\Z"), False
        if char == "\\":
            return self._escape()
        if char in "*+?":
            raise invalid("quantifier operand invalid")
        return re.escape(char), True

    def _group(self) -> tuple[str, bool, str]:
        opening, quantifiable = "(", True
        for prefix in ("?:", "?=", "?!", "?<=", "?<!"):
            if self.text.startswith(prefix, self.at):
                self.at += len(prefix)
                opening, quantifiable = "(" + prefix, prefix == "?:"
                break
        else:
            if self._peek() == "?":
                raise invalid("quantifier operand invalid")
            self.groups += 1
        self.depth += 1
        body, preference = self._branches()
        self.depth -= 1
        if self._peek() != ")":
            raise invalid("parentheses () not balanced")
        self.at += 1
        return f"{opening}{body})", quantifiable, preference

    def _escape(self) -> tuple[str, bool]:
        if self.at >= len(self.text):
            raise invalid("invalid escape \\ sequence")
        char = self._peek()
        self.at += 1
        if char in "xuU":
            return re.escape(self._hex(char)), True
        if char == "c":
            code = self._peek()
            self.at += 1
            return re.escape(chr(ord(code) & 31)), True
        if char.isdigit() and char != "0":
            number = char
            while self._peek().isdigit() and int(number + self._peek()) <= self.groups:
                number += self._peek()
                self.at += 1
            if int(number) > self.groups:
                raise invalid("invalid backreference number")
            return f"(?:\\{number})", True
        if char in _ESCAPES:
            return _ESCAPES[char], char not in _CONSTRAINTS
        if char.isalnum():
            raise invalid("invalid escape \\ sequence")
        return re.escape(char), True

    def _hex(self, kind: str) -> str:
        width = {"x": 255, "u": 4, "U": 8}[kind]
        match = re.compile(r"[0-9A-Fa-f]{1,%d}" % width).match(self.text, self.at)
        if match is None or (kind != "x" and len(match[0]) != width):
            raise invalid("invalid escape \\ sequence")
        self.at = match.end()
        code = int(match[0], 16)
        if code > 0x10FFFF:
            raise invalid("invalid escape \\ sequence")
        return chr(code)

    # ---- bracket expressions

    def _bracket(self) -> tuple[str, bool]:
        if self.text.startswith("[:<:]]", self.at) or self.text.startswith("[:>:]]", self.at):
            start = self._peek(3)[2] == "<"
            self.at += 6
            return (r"\b(?=\w)" if start else r"\b(?<=\w)"), False
        negated = self._peek() == "^"
        if negated:
            self.at += 1
        members, alternatives, first = [], [], True
        while True:
            char = self._peek()
            if not char:
                raise invalid("brackets [] not balanced")
            if char == "]" and not first:
                self.at += 1
                break
            first = False
            self._member(members, alternatives)
        if negated and not self.flags.dot_newline:
            members.append("\\n")
        inside = "".join(members)
        if not alternatives:
            return f"[{'^' if negated else ''}{inside}]", True
        options = [f"[{inside}]"] if inside else []
        options += [f"[{a}]" for a in alternatives]
        joined = "|".join(options)
        return (f"(?:(?!{joined})(?s:.))" if negated else f"(?:{joined})"), True

    def _member(self, members: list[str], alternatives: list[str]) -> None:
        if self._peek(2) == "[:":
            end = self.text.find(":]", self.at)
            name = self.text[self.at + 2 : end] if end > 0 else ""
            if name not in _CLASSES:
                raise invalid("invalid character class")
            self.at = end + 2
            content = _CLASSES[name]
            if self.flags.ignore_case and name in ("upper", "lower"):
                content = _CLASSES["alpha"]
            (alternatives if content.startswith("^") else members).append(content)
            return
        if self._peek() == "\\" and self._peek(2)[1:] in tuple("dDsSwW"):
            if self._peek(2)[1:] in "DSW" and self.flags.basic == "advanced":
                members.append(self._peek(2))
            else:
                members.append(self._peek(2))
            self.at += 2
            return
        low = self._character()
        if self._peek() == "-" and self._peek(2)[1:] not in ("]", ""):
            self.at += 1
            high = self._character()
            if high < low:
                raise invalid("invalid character range")
            members.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            members.append(re.escape(low) if low != "^" else r"\^")

    def _character(self) -> str:
        if self._peek(2) in ("[.", "[="):
            closing = self._peek(2)[1] + "]"
            end = self.text.find(closing, self.at + 2)
            if end < 0:
                raise invalid("brackets [] not balanced")
            name = self.text[self.at + 2 : end]
            self.at = end + 2
            if len(name) != 1 and name not in _NAMED:
                raise invalid("invalid collating element")
            return _NAMED.get(name, name)
        char = self._peek()
        self.at += 1
        if char != "\\" or self.flags.basic != "advanced":
            return char
        escaped = self._peek()
        self.at += 1
        if escaped in "xuU" and escaped:
            return self._hex(escaped)
        plain = {"a": "\a", "b": "\b", "B": "\\", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
        if escaped in plain:
            return plain[escaped]
        if escaped.isalnum() and escaped != "0":
            raise invalid("invalid escape \\ sequence")
        return "\0" if escaped == "0" else escaped
