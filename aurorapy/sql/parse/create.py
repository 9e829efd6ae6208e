"""CREATE of everything but tables, DROP, COMMENT and GRANT.

What PostgreSQL knows and this server does not becomes `Unsupported`, which execution refuses with 0A000.

Not here: CREATE TABLE's inside (`tables`), roles and databases (`roles`), ALTER (`alter`).
"""

from __future__ import annotations

from typing import Callable

from aurorapy.errors import FeatureNotSupported
from aurorapy.sql import statements as s
from aurorapy.sql.parse import roles, tables
from aurorapy.sql.parse.cursor import Cursor
from aurorapy.sql.parse.utility import cascade
from aurorapy_native.lexer import END, WORD

_query_at: Callable[..., s.QueryStatement]
_statement_at: Callable[[Cursor], s.Statement]


def use(query_at, statement_at) -> None:
    """Hands in the parsers that stand above this module."""
    global _query_at, _statement_at
    _query_at, _statement_at = query_at, statement_at


def create(c: Cursor) -> s.Statement:
    c.expect("create")
    if c.accept("or"):
        c.expect("replace")
        if c.word() in ("view", "temp", "temporary", "recursive"):
            return view(c, True)
        return unsupported(c, "CREATE OR REPLACE ")
    persistence = tables.persistence_of(c)
    word = c.word()
    if word == "table":
        c.at += 1
        return tables.create_table(c, persistence)
    if word in ("view", "recursive"):
        return view(c, False, persistence)
    if word == "sequence":
        c.at += 1
        return sequence(c, persistence)
    if persistence != "p":
        raise c.error()
    if word == "unique" and c.word(1) != "index":
        c.at += 1
        raise c.error()
    if word in ("index", "unique"):
        return index(c)
    if word == "schema":
        return schema(c)
    if word in ("role", "user", "group") and not (word == "user" and c.word(1) == "mapping"):
        return roles.create_role(c)
    if word == "database":
        return roles.create_database(c)
    return unsupported(c, "CREATE ")


KNOWN = {
    "extension": "EXTENSION", "domain": "DOMAIN", "type": "TYPE", "function": "FUNCTION", "procedure": "PROCEDURE",
    "aggregate": "AGGREGATE", "operator": "OPERATOR", "trigger": "TRIGGER", "rule": "RULE", "policy": "POLICY",
    "publication": "PUBLICATION", "subscription": "SUBSCRIPTION", "collation": "COLLATION", "statistics": "STATISTICS",
    "materialized": "MATERIALIZED VIEW", "foreign": "FOREIGN TABLE", "server": "SERVER", "cast": "CAST",
    "language": "LANGUAGE", "tablespace": "TABLESPACE", "event": "EVENT TRIGGER", "text": "TEXT SEARCH",
    "conversion": "CONVERSION", "access": "ACCESS METHOD", "transform": "TRANSFORM", "constraint": "CONSTRAINT TRIGGER",
    "default": "DEFAULT PRIVILEGES", "large": "LARGE OBJECT", "user": "USER MAPPING", "trusted": "LANGUAGE",
    "procedural": "LANGUAGE", "routine": "ROUTINE", "system": "SYSTEM", "owned": "OWNED",
}  # fmt: skip


def unsupported(c: Cursor, verb: str) -> s.Statement:
    feature = KNOWN.get(c.word())
    if feature is None:
        raise c.error()
    c.at = c.last
    return s.Unsupported(verb + feature)


# -- views, sequences, schemas -----------------------------------------------------------------------------------------
def view(c: Cursor, replace: bool, persistence: str = "p") -> s.Statement:
    if persistence == "p":
        persistence = tables.persistence_of(c)
    if c.sees("recursive"):
        raise FeatureNotSupported("CREATE RECURSIVE VIEW is not supported", position=c.position())
    c.expect("view")
    result = s.CreateView(c.name(), replace=replace, persistence=persistence, tag="CREATE VIEW")
    if c.sees("("):
        result.columns = c.parenthesized(c.identifier)
    if c.accept("with"):
        tables.storage_options(c)
    c.expect("as")
    last = c.last
    if last - c.at > 3 and c.texts[last - 1] == "option" and c.texts[last - 2] == "check":
        raise FeatureNotSupported("WITH CHECK OPTION is not supported", position=c.source.position(last - 3))
    result.query = _query_at(c, last)
    return result


def sequence(c: Cursor, persistence: str) -> s.Statement:
    exists = c.accept("if", "not", "exists")
    name = c.name()
    return s.CreateSequence(name, tables.sequence_options(c), exists, persistence, tag="CREATE SEQUENCE")


def schema(c: Cursor) -> s.Statement:
    c.expect("schema")
    result = s.CreateSchema(tag="CREATE SCHEMA")
    result.if_not_exists = c.accept("if", "not", "exists")
    if not c.sees("authorization"):
        result.name = c.identifier()
    if c.accept("authorization"):
        result.owner = roles.role_name(c)
        result.name = result.name or result.owner
    while c.word() in ("create", "grant"):
        inner = Cursor(c.source, c.at, _element_end(c))
        result.elements.append(_statement_at(inner))
        inner.expect_end()
        c.at = inner.last
    return result


def _element_end(c: Cursor) -> int:
    """A schema's element ends before the next CREATE or GRANT outside brackets."""
    depth = 0
    for i in range(c.at + 1, c.last):
        text = c.texts[i]
        depth += (text == "(") - (text == ")")
        if depth == 0 and c.kinds[i] == WORD and text in ("create", "grant"):
            return i
    return c.last


# -- indexes -----------------------------------------------------------------------------------------------------------
def index(c: Cursor) -> s.Statement:
    result = s.CreateIndex(tag="CREATE INDEX")
    result.unique = c.accept("unique")
    c.expect("index")
    result.concurrently = c.accept("concurrently")
    result.if_not_exists = c.accept("if", "not", "exists")
    if not c.sees("on"):
        result.name = c.identifier()
    c.expect("on")
    c.accept("only")
    result.table = c.name()
    if c.accept("using"):
        result.method = c.identifier()
    result.columns = c.parenthesized(lambda: index_column(c))
    if c.accept("include"):
        result.include = c.parenthesized(c.identifier)
    result.nulls_not_distinct = tables.nulls_distinct(c)
    if c.accept("with"):
        result.options = tables.storage_options(c)
    if c.accept("tablespace"):
        c.identifier()
    if c.accept("where"):
        result.where = c.until(frozenset())
    return result


def index_column(c: Cursor) -> s.IndexColumn:
    result = s.IndexColumn()
    if c.sees("("):
        result.expression = c.inside_parentheses()
    else:
        first = c.at
        result.name = c.label()
        if c.sees(".") or c.sees("("):
            while c.accept("."):
                c.label()
            close = c.matching()
            c.at = close + 1
            result.name = None
            result.expression = s.ExprText(c.source.slice(first, close), c.source.position(first))
    if c.accept("collate"):
        result.collation = c.name()
    if c.word() and c.word() not in ("asc", "desc", "nulls"):
        result.opclass = c.name()
        if c.sees("("):
            c.at = c.matching() + 1
    if c.accept("desc"):
        result.descending = True
    else:
        c.accept("asc")
    if c.accept("nulls"):
        where = c.accept_any("first", "last")
        if not where:
            raise c.error()
        result.nulls_first = where == "first"
    return result


# -- DROP --------------------------------------------------------------------------------------------------------------
DROPPED = {
    "table": "table", "index": "index", "sequence": "sequence", "view": "view", "schema": "schema", "type": "type",
    "domain": "domain", "extension": "extension", "collation": "collation", "statistics": "statistics",
    "publication": "publication", "role": "role", "user": "role", "group": "role", "database": "database",
    "function": "function", "procedure": "procedure", "routine": "routine", "aggregate": "aggregate",
    "tablespace": "tablespace", "language": "language", "server": "server", "subscription": "subscription",
}  # fmt: skip


def drop(c: Cursor) -> s.Statement:
    c.expect("drop")
    word = c.word()
    if c.sees("materialized", "view"):
        c.at += 1
        word, kind = "view", "materialized view"
    elif c.sees("foreign", "table"):
        c.at += 1
        word, kind = "table", "foreign table"
    elif word == "user" and c.word(1) == "mapping":
        return unsupported(c, "DROP ")
    else:
        kind = DROPPED.get(word, "")
    if not kind:
        return drop_on(c) if word in ("trigger", "rule", "policy") else unsupported(c, "DROP ")
    c.at += 1
    tag = "DROP ROLE" if kind == "role" else f"DROP {kind.upper()}"
    result = s.Drop(kind, tag=tag)
    if kind == "index":
        result.concurrently = c.accept("concurrently")
    result.if_exists = c.accept("if", "exists")
    if kind in ("role", "database", "tablespace", "language", "extension", "publication", "schema"):
        result.names = c.list(lambda: s.Name(None, "", c.position()) if c.done() else _simple_name(c))
    elif kind in ("function", "procedure", "routine", "aggregate"):
        result.names = c.list(lambda: _function_name(c))
    else:
        result.names = c.list(c.name)
    if kind == "database" and (c.accept("with") or c.sees("(")):
        c.parenthesized(lambda: c.expect("force"))
    if kind not in ("database", "role", "tablespace"):
        result.cascade = cascade(c)
    return result


def _simple_name(c: Cursor) -> s.Name:
    position = c.position()
    return s.Name(None, c.identifier(), position)


def _function_name(c: Cursor) -> s.Name:
    name = c.name()
    if c.sees("("):
        c.at = c.matching() + 1
    return name


def drop_on(c: Cursor) -> s.Statement:
    """DROP TRIGGER t ON table: the name, the table behind it in `names`."""
    kind = c.word()
    c.at += 1
    result = s.Drop(kind, tag=f"DROP {kind.upper()}")
    result.if_exists = c.accept("if", "exists")
    name = _simple_name(c)
    c.expect("on")
    result.names = [name, c.name()]
    result.cascade = cascade(c)
    return result


# -- COMMENT -----------------------------------------------------------------------------------------------------------
COMMENTED = ("table", "index", "sequence", "view", "schema", "database", "role", "type", "domain", "extension", "tablespace",
             "collation", "statistics", "publication")  # fmt: skip


def comment(c: Cursor) -> s.Statement:
    c.expect("comment", "on")
    result = s.Comment(tag="COMMENT")
    if c.accept("column"):
        result.kind = "column"
        parts = c.name()
        table = s.Name(parts.catalog, parts.schema or "", parts.position)
        result.name, result.sub_name = table, parts.name
    elif c.accept("materialized", "view"):
        result.kind, result.name = "materialized view", c.name()
    elif c.word() in ("constraint", "trigger", "rule", "policy"):
        result.kind = c.word()
        c.at += 1
        result.sub_name = c.identifier()
        c.expect("on")
        c.accept("domain")
        result.name = c.name()
    elif c.word() in COMMENTED:
        result.kind = c.word()
        c.at += 1
        result.name = c.name()
    elif c.word() in ("function", "procedure", "routine", "aggregate"):
        result.kind = c.word()
        c.at += 1
        result.name = _function_name(c)
    else:
        return unsupported(c, "COMMENT ON ")
    c.expect("is")
    if not c.accept("null"):
        result.text_value = c.string()
    return result


# -- GRANT, REVOKE -----------------------------------------------------------------------------------------------------
OBJECTS = {
    "table": "table", "sequence": "sequence", "schema": "schema", "database": "database", "function": "function",
    "procedure": "procedure", "routine": "routine", "language": "language", "type": "type", "domain": "domain",
    "tablespace": "tablespace",
}  # fmt: skip
ALL_KINDS = {"tables": "table", "sequences": "sequence", "functions": "function", "procedures": "procedure", "routines": "routine"}


def grant(c: Cursor) -> s.Statement:
    revoke = c.accept_any("grant", "revoke") == "revoke"
    result = s.Grant(revoke, tag="REVOKE" if revoke else "GRANT")
    if revoke:
        for option in ("grant", "admin"):
            if c.accept(option, "option", "for"):
                result.grant_option = True
    result.privileges = privileges(c)
    if c.accept("on"):
        grant_objects(c, result)
        c.expect("from" if revoke else "to")
    else:
        result.kind = "role"
        if result.privileges == [("all", [])] or not (c.accept("from") if revoke else c.accept("to")):
            raise c.error()
    result.grantees = c.list(lambda: _grantee(c))
    if not revoke and c.accept("with"):
        if not c.accept_any("grant", "admin"):
            raise c.error()
        c.expect("option")
        result.grant_option = True
    if c.accept("granted", "by"):
        roles.role_name(c)
    if revoke:
        result.cascade = cascade(c)
    return result


def privileges(c: Cursor) -> list[tuple[str, list[str]]]:
    if c.accept("all"):
        c.accept("privileges")
        return [("all", c.parenthesized(c.identifier) if c.sees("(") else [])]
    return c.list(lambda: (c.label(), c.parenthesized(c.identifier) if c.sees("(") else []))


def grant_objects(c: Cursor, result: s.Grant) -> None:
    if c.word() == "all" and c.word(1) in ALL_KINDS:
        result.kind = ALL_KINDS[c.word(1)]
        c.at += 2
        c.expect("in", "schema")
        result.all_in_schema = True
        result.names = c.list(lambda: _simple_name(c))
        return
    if c.word() in OBJECTS and c.kind(1) != END and c.texts[c.at + 1] not in ("to", "from", ",", "."):
        result.kind = OBJECTS[c.word()]
        c.at += 1
    result.names = c.list(lambda: _function_name(c))


def _grantee(c: Cursor) -> str:
    c.accept("group")
    return roles.role_name(c)


PARSERS: dict[str, Callable[[Cursor], s.Statement]] = {
    "create": create,
    "drop": drop,
    "comment": comment,
    "grant": grant,
    "revoke": grant,
}
