"""Rows from text in C are the rows that the types' own input functions and the row codec make - or are left to them.

Every field is read both ways; COPY's data is cut at every byte; VALUES lists are compared with the parser's.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aurorapy.errors import DatabaseError
from aurorapy.execute.copy.text import TextReader
from aurorapy.execute.modify.plain import KINDS
from aurorapy.sql.parse import parse
from aurorapy.types.builtin import BY_NAME
from aurorapy.types.model import TypeContext
from aurorapy_native import copy_lines, values_lines
from aurorapy_native.copy_lines import CopyLines
from aurorapy_native.row_batch import ROWS_MAX, RowBatch
from aurorapy_native.row_text import RowText
from aurorapy_native.tuples import RowCodec
from aurorapy_native.values_lines import find_values

quick = settings(deadline=None, max_examples=300)
CONTEXT = TypeContext()
COLUMNS = [
    ("int4", -1), ("int8", -1), ("int2", -1), ("text", -1), ("varchar", 7), ("bpchar", 9), ("numeric", -1),
    ("numeric", ((8 << 16) | 3) + 4), ("float8", -1), ("bool", -1), ("date", -1), ("timestamp", -1), ("timestamptz", -1),
    ("uuid", -1), ("bytea", -1), ("interval", -1),
]  # fmt: skip
TYPES = [BY_NAME[name] for name, _ in COLUMNS]
CODEC = RowCodec("".join(t.storage for t in TYPES))


def row_text(columns=COLUMNS, codec=CODEC):
    types = [BY_NAME[name] for name, _ in columns]
    return RowText(
        codec, len(columns), tuple(range(len(columns))), tuple(KINDS.get(t.oid, "") for t in types),
        tuple(m for _, m in columns), (None,) * len(columns), (False,) * len(columns),
    )  # fmt: skip


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def escaped(text: str) -> str:
    for raw, written in (("\\", "\\\\"), ("\n", "\\n"), ("\t", "\\t"), ("\r", "\\r"), ("\b", "\\b"), ("\v", "\\v"), ("\f", "\\f")):
        text = text.replace(raw, written)
    return text


digits = st.text("0123456789", min_size=1, max_size=12)
numbers = st.builds(lambda sign, whole, rest: f"{sign}{whole}{rest}", st.sampled_from(["", "-", "+"]), digits,
                    st.just("") | digits.map(lambda d: "." + d))  # fmt: skip
odd_numbers = st.sampled_from(
    ["", "-", "+", ".", "-.", ".5", "5.", "-0", "-0.00", "007", "00.50", "1e5", "1e-400", "1e400", "0e999", "1.5e3", " 1", "1 ",
     "0x10", "1_0", "nan", "inf", "-inf", "2147483647", "2147483648", "-2147483648", "-2147483649", "32767", "32768",
     "9223372036854775807", "9223372036854775808", "99999.999", "99999.9994", "100000", "0.0000001", "0.000001", "1" * 36,
     "1" * 37, "0." + "1" * 36, "1e", "e5", "--1", "1-", "+-1", "4.9e-324", "1.7976931348623157e308", "12345678901234567.5"]
)  # fmt: skip
words = st.sampled_from(["t", "f", "true", "false", "TRUE", "yes", "no", "on", "1", "0", "tr", "infinity"])
times = st.one_of(
    st.dates().map(str), st.datetimes().map(str), st.datetimes().map(lambda d: f"{d}+05:30"),
    st.sampled_from(["2024-02-30", "2023-02-29", "0000-01-01", "2024-1-1", "2024-01-01 24:00:00", "2024-01-01 23:59:60",
                     "2024-01-01T10:00:00Z", "2024-01-01 10:00:00.1234567", "2024-01-01 10:00:00.", "2024-01-01 10:00:00 BC",
                     "2024-01-01 10:00:00-3", "2024-01-01 10:00:00+16", "2024-01-01 10:00"]),
)  # fmt: skip
uuids = st.uuids().map(str) | st.sampled_from(["a" * 32, "{" + "a" * 32 + "}", "a" * 31, "a" * 36, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"])
texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)
fields = st.one_of(numbers, odd_numbers, words, times, uuids, texts)


def by_input(column: int, text: str):
    """What the type's own input function makes of it, or its error."""
    try:
        return (TYPES[column].input(text, COLUMNS[column][1], CONTEXT),)
    except DatabaseError as error:
        return error


@quick
@given(st.sampled_from(range(len(COLUMNS))), fields)
@example(8, "1e400")
def test_a_field_of_copy_is_what_its_type_reads(column, text):
    name, typmod = COLUMNS[column]
    codec = RowCodec(TYPES[column].storage)
    lines, batch = CopyLines(row_text([(name, typmod)], codec), b"\t", b"\\N"), RowBatch(codec)
    lines.feed(escaped(text).encode() + b"\n")
    state = lines.scan(batch)
    expected = by_input(column, text)
    if state == copy_lines.MORE:
        assert batch.raw(0) == codec.encode(expected), text
    else:
        assert state == copy_lines.ODD and len(batch) == 0
        assert lines.take() == escaped(text).encode() + b"\n"


def test_the_usual_values_are_read_here():
    usual = ["42", "-7000000000", "12", "text", "abc", "ab", "12.50", "-1.5", "2.5e3", "t", "2024-02-29",
             "2024-02-29 10:11:12.5", "2024-02-29 10:11:12+02", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]  # fmt: skip
    codec = RowCodec("".join(t.storage for t in TYPES[:14]))
    batch, lines = RowBatch(codec), CopyLines(row_text(COLUMNS[:14], codec), b"\t", b"\\N")
    lines.feed("\t".join(usual).encode() + b"\n" + b"\t".join([b"\\N"] * 14) + b"\n")
    assert lines.scan(batch) == copy_lines.MORE
    assert batch.values(0) == tuple(by_input(i, text)[0] for i, text in enumerate(usual))
    assert batch.values(1) == (None,) * 14


def read_in_pieces(pieces: list[bytes]):
    """(rows read in C, odd lines) in the order they came; both as lists of texts."""
    codec = RowCodec("tt")
    lines, batch = CopyLines(row_text([("text", -1)] * 2, codec), b"\t", b"\\N"), RowBatch(codec)
    found: list = []

    def collect() -> None:
        found.extend(batch.values(i) for i in range(len(batch)))
        batch.clear()

    for piece in pieces:
        lines.feed(piece)
        while (state := lines.scan(batch)) != copy_lines.MORE:
            collect()
            if state == copy_lines.ODD:
                line = lines.take()
                if line is None:
                    break
                found.append(line)
        collect()
    return found, lines.rest(), lines.count


DATA = (
    "plain\tline\n\\N\t\\\\N\nsch\u00f6n\t\U0001f600\n\t\nescaped\\ttab\tand\\\\slash\\n\nodd\\x41\t\n"
    "a newline\\\nin a field\tb\none field\nthree\tfields\there\nwith\rreturn\tx\nends\twith \\\\\n\\.\nrest"
).encode()


def as_rows(found: list) -> list:
    """Odd lines as the Python reader reads them: None for the end marker, an error's text."""
    rows: list = []
    for item in found:
        try:
            rows.append(list(item) if isinstance(item, tuple) else next(TextReader("\t", "\\N").feed(item), None))
        except DatabaseError as error:
            rows.append(error.message)
    return rows


def test_copy_data_cut_at_every_byte_reads_the_same():
    whole, rest, count = read_in_pieces([DATA])
    assert rest == b"rest" and count == 12
    assert sum(isinstance(item, tuple) for item in whole) >= 6
    pieces = [[DATA[:cut], DATA[cut:]] for cut in range(len(DATA) + 1)]
    for cut in [*pieces, [DATA[i : i + 1] for i in range(len(DATA))]]:
        found, left, lines = read_in_pieces(cut)
        assert (as_rows(found), left, lines) == (as_rows(whole), rest, count), cut


def test_lines_read_in_c_are_those_of_the_python_reader():
    expected = list(TextReader("\t", "\\N").feed(DATA.replace(b"with\rreturn\tx\n", b"")))
    found, _, _ = read_in_pieces([DATA.replace(b"with\rreturn\tx\n", b"")])
    rows = as_rows(found)
    assert rows[:-1] == expected and rows[-1] is None


def test_bytes_that_are_not_utf8_are_odd():
    found, _, _ = read_in_pieces([b"good\tone\nbad\xff\tx\n\xc3", b"\xa4\ty\nz\t\xc3\n\0\tn\n"])
    assert found == [("good", "one"), b"bad\xff\tx\n", b"\xc3\xa4\ty\n", b"z\t\xc3\n", b"\0\tn\n"]


def test_a_batch_takes_as_much_as_postgresqls():
    codec = RowCodec("4")
    lines, batch = CopyLines(row_text([("int4", -1)], codec), b"\t", b"\\N"), RowBatch(codec)
    lines.feed(b"".join(b"%d\n" % n for n in range(2500)))
    sizes = []
    while lines.scan(batch) == copy_lines.FULL:
        sizes.append(len(batch))
        batch.clear()
    assert sizes == [ROWS_MAX, ROWS_MAX] and batch.values(499) == (2499,)


# -- VALUES -------------------------------------------------------------------------------------------------------------

HEAD = "INSERT INTO t (a, b, c, d, e) VALUES"
VALUE_COLUMNS = [("int4", -1), ("text", -1), ("numeric", -1), ("bool", -1), ("varchar", 24)]


def read_values(text: str):
    """All rows, or None when the statement is not for here."""
    found = find_values(text)
    if found is None or not found.width:
        return None
    codec = RowCodec("".join(BY_NAME[name].storage for name, _ in VALUE_COLUMNS))
    batch = RowBatch(codec)
    rows: list = []
    if found.width != len(VALUE_COLUMNS):
        return None
    while True:
        state = found.scan(row_text(VALUE_COLUMNS, codec), batch)
        rows += [batch.values(i) for i in range(len(batch))]
        batch.clear()
        if state != values_lines.MORE:
            return rows if state == values_lines.DONE else None


def parsed_values(text: str):
    """The same by way of the parser and the types."""
    rows = parse(text)[0].tree.source.rows
    return [tuple(value_of(literal, *column) for literal, column in zip(row, VALUE_COLUMNS)) for row in rows]


def value_of(literal, name: str, typmod: int):
    return None if literal.kind == "null" else BY_NAME[name].input(literal.value, typmod, CONTEXT)


literals = st.tuples(
    st.integers(-(2**31), 2**31 - 1).map(str) | st.just("null"), texts.map(quoted) | st.just("NULL"),
    st.decimals(-(10**15), 10**15, places=6).map(str) | st.just("-0"), st.sampled_from(["true", "FALSE", "Null", "'t'"]), texts.map(quoted),
)  # fmt: skip
blanks = st.sampled_from(["", " ", "\n", "\t \n"])


@quick
@given(st.lists(literals, min_size=1, max_size=5), blanks, st.sampled_from(["", ";", " ; "]))
def test_values_are_what_the_parser_reads(rows, blank, end):
    lists = f"{blank},{blank}".join(f"({blank}{f'{blank},{blank}'.join(row)}{blank})" for row in rows)
    text = f"{HEAD}{blank}{lists}{end}"
    assert read_values(text) == parsed_values(text)


@pytest.mark.parametrize(
    "rows",
    ["(1, 'a', 1, true, 'x'), (2, 'a', 1, true)", "(1 + 1, 'a', 1, true, 'x')", "(1, 'a' 'b', 1, true, 'x')",
     "(1, 'a'\n'b', 1, true, 'x')", "(1, E'a', 1, true, 'x')", "(1, 'a', 1e3, true, 'x')", "(1, 'a', 1, true, 'x') RETURNING a",
     "(1, 'a', 1, true, 'x'), ", "(1, 'a', 1, true, 'x'); SELECT 1", "(1, 'a', 1, true, DEFAULT)", "(1, 'a', 1, true, $1)",
     "(1, 'a', 1, true, 'x') -- b", "(1, /* c */ 'a', 1, true, 'x')", "(1, 'a', 1, true, 'x'), (3000000000, 'a', 1, true, 'x')",
     "(1, 'a', 1, true, 'x'::text)", "(1, 'a', 1, truey, 'x')", "(1a, 'a', 1, true, 'x')", "(1, 'a', 1.2.3, true, 'x')", "(",
     "(1, 'a", "(1.5, 'a', 1, true, 'x')", "('z', 'a', 1, true, 'x')", "(1, 5, 1, true, 'x')", "(1, 'a', 1, 1, 'x')",
     "(1, 'a', 1, true, '123456789012345678901')", "(1, 'a', - 1, true, 'x')"],
)  # fmt: skip
def test_everything_else_is_left_to_the_parser(rows):
    assert read_values(f"{HEAD} {rows}") is None


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("insert into t values (1)", "insert into t values"),
        ('  INSERT INTO "a b".t ("values", values) VALUES (1, 2)', '  INSERT INTO "a b".t ("values", values) VALUES'),
        ("insert into t (a) select b from (values (1)) v", None),
        ("insert into t -- values (1)\nvalues (1)", None),
        ("inserting into t values (1)", None),
        ("with x as (select 1) insert into t values (1)", None),
        ("insert into t select 1", None),
        ('insert into "t values (1)', None),
        ("insert into t default values", "insert into t default values"),
        ("", None),
    ],
)
def test_the_head_ends_with_values(text, head):
    found = find_values(text)
    assert (found and found.head) == head


def test_many_rows_come_in_batches():
    draw = random.Random(1)
    rows = [(n, f"it's {draw.random()}", draw.choice([True, False, None])) for n in range(3210)]
    shown = [f"({n}, {quoted(t)}, 1, {'null' if b is None else b}, 'v')" for n, t, b in rows]
    found = read_values(f"{HEAD} {', '.join(shown)}")
    assert [(r[0], r[1], r[3]) for r in found] == rows
