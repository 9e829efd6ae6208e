"""SCRAM-SHA-256 against a client written here from RFC 5802, the RFC's own example, and verifiers PostgreSQL made."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurorapy.errors import FatalError
from aurorapy.wire.scram import AuthenticationFailed, ScramExchange, make_verifier, mock_verifier, parse_verifier

SALT = bytes(range(16))
NONCE = "serverNONCE"


def digest(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


class Client:
    """A client's side, as in RFC 5802 section 3."""

    def __init__(self, password: str, nonce: str = "clientNONCE", header: str = "n,,", user: str = "") -> None:
        self.password, self.header = password, header
        self.bare = f"n={user},r={nonce}"

    def first(self) -> bytes:
        return (self.header + self.bare).encode()

    def final(self, server_first: bytes) -> bytes:
        nonce, salt, iterations = (part[2:] for part in server_first.decode().split(",", 2))
        without_proof = f"c={b64encode(self.header.encode()).decode()},r={nonce}"
        self.signed = f"{self.bare},{server_first.decode()},{without_proof}".encode()
        self.salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), b64decode(salt), int(iterations))
        key = digest(self.salted, b"Client Key")
        signature = digest(hashlib.sha256(key).digest(), self.signed)
        proof = bytes(a ^ b for a, b in zip(key, signature))
        return f"{without_proof},p={b64encode(proof).decode()}".encode()

    def trusts(self, server_final: bytes) -> bool:
        expected = digest(digest(self.salted, b"Server Key"), self.signed)
        return server_final == b"v=" + b64encode(expected)


def exchange(client: Client, verifier, known: bool = True) -> bytes:
    server = ScramExchange(verifier, NONCE, known)
    return server.final(client.final(server.first(client.first())))


@pytest.mark.parametrize("header", ["n,,", "y,,"])
def test_the_right_password_and_the_right_server(header):
    client = Client("secret", header=header)
    assert client.trusts(exchange(client, make_verifier("secret", SALT)))


def test_the_wrong_password():
    with pytest.raises(AuthenticationFailed):
        exchange(Client("guess"), make_verifier("secret", SALT))


def test_the_example_of_rfc_7677():
    verifier = make_verifier("pencil", b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    server = ScramExchange(verifier, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")
    first = server.first(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
    assert first == b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    final = server.final(
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert final == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@pytest.mark.parametrize(("password", "made"), [
    ("plain", "SCRAM-SHA-256$4096:gjRQ5Z23iONxDTS5OZF4PA==$8RXhdO/YT6Qaw8Wr+YBKJnjZA/Nt2n9CFs3T4XyMYpY="
              ":4OadyVWWriLiPzxhOTjYQHIBUDVEf73N8E0ULh666kE="),
    ("sécret ① pass", "SCRAM-SHA-256$4096:QcmrcLba81nHWTHhoScSGA==$zdBEY9asAyNfqcMZD6JYjfaQn1EDb7z5x5YiG14j3UY="
                      ":4IPvH1frMCbsrNnbv8ykOutjLhU01IdZOi+7pQN34nU="),
])  # fmt: skip
def test_verifiers_that_postgresql_made(password, made):
    verifier = parse_verifier(made)
    assert str(verifier) == made
    assert make_verifier(password, verifier.salt, verifier.iterations) == verifier


@pytest.mark.parametrize("text", [
    "", "md5abc", "secret", "SCRAM-SHA-256", "SCRAM-SHA-256$4096", "SCRAM-SHA-256$4096:AA==$x:y", "SCRAM-SHA-1$1:AA==$AA==:AA==",
    "SCRAM-SHA-256$x:AA==$AA==:AA==", "SCRAM-SHA-256$4096:AA==$AA==:AA==", "SCRAM-SHA-256$4096:AA==$AA==:AA==$",
])
def test_what_is_no_verifier(text):
    assert parse_verifier(text) is None


def test_an_unknown_user_plays_the_whole_exchange_with_a_salt_that_stays():
    mock = mock_verifier("nobody", b"server secret")
    assert mock == mock_verifier("nobody", b"server secret")
    assert mock.salt != mock_verifier("nobody2", b"server secret").salt
    assert mock.salt != mock_verifier("nobody", b"other secret").salt
    assert len(mock.salt) == 16 and mock.iterations == 4096
    with pytest.raises(AuthenticationFailed):
        exchange(Client("any"), mock, known=False)
    with pytest.raises(AuthenticationFailed):
        exchange(Client("secret"), make_verifier("secret", SALT), known=False)


@pytest.mark.parametrize("first", [
    b"", b"x,,n=,r=a", b"n", b"n,", b"n,,", b"n,,r=a", b"n,,n=a", b"n,,n=,r=", b"n,a=other,n=,r=a", b"p=tls-unique,,n=,r=a",
    b"n,,m=ext,n=,r=a", b"n,,n=,r=a\0", b"n,,n=,r=\xff", b"n,,n",
])
def test_malformed_first_messages(first):
    with pytest.raises(FatalError):
        ScramExchange(make_verifier("x", SALT), NONCE).first(first)


@pytest.mark.parametrize("change", [
    lambda final: final.replace(b"c=biws", b"c=eSws"),
    lambda final: final.replace(b"r=client", b"r=elient"),
    lambda final: final[: final.index(b",p=")],
    lambda final: final[:-8],
    lambda final: final + b"!",
    lambda final: b"",
])
def test_tampered_final_messages(change):
    client = Client("secret")
    server = ScramExchange(make_verifier("secret", SALT), NONCE)
    with pytest.raises((FatalError, AuthenticationFailed)):
        server.final(change(client.final(server.first(client.first()))))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_random_messages_never_authenticate(first, final):
    server = ScramExchange(mock_verifier("u", b"s"), NONCE)
    try:
        server.first(first)
    except FatalError:
        server.first(b"n,,n=,r=a")
    with pytest.raises((FatalError, AuthenticationFailed)):
        server.final(final)
