"""Input that is meant to hurt: each costs its sender an error or the session, and nobody else anything."""

from __future__ import annotations

import os
import socket
import struct

import pytest

from tests.support.pgwire import ConnectionLost, message

DEPTH = {
    "subselects": "(select " * 20_000 + "1" + ")" * 20_000,
    "parentheses": "select " + "(" * 100_000 + "1" + ")" * 100_000,
    "nots": "select " + "not " * 100_000 + "true",
    "signs": "select " + "- " * 100_000 + "1",
    "casts": "select 1" + "::int" * 100_000,
    "array brackets": "select '" + "{" * 50_000 + "}" * 50_000 + "'::int[]",
    "json brackets": "select '" + "[" * 50_000 + "]" * 50_000 + "'::jsonb",
}


@pytest.fixture
def witness(server):
    """A session that must be as well afterwards as before."""
    server.allow('"severity": "FATAL"')  # what the sender was told and nobody else
    with server.connect() as wire:
        assert wire.query("select 1").rows == [("1",)]
        yield wire
        assert wire.query("select 2").rows == [("2",)]
    assert server.is_running


@pytest.mark.parametrize("what", DEPTH)
def test_deep_nesting_is_an_error_or_an_answer(server, witness, what):
    with server.connect() as wire:
        reply = wire.query(DEPTH[what], timeout=60)
        assert reply.error is None or reply.error["C"] in ("54001", "42601", "22P02", "54000"), reply.error
        assert wire.query("select 3").rows == [("3",)]


def test_a_long_in_list(server, witness):
    with server.connect() as wire:
        items = ", ".join(str(n) for n in range(20_000))
        assert wire.query(f"select 5 in ({items})", timeout=60).rows == [("t",)]


def test_a_large_text_comes_back(server, witness):
    with server.connect() as wire:
        wire.query("create table big (t text)")
        text = "ab" * 10_000_000
        assert wire.query(f"insert into big values ('{text}')", timeout=120).error is None
        assert wire.query("select t from big", timeout=120).rows == [(text,)]


@pytest.mark.parametrize("data", [
    b"\0\0\0\4", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x08\0\3\0\0", b"GET / HTTP/1.1\r\n\r\n", os.urandom(200),
    struct.pack("!II", 8, 80877103), struct.pack("!IIII", 16, 80877102, 1, 1), b"",
])  # fmt: skip
def test_strange_first_bytes(server, witness, data):
    with socket.create_connection(("127.0.0.1", server.port), 10) as sock:
        sock.sendall(data)
        sock.settimeout(2)
        try:
            sock.recv(1000)
        except OSError:
            pass


@pytest.mark.parametrize("data", [
    message("Q", b"select 1"), b"Q\xff\xff\xff\xff", b"Q\0\0\0\0", message("y", b"?"), message("B", b"\0" * 3),
    message("Q", b"select '\xff'\0"), message("P", b"\0"), message("E", b""), message("D", b"\xff"), os.urandom(1000),
])  # fmt: skip
def test_malformed_messages(server, witness, data):
    wire = server.connect()
    try:
        wire.send(data)
        reply = wire.reply_within(1)
        assert reply is None or reply.error
    except (ConnectionLost, ValueError, IndexError):
        pass
    wire.sock.close()


def test_a_client_that_never_reads(server, witness):
    wire = server.connect()
    wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.send_query("select repeat('x', 1000) from generate_series(1, 200000)")
    for number in range(20):
        assert witness.query(f"select {number}").rows == [(str(number),)]
    wire.sock.close()


def test_half_a_message_and_gone(server, witness):
    for length in (1, 3, 5, 9):
        wire = server.connect()
        wire.send(message("Q", b"select 1\0")[:length])
        wire.sock.close()


def test_pipelined_burst(server, witness):
    with server.connect() as wire:
        wire.send(message("Q", b"select 1\0") * 2000)
        assert all(wire.reply().rows == [("1",)] for _ in range(2000))
