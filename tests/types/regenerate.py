"""Asks a PostgreSQL 15 what every literal of `cases` means and writes tests/types/golden/*.tsv.

    python -m tests.types.regenerate [family ...]        PGHOST, PGPORT, PGUSER as for psql

A literal goes through the type's own input function with the typmod, as COPY and parameters do, not through a cast,
which is laxer about lengths. The binary form is that of the type's send function.
"""

from __future__ import annotations

import os
import sys

import psycopg

from tests.types import catalog_facts, golden
from tests.types.cases import FAMILIES, Case


def server() -> psycopg.Connection:
    os.environ.setdefault("PGHOST", "127.0.0.1")
    os.environ.setdefault("PGUSER", "postgres")
    return psycopg.connect("dbname=postgres client_encoding=utf8", autocommit=True, cursor_factory=psycopg.ClientCursor)


def input_call(connection: psycopg.Connection, type_name: str) -> tuple[str, str]:
    """SQL of the input call, with %s for the literal, and the name of the send function."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE typmod_probe (c {type_name})")
        cursor.execute(
            "SELECT t.typinput::text, t.typsend::text, t.typelem, t.oid, a.atttypmod, p.pronargs, t.typlen"
            " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_proc p ON p.oid = t.typinput"
            " WHERE a.attrelid = 'typmod_probe'::regclass AND a.attnum = 1"
        )
        entry, send, elem, oid, typmod, arguments, length = cursor.fetchone()
        cursor.execute("DROP TABLE typmod_probe")
    more = f", {elem if elem and length == -1 else oid}::oid, {typmod}" if arguments == 3 else ""
    if entry == "array_in":
        return f"%s::{type_name}", send  # array_in's own result is anyarray
    return f"{entry}(%s::cstring{more})", send


def ask(connection: psycopg.Connection, call: str, send: str, literal: str) -> golden.Answer:
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"SELECT v, encode({send}(v), 'hex') FROM (SELECT {call} AS v OFFSET 0) s", (literal,))
        except psycopg.Error as error:
            d = error.diag
            return golden.Answer(
                d.sqlstate or "", (d.message_primary or "", d.message_detail or "", d.message_hint or "", d.context or "")
            )
        result = cursor.pgresult
        return golden.Answer("ok", (result.get_value(0, 0).decode(), result.get_value(0, 1).decode()))


def regenerate(name: str, cases: list[Case]) -> int:
    rows = []
    with server() as connection:
        calls: dict[str, tuple[str, str]] = {}
        settings = None
        for case in cases:
            if case.settings != settings:
                settings = case.settings
                connection.execute("RESET ALL")
                connection.execute("SET TimeZone = 'UTC'")
                for setting in filter(None, settings.split(";")):
                    key, _, value = setting.partition("=")
                    connection.execute(f"SET {key} = '{value}'")
            if case.type_name not in calls:
                calls[case.type_name] = input_call(connection, case.type_name)
            answer = ask(connection, *calls[case.type_name], case.literal)
            if len("".join(answer.texts)) < 2_000:  # 131,072 digits are for a test of their own
                rows.append((case.type_name, case.settings, case.literal, answer))
    golden.write(name, rows)
    return len(rows)


def _try(connection: psycopg.Connection, sql: str, *args) -> golden.Answer:
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql, args)
        except psycopg.Error as error:
            d = error.diag
            return golden.Answer(d.sqlstate or "", (d.message_primary or "", d.message_detail or ""))
        result = cursor.pgresult
        return golden.Answer("ok", tuple((result.get_value(0, i) or b"").decode() for i in range(result.nfields)))


def regenerate_facts() -> None:
    """The tables of `catalog_facts`."""
    with server() as connection, connection.cursor() as cursor:
        cursor.execute(catalog_facts.FACTS_SQL, (catalog_facts.built_in_oids(),))
        result = cursor.pgresult
        rows = [
            ("", "", result.get_value(i, 0).decode(),
             golden.Answer("ok", tuple(result.get_value(i, j).decode() for j in range(1, result.nfields))))
            for i in range(result.ntuples)
        ]
        golden.write("pg_type", rows)
        golden.write("names", [("", "", name, _type_name(connection, name)) for name in catalog_facts.NAMES])
        sql = "SELECT convert_from(decode(%s, 'hex'), 'UTF8')"
        golden.write("utf8", [("", "", data, _try(connection, sql, data)) for data in catalog_facts.BYTES])
        connection.execute(catalog_facts.PAIR_SQL)
        sql = "SELECT v, encode(record_send(v), 'hex') FROM (SELECT %s::pg_temp.golden_pair OFFSET 0) s(v)"
        golden.write("records", [("", "", text, _try(connection, sql, text)) for text in catalog_facts.COMPOSITES])


def _type_name(connection: psycopg.Connection, name: str) -> golden.Answer:
    """What a column of that type has: OID, typmod, and format_type's text."""
    if name.strip().lower() in ("record", "void", "anyarray", "cstring", "unknown", ""):
        return _try(connection, "SELECT %s::regtype::oid, -1, format_type(%s::regtype, -1)", name, name)
    answer = _try(connection, f"CREATE TEMP TABLE name_probe (c {name})")
    if answer.state != "ok":
        return answer
    sql = "SELECT atttypid, atttypmod, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'name_probe'::regclass AND attnum = 1"
    answer = _try(connection, sql)
    connection.execute("DROP TABLE name_probe")
    return answer


def main() -> None:
    for name in sys.argv[1:] or FAMILIES:
        if name in FAMILIES:
            print(f"{name}: {regenerate(name, FAMILIES[name])}")
    if not sys.argv[1:] or "facts" in sys.argv[1:]:
        regenerate_facts()


if __name__ == "__main__":
    main()
