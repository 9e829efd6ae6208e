"""A mini-transaction is one in memory, in the log, and on the pages the log builds."""

import random

import pytest

from aurorapy.errors import InternalError
from aurorapy_native.redo import decode
from aurorapy_native.retry import NoLogRoom, PageMiss
from tests.support.memory_volume import make_env


def logged(env):
    env.volume.flush()
    return decode(b"".join(env.volume.log))


def test_one_record_a_page_notes_first_last_is_the_consistency_point():
    env = make_env(64)
    end = env.mtr.run(
        [(3, ("init", 6, 1, 0)), (4, ("init", 6, 1, 0)), (3, ("write", 100, b"ab")), (4, ("fill", 50, 3, 9)),
         (3, ("write", 102, b"cd")), (3, ("write", 104, b"ef")), (3, ("move", 200, 6, 100))],
        [(2, b"x"), (1, bytes(8))],
    )  # fmt: skip
    records = logged(env)
    assert [(r.page_no, r.kind, r.flags) for r in records] == [(0xFFFFFFFF, 2, 0), (0xFFFFFFFF, 1, 0), (3, 0, 0), (4, 0, 1)]
    assert records[-1].lsn == end == env.volume.vdl
    assert records[2].changes[1:] == [("write", 100, b"ab"), ("write", 102, b"cdef"), ("move", 200, 6, 100)]
    assert env.pool.page(3)[200:206] == b"abcdef" and env.pool.pinned() == 0


def test_frames_equal_what_the_log_builds():
    env = make_env(64)
    draw = random.Random(1)
    for step in range(400):
        pages = draw.sample(range(1, 20), draw.randint(1, 4))
        changes = [(p, ("init", 6, 1, draw.choice([0, 16]))) for p in pages if not env.pool.resident(p)]
        for _ in range(draw.randint(1, 12)):
            n, place = draw.randint(1, 600), draw.randint(32, 7000)
            change = draw.choice([("write", place, draw.randbytes(n)), ("fill", place, n, 5),
                                  ("move", place, n, draw.randint(0, 7000)), ("rebuilt",)])  # fmt: skip
            changes.append((draw.choice(pages), change))
        env.mtr.run(changes)
    env.volume.flush()
    for page_no, page in env.volume.pages.items():
        assert env.pool.page(page_no) == page


def test_changes_longer_than_the_page_become_the_page():
    env = make_env(64)
    env.mtr.run([(3, ("init", 6, 1, 0))] + [(3, ("write", 100 + i % 7, bytes([i % 251]) * 90)) for i in range(300)])
    (record,) = logged(env)
    assert record.changes[0][0] == "whole" and env.volume.pages[3] == env.pool.page(3)


def test_nothing_happens_without_page_or_room():
    env = make_env(64)
    env.mtr.run([(3, ("init", 6, 1, 0))])
    with pytest.raises(PageMiss):
        env.mtr.run([(3, ("fill", 100, 1, 1)), (50, ("fill", 100, 1, 1))])
    env.redo.limit_lsn = env.redo.position + 1000
    with pytest.raises(NoLogRoom):
        env.mtr.run([(3, ("fill", 100, 1, 1))])
    assert env.pool.page(3)[100] == 0 and len(logged(env)) == 1


def test_a_change_of_lsn_or_checksum_is_refused():
    env = make_env(64)
    env.mtr.run([(3, ("init", 6, 1, 0))])
    with pytest.raises(InternalError):
        env.mtr.run([(3, ("write", 8, b"crc"))])
    with pytest.raises(InternalError, match="left open"):
        env.mtr.run([(3, ("fill", 100, 1, 1))])
