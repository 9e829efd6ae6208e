"""Identifiers in text: when they need quotes, how a dotted name is taken apart.

    quote_identifier("order") → '"order"'     split_identifiers('public."My t"') → ["public", "My t"]

Not here: the SQL lexer (`aurorapy_native.lexer`), truncation to 63 bytes (`types.text.truncate_name`).
"""

from __future__ import annotations

import re

from aurorapy.errors import DataError

# every keyword that cannot stand as a column's name without quotes, and those that PostgreSQL quotes to be safe
_KEYWORDS = frozenset("""
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case
    cast char character check coalesce collate collation column concurrently constraint create cross
    current_catalog current_date current_role current_schema current_time current_timestamp current_user dec
    decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign freeze
    from full grant greatest group grouping having ilike in initially inner inout int integer intersect interval
    into is isnull join lateral leading least left like limit localtime localtimestamp national natural nchar none
    normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position
    precision primary real references returning right row select session_user setof similar smallint some substring
    symmetric table tablesample then time timestamp to trailing treat trim true union unique user using values
    varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest
    xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
""".split())
_SAFE = re.compile(r"[a-z_][a-z0-9_]*").fullmatch
_PART = re.compile(r'[ \t\n\r\v\f]*(?:"((?:[^"]|"")+)"|([A-Za-z_\u0080-\U0010ffff][\w$]*))[ \t\n\r\v\f]*(\.|$)')


def quote_identifier(name: str) -> str:
    """`name`, in double quotes unless it reads as itself without them."""
    if _SAFE(name) and name not in _KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def split_identifiers(text: str) -> list[str]:
    """The parts of a possibly qualified name, folded to lower case where not quoted; 42602 if it is not one."""
    parts: list[str] = []
    place = 0
    while True:
        match = _PART.match(text, place)
        if match is None:
            raise DataError("invalid name syntax", sqlstate="42602")
        quoted, bare, dot = match.groups()
        parts.append(quoted.replace('""', '"') if quoted is not None else fold(bare))
        if not dot:
            return parts
        place = match.end()


def fold(name: str) -> str:
    """ASCII letters to lower case, as for identifiers without quotes."""
    return name.lower() if name.isascii() else "".join([c.lower() if c < "\x80" else c for c in name])
