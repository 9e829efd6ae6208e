"""Roles and databases: CREATE and ALTER of both.

Not here: GRANT (`create`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.sql import statements as s
from aurorapy.sql.parse.cursor import Cursor
from aurorapy.sql.parse.transactions import set_rest, show_name
from aurorapy_native.lexer import QUOTED, STRING

FLAGS = {"superuser", "createdb", "createrole", "inherit", "login", "replication", "bypassrls"}


def role_name(c: Cursor) -> str:
    """A role, or one of the words that stand for one."""
    if c.word() in ("current_user", "session_user", "current_role"):
        c.at += 1
        return c.texts[c.at - 1]
    return c.identifier()


def role_options(c: Cursor) -> dict[str, Any]:
    options: dict[str, Any] = {}
    while not c.done():
        word = c.word()
        if word in FLAGS:
            c.at += 1
            options[word] = True
        elif word.startswith("no") and word[2:] in FLAGS:
            c.at += 1
            options[word[2:]] = False
        elif c.accept("encrypted", "password") or c.accept("password"):
            options["password"] = None if c.accept("null") else c.string()
        elif c.accept("connection", "limit"):
            options["connection_limit"] = c.integer()
        elif c.accept("valid", "until"):
            options["valid_until"] = c.string()
        elif c.accept("in"):
            if not c.accept_any("role", "group"):
                raise c.error()
            options["in_role"] = c.list(lambda: role_name(c))
        elif c.accept_any("role", "user"):
            options["role"] = c.list(lambda: role_name(c))
        elif c.accept("admin"):
            options["admin"] = c.list(lambda: role_name(c))
        elif c.accept("sysid"):
            c.integer()
        else:
            raise c.error()
    return options


def create_role(c: Cursor) -> s.Statement:
    user = c.accept_any("role", "user", "group") == "user"
    name = role_name(c)
    c.accept("with")
    return s.CreateRole(name, role_options(c), user, tag="CREATE ROLE")


def alter_role(c: Cursor) -> s.Statement:
    c.accept_any("role", "user", "group")
    name = "all" if c.accept("all") else role_name(c)
    result = s.AlterRole(name, tag="ALTER ROLE")
    if c.accept("rename", "to"):
        result.options["rename"] = c.identifier()
        return result
    if c.accept("in", "database"):
        result.options["database"] = c.identifier()
    if setting(c, result.options):
        return result
    c.accept("with")
    result.options.update(role_options(c))
    return result


def setting(c: Cursor, options: dict[str, Any]) -> bool:
    """SET name TO value or RESET name behind ALTER ROLE and ALTER DATABASE."""
    if c.accept("set"):
        options["set"] = set_rest(c, False)
        return True
    if c.accept("reset"):
        options["reset"] = show_name(c)
        return True
    return False


def create_database(c: Cursor) -> s.Statement:
    c.expect("database")
    name = c.identifier()
    c.accept("with")
    return s.CreateDatabase(name, database_options(c), tag="CREATE DATABASE")


def database_options(c: Cursor) -> dict[str, Any]:
    options: dict[str, Any] = {}
    while not c.done():
        name = "connection_limit" if c.accept("connection", "limit") else c.label()
        c.accept("=")
        options[name] = database_value(c)
    return options


def database_value(c: Cursor) -> Any:
    if c.accept("default"):
        return None
    if c.kind() == STRING:
        return c.string()
    if c.word():
        word = c.label()
        return {"true": True, "false": False, "on": True, "off": False}.get(word, word)
    if c.kind() == QUOTED:
        return c.identifier()
    return c.integer()


def alter_database(c: Cursor) -> s.Statement:
    c.expect("database")
    result = s.AlterDatabase(c.identifier(), tag="ALTER DATABASE")
    if c.accept("rename", "to"):
        result.options["rename"] = c.identifier()
    elif c.accept("owner", "to"):
        result.options["owner"] = role_name(c)
    elif not setting(c, result.options):
        c.accept("with")
        result.options.update(database_options(c))
    return result


PARSERS: dict[str, Callable[[Cursor], s.Statement]] = {}
