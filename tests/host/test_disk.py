"""Files, locks and the log file's writer, on the real disk."""

import errno
import os

import pytest

from aurorapy.host.disk import fill_with_zeroes
from aurorapy.host.real import RealHost


@pytest.fixture
def host(tmp_path):
    host = RealHost(tmp_path)
    yield host
    host.close()


def test_files_read_what_was_written(host):
    host.disk.mkdir("a/b")
    file = host.disk.open("a/b/f", create=True)
    file.pwrite(b"hello", 3)
    file.sync()
    assert file.pread(100, 0) == b"\0\0\0hello" and file.size() == 8
    assert bytes(file.map()) == b"\0\0\0hello"
    host.disk.rename("a/b/f", "a/g")
    assert host.disk.list("a") == ["b", "g"]
    with pytest.raises(FileNotFoundError):
        host.disk.open("a/b/f")


def test_a_second_lock_is_refused_until_the_first_is_given_up(host, tmp_path):
    host.disk.lock("lock")
    other = RealHost(tmp_path)
    with pytest.raises(BlockingIOError):
        other.disk.lock("lock")
    host.disk.unlock("lock")
    other.disk.lock("lock")
    other.disk.unlock("lock")
    other.close()


def test_appends_become_durable_in_order_and_on_the_disk(host, tmp_path):
    def work():
        fill_with_zeroes(host.disk.open("log", create=True), 1 << 20)
        log = host.disk.open_log("log", 1 << 20, 512)
        seen, done = [], host.tasks.waiter()
        log.on_durable(lambda position: (seen.append(position), position == 512 + 100 * 10 and done.wake()))
        for number in range(100):
            end = log.append(b"%010d" % number)
            assert end == 512 + (number + 1) * 10
            if number % 7 == 0:
                host.tasks.pause()
        done.wait(timeout=5)
        log.close()
        return seen

    seen = host.tasks.run(work)
    assert seen == sorted(seen) and len(seen) < 100
    data = (tmp_path / "log").read_bytes()
    assert data[512:1512] == b"".join(b"%010d" % n for n in range(100)) and data[:512] == bytes(512)


def test_closing_makes_everything_appended_durable(host, tmp_path):
    (tmp_path / "log").write_bytes(bytes(1 << 16))
    log = host.disk.open_log("log", 1 << 16, 0)
    seen = []
    log.on_durable(seen.append)
    log.append(b"x" * 5000)
    log.close()
    assert seen[-1] == 5000


def test_a_failed_write_poisons_the_log(host):
    def work():
        os.symlink("/dev/full", host.disk.root / "log")
        log = host.disk.open_log("log", 1 << 16, 0)
        durable, failed = [], host.tasks.waiter()
        log.on_durable(durable.append)
        log.on_error(failed.wake)
        log.append(b"lost")
        error = failed.wait(timeout=5)
        log.append(b"after")
        host.tasks.sleep(0.01)
        log.close()
        return error.errno, durable

    assert host.tasks.run(work) == (errno.ENOSPC, [])
