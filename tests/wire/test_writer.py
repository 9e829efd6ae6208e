"""Backend messages put together: byte for byte what PostgreSQL sends for the same thing."""

from __future__ import annotations

import struct

import pytest

from aurorapy.errors import DatabaseError, UniqueViolation
from aurorapy.wire import backend
from aurorapy_native.outbuffer import OutBuffer, RowEncoder
from tests.wire.conversations import CAPTURED

UUID = bytes.fromhex("00112233445566778899aabbccddeeff")
EVERY_TYPE = (7, -(2**31), 2**63 - 1, True, False, "häy", None, 1.5, -0.25, b"\0\xff", 2**32 - 1, UUID)
OIDS = (21, 23, 20, 16, 16, 25, 23, 701, 700, 17, 26, 2950)
LENGTHS = (2, 4, 8, 1, 1, -1, 4, 8, 4, -1, 4, 16)


def sent(letter: str, body: bytes = b"") -> bytes:
    out = OutBuffer()
    out.message(letter, body)
    return out.take()


def rows(values: list[tuple], codes: bytes, callables: tuple | None = None) -> bytes:
    out = OutBuffer()
    out.rows(values, RowEncoder(codes, callables or (None,) * len(codes)))
    return out.take()


def hex_text(value: bytes) -> str:
    return "\\x" + value.hex()


def uuid_text(value: bytes) -> str:
    h = value.hex()
    return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))


@pytest.mark.parametrize(("title", "format_"), [("rows in text", 0), ("rows in binary", 1)])
def test_row_descriptions(title, format_):
    columns = [(name, 0, 0, oid, length, -1, format_) for name, oid, length in zip("abcdefghijkl", OIDS, LENGTHS)]
    assert sent("T", backend.row_description(columns)) == CAPTURED[title].first(b"T")


def test_a_row_in_text():
    callables = (None,) * 7 + (repr, repr, hex_text, None, uuid_text)
    assert rows([EVERY_TYPE], b"iiibbsicccic", callables) == CAPTURED["rows in text"].first(b"D")


def test_a_row_in_binary():
    assert rows([EVERY_TYPE], b"248BBS4DFyuy") == CAPTURED["rows in binary"].first(b"D")


def test_many_rows():
    made = [(g, -g, g % 2 == 0, "x" * g) for g in range(12)]
    assert rows(made, b"iibs") == b"".join(CAPTURED["many rows"].all(b"D"))


def test_a_row_without_columns():
    captured = CAPTURED["no columns"]
    assert sent("T", backend.row_description([])) == captured.first(b"T")
    assert rows([()], b"") == captured.first(b"D")


@pytest.mark.parametrize("number", [0, 9, 10, -1, 2**63 - 1, -(2**63), 10**30, -(10**30)])
def test_ints_of_any_size_in_text(number):
    text = str(number).encode()
    assert rows([(number,)], b"i")[7:] == struct.pack("!I", len(text)) + text


def test_a_row_that_fails_leaves_no_trace():
    out = OutBuffer()
    out.message("1")

    def fails(value):
        raise DatabaseError("no text for it")

    with pytest.raises(DatabaseError):
        out.rows([("a", 1)], RowEncoder(b"sc", (None, fails)))
    with pytest.raises(UnicodeEncodeError):
        out.row(("\ud800",), RowEncoder(b"s", (None,)))
    with pytest.raises(OverflowError):
        out.row((2**70,), RowEncoder(b"8", (None,)))
    with pytest.raises(ValueError):
        out.row((1,), RowEncoder(b"ii", (None, None)))
    out.message("2")
    assert out.take() == sent("1") + sent("2")


def test_a_buffer_taken_in_the_middle_of_a_row_is_noticed():
    out = OutBuffer()

    def takes(value):
        out.take()
        return "x"

    with pytest.raises(DatabaseError):
        out.row((1, 2), RowEncoder(b"ci", (takes, None)))


ERRORS = {
    "an error with a position": DatabaseError('column "nothing" does not exist', sqlstate="42703", position=8),
    "a constraint's fields": UniqueViolation(
        'duplicate key value violates unique constraint "t_pkey"',
        detail="Key (id)=(1) already exists.", schema="pg_temp_3", table="t", constraint="t_pkey",
    ),
    "a bind cut short": DatabaseError(
        "insufficient data left in message", sqlstate="08P01", where="unnamed portal parameter $1"
    ),
    "copy in binary fails": DatabaseError("COPY from stdin failed: no", sqlstate="57014"),
}  # fmt: skip


@pytest.mark.parametrize("title", ERRORS)
def test_errors(title):
    captured = CAPTURED[title].first(b"E")
    if title == "a constraint's fields":  # the number of the temporary schema is the server's
        captured = captured.replace(captured[captured.index(b"spg_temp_") + 9 : captured.index(b"\0tt\0")], b"3")
    assert sent("E", backend.error_fields(ERRORS[title])) == captured


def test_an_error_with_hint_and_position():
    error = DatabaseError(
        "function sum(text) does not exist", sqlstate="42883", position=8,
        hint="No function matches the given name and argument types. You might need to add explicit type casts.",
    )  # fmt: skip
    assert sent("E", backend.error_fields(error)) == CAPTURED["an error with detail and hint"].all(b"E")[1]


def test_a_notice():
    body = backend.notice_fields("NOTICE", 'table "no_such_table" does not exist, skipping', "00000")
    assert sent("N", body) == CAPTURED["a notice"].first(b"N")


def test_short_answers():
    assert sent("t", backend.parameter_description([23, 25])) == CAPTURED["parameters"].first(b"t")
    assert sent("S", backend.parameter_status("application_name", "me")) == CAPTURED["setting changes are told"].first(b"S")
    assert sent("C", b"SELECT 1\0") == CAPTURED["parameters"].first(b"C")
    assert sent("Z", b"T") == CAPTURED["transaction states"].first(b"Z")
    assert sent("n") == CAPTURED["no data"].first(b"n")
    assert sent("s") == CAPTURED["a limit of rows"].first(b"s")
    assert sent("I") == CAPTURED["an empty query"].first(b"I")
    assert sent("3") == CAPTURED["close"].first(b"3")


def test_copy():
    assert sent("H", backend.copy_response(0, 2)) == CAPTURED["copy out"].first(b"H")
    assert sent("G", backend.copy_response(1, 1)) == CAPTURED["copy in binary fails"].first(b"G")
    assert sent("d", b"1\ta\n") == CAPTURED["copy out"].first(b"d")
    assert sent("c") == CAPTURED["copy out"].first(b"c")


def test_authentication_and_keys():
    assert sent("R", backend.authentication(0)) == b"R\0\0\0\x08\0\0\0\0"
    assert sent("R", backend.sasl_mechanisms("SCRAM-SHA-256")) == b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"
    assert sent("K", backend.backend_key_data(1, 2**32 - 1)) == b"K\0\0\0\x0c\0\0\0\1\xff\xff\xff\xff"
