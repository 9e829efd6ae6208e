"""Asks a PostgreSQL 15 for the value of every expression of `corpus` and writes tests/expressions/golden/*.tsv.

    python -m tests.expressions.regenerate [table ...]        PGHOST, PGPORT, PGUSER, PGDATABASE as for psql

Not here: which expressions (`corpus`, `families`).
"""

from __future__ import annotations

import os
import sys

import psycopg

from tests.expressions import golden
from tests.expressions.corpus import tables


def _server() -> psycopg.Connection:
    os.environ.setdefault("PGHOST", "127.0.0.1")
    os.environ.setdefault("PGUSER", "postgres")
    os.environ.setdefault("PGDATABASE", "postgres")
    connection = psycopg.connect("client_encoding=utf8", autocommit=True)
    for name, value in golden.SETTINGS.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    return connection


def _ask(connection: psycopg.Connection, expression: str) -> golden.Answer:
    result = connection.pgconn.exec_(f"SELECT {expression}".encode())
    if result.status != psycopg.pq.ExecStatus.TUPLES_OK:
        state = result.error_field(psycopg.pq.DiagnosticField.SQLSTATE)
        message = result.error_field(psycopg.pq.DiagnosticField.MESSAGE_PRIMARY)
        return golden.Answer(0, message.decode(), state.decode())
    value = result.get_value(0, 0)
    return golden.Answer(result.ftype(0), None if value is None else value.decode())


def main(names: list[str]) -> None:
    with _server() as connection:
        for name, expressions in tables().items():
            if names and name not in names:
                continue
            rows = [(e, _ask(connection, e)) for e in dict.fromkeys(expressions)]
            # calls the server finds ambiguous or unknown say nothing about a function
            rows = [r for r in rows if r[1].sqlstate not in ("42883", "42725", "42846", "42601", "42804", "42P18")]
            golden.write(name, rows)
            print(f"{name}: {len(rows)}")


if __name__ == "__main__":
    main(sys.argv[1:])
