"""Operators that are words: AND, LIKE, IN, BETWEEN, IS, AT TIME ZONE, OPERATOR(), COLLATE.

Not here: their precedence (`operators`).
"""

from __future__ import annotations

from aurorapy.sql.parse.frames import Frame
from aurorapy.sql.parse.handlers import after, before, both
from aurorapy.sql.parse.marks import CollateMark
from aurorapy_native.lexer import OPERATOR, QUOTED, WORD


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
        if not f.long_list():
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
    elif negated:
        f.at += width - 1
        raise f.error()
    else:
        return False  # a column's name
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


@both("operator")
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
