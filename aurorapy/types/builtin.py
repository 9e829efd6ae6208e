"""Every built-in type, put together: a line of `types.facts` and the family's conversions under the same name.

    TYPES[1700].input("1.50", -1, ctx) → Decimal("1.50")        BY_NAME["_int4"].elem_oid → 23

To add a family: its lines in `types.facts`, a module with CODECS, its name in FAMILIES. Arrays come by themselves.
User types are made with the same parts: `make_type`, `array_of`, `types.records.composite_codec`.

Not here: SQL spellings (`types.names`), pg_type's rows (the catalog's bootstrap makes them from here).
"""

from __future__ import annotations

from aurorapy.types import (
    boolean,
    bytea,
    dates,
    floats,
    integers,
    intervals,
    json,
    jsonb,
    numeric,
    oids,
    pseudo,
    records,
    text,
    times,
    timestamps,
    uuid,
)
from aurorapy.types.arrays import array_codec, vector_codec
from aurorapy.types.codec import BUILTIN, Codec
from aurorapy.types.facts import FACTS, Facts, array_facts
from aurorapy.types.model import Type

FAMILIES = (
    boolean, integers, floats, numeric, text, bytea, uuid, dates, times, timestamps, intervals, json, jsonb, oids,
    records, pseudo,
)


def make_type(facts: Facts, codec: Codec) -> Type:
    """A Type from its row of pg_type and its conversions."""
    return Type(
        oid=facts.oid, name=facts.name, length=facts.length, category=facts.category, storage=codec.storage,
        input=codec.input, output=codec.output, receive=codec.receive, send=codec.send, key=codec.key,
        kind=facts.kind, preferred=facts.preferred, array_oid=facts.array_oid, elem_oid=facts.elem_oid,
        by_value=facts.by_value, align=facts.align, toast=facts.toast,
        collation=facts.collation, typmod_in=codec.typmod_in, typmod_out=codec.typmod_out, sql_name=codec.sql_name,
    )


def array_of(element: Type, oid: int, name: str) -> Type:
    """The array type over a user's type, under the OID and name the catalog gave it."""
    facts = Facts(
        oid, name, -1, False, "d" if element.align == "d" else "i", "x", "b", "A", False, 0, element.oid,
        element.collation,
    )
    return make_type(facts, array_codec(element))


def _build() -> dict[int, Type]:
    codecs = {name: codec for family in FAMILIES for name, codec in family.CODECS.items()}
    for facts in FACTS.values():
        if facts.name not in ("int2vector", "oidvector"):
            BUILTIN[facts.oid] = make_type(facts, codecs[facts.name])
    for name in ("int2vector", "oidvector"):
        facts = FACTS[name]
        BUILTIN[facts.oid] = make_type(facts, vector_codec(name, BUILTIN[facts.elem_oid]))
    for facts in FACTS.values():
        if facts.array_oid:
            row = array_facts(facts)
            BUILTIN[row.oid] = make_type(row, array_codec(BUILTIN[facts.oid]))
    return BUILTIN


TYPES: dict[int, Type] = _build()
BY_NAME: dict[str, Type] = {t.name: t for t in TYPES.values()}
