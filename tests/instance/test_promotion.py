"""Real processes: a reader becomes the writer under load, others follow it, nothing acknowledged is lost."""

from __future__ import annotations

import threading
import time

import pytest

from aurorapy.instance import messages as im
from aurorapy.storage.messages import NO_EPOCH
from tests.support.instance_link import ask
from tests.support.node_process import ProcessFleet
from tests.support.pgwire import ConnectionLost


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with ProcessFleet(tmp_path_factory.mktemp("promotion")) as fleet:
        fleet.query("create table kept (client int, n int, primary key (client, n))")
        yield fleet


class Client(threading.Thread):
    """Inserts numbers until its writer is gone; `acknowledged` is the last one that was."""

    def __init__(self, server, number: int, first: int) -> None:
        super().__init__()
        self.wire, self.number, self.acknowledged, self.first = server.connect(), number, first - 1, first
        self.start()

    def run(self) -> None:
        try:
            while not self.wire.query(f"insert into kept values ({self.number}, {self.acknowledged + 1})").error:
                self.acknowledged += 1
        except ConnectionLost:
            pass


def test_a_reader_takes_the_place_of_a_writer_that_died(fleet):
    readers = {name: fleet.new_reader(name) for name in ("first", "second")}
    for reader in readers.values():
        reader.start()
    staying = readers["first"].connect()
    watching = readers["second"].connect()
    started = {number: 0 for number in range(4)}
    names = ["first", "second"]
    for change, name in enumerate(names, 1):
        clients = [Client(fleet.writer, number, first) for number, first in started.items()]
        time.sleep(1.0)
        fleet.writer.kill()
        killed = time.monotonic()
        answer = ask(fleet.address(name), fleet.secret, im.Promote(change))
        outage = time.monotonic() - killed
        assert isinstance(answer, im.Promoted), answer
        assert answer.number == change
        for client in clients:
            client.join()
        old, fleet.writer = fleet.writer, readers[name]
        if name == "first":
            ask(fleet.address("second"), fleet.secret, im.Follow(fleet.address("first"), answer.epoch), answers=False)
            assert not staying.query("insert into kept values (-1, 0)").error
            assert staying.query("select pg_is_in_recovery()").rows == [("f",)]
            assert staying.settings["in_hot_standby"] == "off"
            fleet.until(lambda: watching.query("select count(*) from kept where client = -1").rows == [("1",)], 10)
        for client in clients:
            rows = fleet.query(f"select n from kept where client = {client.number} order by n")
            assert len(rows) in (client.acknowledged + 1, client.acknowledged + 2), outage
            started[client.number] = len(rows)
        old.kill()
    assert not watching.query("insert into kept values (-2, 0)").error
    report = ask(fleet.address("second"), fleet.secret, im.Ask())
    assert (report.role, report.is_open) == ("writer", True)


def test_a_reader_waits_for_a_writer_and_obeys_no_older_one(fleet):
    reader = fleet.new_reader("waiting", writer="")
    starting = threading.Thread(target=reader.start)
    starting.start()
    fleet.until(lambda: fleet.instance_ports.get("waiting"), 10)
    report = ask(fleet.address("waiting"), fleet.secret, im.Ask())
    assert (report.role, report.is_open) == ("reader", False)
    ask(fleet.address("waiting"), fleet.secret, im.Follow(fleet.address(fleet.writer.directory.name), NO_EPOCH), answers=False)
    starting.join()
    with reader.connect() as wire:
        assert wire.query("select count(*) from kept").rows == fleet.query("select count(*) from kept")
    assert isinstance(ask(fleet.address("waiting"), fleet.secret, im.Follow("127.0.0.1:1", im.Epoch(0, 1))), im.Failed)
    reader.kill()
