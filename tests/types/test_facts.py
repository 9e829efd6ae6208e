"""pg_type's attributes, type names, UTF-8 errors and composite literals agree with PostgreSQL 15's."""

from __future__ import annotations

import pytest

from aurorapy.errors import DatabaseError, SyntaxError
from aurorapy.types.builtin import TYPES
from aurorapy.types.model import TypeContext
from aurorapy.types.names import format_type, parse_type_name, resolve
from aurorapy.types.records import composite_codec
from aurorapy.types.text import decode_utf8
from tests.types import golden

CTX = TypeContext()


def test_every_built_in_type_has_postgresqls_attributes() -> None:
    rows = golden.read("pg_type")
    assert {int(oid) for _, _, oid, _ in rows} == set(TYPES)
    for _, _, oid, answer in rows:
        t = TYPES[int(oid)]
        own = (
            t.name, str(t.length), "ft"[t.by_value], t.kind, t.category, "ft"[t.preferred], t.delimiter, str(t.elem_oid),
            str(t.array_oid), t.align, t.toast, str(t.collation),
        )
        assert own == answer.texts, t


@pytest.mark.parametrize("row", golden.read("names"), ids=lambda row: row[2])
def test_type_name_means_what_it_means_to_postgresql(row) -> None:
    _, _, name, expected = row
    try:
        oid, typmod = resolve(name)
        got = (str(oid), str(typmod), format_type(oid, typmod))
    except SyntaxError:
        assert expected.state == "42601"  # the statement's own words for it are the parser's
        return
    except DatabaseError as error:
        assert (error.sqlstate, error.message) == (expected.state, expected.texts[0])
        return
    assert ("ok", got) == (expected.state, expected.texts)


@pytest.mark.parametrize("row", golden.read("utf8"), ids=lambda row: row[2])
def test_bytes_that_are_no_utf8_are_named(row) -> None:
    _, _, data, expected = row
    try:
        got = ("ok", decode_utf8(bytes.fromhex(data)))
    except DatabaseError as error:
        got = (error.sqlstate, error.message)
    assert got == (expected.state, expected.texts[0])


@pytest.mark.parametrize("row", golden.read("records"), ids=lambda row: repr(row[2]))
def test_composite_literal(row) -> None:
    _, _, text, expected = row
    codec = composite_codec("golden_pair", ((23, -1), (25, -1)))
    try:
        value = codec.input(text, -1, CTX)
    except DatabaseError as error:
        assert (error.sqlstate, error.message, error.detail or "") == (expected.state, *expected.texts)
        return
    assert codec.output(value, CTX) == expected.texts[0] and codec.send(value, CTX).hex() == expected.texts[1]
    assert codec.receive(codec.send(value, CTX), -1, CTX) == value


def test_character_shows_apart_with_and_without_a_typmod() -> None:
    assert format_type(1042) == "character" and format_type(1042, -1) == "bpchar" and format_type(1014) == "character[]"
    assert format_type(0) == "-" and format_type(99999) == "???"


def test_setof_is_kept_apart() -> None:
    assert parse_type_name("setof int4").setof and not parse_type_name("int4").setof
