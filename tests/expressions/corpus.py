"""Which expressions the golden tables hold: hand-written families, and calls of every function over sample values.

For each immutable function, operator and cast whose argument types have samples, a few argument tuples are drawn with a
fixed seed; adding a function adds its lines at the next regeneration.

Not here: the answers (`golden/*.tsv`).
"""

from __future__ import annotations

import random
from itertools import islice, product

from aurorapy.expressions import registry
from aurorapy.expressions.typeoids import NAME_OF
from tests.expressions.families import FAMILIES

SAMPLES = {
    "bool": ["true", "false"],
    "int2": ["0::int2", "1::int2", "-7::int2", "32767::int2", "(-32768)::int2"],
    "int4": ["0", "1", "-5", "3", "17", "2147483647", "(-2147483648)"],
    "int8": ["0::int8", "9::int8", "-12::int8", "9223372036854775807", "(-9223372036854775808)"],
    "numeric": ["0::numeric", "1.5", "-2.25", "100.00", "1e-10::numeric", "12345678901234567890.123", "'NaN'::numeric",
                "'Infinity'::numeric", "3::numeric", "0.99999"],
    "float4": ["0::float4", "1.5::float4", "-2.75::float4", "1e30::float4", "'NaN'::float4"],
    "float8": ["0::float8", "0.5::float8", "-3.7::float8", "1e200::float8", "1e-200::float8", "'NaN'::float8",
               "'Infinity'::float8", "30::float8"],
    "text": ["''", "'abc'::text", "'a'::text", "'Grüße, Welt'::text", "'  pad '::text", "'a%b_c'::text", "'12'::text"],
    "varchar": ["'abc'::varchar", "' x '::varchar"],
    "bpchar": ["'ab'::char(4)", "'ab '::bpchar", "'zz'::char(2)"],
    "name": ["'relname'::name", "'b'::name"],
    "char": ["'a'::\"char\"", "''::\"char\""],
    "bytea": ["'\\x'::bytea", "'\\x00ff10'::bytea", "'abc'::bytea"],
    "date": ["'2024-02-29'::date", "'1999-12-31'::date", "'infinity'::date", "'0044-03-15 BC'::date"],
    "time": ["'00:00'::time", "'13:45:30.25'::time", "'24:00'::time"],
    "timetz": ["'13:45:30+02'::timetz", "'01:00-08'::timetz"],
    "timestamp": ["'2024-02-29 13:45:30.123456'::timestamp", "'1999-12-31 23:59:59'::timestamp", "'infinity'::timestamp",
                  "'0001-01-01 BC'::timestamp"],
    "timestamptz": ["'2024-03-31 01:30+00'::timestamptz", "'1999-07-01 12:00:00+02'::timestamptz", "'-infinity'::timestamptz"],
    "interval": ["'1 day'::interval", "'1 mon -3 days 04:05:06.789'::interval", "'-1 year -2 mons'::interval", "'0'::interval",
                 "'36:30:00'::interval"],
    "uuid": ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "'00000000-0000-0000-0000-000000000000'::uuid"],
    "oid": ["0::oid", "23::oid", "4294967295::oid"],
    "tid": ["'(0,1)'::tid", "'(3,7)'::tid"],
    "json": ["'{\"a\": 1, \"b\": [1, \"x\", null]}'::json", "'[1,2.50,\"c\"]'::json", "'\"s\"'::json", "'null'::json"],
    "jsonb": ["'{\"a\": 1, \"b\": {\"c\": [1, 2, null]}}'::jsonb", "'[1, 2.50, \"c\", {\"a\": null}]'::jsonb", "'\"a\"'::jsonb",
              "'{}'::jsonb", "'1.50'::jsonb", "'true'::jsonb"],
    "_int4": ["'{1,2,3}'::int4[]", "'{}'::int4[]", "'{3,NULL,1}'::int4[]", "'[0:1]={7,8}'::int4[]"],
    "_int8": ["'{1,2}'::int8[]"],
    "_text": ["'{a,b}'::text[]", "'{a,NULL,\"\"}'::text[]", "'{{a,b},{c,d}}'::text[]", "'{b,0}'::text[]"],
    "_float8": ["'{0.25,0.5}'::float8[]"],
    "_name": ["'{x,y}'::name[]"],
    "xid8": ["'5'::xid8", "'77'::xid8"],
    "xid": ["'5'::xid"],
    "pg_lsn": ["'0/16AE7F8'::pg_lsn", "'1/0'::pg_lsn"],
    "record": ["row(1,'a'::text)", "row(1,'b'::text)", "row(1,null::text)"],
    "regclass": ["1259::regclass"],
}  # fmt: skip
for _poly, _types in {
    "anyelement": ("int4", "text", "numeric", "bool", "date", "_int4"),
    "anynonarray": ("int4", "bool", "date", "float8"),
    "any": ("int4", "text"),
    "anycompatible": ("int4",),
    "anyarray": ("_int4", "_text"),
    "anycompatiblearray": ("_int4",),
    "anycompatiblenonarray": ("int4",),
}.items():
    SAMPLES[_poly] = [s for t in _types for s in SAMPLES[t]]

# stable functions whose answer depends on the time zone alone
STABLE = {
    "date", "time", "timetz", "timestamp", "timestamptz", "timestamptz_pl_interval", "timestamptz_mi_interval", "extract",
    "date_part", "date_trunc", "to_char", "to_json", "to_jsonb", "json_build_array", "jsonb_build_array", "concat",
    "concat_ws", "format", "make_timestamptz", "to_date", "to_timestamp", "quote_literal", "quote_nullable", "format_type",
    "array_to_string", "age", "timezone", "datetime_pl", "row_to_json", "array_to_json",
}  # fmt: skip
SKIP = {
    "age", "interval", "make_date", "bttextcmp", "to_date",
    "age_xid", "pg_column_size", "pg_tablespace_location", "pg_collation_for", "timeofday", "row_security_active",
    "pg_get_keywords", "current_setting", "getdatabaseencoding", "pg_typeof", "bpchar", "textanycat", "anytextcat",
    "pg_collation_actual_version", "pg_filenode_relation", "pg_stat_clear_snapshot",
}  # fmt: skip
SYNTAX_NAMES = {"position", "overlay", "substring", "overlaps", "extract", "timezone", "trim", "normalize", "char", "time",
                "timestamp", "interval", "numeric", "int2", "int4", "int8", "float4", "float8", "bool", "text", "varchar",
                "like", "notlike", "timestamptz", "timetz", "date", "name"}  # fmt: skip


def _draw(types: tuple[str, ...], count: int, seed: str) -> list[tuple[str, ...]]:
    pools = [SAMPLES[t] for t in types]
    everything = list(islice(product(*pools), 4000))
    return everything if len(everything) <= count else random.Random(seed).sample(everything, count)


def _known(oids: tuple[int, ...]) -> tuple[str, ...] | None:
    names = tuple(NAME_OF.get(o, "?") for o in oids)
    return names if all(n in SAMPLES for n in names) else None


def _deterministic(fn: registry.Function) -> bool:
    if fn.name in ("timestamp", "timestamptz") and fn.arg_oids[-1:] == (23,):
        return False  # a typmod, which the binder never makes up
    if fn.name == "to_timestamp" and len(fn.arg_oids) == 2:
        return False  # nonsense patterns have nonsense answers
    if fn.kind != "f" or fn.returns_set or fn.name in SKIP or fn.name.startswith(("pg_", "has_", "inet_", "to_reg")):
        return False
    return fn.volatility == "i" or fn.name in STABLE


def functions() -> list[str]:
    found = []
    for oid, fn in sorted(registry.FUNCTIONS_BY_OID.items()):
        types = _known(fn.arg_oids)
        if types is None or not types or not _deterministic(fn):
            continue
        name = f'pg_catalog."{fn.name}"' if fn.name in SYNTAX_NAMES else fn.name
        found += [f"{name}({', '.join(args)})" for args in _draw(types, 5, str(oid))]
    return found


def operators() -> list[str]:
    found = []
    for oid, op in sorted(registry.OPERATORS_BY_OID.items()):
        types = _known((op.left_oid, op.right_oid) if op.left_oid else (op.right_oid,))
        if types is None or (op.fn.volatility != "i" and op.fn.name not in STABLE and "timestamptz" not in types):
            continue
        for args in _draw(types, 7, str(oid)):
            found.append(f"{args[0]} {op.name} {args[1]}" if len(args) == 2 else f"{op.name} {args[0]}")
    return found


def casts() -> list[str]:
    found = []
    targets = [t for t in SAMPLES if not t.startswith("any") and t not in ("record", "regclass", "tid", "xid", "xid8", "char")]
    for source in targets:
        for target in targets:
            for sample in _draw((source,), 3, source + target):
                shown = target[1:] + "[]" if target.startswith("_") else target
                found.append(f"({sample[0]})::{shown}")
    return found


def tables() -> dict[str, list[str]]:
    """Expressions by the name of their golden table."""
    registry.load()
    made = {"functions": functions(), "operators": operators(), "casts": casts()}
    for name, text in FAMILIES.items():
        made[name] = [line for line in text.strip().splitlines() if line and not line.startswith("--")]
    return made
