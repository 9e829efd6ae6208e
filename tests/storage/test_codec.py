"""Messages as bytes: every one comes back as it was, nothing malformed is taken for one."""

from __future__ import annotations

import random

import pytest

from aurorapy.host.frames import ProtocolError
from aurorapy.storage import codec
from aurorapy.storage import messages as m
from aurorapy.storage.members import Member, Membership
from aurorapy.storage.quorum import Geometry

E = m.Epoch(4, 2**64 - 1)
LIST = m.TruncationList(m.Epoch(3, 9), (m.Truncation(5, 9), m.Truncation(100, 2**40)))
PLAIN = Geometry.of("ABCDEF", 4, 3)
MEMBERS = tuple(Member(c, f"n{c}", "abc"[i // 2], f"127.0.0.1:700{i}", "0f" * 16) for i, c in enumerate("ABCDEF"))
MEMBERSHIP = Membership(3, MEMBERS, PLAIN.replacing(Geometry.of("ABCDEG", 4, 3)))
VOLUME = m.VolumeIdentity("ab" * 16, 1024)
LINKS = [m.Link(1, 0, 0, False), m.Link(2**40, 1, 1, True)]

MESSAGES = [
    m.CreateSegment(E, 1, "A", LIST, MEMBERSHIP, VOLUME),
    m.SegmentCreated(E, 1, "A", "cd" * 16),
    m.Missing(E, 2, "ef" * 16),
    m.ListSegments(),
    m.Segments("ef" * 16, VOLUME, {0: MEMBERSHIP, 7: MEMBERSHIP}, E),
    m.Write(E, 0, 1, 2**63, 7, b"records"),
    m.Durable(E, 0, "A", 12),
    m.Fence(E, 0),
    m.Fenced(E, 0, "A"),
    m.Ask(E, 0),
    m.Ask(E, 0, 77),
    m.State(E, 0, "B", 5, 4, LIST, 3, LINKS, "ab" * 16, MEMBERSHIP),
    m.Truncate(E, 0, LIST),
    m.Truncated(E, 0, "C"),
    m.Install(E, 0, LIST, MEMBERSHIP),
    m.Installed(E, 0, "A", 5, "ab" * 16, 3),
    m.ReadPage(E, 1, 2**32 - 1, 9, 8),
    m.Page(E, 1, "A", 5, bytes(range(256)) * 32),
    m.ReadFailed(E, 1, "A", 5, "XX001", "it is damaged – and \"quoted\""),
    m.Gossip(E, 0, "A", "ab" * 16, 1, 2, 3, m.Epoch(3, 1), 4),
    m.FetchRecords(E, 0, 5, 6),
    m.Records(E, 0, "A", LIST, 5, 6, b"\0\1\2"),
    m.Horizons(E, 0, 4, 5),
    m.Refused(E, 0, "A", m.Epoch(1, 1)),
    m.Failed(E, "A", "EIO"),
    m.Inspect(E, 0, 5, 6, 7, 8),
    m.Inspected(E, 0, "A", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_comes_back(message: m.Message) -> None:
    assert codec.decode(b"".join(codec.encode(message, 2**32 - 1))) == (message, 2**32 - 1)


def test_every_kind_of_message_can_be_written() -> None:
    for kind in codec.KINDS:
        codec._plan(kind)
    assert {type(message) for message in MESSAGES} <= set(codec.KINDS)


def test_records_and_pages_are_passed_on_uncopied() -> None:
    records = b"r" * 1000
    assert codec.encode(m.Write(E, 0, 1, 2, 3, records))[1] is records
    assert codec.encode(m.Page(E, 0, "A", 1, page := bytes(8192)))[1] is page


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_cut_or_lengthened_is_refused_or_another_of_its_kind(message: m.Message) -> None:
    body = b"".join(codec.encode(message, 1))
    for damaged in [body[:cut] for cut in range(len(body))] + [body + b"\0"]:
        try:
            found, _ = codec.decode(damaged)
        except ProtocolError:
            continue
        assert type(found) is type(message) and found != message  # a shorter tail or name: the frame's CRC is for that


def test_anything_else_is_a_protocol_error() -> None:
    draw = random.Random(11)
    bodies = [b"".join(codec.encode(message, 1)) for message in MESSAGES]
    for _ in range(20_000):
        body = bytearray(draw.choice(bodies) if draw.random() < 0.8 else draw.randbytes(draw.randrange(60)))
        for _ in range(draw.randrange(1, 4)):
            if body:
                body[draw.randrange(len(body))] = draw.randrange(256)
        try:
            codec.decode(bytes(body))
        except ProtocolError:
            pass


@pytest.mark.parametrize(
    "head",
    [
        "[[4,1],0,[1,2]]",  # too many
        "[[4,1]]",  # too few
        "[[4],0]",
        "[[4,1],-1]",
        "[[4,1],true]",
        "[[4,1],1.5]",
        '[[4,1],"0"]',
        "[[4,18446744073709551616],0]",
        '{"epoch":[4,1],"group":0}',
        "[" * 5000,
    ],
)
def test_fields_have_their_types(head: str) -> None:
    kind = codec.KINDS.index(m.Fence)
    with pytest.raises(ProtocolError):
        codec.decode(codec._GENERIC.pack(kind, 1, len(head)) + head.encode())
