"""The instance link's messages as frames: each comes back as it went, and nothing else is taken for one."""

from __future__ import annotations

import random

import pytest

from aurorapy.host.frames import ProtocolError
from aurorapy.instance import messages as im
from aurorapy.storage.messages import Epoch

EXAMPLES = [
    im.Attach("i2", Epoch(4, 0x1F), 0x100, 0x90),
    im.Attached(Epoch(4, 0x1F), 0x1F0, 0x2A8, (im.ReadPoint(0, 0x1E0), im.ReadPoint(1, 0x1F0)), b"ring"),
    im.Records(Epoch(4, 0x1F), 0x1F0, 0x2A8, bytes(range(200))),
    im.Moved(Epoch(4, 0x1F), 0x2A8, 1_234_567, 90, 120),
    im.Seen("i2", 0x2A8, 0x200, 0x1F0, 900, 16),
    im.Ask(),
    im.Report("i1", im.WRITER, 1, Epoch(4, 0x1F), 0x2A8, 0, 1000, 3, True),
    im.Report("i1", im.WRITER, 1, Epoch(4, 0x1F), 0x2A8, 0, 1000, 3, True, 2500),
    im.AskStorage(),
    im.Storage(True),
    im.Promote(7),
    im.Promoted(7, Epoch(5, 2), 0x2A8),
    im.Follow("127.0.0.1:5602", Epoch(5, 2)),
    im.StepDown(5000),
    im.SteppedDown(0x2A8),
    im.Failed("no read quorum"),
    im.ChangeNodes("replace", "b1", "b3=b:127.0.0.1:7008"),
    im.Changed(1),
    im.OpenSession("i2"),
    im.Forward(0x2A8, bytes(range(100))),
    im.Forward(0, b""),
    im.CancelForwarded(),
    im.AskCached(),
    im.AskReplicas(),
    im.Replicas((im.Replica("i1", True, 0x2A8, 0x200, 0x1F0, 0, 1_234_567, 4), im.Replica("i2", False, 0x2A0, 1, 2, 900, 3, 0))),
    im.Cached(bytes(range(100))),
    im.Warm(b""),
]


def test_every_kind_is_here():
    assert {type(each) for each in EXAMPLES} == set(im.KINDS)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_a_message_comes_back_as_it_went(message):
    body = b"".join(im.encode(message, 9))
    number = 0 if type(message) is im.Records else 9  # nobody asks for it
    assert im.decode(body) == (message, number)
    for cut in range(len(body)):
        try:
            assert im.decode(body[:cut])[0] != message
        except ProtocolError:
            pass


def test_what_is_no_message_is_refused():
    draw = random.Random(5)
    for _ in range(2000):
        body = bytearray(b"".join(im.encode(draw.choice(EXAMPLES), 1)))
        body[draw.randrange(len(body))] = draw.randrange(256)
        try:
            message, _ = im.decode(bytes(body))
        except ProtocolError:
            continue
        assert type(message) in im.KINDS
    for body in (b"", b"\xff", bytes(40)):
        with pytest.raises(ProtocolError):
            im.decode(body)
