"""A COMMIT that no task waits for: its answer goes out when the VDL has passed it, whatever happens meanwhile."""

from __future__ import annotations

import pytest

from aurorapy import config
from aurorapy.errors import IoError
from aurorapy.instance.instance import Instance
from aurorapy.server.connection import Connection
from aurorapy.server.listener import Listener

from tests.sim.client import SimTransport
from tests.sim.host import SimHost
from tests.sim.world import SIZES, SimLog
from tests.support.messages import SYNC, parse, query, run
from tests.support.pgwire import message

STATEMENTS = {
    "begin": "begin", "commit": "commit", "add": "update t set b = b + $1 where a = $2", "read": "select b from t where a = $1",
}  # fmt: skip
BLOCK = run("begin") + SYNC + run("add", "5", "1") + SYNC
COMMITS = {"extended": run("commit") + SYNC, "simple": query("commit")}
ANSWER = {"extended": "2nCZ", "simple": "CZ"}


class Client:
    """A connection whose bytes go in and come out in the same step."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.connection = Connection(world.host.tasks, world.listener)
        self.bytes, self.closed = b"", False
        self.transport = SimTransport(self)
        self.connection.connection_made(self.transport)
        body = b"user\0postgres\0database\0postgres\0\0"
        self.say((len(body) + 8).to_bytes(4, "big") + (3 << 16).to_bytes(4, "big") + body)
        self.say(b"".join(parse(name, sql) for name, sql in STATEMENTS.items()) + SYNC)

    def arrive(self, data: bytes) -> None:
        self.bytes += data

    def hang_up(self) -> None:
        self.closed = True

    def say(self, data: bytes) -> str:
        """Letters of what is answered before time passes."""
        self.world.host.loop.call_soon(self.connection.data_received, data)
        self.world.host.tasks.run_until_idle()
        return self.heard()

    def heard(self) -> str:
        letters, data, self.bytes = "", self.bytes, b""
        while data:
            letters += chr(data[0])
            self.last = data[: int.from_bytes(data[1:5], "big") + 1]
            data = data[len(self.last) :]
        return letters

    def cancel(self) -> None:
        facts = self.connection.facts
        self.world.listener.cancel(facts.pid, facts.key)


class World:
    """A server whose redo can be held back before it reaches the node."""

    def __init__(self) -> None:
        self.host = SimHost(7)
        settings = config.load(None, {"shared_buffers": "4000", "autovacuum": "off"})
        self.host.tasks.run(self._make, settings)
        self.held: list | None = None
        send = self.instance.volume.transport.send

        def watched(copy, what):
            self.held.append((copy, what)) if self.held is not None else send(copy, what)

        self.send, self.instance.volume.transport.send = send, watched

    def _make(self, settings):
        self.log = SimLog(self.host)
        self.instance = Instance.create(self.host, settings, log=self.log, storage=SIZES[0].storage)
        self.listener = Listener(self.instance, self.host.loop)

    def hold(self) -> None:
        self.pass_time()
        self.held = []

    def let_go(self) -> None:
        held, self.held = self.held, None
        for copy, what in held:
            self.send(copy, what)
        self.pass_time()

    def pass_time(self) -> None:
        self.host.tasks.run(self.host.tasks.sleep, 5.0)
        self.host.tasks.run_until_idle()


@pytest.fixture
def world():
    world = World()
    client = Client(world)
    client.say(query("create table t (a int primary key, b int) with (fillfactor = 50)"))
    world.pass_time()
    client.say(query("insert into t values (1, 10), (2, 20)"))
    world.pass_time()
    return world


@pytest.fixture
def client(world):
    """In a block that has changed row 1; what it writes from now on reaches no disk until world.let_go()."""
    client = Client(world)
    assert client.say(BLOCK) == "2nCZ2nCZ"
    world.hold()
    return client


@pytest.mark.parametrize("kind", COMMITS)
def test_nothing_is_said_before_the_commit_is_durable(world, client, kind):
    assert client.say(COMMITS[kind]) == ""
    world.let_go()
    assert client.heard() == ANSWER[kind] and client.last == message("Z", b"I")


def test_nobody_sees_it_or_has_its_locks_before(world, client):
    reader, writer = Client(world), Client(world)
    client.say(COMMITS["extended"])
    assert b"10" in read(reader)
    assert writer.say(BLOCK) == ""
    world.let_go()
    assert b"15" in read(reader)
    assert writer.heard() == "2nCZ2nCZ"


def read(client: Client) -> bytes:
    client.world.host.loop.call_soon(client.connection.data_received, run("read", "1") + SYNC)
    client.world.host.tasks.run_until_idle()
    data, client.bytes = client.bytes, b""
    return data


@pytest.mark.parametrize("kind", COMMITS)
def test_what_is_sent_meanwhile_is_answered_after_it(world, client, kind):
    client.say(COMMITS[kind])
    assert client.say(run("read", "1") + SYNC) == ""
    assert client.say(query("select 1, 2")) == ""
    world.let_go()
    assert client.heard() == ANSWER[kind] + "2TDCZ" + "TDCZ"


def test_blocks_in_one_packet(world, client):
    assert client.say((COMMITS["extended"] + BLOCK) * 3 + COMMITS["simple"] + query("select 1")) == ""
    world.let_go()
    assert client.heard() == ("2nCZ" + "2nCZ2nCZ") * 3 + "CZ" + "TDCZ"


@pytest.mark.parametrize("kind", COMMITS)
@pytest.mark.parametrize("together", [False, True])
def test_a_cancel_is_too_late(world, client, kind, together):
    client.say(COMMITS[kind])
    client.cancel()
    if not together:  # the task sees it before the commit is over
        world.host.tasks.run_until_idle()
        assert client.heard() == ""
    world.let_go()
    assert client.heard() == ANSWER[kind]
    assert client.say(query("select 1")) == "TDCZ"


def test_a_client_that_leaves_keeps_its_locks_until_the_commit_is_durable(world, client):
    client.say(COMMITS["extended"])
    client.connection.connection_lost(None)
    world.host.tasks.run_until_idle()
    writer = Client(world)
    assert writer.say(BLOCK) == ""
    assert client.connection not in world.listener.connections
    world.let_go()
    assert writer.heard() == "2nCZ2nCZ"
    assert writer.say(run("read", "1") + SYNC) == "2TDCZ"
    assert not world.log.internal


@pytest.mark.parametrize("kind", COMMITS)
def test_a_volume_that_fails_leaves_the_outcome_open(world, client, kind):
    client.say(COMMITS[kind] + run("read", "1") + SYNC)
    world.instance.volume.fail(IoError("the disk is gone"))
    world.host.tasks.run_until_idle()
    assert client.heard() == {"extended": "2nEZ", "simple": "EZ"}[kind] + "2TDCZ"
    assert client.connection.session.block.letter == "I"
    assert not world.log.internal


def test_a_block_that_wrote_nothing_needs_no_log(world):
    client = Client(world)
    client.say(run("begin") + SYNC + run("read", "1") + SYNC)
    world.hold()
    assert client.say(COMMITS["extended"]) == "2nCZ"


def test_a_client_that_is_ended_before_its_commit_is_durable_has_notified(world, client):
    listener = Client(world)
    assert listener.say(query("listen news")) == "CZ"
    client.say(query("notify news; listen news"))
    assert client.say(COMMITS["simple"]) == ""
    world.listener.terminate(client.connection.facts.pid)
    world.host.tasks.run_until_idle()
    assert client.heard() == "E" and listener.heard() == ""
    world.let_go()
    assert listener.heard() == "A"
    assert listener.say(query("notify news")) == "CAZ"
    assert not world.log.internal
