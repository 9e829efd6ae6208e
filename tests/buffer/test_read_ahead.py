"""Pages that a run of misses will want next are in the pool, or on their way, before they are wanted."""

import pytest

from aurorapy.buffer.read_ahead import COMING_MAX, PAGES_MAX, ReadAhead
from aurorapy.errors import IoError
from aurorapy.host.real import RealHost
from aurorapy_native.pool import BufferPool
from tests.buffer.test_pool import numbered


class FarVolume:
    """Gives pages after a while; remembers who asked, and for how many at once."""

    def __init__(self, tasks):
        self.tasks = tasks
        self.asked: list[int] = []
        self.open = self.most = 0
        self.broken: set[int] = set()

    def read_page(self, page_no):
        self.asked.append(page_no)
        self.open += 1
        self.most = max(self.most, self.open)
        self.tasks.sleep(0.002)
        self.open -= 1
        if page_no in self.broken:
            raise IoError("could not read")
        return numbered(page_no)


@pytest.fixture
def far(tmp_path):
    host = RealHost(tmp_path)
    yield FarVolume(host.tasks)
    host.close()


def pool_over(far, frames=1024):
    pool = BufferPool(frames, None, far.tasks)
    pool.reader = ReadAhead(far.tasks, pool.fetch, far.read_page, frames).read
    return pool


def scan(far, pool, pages):
    def work():
        found = [pool.page(page_no) for page_no in pages]
        while far.open:
            far.tasks.sleep(0.001)
        return found

    return far.tasks.run(work)


def test_a_scan_is_answered_from_what_was_asked_before(far):
    pool = pool_over(far)
    assert scan(far, pool, range(100, 400)) == [numbered(n) for n in range(100, 400)]
    assert sorted(far.asked) == list(range(100, max(far.asked) + 1))  # each once
    assert max(far.asked) < 400 + PAGES_MAX and pool.pinned() == 0
    assert 8 < far.most <= PAGES_MAX + 1


def test_single_pages_ask_for_nothing_more(far):
    pages = [5, 9, 700, 13, 4, 900, 21]
    scan(far, pool_over(far), pages)
    assert far.asked == pages


def test_a_small_pool_keeps_room(far):
    scan(far, pool_over(far, frames=64), range(300))
    assert far.most <= 64 // 8 + 1


def test_many_scans_have_a_bound_together(far):
    pool = pool_over(far)

    def work():
        jobs = [far.tasks.spawn(scan_one, first) for first in range(0, 40_000, 4000)]
        for job in jobs:
            job.join()
            assert job.error is None

    def scan_one(first):
        for page_no in range(first, first + 60):
            assert pool.page(page_no) == numbered(page_no)

    far.tasks.run(work)
    assert far.most <= COMING_MAX + PAGES_MAX + 10


def test_what_cannot_be_read_fails_only_whom_it_is_for(far):
    pool = pool_over(far)
    far.broken = {8}
    scan(far, pool, range(8))
    with pytest.raises(IoError):
        scan(far, pool, [8])
    far.broken.clear()
    assert scan(far, pool, [8, 9]) == [numbered(8), numbered(9)]
    assert pool.pinned() == 0
