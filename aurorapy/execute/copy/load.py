"""COPY FROM: chunks of a file format become values, column by column, a row at a time.

    loader = Loader(table_name, names, types, typmods, options, context)
    for row in loader.feed(chunk): insert(row)
    for row in loader.finish(): insert(row)

`header` lines are skipped, or compared with the column names (HEADER MATCH). Errors carry PostgreSQL's context:

    CONTEXT:  COPY t, line 3, column n: "abc"

Errors: 22P04 wrong number of fields, what the types' input raises.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator

from aurorapy.errors import DatabaseError, DataError
from aurorapy.execute.copy.binary import BinaryReader
from aurorapy.execute.copy.csv import CsvReader
from aurorapy.execute.copy.options import CopyOptions
from aurorapy.execute.copy.text import TextReader
from aurorapy.types.model import Type, TypeContext

_SHOWN_MAX = 100


class Loader:
    def __init__(self, table: str, names: list[str], types: list[Type], typmods: list[int], options: CopyOptions,
                 context: TypeContext) -> None:  # fmt: skip
        self._table = table
        self._names = names
        self._options = options
        self.line = 0
        self._column: int | None = None
        self._field: Any = None
        self.header_pending = options.header
        if options.format == "binary":
            self._reader: Any = BinaryReader(len(names))
            self._converters = [_receiver(t, m, context) for t, m in zip(types, typmods)]
        else:
            csv = options.format == "csv"
            self._reader = CsvReader(options, names) if csv else TextReader(options.delimiter, options.null)
            self._converters = [_parser(t, m, context) for t, m in zip(types, typmods)]
        self._count = len(names)

    @property
    def ended(self) -> bool:
        """The data said it was over; what follows is ignored."""
        return self._reader.ended

    @property
    def place(self) -> str:
        return self.place_of(self.line)

    def place_of(self, line: int) -> str:
        return f"COPY {self._table}, line {line}"

    @property
    def where(self) -> str:
        """The context of an error that the last row's insertion raised."""
        raw = getattr(self._reader, "raw", None)
        return self.place if raw is None else f'{self.place}: "{_shown(raw)}"'

    def feed(self, chunk: bytes) -> Iterator[tuple]:
        return self._convert(self._guard(self._reader.feed(chunk)))

    def finish(self) -> Iterator[tuple]:
        return self._convert(self._guard(self._reader.finish()))

    def _guard(self, rows: Iterable[list]) -> Iterator[list]:
        """Errors of the reader itself happen on the line after the last one it gave."""
        try:
            yield from rows
        except DatabaseError as error:
            if error.where is None:
                error.where = f"COPY {self._table}, line {self.line + 1}"
            raise

    def _convert(self, rows: Iterator[list]) -> Iterator[tuple]:
        converters, count = self._converters, self._count
        for fields in rows:
            self.line += 1
            if self.header_pending:
                self.header_pending = False
                self._check_header(fields)
                continue
            if len(fields) != count:
                self._wrong_count(fields)
            column = 0
            values = []
            try:
                for convert, field in zip(converters, fields):
                    values.append(None if field is None else convert(field))
                    column += 1
            except DatabaseError as error:
                self._locate(error, column, fields[column])
                raise
            yield tuple(values)

    def _locate(self, error: DatabaseError, column: int, field: Any) -> None:
        if error.where is not None:
            return
        where = f"COPY {self._table}, line {self.line}, column {self._names[column]}"
        if isinstance(field, str):
            where += f': "{_shown(field)}"'
        error.where = where

    def _wrong_count(self, fields: list) -> None:
        names = self._names
        if len(fields) < len(names):
            message = f'missing data for column "{names[len(fields)]}"'
        else:
            message = "extra data after last expected column"
        raise DataError(message, sqlstate="22P04", where=self.where)

    def _check_header(self, fields: list) -> None:
        if not self._options.header_match:
            return
        if len(fields) != len(self._names):
            raise DataError(
                f"wrong number of fields in header line: got {len(fields)}, expected {len(self._names)}",
                sqlstate="22P04", where=f"COPY {self._table}, line 1",
            )  # fmt: skip
        for position, (field, name) in enumerate(zip(fields, self._names), 1):
            if field != name:
                raise DataError(
                    f'column name mismatch in header line field {position}: got "{field}", expected "{name}"',
                    sqlstate="22P04", where=f"COPY {self._table}, line 1",
                )  # fmt: skip


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "..."


def _parser(type_: Type, typmod: int, context: TypeContext) -> Callable[[str], Any]:
    parse = type_.input
    return lambda text: parse(text, typmod, context)


def _receiver(type_: Type, typmod: int, context: TypeContext) -> Callable[[bytes], Any]:
    receive = type_.receive
    return lambda data: receive(data, typmod, context)
