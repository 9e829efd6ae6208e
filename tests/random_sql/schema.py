"""Four small tables with NULLs, duplicates, indexes of several columns and an array."""

from __future__ import annotations

from random import Random

Columns = list[tuple[str, str]]  # (name, type)

TABLES: dict[str, Columns] = {
    "a": [
        ("id", "int4"), ("x", "int4"), ("y", "int8"), ("s", "text"), ("n", "numeric"), ("f", "float8"), ("b", "bool"),
        ("d", "date"),
    ],
    "b": [("id", "int4"), ("a_id", "int4"), ("x", "int2"), ("s", "varchar"), ("ts", "timestamp"), ("n", "numeric")],
    "c": [("k", "text"), ("v", "int4"), ("arr", "int4[]"), ("b", "bool"), ("f", "float8")],
    "e": [("id", "int4"), ("x", "int4")],
}  # fmt: skip
ROWS = {"a": 40, "b": 60, "c": 25, "e": 8}
KEYED = ("a", "b", "e")

DEFINITIONS = [
    "create table a (id int primary key, x int check (x < 100000), y bigint, s text, n numeric(14,2), f float8, b bool, d date)",
    "create index a_x on a (x)",
    "create index a_s on a (s, x)",
    "create table b (id int primary key, a_id int, x smallint, s varchar(10), ts timestamp, n numeric)",
    "create index b_a on b (a_id)",
    "create unique index b_x on b (x, id)",
    "create table c (k text, v int, arr int[], b bool, f float8)",
    "create table e (id int primary key, x int default 77)",
]

LITERALS = {
    "int4": ["0", "1", "2", "3", "5", "7", "-1", "10", "20"],
    "int8": [f"{n}::int8" for n in (0, 1, 2, 100, -5, 3000000000)],
    "int2": [f"{n}::int2" for n in (0, 1, 2, 3)],
    "text": ["'a'", "'b'", "'abc'", "''", "'B'", "'zz'"],
    "varchar": ["'a'", "'b'", "'abc'", "'q'"],
    "numeric": ["1.5", "0.0", "2.25", "-3.1", "10"],
    "float8": ["1.5::float8", "0::float8", "-2.25::float8", "1e10::float8"],
    "bool": ["true", "false"],
    "date": ["date '2020-01-01'", "date '2021-02-28'", "date '1999-12-31'"],
    "timestamp": ["timestamp '2020-01-01 10:00'", "timestamp '2021-02-28 23:59:59.5'"],
    "int4[]": ["'{1,2,3}'::int4[]", "'{}'::int4[]", "array[1,null]::int4[]"],
}


def literal(random: Random, type_: str) -> str:
    return f"null::{type_}" if random.random() < 0.12 else random.choice(LITERALS[type_])


def fill(random: Random) -> list[str]:
    """An INSERT for each table."""
    statements = []
    for table, columns in TABLES.items():
        rows = []
        for number in range(ROWS[table]):
            cells = []
            for name, type_ in columns:
                if name == "id":
                    cells.append(str(number))
                elif name == "a_id":
                    cells.append(random.choice(["null", str(random.randrange(45))]))
                else:
                    cells.append(literal(random, type_))
            rows.append(f"({', '.join(cells)})")
        statements.append(f"insert into {table} values {', '.join(rows)}")
    return statements
