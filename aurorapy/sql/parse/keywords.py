"""Which words mean something to PostgreSQL 15's grammar, and where they may still be names.

    reserved        never a bare column or table name         select from where
    type_func       a function or type name, not a column      left join like
    col_name        a column name, not a function or type      values between int
    everything else a name anywhere; a keyword only in its place (over, nulls, key)

Not here: the list that `pg_get_keywords()` shows.
"""

from __future__ import annotations

RESERVED = frozenset(
    """all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
    current_catalog current_date current_role current_time current_timestamp current_user default deferrable desc
    distinct do else end except false fetch for foreign from grant group having in initially intersect into lateral
    leading limit localtime localtimestamp not null offset on only or order placing primary references returning
    select session_user some symmetric table then to trailing true union unique user using variadic when where window
    with""".split()
)

TYPE_FUNC = frozenset(
    """authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull join left
    like natural notnull outer overlaps right similar tablesample verbose""".split()
)

COL_NAME = frozenset(
    """between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout int
    integer interval least national nchar none normalize nullif numeric out overlay position precision real row setof
    smallint substring time timestamp treat trim values varchar xmlattributes xmlconcat xmlelement xmlexists xmlforest
    xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable""".split()
)

# Words that quote_identifier() puts in quotes: everything that is not free to be any name.
QUOTED_WORDS = RESERVED | TYPE_FUNC | COL_NAME

# Words that cannot be a column label without AS.
NEEDS_AS = frozenset(
    """array as char character create day except fetch filter for from grant group having hour intersect into isnull
    limit minute month notnull offset on order over overlaps precision returning second to union varying where window
    with within without year""".split()
)

# Words that name a value by themselves, and the function or session value behind each.
SQL_VALUES = frozenset(
    """current_date current_time current_timestamp localtime localtimestamp current_user session_user user current_role
    current_catalog current_schema""".split()
)


def quote_name(name: str) -> str:
    """The name as SQL text: in double quotes where it would not read back as itself."""
    plain = (
        name != ""
        and name not in QUOTED_WORDS
        and (name[0].isascii() and (name[0].islower() or name[0] == "_"))
        and all(c.isascii() and (c.islower() or c.isdigit() or c == "_") for c in name)
    )
    return name if plain else '"' + name.replace('"', '""') + '"'
