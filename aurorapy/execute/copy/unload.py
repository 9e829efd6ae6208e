"""COPY TO: rows of a query as chunks of the file format.

    for pieces, rows in unload(rows, columns, options, type_of, context): send(each piece)

A piece is a row, or the header, as PostgreSQL sends them; they come in lists of about 64 KB. Not here: where they go.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator

from aurorapy.execute.copy import binary, text
from aurorapy.execute.copy.csv import CsvWriter
from aurorapy.execute.copy.options import CopyOptions

CHUNK_BYTES = 64 * 1024
_PLAIN_TEXT = frozenset({19, 25, 114, 705, 1042, 1043, 194, 3802})


def unload(rows: Iterable[tuple], columns: list[Any], options: CopyOptions, type_of: Callable[[int], Any],
           context: Any) -> Iterator[tuple[list[bytes], int]]:  # fmt: skip
    """(pieces, rows among them) pairs; columns are execute.OutputColumns."""
    if options.format == "binary":
        yield from _binary(rows, columns, type_of, context)
        return
    outputs = [_output(c.type_oid, type_of, context) for c in columns]
    names = [c.name for c in columns]
    if options.format == "csv":
        writer = CsvWriter(options, names)
        line: Callable[[list], str] = writer.line
    else:
        delimiter, null = options.delimiter, options.null
        line = lambda fields: text.write_line(fields, delimiter, null)  # noqa: E731
    parts: list[bytes] = [line(names).encode()] if options.header else []
    size, count = 0, 0
    for row in rows:
        piece = line([None if v is None else out(v) for out, v in zip(outputs, row)]).encode()
        parts.append(piece)
        size += len(piece)
        count += 1
        if size >= CHUNK_BYTES:
            yield parts, count
            parts, size, count = [], 0, 0
    if parts:
        yield parts, count


def _output(oid: int, type_of: Callable[[int], Any], context: Any) -> Callable[[Any], str]:
    if oid in _PLAIN_TEXT:
        return str
    if oid in (20, 21, 23, 26):
        return int.__repr__
    if oid == 16:
        return lambda value: "t" if value else "f"
    output = type_of(oid).output
    return lambda value: output(value, context)


def _binary(rows: Iterable[tuple], columns: list[Any], type_of: Any, context: Any) -> Iterator[tuple[list[bytes], int]]:
    sends = [type_of(c.type_oid).send for c in columns]
    parts, size, count = [], 0, 0
    start = binary.HEADER
    for row in rows:
        piece = start + binary.write_row([None if v is None else send(v, context) for send, v in zip(sends, row)])
        start = b""
        parts.append(piece)
        size += len(piece)
        count += 1
        if size >= CHUNK_BYTES:
            yield parts, count
            parts, size, count = [], 0, 0
    parts.append(start + binary.TRAILER)
    yield parts, count
