"""What may trail an operand or a query: sort directions, row locks, FILTER, WITHIN GROUP, OVER and window frames.

Not here: the clauses themselves (`clauses`).
"""

from __future__ import annotations

from typing import Any

from sqlglot.tokens import TokenType as T

from aurorapy.sql.parse import raw
from aurorapy.sql.parse.frames import Frame
from aurorapy.sql.parse.handlers import after, before, both
from aurorapy.sql.parse.marks import FrameMark, Word
from aurorapy.sql.parse.typenames import type_name
from aurorapy_native.lexer import INTEGER, NUMBER, PARAM, STRING, WORD

# -- ORDER BY, locks, windows ------------------------------------------------------------------------------------------
@after("asc", "desc")
def _direction(f, word: str) -> bool:
    f.emit(T.ASC if word == "asc" else T.DESC, word.upper())
    f.at += 1
    return True


@after("nulls")
def _nulls(f, word: str) -> bool:
    if f.word(1) not in ("first", "last"):
        return False
    f.emit(T.VAR, "NULLS")
    f.emit(T.FIRST if f.word(1) == "first" else T.VAR, f.word(1).upper())
    f.at += 2
    return True


LOCKS = (("update",), ("no", "key", "update"), ("share",), ("key", "share"))


@after("for")
def _for(f, word: str) -> bool:
    if word in f.frame.separators:
        f.separator(word)
        return True
    if f.frame.joins:
        raise f.error()
    f.at += 1
    if f.accept("read", "only"):
        return True
    for words in LOCKS:
        if f.accept(*words):
            break
    else:
        raise f.error()
    f.emit(T.FOR, "FOR")
    for each in words:
        f.emit(T.UPDATE if each == "update" else T.VAR, each.upper())
    if f.accept("of"):
        f.emit(T.VAR, "OF")
        f.emit_mark(Word(f.name().name, f.source.position(f.at - 1)))
        while f.accept(","):
            f.emit(T.COMMA, ",")
            f.emit_mark(Word(f.name().name, f.source.position(f.at - 1)))
    if f.accept("nowait"):
        f.emit(T.VAR, "NOWAIT")
    elif f.accept("skip", "locked"):
        f.emit(T.VAR, "SKIP")
        f.emit(T.VAR, "LOCKED")
    return True


@before("for")
def _for_before(f, word: str) -> bool:
    if word in f.frame.separators:
        f.separator(word)
        return True
    if f.need:
        raise f.error()
    return _for(f, word)


@after("filter")
def _filter(f, word: str) -> bool:
    if not f.sees("filter", "(", "where"):
        return False
    f.emit(T.FILTER, "FILTER")
    f.at += 1
    f.open(Frame(")"))
    return True


@after("within")
def _within(f, word: str) -> bool:
    if not f.sees("within", "group", "("):
        return False
    f.emit(T.VAR, "WITHIN")
    f.emit(T.VAR, "GROUP")
    f.at += 2
    f.open(Frame(")"))
    return True


@after("over")
def _over(f, word: str) -> bool:
    if f.punct(-1) != ")":
        return False
    f.emit(T.OVER, "OVER")
    f.at += 1
    if f.sees("("):
        f.open(Frame(")", "window"))
        return True
    f.emit_mark(Word(f.identifier(), f.source.position(f.at - 1)))
    return True


@both("partition")
def _partition(f, word: str) -> bool:
    if f.frame.kind != "window" or f.word(1) != "by":
        return False
    f.keyword(T.PARTITION_BY, "PARTITION BY", 2)
    f.frame.clause = "partition"
    return True


@both("range", "groups")
def window_frame(f, word: str) -> bool:
    """ROWS/RANGE/GROUPS ...: read here, carried behind the last sort or partition expression as a mark."""
    frame = f.frame
    if frame.kind != "window" or f.need and not f.operand:
        return False
    f.at += 1
    if f.accept("between"):
        start = _bound(f)
        f.expect("and")
        end = _bound(f)
    else:
        start, end = _bound(f), ("current row", None)
    exclude = ""
    if f.accept("exclude"):
        for words in (("current", "row"), ("group",), ("ties",), ("no", "others")):
            if f.accept(*words):
                exclude = " ".join(words)
    if f.operand and frame.clause in ("order", "partition"):
        f.emit(T.COMMA, ",")
    else:
        f.emit(T.ORDER_BY, "ORDER BY")
    f.emit_mark(FrameMark((word, *start, *end, exclude)))
    f.operand, f.need = True, False
    return True


def _bound(f) -> tuple[str, Any]:
    for words in (("unbounded", "preceding"), ("unbounded", "following"), ("current", "row")):
        if f.accept(*words):
            return " ".join(words), None
    position, kind, text = f.position(), f.kind(), f.texts[f.at]
    value: Any
    if kind in (INTEGER, NUMBER):
        value = raw.Literal("integer" if kind == INTEGER else "numeric", text, position=position)
        f.at += 1
    elif kind == PARAM:
        value = raw.Parameter(int(text), position=position)
        f.highest_param = max(f.highest_param, int(text))
        f.at += 1
    else:
        type_ = type_name(f) if kind == WORD else None
        if f.kind() != STRING:
            raise f.error()
        value = raw.Literal("string", f.texts[f.at], position=position)
        value = raw.Cast(value, type_, position=position) if type_ else value
        f.at += 1
    direction = f.accept_any("preceding", "following")
    if not direction:
        raise f.error()
    return direction, value
