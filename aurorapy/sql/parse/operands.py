"""Operands that begin with a word of the grammar: constants, CASE, ARRAY, ROW, EXISTS, ANY, calls with SQL's own syntax.

Not here: names and literals (`feed`).
"""

from __future__ import annotations

from sqlglot.tokens import TokenType as T

from aurorapy.sql.parse import raw
from aurorapy.sql.parse.frames import Frame
from aurorapy.sql.parse.handlers import after, before, both, emit_call, subquery_ahead
from aurorapy.sql.parse.keywords import SQL_VALUES
from aurorapy_native.lexer import INTEGER, QUOTED, STRING, WORD


# -- operands that are words -------------------------------------------------------------------------------------------
@before("null", "true", "false")
def _constant(f, word: str) -> bool:
    kind = "null" if word == "null" else "boolean"
    f.put(raw.Literal(kind, word, position=f.position()))
    return True


@before("default")
def _default(f, word: str) -> bool:
    f.put(raw.DefaultValue(position=f.position()))
    return True


@before(*SQL_VALUES)
def _sql_value(f, word: str) -> bool:
    if word == "current_schema" and f.punct(1) == "(":
        return False
    position = f.position()
    width, precision = 1, None
    if f.punct(1) == "(" and f.kind(2) == INTEGER and f.punct(3) == ")":
        width, precision = 4, int(f.texts[f.at + 2])
    f.put(raw.SqlValue(word, precision, position=position), width)
    return True


@before("case")
def _case(f, word: str) -> bool:
    f.begin_operand()
    f.emit(T.CASE, "CASE")
    f.at += 1
    f.frames.append(f.frame)
    f.frame = Frame("end", "case")
    f.operand, f.need = False, f.word() != "when"
    return True


@both("when", "then", "else")
def _case_word(f, word: str) -> bool:
    if f.frame.kind != "case" or (word != "when" and not f.operand):
        raise f.error()
    f.keyword({"when": T.WHEN, "then": T.THEN, "else": T.ELSE}[word], word.upper())
    return True


@after("end")
def _end(f, word: str) -> bool:
    if f.frame.kind != "case":
        raise f.error()
    f.emit(T.END, "END")
    f.at += 1
    f.frame = f.frames.pop()
    f.operand = True
    return True


@before("exists")
def _exists(f, word: str) -> bool:
    if f.punct(1) != "(":
        raise f.error()
    emit_call(f, "exists", Frame(")"), 2, double=True)
    return True


@before("array")
def _array(f, word: str) -> bool:
    if f.punct(1) == "[":
        f.at += 1
        emit_call(f, "array", Frame("]", "array"), 1)
        f.frame.mark.position = f.source.position(f.at - 2)
    elif f.punct(1) == "(":
        emit_call(f, "array query", Frame(")"), 2, double=True)
    else:
        raise f.error()
    return True


@before("any", "some", "all")
def _quantifier(f, word: str) -> bool:
    if f.punct(1) != "(" or not f.chained:
        if word == "all" and f.frame.fresh:
            f.at += 1  # count(ALL x)
            return True
        raise f.error()
    emit_call(f, "all" if word == "all" else "any", Frame(")"), 2, double=subquery_ahead(f, 2))
    f.need = True
    return True


@before("row")
def _row(f, word: str) -> bool:
    if f.punct(1) != "(":
        return False
    emit_call(f, "row", Frame(")"), 2)
    return True


@before("distinct")
def _distinct_argument(f, word: str) -> bool:
    if not f.frame.fresh:
        raise f.error()
    f.emit(T.DISTINCT, "DISTINCT")
    f.at += 1
    f.need = True
    if f.sees("*"):
        raise f.error()
    return True


@before("variadic")
def _variadic(f, word: str) -> bool:
    f.operator("prefix", "variadic")
    return True


@before("rollup", "cube")
def _rollup(f, word: str) -> bool:
    if f.frame.clause != "group" or f.punct(1) != "(":
        return False
    emit_call(f, word, Frame(")"), 2)
    f.frame.clause = "group"
    return True


SPECIAL = {
    "cast": {"as"},
    "extract": {"from"},
    "position": {"in"},
    "substring": {"from", "for", "similar", "escape"},
    "overlay": {"placing", "from", "for"},
    "trim": {"from"},
    "coalesce": set(),
    "nullif": set(),
    "greatest": set(),
    "least": set(),
    "grouping": set(),
}


@before(*SPECIAL, "normalize", "treat", "collation")
def _special(f, word: str) -> bool:
    if word == "grouping" and f.sees("grouping", "sets", "("):
        f.at += 1
        emit_call(f, "sets", Frame(")"), 2)
        f.frame.clause = "group"
        return True
    if word not in SPECIAL or f.punct(1) != "(":
        return False
    emit_call(f, word, Frame(")", "paren", None, frozenset(SPECIAL[word])), 2)
    f.frame.fresh = False
    f.frame.must_part = word in ("extract", "position")
    f.need = True
    if word == "extract":
        if f.kind() not in (WORD, QUOTED, STRING):
            raise f.error()
        f.put(raw.Literal("string", f.texts[f.at], position=f.position()))
    elif word == "trim":
        side = f.accept_any("both", "leading", "trailing")
        f.frame.mark.separators.append(side or "both")
        if f.accept("from"):
            f.need = True
    return True


@after("placing")
def _placing(f, word: str) -> bool:
    if word not in f.frame.separators:
        raise f.error()
    f.separator(word)
    return True
