"""CREATE TABLE: columns, constraints, LIKE, INHERITS, storage options, AS.

    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL DEFAULT '' CHECK (name <> 'x')

Expressions stay text: a DEFAULT ends where the next constraint's word stands outside brackets.

Not here: other CREATEs (`create`), changes of tables (`alter`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import FeatureNotSupported, SyntaxError
from aurorapy.sql import statements as s
from aurorapy.sql.parse.cursor import Cursor
from aurorapy.sql.parse.typenames import type_name
from aurorapy_native.lexer import INTEGER, NUMBER, QUOTED, STRING, WORD

_query_at: Callable[..., s.QueryStatement]
CONSTRAINT_WORDS = frozenset(
    "constraint not null check primary unique references default generated collate deferrable initially ,".split()
)
ACTIONS = {"no action": "a", "restrict": "r", "cascade": "c", "set null": "n", "set default": "d"}


def use(query_at) -> None:
    """Hands in the parser of queries, which stands above this module."""
    global _query_at
    _query_at = query_at


# -- the statement -----------------------------------------------------------------------------------------------------
def create_table(c: Cursor, persistence: str = "p") -> s.CreateTable:
    """Behind CREATE [TEMP] TABLE."""
    result = s.CreateTable(tag="CREATE TABLE", persistence=persistence)
    result.if_not_exists = c.accept("if", "not", "exists")
    result.name = c.name()
    if c.sees("partition", "of"):
        raise FeatureNotSupported("partitioned tables are not supported", position=c.position())
    if c.accept("of"):
        raise FeatureNotSupported("typed tables are not supported", position=c.position())
    if c.sees("(") and not _names_only(c):
        elements(c, result)
    elif c.sees("("):
        result.column_names = c.parenthesized(c.identifier)
    elif not c.sees("as") and not c.sees("with") and not c.sees("on") and not c.sees("tablespace") and not c.sees("using"):
        raise c.error()
    if c.accept("inherits"):
        result.inherits = c.parenthesized(c.name)
    if c.sees("partition", "by"):
        raise FeatureNotSupported("partitioned tables are not supported", position=c.position())
    table_options(c, result)
    if c.accept("as"):
        _as(c, result)
    elif result.column_names:
        raise c.error()
    return result


def persistence_of(c: Cursor) -> str:
    if c.accept("unlogged"):
        return "u"
    if c.word() in ("local", "global") and c.word(1) in ("temp", "temporary"):
        c.at += 1
    return "t" if c.accept_any("temp", "temporary") else "p"


def _names_only(c: Cursor) -> bool:
    """CREATE TABLE t (a, b) AS: a list of bare names."""
    close = c.matching()
    i = c.at + 1
    while i < close:
        if c.kinds[i] not in (WORD, QUOTED) or c.texts[i + 1] not in (",", ")"):
            return False
        i += 2
    return close > c.at + 1


def _as(c: Cursor, result: s.CreateTable) -> None:
    last = c.last
    if c.last - c.at >= 2 and c.texts[c.last - 1] == "data" and c.kinds[c.last - 1] == WORD:
        if c.texts[c.last - 2] == "with":
            last = c.last - 2
        elif c.texts[c.last - 2] == "no" and c.texts[c.last - 3] == "with":
            last = c.last - 3
            result.with_data = False
    if c.word() == "execute":
        raise FeatureNotSupported("CREATE TABLE AS EXECUTE is not supported", position=c.position())
    result.query = _query_at(c, last)
    c.at = c.last
    result.tag = "SELECT"


def table_options(c: Cursor, result: s.CreateTable) -> None:
    while True:
        if c.accept("using"):
            c.identifier()
        elif c.accept("with") and c.sees("("):
            result.options = storage_options(c)
        elif c.accept("without", "oids"):
            pass
        elif c.accept("on", "commit"):
            if c.accept("preserve", "rows"):
                result.on_commit = ""
            elif c.accept("delete", "rows"):
                result.on_commit = "delete"
            else:
                c.expect("drop")
                result.on_commit = "drop"
        elif c.accept("tablespace"):
            c.identifier()
        else:
            return


def storage_options(c: Cursor) -> dict[str, str]:
    """(fillfactor = 70, autovacuum_enabled)"""
    return dict(c.parenthesized(lambda: _storage_option(c)))


def _storage_option(c: Cursor) -> tuple[str, str]:
    name = c.label()
    while c.accept("."):
        name += "." + c.label()
    value = "true"
    if c.accept("="):
        sign = "-" if c.accept("-") else ""
        if c.kind() not in (WORD, QUOTED, STRING, INTEGER, NUMBER):
            raise c.error()
        value = sign + c.texts[c.at]
        c.at += 1
    return name, value


def elements(c: Cursor, result: s.CreateTable) -> None:
    c.expect("(")
    if c.accept(")"):
        return
    while True:
        if c.word() in ("constraint", "primary", "unique", "check", "foreign", "exclude") and _is_constraint(c):
            result.constraints.append(table_constraint(c))
        elif c.accept("like"):
            result.like.append((c.name(), like_options(c)))
        else:
            result.columns.append(column(c))
        if not c.accept(","):
            break
    c.expect(")")


def _is_constraint(c: Cursor) -> bool:
    """`exclude` may also be a column's name."""
    return c.word() != "exclude" or c.word(1) == "using" or c.punct(1) == "("


def like_options(c: Cursor) -> set[str]:
    options: set[str] = set()
    everything = {"comments", "compression", "constraints", "defaults", "generated", "identity", "indexes", "statistics", "storage"}
    while word := c.accept_any("including", "excluding"):
        what = everything if c.accept("all") else {c.label()}
        options = options | what if word == "including" else options - what
    return options


# -- columns -----------------------------------------------------------------------------------------------------------
def column(c: Cursor) -> s.ColumnDef:
    """One column with its constraints."""
    position = c.position()
    result = s.ColumnDef(c.identifier(), None, position=position)
    result.type = type_name(c)
    if c.accept("storage") or c.accept("compression"):
        c.label()
    column_constraints(c, result)
    return result


def column_constraints(c: Cursor, result: s.ColumnDef) -> None:
    while True:
        position, before = c.position(), len(result.constraints)
        name = c.identifier() if c.accept("constraint") else None
        if c.accept("collate"):
            result.collation = c.name()
        elif c.sees("not", "deferrable") or c.sees("deferrable") or c.sees("initially"):
            deferral(c, result.constraints[-1] if result.constraints else s.ConstraintDef(""))
        elif not column_constraint(c, result, name):
            if name is not None:
                raise c.error()
            return
        for constraint in result.constraints[before:]:
            constraint.position = position


def column_constraint(c: Cursor, result: s.ColumnDef, name: str | None) -> bool:
    if c.accept("not", "null"):
        result.not_null = True
        result.constraints.append(s.ConstraintDef("not null", name))
    elif c.accept("null"):
        result.constraints.append(s.ConstraintDef("null", name))
    elif c.accept("default"):
        if result.default is not None:
            raise SyntaxError(f'multiple default values specified for column "{result.name}"', position=c.position())
        result.default = c.until(CONSTRAINT_WORDS)
    elif c.accept("check"):
        expression = c.inside_parentheses()
        result.constraints.append(s.ConstraintDef("check", name, expression=expression, no_inherit=c.accept("no", "inherit")))
    elif c.accept("primary", "key"):
        result.constraints.append(_keyed(c, s.ConstraintDef("primary", name, [result.name])))
    elif c.accept("unique"):
        constraint = s.ConstraintDef("unique", name, [result.name])
        constraint.nulls_not_distinct = nulls_distinct(c)
        result.constraints.append(_keyed(c, constraint))
    elif c.accept("references"):
        constraint = s.ConstraintDef("foreign", name, [result.name])
        references(c, constraint)
        result.constraints.append(constraint)
    elif c.accept("generated"):
        generated(c, result)
    else:
        return False
    return True


def generated(c: Cursor, result: s.ColumnDef) -> None:
    always = c.accept("always")
    if not always:
        c.expect("by", "default")
    c.expect("as")
    if c.accept("identity"):
        result.identity = "a" if always else "d"
        result.identity_options = parenthesized_sequence(c)
        return
    if not always:
        raise SyntaxError("for a generated column, GENERATED ALWAYS must be specified", position=c.position())
    result.generated = c.inside_parentheses()
    c.expect("stored")


def parenthesized_sequence(c: Cursor) -> dict[str, Any]:
    if not c.accept("("):
        return {}
    options = sequence_options(c)
    c.expect(")")
    return options


def sequence_options(c: Cursor) -> dict[str, Any]:
    """INCREMENT BY 2 MINVALUE 1 …: keys as in statements.CreateSequence, and restart, sequence_name, logged."""
    options: dict[str, Any] = {}
    while True:
        position = c.position()
        if c.accept("as"):
            entry: tuple[str, Any] = ("type", type_name(c))
        elif c.accept("increment"):
            c.accept("by")
            entry = ("increment", c.integer())
        elif c.accept("no", "minvalue"):
            entry = ("minvalue", None)
        elif c.accept("no", "maxvalue"):
            entry = ("maxvalue", None)
        elif c.accept("no", "cycle"):
            entry = ("cycle", False)
        elif c.accept("minvalue"):
            entry = ("minvalue", c.integer())
        elif c.accept("maxvalue"):
            entry = ("maxvalue", c.integer())
        elif c.accept("start"):
            c.accept("with")
            entry = ("start", c.integer())
        elif c.accept("cache"):
            entry = ("cache", c.integer())
        elif c.accept("cycle"):
            entry = ("cycle", True)
        elif c.accept("owned", "by"):
            entry = ("owned_by", None if c.accept("none") else c.name())
        elif c.accept("sequence", "name"):
            entry = ("sequence_name", c.name())
        elif c.accept("restart"):
            c.accept("with")
            entry = ("restart", c.integer() if c.kind() in (INTEGER, NUMBER) or c.punct() in ("-", "+") else None)
        else:
            return options
        if entry[0] in options:
            raise SyntaxError("conflicting or redundant options", position=position)
        options[entry[0]] = entry[1]


# -- constraints -------------------------------------------------------------------------------------------------------
def table_constraint(c: Cursor) -> s.ConstraintDef:
    """[CONSTRAINT name] PRIMARY KEY (…), UNIQUE, CHECK, FOREIGN KEY, with what may stand behind."""
    position = c.position()
    name = c.identifier() if c.accept("constraint") else None
    if c.accept("check"):
        result = s.ConstraintDef("check", name, expression=c.inside_parentheses())
    elif c.accept("primary", "key"):
        result = _key(c, s.ConstraintDef("primary", name))
    elif c.accept("unique"):
        result = s.ConstraintDef("unique", name)
        result.nulls_not_distinct = nulls_distinct(c)
        result = _key(c, result)
    elif c.accept("foreign", "key"):
        result = s.ConstraintDef("foreign", name, c.parenthesized(c.identifier))
        c.expect("references")
        references(c, result)
    elif c.sees("exclude"):
        raise FeatureNotSupported("exclusion constraints are not supported", position=c.position())
    else:
        raise c.error()
    while True:
        if c.accept("not", "valid"):
            result.not_valid = True
        elif c.accept("no", "inherit"):
            result.no_inherit = True
        elif not deferral(c, result):
            result.position = position
            return result


def _key(c: Cursor, result: s.ConstraintDef) -> s.ConstraintDef:
    if c.accept("using", "index"):
        result.using_index = c.identifier()
        return result
    result.columns = c.parenthesized(c.identifier)
    return _keyed(c, result)


def _keyed(c: Cursor, result: s.ConstraintDef) -> s.ConstraintDef:
    if c.accept("include"):
        result.include = c.parenthesized(c.identifier)
    if c.sees("with", "("):
        c.at += 1
        result.options = storage_options(c)
    if c.accept("using", "index", "tablespace"):
        c.identifier()
    return result


def nulls_distinct(c: Cursor) -> bool:
    """NULLS [NOT] DISTINCT: whether NULLs count as equal."""
    if c.accept("nulls", "not", "distinct"):
        return True
    c.accept("nulls", "distinct")
    return False


def references(c: Cursor, result: s.ConstraintDef) -> None:
    result.foreign_table = c.name()
    if c.sees("("):
        result.foreign_columns = c.parenthesized(c.identifier)
    while True:
        if c.accept("match"):
            kind = c.accept_any("full", "partial", "simple")
            if not kind:
                raise c.error()
            result.match = kind[0]
        elif c.accept("on", "delete"):
            result.on_delete = _action(c)
        elif c.accept("on", "update"):
            result.on_update = _action(c)
        elif not deferral(c, result):
            return


def _action(c: Cursor) -> str:
    for words, letter in ACTIONS.items():
        if c.accept(*words.split()):
            if letter in "nd" and c.sees("("):
                raise FeatureNotSupported("a column list for ON DELETE SET is not supported", position=c.position())
            return letter
    raise c.error()


def deferral(c: Cursor, result: s.ConstraintDef) -> bool:
    if c.accept("not", "deferrable"):
        result.deferrable = False
    elif c.accept("deferrable"):
        result.deferrable = True
    elif c.accept("initially", "deferred"):
        result.deferrable = result.deferred = True
    elif c.accept("initially", "immediate"):
        result.deferred = False
    else:
        return False
    return True
