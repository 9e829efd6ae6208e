"""COPY's text format: a row a line, fields between delimiters, backslash escapes, \\N for NULL, `\\.` ends the data.

    reader = TextReader("\\t", "\\\\N")
    for fields in reader.feed(chunk): …      # fields: list of str or None
    for fields in reader.finish(): …

Errors: 22021 invalid UTF-8, 22P04 a stray carriage return or newline.
"""

from __future__ import annotations

import re
from typing import Iterable, Iterator

from aurorapy.errors import DataError

_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.S)
_SPECIAL = re.compile(r"[\\\x08\x0c\n\r\t\x0b]")
_WRITTEN = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}


def decode_utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        shown = " ".join(f"0x{b:02x}" for b in data[error.start : error.start + _sequence_length(data[error.start])])
        raise DataError(f'invalid byte sequence for encoding "UTF8": {shown}', sqlstate="22021") from None


def _sequence_length(first: int) -> int:
    return 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4


class TextReader:
    def __init__(self, delimiter: str, null: str) -> None:
        self._delimiter = delimiter
        self._null = null
        self._rest = b""
        self._crlf: bool | None = None
        self.raw = ""  # the line of the row last given
        self.ended = False

    def feed(self, chunk: bytes) -> Iterator[list[str | None]]:
        """The complete rows so far."""
        if self.ended:
            return iter(())
        data = self._rest + chunk if self._rest else chunk
        cut = data.rfind(b"\n") + 1
        while cut and self._escaped(data, cut - 1):
            cut = data.rfind(b"\n", 0, cut - 1) + 1
        self._rest = data[cut:]
        return self._rows(data[:cut]) if cut else iter(())

    def finish(self) -> Iterator[list[str | None]]:
        data, self._rest = self._rest, b""
        return self._rows(data + b"\n") if data and not self.ended else iter(())

    @staticmethod
    def _escaped(data: bytes, at: int) -> bool:
        """Is the newline at `at` behind an odd number of backslashes?"""
        count = 0
        while at - count > 0 and data[at - count - 1] == 0x5C:
            count += 1
        return count % 2 == 1

    def _rows(self, data: bytes) -> Iterator[list[str | None]]:
        text = decode_utf8(data)
        if self._crlf is None:
            self._crlf = "\r\n" in text[: text.index("\n") + 1]
        if "\\" not in text and "\r" not in text:
            delimiter, null = self._delimiter, self._null
            if null.startswith("\\"):
                for line in text[:-1].split("\n"):
                    self.raw = line
                    yield line.split(delimiter)
            else:
                for line in text[:-1].split("\n"):
                    self.raw = line
                    yield [None if f == null else f for f in line.split(delimiter)]
            return
        lines = text[:-1].split("\n")
        index = 0
        while index < len(lines):
            line = lines[index]
            while self._escaped_end(line) and index + 1 < len(lines):
                index += 1
                line = line + "\n" + lines[index]
            index += 1
            if line.endswith("\r"):
                line = line[:-1]
            if line == "\\.":
                self.ended = True
                return
            if "\r" in line.replace("\\\r", ""):
                raise DataError(
                    "literal carriage return found in data", sqlstate="22P04",
                    hint='Use "\\r" to represent carriage return.',
                )  # fmt: skip
            self.raw = line
            yield self._fields(line)

    @staticmethod
    def _escaped_end(line: str) -> bool:
        return (len(line) - len(line.rstrip("\\"))) % 2 == 1

    def _fields(self, line: str) -> list[str | None]:
        null = self._null
        if "\\" not in line:
            return [None if f == null else f for f in line.split(self._delimiter)]
        return [None if f == null else unescape(f) for f in self._split(line)]

    def _split(self, line: str) -> list[str]:
        """Split at delimiters that no backslash stands before."""
        parts = line.split(self._delimiter)
        fields: list[str] = []
        for part in parts:
            if fields and self._escaped_end(fields[-1]):
                fields[-1] += self._delimiter + part
            else:
                fields.append(part)
        return fields


def unescape(field: str) -> str:
    if "\\" not in field:
        return field
    bytes_seen = False

    def replace(match: re.Match) -> str:
        nonlocal bytes_seen
        hexadecimal, octal, other = match.groups()
        if hexadecimal is not None or octal is not None:
            bytes_seen = True
            code = int(hexadecimal, 16) if hexadecimal is not None else int(octal, 8) & 0xFF
            return chr(0xDC00 + code) if code >= 0x80 else chr(code)
        return _ESCAPES.get(other, other)

    result = _ESCAPE.sub(replace, field)
    if not bytes_seen:
        return result
    if "\0" in result:
        raise DataError('invalid byte sequence for encoding "UTF8": 0x00', sqlstate="22021")
    return decode_utf8(result.encode("utf-8", "surrogateescape"))


def write_line(fields: Iterable[str | None], delimiter: str, null: str) -> str:
    return delimiter.join([null if f is None else escape(f, delimiter) for f in fields]) + "\n"


def escape(field: str, delimiter: str) -> str:
    if _SPECIAL.search(field) is not None:
        field = _SPECIAL.sub(lambda m: _WRITTEN[m.group()], field)
    if delimiter != "\t" and delimiter in field:
        field = field.replace(delimiter, "\\" + delimiter)
    return field
