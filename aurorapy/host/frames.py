"""Frames on a stream between processes of one cluster: a machine without I/O.

    length u32 │ kind u8 │ CRC-32C u32 │ body                  length: of the body; the CRC covers everything but itself

    client                                                   server
      HELLO  magic, version, nonce c   ─────────────▶
                                       ◀─────────────        HELLO  magic, version, nonce s
      PROOF  HMAC(secret, "client" c s) ────────────▶        the server believes the client
                                       ◀─────────────        PROOF  HMAC(secret, "server" c s)
      DATA   a frame of the user        ◀───────────▶        …  PING every second, answered by PONG

    framing = Framing(secret, "client", nonce)
    send(framing.begin())
    frames = framing.feed(received)          # what the user is to see; framing.take_output() is to be sent

Both sides prove that they know the secret before a frame of either reaches the other's user, and until then nothing longer
than a proof is taken. The role is in the proof, so that one cannot be sent back to who made it.

Errors: ProtocolError for everything that is not this: bad lengths, checksums, order, proofs. The link is then closed.

Not here: sockets and times (`network`), what a frame says (`storage/codec.py`), secrecy (TLS, in `network`).
"""

from __future__ import annotations

import hmac
import struct

from aurorapy_native.checksum import crc32c

VERSION = 1
MAGIC = b"aurorapy"
NONCE_BYTES = 32
PROOF_BYTES = 32
BODY_BYTES_MAX = 64 << 20

HELLO, PROOF, DATA, PING, PONG = 1, 2, 3, 4, 5

_HEAD = struct.Struct("<IB")
_CRC = struct.Struct("<I")
_HEAD_BYTES = _HEAD.size + _CRC.size
_HELLO = struct.Struct(f"<8sH{NONCE_BYTES}s")
_LENGTHS = {HELLO: _HELLO.size, PROOF: PROOF_BYTES, PING: 0, PONG: 0}  # of kinds whose body has one length


class ProtocolError(Exception):
    """What came is not what the other side of a link says."""


def pack(kind: int, *parts: bytes) -> tuple[bytes, ...]:
    """One frame, as pieces to be sent one after the other; the parts are not copied."""
    length = 0
    for part in parts:
        length += len(part)
    head = _HEAD.pack(length, kind)
    crc = crc32c(head)
    for part in parts:
        crc = crc32c(part, crc)
    return (head + _CRC.pack(crc), *parts)


PING_FRAME = b"".join(pack(PING))
PONG_FRAME = b"".join(pack(PONG))


class Framing:
    """One side of one connection. role: "client" (who connected) or "server". nonce: 32 fresh random bytes."""

    def __init__(self, secret: bytes, role: str, nonce: bytes) -> None:
        self.role = role
        self.is_open = False  # both have proved themselves
        self._secret, self._nonce = secret, nonce
        self._other_nonce = b""
        self._pending = bytearray()  # an incomplete frame
        self._need = _HEAD_BYTES  # bytes of _pending before it is worth looking again
        self._output: list[bytes] = []

    def begin(self) -> bytes:
        """What is to be sent when the connection is made; nothing for the server."""
        return self._hello() if self.role == "client" else b""

    def take_output(self) -> bytes:
        """What is to be sent now, on the machine's own account."""
        if not self._output:
            return b""
        output, self._output = b"".join(self._output), []
        return output

    def feed(self, data: bytes) -> list[bytes]:
        """Takes received bytes; returns the bodies of whole DATA frames, in order."""
        if self._pending:
            self._pending += data
            if len(self._pending) < self._need:
                return []
            data = bytes(self._pending)
            self._pending.clear()
        found: list[bytes] = []
        at, end = 0, len(data)
        while end - at >= _HEAD_BYTES:
            length, kind = _HEAD.unpack_from(data, at)
            self._check_head(length, kind)
            after = at + _HEAD_BYTES + length
            if after > end:
                self._need = _HEAD_BYTES + length
                break
            body = data[at + _HEAD_BYTES : after]
            (crc,) = _CRC.unpack_from(data, at + _HEAD.size)
            if crc32c(body, crc32c(data[at : at + _HEAD.size])) != crc:
                raise ProtocolError("a frame is damaged: its checksum does not match")
            at = after
            if kind == DATA:
                found.append(body)
            else:
                self._control(kind, body)
        else:
            self._need = _HEAD_BYTES
        if at < end:
            self._pending += data[at:] if at else data
        return found

    def _check_head(self, length: int, kind: int) -> None:
        """Before its body is waited for: is this kind of frame, in this length, possible now?"""
        if self.is_open:
            if kind == DATA:
                if length > BODY_BYTES_MAX:
                    raise ProtocolError(f"a frame of {length} bytes")
                return
            expected: tuple[int, ...] = (PING, PONG)
        else:
            expected = (PROOF,) if self._other_nonce else (HELLO,)
        if kind not in expected or length != _LENGTHS[kind]:
            raise ProtocolError(f"a frame of kind {kind} and {length} bytes out of its place")

    def _control(self, kind: int, body: bytes) -> None:
        if kind == PING:
            self._output.append(PONG_FRAME)
        elif kind == HELLO:
            self._greeted(body)
        elif kind == PROOF:
            self._proved(body)

    def _hello(self) -> bytes:
        return b"".join(pack(HELLO, _HELLO.pack(MAGIC, VERSION, self._nonce)))

    def _greeted(self, body: bytes) -> None:
        magic, version, nonce = _HELLO.unpack(body)
        if magic != MAGIC or version != VERSION:
            raise ProtocolError("the other side speaks another protocol")
        if hmac.compare_digest(nonce, self._nonce):
            raise ProtocolError("the other side repeats the nonce it was given")
        self._other_nonce = nonce
        if self.role == "client":
            self._output.append(self._own_proof())
        else:
            self._output.append(self._hello())

    def _own_proof(self) -> bytes:
        return b"".join(pack(PROOF, self._proof(self.role)))

    def _proof(self, role: str) -> bytes:
        own, other = self._nonce, self._other_nonce
        nonces = own + other if self.role == "client" else other + own
        return hmac.digest(self._secret, b"aurorapy link " + role.encode() + nonces, "sha256")

    def _proved(self, body: bytes) -> None:
        other = "server" if self.role == "client" else "client"
        if not hmac.compare_digest(body, self._proof(other)):
            raise ProtocolError("the other side does not know the cluster's secret")
        if self.role == "server":
            self._output.append(self._own_proof())
        self.is_open = True
