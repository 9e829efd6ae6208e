"""A small PostgreSQL client that hides nothing: every field of every message, for tests that compare servers.

    wire = Wire.connect("127.0.0.1", 5432)
    reply = wire.query("select 1 as one; select 1/0")
    reply.results[0].rows         [("1",)]          texts, or None for NULL
    reply.results[0].tag          "SELECT 1"
    reply.results[1].error["C"]   "22012"           the letters of ErrorResponse
    reply.status                  "I"               I, T or E

`send_query` and `reply_within` are the two halves, for statements that wait for a lock. `extended` sends Parse, Bind,
Describe, Execute and Sync in one write. Blocking sockets; one thread a connection.

Errors: ConnectionLost when the server closes in the middle; ServerRefused when it does not let us in.

Not here: TLS, passwords, binary values (bytes are handed through).
"""

from __future__ import annotations

import select
import socket
import struct
import time
from dataclasses import dataclass, field

PROTOCOL_3, CANCEL_REQUEST = 196608, 80877102


class ConnectionLost(Exception):
    """The server closed the connection, or nothing came in time."""


class ServerRefused(Exception):
    """The startup ended with an ErrorResponse; `fields` has its letters."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(f"{fields.get('C')} {fields.get('M')}")
        self.fields = fields


@dataclass(slots=True)
class ResultColumn:
    """One field of a RowDescription."""

    name: str
    table: int
    attno: int
    type_oid: int
    size: int
    typmod: int
    format: int


@dataclass(slots=True)
class Result:
    """What one statement answered; exactly one of tag, error and `empty` is set once it is complete."""

    columns: list[ResultColumn] | None = None
    rows: list[tuple] = field(default_factory=list)
    tag: str | None = None
    error: dict[str, str] | None = None
    empty: bool = False
    suspended: bool = False
    copy: str = ""  # "in" or "out"
    copied: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class Reply:
    """Everything up to ReadyForQuery."""

    results: list[Result] = field(default_factory=list)
    notices: list[dict[str, str]] = field(default_factory=list)
    parameters: list[int] | None = None
    status: str = ""

    @property
    def error(self) -> dict[str, str] | None:
        return next((r.error for r in self.results if r.error), None)

    @property
    def rows(self) -> list[tuple]:
        return self.results[-1].rows


def message(letter: str, body: bytes = b"") -> bytes:
    return letter.encode() + struct.pack("!I", len(body) + 4) + body


def fields_of(body: bytes) -> dict[str, str]:
    """ErrorResponse or NoticeResponse to {letter: text}."""
    parts = body.split(b"\0")
    return {chr(part[0]): part[1:].decode("utf-8", "replace") for part in parts if part}


class Wire:
    def __init__(self, sock: socket.socket, address: tuple[str, int]) -> None:
        self.sock = sock
        self.address = address
        self.settings: dict[str, str] = {}
        self.pid = self.key = 0
        self.status = ""
        self.notifications: list[tuple[int, str, str]] = []
        self._buffer = bytearray()
        self._reply = Reply()

    @classmethod
    def connect(cls, host: str, port: int, user: str = "postgres", database: str = "postgres", timeout: float = 30,
                **settings: str) -> Wire:  # fmt: skip
        sock = socket.create_connection((host, port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = cls(sock, (host, port))
        names = {"user": user, "database": database, **settings}
        body = b"".join(f"{name}\0{value}\0".encode() for name, value in names.items()) + b"\0"
        sock.sendall(struct.pack("!II", len(body) + 8, PROTOCOL_3) + body)
        wire._finish_startup()
        return wire

    def _finish_startup(self) -> None:
        while True:
            letter, body = self.read_message()
            if letter == "E":
                self.sock.close()
                raise ServerRefused(fields_of(body))
            if letter == "R" and struct.unpack("!I", body[:4])[0] != 0:
                raise ServerRefused({"M": "the server asks for a password"})
            if letter == "S":
                name, value = body[:-1].decode().split("\0")
                self.settings[name] = value
            if letter == "K":
                self.pid, self.key = struct.unpack("!II", body)
            if letter == "Z":
                self.status = body.decode()
                return

    # -- bytes ---------------------------------------------------------------------------------------------------------
    def send(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except OSError as problem:
            raise ConnectionLost(str(problem)) from problem

    def _fill(self) -> None:
        try:
            data = self.sock.recv(1 << 16)
        except TimeoutError:
            raise
        except OSError as problem:
            raise ConnectionLost(str(problem)) from problem
        if not data:
            raise ConnectionLost("the server closed the connection")
        self._buffer += data

    def _take_message(self) -> tuple[str, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 5:
            return None
        size = struct.unpack_from("!I", buffer, 1)[0] + 1
        if len(buffer) < size:
            return None
        letter, body = chr(buffer[0]), bytes(buffer[5:size])
        del buffer[:size]
        return letter, body

    def read_message(self) -> tuple[str, bytes]:
        while (found := self._take_message()) is None:
            self._fill()
        return found

    def has_answer(self) -> bool:
        """Has the server sent a ReadyForQuery that was not read yet, with nothing behind it?"""
        while select.select([self.sock], [], [], 0)[0]:
            self._fill()
        return self._buffer[-6:-1] == b"Z\0\0\0\5"

    # -- replies -------------------------------------------------------------------------------------------------------
    def reply(self, timeout: float = 60) -> Reply:
        """Waits for ReadyForQuery."""
        found = self.reply_within(timeout)
        if found is None:
            raise ConnectionLost(f"no answer within {timeout} s")
        return found

    def reply_within(self, seconds: float) -> Reply | None:
        """The reply if it is complete within `seconds`; what came before stays kept for the next call."""
        deadline = time.monotonic() + seconds
        while True:
            while (found := self._take_message()) is not None:
                if self._note(*found):
                    reply, self._reply = self._reply, Reply()
                    return reply
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self.sock.settimeout(left)
            try:
                self._fill()
            except TimeoutError:
                return None
            finally:
                self.sock.settimeout(60)

    def _open_result(self) -> Result:
        results = self._reply.results
        if not results or results[-1].tag is not None or results[-1].error or results[-1].empty:
            results.append(Result())
        return results[-1]

    def _note(self, letter: str, body: bytes) -> bool:
        """Adds one message to the reply; True at ReadyForQuery."""
        if letter == "Z":
            self.status = self._reply.status = body.decode()
            return True
        if letter == "D":
            self._reply.results[-1].rows.append(data_row(body, self._reply.results[-1].columns))
        elif letter == "T":
            self._open_result().columns = row_description(body)
        elif letter == "C":
            self._open_result().tag = body[:-1].decode()
        elif letter == "E":
            self._open_result().error = fields_of(body)
        elif letter == "N":
            self._reply.notices.append(fields_of(body))
        elif letter == "I":
            self._open_result().empty = True
        elif letter == "s":
            self._open_result().suspended = True
        elif letter == "t":
            count = struct.unpack_from("!H", body)[0]
            self._reply.parameters = list(struct.unpack_from(f"!{count}I", body, 2))
        elif letter in "GH":
            self._open_result().copy = "in" if letter == "G" else "out"
            return letter == "G"
        elif letter == "d":
            self._reply.results[-1].copied.append(body)
        elif letter == "S":
            name, value = body[:-1].decode().split("\0")
            self.settings[name] = value
        elif letter == "A":
            channel, payload = body[4:-1].decode().split("\0")
            self.notifications.append((struct.unpack("!I", body[:4])[0], channel, payload))
        return False

    # -- statements ----------------------------------------------------------------------------------------------------
    def send_query(self, sql: str) -> None:
        self.send(message("Q", sql.encode() + b"\0"))

    def query(self, sql: str, timeout: float = 60) -> Reply:
        """Simple protocol. A COPY ... FROM STDIN ends the reply early; go on with `copy_in`."""
        self.send_query(sql)
        return self.reply(timeout)

    def copy_in(self, data: bytes, timeout: float = 60) -> Reply:
        """Sends COPY's data after `query` answered CopyInResponse."""
        chunks = b"".join(message("d", data[i : i + 60_000]) for i in range(0, len(data), 60_000))
        self.send(chunks + message("c"))
        return self.reply(timeout)

    def send_extended(self, sql: str, values: list[str | bytes | None] = (), types: tuple[int, ...] = (),
                      binary: bool = False) -> None:  # fmt: skip
        """Unnamed statement and portal; texts go as text, bytes as binary values."""
        parse = f"\0{sql}\0".encode() + struct.pack(f"!H{len(types)}I", len(types), *types)
        formats = [1 if isinstance(v, bytes) else 0 for v in values]
        bind = b"\0\0" + struct.pack(f"!H{len(formats)}h", len(formats), *formats) + struct.pack("!H", len(values))
        for value in values:
            raw = value.encode() if isinstance(value, str) else value
            bind += struct.pack("!i", -1) if raw is None else struct.pack("!i", len(raw)) + raw
        bind += struct.pack("!Hh", 1, 1) if binary else struct.pack("!H", 0)
        self.send(
            message("P", parse) + message("D", b"S\0") + message("B", bind) + message("D", b"P\0")
            + message("E", b"\0" + struct.pack("!i", 0)) + message("S")
        )  # fmt: skip

    def extended(self, sql: str, values: list[str | bytes | None] = (), types: tuple[int, ...] = (),
                 binary: bool = False, timeout: float = 60) -> Reply:  # fmt: skip
        self.send_extended(sql, values, types, binary)
        return self.reply(timeout)

    # -- ends ----------------------------------------------------------------------------------------------------------
    def cancel(self) -> None:
        """Sends a CancelRequest and waits until the server has taken it."""
        with socket.create_connection(self.address, 10) as sock:
            sock.sendall(struct.pack("!IIII", 16, CANCEL_REQUEST, self.pid, self.key))
            sock.recv(1)

    def close(self) -> None:
        try:
            self.sock.sendall(message("X"))
        except OSError:
            pass
        self.sock.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def row_description(body: bytes) -> list[ResultColumn]:
    columns, at = [], 2
    for _ in range(struct.unpack_from("!H", body)[0]):
        end = body.index(b"\0", at)
        name = body[at:end].decode()
        columns.append(ResultColumn(name, *struct.unpack_from("!IhIhih", body, end + 1)))
        at = end + 19
    return columns


def data_row(body: bytes, columns: list[ResultColumn] | None) -> tuple:
    """Texts for columns in text format, bytes for binary ones, None for NULL."""
    values, at = [], 2
    for number in range(struct.unpack_from("!H", body)[0]):
        size = struct.unpack_from("!i", body, at)[0]
        at += 4
        if size < 0:
            values.append(None)
            continue
        raw = body[at : at + size]
        values.append(raw if columns and columns[number].format else raw.decode())
        at += size
    return tuple(values)
