"""Asks a PostgreSQL 15 what every literal of `cases` means and writes tests/types/golden/*.tsv.

    python -m tests.types.regenerate [family ...]        PGHOST, PGPORT, PGUSER as for psql

A literal goes through the type's own input function with the typmod, as COPY and parameters do, not through a cast,
which is laxer about lengths. The binary form is that of the type's send function.
"""

from __future__ import annotations

import os
import sys

import psycopg

from tests.types import golden
from tests.types.cases import FAMILIES, Case


def _server() -> psycopg.Connection:
    os.environ.setdefault("PGHOST", "127.0.0.1")
    os.environ.setdefault("PGUSER", "postgres")
    return psycopg.connect("dbname=postgres client_encoding=utf8", autocommit=True, cursor_factory=psycopg.ClientCursor)


def _calls(connection: psycopg.Connection, type_name: str) -> tuple[str, str]:
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


def _ask(connection: psycopg.Connection, call: str, send: str, literal: str) -> golden.Answer:
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
    with _server() as connection:
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
                calls[case.type_name] = _calls(connection, case.type_name)
            answer = _ask(connection, *calls[case.type_name], case.literal)
            if len("".join(answer.texts)) < 2_000:  # 131,072 digits are for a test of their own
                rows.append((case.type_name, case.settings, case.literal, answer))
    golden.write(name, rows)
    return len(rows)


def main() -> None:
    for name in sys.argv[1:] or FAMILIES:
        print(f"{name}: {regenerate(name, FAMILIES[name])}")


if __name__ == "__main__":
    main()
