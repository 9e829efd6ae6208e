"""Statements with PostgreSQL's answers, one file: `statements.golden`.

    select a from t where a < 3
    | 1
    | 2
    <blank line>
    select 1/0
    ! 22012 division by zero

A row is its values' text forms joined by " | ", NULL as ∅; `= n` is a count of rows changed. Rows of a query without
ORDER BY are compared as sets.

Rewritten from a real PostgreSQL by `python -m tests.execute.golden CONNINFO` (the statements stay, the answers are new).
"""

from __future__ import annotations

import sys
from pathlib import Path

FILE = Path(__file__).with_name("statements.golden")
TABLES = {
    "t": "a int4 not null, b text, c int8",
    "u": "x int4, y text",
    "e": "k int4, g int4, v numeric, d date",
}


def read() -> list[tuple[str, list[str]]]:
    """(statement, answer lines)"""
    out = []
    for block in FILE.read_text().strip().split("\n\n"):
        lines = block.split("\n")
        answer = [line for line in lines if line[:2] in ("| ", "! ", "= ", "|")]
        out.append(("\n".join(line for line in lines if line not in answer), answer))
    return out


def show(rows: list[tuple]) -> list[str]:
    return ["| " + " | ".join("∅" if v is None else v for v in row) for row in rows]


def regenerate(conninfo: str) -> None:
    import psycopg

    connection = psycopg.connect(conninfo, autocommit=True)
    connection.execute("drop table if exists t, u, e")
    connection.execute("create table t (a int4 primary key, b text, c int8)")
    connection.execute("create table u (x int4, y text)")
    connection.execute("create index on u (x)")
    connection.execute("create table e (k int4, g int4, v numeric, d date)")
    blocks = []
    for statement, _ in read():
        cursor = connection.cursor()
        try:
            cursor.execute(statement.encode())
        except psycopg.Error as error:
            blocks.append(f"{statement}\n! {error.sqlstate} {error.diag.message_primary}")
            continue
        if cursor.description is None:
            blocks.append(f"{statement}\n= {cursor.rowcount}")
            continue
        result = cursor.pgresult
        rows = []
        for i in range(result.ntuples):
            values = (result.get_value(i, j) for j in range(result.nfields))
            rows.append(tuple(None if v is None else v.decode() for v in values))
        if "order by" not in statement.lower():
            rows.sort(key=str)
        blocks.append("\n".join([statement, *show(rows)]))
    FILE.write_text("\n\n".join(blocks) + "\n")


if __name__ == "__main__":
    regenerate(sys.argv[1])
