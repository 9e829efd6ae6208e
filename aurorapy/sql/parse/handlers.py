"""The two tables of what words do in a query, and how a handler enters them.

A handler gets the feed and the word, and returns False when the word is only a name there. `left` begins a join behind
an operand and calls a function before one; `values` starts rows where a query may start and is a name elsewhere.

Not here: the handlers (`clauses`, `trailers`, `wordoperators`, `operands`).
"""

from __future__ import annotations

from typing import Any, Callable

from sqlglot.tokens import TokenType

from aurorapy.sql.parse.frames import Frame
from aurorapy.sql.parse.marks import CallMark

T = TokenType
Handler = Callable[[Any, str], bool]
BEFORE: dict[str, Handler] = {}
AFTER: dict[str, Handler] = {}


def before(*words: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        BEFORE.update(dict.fromkeys(words, handler))
        return handler

    return register


def after(*words: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        AFTER.update(dict.fromkeys(words, handler))
        return handler

    return register


def emit_call(f, name: str, frame: Frame, tokens: int, double: bool = False) -> CallMark:
    """`name(` with a mark for the name; `double` adds a pair of parentheses around a subquery."""
    mark = CallMark(name, f.position())
    f.begin_operand()
    f.emit_mark(mark)
    f.at += tokens - 1
    frame.mark = mark
    f.open(frame)
    if double:
        f.emit(T.L_PAREN, "(")
        frame.extra = 1
    return mark


def subquery_ahead(f, ahead: int) -> bool:
    """Whether a query begins `ahead` tokens on, perhaps behind more parentheses."""
    while f.punct(ahead) == "(":
        ahead += 1
    word = f.word(ahead)
    return word in ("select", "with", "table") or (word == "values" and f.punct(ahead + 1) == "(")


def both(*words: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        before(*words)(handler)
        return after(*words)(handler)

    return register
