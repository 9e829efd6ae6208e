"""Links over real TCP: frames go both ways in order, a broken link comes back, strangers stay outside."""

from __future__ import annotations

import random
import socket
import ssl
import subprocess

import pytest

from aurorapy.host import network as network_module
from aurorapy.host.frames import DATA, ProtocolError, pack
from aurorapy.host.network import RealNetwork
from aurorapy.host.real import RealHost


class User:
    """Remembers what its links bring, and waits for it."""

    def __init__(self, host: RealHost) -> None:
        self.host = host
        self.ups: list = []
        self.frames: list[bytes] = []
        self.lost = 0

    def link_up(self, link) -> None:
        self.ups.append(link)

    def link_frame(self, link, frame: bytes) -> None:
        if frame == b"nonsense":
            raise ProtocolError("nonsense")
        self.frames.append(frame)

    def link_lost(self, link) -> None:
        self.lost += 1

    def until(self, condition) -> None:
        for _ in range(1000):
            if condition(self):
                return
            self.host.tasks.sleep(0.005)
        raise AssertionError("it did not happen")


@pytest.fixture
def host(tmp_path):
    host = RealHost(tmp_path)
    yield host
    host.close()


def joined(host, network=None, other=None):
    """(server's user, client's user, client's link, listening)"""
    network = network or RealNetwork(host.loop, host.random, b"secret")
    server, client = User(host), User(host)
    listening = network.listen("127.0.0.1:0", server)
    link = (other or network).connect(listening.address, client)
    client.until(lambda user: user.ups)
    return server, client, link, listening


def test_frames_go_both_ways_in_order(host):
    def work():
        server, client, link, _ = joined(host)
        bodies = [b"%d" % i for i in range(100)] + [random.Random(1).randbytes(3 << 20), b"", b"last"]
        for body in bodies:
            link.send(body[:7], body[7:])
        server.until(lambda user: len(user.frames) == len(bodies))
        assert server.frames == bodies
        server.ups[0].send(b"back")
        client.until(lambda user: user.frames)
        assert client.frames == [b"back"] and link.backlog() == 0

    host.tasks.run(work)


def test_a_link_comes_back_after_the_other_side_went(host):
    def work():
        server, client, link, _ = joined(host)
        server.ups[0].close()
        client.until(lambda user: user.lost == 1 and len(user.ups) == 2)
        link.send(b"again")
        server.until(lambda user: user.frames == [b"again"])

    host.tasks.run(work)


def test_a_link_waits_for_who_is_not_there_yet(host):
    def work():
        network = RealNetwork(host.loop, host.random, b"secret")
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % reserved.getsockname()[1]
        client, server = User(host), User(host)
        link = network.connect(address, client)
        host.tasks.sleep(0.05)
        assert not link.is_up and link.send(b"lost") is None
        network.listen(address, server)
        client.until(lambda user: user.ups)
        assert server.frames == []

    host.tasks.run(work)


def test_a_closed_link_is_not_tried_again(host):
    def work():
        server, client, link, _ = joined(host)
        link.close()
        server.until(lambda user: user.lost == 1)
        host.tasks.sleep(0.1)
        assert len(server.ups) == 1 and not link.is_up

    host.tasks.run(work)


def test_a_stranger_never_reaches_the_user(host):
    def work():
        network = RealNetwork(host.loop, host.random, b"secret")
        stranger = RealNetwork(host.loop, host.random, b"guessed")
        server, client = User(host), User(host)
        listening = network.listen("127.0.0.1:0", server)
        stranger.connect(listening.address, client)
        server.until(lambda _: network.problems > 1)
        assert server.ups == client.ups == []
        assert "secret" in network.last_problem

    host.tasks.run(work)


def test_nonsense_ends_the_link_and_nothing_else(host):
    def work():
        server, client, link, _ = joined(host)
        link.send(b"nonsense")
        link.send(b"after it")
        client.until(lambda user: user.lost == 1 and len(user.ups) == 2)
        link.send(b"fine")
        server.until(lambda user: user.frames == [b"fine"])

    host.tasks.run(work)


def test_who_says_nothing_is_given_up(host, monkeypatch):
    def work():
        monkeypatch.setattr(network_module, "PING_SECONDS", 0.01)
        monkeypatch.setattr(network_module, "DEAD_SECONDS", 0.1)
        monkeypatch.setattr(network_module, "HANDSHAKE_SECONDS", 0.1)
        network = RealNetwork(host.loop, host.random, b"secret")
        server = User(host)
        listening = network.listen("127.0.0.1:0", server)
        name, port = listening.address.split(":")
        with socket.create_connection((name, int(port))) as silent:
            server.until(lambda _: network.connections)
            server.until(lambda _: not network.connections)
            silent.setblocking(False)
            host.tasks.sleep(0.02)
            try:
                ended = silent.recv(100) == b""
            except ConnectionResetError:
                ended = True
            assert ended and server.ups == []

    host.tasks.run(work)


def test_pings_keep_a_quiet_link(host, monkeypatch):
    def work():
        monkeypatch.setattr(network_module, "PING_SECONDS", 0.01)
        monkeypatch.setattr(network_module, "DEAD_SECONDS", 0.2)
        server, client, link, _ = joined(host)
        host.tasks.sleep(0.6)
        assert link.is_up and client.lost == server.lost == 0

    host.tasks.run(work)


def test_the_same_frame_for_many_links_is_packed_once(host):
    network = RealNetwork(host.loop, host.random, b"secret")
    head, records = b"head", b"records"
    first = network.packer.pack((head, records))
    assert network.packer.pack((head, records)) is first == b"".join(pack(DATA, head, records))
    assert network.packer.pack((head, b"other")) == b"".join(pack(DATA, head, b"other"))


def test_links_go_through_tls(host, tmp_path):
    cert, key = tmp_path / "cert", tmp_path / "key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=node", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(cert, key)
    client_tls = ssl.create_default_context(cafile=str(cert))

    def work():
        network = RealNetwork(host.loop, host.random, b"secret", server_tls, client_tls)
        server, client, link, listening = joined(host, network)
        link.send(b"x" * 100_000)
        server.until(lambda user: user.frames == [b"x" * 100_000])
        plain = RealNetwork(host.loop, host.random, b"secret")
        outside = User(host)
        plain.connect(listening.address, outside)
        host.tasks.sleep(0.1)
        assert outside.ups == []

    host.tasks.run(work)


def test_a_link_over_which_something_comes_needs_no_pings(host, monkeypatch):
    def work():
        monkeypatch.setattr(network_module, "PING_SECONDS", 0.2)
        server, client, link, _ = joined(host)
        monkeypatch.setattr(network_module, "PING_FRAME", b"what ends a link")
        for _ in range(80):
            link.send(b"a"), server.ups[0].send(b"b")
            host.tasks.sleep(0.005)
        assert link.is_up and client.lost == server.lost == 0

    host.tasks.run(work)
