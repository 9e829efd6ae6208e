"""Messages that the short path takes are answered as PostgreSQL answers them, in every order and cut anywhere."""

from __future__ import annotations

import struct
import time

import pytest

from tests.support.messages import (
    FLUSH,
    SYNC,
    answers,
    bind,
    close,
    describe,
    describe_statement,
    execute,
    letters_of,
    parse,
    query,
    read_answers,
    run,
)
from tests.support.pgwire import message

READ, ADD, PUT, DROP = "read", "add", "put", "drop"
STATEMENTS = {
    READ: "select a, b from t where a = $1",
    ADD: "update t set b = b + $1 where a = $2",
    PUT: "insert into t values ($1, $2)",
    DROP: "delete from t where a = $1",
    "many": "select b, a from t where b > $1 order by a",
    "fails": "select 100 / (b - $1) from t order by b desc",
    "cursors": "select name, statement from pg_cursors",
    "begin": "begin",
    "commit": "commit",
    "rollback": "rollback",
}
PREPARE = b"".join(parse(name, sql) for name, sql in STATEMENTS.items()) + SYNC


@pytest.fixture
def t(pair):
    """Table t with rows (1, 10) and (2, 20); connection "a" has STATEMENTS prepared."""
    pair.same(query("create table t (a int primary key, b int)") + query("insert into t values (1, 10), (2, 20)"))
    pair.same(PREPARE)
    return pair


# -- orders of messages ------------------------------------------------------------------------------------------------
TALKS = {
    "read": run(READ, "1") + SYNC,
    "read, no such row": run(READ, "3") + SYNC,
    "without describe": bind("", READ, ["1"]) + execute() + SYNC,
    "read twice before sync": run(READ, "1") + run(READ, "2") + SYNC,
    "several binds, one execute": bind("", READ, ["1"]) + bind("", READ, ["2"]) + execute() + SYNC,
    "execute twice": run(READ, "1") + execute() + SYNC,
    "execute a change twice": run(ADD, "1", "1") + execute() + SYNC,
    "execute a change twice in a block": query("begin") + run(ADD, "1", "1") + execute() + SYNC + query("rollback"),
    "execute begin twice": run("begin") + execute() + SYNC + query("rollback"),
    "describe after begin": bind("", "begin") + execute() + describe() + SYNC + query("rollback"),
    "describe after commit": query("begin") + bind("", "commit") + execute() + describe() + SYNC,
    "row limit": bind("", READ, ["1"]) + execute(limit=1) + execute(limit=1) + SYNC,
    "row limit after a whole execution": run(READ, "1") + execute(limit=1) + SYNC,
    "describe after execute": bind("", READ, ["1"]) + execute() + describe() + SYNC,
    "describe the statement after bind": bind("", READ, ["1"]) + describe_statement(READ) + execute() + SYNC,
    "portal is gone after sync": bind("", READ, ["1"]) + SYNC + execute() + SYNC,
    "portal is gone after flush and sync": bind("", READ, ["1"]) + FLUSH + SYNC + execute() + SYNC,
    "portal is gone after describing a statement": bind("", READ, ["1"]) + describe_statement(READ) + SYNC + execute() + SYNC,
    "executed portal is gone after sync": run(READ, "1") + SYNC + execute() + SYNC,
    "portal stays in a block": query("begin") + bind("", READ, ["1"]) + SYNC + execute() + SYNC + query("commit"),
    "portal goes with its block": query("begin") + bind("", READ, ["1"]) + SYNC + query("commit") + execute() + SYNC,
    "executed portal in a block": query("begin") + run(READ, "1") + SYNC + execute() + SYNC + query("commit"),
    "query ends the unnamed portal":
        query("begin") + bind("", READ, ["1"]) + SYNC + query("select 1") + execute() + SYNC + query("commit"),
    "query drops the unnamed statement": parse("", STATEMENTS[READ]) + query("select 1") + run("", "1") + SYNC,
    "BEGIN drops the unnamed statement": parse("", STATEMENTS[READ]) + SYNC + query("BEGIN") + run("", "1") + SYNC + query("ROLLBACK"),
    "close": bind("", READ, ["1"]) + close() + execute() + SYNC,
    "close and bind": bind("", READ, ["1"]) + close() + run(READ, "2") + SYNC,
    "parse in between": bind("", READ, ["1"]) + parse("", "select 1") + execute() + SYNC,
    "parse of the unnamed statement in between":
        parse("", STATEMENTS[READ]) + bind("", "", ["1"]) + parse("", "select 7") + execute() + SYNC,
    "named portal": bind("p", READ, ["1"]) + run(READ, "2") + execute("p") + SYNC,
    "named portal after the unnamed": bind("", READ, ["1"]) + bind("p", READ, ["2"]) + execute("p") + execute() + SYNC,
    "change and read": run(ADD, "1", "1") + run(READ, "1") + SYNC,
    "read and change and read": run(READ, "1") + run(ADD, "1", "1") + run(READ, "1") + SYNC,
    "flush": run(READ, "1") + FLUSH + run(READ, "2") + SYNC,
    "flush after a change": run(ADD, "1", "1") + FLUSH + run(READ, "1") + SYNC,
    "block": b"".join(run(name, *v) for name, *v in (("begin",), (ADD, "5", "1"), (READ, "1"), ("rollback",), (READ, "1"))) + SYNC,
    "block with syncs": run("begin") + SYNC + run(ADD, "5", "1") + SYNC + run(READ, "1") + SYNC + run("commit") + SYNC,
    "begin in a block": run("begin") + SYNC + run("begin") + SYNC + run("commit") + SYNC,
    "commit without a block": run("commit") + SYNC,
    "rollback without a block": run("rollback") + SYNC,
    "insert and delete": run(PUT, "3", "30") + SYNC + run(DROP, "3") + SYNC + run(DROP, "3") + SYNC,
    "error and skipping": run(PUT, "1", "1") + run(READ, "1") + FLUSH + run(ADD, "1", "1") + SYNC + run(READ, "1") + SYNC,
    "error undoes what was before it": run(ADD, "1", "1") + run(PUT, "1", "1") + SYNC + run(READ, "1") + SYNC,
    "error in a block": run("begin") + run(PUT, "2", "1") + SYNC + run(READ, "1") + SYNC + run("commit") + SYNC,
    "failed block and rollback": run("begin") + SYNC + run(PUT, "2", "1") + SYNC + run("rollback") + SYNC,
    "overflow": run(ADD, "2147483647", "1") + SYNC + run(READ, "1") + SYNC,
    "bad value": run(READ, "x") + run(READ, "1") + SYNC,
    "value out of range": run(READ, "99999999999") + SYNC,
    "blanks and signs": run(READ, " 1 ") + run(READ, "+1") + run(READ, "-0") + run(READ, "") + SYNC,
    "null": run(READ, None) + run(ADD, None, "1") + run(READ, "1") + SYNC,
    "too few values": bind("", READ, []) + execute() + SYNC,
    "too many values": bind("", READ, ["1", "2"]) + execute() + SYNC,
    "unknown format": bind("", READ, ["1"], formats=[2]) + execute() + SYNC,
    "too many formats": bind("", READ, ["1"], formats=[0, 0]) + execute() + SYNC,
    "no formats": bind("", READ, ["1"], formats=[]) + execute() + SYNC,
    "too many result formats": bind("", READ, ["1"], results=[0, 0, 0]) + execute() + SYNC,
    "unknown result format": bind("", READ, ["1"], results=[2]) + execute() + SYNC,
    "unknown result format of a change": bind("", ADD, ["1", "1"], results=[2]) + execute() + SYNC,
    "result formats of a change": bind("", ADD, ["1", "1"], results=[1, 1, 0]) + execute() + SYNC,
    "binary": run(READ, struct.pack("!i", 1), results=[1]) + SYNC,
    "mixed": run(ADD, "1", struct.pack("!i", 1)) + run(READ, "1", results=[0, 1]) + run(READ, "1", results=[1, 0]) + SYNC,
    "binary of another length": run(READ, b"\0\0") + SYNC,
    "binary too long": run(READ, b"\0" * 8) + SYNC,
    "unknown statement": run("nobody") + SYNC,
    "unnamed statement that is not there": run("") + SYNC,
    "sync twice": run(READ, "1") + SYNC + SYNC,
    "nothing but sync": SYNC,
    "query in an implicit transaction": run(ADD, "1", "1") + query("commit") + SYNC + run(READ, "1") + SYNC,
    "COMMIT in an implicit transaction": run(ADD, "1", "1") + query("COMMIT") + SYNC + run(READ, "1") + SYNC,
    "ROLLBACK in an implicit transaction": run(ADD, "1", "1") + query("ROLLBACK") + SYNC + run(READ, "1") + SYNC,
    "BEGIN in an implicit transaction": run(ADD, "1", "1") + query("BEGIN") + query("ROLLBACK") + run(READ, "1") + SYNC,
    "many rows": run("many", "0") + run("many", "15", results=[1]) + SYNC + execute() + SYNC,
    "many rows twice": run("many", "0") + execute() + SYNC,
    "many rows, limited": bind("", "many", ["0"]) + execute(limit=1) + execute(limit=1) + execute() + execute() + SYNC,
    "many rows in a block": query("begin") + run(ADD, "1", "1") + run("many", "0") + SYNC + execute() + SYNC + query("rollback"),
    "many rows and flush": run("many", "0") + FLUSH + run("many", "1") + SYNC,
    "error between rows": run("fails", "20") + run(READ, "1") + SYNC + run("fails", "1") + SYNC,
    "error between rows in a block": query("begin") + run("fails", "20") + SYNC + run("fails", "1") + SYNC + query("rollback"),
    "portal that sees itself": run("cursors") + SYNC + query("begin") + bind("p", "cursors") + run("cursors") + SYNC + query("commit"),
    "empty query": query("") + run(READ, "1") + SYNC,
}  # fmt: skip


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS.keys())
def test_answers_are_postgresqls(t, talk):
    t.same(talk)
    t.same(talk)
    t.same(query("rollback") + query("select * from t order by a"))


def test_messages_may_be_cut_anywhere(t):
    talk = run("begin") + run(READ, "1") + bind("", ADD, ["1", "1"]) + SYNC + execute() + SYNC + run("rollback") + SYNC
    whole = t.same(talk)
    ours, _ = t.wires("a")
    for at in range(1, len(talk)):
        ours.send(talk[:at])
        time.sleep(0.001)
        ours.send(talk[at:])
        assert read_answers(ours, 3) == whole, at
    for at in range(len(talk)):
        ours.send(talk[at : at + 1])
        time.sleep(0.0005)
    assert read_answers(ours, 3) == whole


def test_every_pair_of_messages(t):
    """Whatever follows whatever: two messages, then Sync, then a look at what is there."""
    parts = [
        bind("", READ, ["1"]), bind("", ADD, ["1", "1"]), bind("", "begin"), bind("p", READ, ["2"]), describe(), execute(), run("many", "0"),
        execute(limit=1), execute("p"), close(), SYNC, FLUSH, query("select b from t where a = 1"), query("BEGIN"),
        query("COMMIT"), describe_statement(READ), parse("", STATEMENTS[READ]), bind("", "", ["2"]),
    ]  # fmt: skip
    for first in parts:
        for second in parts:
            for third in (execute(), SYNC + execute()):
                talk = bind("", READ, ["2"]) + first + second + third + SYNC + query("rollback")
                try:
                    t.same_to_end(talk)
                except AssertionError as error:
                    raise AssertionError((letters_of(first + second + third), first, second, third)) from error


def test_client_that_sends_on_before_it_reads(server):
    """Queries arrive while the server waits for it to take the answers to earlier ones."""
    with server.connect() as wire:
        for _ in range(200):
            wire.send(query("select repeat('x', 100000)"))
            time.sleep(0.002)
        assert [m for m in read_answers(wire, 200) if m[0] == "C"] == [("C", "SELECT 1")] * 200


def test_answers_reach_a_client_that_says_goodbye_at_once(t):
    for talk in (run(READ, "1") + SYNC, query("select 1"), run("many", "0") + SYNC):
        for wire in t.wires(f"{talk}"):
            answers(wire, PREPARE)
        t.send(talk + message("X"), f"{talk}")
        t.read(f"{talk}")
