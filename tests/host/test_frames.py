"""The framing of links: both sides prove the secret, whole frames come out, anything else ends the link."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurorapy.host.frames import BODY_BYTES_MAX, DATA, PING, PONG_FRAME, PROOF, Framing, ProtocolError, pack

SECRET = b"the secret of this cluster"


def frame(*parts: bytes, kind: int = DATA) -> bytes:
    return b"".join(pack(kind, *parts))


def pair(client_secret: bytes = SECRET, server_secret: bytes = SECRET) -> tuple[Framing, Framing]:
    return Framing(client_secret, "client", b"c" * 32), Framing(server_secret, "server", b"s" * 32)


def talk(client: Framing, server: Framing) -> None:
    """Carries the handshake to and fro until both are silent."""
    to_server, to_client = client.begin(), server.begin()
    while to_server or to_client:
        assert server.feed(to_server) == []
        assert client.feed(to_client) == []
        to_client, to_server = server.take_output(), client.take_output()


def opened() -> tuple[Framing, Framing]:
    client, server = pair()
    talk(client, server)
    return client, server


def test_two_that_know_the_secret_open() -> None:
    client, server = opened()
    assert client.is_open and server.is_open


@pytest.mark.parametrize("secrets", [(b"other", SECRET), (SECRET, b"other"), (b"", SECRET)])
def test_who_does_not_know_the_secret_is_found_out_by_the_other(secrets: tuple[bytes, bytes]) -> None:
    client, server = pair(*secrets)
    with pytest.raises(ProtocolError, match="secret"):
        talk(client, server)
    assert not server.is_open and not client.is_open


def test_a_client_does_not_believe_a_server_without_the_secret() -> None:
    client, _ = pair()
    client.feed(_hello_of(b"s" * 32))
    with pytest.raises(ProtocolError, match="secret"):
        client.feed(frame(b"p" * 32, kind=PROOF))


def test_a_proof_sent_back_to_its_maker_proves_nothing() -> None:
    client, _ = pair()
    client.feed(_hello_of(b"s" * 32))
    proof = client.take_output()
    with pytest.raises(ProtocolError, match="secret"):
        client.feed(proof)


def test_a_nonce_given_back_is_refused() -> None:
    client, _ = pair()
    with pytest.raises(ProtocolError, match="nonce"):
        client.feed(client.begin())


def _hello_of(nonce: bytes) -> bytes:
    return Framing(SECRET, "client", nonce).begin()


def test_nothing_but_the_handshake_is_taken_before_it_is_through() -> None:
    for early in (frame(b"x"), frame(kind=PING), frame(b"x" * 100_000), frame(b"p" * 32, kind=PROOF)):
        _, server = pair()
        with pytest.raises(ProtocolError, match="out of its place"):
            server.feed(early)
        _, server = pair()
        server.feed(_hello_of(b"c" * 32))
        if early[4] != PROOF:
            with pytest.raises(ProtocolError, match="out of its place"):
                server.feed(early)


def test_a_long_frame_is_refused_by_its_head_alone() -> None:
    _, server = opened()
    with pytest.raises(ProtocolError, match="bytes"):
        server.feed((BODY_BYTES_MAX + 1).to_bytes(4, "little") + bytes([DATA]) + bytes(4))


def test_a_ping_is_answered_and_not_shown() -> None:
    client, server = opened()
    assert server.feed(frame(kind=PING)) == []
    assert server.take_output() == PONG_FRAME
    assert client.feed(PONG_FRAME) == [] and client.take_output() == b""


def test_a_stream_cut_at_every_byte_gives_the_same_frames() -> None:
    bodies = [b"", b"one", b"x" * 300, b"\0" * 9]
    stream = b"".join(map(frame, bodies))
    for cut in range(len(stream) + 1):
        _, server = opened()
        assert server.feed(stream[:cut]) + server.feed(stream[cut:]) == bodies
    _, server = opened()
    assert [body for at in range(len(stream)) for body in server.feed(stream[at : at + 1])] == bodies


def test_the_handshake_may_come_byte_by_byte() -> None:
    client, server = pair()
    to_server, to_client = client.begin(), b""
    while to_server or to_client:
        for byte in to_server:
            server.feed(bytes([byte]))
        for byte in to_client:
            client.feed(bytes([byte]))
        to_client, to_server = server.take_output(), client.take_output()
    assert client.is_open and server.is_open


def test_a_flipped_bit_is_never_taken() -> None:
    stream = frame(b"some body", b" of two parts")
    for bit in range(8 * len(stream)):
        damaged = bytearray(stream)
        damaged[bit // 8] ^= 1 << bit % 8
        _, server = opened()
        try:
            taken = server.feed(bytes(damaged))
        except ProtocolError:
            continue
        assert taken == [], f"bit {bit}"


@given(st.lists(st.binary(max_size=200), max_size=8), st.lists(st.integers(0, 2000), max_size=6))
def test_any_frames_in_any_pieces(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(frame, bodies))
    _, server = opened()
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    assert [body for a, b in zip(edges, edges[1:]) for body in server.feed(stream[a:b])] == bodies


def test_a_hundred_thousand_malformed_inputs_are_none_accepted() -> None:
    draw = random.Random(7)
    valid = _hello_of(b"c" * 32)
    for _ in range(100_000):
        _, server = pair()
        data = bytearray(valid if draw.random() < 0.5 else draw.randbytes(draw.randrange(1, 80)))
        data[draw.randrange(len(data))] ^= draw.randrange(1, 256)
        data += draw.randbytes(draw.randrange(0, 60))
        try:
            assert server.feed(bytes(data)) == []
        except ProtocolError:
            pass
        assert not server.is_open
