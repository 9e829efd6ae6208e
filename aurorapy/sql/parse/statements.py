"""One statement: by its first words to the parser that knows it.

    parse(text) -> a list of sql.statements, one a statement between semicolons

Queries go to `query`; everything else is read by the hand-written parsers beside this module, each a table from a word
to a function of a Cursor.

Errors: SyntaxError 42601 with PostgreSQL's wording and position.
"""

from __future__ import annotations

from typing import Callable

from aurorapy.sql import statements as s
from aurorapy.sql.parse import alter, create, roles, tables, transactions, utility
from aurorapy.sql.parse.cursor import Cursor
from aurorapy.sql.parse.query import parse_query
from aurorapy.sql.parse.source import Source

QUERY_WORDS = frozenset("select with values table insert update delete".split())
KINDS = {"insert": "insert", "update": "update", "delete": "delete"}
SHARED_TEXTS, SHARED_TEXT_MAX = 512, 1024
_SHARED: dict[str, list[s.Statement]] = {}
TAGS = {"insert": "INSERT 0", "update": "UPDATE", "delete": "DELETE", "select": "SELECT"}

Parser = Callable[[Cursor], s.Statement]
PARSERS: dict[str, Parser] = {
    **transactions.PARSERS,
    **utility.PARSERS,
    **roles.PARSERS,
    **create.PARSERS,
    **alter.PARSERS,
}


def parse(text: str) -> list[s.Statement]:
    """The statements of a query string; [] when it holds none."""
    source = Source(text)
    return [parse_range(source, first, last) for first, last in source.statements()]


def parse_shared(text: str) -> list[s.Statement]:
    """parse() of what a client prepares. A thousand clients prepare the same few queries: their trees, which nobody
    changes, are one."""
    known = _SHARED.get(text)
    if known is None:
        known = parse(text)
        if len(text) <= SHARED_TEXT_MAX and all(type(statement) is s.QueryStatement for statement in known):
            if len(_SHARED) >= SHARED_TEXTS:
                _SHARED.clear()
            _SHARED[text] = known
    return known


def parse_range(source: Source, first: int, last: int) -> s.Statement:
    """The statement in tokens [first, last)."""
    cursor = Cursor(source, first, last)
    statement = statement_at(cursor)
    cursor.expect_end()
    start = source.starts[first]
    statement.text = source.text[start : source.ends[last - 1]]
    statement.offset = start
    return statement


def statement_at(c: Cursor) -> s.Statement:
    """Reads one statement from the cursor to the end of its range."""
    word = c.word()
    if word in QUERY_WORDS or c.sees("("):
        return created(query_at(c))
    parser = PARSERS.get(word)
    if parser is None:
        raise c.error()
    return parser(c)


def query_at(c: Cursor, last: int | None = None) -> s.QueryStatement:
    """A query from the cursor to `last` (the statement's end)."""
    first = c.at
    last = c.last if last is None else last
    if first >= last:
        raise c.error()
    tree, highest = parse_query(c.source, first, last)
    c.at = last
    kind = KINDS.get(type(tree).__name__.lower(), "select")
    text = c.source.slice(first, last - 1)
    return s.QueryStatement(
        kind=kind, tree=tree, params=highest, source=c.source, text=text, offset=c.source.starts[first], tag=TAGS[kind]
    )


def created(query: s.QueryStatement) -> s.Statement:
    """SELECT INTO is CREATE TABLE AS."""
    into = getattr(query.tree, "into", None)
    if into is None:
        return query
    return s.CreateTable(into[1], persistence=into[0], query=query, tag="SELECT")


def optimizable(c: Cursor) -> s.Statement:
    """A query, or EXECUTE and CREATE TABLE AS where EXPLAIN takes them."""
    if c.word() in QUERY_WORDS or c.sees("("):
        return query_at(c)
    if c.word() in ("execute", "declare"):
        return statement_at(c)
    if c.word() == "create":
        return _created_from_query(c)
    raise c.error()


def _created_from_query(c: Cursor) -> s.Statement:
    """CREATE TABLE AS, which alone of all CREATE statements can be explained."""
    start = c.at
    statement = statement_at(c)
    if isinstance(statement, s.CreateTable) and statement.query is not None:
        return statement
    c.at = start + 1
    if isinstance(statement, s.CreateTable):
        while not c.sees("("):  # the list could have been of column names
            c.at += 1
        c.at += 2 if c.punct(1) != ")" else 1
    raise c.error()


utility.use(query_at, statement_at, optimizable)
create.use(query_at, statement_at)
tables.use(query_at)
