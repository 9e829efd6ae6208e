"""Clients that prepare the same query share its tree, which binding and planning leave as it was."""

from __future__ import annotations

import pytest

from aurorapy.sql.parse import parse, parse_shared, statements
from tests.session.test_commit_answers import Client, World
from tests.session.test_no_cycles import QUERIES, SETUP, ask
from tests.support.messages import SYNC, query, run
from tests.support.messages import parse as parse_message


@pytest.fixture(scope="module")
def world():
    world = World()
    client = Client(world)
    for sql in SETUP:
        ask(client, query(sql))
    return world


@pytest.mark.parametrize("sql", QUERIES)
def test_nobody_changes_it(world, sql):
    statements._SHARED.clear()
    talk = parse_message("p", sql) + run("p") + SYNC
    first = Client(world)
    ask(first, talk)
    [shared] = parse_shared(sql)
    assert repr(shared.tree) == repr(parse(sql)[0].tree)
    ask(Client(world), talk)
    assert (parse_shared(sql)[0] is shared) == (len(sql) <= statements.SHARED_TEXT_MAX)
    assert repr(shared.tree) == repr(parse(sql)[0].tree)


def test_what_is_shared(world):
    statements._SHARED.clear()
    for text in ("set work_mem = '4MB'", f"select '{'x' * statements.SHARED_TEXT_MAX}'", "begin", ""):
        parse_shared(text)
    assert set(statements._SHARED) <= {""}
    for number in range(statements.SHARED_TEXTS + 10):
        parse_shared(f"select {number}")
    assert len(statements._SHARED) <= statements.SHARED_TEXTS


def test_each_client_has_its_own_names(world):
    """The same text in another schema, or with a changed table, means something else."""
    one, other = Client(world), Client(world)
    for client, schema in ((one, "left"), (other, "right")):
        ask(client, query(f"create schema {schema}_one; set search_path = {schema}_one; create table n (a text); insert into n values ('{schema}')"))
    seen = []
    for client in (one, other, one):
        world.host.loop.call_soon(client.connection.data_received, parse_message("", "select * from n") + run("") + SYNC)
        world.host.tasks.run_until_idle()
        seen.append(client.bytes)
        client.heard()
    assert b"left" in seen[0] and b"right" in seen[1] and b"left" in seen[2]
