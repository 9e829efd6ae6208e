"""VALUES rows and long IN lists of plain literals, read straight from the tokens.

    (1, 'a', NULL), (-2, 'b', DEFAULT), ...   ->   [[Literal, Literal, Literal], [Literal, Literal, DefaultValue], ...]

Not here: rows with expressions in them; those go through the query parser.
"""

from __future__ import annotations

from typing import Any

from aurorapy.sql.parse import raw
from aurorapy.sql.parse.cursor import Cursor
from aurorapy_native.lexer import BITS, INTEGER, NUMBER, OPERATOR, PARAM, PUNCT, STRING, WORD

KINDS = {STRING: "string", INTEGER: "integer", NUMBER: "numeric", BITS: "bits"}
WORDS = {"null": ("null", ""), "true": ("boolean", "true"), "false": ("boolean", "false")}


def plain_rows(c: Cursor) -> tuple[list[list[Any]], int, int] | None:
    """(rows, token behind them, highest $n) when the cursor stands on rows of nothing but literals."""
    at = c.at
    rows: list[list[Any]] = []
    highest = 0
    while True:
        row, at, number = plain_row(c, at)
        if row is None:
            return None
        rows.append(row)
        highest = max(highest, number)
        if at >= c.last or c.texts[at] != "," or c.kinds[at] != PUNCT:
            return rows, at, highest
        at += 1


def plain_row(c: Cursor, at: int) -> tuple[list[Any] | None, int, int]:
    """(values, token behind them, highest $n) of the row at token `at`; None when there is something else in it."""
    kinds, texts, starts, last = c.kinds, c.texts, c.source.starts, c.last
    row: list[Any] = []
    highest = 0
    if at >= last or texts[at] != "(" or kinds[at] != PUNCT:
        return None, at, 0
    while True:
        at += 1
        if at + 1 >= last:
            return None, at, 0
        kind, text, position = kinds[at], texts[at], starts[at] + 1
        if kind in KINDS:
            row.append(raw.Literal(KINDS[kind], text, position=position))
        elif kind == WORD and text in WORDS:
            row.append(raw.Literal(*WORDS[text], position=position))
        elif kind == WORD and text == "default":
            row.append(raw.DefaultValue(position=position))
        elif kind == PARAM and 0 < int(text) < 65536:
            highest = max(highest, int(text))
            row.append(raw.Parameter(int(text), position=position))
        elif kind == OPERATOR and text in ("-", "+") and kinds[at + 1] in (INTEGER, NUMBER):
            at += 1
            sign = "-" if text == "-" else ""
            row.append(raw.Literal(KINDS[kinds[at]], sign + texts[at], position=position))
        else:
            return None, at, 0
        at += 1
        if kinds[at] != PUNCT or at >= last:
            return None, at, 0
        if texts[at] == ")":
            return row, at + 1, highest
        if texts[at] != ",":
            return None, at, 0
