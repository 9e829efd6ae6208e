"""Frames come and go by the clock; one fetch a page; nothing above the VDL or pinned leaves."""

import pytest

from aurorapy.errors import IoError, ResourceError
from aurorapy.host.real import RealHost
from aurorapy_native.pool import BufferPool
from tests.support.memory_volume import make_env


@pytest.fixture
def tasks(tmp_path):
    host = RealHost(tmp_path)
    yield host.tasks
    host.close()


def numbered(page_no, lsn=0):
    return lsn.to_bytes(8, "little") + bytes(4) + page_no.to_bytes(4, "little") * 2045


def test_pages_survive_any_order_of_fetches_and_evictions():
    pool = BufferPool(64, numbered)
    for step in range(5000):
        page_no = step * step * 31 % 997
        assert pool.page(page_no) == numbered(page_no)
        assert len(pool.pages()) == len(set(pool.pages())) <= 64
        assert all(pool.resident(p) for p in pool.pages()) if step % 500 == 0 else True
    assert pool.evictions > 1000


def test_a_page_used_again_and_again_stays():
    pool = BufferPool(32, numbered)
    for page_no in range(2000):
        pool.page(7)
        pool.page(page_no + 100)
    assert pool.misses <= 2002  # once, when the full pool is aged for the first time, everything is equally old


def test_what_is_above_the_vdl_stays_until_it_moves():
    pool = BufferPool(16, lambda page_no: numbered(page_no, lsn=1000))
    waits = []

    def vdl_moves():
        waits.append(len(pool.pages()))
        pool.set_vdl(1000)

    pool.frame_waiter = vdl_moves
    for page_no in range(17):
        pool.page(page_no)
    assert waits == [16] and pool.evictions == 1
    pool.set_vdl(10)
    assert pool.drop_all() == 0


def test_reading_waits_for_no_vdl_while_most_pages_are_durable():
    pool = BufferPool(16, lambda page_no: numbered(page_no, lsn=1000 if page_no < 4 else 10))
    pool.frame_waiter = lambda: pytest.fail("the VDL stands still: too few storage nodes are there")
    pool.set_vdl(10)
    for page_no in range(100):
        pool.page(page_no)
    assert all(pool.resident(page_no) for page_no in range(4)) and pool.evictions == 84


def test_without_anybody_to_wait_for_a_full_pool_is_an_error():
    pool = BufferPool(16, lambda page_no: numbered(page_no, lsn=1000))
    for page_no in range(16):
        pool.page(page_no)
    with pytest.raises(ResourceError) as caught:
        pool.page(16)
    assert caught.value.sqlstate == "53200"
    assert pool.pinned() == 0


def test_one_fetch_in_flight_a_page(tasks):
    reads = []

    def reader(page_no):
        reads.append(page_no)
        tasks.sleep(0.002)
        return numbered(page_no)

    pool = BufferPool(64, reader, tasks)

    def work():
        jobs = [tasks.spawn(pool.page, page_no) for page_no in (1, 2, 1, 1, 2)]
        for job in jobs:
            job.join()
        return [job.result for job in jobs]

    assert tasks.run(work) == [numbered(n) for n in (1, 2, 1, 1, 2)]
    assert sorted(reads) == [1, 2]


def test_a_failed_fetch_wakes_the_others_who_try_themselves(tasks):
    attempts = []

    def reader(page_no):
        attempts.append(page_no)
        tasks.sleep(0.001)
        if len(attempts) == 1:
            raise IoError("could not read")
        return numbered(page_no)

    pool = BufferPool(64, reader, tasks)

    def work():
        first, second = tasks.spawn(pool.page, 5), tasks.spawn(pool.page, 5)
        with pytest.raises(IoError):
            first.join()
            raise first.error
        second.join()
        return second.result

    assert tasks.run(work) == numbered(5)
    assert attempts == [5, 5] and pool.pinned() == 0


def test_a_page_begun_anew_during_a_fetch_is_not_overwritten(tasks):
    env = make_env(64, tasks=tasks)
    slow = env.volume.read_page

    def reader(page_no):
        data = slow(page_no)
        tasks.sleep(0.002)
        return data

    env.pool.reader = reader

    def work():
        fetching = tasks.spawn(env.pool.fetch, 9)
        tasks.sleep(0.0005)
        env.mtr.run([(9, ("init", 6, 1, 0)), (9, ("fill", 100, 50, 3))])
        env.volume.flush()
        assert env.pool.drop(9)
        fetching.join()
        return env.pool.page(9)[100:150]

    assert tasks.run(work) == b"\3" * 50
