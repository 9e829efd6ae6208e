"""has_table_privilege and its family, for every way to name the role and the object.

    has_table_privilege('alice', 't', 'SELECT, INSERT')      has_schema_privilege('public', 'USAGE')

A role comes as a name, an OID, or not at all (the current one); the object as text or OID. The privilege text is split
and checked here; `EvalContext.definitions.has_privilege` answers for one privilege. WITH GRANT OPTION is passed on in
the word. Of several privileges one is enough.

Errors: 22023 unrecognized privilege type; 42704 and others of names, from the context.

Not here: the ACLs.
"""

from __future__ import annotations

from aurorapy.errors import DataError
from aurorapy.expressions.registry import function

_PRIVILEGES = {
    "table": {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "RULE"},
    "sequence": {"USAGE", "SELECT", "UPDATE"},
    "column": {"SELECT", "INSERT", "UPDATE", "REFERENCES"},
    "any_column": {"SELECT", "INSERT", "UPDATE", "REFERENCES"},
    "schema": {"CREATE", "USAGE"},
    "database": {"CREATE", "TEMPORARY", "TEMP", "CONNECT"},
    "function": {"EXECUTE"},
    "language": {"USAGE"},
    "tablespace": {"CREATE"},
    "type": {"USAGE"},
    "foreign_data_wrapper": {"USAGE"},
    "server": {"USAGE"},
    "role": {"USAGE", "MEMBER"},
}
_OPTIONS = (" WITH GRANT OPTION", " WITH ADMIN OPTION")


def _words(kind: str, text: str) -> list[str]:
    words = []
    for word in text.split(","):
        given = " ".join(word.split())
        word = given.upper()
        plain = word
        for option in _OPTIONS:
            plain = plain.removesuffix(option)
        if plain not in _PRIVILEGES[kind]:
            raise DataError(f'unrecognized privilege type: "{given if given else text}"', sqlstate="22023")
        words.append(word)
    return words


def _answer(ctx, kind: str, role, target, text: str) -> bool | None:
    found = None
    for word in _words(kind, text):
        found = ctx.definitions.has_privilege(kind, role, target, word)
        if found is None or found:
            return found
    return found


def _of_role(kind: str):
    return lambda ctx, role, target, text: _answer(ctx, kind, role, target, text)


def _of_current(kind: str):
    return lambda ctx, target, text: _answer(ctx, kind, ctx.current_user, target, text)


def _column_of_role(ctx, role, table, column, text: str):
    return _answer(ctx, "column", role, (table, column), text)


def _column_of_current(ctx, table, column, text: str):
    return _answer(ctx, "column", ctx.current_user, (table, column), text)


# kind, then argument types:OID; a kind may take several lines
_TABLE = """
any_column name,text,text:3024 name,oid,text:3025 oid,text,text:3026 oid,oid,text:3027 text,text:3028 oid,text:3029
column name,text,text,text:3012 name,text,int2,text:3013 name,oid,text,text:3014 name,oid,int2,text:3015
column oid,text,text,text:3016 oid,text,int2,text:3017 oid,oid,text,text:3018 oid,oid,int2,text:3019
column text,text,text:3020 text,int2,text:3021 oid,text,text:3022 oid,int2,text:3023
database name,text,text:2250 name,oid,text:2251 oid,text,text:2252 oid,oid,text:2253 text,text:2254 oid,text:2255
foreign_data_wrapper name,text,text:3000 name,oid,text:3001 oid,text,text:3002 oid,oid,text:3003 text,text:3004
foreign_data_wrapper oid,text:3005
function name,text,text:2256 name,oid,text:2257 oid,text,text:2258 oid,oid,text:2259 text,text:2260 oid,text:2261
language name,text,text:2262 name,oid,text:2263 oid,text,text:2264 oid,oid,text:2265 text,text:2266 oid,text:2267
role name,name,text:2705 name,oid,text:2706 oid,name,text:2707 oid,oid,text:2708 name,text:2709 oid,text:2710
schema name,text,text:2268 name,oid,text:2269 oid,text,text:2270 oid,oid,text:2271 text,text:2272 oid,text:2273
sequence name,text,text:2181 name,oid,text:2182 oid,text,text:2183 oid,oid,text:2184 text,text:2185 oid,text:2186
server name,text,text:3006 name,oid,text:3007 oid,text,text:3008 oid,oid,text:3009 text,text:3010 oid,text:3011
table name,text,text:1922 name,oid,text:1923 oid,text,text:1924 oid,oid,text:1925 text,text:1926 oid,text:1927
tablespace name,text,text:2390 name,oid,text:2391 oid,text,text:2392 oid,oid,text:2393 text,text:2394 oid,text:2395
type name,text,text:3138 name,oid,text:3139 oid,text,text:3140 oid,oid,text:3141 text,text:3142 oid,text:3143
"""

for _line in _TABLE.strip().splitlines():
    _kind, *_entries = _line.split()
    for _entry in _entries:
        _args, _oid = _entry.split(":")
        _types = _args.split(",")
        if _kind == "column":
            _call = _column_of_role if len(_types) == 4 else _column_of_current
        else:
            _call = _of_role(_kind) if len(_types) == 3 else _of_current(_kind)
        _name = "pg_has_role" if _kind == "role" else f"has_{_kind}_privilege"
        function(f"{_name}({', '.join(_types)}) bool", int(_oid), context=True, volatility="s")(_call)
