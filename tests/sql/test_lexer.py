"""The lexer against PostgreSQL's lexical rules."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurorapy.errors import DatabaseError
from aurorapy.sql.bind import bind
from aurorapy.sql.parse import parse
from aurorapy_native.lexer import PARAM, QUOTED, STRING, WORD, fingerprint, fold, tokenize
from tests.sql.tables import corpus_catalog


def texts(sql: str) -> list[str]:
    return tokenize(sql)[1][:-1]


@pytest.mark.parametrize(
    "sql, expected",
    [
        ("SELECT A_b$1", ["select", "a_b$1"]),
        ("a--x\nb /* /* nested */ */ c", ["a", "b", "c"]),
        ("'it''s'", ["it's"]),
        ("'a'\n  'b'", ["ab"]),
        (r"E'\n\x41\101\u0042\''", ["\nAAB'"]),
        ("$$a'b$$ $t$a $$ b$t$", ["a'b", "a $$ b"]),
        ('"A""b"', ['A"b']),
        (r"U&'d\0061t\+000061' U&'!0061' UESCAPE '!'", ["data", "a"]),
        ("1 1.5 .5 1e3 1.e-2 1..2", ["1", "1.5", ".5", "1e3", "1.e-2", "1", "..", "2"]),
        ("a<=b a!=b a<>b", ["a", "<=", "b", "a", "<>", "b", "a", "<>", "b"]),
        ("1+-2 @-3 a<-1", ["1", "+", "-", "2", "@-", "3", "a", "<", "-", "1"]),
        ("a::int x:=1 y=>2", ["a", "::", "int", "x", ":=", "1", "y", "=>", "2"]),
        ("$1,$2::int", ["1", ",", "2", "::", "int"]),
        ("a--", ["a"]),
        ("ÄÖ Straße", ["ÄÖ", "straße"]),
    ],
)
def test_tokens(sql: str, expected: list[str]) -> None:
    assert texts(sql) == expected


def test_kinds() -> None:
    assert tokenize('a "a" \'a\' $1')[0][:-1] == [WORD, QUOTED, STRING, PARAM]


@pytest.mark.parametrize(
    "sql, message, position",
    [
        ("SELECT 'abc", "unterminated quoted string at or near \"'abc\"", 8),
        ('SELECT "abc', 'unterminated quoted identifier at or near ""abc"', 8),
        ('SELECT ""', 'zero-length delimited identifier at or near """"', 8),
        ("SELECT /* x", 'unterminated /* comment at or near "/* x"', 8),
        ("SELECT $x$ a", 'unterminated dollar-quoted string at or near "$x$ a"', 8),
        ("SELECT 12ab", 'trailing junk after numeric literal at or near "12ab"', 8),
        ("SELECT \\", 'syntax error at or near "\\"', 8),
    ],
)
def test_errors(sql: str, message: str, position: int) -> None:
    with pytest.raises(DatabaseError) as caught:
        tokenize(sql)
    assert (caught.value.message, caught.value.position) == (message, position)


@pytest.fixture
def usual_recursion() -> Iterator[None]:
    """Python's own limit, whatever a server started earlier in this process has set."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 100_000 + "1" + ")" * 100_000,
        "SELECT " + "(SELECT " * 20_000 + "1" + ")" * 20_000,
        "SELECT " + "NOT " * 100_000 + "true",
        "SELECT " + "- " * 100_000 + "1",
        "SELECT " + "CASE WHEN true THEN " * 20_000 + "1" + " END" * 20_000,
        "SELECT 1" + " + 1" * 20_000,
        "SELECT " + "(" * 900 + "1" + ")" * 900,
    ],
    ids=["parentheses", "subselects", "nots", "signs", "cases", "sums", "parsed"],
)
def test_deep_nesting_is_refused(sql: str, usual_recursion: None) -> None:
    with pytest.raises(DatabaseError) as caught:
        bind(parse(sql)[0], corpus_catalog())
    assert (caught.value.sqlstate, caught.value.message) == ("54001", "stack depth limit exceeded")


def test_names_are_cut_at_63_bytes() -> None:
    assert fold("A" * 70) == "a" * 63
    assert texts('"' + "ä" * 40 + '"') == ["ä" * 31]


@given(st.text(alphabet="ab1$'\"-/*+<=:;.,()[] \n\\eExu&", max_size=30))
def test_any_text_is_tokens_or_an_error(sql: str) -> None:
    try:
        _, _, starts, ends = tokenize(sql)
    except DatabaseError as error:
        assert error.sqlstate in ("42601", "22025", "22021")
        return
    assert all(a <= b for a, b in zip(starts, ends))
    assert all(end <= start for end, start in zip(ends, starts[1:]))


@pytest.mark.parametrize(
    "sql, key, types, values",
    [
        ("SELECT a FROM t WHERE a = 5", "SELECT a FROM t WHERE a = $1i", (23,), ("5",)),
        ("UPDATE t SET c = c + -5 WHERE a = 1;", "UPDATE t SET c = c + $1i WHERE a = $2i", (23, 23), ("-5", "1")),
        ("INSERT INTO t VALUES (1, 'x', -2.5)", "INSERT INTO t VALUES ($1i, $2s, $3n)", (23, 0, 1700), ("1", "x", "-2.5")),
        ("SELECT a FROM t WHERE a BETWEEN 1 AND 3000000000", "SELECT a FROM t WHERE a BETWEEN $1i AND $2l", (23, 20), ("1", "3000000000")),
        ("SELECT a FROM t WHERE b = 'x' LIMIT 5", "SELECT a FROM t WHERE b = $1s LIMIT 5", (0,), ("x",)),
        ("SELECT a - 1 FROM t", "SELECT a - $1i FROM t", (23,), ("1",)),
    ],
)
def test_fingerprint(sql: str, key: str, types: tuple, values: tuple) -> None:
    found = fingerprint(sql)
    assert found is not None
    assert (found[0], found[2], found[3]) == (key, types, values)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT a FROM t ORDER BY 1",
        "SELECT b, a + 1 FROM t GROUP BY b, a + 1",
        "SELECT a FROM t WHERE a = 5; SELECT 1",
        "SELECT a FROM t WHERE a = $1 AND b = 'x'",
        "SELECT a FROM t WHERE d = date '2020-01-01'",
        "SELECT a FROM t WHERE a = 5::bigint",
        "BEGIN",
    ],
)
def test_nothing_to_take_out(sql: str) -> None:
    assert fingerprint(sql) is None


def test_parameterized_text_binds_to_the_same_types() -> None:
    for sql in (
        "SELECT a + 5, c * 1.5, b || 'x' FROM t WHERE a = 5 AND b = 'y' AND d > '2020-01-01'",
        "UPDATE t SET c = c + 1, b = 'x' WHERE a = -1 RETURNING a - 1",
        "INSERT INTO t VALUES (1, 'x', 2, '2020-01-01') RETURNING *",
    ):
        _, text, types, _ = fingerprint(sql)
        plain, other = bind(parse(sql)[0], corpus_catalog()), bind(parse(text)[0], corpus_catalog(), list(types))
        for a, b in zip(plain.targets + plain.returning, other.targets + other.returning, strict=True):
            assert (a.name, a.expr.type_oid, a.expr.typmod) == (b.name, b.expr.type_oid, b.expr.typmod)
