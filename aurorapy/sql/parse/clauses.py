"""Clauses: where a query starts, SELECT to FETCH, set operations, INSERT's parts, FROM and joins.

Not here: what follows ORDER BY and calls (`trailers`), operators and operands that are words.
"""

from __future__ import annotations

from sqlglot.tokens import TokenType

from aurorapy.sql.parse import raw
from aurorapy.sql.parse.frames import Frame
from aurorapy.sql.parse.handlers import BEFORE, after, before, both
from aurorapy.sql.parse.marks import CastMark, Word
from aurorapy.sql.parse.trailers import window_frame
from aurorapy.sql.parse.tables import persistence_of
from aurorapy.sql.parse.typenames import type_name
from aurorapy_native.lexer import INTEGER, NUMBER, OPERATOR, PARAM, QUOTED, WORD

T = TokenType


# -- the start of a query ----------------------------------------------------------------------------------------------
def starts_query(f) -> bool:
    word = f.word()
    if word == "" and f.sees("("):
        return True
    f.need = False
    if word in ("select", "with", "values", "table", "insert", "update", "delete"):
        return BEFORE[word](f, word)
    return False


def may_start(f) -> bool:
    """A query may begin: the bracket is fresh, a set operation or WITH came before."""
    frame = f.frame
    return frame.fresh or frame.with_ or frame.clause == "set operation"


@before("select")
def _select(f, word: str) -> bool:
    if f.chained or not may_start(f):
        raise f.error()
    f.frame.with_, f.frame.verb, f.frame.clause, f.frame.fresh = False, "select", "select", False
    f.need = False
    f.keyword(T.SELECT, "SELECT", need=False)
    if f.accept("all"):
        f.need = False
    elif f.sees("distinct"):
        f.emit(T.DISTINCT, "DISTINCT")
        f.at += 1
        f.need = True
        if f.accept("on"):
            f.emit(T.ON, "ON")
            if not f.sees("("):
                raise f.error()
            f.open(Frame(")", "distinct on"))
            f.need = True
    return True


@after("select")
def _select_behind(f, word: str) -> bool:
    frame = f.frame
    if not frame.with_ and frame.verb != "insert":
        raise f.error()
    if frame.verb == "insert":
        frame.with_ = True
    f.operand = False
    return _select(f, word)


@before("with")
def _with(f, word: str) -> bool:
    if f.chained or not may_start(f):
        raise f.error()
    f.need = False
    f.keyword(T.WITH, "WITH")
    f.frame.with_, f.frame.clause = True, "with"
    if f.word() == "recursive" and f.word(1) != "as":
        f.emit(T.RECURSIVE, "RECURSIVE")
        f.at += 1
    return True


@before("table")
def _table(f, word: str) -> bool:
    """TABLE t is SELECT * FROM t."""
    if not may_start(f):
        raise f.error()
    f.frame.with_, f.frame.verb = False, "select"
    f.need = False
    f.emit(T.SELECT, "SELECT")
    f.emit(T.STAR, "*")
    f.operand = True
    f.keyword(T.FROM, "FROM")
    f.frame.clause = "from"
    return True


@before("values")
def _values(f, word: str) -> bool:
    frame = f.frame
    if f.chained or not may_start(f) or f.punct(1) != "(":
        if f.at == f.first:
            f.at += 1
            raise f.error()
        return False
    f.need = False
    f.keyword(T.VALUES, "VALUES")
    frame.with_, frame.clause, frame.fresh = False, "values", False
    f.values_rows()
    return True


@after("values")
def _values_behind(f, word: str) -> bool:
    frame = f.frame
    if frame.with_ or (frame.verb == "insert" and frame.clause == "insert"):
        if f.punct(1) != "(":
            f.at += 1
            raise f.error()
        frame.with_ = True
        f.operand = False
        return _values(f, word)
    return False


_CHANGES = {
    "insert": ((T.INSERT, "INSERT"), (T.INTO, "INTO")),
    "update": ((T.UPDATE, "UPDATE"),),
    "delete": ((T.DELETE, "DELETE"), (T.FROM, "FROM")),
}


@before("insert", "update", "delete")
def _change(f, word: str) -> bool:
    if not may_start(f):
        return False
    tokens = _CHANGES[word]
    if len(tokens) > 1 and f.word(1) != tokens[1][1].lower():
        f.at += 1
        raise f.error()
    for kind, text in tokens:
        f.emit(kind, text)
    f.at += len(tokens)
    f.frame.verb = f.frame.statement = f.frame.clause = word
    f.frame.with_ = f.frame.fresh = False
    f.operand, f.need = False, True
    return True


@after("insert", "update", "delete")
def _change_behind_with(f, word: str) -> bool:
    if not f.frame.with_:
        return False
    f.operand = False
    return BEFORE[word](f, word)


# -- clauses -----------------------------------------------------------------------------------------------------------
def _clause(f, kind: TokenType, text: str, clause: str, tokens: int = 1, need: bool = True) -> bool:
    if f.frame.joins and clause != "from":
        raise f.error()
    f.keyword(kind, text, tokens, need)
    f.frame.clause = clause
    f.frame.fresh = False
    return True


@both("from")
def _from(f, word: str) -> bool:
    if word in f.frame.separators:
        f.separator(word)
        return True
    if f.frame.verb not in ("select", "update"):
        raise f.error()
    return _clause(f, T.FROM, "FROM", "from")


@both("where")
def _where(f, word: str) -> bool:
    if f.frame.clause == "update":  # no SET yet
        raise f.error()
    _clause(f, T.WHERE, "WHERE", "where")
    if f.sees("current", "of"):
        position = f.position()
        f.at += 2
        cursor = f.identifier()
        f.at -= 1
        f.put(raw.CurrentOf(cursor, position=position))
    return True


@both("group")
def _group(f, word: str) -> bool:
    if f.word(1) != "by":
        f.at += 1
        raise f.error()
    _clause(f, T.GROUP_BY, "GROUP BY", "group", 2)
    f.accept("all")
    return True


@both("having")
def _having(f, word: str) -> bool:
    return _clause(f, T.HAVING, "HAVING", "having")


@both("window")
def _window(f, word: str) -> bool:
    return _clause(f, T.WINDOW, "WINDOW", "window")


@both("order")
def _order(f, word: str) -> bool:
    if f.word(1) != "by":
        f.at += 1
        raise f.error()
    return _clause(f, T.ORDER_BY, "ORDER BY", "order", 2)


@both("limit")
def _limit(f, word: str) -> bool:
    if not f.operand and f.need:
        raise f.error()
    if f.word(1) == "all" or (f.word(1) == "null"):
        f.at += 2
        f.operand, f.need = True, False
        f.frame.clause = "limit"
        return True
    return _clause(f, T.LIMIT, "LIMIT", "limit")


@both("offset")
def _offset(f, word: str) -> bool:
    return _clause(f, T.OFFSET, "OFFSET", "offset")


@after("row", "rows")
def _rows_behind(f, word: str) -> bool:
    if f.frame.clause == "offset":
        f.at += 1
        return True
    return window_frame(f, word)


@both("fetch")
def _fetch(f, word: str) -> bool:
    """FETCH FIRST n ROWS ONLY is LIMIT n; WITH TIES a prefix operator of n."""
    if not f.operand and f.need:
        raise f.error()
    f.at += 1
    if not f.accept_any("first", "next"):
        raise f.error()
    f.emit(T.LIMIT, "LIMIT")
    f.operand, f.need = False, True
    start = f.at
    if f.sees("("):
        f.at = f.matching() + 1
    elif f.kind() in (INTEGER, NUMBER, PARAM):
        f.at += 1
    behind = f.at
    if not f.accept_any("row", "rows"):
        raise f.error()
    ties = f.accept("with", "ties")
    if not ties:
        f.expect("only")
    end = f.at
    f.at = start
    if ties:
        f.operator("ties", "ties", 0)
    if behind == start:
        f.put(raw.Literal("integer", "1", position=f.position()), 0)
    else:
        _run_until(f, behind)
    f.at = end
    f.frame.clause = "limit"
    return True


def _run_until(f, behind: int) -> None:
    """Feeds the tokens before `behind`."""
    while f.at < behind:
        step = f.after if f.operand else f.before
        step(f.kinds[f.at], f.texts[f.at])


@both("union", "intersect", "except")
def _set_operation(f, word: str) -> bool:
    kinds = {"union": T.UNION, "intersect": T.INTERSECT, "except": T.EXCEPT}
    _clause(f, kinds[word], word.upper(), "set operation")
    if f.accept("all"):
        f.emit(T.ALL, "ALL")
    elif f.accept("distinct"):
        f.emit(T.DISTINCT, "DISTINCT")
    if f.word() not in ("select", "values", "table") and not f.sees("("):
        raise f.error()
    return True


@both("returning")
def _returning(f, word: str) -> bool:
    if f.frame.statement == "":
        raise f.error()
    f.frame.verb = f.frame.statement
    return _clause(f, T.RETURNING, "RETURNING", "returning")


@both("into")
def _into(f, word: str) -> bool:
    if f.frame.verb != "select" or f.frame.statement or f.frames or f.into is not None:
        raise f.error()
    f.at += 1
    persistence = persistence_of(f)
    f.accept("table")
    f.into = (persistence, f.name())
    return True


@after("set")
def _set(f, word: str) -> bool:
    if f.frame.verb != "update" or f.frame.clause != "update":
        return False
    return _clause(f, T.SET, "SET", "set")


@after("overriding")
def _overriding(f, word: str) -> bool:
    if f.frame.verb != "insert" or f.word(1) not in ("system", "user") or f.word(2) != "value":
        return False
    f.frame.target.overriding = f.word(1)
    f.at += 3
    return True


@after("default")
def _default_values(f, word: str) -> bool:
    if f.frame.clause != "insert":
        raise f.error()
    if f.word(1) != "values":
        f.at += 1
        raise f.error()
    f.emit(T.DEFAULT, "DEFAULT")
    f.emit(T.VALUES, "VALUES")
    f.at += 2
    f.frame.clause = "values"
    return True


# -- INSERT ... ON CONFLICT --------------------------------------------------------------------------------------------
@after("on")
def _on(f, word: str) -> bool:
    if f.frame.statement == "insert" and f.word(1) == "conflict":
        f.frame.verb = "insert"
        f.frame.target.conflict = f.position()
        f.emit(T.ON, "ON")
        f.emit(T.VAR, "CONFLICT")
        f.at += 2
        f.frame.clause = "conflict"
        if f.accept("on", "constraint"):
            f.emit(T.ON, "ON")
            f.emit(T.CONSTRAINT, "CONSTRAINT")
            f.put(Word(f.label(), f.source.position(f.at - 1)), 0)
        return True
    _qualify_join(f)
    return _clause(f, T.ON, "ON", "from")


@after("do")
def _do(f, word: str) -> bool:
    if f.frame.statement != "insert" or f.frame.clause not in ("conflict", "where"):
        raise f.error()
    f.emit(T.VAR, "DO")
    f.at += 1
    if f.accept("nothing"):
        f.emit(T.VAR, "NOTHING")
        return True
    f.expect("update")
    f.emit(T.UPDATE, "UPDATE")
    f.expect("set")
    f.emit(T.SET, "SET")
    f.operand, f.need = False, True
    f.frame.clause = "set"
    return True


# -- FROM --------------------------------------------------------------------------------------------------------------
@after("join", "inner", "left", "right", "full", "cross", "natural")
def _join(f, word: str) -> bool:
    if f.frame.clause != "from":
        raise f.error()
    if f.accept("natural"):
        f.emit(T.NATURAL, "NATURAL")
    kind = f.accept_any("inner", "left", "right", "full", "cross")
    natural = f.texts[f.at - 1] == "natural"
    if kind or not natural:  # a bare JOIN would look like a comma
        kind = kind or "inner"
        f.emit(getattr(T, kind.upper()), kind.upper())
        if kind in ("left", "right", "full"):
            f.accept("outer")
    f.expect("join")
    if not natural and kind != "cross":
        f.frame.joins += 1
    f.emit(T.JOIN, "JOIN")
    f.operand, f.need = False, True
    return True


def _qualify_join(f) -> None:
    """A join that is NATURAL or CROSS takes neither ON nor USING."""
    if f.frame.clause == "from":
        if not f.frame.joins:
            raise f.error()
        f.frame.joins -= 1


@after("using")
def _using(f, word: str) -> bool:
    frame = f.frame
    if frame.clause == "order":
        if f.kind(1) != OPERATOR:
            f.at += 1
            raise f.error()
        f.postfix("using", f.texts[f.at + 1], 2)
        return True
    if frame.verb == "delete" and frame.clause == "delete":
        return _clause(f, T.USING, "USING", "from")
    if frame.clause != "from":
        raise f.error()
    _qualify_join(f)
    f.emit(T.USING, "USING")
    f.at += 1
    if not f.sees("("):
        raise f.error()
    return True


@before("lateral", "only")
def _from_prefix(f, word: str) -> bool:
    if f.chained or (f.frame.clause != "from" and f.frame.clause not in ("update", "delete")):
        raise f.error()
    f.emit(T.LATERAL if word == "lateral" else T.ONLY, word.upper())
    f.at += 1
    return True


@before("rows")
def _rows(f, word: str) -> bool:
    if f.frame.clause == "from" and f.word(1) == "from" and f.punct(2) == "(":
        f.emit(T.ROWS, "ROWS")
        f.emit(T.FROM, "FROM")
        f.at += 2
        f.open(Frame(")", "rows from"))
        f.frame.clause = "from"
        f.frame.verb = "select"
        return True
    return window_frame(f, word)


@after("with")
def _with_behind(f, word: str) -> bool:
    if f.word(1) == "ordinality":
        f.emit(T.WITH, "WITH")
        f.emit(T.ORDINALITY, "ORDINALITY")
        f.at += 2
        return True
    if f.frame.verb == "insert" and f.frame.clause == "insert":
        f.operand = False
        f.frame.fresh = True
        return _with(f, word)
    raise f.error()


@after("tablesample")
def _tablesample(f, word: str) -> bool:
    raise f.unsupported("TABLESAMPLE")


@after("as")
def _as(f, word: str) -> bool:
    frame = f.frame
    if "as" in frame.separators:
        frame.mark.separators.append("as")
        f.at += 1
        f.emit(T.COMMA, ",")
        position = f.position()
        f.emit_mark(CastMark(type_name(f), position))
        return True
    if f.is_star():
        raise f.error()
    f.emit(T.ALIAS, "AS")
    f.at += 1
    if f.accept("not", "materialized"):
        f.emit(T.NOT, "NOT")
        f.emit(T.VAR, "MATERIALIZED")
    elif f.accept("materialized"):
        f.emit(T.VAR, "MATERIALIZED")
    if f.sees("("):
        inner = Frame(")", "window" if frame.clause == "window" else "paren")
        with_ = frame.with_
        f.open(inner)
        frame.with_ = with_
    elif f.kind() in (WORD, QUOTED) and not (frame.with_ and frame.clause == "with"):
        f.emit_mark(Word(f.texts[f.at], f.position()))
        f.at += 1
    else:
        raise f.error()
    return True
