"""Changes of one row that need index entries, made where nothing may wait: also when they find in their middle that
they have to."""

from __future__ import annotations

import pytest

from tests.session.test_commit_answers import Client, World
from tests.support.messages import SYNC, parse, query, run

STATEMENTS = {
    "insert": "insert into u (a, b, c) values ($1, $2, $3)",
    "move": "update u set b = b + $1 where a = $2", "delete": "delete from u where a = $1",
}  # fmt: skip
ROWS = 900


@pytest.fixture(scope="module")
def world():
    world = World()
    client = Client(world)
    client.say(query("create table u (a int primary key, b int, c int unique)"))
    client.say(query("create index on u (b)"))
    world.pass_time()
    return world


@pytest.fixture
def client(world):
    client = Client(world)
    client.say(query("truncate u"))
    world.pass_time()
    client.say(b"".join(parse(name, sql) for name, sql in STATEMENTS.items()) + SYNC)
    return client


def say(client: Client, data: bytes) -> str:
    """With the time it takes."""
    letters = client.say(data)
    if letters[-1:] == "Z":
        return letters
    client.world.pass_time()
    return letters + client.heard()


def rows(client: Client, sql: str) -> list[str]:
    client.heard()
    client.world.host.loop.call_soon(client.connection.data_received, query(sql))
    client.world.pass_time()
    data, client.bytes = client.bytes, b""
    found = []
    while data:
        length = int.from_bytes(data[1:5], "big") + 1
        if data[:1] == b"D":
            found.append(data[11:length].decode())
        data = data[length:]
    return found


def begin(client: Client) -> None:
    assert say(client, run("begin") + SYNC) == "2nCZ"


def commit(client: Client) -> None:
    assert say(client, run("commit") + SYNC) == "2nCZ"


def check(client: Client, count: int, total: int) -> None:
    """By every index as by the table itself."""
    for where in ("a > -1", "b > -1", "c > -1"):
        client.say(query("set enable_seqscan = off"))
        assert rows(client, f"select count(*) || ' ' || sum(b) from u where {where}") == [f"{count} {total}"], where
    client.say(query("set enable_seqscan = on; set enable_indexscan = off; set enable_bitmapscan = off"))
    assert rows(client, "select count(*) || ' ' || sum(b) from u") == [f"{count} {total}"]


def test_leaves_that_split(client):
    begin(client)
    for i in range(ROWS):
        assert say(client, run("insert", str(i), str(i * 7 % ROWS), str(i)) + SYNC) == "2nCZ"
    commit(client)
    check(client, ROWS, sum(range(ROWS)))
    begin(client)
    for i in range(0, ROWS, 3):
        assert say(client, run("move", "1", str(i)) + SYNC) == "2nCZ"
    commit(client)
    check(client, ROWS, sum(range(ROWS)) + len(range(0, ROWS, 3)))


def test_a_key_that_is_taken_fails_the_block_once(client):
    begin(client)
    assert say(client, run("insert", "1", "1", "1") + SYNC) == "2nCZ"
    assert say(client, query("savepoint s")) == "CZ"
    assert say(client, run("insert", "2", "2", "1") + SYNC) == "2nEZ"  # its row and its first entry were made
    assert say(client, query("rollback to s")) == "CZ"
    assert say(client, run("insert", "2", "2", "2") + SYNC) == "2nCZ"
    commit(client)
    check(client, 2, 3)


def test_a_key_that_another_is_about_to_take_is_waited_for(client):
    other = Client(client.world)
    other.say(parse("insert", STATEMENTS["insert"]) + SYNC)
    begin(other)
    assert say(other, run("insert", "1", "1", "1") + SYNC) == "2nCZ"
    begin(client)
    assert say(client, run("insert", "2", "2", "1") + SYNC) == ""
    client.cancel()
    assert say(client, b"") == "2nEZ"
    assert say(client, query("rollback")) == "CZ"
    begin(client)
    assert say(client, run("insert", "2", "2", "1") + SYNC + run("insert", "3", "3", "3") + SYNC) == ""
    assert say(other, query("rollback")) == "CZ"
    client.world.pass_time()
    assert client.heard() == "2nCZ2nCZ"
    commit(client)
    check(client, 2, 5)


def test_a_new_version_that_has_the_key_of_a_deleted_row(client):
    begin(client)
    assert say(client, run("insert", "1", "1", "1") + SYNC) == "2nCZ"
    commit(client)
    begin(client)
    assert say(client, run("delete", "1") + SYNC + run("insert", "1", "5", "1") + SYNC + run("move", "2", "1") + SYNC) == "2nCZ" * 3
    commit(client)
    check(client, 1, 7)
