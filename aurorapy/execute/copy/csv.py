"""COPY's CSV format: quoted fields may hold delimiters and line ends; an unquoted empty field is NULL by default.

Errors: 22P04 an unterminated quoted field.
"""

from __future__ import annotations

from typing import Iterable, Iterator

from aurorapy.errors import DataError
from aurorapy.execute.copy.options import CopyOptions
from aurorapy.execute.copy.text import decode_utf8


class CsvReader:
    def __init__(self, options: CopyOptions, columns: list[str]) -> None:
        self._delimiter = options.delimiter
        self._quote = options.quote
        self._escape = options.escape
        self._null = options.null
        self._force_not_null = _positions(options.force_not_null, columns)
        self._force_null = _positions(options.force_null, columns)
        self._rest = b""
        self.raw = ""  # the text of the row last given
        self.ended = False

    def feed(self, chunk: bytes) -> Iterator[list[str | None]]:
        if self.ended:
            return iter(())
        data = self._rest + chunk if self._rest else chunk
        cut = self._last_row_end(data)
        self._rest = data[cut:]
        return self._rows(decode_utf8(data[:cut])) if cut else iter(())

    def finish(self) -> Iterator[list[str | None]]:
        data, self._rest = self._rest, b""
        if not data or self.ended:
            return iter(())
        if self._last_row_end(data + b"\n") == 0:
            raise DataError("unterminated CSV quoted field", sqlstate="22P04")
        return self._rows(decode_utf8(data if data.endswith(b"\n") else data + b"\n"))

    def _last_row_end(self, data: bytes) -> int:
        """Position after the last newline outside quotes."""
        quote = self._quote.encode()
        if quote not in data:
            return data.rfind(b"\n") + 1
        escape = self._escape.encode()
        inside, end, at = False, 0, 0
        size = len(data)
        while at < size:
            byte = data[at : at + 1]
            if inside and byte == escape and data[at + 1 : at + 2] in (quote, escape) and data[at + 1 : at + 2]:
                at += 2
                continue
            if byte == quote:
                inside = not inside
            elif byte == b"\n" and not inside:
                end = at + 1
            at += 1
        return end

    def _rows(self, text: str) -> Iterator[list[str | None]]:
        at, size = 0, len(text)
        while at < size:
            if text.startswith("\\.", at) and text[at + 2 : at + 4].rstrip("\r") in ("\n", ""):
                self.ended = True
                return
            end = text.find("\n", at)
            line = text[at:end]
            if self._quote not in line:
                at = end + 1
                self.raw = line[:-1] if line.endswith("\r") else line
                yield self._plain(self.raw)
            else:
                start = at
                fields, at = self._quoted(text, at)
                self.raw = text[start : at - 1].removesuffix("\r")
                yield fields

    def _plain(self, line: str) -> list[str | None]:
        return [self._value(i, f, False) for i, f in enumerate(line.split(self._delimiter))]

    def _value(self, position: int, field: str, quoted: bool) -> str | None:
        if field == self._null:
            if quoted:
                return None if position in self._force_null else field
            return field if position in self._force_not_null else None
        return field

    def _quoted(self, text: str, at: int) -> tuple[list[str | None], int]:
        """One row from `at`, character by character; returns it and where the next begins."""
        quote, escape, delimiter = self._quote, self._escape, self._delimiter
        fields: list[str | None] = []
        parts: list[str] = []
        inside = was_quoted = False
        while True:
            char = text[at]
            if inside:
                if char == escape and text[at + 1 : at + 2] in (quote, escape) and text[at + 1 : at + 2]:
                    parts.append(text[at + 1])
                    at += 2
                    continue
                if char == quote:
                    inside = False
                else:
                    parts.append(char)
            elif char == quote:
                inside = was_quoted = True
            elif char == delimiter or char == "\n":
                field = "".join(parts)
                if char == "\n" and field.endswith("\r"):
                    field = field[:-1]
                fields.append(self._value(len(fields), field, was_quoted))
                parts.clear()
                was_quoted = False
                if char == "\n":
                    return fields, at + 1
            else:
                parts.append(char)
            at += 1


def _positions(names: list[str] | str | None, columns: list[str]) -> set[int]:
    if names is None:
        return set()
    if names == "*":
        return set(range(len(columns)))
    return {columns.index(name) for name in names if name in columns}


class CsvWriter:
    def __init__(self, options: CopyOptions, columns: list[str]) -> None:
        self._o = options
        self._forced = _positions(options.force_quote, columns)
        self._special = (options.delimiter, options.quote, "\n", "\r")

    def line(self, fields: Iterable[str | None]) -> str:
        fields = list(fields)
        alone = len(fields) == 1
        return self._o.delimiter.join([self._field(i, f, alone) for i, f in enumerate(fields)]) + "\n"

    def _field(self, position: int, field: str | None, alone: bool) -> str:
        o = self._o
        if field is None:
            return o.null
        needs = position in self._forced or field == o.null or any(s in field for s in self._special)
        if not needs and not (alone and field == "\\."):
            return field
        if o.escape != o.quote:
            field = field.replace(o.escape, o.escape + o.escape)
        return o.quote + field.replace(o.quote, o.escape + o.quote) + o.quote
