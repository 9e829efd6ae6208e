"""SCRAM-SHA-256, the server's side (RFC 5802, RFC 7677; PostgreSQL manual, "SASL Authentication").

    exchange = ScramExchange(verifier, nonce)          # known=False and a mock_verifier: plays along and fails
    reply = exchange.first(client_first)               # → server-first-message
    reply = exchange.final(client_final)               # → server-final-message, or raises AuthenticationFailed

A verifier is stored as PostgreSQL stores it: `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`. An unknown user gets a salt
that depends on the name alone, so that asking twice tells nothing. Randomness is handed in.

A password is prepared by SASLprep (RFC 4013) where that is possible and used as it is where not, as in PostgreSQL.

Not here: channel binding (SCRAM-SHA-256-PLUS).
"""

from __future__ import annotations

import hashlib
import hmac
import stringprep
import unicodedata
from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from aurorapy.errors import FatalError
from aurorapy.records import dataclass

ITERATIONS = 4096
MECHANISM = "SCRAM-SHA-256"


class AuthenticationFailed(Exception):
    """The proof does not fit: reported as 28P01 by the caller, who knows the user's name."""


@dataclass(slots=True)
class Verifier:
    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    def __str__(self) -> str:
        salt, stored, server = (b64encode(v).decode() for v in (self.salt, self.stored_key, self.server_key))
        return f"{MECHANISM}${self.iterations}:{salt}${stored}:{server}"


def make_verifier(password: str, salt: bytes, iterations: int = ITERATIONS) -> Verifier:
    salted = hashlib.pbkdf2_hmac("sha256", saslprep(password).encode(), salt, iterations)
    client_key = _hmac(salted, b"Client Key")
    return Verifier(iterations, salt, hashlib.sha256(client_key).digest(), _hmac(salted, b"Server Key"))


_PROHIBITED = (
    stringprep.in_table_c12, stringprep.in_table_c21_c22, stringprep.in_table_c3, stringprep.in_table_c4,
    stringprep.in_table_c5, stringprep.in_table_c6, stringprep.in_table_c7, stringprep.in_table_c8, stringprep.in_table_c9,
    stringprep.in_table_a1,
)  # fmt: skip


def saslprep(password: str) -> str:
    """RFC 4013; a password it prohibits comes back unchanged."""
    if password.isascii():
        return password
    kept = (c for c in password if not stringprep.in_table_b1(c))
    prepared = unicodedata.normalize("NFKC", "".join(" " if stringprep.in_table_c12(c) else c for c in kept))
    if not prepared or any(table(c) for c in prepared for table in _PROHIBITED):
        return password
    if any(stringprep.in_table_d1(c) for c in prepared):
        ends = stringprep.in_table_d1(prepared[0]) and stringprep.in_table_d1(prepared[-1])
        if not ends or any(stringprep.in_table_d2(c) for c in prepared):
            return password
    return prepared


def parse_verifier(text: str) -> Verifier | None:
    """None when `text` is not a verifier (a plain password)."""
    mechanism, _, rest = text.partition("$")
    if mechanism != MECHANISM:
        return None
    try:
        head, keys = rest.split("$")
        iterations, salt = head.split(":")
        stored, server = keys.split(":")
        verifier = Verifier(int(iterations), _decode(salt), _decode(stored), _decode(server))
    except (ValueError, Base64Error):
        return None
    return verifier if len(verifier.stored_key) == len(verifier.server_key) == 32 else None


def mock_verifier(user: str, secret: bytes) -> Verifier:
    """What an unknown user is measured against: a stable salt, keys nobody has."""
    digest = hmac.new(secret, user.encode(), "sha256").digest()
    return Verifier(ITERATIONS, digest[:16], hashlib.sha256(digest).digest(), hashlib.sha256(digest + b"s").digest())


class ScramExchange:
    def __init__(self, verifier: Verifier, nonce: str, known: bool = True) -> None:
        """`nonce`: printable, of the server's own randomness; `known` False always fails at the end."""
        self._verifier = verifier
        self._nonce = nonce
        self._known = known
        self._client_first_bare = ""
        self._server_first = ""
        self._gs2 = ""

    def first(self, message: bytes) -> bytes:
        text = _ascii(message)
        flag = text[:1]
        if flag == "p":
            raise _malformed(
                "The client selected SCRAM-SHA-256 without channel binding, "
                "but the SCRAM message includes channel binding data."
            )
        if flag not in ("n", "y"):
            raise _malformed(f'Unexpected channel-binding flag "{flag}".')
        parts = text.split(",", 2)
        if len(parts) < 3:
            raise _malformed("The message is incomplete.")
        if parts[1]:
            raise FatalError(
                "client uses authorization identity, but it is not supported", sqlstate="0A000"
            )
        self._gs2 = f"{parts[0]},{parts[1]},"
        self._client_first_bare = parts[2]
        attributes = _attributes(parts[2])
        if parts[2].startswith("m="):
            raise FatalError("client requires an unsupported SCRAM extension", sqlstate="0A000")
        client_nonce = attributes.get("r")
        if not client_nonce or "n" not in attributes:
            raise _malformed("The message is incomplete.")
        salt = b64encode(self._verifier.salt).decode()
        self._server_first = f"r={client_nonce}{self._nonce},s={salt},i={self._verifier.iterations}"
        self._full_nonce = client_nonce + self._nonce
        return self._server_first.encode()

    def final(self, message: bytes) -> bytes:
        text = _ascii(message)
        without_proof, found, proof_text = text.rpartition(",p=")
        if not found:
            raise _malformed("The message is incomplete.")
        attributes = _attributes(without_proof)
        if attributes.get("c") != b64encode(self._gs2.encode()).decode():
            raise FatalError("unexpected SCRAM channel-binding attribute in client-final-message", sqlstate="08P01")
        if attributes.get("r") != self._full_nonce:
            raise FatalError("invalid SCRAM response", sqlstate="08P01", detail="Nonce does not match.")
        try:
            proof = _decode(proof_text)
        except (ValueError, Base64Error):
            raise _malformed("Malformed proof in client-final-message.") from None
        if len(proof) != 32:
            raise _malformed("Malformed proof in client-final-message.")
        signed = f"{self._client_first_bare},{self._server_first},{without_proof}".encode()
        signature = _hmac(self._verifier.stored_key, signed)
        client_key = bytes(a ^ b for a, b in zip(proof, signature))
        fits = hmac.compare_digest(hashlib.sha256(client_key).digest(), self._verifier.stored_key)
        if not fits or not self._known:
            raise AuthenticationFailed
        return b"v=" + b64encode(_hmac(self._verifier.server_key, signed))


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, "sha256").digest()


def _decode(text: str) -> bytes:
    return b64decode(text, validate=True)


def _ascii(message: bytes) -> str:
    try:
        text = message.decode("ascii")
    except UnicodeDecodeError:
        raise _malformed("The message is not ASCII.") from None
    if "\0" in text:
        raise _malformed("Message length does not match input length.")
    return text


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if len(name) != 1 or not equals:
            raise _malformed(f'Attribute expected, but found invalid character "{part[:1]}".')
        found.setdefault(name, value)
    return found


def _malformed(detail: str) -> FatalError:
    return FatalError("malformed SCRAM message", sqlstate="08P01", detail=detail)
