"""Asks a PostgreSQL 15 for the value of every expression of `corpus` and writes tests/expressions/golden/*.tsv.

    python -m tests.expressions.regenerate [table ...]        PGHOST, PGPORT, PGUSER, PGDATABASE as for psql

Not here: which expressions (`corpus`, `families`).
"""

from __future__ import annotations

import os
import sys

import psycopg

from aurorapy.expressions import registry
from tests.expressions import golden, sets
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


_FACTS = """
SELECT p.oid, proname, coalesce((SELECT string_agg(format_type(t, null), ', ' ORDER BY o) FROM unnest(proargtypes)
  WITH ORDINALITY x(t, o)), ''), format_type(prorettype, null), proisstrict, provolatile, proretset, prokind, provariadic,
  pronargdefaults FROM pg_proc p WHERE pronamespace = 11 ORDER BY p.oid"""


def _write_facts(connection: psycopg.Connection) -> int:
    """What pg_proc says of every function that is declared here."""
    registry.load()
    rows = [row for row in connection.execute(_FACTS) if row[0] in registry.FUNCTIONS_BY_OID]
    lines = ("\t".join(map(str, row)) for row in rows)
    (golden.FOLDER / "facts.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(rows)


def _write_sets(connection: psycopg.Connection) -> None:
    rows = [(e, _ask(connection, f"array(SELECT x::text FROM {e} x)")) for e in sets.SETS]
    golden.write("sets", rows)
    golden.write("aggregates", [(sets.sql_of(f), _ask(connection, sets.sql_of(f)[7:])) for f in sets.FOLDS])


def main(names: list[str]) -> None:
    with _server() as connection:
        if not names:
            print(f"facts: {_write_facts(connection)}")
            _write_sets(connection)
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
