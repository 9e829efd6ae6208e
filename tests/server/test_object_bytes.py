"""What makes a walk over all objects worth it is objects, not a buffer pool that fills."""

import mmap

from aurorapy.server.process import OBJECT_BYTES, object_bytes

COUNT = 100_000


def test_objects_count():
    before = object_bytes()
    held = [(i,) for i in range(COUNT)]
    assert object_bytes() - before >= len(held) * OBJECT_BYTES


def test_a_pool_s_pages_do_not():
    before = object_bytes()
    with mmap.mmap(-1, 16 << 20) as pool:
        for start in range(0, len(pool), mmap.PAGESIZE):
            pool[start] = 1
        assert object_bytes() - before < 1 << 20
