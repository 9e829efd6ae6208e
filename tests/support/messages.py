"""Frontend messages as bytes, and what two servers answer to the same ones, in a form that can be compared.

    talk = bind("", "s", ["7"]) + execute() + SYNC
    answers(wire, talk)       [("2",), ("D", b"..."), ("C", "SELECT 1"), ("Z", "I")]

Not compared: OIDs of tables, places in PostgreSQL's source.

Not here: sockets (`pgwire`).
"""

from __future__ import annotations

import struct
import time
from typing import Any

from tests.support.pgwire import Wire, fields_of, message, row_description

Value = str | bytes | None  # a text, a binary value, NULL
SYNC, FLUSH = message("S"), message("H")


def query(sql: str) -> bytes:
    return message("Q", sql.encode() + b"\0")


def parse(name: str, sql: str, *types: int) -> bytes:
    return message("P", f"{name}\0{sql}\0".encode() + struct.pack(f"!H{len(types)}I", len(types), *types))


def bind(portal: str, statement: str, values: list[Value] = (), formats: list[int] | None = None,
         results: list[int] = ()) -> bytes:  # fmt: skip
    """`formats` of the values: by default what each value is."""
    if formats is None:
        formats = [int(isinstance(v, bytes)) for v in values]
    body = f"{portal}\0{statement}\0".encode() + struct.pack(f"!H{len(formats)}H", len(formats), *formats)
    body += struct.pack("!H", len(values))
    for value in values:
        raw = value.encode() if isinstance(value, str) else value
        body += struct.pack("!i", -1) if raw is None else struct.pack("!i", len(raw)) + raw
    return message("B", body + struct.pack(f"!H{len(results)}H", len(results), *results))


def describe(portal: str = "") -> bytes:
    return message("D", f"P{portal}\0".encode())


def describe_statement(name: str) -> bytes:
    return message("D", f"S{name}\0".encode())


def execute(portal: str = "", limit: int = 0) -> bytes:
    return message("E", f"{portal}\0".encode() + struct.pack("!i", limit))


def close(portal: str = "") -> bytes:
    return message("C", f"P{portal}\0".encode())


def run(statement: str, *values: Value, results: list[int] = ()) -> bytes:
    """Bind, Describe, Execute of the unnamed portal."""
    return bind("", statement, list(values), results=results) + describe() + execute()


# -- answers -----------------------------------------------------------------------------------------------------------
END = SYNC + query("select 'the end'")  # for talks of which errors may skip queries
END_ANSWER = [("D", b"\0\1\0\0\0\7the end"), ("C", "SELECT 1")]


def letters_of(talk: bytes) -> list[str]:
    found, at = [], 0
    while at < len(talk):
        found.append(chr(talk[at]))
        at += struct.unpack_from("!I", talk, at + 1)[0] + 1
    return found


def answers(wire: Wire, talk: bytes, timeout: float = 10) -> list[tuple]:
    """Sends it and reads as many ReadyForQuery as it asks for."""
    wire.send(talk)
    return read_answers(wire, sum(letter in "SQ" for letter in letters_of(talk)), timeout)


def read_answers(wire: Wire, ready: int = 1, timeout: float = 10) -> list[tuple]:
    """As many ReadyForQuery and what is before them; with `ready` 0 up to END's answer."""
    found: list[tuple] = []
    deadline = time.monotonic() + timeout
    to_end = not ready
    while ready or to_end and found[-3:-1] != END_ANSWER:
        wire.sock.settimeout(max(deadline - time.monotonic(), 0.001))
        letter, body = wire.read_message()
        found.append(comparable(letter, body))
        ready -= letter == "Z" and ready > 0
    wire.sock.settimeout(60)
    return found


def comparable(letter: str, body: bytes) -> tuple[Any, ...]:
    if letter in "EN":
        fields = fields_of(body)
        return (letter, *(f"{k}: {fields[k]}" for k in "SCMDHPWstcdn" if k in fields))
    if letter == "T":
        columns = row_description(body)
        return ("T", *((c.name, c.table > 0, c.attno, c.type_oid, c.size, c.typmod, c.format) for c in columns))
    if letter in "CZS":
        return (letter, *body.decode().split("\0")[: 1 + (letter == "S")])
    if letter == "A":
        return ("A", body[4:])  # without the process id
    return (letter, body) if body else (letter,)
