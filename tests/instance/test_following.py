"""What a reader takes out of the writer's records, without processes."""

import struct

from aurorapy_native.follow import Applier
from aurorapy_native.followed_maps import FollowedMaps
from aurorapy_native.redo import RedoBuffer
from tests.support.memory_volume import make_env

GROUP_PAGES = 64
NOTE_INVALIDATE, NOTE_FREED = 2, 8


def applier(env):
    return Applier(env.pool, FollowedMaps(env.space), env.txns.status, GROUP_PAGES)


def test_each_groups_read_point_is_its_own_last_record_also_after_a_note_of_freed_pages():
    log, env = RedoBuffer(GROUP_PAGES), make_env(64)
    log.log_page(3, 0, [("write", 100, b"a")])
    log.log_page(GROUP_PAGES + 3, 0, [("write", 100, b"b")])
    in_group_0 = log.log_note(NOTE_INVALIDATE, bytes(8))
    in_group_1 = log.log_note(NOTE_FREED, struct.pack("<II", GROUP_PAGES + 8, 4))
    reader = applier(env)
    batches = {group: log.take(group)[2] for group in (0, 1)}
    assert reader.apply(batches[0] + batches[1], in_group_1) == [
        (NOTE_INVALIDATE, bytes(8)),
        (NOTE_FREED, struct.pack("<II", GROUP_PAGES + 8, 4)),
    ]
    assert reader.group_last == {0: in_group_0, 1: in_group_1}
