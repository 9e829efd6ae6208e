"""Asks a PostgreSQL what it answers to bytes, and keeps the conversations as data.

    python -m tests.wire.capture 127.0.0.1 5432 postgres > tests/wire/captured.txt

A conversation is a title, then lines `> hex` (what the client sent) and `< hex` (what came back, a message a line), and
`< closed` when the server closed the connection. Source positions of errors (fields F, L, R) are dropped, and so is
the startup's answer. The server must trust the user.
"""

from __future__ import annotations

import socket
import struct
import sys


def message(letter: str, body: bytes = b"") -> bytes:
    return letter.encode() + struct.pack("!I", len(body) + 4) + body


def query(text: str) -> bytes:
    return message("Q", text.encode() + b"\0")


def parse(text: str, name: str = "", oids: tuple[int, ...] = ()) -> bytes:
    return message("P", f"{name}\0{text}\0".encode() + struct.pack(f"!H{len(oids)}I", len(oids), *oids))


def bind(values=(), formats=(), results=(), name: str = "", portal: str = "") -> bytes:
    body = f"{portal}\0{name}\0".encode() + struct.pack(f"!H{len(formats)}h", len(formats), *formats)
    body += struct.pack("!H", len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    return message("B", body + struct.pack(f"!H{len(results)}h", len(results), *results))


def describe(kind: str = "P", name: str = "") -> bytes:
    return message("D", kind.encode() + name.encode() + b"\0")


def execute(limit: int = 0, portal: str = "") -> bytes:
    return message("E", portal.encode() + b"\0" + struct.pack("!i", limit))


SYNC, FLUSH = message("S"), message("H")
BINARY = (1,)
EVERY_TYPE = (
    "select 7::int2 a, -2147483648 b, 9223372036854775807 c, true d, false e, 'häy' f, null::int4 g, "
    "1.5::float8 h, -0.25::float4 i, '\\x00ff'::bytea j, 4294967295::oid k, "
    "'00112233-4455-6677-8899-aabbccddeeff'::uuid l"
)

CONVERSATIONS: list[tuple[str, list[bytes]]] = [
    ("rows in text", [query(EVERY_TYPE)]),
    ("rows in binary", [parse(EVERY_TYPE) + bind(results=BINARY) + describe() + execute() + SYNC]),
    ("many rows", [query("select g, -g, g % 2 = 0, repeat('x', g) from generate_series(0, 11) g")]),
    ("several statements", [query("select 1; ; select 2 where false")]),
    ("an empty query", [query("")]),
    ("no columns", [query("select")]),
    ("an error with a position", [query("select nothing")]),
    ("an error with detail and hint", [query("select 1 + 'a'"), query("select sum('1'::text)")]),
    ("a notice", [query("drop table if exists no_such_table")]),
    ("a constraint's fields", [query("create temp table t (id int primary key); insert into t values (1), (1)")]),
    ("parameters", [parse("select $1::int4 + 1, $2::text", oids=(23, 0)) + describe("S")
                    + bind((b"41", b"x")) + execute() + SYNC]),
    ("parameters in binary", [parse("select $1::int4 + 1", oids=(23,))
                              + bind((struct.pack("!i", 41),), BINARY, BINARY) + execute() + SYNC]),
    ("a limit of rows", [parse("select generate_series(1, 3)") + bind() + execute(2) + execute(2) + SYNC]),
    ("no data", [parse("set work_mem = '4MB'") + describe("S") + bind() + describe() + execute() + SYNC]),
    ("close", [message("C", b"Sx\0") + message("C", b"P\0") + SYNC]),
    ("errors skip to sync", [parse("selec") + query("select 1") + bind() + execute() + SYNC + query("select 2")]),
    ("setting changes are told", [query("set application_name = 'me'")]),
    ("copy out", [query("copy (values (1, 'a'), (2, null)) to stdout")]),
    ("copy in", [query("create temp table c (a int, b text); copy c from stdin"),
                 message("d", b"1\tx\n2\t\\N\n") + message("c")]),
    ("copy in binary fails", [query("create temp table d (a int); copy d from stdin (format binary)"),
                              message("f", b"no\0")]),
    ("copy messages outside copy", [message("d", b"x") + message("c") + message("f", b"y\0") + query("select 1")]),
    ("transaction states", [query("begin"), query("select 1/0"), query("select 1"), query("rollback")]),
    # what is malformed
    ("a query without its zero", [message("Q", b"select 1")]),
    ("a query with something behind", [message("Q", b"select 1\0x\0")]),
    ("a parse cut short", [message("P", b"\0select 1\0\0") + SYNC]),
    ("a parse without a zero", [message("P", b"name") + SYNC]),
    ("a bind cut short", [parse("select $1::text") + message("B", b"\0\0\0\0\0\1\0\0\0\5ab") + SYNC]),
    ("a bind with a negative length", [parse("select $1::text") + message("B", b"\0\0\0\0\0\1\xff\xff\xff\xfe\0\0") + SYNC]),
    ("a bind with something behind", [parse("select 1") + message("B", b"\0\0\0\0\0\0\0\0x") + SYNC]),
    ("a bind with format 2", [parse("select $1::text") + bind((b"a",), (2,)) + SYNC]),
    ("a bind with result format 2", [parse("select 1") + bind(results=(2,)) + SYNC]),
    ("an execute cut short", [message("E", b"\0\0\0") + SYNC]),
    ("a describe of nothing", [message("D", b"Xname\0") + SYNC]),
    ("a describe without a kind", [message("D") + SYNC]),
    ("a close of nothing", [message("C", b"Xname\0") + SYNC]),
    ("a sync with a body", [message("S", b"x")]),
    ("a flush with a body", [message("H", b"x") + SYNC]),
    ("invalid UTF-8", [message("Q", b"select '\xff'\0")]),
    ("a NUL byte in a parameter", [parse("select $1::text") + bind((b"a\0b",)) + SYNC]),
    ("an unknown message", [message("y", b"abc")]),
    ("an unknown message, one byte", [b"y"]),
    ("a length of 3", [b"Q\0\0\0\3abc"]),
    ("a length of 2^31 - 1", [b"Q\x7f\xff\xff\xffabc"]),
    ("a long sync", [b"S\0\1\0\0"]),
    ("a password", [message("p", b"x\0"), query("select 1")]),
    ("terminate", [message("X")]),
]


def startup(version: int, body: bytes = b"user\0postgres\0database\0postgres\0\0", length: int = 0) -> bytes:
    return struct.pack("!II", length or len(body) + 8, version) + body


V3, CANCEL = 196608, 80877102
STARTUPS: list[tuple[str, list[bytes]]] = [
    ("protocol 4.0", [startup(4 << 16)]),
    ("protocol 3.7", [startup(V3 + 7)]),
    ("unknown protocol options", [startup(V3, b"user\0postgres\0database\0postgres\0_pq_.a\0b\0_pq_.c\0\0\0")]),
    ("no user", [startup(V3, b"database\0postgres\0\0")]),
    ("an empty startup", [startup(V3, b"\0")]),
    ("no terminator", [startup(V3, b"user\0postgres\0")]),
    ("a name without a value", [startup(V3, b"user\0\0")]),
    ("a startup of 7 bytes", [b"\0\0\0\7\0\3\0"]),
    ("a startup of 10,004 bytes", [startup(V3, b"user\0postgres\0database\0postgres\0options\0" + b" " * 9954 + b"\0\0")]),
    ("a startup of 10,005 bytes", [startup(V3, b"user\0postgres\0database\0postgres\0options\0" + b" " * 9955 + b"\0\0")]),
    ("a negative length", [b"\xff\xff\xff\xff\0\3\0\0"]),
    ("a cancel of nobody", [startup(CANCEL, struct.pack("!II", 1, 2))]),
    ("a cancel of the wrong length", [startup(CANCEL, b"\0" * 9)]),
    ("an unknown setting", [startup(V3, b"user\0postgres\0database\0postgres\0no_such\0x\0\0")]),
    ("options", [startup(V3, b"user\0postgres\0database\0postgres\0options\0-c work_mem\0\0")]),
]


class Client:
    def __init__(self, host: str, port: int, user: str) -> None:
        self.socket = socket.create_connection((host, port))
        if not user:
            return
        body = struct.pack("!I", 196608) + b"user\0" + user.encode() + b"\0database\0postgres\0\0"
        self.socket.sendall(struct.pack("!I", len(body) + 4) + body)
        self.received()

    def received(self, quiet: float = 0.25) -> list[bytes]:
        """The messages that come until nothing comes for `quiet` seconds."""
        self.socket.settimeout(quiet)
        data, closed = b"", False
        try:
            while not closed:
                chunk = self.socket.recv(65536)
                data += chunk
                closed = not chunk
        except TimeoutError:
            pass
        except ConnectionResetError:
            closed = True
        found = []
        while data:
            (length,) = struct.unpack_from("!I", data, 1)
            found.append(data[: length + 1])
            data = data[length + 1 :]
        return found + ([b""] if closed else [])


def without_source(raw: bytes) -> bytes:
    """An ErrorResponse or NoticeResponse without where in PostgreSQL's source it was raised."""
    if raw[:1] not in (b"E", b"N"):
        return raw
    fields = [f for f in raw[5:-2].split(b"\0") if f[:1] not in (b"F", b"L", b"R")]
    return message(raw[:1].decode(), b"".join(f + b"\0" for f in fields) + b"\0")


def greeting(raw: bytes) -> bool:
    """What a successful startup says; it differs from server to server."""
    return len(raw) > 1 and raw[:1] in b"RSKZ"


def main(host: str, port: str, user: str) -> None:
    for title, chunks in CONVERSATIONS:
        client = Client(host, int(port), user)
        print(f"\n{title}")
        for chunk in chunks:
            print(">", chunk.hex())
            client.socket.sendall(chunk)
            for raw in client.received():
                print("<", without_source(raw).hex() or "closed")
        client.socket.close()
    for title, chunks in STARTUPS:
        client = Client(host, int(port), "")
        print(f"\n{title}")
        for chunk in chunks:
            print(">", chunk.hex())
            client.socket.sendall(chunk)
            for raw in client.received():
                if not greeting(raw):
                    print("<", without_source(raw).hex() or "closed")
        client.socket.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
