"""Type names as SQL spells them, turned into the internal name, arguments and array dimensions.

    double precision            -> float8
    character varying(10)[][]   -> varchar ('10',) dims 2
    interval day to second(3)   -> interval (mask of day to second, '3')
    timestamp(3) with time zone -> timestamptz ('3',)
    public.mood                 -> public.mood

Errors: SyntaxError 42601. Not here: whether such a type exists (`sql.bind.types`).
"""

from __future__ import annotations

from aurorapy.sql.parse.cursor import Cursor
from aurorapy.sql.statements import Name, TypeName
from aurorapy.types.intervals import FIELD_MASKS, FULL_RANGE
from aurorapy_native.lexer import INTEGER, NUMBER, STRING, WORD

SIMPLE = {
    "int": "int4",
    "integer": "int4",
    "smallint": "int2",
    "bigint": "int8",
    "real": "float4",
    "boolean": "bool",
}
NUMERIC = ("numeric", "decimal", "dec")
INTERVAL_FIELDS = ("year", "month", "day", "hour", "minute", "second")


def type_name(c: Cursor) -> TypeName:
    """Reads a type name at the cursor."""
    position = c.position()
    setof = c.accept("setof")
    name, args = _base(c, position)
    dims = 0
    if c.accept("array"):
        dims = 1
        if c.accept("["):
            c.integer()
            c.expect("]")
    while c.sees("[") and (c.punct(1) == "]" or c.kind(1) == INTEGER and c.punct(2) == "]"):
        c.at += 2 if c.punct(1) == "]" else 3
        dims += 1
    return TypeName(name, args, dims, setof)


def _base(c: Cursor, position: int) -> tuple[Name, tuple[str, ...]]:
    word = c.word()
    builtin = c.punct(1) != "."

    def internal(name: str) -> Name:
        return Name("pg_catalog", name, position)

    if builtin and word in SIMPLE:
        c.at += 1
        return internal(SIMPLE[word]), ()
    if builtin and word in NUMERIC:
        c.at += 1
        return internal("numeric"), _arguments(c)
    if word == "double" and c.word(1) == "precision":
        c.at += 2
        return internal("float8"), ()
    if builtin and word == "float":
        c.at += 1
        return internal(_float(c)), ()
    if builtin and word in ("character", "char", "nchar", "national", "varchar"):
        return _character(c, internal)
    if builtin and word == "bit":
        c.at += 1
        if c.accept("varying"):
            return internal("varbit"), _arguments(c)
        return internal("bit"), _arguments(c) or ("1",)
    if builtin and word in ("timestamp", "time"):
        c.at += 1
        args = _arguments(c)
        if c.accept("with", "time", "zone"):
            return internal(word + "tz"), args
        c.accept("without", "time", "zone")
        return internal(word), args
    if builtin and word == "interval":
        c.at += 1
        args = _arguments(c)
        return internal("interval"), (str(FULL_RANGE), *args) if args else interval_fields(c)
    return _generic(c, position)


def _generic(c: Cursor, position: int) -> tuple[Name, tuple[str, ...]]:
    parts = [c.type_identifier()]
    while c.sees(".") and c.kind(1) != STRING:
        c.at += 1
        parts.append(c.label())
    if c.sees("%", "type"):
        c.at += 2
    schema = parts[-2] if len(parts) > 1 else None
    return Name(schema, parts[-1], position), _arguments(c)


def _character(c: Cursor, internal) -> tuple[Name, tuple[str, ...]]:
    word = c.word()
    c.at += 1
    if word == "national":
        if not c.accept_any("character", "char"):
            raise c.error()
    varying = word == "varchar" or c.accept("varying")
    args = _arguments(c)
    if varying:
        return internal("varchar"), args
    return internal("bpchar"), args or ("1",)


def _float(c: Cursor) -> str:
    if not c.sees("("):
        return "float8"
    bits = c.parenthesized(c.integer)[0]
    return "float4" if bits <= 24 else "float8"


def _arguments(c: Cursor) -> tuple[str, ...]:
    if not c.sees("("):
        return ()
    return tuple(c.parenthesized(lambda: _argument(c)))


def _argument(c: Cursor) -> str:
    sign = "-" if c.accept("-") else ""
    if c.kind() not in (INTEGER, NUMBER, STRING, WORD):
        raise c.error()
    c.at += 1
    return sign + c.texts[c.at - 1]


def interval_fields(c: Cursor) -> tuple[str, ...]:
    """`day to second(3)` behind INTERVAL, as the arguments of its typmod: the mask of the fields, the precision."""
    if c.word() not in INTERVAL_FIELDS:
        return ()
    fields = c.word()
    c.at += 1
    if c.word() == "to" and c.word(1) in INTERVAL_FIELDS:
        fields += " to " + c.word(1)
        c.at += 2
    if fields not in FIELD_MASKS:
        raise c.error()
    mask = str(FIELD_MASKS[fields])
    return (mask, *_arguments(c)) if fields.endswith("second") else (mask,)
