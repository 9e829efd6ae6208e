"""What PostgreSQL's words do while a query is fed to the parser: two tables, for before and behind an operand.

A handler gets the feed and the word, and returns False when the word is only a name there. `left` begins a join behind
an operand and calls a function before one; `values` starts rows where a query may start and is a name elsewhere.

Not here: the pass itself (`feed`).
"""

from __future__ import annotations

from typing import Any, Callable

from sqlglot.tokens import TokenType

from aurorapy.errors import FeatureNotSupported
from aurorapy.sql.parse import raw
from aurorapy.sql.parse.frames import Frame
from aurorapy.sql.parse.keywords import SQL_VALUES
from aurorapy.sql.parse.marks import CallMark, CastMark, CollateMark, FrameMark, OpMark, Word
from aurorapy.sql.parse.typenames import type_name
from aurorapy_native.lexer import INTEGER, NUMBER, OPERATOR, PARAM, QUOTED, STRING, WORD

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
        f.need = True
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


@before("insert")
def _insert(f, word: str) -> bool:
    if not may_start(f):
        return False
    if f.word(1) != "into":
        f.at += 1
        raise f.error()
    f.emit(T.INSERT, "INSERT")
    f.emit(T.INTO, "INTO")
    f.at += 2
    f.frame.verb = f.frame.statement = f.frame.clause = "insert"
    f.frame.with_ = f.frame.fresh = False
    f.operand, f.need = False, True
    return True


@before("update")
def _update(f, word: str) -> bool:
    if not may_start(f):
        return False
    f.emit(T.UPDATE, "UPDATE")
    f.at += 1
    f.frame.verb = f.frame.statement = f.frame.clause = "update"
    f.frame.with_ = f.frame.fresh = False
    f.operand, f.need = False, True
    return True


@before("delete")
def _delete(f, word: str) -> bool:
    if not may_start(f):
        return False
    if f.word(1) != "from":
        f.at += 1
        raise f.error()
    f.emit(T.DELETE, "DELETE")
    f.emit(T.FROM, "FROM")
    f.at += 2
    f.frame.verb = f.frame.statement = f.frame.clause = "delete"
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
    f.keyword(kind, text, tokens, need)
    f.frame.clause = clause
    f.frame.fresh = False
    return True


def _both(*words: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        before(*words)(handler)
        return after(*words)(handler)

    return register


@_both("from")
def _from(f, word: str) -> bool:
    if word in f.frame.separators:
        f.separator(word)
        return True
    if f.frame.verb not in ("select", "update"):
        raise f.error()
    return _clause(f, T.FROM, "FROM", "from")


@_both("where")
def _where(f, word: str) -> bool:
    _clause(f, T.WHERE, "WHERE", "where")
    if f.sees("current", "of"):
        position = f.position()
        f.at += 2
        cursor = f.identifier()
        f.at -= 1
        f.put(raw.CurrentOf(cursor, position=position))
    return True


@_both("group")
def _group(f, word: str) -> bool:
    if f.word(1) != "by":
        f.at += 1
        raise f.error()
    _clause(f, T.GROUP_BY, "GROUP BY", "group", 2)
    f.accept("all")
    return True


@_both("having")
def _having(f, word: str) -> bool:
    return _clause(f, T.HAVING, "HAVING", "having")


@_both("window")
def _window(f, word: str) -> bool:
    return _clause(f, T.WINDOW, "WINDOW", "window")


@_both("order")
def _order(f, word: str) -> bool:
    if f.word(1) != "by":
        f.at += 1
        raise f.error()
    return _clause(f, T.ORDER_BY, "ORDER BY", "order", 2)


@_both("limit")
def _limit(f, word: str) -> bool:
    if not f.operand and f.need:
        raise f.error()
    if f.word(1) == "all" or (f.word(1) == "null"):
        f.at += 2
        f.operand, f.need = True, False
        f.frame.clause = "limit"
        return True
    return _clause(f, T.LIMIT, "LIMIT", "limit")


@_both("offset")
def _offset(f, word: str) -> bool:
    return _clause(f, T.OFFSET, "OFFSET", "offset")


@after("row", "rows")
def _rows_behind(f, word: str) -> bool:
    if f.frame.clause == "offset":
        f.at += 1
        return True
    return _window_frame(f, word)


@_both("fetch")
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


@_both("union", "intersect", "except")
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


@_both("returning")
def _returning(f, word: str) -> bool:
    if f.frame.statement == "":
        raise f.error()
    f.frame.verb = f.frame.statement
    return _clause(f, T.RETURNING, "RETURNING", "returning")


@_both("into")
def _into(f, word: str) -> bool:
    if f.frame.verb == "select" and f.operand:
        raise FeatureNotSupported(
            "SELECT ... INTO is not supported", position=f.position(), hint="Use CREATE TABLE AS instead."
        )
    raise f.error()


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
    if f.frame.clause != "insert" or f.word(1) != "values":
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
    f.emit(T.JOIN, "JOIN")
    f.operand, f.need = False, True
    return True


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
    return _window_frame(f, word)


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
    elif f.kind() in (WORD, QUOTED):
        f.emit_mark(Word(f.texts[f.at], f.position()))
        f.at += 1
    else:
        raise f.error()
    return True


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


@_both("partition")
def _partition(f, word: str) -> bool:
    if f.frame.kind != "window" or f.word(1) != "by":
        return False
    f.keyword(T.PARTITION_BY, "PARTITION BY", 2)
    f.frame.clause = "partition"
    return True


@_both("range", "groups")
def _window_frame(f, word: str) -> bool:
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


# -- operators that are words ------------------------------------------------------------------------------------------
@after("and")
def _and(f, word: str) -> bool:
    if f.frame.betweens:
        f.frame.betweens -= 1
        f.operator("between and", "and")
    else:
        f.operator("and", "and")
    return True


@after("or")
def _or(f, word: str) -> bool:
    f.operator("or", "or")
    return True


@before("not")
def _not(f, word: str) -> bool:
    f.operator("not", "not")
    return True


PATTERNS = {"like": ("~~", "!~~"), "ilike": ("~~*", "!~~*"), "similar": ("~", "!~")}


def _pattern(f, negated: bool, word: str) -> None:
    if word == "similar":
        if f.word(1) != "to":
            f.at += 1
            raise f.error()
        f.operator("like", PATTERNS[word][negated], 2, "similar")
    else:
        f.operator("like", PATTERNS[word][negated])


@after("like", "ilike", "similar", "in", "between")
def _predicate(f, word: str, negated: bool = False) -> bool:
    if word in PATTERNS:
        _pattern(f, negated, word)
    elif word == "in":
        if word in f.frame.separators:
            f.separator(word)
            return True
        f.operator("in", "in", negated=negated)
        if not f.sees("("):
            raise f.error()
        f.open(Frame(")"))
        f.need = True
    else:
        symmetric = f.word(1) == "symmetric"
        f.operator("between", "symmetric" if symmetric else "", 1 + (f.word(1) in ("symmetric", "asymmetric")), None, negated)
        f.frame.betweens += 1
    return True


@after("not")
def _not_predicate(f, word: str) -> bool:
    following = f.word(1)
    f.at += 1
    if following not in ("like", "ilike", "similar", "in", "between"):
        raise f.error()
    return _predicate(f, following, True)


@after("is")
def _is(f, word: str) -> bool:
    negated = f.word(1) == "not"
    width = 2 + negated
    what = f.word(1 + negated)
    if what in ("null", "true", "false", "unknown"):
        f.postfix("is", what, width, negated)
    elif what == "distinct" and f.word(2 + negated) == "from":
        f.operator("distinct", "distinct", width + 1, negated=negated)
    elif what in ("document", "normalized"):
        raise f.unsupported(f"IS {what.upper()}")
    else:
        f.at += width - 1
        raise f.error()
    return True


@after("isnull", "notnull")
def _isnull(f, word: str) -> bool:
    f.postfix("is", "null", 1, word == "notnull")
    return True


@after("escape")
def _escape(f, word: str) -> bool:
    f.operator("escape", "escape")
    return True


@after("at")
def _at_time_zone(f, word: str) -> bool:
    if not f.sees("at", "time", "zone"):
        return False
    f.operator("timezone", "timezone", 3)
    return True


@after("overlaps")
def _overlaps(f, word: str) -> bool:
    f.operator("overlaps", "overlaps")
    return True


@_both("operator")
def _qualified_operator(f, word: str) -> bool:
    if f.punct(1) != "(" or (not f.operand and f.kind(3) != OPERATOR and f.punct(3) != "."):
        return False
    position = f.at
    f.at += 2
    schema = None
    while f.kind() in (WORD, QUOTED):
        schema = f.texts[f.at]
        f.at += 1
        f.expect(".")
    if f.kind() != OPERATOR:
        raise f.error()
    name = f.texts[f.at]
    f.at += 1
    f.expect(")")
    width = f.at - position
    f.at = position
    f.operator("op" if f.operand else "prefix", name, width, schema)
    return True


@after("collate")
def _collate(f, word: str) -> bool:
    position = f.position()
    f.at += 1
    names = [f.identifier()]
    while f.accept("."):
        names.append(f.label())
    f.dotted(CollateMark(tuple(names), position))
    return True


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


@_both("when", "then", "else")
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


def mark_kind(mark: Any) -> str:
    """For tests and messages: what stands behind a number."""
    return mark.kind if isinstance(mark, OpMark) else type(mark).__name__
