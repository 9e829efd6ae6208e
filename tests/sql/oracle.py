"""What PostgreSQL says about the corpus: columns, types and parameters of each statement, or its error.

    python -m tests.sql.oracle 127.0.0.1 5499 sql_corpus      asks the server and rewrites corpus/*.facts

The tests themselves need no server. The database is emptied and filled with corpus/schema.sql.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import psycopg
from psycopg import pq

CORPUS = Path(__file__).parent / "corpus"
FILES = ("expressions", "select", "changes", "errors")


def statements(name: str) -> list[str]:
    """The file's statements without their semicolons; one ends where a line does with one."""
    text = (CORPUS / f"{name}.sql").read_text()
    return [s.strip().removesuffix(";") for s in text.replace(";\n", ";\0").split("\0") if s.strip()]


def ask(connection: psycopg.Connection, statement: str) -> dict:
    """Parses and describes the statement on the server, without running it."""
    raw = connection.pgconn
    result = raw.prepare(b"", statement.encode())
    if result.status == pq.ExecStatus.FATAL_ERROR:
        field = pq.DiagnosticField
        facts = {
            "sqlstate": field.SQLSTATE,
            "message": field.MESSAGE_PRIMARY,
            "position": field.STATEMENT_POSITION,
            "hint": field.MESSAGE_HINT,
            "detail": field.MESSAGE_DETAIL,
        }
        out = {key: (result.error_field(code) or b"").decode() for key, code in facts.items()}
        return {key: value for key, value in out.items() if value}
    described = raw.describe_prepared(b"")
    types = [described.ftype(i) for i in range(described.nfields)]
    columns = [
        [described.fname(i).decode(), types[i] if types[i] < 16384 else 0, described.fmod(i), described.ftablecol(i)]
        for i in range(described.nfields)
    ]
    return {"columns": columns, "params": [described.param_type(i) for i in range(described.nparams)]}


def constraint_texts(connection: psycopg.Connection) -> list[list[str]]:
    """[table, expression, plain text, pretty text] of each line of checks.sql, as a CHECK constraint."""
    out = []
    for line in statements("checks"):
        table, expression = line.split(": ", 1)
        connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT shown CHECK ({expression})")
        row = connection.execute(
            "SELECT pg_get_expr(conbin, conrelid), pg_get_expr(conbin, conrelid, true) FROM pg_constraint WHERE conname = 'shown'"
        ).fetchone()
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT shown")
        out.append([table, expression, *row])
    return out


def main(host: str, port: str, database: str) -> None:
    with psycopg.connect(host=host, port=port, dbname=database, user="postgres", autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        connection.execute((CORPUS / "schema.sql").read_text())
        for name in FILES:
            lines = [json.dumps(ask(connection, s)) for s in statements(name)]
            (CORPUS / f"{name}.facts").write_text("\n".join(lines) + "\n")
        texts = [json.dumps(t) for t in constraint_texts(connection)]
        (CORPUS / "checks.facts").write_text("\n".join(texts) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
