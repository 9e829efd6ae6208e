"""The end of the log: torn at every byte, damaged in the middle, wrapped into the next file."""

import pytest

from aurorapy.errors import DataCorrupted
from aurorapy.storage.messages import Epoch
from aurorapy.storage.node.hotlog import HotLog
from tests.sim.disk import SimMedium
from tests.sim.host import SimHost

NODE_ID = bytes(range(16))
FILE_BYTES = 8192
EPOCH = Epoch(3, 99)


def make_log(medium, file_bytes=FILE_BYTES):
    host = SimHost(1, medium)
    return host, HotLog(host, "log", NODE_ID, file_bytes)


def settle(host):
    while host.loop.step():
        pass


def write(log, number, size):
    prev = number * 10
    assert log.reserve(size)
    return log.append(EPOCH, prev, 0, prev, prev + 10, bytes([number + 1]) * size)


def read(medium, file_bytes=FILE_BYTES, start=0):
    _, log = make_log(medium, file_bytes)
    return [(batch[-1] // 10, len(batch[1])) for batch in log.open(start)]


@pytest.fixture
def written():
    """A log of five batches, the first three known durable to the last; (medium, batches, ends)."""
    medium = SimMedium()
    host, log = make_log(medium)
    log.create()
    sizes, ends = [100, 700, 10, 432, 300], []
    for number, size in enumerate(sizes):
        ends.append(write(log, number, size))
        if number < 3:
            settle(host)
    settle(host)
    return medium.copy(), [(number + 1, size) for number, size in enumerate(sizes)], ends


def test_a_log_is_read_back_whole(written):
    medium, batches, _ = written
    assert read(medium.copy()) == batches


def test_torn_at_every_byte_offset_of_the_undurable_tail(written):
    medium, batches, ends = written
    [(name, data)] = medium.files().items()
    for cut in range(ends[2], ends[4]):
        torn = medium.copy()
        for content in (torn.names[name].cached, torn.names[name].durable):
            content[cut:] = bytes(len(data) - cut)
        kept = read(torn)
        assert kept == batches[: len(kept)] and len(kept) >= 3
        assert len(kept) == 3 + sum(ends[2 + n] + 80 + batches[3 + n][1] <= cut for n in range(2)) or data[cut:] == bytes(
            len(data) - cut
        )


def test_every_byte_of_what_a_later_batch_calls_durable_is_checked(written):
    medium, batches, ends = written
    [name] = medium.files()
    covered = list(range(40))  # the file's header
    begin = 512
    for end, (_, size) in zip(ends[:3], batches, strict=False):
        covered.extend(range(begin, begin + 80 + size))
        begin = end
    for offset in covered:
        flipped = medium.copy()
        flipped.flip(name, offset, 0x40)
        with pytest.raises(DataCorrupted):
            read(flipped)


def test_a_lost_batch_with_a_survivor_behind_it_is_a_torn_tail(written):
    medium, batches, ends = written
    [name] = medium.files()
    lost = medium.copy()
    lost.flip(name, ends[2] + 90)
    assert read(lost) == batches[:3]  # the fifth is whole, but nobody was told that the fourth was durable


def test_appending_goes_on_where_the_log_ended(written):
    medium, batches, ends = written
    [name] = medium.files()
    medium.flip(name, ends[3] + 5)  # the fifth is torn
    host, log = make_log(medium)
    assert len(log.open(0)) == 4 and log.position == ends[3]
    write(log, 7, 40)
    settle(host)
    assert read(medium.copy()) == [*batches[:4], (8, 40)]


def test_the_chain_goes_on_in_the_next_file_and_files_are_used_again():
    medium = SimMedium()
    host, log = make_log(medium)
    log.create()
    written, number = [], 0
    for round_ in range(6):
        while log.reserve(900):
            write(log, number, 900)
            number += 1
            written.append((number, 900))
        settle(host)
        assert log.durable == log.position
        if log.spare is None:
            log.prepare()
        kept_from = log.number * FILE_BYTES
        if round_ % 2:
            log.release(kept_from)
    files = [name for name in medium.files() if "log-" in name]
    assert len(files) <= 2 and log.number >= 3
    found = read(medium.copy(), start=log.oldest * FILE_BYTES)
    assert found == written[-len(found) :] and found


def test_another_nodes_log_is_refused(written):
    medium, _, _ = written
    host = SimHost(1, medium)
    with pytest.raises(DataCorrupted):
        HotLog(host, "log", bytes(16), FILE_BYTES).open(0)


def test_a_missing_log_is_damage_not_an_empty_log(written):
    medium, _, _ = written
    [name] = medium.files()
    del medium.names[name]
    with pytest.raises(DataCorrupted):
        read(medium)


def test_the_end_of_a_file_that_is_still_to_be_written_is_no_damage():
    """The next file's header, which names it, may be on the disk before."""
    host, log = make_log(SimMedium())
    log.create()
    settle(host)
    log.prepare()
    late = log.file
    late._busy = True  # its disk takes long over something
    write(log, 0, 100)
    log.roll()
    settle(host)
    assert log.damaged_file() == -1
    late._write()
    settle(host)
    assert log.durable == log.position and log.damaged_file() == -1
    log._disk.open("log/log-000000000000").pwrite(b"?", 600)
    assert log.damaged_file() == 0
