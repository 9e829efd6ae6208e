"""COPY's corners: a message a row, contexts of errors, WHERE, what looks like NULL."""

from __future__ import annotations

import pytest


@pytest.fixture
def table(wire):
    assert wire.query("create table c (a int primary key, b text check (b <> 'bad'))").error is None
    return wire


def copy_in(wire, sql: str, data: bytes):
    wire.query(sql)
    return wire.copy_in(data)


def test_each_row_is_one_message_whatever_is_in_it(table):
    copied = table.query("copy (values ('a\"b', E'x\\ny'), ('c', 'd')) to stdout csv header").results[0].copied
    assert copied == [b"column1,column2\n", b'"a""b","x\ny"\n', b"c,d\n"]


def test_text_that_looks_like_null_stays_text(table):
    copy_in(table, "copy c from stdin", b"1\t\\N\n2\t\\\\N\n")
    assert table.query("select b from c order by a").rows == [(None,), ("\\N",)]
    assert table.query("copy c to stdout").results[0].copied == [b"1\t\\N\n", b"2\t\\\\N\n"]


def test_where_keeps_rows_out(table):
    assert copy_in(table, "copy c (a, b) from stdin where a % 2 = 0 and c.b is not null", b"1\tx\n2\ty\n4\t\\N\n").results[
        -1
    ].tag == "COPY 1"
    assert table.query("select a from c").rows == [("2",)]


@pytest.mark.parametrize(
    ("data", "sqlstate", "where"),
    [
        (b"1\tx\n2\tbad\n", "23514", 'COPY c, line 2: "2\tbad"'),
        (b"1\tx\nx\ty\n", "22P02", 'COPY c, line 2, column a: "x"'),
        (b"1\tx\n1\ty\n", "23505", "COPY c, line 2"),
        (b"1\tx\n2\n", "22P04", 'COPY c, line 2: "2"'),
        (b"1\tx\ty\n", "22P04", 'COPY c, line 1: "1\tx\ty"'),
    ],
)
def test_error_says_where(table, data, sqlstate, where):
    error = copy_in(table, "copy c from stdin", data).error
    assert (error["C"], error["W"]) == (sqlstate, where)
    assert table.query("select count(*) from c").rows == [("0",)]


def test_option_errors_point_at_the_option(table):
    for sql, at in (("copy c from stdin (format nosuch)", "20"), ("copy c from stdin (nosuch)", "20"),
                    ("copy c to stdout (header, header)", "27")):  # fmt: skip
        assert table.query(sql).error["P"] == at
