"""json: checked, then kept as it was written.

    parse('{"a" : 1}') → '{"a" : 1}'        parse('[1,]') → 22P02, DETAIL: Expected JSON value, but found "]".

The C scanner of Python's json decides quickly whether a text is JSON; only a text it refuses, or that needs care, goes
through the lexer below, which finds PostgreSQL's words for what is wrong. `Checker` is shared with jsonb.

Not here: jsonb (`types.jsonb`), operators and functions.
"""

from __future__ import annotations

import json
import re

from aurorapy.errors import DataError, ProgramLimitExceeded
from aurorapy.types import text as plain
from aurorapy.types.codec import Codec

DEPTH_MAX = 6_000  # brackets that may be open at once
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_JUNK = re.compile(r"[A-Za-z0-9_\u0080-\U0010ffff]*")
_NUMBER_START = re.compile(r"-?(?:0|[1-9][0-9]*)?(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?")


def _refuse(constant: str):
    raise ValueError(constant)


_scan = json.JSONDecoder(
    parse_int=len, parse_float=len, parse_constant=_refuse, object_pairs_hook=lambda pairs: None
).raw_decode


def check(text: str) -> None:
    """Raises 22P02 with PostgreSQL's DETAIL and CONTEXT unless `text` is JSON."""
    start = _SPACE.match(text).end()
    try:
        _, end = _scan(text, start)
        if _SPACE.match(text, end).end() == len(text):
            return
    except (ValueError, RecursionError):
        pass
    Checker(text).check()


class Checker:
    """A lexer and a parser without recursion that stop at the first error.

    `place` is where the current token starts, `end` where it ends; `kind` is the token's first character, with `0` for
    a number, `t` for true, false and null, "" at the end. `strict` also wants escapes that stand for characters.
    """

    def __init__(self, text: str, strict: bool = False) -> None:
        self.text = text
        self.strict = strict
        self.place = self.end = 0
        self.kind = ""

    # lexer

    def advance(self) -> None:
        text = self.text
        self.place = place = _SPACE.match(text, self.end).end()
        char = text[place : place + 1]
        self.kind = char
        if char in "{}[],:" or not char:
            self.end = place + len(char)
        elif char == '"':
            self._string()
        elif char == "-" or char in "0123456789":
            self._number()
        else:
            self.end = end = _JUNK.match(text, place).end()
            if end == place:
                self.end = place + 1
                raise self._invalid_token()
            if text[place:end] not in ("true", "false", "null"):
                raise self._invalid_token()
            self.kind = "t"

    def _number(self) -> None:
        match = _NUMBER.match(self.text, self.place)
        junk_end = _JUNK.match(self.text, _NUMBER_START.match(self.text, self.place).end()).end()
        self.end = junk_end
        if match is None or match.end() != junk_end:
            raise self._invalid_token()
        self.kind = "0"

    def _string(self) -> None:
        text, place = self.text, self.place + 1
        high = 0
        while True:
            match_end = _PLAIN.match(text, place).end()
            if match_end > place and high:
                self.end = match_end if not self.strict else place + 1
                raise self._low_missing(place)
            place = match_end
            char = text[place : place + 1]
            if char == "":
                self.end = len(text)
                raise self._invalid_token()
            if char == '"':
                if high:
                    raise self._low_missing(place)
                self.end = place + 1
                return
            if char != "\\":
                self.end = place
                raise self.error(f"Character with value 0x{ord(char):02x} must be escaped.")
            place, high = self._escape(place + 1, high)

    def _escape(self, place: int, high: int) -> tuple[int, int]:
        """The place after an escape whose letter is at `place`, and the high surrogate it was, or 0."""
        text = self.text
        char = text[place : place + 1]
        if char == "":
            self.end = len(text)
            raise self._invalid_token()
        if char == "u":
            digits = text[place + 1 : place + 5]
            for offset, digit in enumerate(digits.ljust(4, "\0")):
                if digit == "\0" and offset >= len(digits):
                    self.end = len(text)
                    raise self._invalid_token()
                if digit not in "0123456789abcdefABCDEF":
                    self.end = place + 2 + offset
                    raise self.error('"\\u" must be followed by four hexadecimal digits.')
            return place + 5, self._code_point(int(digits, 16), high, place) if self.strict else 0
        if high:
            raise self._low_missing(place)
        if char not in '"\\/bfnrt':
            self.end = place + 1
            raise self.error(f'Escape sequence "\\{char}" is invalid.')
        return place + 1, 0

    def _code_point(self, code: int, high: int, place: int) -> int:
        self.end = place + 5
        if 0xD800 <= code < 0xDC00:
            if high:
                raise self.error("Unicode high surrogate must not follow a high surrogate.")
            return code
        if 0xDC00 <= code < 0xE000:
            if not high:
                raise self.error("Unicode low surrogate must follow a high surrogate.")
            return 0
        if high:
            raise self.error("Unicode low surrogate must follow a high surrogate.")
        if code == 0:
            raise self.error(
                "\\u0000 cannot be converted to text.", message="unsupported Unicode escape sequence", sqlstate="22P05"
            )
        return 0

    def _low_missing(self, place: int) -> DataError:
        self.end = place + 1
        return self.error("Unicode low surrogate must follow a high surrogate.")

    # parser

    def check(self) -> None:
        """One value and nothing behind it."""
        open_brackets: list[str] = []
        self.advance()
        while True:
            # a value is due
            kind = self.kind
            if kind in ("{", "["):
                if len(open_brackets) >= DEPTH_MAX:
                    raise stack_depth()
                open_brackets.append(kind)
                self.advance()
                if kind == "[" and self.kind != "]":
                    continue
                if kind == "{" and self.kind != "}":
                    self._key('Expected string or "}"')
                    continue
                self._close(open_brackets)
            elif kind in ("0", "t", '"'):
                self.advance()
            else:
                raise self._expected("JSON value")
            if self._after_value(open_brackets):
                return

    def _after_value(self, open_brackets: list[str]) -> bool:
        """Follows commas and closing brackets to where a value is due again; True at the end of the text."""
        while open_brackets:
            if self.kind == ",":
                self.advance()
                if open_brackets[-1] == "{":
                    self._key("Expected string")
                return False
            closing = "]" if open_brackets[-1] == "[" else "}"
            if self.kind != closing:
                raise self._expected(f'"," or "{closing}"')
            self._close(open_brackets)
        if self.kind:
            raise self._expected("end of input")
        return True

    def _close(self, open_brackets: list[str]) -> None:
        open_brackets.pop()
        self.advance()

    def _key(self, expected: str) -> None:
        if self.kind != '"':
            raise self._expected(expected.removeprefix("Expected "))
        self.advance()
        if self.kind != ":":
            raise self._expected('":"')
        self.advance()

    # errors

    def _expected(self, what: str) -> DataError:
        if not self.kind:
            return self.error("The input string ended unexpectedly.")
        return self.error(f'Expected {what}, but found "{self.text[self.place : self.end]}".')

    def _invalid_token(self) -> DataError:
        return self.error(f'Token "{self.text[self.place : self.end]}" is invalid.')

    def error(
        self, detail: str, message: str = "invalid input syntax for type json", sqlstate: str = "22P02"
    ) -> DataError:
        return DataError(message, sqlstate=sqlstate, detail=detail, where=self._context())

    def _context(self) -> str:
        """`JSON data, line 2: ...` with what stands before the error, at most about 50 bytes of it."""
        text, end = self.text, self.end
        line = 1 + text.count("\n", 0, self.place)
        start = text.rfind("\n", 0, self.place) + 1
        line_start = start
        while len(text[start:end].encode()) >= 50 and start < end:
            start += 1
        if start - line_start <= 3:
            start = line_start
        prefix = "..." if start > line_start else ""
        suffix = "..." if self.kind and end < len(text) and text[end] not in "\n\r" else ""
        return f"JSON data, line {line}: {prefix}{text[start:end]}{suffix}"


def stack_depth() -> ProgramLimitExceeded:
    return ProgramLimitExceeded(
        "stack depth limit exceeded", sqlstate="54001",
        hint='Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the '
        "platform's stack depth limit is adequate.",
    )


def parse(text: str, typmod, ctx) -> str:
    check(text)
    return text


def receive(data: bytes, typmod, ctx) -> str:
    text = plain.decode_utf8(data)
    check(text)
    return text


CODECS = {"json": Codec(parse, plain.show, receive, plain.send, storage="t")}
