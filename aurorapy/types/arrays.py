"""Arrays of any type, int2vector and oidvector: one reader and one writer, told the element's Type.

    {1,NULL,"a \\"b\\""}     [0:1][1:2]={{1,2},{3,4}}  → Array(items=(1, 2, 3, 4), dims=(2, 2), lower=(0, 1))

Inside braces blanks around an element do not count; quotes and backslashes make anything an element; NULL unquoted is
NULL. Errors are 22P02 `malformed array literal` with a DETAIL that says what was expected. Ragged
literals like {{1},{{2}}}, some of which PostgreSQL 15 misreads, are all refused.

Binary form: dimensions, has-nulls flag, element OID, then (length, lower bound) a dimension, then length-prefixed
elements, -1 for NULL.

Not here: subscripts, slices and array functions (`expressions.functions`).
"""

from __future__ import annotations

import re
from struct import pack, unpack_from

from aurorapy.errors import DataError, ProgramLimitExceeded
from aurorapy.types.codec import Codec
from aurorapy.types.model import Type
from aurorapy.types.values import Array

DIMS_MAX = 6
PIECE_ITEMS = 4096  # whose texts are joined in one step
ITEMS_MAX = 134_217_727
_RAGGED = "Multidimensional arrays must have sub-arrays with matching dimensions."
_SPACE = " \t\n\r\v\f"
_DIMENSION = re.compile(r"[ \t\n\r\v\f]*\[")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_QUOTED_PART = re.compile(r'[^"\\]*')
_SIMPLE = re.compile(r"\{-?[0-9][0-9.:\-]*(?:,-?[0-9][0-9.:\-]*)*\}").fullmatch  # numbers, dates: nothing to unquote
_MUST_QUOTE = re.compile(r'[\s{}"\\,]', re.ASCII)


def _malformed(text: str, detail: str) -> DataError:
    return DataError(f'malformed array literal: "{text}"', sqlstate="22P02", detail=detail)


class _Reader:
    """One pass over one literal; `items` fills up in row-major order as braces are followed."""

    def __init__(self, text: str, typmod: int, ctx, element: Type) -> None:
        self.text = text
        self.place = 0
        self.contents = 0  # where the braces start, for errors
        self.typmod = typmod
        self.ctx = ctx
        self.element = element
        self.items: list[str | None] = []  # texts; read only when the whole literal is well formed

    def read(self) -> Array:
        text = self.text
        dims, lower = self._dimensions()
        self._skip_space()
        if not text.startswith("{", self.place):
            start = 'Array contents must start with "{".'
            raise _malformed(text, start if dims else 'Array value must start with "{" or dimension information.')
        self.contents = self.place
        lengths = self._braces()
        self._skip_space()
        if self.place < len(text):
            raise self._bad("Junk after closing right brace.")
        if dims and tuple(lengths) != dims:
            raise _malformed(text, "Specified array dimensions do not match array contents.")
        if not self.items:
            return Array((), (), (), self.element.oid)
        for low, length in zip(lower, lengths):
            if low + length > 0x7FFFFFFF:
                raise ProgramLimitExceeded(f"array lower bound is too large: {low}")
        read, typmod, ctx = self.element.input, self.typmod, self.ctx
        items = tuple([None if raw is None else read(raw, typmod, ctx) for raw in self.items])
        return Array(items, tuple(lengths), lower or (1,) * len(lengths), self.element.oid)

    def _bad(self, detail: str) -> DataError:
        """An error between the braces: PostgreSQL shows the literal from the first brace on."""
        return _malformed(self.text[self.contents :], detail)

    def _skip_space(self) -> None:
        text, place = self.text, self.place
        while place < len(text) and text[place] in _SPACE:
            place += 1
        self.place = place

    # [lower:upper]...=

    def _dimensions(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        text = self.text
        lengths: list[int] = []
        lowers: list[int] = []
        while match := _DIMENSION.match(text, self.place):
            self.place = match.end()
            if len(lengths) == DIMS_MAX:
                raise _too_many_dimensions(DIMS_MAX + 1)
            low, high = self._bounds()
            if high < low:
                raise DataError("upper bound cannot be less than lower bound", sqlstate="2202E")
            lengths.append(high - low + 1)
            lowers.append(low)
        if lengths:
            self._skip_space()
            if not text.startswith("=", self.place):
                raise _malformed(text, 'Missing "=" after array dimensions.')
            self.place += 1
        return tuple(lengths), tuple(lowers)

    def _bounds(self) -> tuple[int, int]:
        first = self._bound('"[" must introduce explicitly-specified array dimensions.')
        low, high = 1, first
        if self.text.startswith(":", self.place):
            self.place += 1
            low, high = first, self._bound("Missing array dimension value.")
        if not self.text.startswith("]", self.place):
            raise _malformed(self.text, 'Missing "]" after array dimensions.')
        self.place += 1
        return low, high

    def _bound(self, missing: str) -> int:
        match = _INTEGER.match(self.text, self.place)
        if match is None:
            raise _malformed(self.text, missing)
        self.place = match.end()
        return max(-(1 << 31), min(int(match[0][:20]), (1 << 31) - 1))

    # {...}

    def _braces(self) -> list[int]:
        """Reads from `{` to its `}`; returns the lengths of all dimensions."""
        lengths: list[int] = []  # by depth, outermost first; fixed by the first complete row of that depth
        counts: list[int] = []  # of the braces that are open
        after_item = after_comma = False
        text, depth_of_items = self.text, 0
        while True:
            self._skip_space()
            char = text[self.place : self.place + 1]
            if char == "":
                raise self._bad("Unexpected end of input.")
            if char == "{":
                if after_item or after_comma and len(counts) == depth_of_items:
                    raise self._bad('Unexpected "{" character.')
                if len(counts) == DIMS_MAX:
                    raise _too_many_dimensions(DIMS_MAX + 1)
                if depth_of_items and len(counts) >= depth_of_items:
                    raise self._bad(_RAGGED)
                self.place += 1
                counts.append(0)
                after_comma = False
            elif char == "}":
                if after_comma or (not after_item and counts[-1]):
                    raise self._bad('Unexpected "}" character.')
                if not after_item and (len(counts) > 1 or lengths):
                    raise self._bad('Unexpected "}" character.')
                self.place += 1
                depth, count = len(counts), counts.pop()
                while len(lengths) < depth:
                    lengths.append(-1)
                if lengths[depth - 1] not in (-1, count):
                    raise self._bad(_RAGGED)
                lengths[depth - 1] = count
                if not counts:
                    return lengths
                counts[-1] += 1
                after_item = True
            elif char == self.element.delimiter:
                if not after_item:
                    raise self._bad(f'Unexpected "{char}" character.')
                self.place += 1
                after_item, after_comma = False, True
            else:
                if after_item:
                    raise self._bad(self._misplaced(char))
                if len(lengths) > len(counts):
                    raise self._bad(self._misplaced(char))
                if depth_of_items not in (0, len(counts)):
                    raise self._bad(_RAGGED)
                depth_of_items = len(counts)
                self._item()
                counts[-1] += 1
                after_item, after_comma = True, False

    @staticmethod
    def _misplaced(char: str) -> str:
        return f'Unexpected "{char}" character.' if char in "\\{" else "Unexpected array element."

    def _item(self) -> None:
        text = self.text
        if text[self.place] == '"':
            raw, quoted = self._quoted(), True
            self._skip_space()
            if self.place < len(text) and text[self.place] not in "},":
                raise self._bad(self._misplaced(text[self.place]))
        else:
            raw, quoted = self._unquoted()
        if not quoted and raw.lower() == "null":
            self.items.append(None)
        else:
            self.items.append(raw)

    def _quoted(self) -> str:
        text = self.text
        parts: list[str] = []
        place = self.place + 1
        while True:
            match = _QUOTED_PART.match(text, place)
            parts.append(match[0])
            place = match.end()
            if place >= len(text):
                raise self._bad("Unexpected end of input.")
            if text[place] == '"':
                self.place = place + 1
                return "".join(parts)
            if place + 1 >= len(text):
                raise self._bad("Unexpected end of input.")
            parts.append(text[place + 1])
            place += 2

    def _unquoted(self) -> tuple[str, bool]:
        """An element without quotes: its text without blanks at the end, and whether a backslash made it literal."""
        text, delimiter = self.text, self.element.delimiter
        parts: list[str] = []
        kept = 0  # characters that trimming must not touch
        escaped = False
        while True:
            start = self.place
            while self.place < len(text) and text[self.place] not in '{}"\\' and text[self.place] != delimiter:
                self.place += 1
            parts.append(text[start : self.place])
            char = text[self.place : self.place + 1]
            if char == "\\":
                if self.place + 1 >= len(text):
                    raise self._bad("Unexpected end of input.")
                parts.append(text[self.place + 1])
                self.place += 2
                kept = sum(map(len, parts))
                escaped = True
                continue
            if char == '"':
                raise self._bad("Unexpected array element.")
            if char == "{":
                raise self._bad('Unexpected "{" character.')
            if char == "":
                raise self._bad("Unexpected end of input.")
            raw = "".join(parts)
            return raw[:kept] + raw[kept:].rstrip(_SPACE), escaped


def _too_many_dimensions(count: int) -> ProgramLimitExceeded:
    return ProgramLimitExceeded(f"number of array dimensions ({count}) exceeds the maximum allowed ({DIMS_MAX})")


def quote(text: str, delimiter: str = ",") -> str:
    """An element's text as it stands inside braces."""
    if text and not _MUST_QUOTE.search(text) and text.lower() != "null" and delimiter not in text:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _show(value: Array, ctx, element: Type) -> str:
    if not value.items:
        return "{}"
    items, delimiter = value.items, element.delimiter
    if len(value.dims) == 1:
        starts = range(0, len(items), PIECE_ITEMS)
        pieces = [delimiter.join(_texts(items[i : i + PIECE_ITEMS], ctx, element)) for i in starts]
        return _shown_bounds(value) + "{" + delimiter.join(pieces) + "}"
    texts = _texts(items, ctx, element)
    for length in reversed(value.dims):
        texts = ["{" + delimiter.join(texts[i : i + length]) + "}" for i in range(0, len(texts), length)]
    return _shown_bounds(value) + texts[0]


def _texts(items: tuple, ctx, element: Type) -> list[str]:
    output, delimiter = element.output, element.delimiter
    if element.category == "N" and element.storage in "248u" and element.name[:3] != "reg":
        return ["NULL" if item is None else output(item, ctx) for item in items]
    return ["NULL" if item is None else quote(output(item, ctx), delimiter) for item in items]


def _shown_bounds(value: Array) -> str:
    if all(low == 1 for low in value.lower):
        return ""
    bounds = [f"[{low}:{low + length - 1}]" for low, length in zip(value.lower, value.dims)]
    return "".join(bounds) + "="


def _send(value: Array, ctx, element: Type) -> bytes:
    has_nulls = int(None in value.items)
    parts = [pack(">iiI", len(value.dims), has_nulls, element.oid)]
    parts += [pack(">ii", length, low) for length, low in zip(value.dims, value.lower)]
    for item in value.items:
        if item is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            data = element.send(item, ctx)
            parts += (pack(">i", len(data)), data)
    return b"".join(parts)


def _receive(data: bytes, typmod: int, ctx, element: Type) -> Array:
    if len(data) < 12:
        raise _short()
    count, flags, oid = unpack_from(">iiI", data)
    if count < 0:
        raise DataError(f"invalid number of dimensions: {count}", sqlstate="22P03")
    if count > DIMS_MAX:
        raise _too_many_dimensions(count)
    if flags not in (0, 1):
        raise DataError("invalid array flags", sqlstate="22P03")
    if oid != element.oid:
        raise DataError(
            f"binary data has array element type {oid} instead of expected {element.oid}"
            f" ({element.sql_name or element.name})", sqlstate="42804",
        )
    place = 12 + 8 * count
    if len(data) < place:
        raise _short()
    bounds = unpack_from(f">{2 * count}i", data, 12)
    dims, lower = bounds[::2], bounds[1::2]
    total = 1 if count else 0
    for length in dims:
        total *= length
        if length < 0 or total > ITEMS_MAX:
            raise ProgramLimitExceeded(f"array size exceeds the maximum allowed ({ITEMS_MAX})")
    items = []
    for _ in range(total):
        if len(data) < place + 4:
            raise _short()
        (size,) = unpack_from(">i", data, place)
        place += 4
        if size < -1 or size > len(data) - place:
            raise DataError("insufficient data left in message", sqlstate="22P03")
        if size == -1:
            items.append(None)
            continue
        items.append(element.receive(data[place : place + size], typmod, ctx))
        place += size
    if place != len(data):
        raise DataError("incorrect binary data format", sqlstate="22P03")
    return Array(tuple(items), dims, lower, oid) if items else Array((), (), (), oid)


def _short() -> DataError:
    return DataError("insufficient data left in message", sqlstate="08P01")


def array_codec(element: Type) -> Codec:
    """The conversions of the array type over `element`; also for arrays of user types."""

    def parse(text: str, typmod: int, ctx) -> Array:
        if _SIMPLE(text) and element.delimiter == ",":
            read = element.input
            items = [read(word, typmod, ctx) for word in text[1:-1].split(",")]
            return Array(tuple(items), (len(items),), (1,), element.oid)
        return _Reader(text, typmod, ctx, element).read()

    def show(value: Array, ctx) -> str:
        return _show(value, ctx, element)

    def receive(data: bytes, typmod: int, ctx) -> Array:
        return _receive(data, typmod, ctx, element)

    def send(value: Array, ctx) -> bytes:
        return _send(value, ctx, element)

    return Codec(
        parse, show, receive, send, storage="a", key="a" if element.key else "",
        typmod_in=element.typmod_in, typmod_out=element.typmod_out,
    )


def vector_codec(name: str, element: Type) -> Codec:
    """int2vector and oidvector: elements between blanks, one dimension from 0."""

    def parse(text: str, typmod, ctx) -> Array:
        items, place = [], 0
        while rest := text[place:].lstrip(_SPACE):
            match = _INTEGER.match(rest)
            word = match[0] if match else rest
            if name == "int2vector":
                word = re.split(r"[ \t\n\r\v\f]", rest, maxsplit=1)[0]
            items.append(element.input(word, -1, ctx))
            place = len(text) - len(rest) + len(word)
        return vector(tuple(items))

    def vector(items: tuple) -> Array:
        return Array(items, (len(items),), (0,), element.oid)

    def show(value: Array, ctx) -> str:
        return " ".join([element.output(item, ctx) for item in value.items])

    def receive(data: bytes, typmod, ctx) -> Array:
        array = _receive(data, -1, ctx, element)
        if None in array.items or len(array.dims) > 1 or array.lower not in ((), (0,)):
            raise DataError(f"invalid {name} data", sqlstate="22P03")
        return vector(array.items)

    def send(value: Array, ctx) -> bytes:
        return _send(value, ctx, element)

    return Codec(parse, show, receive, send, storage="a", key="a" if name == "oidvector" else "")
