"""Prepared statements, cursors, EXPLAIN, COPY, VACUUM, ANALYZE, TRUNCATE, LISTEN and other statements that do things.

Not here: definitions (`create`, `alter`), transactions and settings (`transactions`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import SyntaxError
from aurorapy.sql import statements as s
from aurorapy.sql.parse.cursor import Cursor
from aurorapy.sql.parse.transactions import setting_value
from aurorapy.sql.parse.typenames import type_name
from aurorapy_native.lexer import END, INTEGER, NUMBER, QUOTED, STRING, WORD

_query_at: Callable[..., s.QueryStatement]
_statement_at: Callable[[Cursor], s.Statement]
_optimizable: Callable[[Cursor], s.Statement]


def use(query_at, statement_at, optimizable) -> None:
    """Hands in the parsers of whole statements, which stand above this module."""
    global _query_at, _statement_at, _optimizable
    _query_at, _statement_at, _optimizable = query_at, statement_at, optimizable


# -- prepared statements -----------------------------------------------------------------------------------------------
def prepare(c: Cursor) -> s.Statement:
    c.expect("prepare")
    if c.accept("transaction"):
        return s.PrepareTransaction(c.string(), tag="PREPARE TRANSACTION")
    name = c.identifier()
    types = c.parenthesized(lambda: type_name(c)) if c.sees("(") else []
    c.expect("as")
    if c.word() not in ("select", "insert", "update", "delete", "values", "with", "table", "merge") and not c.sees("("):
        raise c.error()
    return s.Prepare(name, types, _statement_at(c), tag="PREPARE")


def execute(c: Cursor) -> s.Statement:
    c.expect("execute")
    name = c.identifier()
    args: list[s.ExprText] = []
    if c.accept("("):
        args = c.list(lambda: c.until(frozenset({","})))
        c.expect(")")
    return s.Execute(name, args)


def deallocate(c: Cursor) -> s.Statement:
    c.expect("deallocate")
    if c.word() == "prepare" and c.kind(1) != END:
        c.at += 1
    if c.accept("all"):
        return s.Deallocate(None, tag="DEALLOCATE ALL")
    return s.Deallocate(c.identifier(), tag="DEALLOCATE")


# -- cursors -----------------------------------------------------------------------------------------------------------
def declare(c: Cursor) -> s.Statement:
    c.expect("declare")
    result = s.DeclareCursor(c.identifier(), tag="DECLARE CURSOR")
    while not c.sees("cursor"):
        if c.accept("binary"):
            result.binary = True
        elif c.accept("no", "scroll"):
            result.scroll = False
        elif c.accept("scroll"):
            result.scroll = True
        elif not (c.accept("insensitive") or c.accept("asensitive")):
            raise c.error()
    c.expect("cursor")
    if c.accept("with", "hold"):
        result.hold = True
    else:
        c.accept("without", "hold")
    c.expect("for")
    if c.word() not in ("select", "values", "with", "table") and not c.sees("("):
        raise c.error()
    result.query = _query_at(c)
    return result


DIRECTIONS = ("next", "prior", "first", "last", "absolute", "relative", "forward", "backward")


def fetch(c: Cursor) -> s.Statement:
    move = c.accept_any("fetch", "move") == "move"
    result = s.Fetch(move=move, tag="MOVE" if move else "FETCH")
    direction = c.word()
    follows = c.word(1) in ("from", "in") or c.kind(1) in (WORD, QUOTED, INTEGER) or c.punct(1) == "-"
    if direction in DIRECTIONS and follows:
        c.at += 1
        result.direction = direction
        if direction in ("absolute", "relative"):
            result.count = c.integer()
        elif direction in ("forward", "backward"):
            _count(c, result)
    else:
        result.direction = "forward" if _count(c, result) else "next"
    c.accept_any("from", "in")
    result.cursor = c.identifier()
    return result


def _count(c: Cursor, result: s.Fetch) -> bool:
    if c.accept("all"):
        result.count = None
        return True
    if c.kind() in (INTEGER, NUMBER) or c.punct() in ("-", "+"):
        result.count = c.integer()
        return True
    return False


def close(c: Cursor) -> s.Statement:
    c.expect("close")
    if c.accept("all"):
        return s.CloseCursor(None, tag="CLOSE CURSOR ALL")
    return s.CloseCursor(c.identifier(), tag="CLOSE CURSOR")


# -- EXPLAIN, VACUUM, ANALYZE ------------------------------------------------------------------------------------------
def option_value(c: Cursor) -> Any:
    """The value behind an option's name: True when there is none."""
    if c.punct() in (",", ")"):
        return True
    if c.kind() in (INTEGER, NUMBER) or c.punct() in ("-", "+"):
        text = setting_value(c)
        try:
            return int(text)
        except ValueError:
            return float(text)
    if c.kind() == STRING:
        return c.string()
    word = c.label()
    return {"true": True, "on": True, "false": False, "off": False}.get(word, word)


def option_list(c: Cursor) -> dict[str, Any]:
    """(name [value], …)"""
    return dict(c.parenthesized(lambda: (c.label(), option_value(c))))


def placed_option(c: Cursor) -> tuple[str, Any, int]:
    """An option of EXPLAIN, VACUUM or ANALYZE with its position."""
    position = c.position()
    name = c.label()
    return "analyze" if name == "analyse" else name, option_value(c), position


def explain(c: Cursor) -> s.Statement:
    c.expect("explain")
    options: dict[str, Any] = {}
    positions: dict[str, int] = {}
    if c.sees("(") and c.word(1) not in ("select", "values", "with", "table") and c.punct(1) != "(":
        for name, value, position in c.parenthesized(lambda: placed_option(c)):
            options[name], positions[name] = value, position
    else:
        if c.accept_any("analyze", "analyse"):
            options["analyze"] = True
        if c.accept("verbose"):
            options["verbose"] = True
    return s.Explain(options, _optimizable(c), positions, tag="EXPLAIN")


def _relations(c: Cursor) -> list[tuple[s.Name, list[str]]]:
    if c.done():
        return []
    return c.list(lambda: (c.name(), c.parenthesized(c.identifier) if c.sees("(") else []))


def vacuum(c: Cursor) -> s.Statement:
    c.expect("vacuum")
    if c.sees("("):
        options = option_list(c)
        if "analyse" in options:
            options["analyze"] = options.pop("analyse")
    else:
        options = {}
        for word in ("full", "freeze", "verbose"):
            if c.accept(word):
                options[word] = True
        if c.accept_any("analyze", "analyse"):
            options["analyze"] = True
    return s.Vacuum(options, _relations(c), tag="VACUUM")


def analyze(c: Cursor) -> s.Statement:
    c.accept_any("analyze", "analyse")
    if c.sees("("):
        options = option_list(c)
    else:
        options = {"verbose": True} if c.accept("verbose") else {}
    return s.Analyze(options, _relations(c), tag="ANALYZE")


def checkpoint(c: Cursor) -> s.Statement:
    c.expect("checkpoint")
    return s.Checkpoint(tag="CHECKPOINT")


def truncate(c: Cursor) -> s.Statement:
    c.expect("truncate")
    c.accept("table")
    result = s.Truncate(c.list(lambda: _truncated(c)), tag="TRUNCATE TABLE")
    if c.accept("restart", "identity"):
        result.restart_identity = True
    else:
        c.accept("continue", "identity")
    result.cascade = cascade(c)
    return result


def _truncated(c: Cursor) -> s.Name:
    c.accept("only")
    name = c.name()
    c.accept("*")
    return name


def cascade(c: Cursor) -> bool:
    if c.accept("cascade"):
        return True
    c.accept("restrict")
    return False


def reindex(c: Cursor) -> s.Statement:
    c.expect("reindex")
    concurrently = False
    if c.sees("("):
        options = option_list(c)
        concurrently = bool(options.get("concurrently", False))
    kind = c.accept_any("index", "table", "schema", "database", "system")
    if not kind:
        raise c.error()
    concurrently = c.accept("concurrently") or concurrently
    name = None if c.done() else c.name()
    return s.Reindex(kind, name, concurrently, tag="REINDEX")


# -- LISTEN, NOTIFY ----------------------------------------------------------------------------------------------------
def listen(c: Cursor) -> s.Statement:
    c.expect("listen")
    return s.Listen("listen", c.identifier(), tag="LISTEN")


def unlisten(c: Cursor) -> s.Statement:
    c.expect("unlisten")
    channel = None if c.accept("*") else c.identifier()
    return s.Listen("unlisten", channel, tag="UNLISTEN")


def notify(c: Cursor) -> s.Statement:
    c.expect("notify")
    channel = c.identifier()
    payload = c.string() if c.accept(",") else ""
    return s.Listen("notify", channel, payload, tag="NOTIFY")


# -- COPY --------------------------------------------------------------------------------------------------------------
def copy(c: Cursor) -> s.Statement:
    c.expect("copy")
    result = s.Copy()
    if c.accept("binary"):
        result.options["format"] = "binary"
    if c.sees("("):
        close_at = c.matching()
        c.at += 1
        inner = Cursor(c.source, c.at, close_at)
        result.query = _query_at(inner)
        c.at = close_at + 1
    else:
        result.table = c.name()
        if c.sees("("):
            result.columns = c.parenthesized(c.identifier)
    if c.accept("from"):
        if result.query is not None:
            c.at -= 1
            raise c.error()
        result.is_from = True
    else:
        c.expect("to")
    _copy_target(c, result)
    if c.accept_any("using"):
        c.expect("delimiters")
        result.options["delimiter"] = c.string()
    c.accept("with")
    if c.sees("("):
        c.parenthesized(lambda: _copy_option(c, result))
    else:
        _old_copy_options(c, result)
    if c.accept("where"):
        result.where = c.until(frozenset())
    return result


def _copy_target(c: Cursor, result: s.Copy) -> None:
    if c.accept("program"):
        result.target, result.target_kind = c.string(), "program"
    elif c.kind() == STRING:
        result.target, result.target_kind = c.string(), "file"
    elif c.accept_any("stdin", "stdout"):
        result.target = "stdin" if result.is_from else "stdout"
    else:
        raise c.error()


def _copy_option(c: Cursor, result: s.Copy) -> None:
    position = c.position()
    name = c.label()
    if name in result.options:
        raise SyntaxError("conflicting or redundant options", position=position)
    result.option_positions[name] = position
    result.options[name] = _copy_value(c)


def _copy_value(c: Cursor) -> Any:
    if c.sees("("):
        return c.parenthesized(c.identifier)
    if c.accept("*"):
        return "*"
    return option_value(c)


def _old_copy_options(c: Cursor, result: s.Copy) -> None:
    """COPY t FROM STDIN CSV HEADER DELIMITER ';' ..."""
    options = result.options
    while not c.done() and not c.sees("where"):
        if c.accept_any("csv", "binary"):
            options["format"] = c.texts[c.at - 1]
        elif c.accept("header") or c.accept("freeze"):
            options[c.texts[c.at - 1]] = True
        elif word := c.accept_any("delimiter", "null", "quote", "escape", "encoding"):
            c.accept("as")
            options[word] = c.string()
        elif c.accept("force", "quote"):
            options["force_quote"] = "*" if c.accept("*") else c.list(c.identifier)
        elif c.accept("force", "not", "null"):
            options["force_not_null"] = c.list(c.identifier)
        elif c.accept("force", "null"):
            options["force_null"] = c.list(c.identifier)
        else:
            raise c.error()


# -- known, not here ---------------------------------------------------------------------------------------------------
UNSUPPORTED = {
    "do": "DO",
    "call": "CALL",
    "cluster": "CLUSTER",
    "merge": "MERGE",
    "load": "LOAD",
    "import": "IMPORT FOREIGN SCHEMA",
    "refresh": "REFRESH MATERIALIZED VIEW",
    "security": "SECURITY LABEL",
    "reassign": "REASSIGN OWNED",
}


def unsupported(c: Cursor) -> s.Statement:
    feature = UNSUPPORTED[c.word()]
    if c.kind(1) == END and c.word() not in ("cluster",):
        c.at += 1
        raise c.error()
    c.at = c.last
    return s.Unsupported(feature)


PARSERS: dict[str, Callable[[Cursor], s.Statement]] = {
    "prepare": prepare,
    "execute": execute,
    "deallocate": deallocate,
    "declare": declare,
    "fetch": fetch,
    "move": fetch,
    "close": close,
    "explain": explain,
    "vacuum": vacuum,
    "analyze": analyze,
    "analyse": analyze,
    "checkpoint": checkpoint,
    "truncate": truncate,
    "reindex": reindex,
    "listen": listen,
    "unlisten": unlisten,
    "notify": notify,
    "copy": copy,
    **dict.fromkeys(UNSUPPORTED, unsupported),
}
