"""One batch of a fleet's writer is on its way at a time; those who wait meanwhile share the next."""

import pytest

from aurorapy.storage.volume import fleet as fleet_module
from tests.storage.test_volume import Writer
from tests.support.fleet import Fleet


@pytest.fixture
def fleet(tmp_path):
    with Fleet(tmp_path) as fleet:
        yield fleet


def test_batches_grow_with_those_who_wait(fleet):
    def work():
        volume = fleet.create()
        writer = Writer(volume)
        volume.wait_durable(writer.change(0, 0))
        before = volume.transport.batches
        for number in range(10):
            lsn = writer.change(number, number)
            volume.flush()
        assert volume.transport.batches == before + 1
        volume.wait_durable(lsn)
        assert volume.transport.batches == before + 2
        assert not volume.takes

    fleet.run(work)


def test_what_is_held_leaves_when_the_batch_before_it_gets_no_quorum(fleet, monkeypatch):
    def work():
        volume = fleet.create()
        writer = Writer(volume)
        volume.wait_durable(writer.change(0, 0))
        before = volume.transport.batches
        monkeypatch.setattr(type(volume), "receive", lambda *_: None)  # no answer is heard
        volume.transport.receive(lambda *_: None)
        for number in range(1, 4):
            writer.change(number, number)
            volume.flush()
        assert volume.transport.batches == before + 1
        volume.tasks.sleep(3 * fleet_module.HOLD_SECONDS)
        assert volume.transport.batches == before + 2
        assert volume.redo.pending_bytes == 0

    fleet.run(work)


def test_what_is_held_leaves_when_the_volume_is_closed(fleet):
    def work():
        volume = fleet.create()
        writer = Writer(volume)
        writer.change(1, 1)
        volume.flush()
        lsn = writer.change(2, 2)
        volume.flush()
        assert volume.redo.pending_bytes
        volume.close()
        assert volume.redo.pending_bytes == 0
        return lsn

    fleet.run(work)


def commits(volume, writer, count):
    """So many tasks change something and wait for it."""

    def commit(number):
        volume.wait_durable(writer.change(number, number))

    return [volume.tasks.spawn(commit, number) for number in range(count)]


def round_of_three(volume, writer):
    """Three commits in one batch, whose quorum seems to have taken a minute."""
    tasks = commits(volume, writer, 3)
    while not volume.takes:
        volume.tasks.pause()
    volume._left_at -= 60
    for task in tasks:
        task.join(10)
    return volume.transport.batches


def test_who_committed_in_the_last_round_is_waited_for(fleet, monkeypatch):
    monkeypatch.setattr(fleet_module, "GATHER_SECONDS_MAX", 60.0)

    def work():
        volume = fleet.create()
        writer = Writer(volume)
        before = round_of_three(volume, writer)
        first = commits(volume, writer, 2)
        volume.tasks.sleep(0.1)  # far longer than a batch takes
        assert volume.transport.batches == before and volume.redo.pending_bytes
        for task in [*commits(volume, writer, 1), *first]:
            task.join(10)
        assert volume.transport.batches == before + 1

    fleet.run(work)


def test_who_does_not_come_again_is_not_waited_for_long(fleet):
    def work():
        volume = fleet.create()
        writer = Writer(volume)
        before = round_of_three(volume, writer)
        (task,) = commits(volume, writer, 1)
        task.join(10)
        assert volume.transport.batches == before + 1

    fleet.run(work)
