"""Golden tables about types themselves: rows of pg_type, names of types, UTF-8 that is none, composite literals."""

from __future__ import annotations

from aurorapy.types.builtin import TYPES

NAMES = [
    "int", "integer", "int4", "INT8", "bigint", "smallint", "int2", "real", "float4", "float", "float(1)", "float(24)", "float(25)", "float(53)", "float(0)",
    "float(54)", "double precision", "float8", "numeric", "decimal", "dec", "numeric(10)", "numeric(10,2)", "numeric(10,-2)", "numeric(0)", "numeric(1001)",
    "numeric(10,1001)", "numeric(1,2,3)", "decimal(5,1)[]", "char", "character", "char(3)", "character(3)", "bpchar", "bpchar(3)", "varchar", "varchar(7)",
    "character varying", "character varying(7)", "char varying(7)", "national character(2)", "national char varying(4)", "nchar(2)", "nchar varying(3)", "varchar(0)",
    "varchar(10485761)", "char(0)", "text", "text[]", "text[][]", "text[3]", "text array", "text array[4]", "TEXT ARRAY", '"char"', '"char"[]', '"text"', '"Text"', "name",
    "bool", "boolean", "bytea", "date", "time", "time(3)", "time with time zone", "time(2) with time zone", "time without time zone", "time(0) without time zone", "timetz",
    "timetz(3)", "timestamp", "timestamp(3)", "timestamp(7)", "timestamp with time zone", "timestamp(3) with time zone", "timestamp without time zone", "timestamptz(2)",
    "timestamptz", "interval", "interval year", "interval month", "interval day", "interval hour", "interval minute", "interval second", "interval second(3)",
    "interval year to month", "interval day to hour", "interval day to minute", "interval day to second", "interval day to second(2)", "interval hour to minute",
    "interval hour to second", "interval minute to second(0)", "interval(4)", "interval(9)", "uuid", "uuid[]", "json", "jsonb", "jsonb[]", "oid", "regclass", "regtype[]",
    "pg_catalog.int4", "pg_catalog.int4[]", 'pg_catalog."char"', "pg_catalog.varchar(3)", "pg_catalog.timestamptz(3)", "int2vector", "oidvector", "record", "void", "anyarray", "cstring", "unknown",
    "nosuch", "nosuch[]", "pg_catalog.nosuch", "int4(3)", "text(3)", "", "int int", "int4[", "int4]", "interval year to day", "timestamp(", "timestamp with", "double", "numeric(a)", "numeric()", "_int4", "_text[]", "xid8", "pg_lsn[]", "time(-1)", "  int  ", "void[]", "int2vector[]",
]
BYTES = ["61", "c3a4", "c3", "c328", "e4", "a0", "ff", "fe", "e282ac", "e28228", "e282", "f09f9982", "f09f99", "f0288cbc", "61c0af", "eda080", "f8a1a1a1a1", "fc", "00", "6100", "c000", "6162e4", "c3a4c3", "f4908080", "e08080", "c1bf", "ed9fbf", "f5808080"]
COMPOSITES = ["(1,a)", "(1,)", "(,)", "( 1,a)", "(1, a )", '(1,"a,b")', '(1,"a""b")', '(1,"a\\\\b")', "(1,a\\,b)", " (1,a) ", "(1,a)x", "(1)", "(1,a,b)", "1,a", "", "(", "(1", "(1,", "(1,a", '(1,"a', "(1,a\\", "()", "(x,a)", "(1,(2,3))", "(1,{a})", '(1,"")', "(1,a b)", "(1,ab\"c d\"e)", "(99999999999,a)", '("1",a)', "(1,NULL)", "(1\n,a)"]

FACTS_SQL = """SELECT oid, typname, typlen, typbyval, typtype, typcategory, typispreferred, typdelim, typelem, typarray,
 typalign, typstorage, typcollation FROM pg_type WHERE oid = ANY(%s) ORDER BY oid"""
PAIR_SQL = "CREATE TYPE pg_temp.golden_pair AS (a int4, b text)"


def built_in_oids() -> list[int]:
    return sorted(TYPES)
