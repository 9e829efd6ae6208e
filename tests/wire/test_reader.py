"""Frontend messages taken apart: cut anywhere they are the same messages, malformed ones fail as PostgreSQL's do."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.errors import DatabaseError, DataError, FatalError, ProtocolViolation
from aurorapy.wire import backend
from aurorapy.wire.startup import CancelRequest, GssRequest, SslRequest, Startup, StartupIgnored, read_startup, settings_of_options
from aurorapy_native.outbuffer import OutBuffer
from aurorapy_native.wire import ConnectionLost, MessageReader
from tests.wire.capture import CONVERSATIONS, STARTUPS, message
from tests.wire.conversations import CAPTURED

SESSION_TITLES = [title for title, _ in CONVERSATIONS]
STARTUP_TITLES = [title for title, _ in STARTUPS]
REFUSED_BY_THE_READER = [
    "a query without its zero", "a query with something behind", "a parse cut short", "a parse without a zero",
    "a bind cut short", "a bind with a negative length", "a bind with something behind", "a bind with format 2",
    "an execute cut short", "a describe of nothing", "a describe without a kind", "a close of nothing",
    "a sync with a body", "a flush with a body", "invalid UTF-8", "an unknown message", "an unknown message, one byte",
]  # fmt: skip
CLOSED_WITHOUT_A_WORD = ["a length of 3", "a length of 2^31 - 1", "a long sync"]


def drain(reader: MessageReader) -> list:
    """Messages, and errors with the letter they are about; ends at what closes the connection."""
    found: list = []
    while True:
        try:
            got = reader.next()
        except ConnectionLost:
            return [*found, "lost"]
        except FatalError as error:
            return [*found, (error.sqlstate, error.message)]
        except DatabaseError as error:
            found.append((reader.letter, error.sqlstate, error.message, error.where))
            continue
        if got is None:
            return found
        assert got[0] == reader.letter
        found.append(got)


def read(*chunks: bytes) -> list:
    reader, found = MessageReader(), []
    for chunk in chunks:
        reader.feed(chunk)
        found += drain(reader)
        if found and (found[-1] == "lost" or len(found[-1]) == 2 and found[-1][0] == "08P01"):
            break
    return found


@pytest.mark.parametrize("title", SESSION_TITLES)
def test_a_stream_cut_anywhere_holds_the_same_messages(title):
    stream = b"".join(CAPTURED[title].sent)
    whole = read(stream)
    assert read(*[stream[i : i + 1] for i in range(len(stream))]) == whole
    for cut in range(1, len(stream)):
        assert read(stream[:cut], stream[cut:]) == whole


@pytest.mark.parametrize("title", REFUSED_BY_THE_READER)
def test_what_postgresql_refuses_is_refused_in_its_words(title):
    captured = CAPTURED[title]
    reader = MessageReader()
    for chunk in captured.sent:
        reader.feed(chunk)
    out = OutBuffer()
    while True:
        try:
            assert reader.next() is not None
        except DatabaseError as error:
            out.message("E", backend.error_fields(error))
            assert isinstance(error, FatalError) == captured.closed
            break
    assert out.take() == captured.first(b"E")


@pytest.mark.parametrize("title", CLOSED_WITHOUT_A_WORD)
def test_an_impossible_length_closes_the_connection(title):
    assert CAPTURED[title].closed and not CAPTURED[title].received
    assert read(*CAPTURED[title].sent)[-1] == "lost"


def test_every_message_says_what_it_says():
    stream = b"".join([
        message("Q", "selecté".encode() + b"\0"),
        message("P", b"name\0text\0\0\2\0\0\0\x17\xff\xff\xff\xff"),
        message("B", b"portal\0name\0\0\1\0\1\0\3\0\0\0\0\xff\xff\xff\xff\0\0\0\2ab\0\2\0\0\0\1"),
        message("D", b"Sname\0"), message("D", b"Pportal\0"), message("E", b"portal\0\0\0\0\7"), message("C", b"P\0"),
        message("S"), message("H"), message("d", b"1\t2\n"), message("c"), message("f", b"why\0"), message("p", b"\0x"),
        message("F", b"\0\0\4\xd2\0\1\0\1\0\1\0\0\0\1z\0\1"), message("X"),
    ])  # fmt: skip
    assert read(stream) == [
        ("Q", "selecté"), ("P", "name", "text", [23, 2**32 - 1]), ("B", "portal", "name", [1], [b"", None, b"ab"], [0, 1]),
        ("D", "S", "name"), ("D", "P", "portal"), ("E", "portal", 7), ("C", "P", ""), ("S",), ("H",), ("d", b"1\t2\n"),
        ("c",), ("f", "why"), ("p", b"\0x"), ("F", 1234, [1], [b"z"], 1), ("X",),
    ]  # fmt: skip


def test_sixty_five_thousand_parameters():
    values = b"\0\0\0\1x" * 65535
    (bound,) = read(message("B", b"\0\0\0\0\xff\xff" + values + b"\0\0"))
    assert bound[4] == [b"x"] * 65535


def test_a_header_alone_takes_no_memory():
    reader = MessageReader()
    reader.feed(b"Q" + struct.pack("!I", 0x3FFFFFFF))
    assert reader.next() is None
    assert reader.buffered == 5
    reader.feed(b"x" * 100)
    assert reader.next() is None and reader.buffered == 105


@settings(max_examples=400, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=5))
def test_random_bytes_are_messages_or_errors(chunks):
    read(*chunks)


MUTABLE = [b"".join(CAPTURED[title].sent) for title in SESSION_TITLES]


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(MUTABLE), st.data())
def test_damaged_streams_are_messages_or_errors(stream, data):
    damaged = bytearray(stream)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        if data.draw(st.booleans()):
            damaged[at] = data.draw(st.integers(0, 255))
        else:
            del damaged[at : at + data.draw(st.integers(1, 5))]
            damaged = damaged or bytearray(b"Q")
    found = read(bytes(damaged))
    assert read(*[bytes(damaged[i : i + 1]) for i in range(len(damaged))]) == found


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(b"QPBEDCSHdcfpF"), st.binary(max_size=60))
def test_any_body_is_a_message_or_an_error_and_the_next_one_is_read(letter, body):
    found = read(message(chr(letter), body) + message("Q", b"next\0"))
    assert len(found) == 2 and found[1] == ("Q", "next")


# ---- startup ----

@pytest.mark.parametrize("title", STARTUP_TITLES)
def test_startup_is_answered_as_postgresql_answers(title):
    captured = CAPTURED[title]
    if title in ("an unknown setting",):
        return  # read, then refused by the session
    reader, out = MessageReader(), OutBuffer()
    reader.feed(captured.sent[0])
    try:
        packet = read_startup(reader)
        if isinstance(packet, Startup):
            settings_of_options(packet.parameters.get("options", ""))
            if packet.minor or packet.unknown_options:
                out.message("v", backend.protocol_negotiation(0, packet.unknown_options))
    except FatalError as error:
        out.message("E", backend.error_fields(error))
    except StartupIgnored:
        assert captured.closed
    if packet_incomplete := (title == "a startup of 7 bytes"):
        assert packet_incomplete and captured.closed
    assert out.take() == b"".join(captured.received)


def test_startup_packets_cut_at_every_byte():
    packets = [captured.sent[0] for title, captured in CAPTURED.items() if title in ("protocol 3.7", "unknown protocol options")]
    for packet in packets:
        for cut in range(len(packet)):
            reader = MessageReader()
            reader.feed(packet[:cut])
            assert read_startup(reader) is None
            reader.feed(packet[cut:] + message("S"))
            assert isinstance(read_startup(reader), Startup)
            assert reader.next() == ("S",)


def test_requests_before_startup():
    reader = MessageReader()
    for code, body in ((80877103, b""), (80877104, b""), (80877102, struct.pack("!II", 7, 9))):
        reader.feed(struct.pack("!II", 8 + len(body), code) + body)
    assert [read_startup(reader) for _ in range(3)] == [SslRequest(), GssRequest(), CancelRequest(7, 9)]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_random_startups_are_packets_or_errors(body):
    for packet in (body, struct.pack("!II", len(body) + 8, 196608) + body):
        reader = MessageReader()
        reader.feed(packet)
        try:
            read_startup(reader)
        except (FatalError, StartupIgnored):
            pass


def test_errors_of_values_are_data_errors():
    reader = MessageReader()
    reader.feed(message("P", b"\xc3(\0\0\0\0"))
    with pytest.raises(DataError, match="0xc3 0x28"):
        reader.next()
    reader.feed(message("E", b"no zero"))
    with pytest.raises(ProtocolViolation):
        reader.next()


def test_copy_data_that_is_there_comes_together():
    stream = message("d", b"one") + message("d", b"") + message("d", b"two") + message("c", b"") + message("d", b"late")
    for cut in range(len(stream) + 1):
        reader, found, ended = MessageReader(), b"", False
        for piece in (stream[:cut], stream[cut:]):
            reader.feed(piece)
            while not ended and ((data := reader.copy_data()) or (other := reader.next()) is not None):
                found += data or (other[1] if other[0] == "d" else b"")
                ended = not data and other == ("c",)
        assert (found, ended) == (b"onetwo", True), cut
        assert reader.copy_data() == b"late" and reader.buffered == 0
