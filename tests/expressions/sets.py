"""Set-returning calls and aggregates of the golden tables.

A set is one call; an aggregate is its name and direct arguments, the type of its input, and the values.

Not here: the answers (`golden/sets.tsv`, `golden/aggregates.tsv`).
"""

from __future__ import annotations

from typing import NamedTuple

SETS = """
generate_series(1, 5)
generate_series(1, 10, 3)
generate_series(5, 1, -2)
generate_series(3, 1)
generate_series(1, 5, 0)
generate_series(null, 5)
generate_series(1::int8, 3)
generate_series(1.5, 3)
generate_series(1.0, 2.0, 0.25)
generate_series(timestamp '2024-01-01', timestamp '2024-01-02', interval '9 hours')
generate_series(timestamptz '2024-03-30 12:00', timestamptz '2024-04-01 12:00', interval '1 day')
unnest(array[1,2,null])
unnest(array[[1,2],[3,4]])
generate_subscripts(array['a','b','c'], 1)
generate_subscripts(array['a','b','c'], 1, true)
generate_subscripts(array['a'], 2)
string_to_table('a,b,,c', ',')
string_to_table('a,b,,c', ',', '')
regexp_split_to_table('hello world foo', '\\s+')
regexp_matches('foobarbequebazilbarfbonk', '(b[^b]+)(b[^b]+)', 'g')
regexp_matches('abc', 'x')
jsonb_array_elements('[1, {"a": null}, "x"]')
jsonb_array_elements_text('[1, null, "x"]')
json_array_elements('[1, {"a" : null}, "x"]')
json_array_elements_text('[1, null, "x"]')
jsonb_array_elements('{}')
json_array_elements('1')
jsonb_object_keys('{"b": 1, "aa": 2, "a": 3}')
json_object_keys('{"b": 1, "a": 2}')
jsonb_object_keys('[]')
""".strip().splitlines()


class Fold(NamedTuple):
    name: str
    type_name: str
    values: str
    second: str = ""  # type of a second argument, given after a comma in each value


_INTS = "1; 2; null; 2; 5"
_FLOATS = "1.5; null; 2.25; -3; 0.1"
FOLDS = [
    Fold(name, type_name, values)
    for type_name, values in [
        ("int2", _INTS), ("int4", _INTS), ("int8", _INTS), ("int8", "9223372036854775807; 1"), ("numeric", _FLOATS),
        ("numeric", "1.10; 2.255; 'NaN'"), ("float4", _FLOATS), ("float8", _FLOATS), ("float8", "1e300; 'Infinity'"),
        ("int4", "null; null"), ("int4", "7"), ("numeric", "1e20; 1; 3.3333"), ("float8", "'NaN'; 1"),
    ]
    for name in ("count", "sum", "avg", "min", "max", "stddev", "stddev_pop", "variance", "var_pop", "var_samp", "array_agg")
] + [
    *[Fold(name, "text", "'b'; 'a'; null; 'c'") for name in ("min", "max", "count", "array_agg", "json_agg", "jsonb_agg")],
    *[Fold(name, "bool", values) for name in ("bool_and", "bool_or", "every") for values in ("true; null; false", "true", "null")],
    *[Fold(name, "int4", values) for name in ("bit_and", "bit_or", "bit_xor") for values in ("12; 10; null", "null", "-1; 5")],
    *[Fold(name, "interval", "'1 day'; '3 hours'; null; '1 mon'") for name in ("sum", "avg", "min", "max")],
    *[Fold(name, "date", "'2024-01-01'; 'infinity'; null") for name in ("min", "max", "count")],
    *[Fold(name, "bpchar", "'b '; 'a'; 'a  '") for name in ("min", "max")],
    *[Fold(name, "_int4", "'{1,2}'; '{1,3}'") for name in ("min", "max", "array_agg")],
    *[Fold(name, "int4", "1; null; 3") for name in ("json_agg", "jsonb_agg")],
    *[Fold(name, "jsonb", "'{\"a\": 1}'; null; '[2]'") for name in ("json_agg", "jsonb_agg")],
    Fold("string_agg", "text", "'a', ','; 'b', ', '; null, '-'; 'c', null", "text"),
    Fold("string_agg", "text", "null, ','", "text"),
    Fold("string_agg", "bytea", "'\\x01', '\\x00'; '\\x02', '\\xff'", "bytea"),
    Fold("json_object_agg", "text", "'a', 1; 'b', null; 'a', 3", "int4"),
    Fold("jsonb_object_agg", "text", "'bb', 1; 'a', null; 'bb', 3", "int4"),
    *[
        Fold(name, "float8", values, "float8")
        for name in ("corr", "covar_pop", "covar_samp", "regr_avgx", "regr_avgy", "regr_count", "regr_intercept", "regr_r2",
                     "regr_slope", "regr_sxx", "regr_sxy", "regr_syy")
        for values in ("1, 2; 2, 3.5; 3, 3; null, 1; 7, 10", "1, 1", "1, 1; 2, 1", "null, 1")
    ],
]  # fmt: skip


def rows_of(fold: Fold) -> list[list[str]]:
    return [row.strip().split(", ", 1) if fold.second else [row.strip()] for row in fold.values.split(";")]


def sql_of(fold: Fold) -> str:
    """The query that asks PostgreSQL."""
    types = [fold.type_name, fold.second] if fold.second else [fold.type_name]
    rows = ", ".join("(" + ", ".join(f"{v}::{t}" for v, t in zip(row, types)) + ")" for row in rows_of(fold))
    columns = "x, y" if fold.second else "x"
    return f"SELECT {fold.name}({columns}) FROM (VALUES {rows}) v({columns})"
