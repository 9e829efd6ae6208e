"""BEGIN and its kin, savepoints, two-phase commit, LOCK, SET and SHOW.

Not here: what they do (`session.block`, `session.settings`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.sql import statements as s
from aurorapy.sql.parse.cursor import Cursor
from aurorapy.sql.parse.keywords import RESERVED
from aurorapy_native.lexer import INTEGER, NUMBER, QUOTED, STRING, WORD

LEVELS = (
    ("read", "uncommitted"),
    ("read", "committed"),
    ("repeatable", "read"),
    ("serializable",),
)
LOCK_MODES = (
    "access share",
    "row share",
    "row exclusive",
    "share update exclusive",
    "share row exclusive",
    "access exclusive",
    "share",
    "exclusive",
)


def modes(c: Cursor, required: bool = False) -> dict[str, Any]:
    """ISOLATION LEVEL …, READ ONLY, DEFERRABLE, with or without commas."""
    out: dict[str, Any] = {}
    while True:
        if c.accept("isolation", "level"):
            for level in LEVELS:
                if c.accept(*level):
                    out["isolation"] = " ".join(level)
                    break
            else:
                raise c.error()
        elif c.accept("read", "only"):
            out["read_only"] = True
        elif c.accept("read", "write"):
            out["read_only"] = False
        elif c.accept("not", "deferrable"):
            out["deferrable"] = False
        elif c.accept("deferrable"):
            out["deferrable"] = True
        elif required or out and c.texts[c.at - 1] == ",":
            raise c.error()
        else:
            return out
        required = c.accept(",")


def work(c: Cursor) -> None:
    c.accept_any("work", "transaction")


def chain(c: Cursor) -> bool:
    if c.accept("and", "no", "chain"):
        return False
    if c.accept("and"):
        c.expect("chain")
        return True
    return False


def begin(c: Cursor) -> s.Statement:
    c.expect("begin")
    work(c)
    return s.Begin(modes(c), tag="BEGIN")


def start(c: Cursor) -> s.Statement:
    c.expect("start", "transaction")
    return s.Begin(modes(c), True, tag="START TRANSACTION")


def commit(c: Cursor) -> s.Statement:
    word = c.accept_any("commit", "end")
    if word == "commit" and c.accept("prepared"):
        return s.FinishPrepared(c.string(), tag="COMMIT PREPARED")
    work(c)
    return s.Commit(chain(c), tag="COMMIT")


def rollback(c: Cursor) -> s.Statement:
    word = c.accept_any("rollback", "abort")
    if word == "rollback" and c.accept("prepared"):
        return s.FinishPrepared(c.string(), tag="ROLLBACK PREPARED")
    work(c)
    if word == "rollback" and c.accept("to"):
        c.accept("savepoint")
        return s.RollbackTo(c.identifier(), tag="ROLLBACK")
    return s.Rollback(chain(c), tag="ROLLBACK")


def savepoint(c: Cursor) -> s.Statement:
    c.expect("savepoint")
    return s.Savepoint(c.identifier(), tag="SAVEPOINT")


def release(c: Cursor) -> s.Statement:
    c.expect("release")
    c.accept("savepoint")
    return s.ReleaseSavepoint(c.identifier(), tag="RELEASE")


def lock(c: Cursor) -> s.Statement:
    c.expect("lock")
    c.accept("table")
    tables = c.list(lambda: _locked(c))
    mode = "access exclusive"
    if c.accept("in"):
        for candidate in LOCK_MODES:
            if c.accept(*candidate.split()):
                mode = candidate
                break
        else:
            raise c.error()
        c.expect("mode")
    return s.LockTable(tables, mode.upper(), c.accept("nowait"), tag="LOCK TABLE")


def _locked(c: Cursor) -> s.Name:
    c.accept("only")
    name = c.name()
    c.accept("*")
    return name


# -- settings ----------------------------------------------------------------------------------------------------------
def setting_name(c: Cursor) -> str:
    name = c.label() if c.word() not in RESERVED else c.identifier()
    while c.accept("."):
        name += "." + c.label()
    return name


def setting_value(c: Cursor) -> str:
    """One value of SET: a word, a string or a number, as text."""
    sign = c.accept_any("-", "+")
    kind, text = c.kind(), c.texts[c.at]
    if sign and kind not in (INTEGER, NUMBER):
        raise c.error()
    if kind not in (WORD, QUOTED, STRING, INTEGER, NUMBER) or c.done():
        raise c.error()
    if kind == WORD and text in RESERVED and text not in ("true", "false", "on"):
        raise c.error()
    c.at += 1
    return ("-" if sign == "-" else "") + text


def set_(c: Cursor) -> s.Statement:
    c.expect("set")
    local = False
    if c.accept("local"):
        local = True
    elif c.word() == "session" and c.word(1) == "characteristics":
        c.at += 1
        c.expect("characteristics", "as", "transaction")
        return s.SetTransaction(modes(c, True), True, tag="SET")
    elif c.word() == "session" and c.punct(1) not in ("=", "."):
        c.at += 1
    return set_rest(c, local)


def set_rest(c: Cursor, local: bool) -> s.Statement:
    if c.accept("transaction"):
        if c.accept("snapshot"):
            return s.SetTransaction({"snapshot": c.string()}, tag="SET")
        return s.SetTransaction(modes(c, True), tag="SET")
    if c.accept("constraints"):
        names = [] if c.accept("all") else c.list(c.name)
        mode = c.accept_any("deferred", "immediate")
        if not mode:
            raise c.error()
        return s.SetConstraints(names, mode == "deferred", tag="SET CONSTRAINTS")
    if c.accept("time", "zone"):
        return s.Set("timezone", time_zone(c), local, tag="SET")
    if c.accept("names"):
        value = [c.string()] if c.kind() == STRING else None
        if value is None:
            c.accept("default")
        return s.Set("client_encoding", value, local, tag="SET")
    if c.accept("schema"):
        return s.Set("search_path", [c.string()], local, tag="SET")
    if c.accept("role"):
        value = None if c.accept("default") else [setting_value(c)]
        return s.Set("role", value, local, tag="SET")
    if c.accept("authorization"):
        value = None if c.accept("default") else [setting_value(c)]
        return s.Set("session_authorization", value, local, tag="SET")
    if c.accept("xml", "option"):
        return s.Set("xmloption", [c.label()], local, tag="SET")
    name = setting_name(c)
    if c.accept("from", "current"):
        return s.Set(name, None, local, from_current=True, tag="SET")
    if not (c.accept("to") or c.accept("=")):
        raise c.error()
    if c.accept("default"):
        return s.Set(name, None, local, tag="SET")
    return s.Set(name, c.list(lambda: setting_value(c)), local, tag="SET")


def time_zone(c: Cursor) -> list[str] | None:
    if c.accept("default") or c.accept("local"):
        return None
    if c.accept("interval"):
        value = c.string()
        while c.kind() == WORD:
            c.at += 1
        return [f"INTERVAL {value}"]
    return [setting_value(c)]


def show_name(c: Cursor) -> str:
    if c.accept("time", "zone"):
        return "timezone"
    if c.accept("transaction", "isolation", "level"):
        return "transaction_isolation"
    if c.accept("session", "authorization"):
        return "session_authorization"
    if c.accept("all"):
        return "all"
    return setting_name(c)


def show(c: Cursor) -> s.Statement:
    c.expect("show")
    return s.Show(show_name(c), tag="SHOW")


def reset(c: Cursor) -> s.Statement:
    c.expect("reset")
    return s.Reset(show_name(c), tag="RESET")


def discard(c: Cursor) -> s.Statement:
    c.expect("discard")
    what = c.accept_any("all", "plans", "sequences", "temp", "temporary")
    if not what:
        raise c.error()
    what = "temp" if what == "temporary" else what
    return s.Discard(what, tag=f"DISCARD {what.upper()}")


PARSERS = {
    "begin": begin,
    "start": start,
    "commit": commit,
    "end": commit,
    "rollback": rollback,
    "abort": rollback,
    "savepoint": savepoint,
    "release": release,
    "lock": lock,
    "set": set_,
    "show": show,
    "reset": reset,
    "discard": discard,
}
