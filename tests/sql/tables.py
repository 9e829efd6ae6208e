"""The corpus's tables (corpus/schema.sql) in the fake catalog."""

from __future__ import annotations

from functools import cache

from tests.sql.fake_catalog import FakeCatalog


@cache
def corpus_catalog() -> FakeCatalog:
    catalog = FakeCatalog()
    catalog.table("t", "a int4 primary key", "b text", "c numeric(10,2)", "d date")
    catalog.table("u", "a int8", "x varchar(10) default 'none'::varchar", "y int4[]", "f bool not null")
    catalog.table("k", "id int4 always identity", "n int4 unique", "s char(3)", "j jsonb", "ts timestamptz default now()")
    catalog.table("g", "a int4", "twice int4 generated default (a * 2)")
    catalog.table("Odd Name", "select int4", "Mixed text", "year int4")
    catalog.table(
        "pg_class", "oid oid", "relname name", "relnamespace oid", "reltype oid", "reloftype oid", "relowner oid",
        "relam oid", "relfilenode oid", "reltablespace oid", "relpages int4", "reltuples float4", "relallvisible int4",
        "reltoastrelid oid", "relhasindex bool", "relisshared bool", "relpersistence \"char\"", "relkind \"char\"",
        schema="pg_catalog",
    )  # fmt: skip
    return catalog
