"""INSERT and COPY of many plain rows take the short way, and nobody can tell from the answers."""

from __future__ import annotations

import pytest


TABLE = (
    "create table b (id int primary key, name varchar(12) not null, price numeric(8,2) default 1.5, note text, "
    "made date default '2024-02-29')"
)


@pytest.fixture
def table(wire):
    assert wire.query(TABLE).error is None
    return wire


def values(rows) -> str:
    shown = ", ".join(f"({n}, '{name}', {'null' if note is None else repr(note)})" for n, name, note in rows)
    return f"insert into b (id, name, note) values {shown}"


ROWS = [(n, f"name {n}", None if n % 3 else "note") for n in range(2500)]


def test_many_rows_with_defaults(table):
    reply = table.query(values(ROWS))
    assert reply.results[0].tag == "INSERT 0 2500"
    assert table.query("select count(*), count(note), sum(price), min(made), max(made) from b").rows == [
        ("2500", "834", "3750.00", "2024-02-29", "2024-02-29")
    ]
    assert table.query("select id, name, note from b where id in (1, 2499) order by id").rows == [
        ("1", "name 1", None), ("2499", "name 2499", "note")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "sqlstate", "message"),
    [
        ((7, "again", None), "23505", 'duplicate key value violates unique constraint "b_pkey"'),
        ((9000, "a name of more than twelve", None), "22001", "value too long for type character varying(12)"),
        (("null", "x", None), "23502", 'null value in column "id" of relation "b" violates not-null constraint'),
        (("3000000000", "x", None), "22003", "integer out of range"),
    ],
)
def test_errors_are_those_of_single_rows(table, row, sqlstate, message):
    error = table.query(values([*ROWS[:300], row])).error
    assert (error["C"], error["M"]) == (sqlstate, message)
    assert table.query("select count(*) from b").rows == [("0",)]


def test_the_first_duplicate_is_reported(table):
    table.query("create unique index b_name on b (name)")
    table.query(values([(1, "one", None), (500, "taken", None)]))
    rows = [(n + 1000, f"n{n}", None) for n in range(400)]
    rows[300] = (500, "x", None)
    rows[200] = (2000, "taken", None)
    rows[250] = (1249, "y", None)
    error = table.query(values(rows)).error
    assert error["D"] == "Key (name)=(taken) already exists."
    del rows[200]
    assert table.query(values(rows)).error["D"] == "Key (id)=(1249) already exists."


def test_values_that_need_the_type_go_the_ordinary_way(table):
    rows = values(ROWS[:200]).replace("note)", "made)").replace("'note'", "'March 3, 2024'")
    assert table.query(rows).results[0].tag == "INSERT 0 200"
    assert table.query("select distinct made from b").rows == [("2024-03-03",), (None,)]


def test_a_failed_block_and_a_read_only_one_refuse(table):
    table.query("begin")
    table.query("select 1/0")
    assert table.query(values(ROWS)).error["C"] == "25P02"
    table.query("rollback")
    table.query("begin read only")
    assert table.query(values(ROWS)).error["C"] == "25006"
    table.query("rollback")


def test_rows_are_seen_by_the_next_statement_and_gone_after_rollback(table):
    table.query("begin")
    table.query(values(ROWS[:1000]))
    table.query("savepoint s")
    table.query(values(ROWS[1000:]))
    assert table.query("select count(*) from b").rows == [("2500",)]
    table.query("rollback to s")
    assert table.query("select count(*) from b").rows == [("1000",)]
    table.query("rollback")
    assert table.query("select count(*) from b").rows == [("0",)]


def test_a_table_that_changes_meanwhile(table):
    table.query(values(ROWS[:300]))
    table.query("alter table b add column more int default 5; alter table b drop column price")
    table.query(values([(n + 5000, name, note) for n, name, note in ROWS[:300]]))
    table.query("alter table b alter column note set default 'd', add check (id < 100000)")
    table.query(values([(n + 9000, name, note) for n, name, note in ROWS[:300]]))
    assert table.query("select count(*), sum(more) from b").rows == [("900", "4500")]
    error = table.query(values([(n + 99900, name, note) for n, name, note in ROWS[:300]])).error
    assert error["M"] == 'new row for relation "b" violates check constraint "b_id_check"'


def test_long_values_and_expression_indexes(table):
    table.query("create index on b (lower(name)); create index on b (note) where note is not null and length(note) < 9")
    long = "x" * 5000
    table.query(values([*ROWS[:1200], (9000, "long", long)]))
    assert table.query("select length(note) from b where lower(name) = 'long'").rows == [("5000",)]
    assert table.query("copy b (id, name, note) from stdin").error is None
    data = b"".join(b"%d\tName %d\t%s\n" % (n, n, long.encode() if n % 100 == 0 else b"\\N") for n in range(10_000, 11_500))
    assert table.copy_in(data).results[-1].tag == "COPY 1500"
    assert table.query("select count(*), sum(length(note)) from b where id >= 10000").rows == [("1500", "75000")]
    assert table.query("select id from b where lower(name) = 'name 11499'").rows == [("11499",)]


def test_copy_says_which_line_is_a_duplicate(table):
    table.query("insert into b values (700, 'there')")
    table.query("copy b (id, name) from stdin")
    error = table.copy_in(b"".join(b"%d\tn\n" % n for n in range(1, 3000))).error
    assert (error["C"], error["W"], error["D"]) == ("23505", "COPY b, line 700", "Key (id)=(700) already exists.")
    table.query("copy b (id, name) from stdin")
    error = table.copy_in(b"1\tn\n2\t\\x41\n3\t\\101\n700\tn\n").error
    assert error["W"] == "COPY b, line 4"
    table.query("copy b (id, name) from stdin (header)")
    assert table.copy_in(b"id\tname\n1\tn\nx\tn\n").error["W"] == 'COPY b, line 3, column id: "x"'
    table.query("copy b (id, name) from stdin")
    error = table.copy_in(b"1\tn\n2\t\\N\n").error
    assert error["M"] == 'null value in column "name" of relation "b" violates not-null constraint'
    assert error["W"] == 'COPY b, line 2: "2\t\\N"'


def test_copy_reads_a_batch_before_it_inserts_it(table):
    """As PostgreSQL does: so the short way is taken, for all types there are but odd lines."""
    table.query("copy b (id, name) from stdin")
    error = table.copy_in(b"1\tn\n1\tn\nx\tn\n").error
    assert error["W"] == 'COPY b, line 3, column id: "x"'
