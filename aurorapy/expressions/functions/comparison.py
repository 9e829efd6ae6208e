"""The six comparisons of every type: = <> < <= > >=, inlined as Python's own where values allow it.

| types | source of < |
|---|---|
| integers, text, dates, bytes, uuid, interval, ... | `{0} < {1}` |
| real, double precision, numeric | the same with NaN above everything and equal to itself |
| character(n), jsonb, arrays, records | over their sort keys (`expressions.ordering`) |
| date with timestamp | the date as microseconds |
| anything with timestamptz but itself | needs the session's time zone (`datetime_arithmetic`) |

Errors: arrays and records of types without an order raise 42883.

Not here: the operators' names and facts (`functions.operators`).
"""

from __future__ import annotations

from decimal import Decimal

from aurorapy.expressions.ordering import sort_key
from aurorapy.expressions.registry import function, helper, inline
from aurorapy.expressions.typeoids import OID_OF
from aurorapy.types.values import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    TIMESTAMP_INFINITY,
    TIMESTAMP_MINUS_INFINITY,
    USECS_PER_DAY,
)

SYMBOLS = ("<", "<=", "==", "!=", ">=", ">")

# left right, then the functions of < <= = <> >= > as name:OID
_TABLE = """
anyarray anyarray array_lt:391 array_le:393 array_eq:744 array_ne:390 array_ge:396 array_gt:392
anyenum anyenum enum_lt:3510 enum_le:3512 enum_eq:3508 enum_ne:3509 enum_ge:3513 enum_gt:3511
bool bool boollt:56 boolle:1691 booleq:60 boolne:84 boolge:1692 boolgt:57
bpchar bpchar bpcharlt:1049 bpcharle:1050 bpchareq:1048 bpcharne:1053 bpcharge:1052 bpchargt:1051
bytea bytea bytealt:1949 byteale:1950 byteaeq:1948 byteane:1953 byteage:1952 byteagt:1951
char char charlt:1246 charle:72 chareq:61 charne:70 charge:74 chargt:73
date date date_lt:1087 date_le:1088 date_eq:1086 date_ne:1091 date_ge:1090 date_gt:1089
date timestamp date_lt_timestamp:2338 date_le_timestamp:2339 date_eq_timestamp:2340 date_ne_timestamp:2343 date_ge_timestamp:2342 date_gt_timestamp:2341
float4 float4 float4lt:289 float4le:290 float4eq:287 float4ne:288 float4ge:292 float4gt:291
float4 float8 float48lt:301 float48le:302 float48eq:299 float48ne:300 float48ge:304 float48gt:303
float8 float4 float84lt:307 float84le:308 float84eq:305 float84ne:306 float84ge:310 float84gt:309
float8 float8 float8lt:295 float8le:296 float8eq:293 float8ne:294 float8ge:298 float8gt:297
int2 int2 int2lt:64 int2le:148 int2eq:63 int2ne:145 int2ge:151 int2gt:146
int2 int4 int24lt:160 int24le:166 int24eq:158 int24ne:164 int24ge:168 int24gt:162
int2 int8 int28lt:1852 int28le:1854 int28eq:1850 int28ne:1851 int28ge:1855 int28gt:1853
int4 int2 int42lt:161 int42le:167 int42eq:159 int42ne:165 int42ge:169 int42gt:163
int4 int4 int4lt:66 int4le:149 int4eq:65 int4ne:144 int4ge:150 int4gt:147
int4 int8 int48lt:854 int48le:856 int48eq:852 int48ne:853 int48ge:857 int48gt:855
int8 int2 int82lt:1858 int82le:1860 int82eq:1856 int82ne:1857 int82ge:1861 int82gt:1859
int8 int4 int84lt:476 int84le:478 int84eq:474 int84ne:475 int84ge:479 int84gt:477
int8 int8 int8lt:469 int8le:471 int8eq:467 int8ne:468 int8ge:472 int8gt:470
interval interval interval_lt:1164 interval_le:1165 interval_eq:1162 interval_ne:1163 interval_ge:1166 interval_gt:1167
jsonb jsonb jsonb_lt:4039 jsonb_le:4041 jsonb_eq:4043 jsonb_ne:4038 jsonb_ge:4042 jsonb_gt:4040
name name namelt:655 namele:656 nameeq:62 namene:659 namege:658 namegt:657
name text namelttext:241 nameletext:242 nameeqtext:240 namenetext:245 namegetext:243 namegttext:244
numeric numeric numeric_lt:1722 numeric_le:1723 numeric_eq:1718 numeric_ne:1719 numeric_ge:1721 numeric_gt:1720
oid oid oidlt:716 oidle:717 oideq:184 oidne:185 oidge:1639 oidgt:1638
oidvector oidvector oidvectorlt:677 oidvectorle:678 oidvectoreq:679 oidvectorne:619 oidvectorge:680 oidvectorgt:681
record record record_lt:2983 record_le:2985 record_eq:2981 record_ne:2982 record_ge:2986 record_gt:2984
text name textltname:248 textlename:249 texteqname:247 textnename:252 textgename:250 textgtname:251
text text text_lt:740 text_le:741 texteq:67 textne:157 text_ge:743 text_gt:742
tid tid tidlt:2791 tidle:2793 tideq:1292 tidne:1265 tidge:2792 tidgt:2790
time time time_lt:1102 time_le:1103 time_eq:1145 time_ne:1106 time_ge:1105 time_gt:1104
timestamp date timestamp_lt_date:2364 timestamp_le_date:2365 timestamp_eq_date:2366 timestamp_ne_date:2369 timestamp_ge_date:2368 timestamp_gt_date:2367
timestamp timestamp timestamp_lt:2054 timestamp_le:2055 timestamp_eq:2052 timestamp_ne:2053 timestamp_ge:2056 timestamp_gt:2057
timestamptz timestamptz timestamptz_lt:1154 timestamptz_le:1155 timestamptz_eq:1152 timestamptz_ne:1153 timestamptz_ge:1156 timestamptz_gt:1157
uuid uuid uuid_lt:2954 uuid_le:2955 uuid_eq:2956 uuid_ne:2959 uuid_ge:2957 uuid_gt:2958
xid8 xid8 xid8lt:5034 xid8le:5036 xid8eq:5084 xid8ne:5085 xid8ge:5037 xid8gt:5035
"""

# these have no order, only = and <>
_EQUALITY = """
xid xid xideq:68 xidneq:3308
xid int4 xideqint4:1319 xidneqint4:3309
cid cid cideq:69 -
"""

_WITH_NAN = {"float4", "float8", "numeric"}
_NAN_SOURCES = {
    "<": "({0} < {1} if {1} == {1} else {0} == {0}) if {0} == {0} else False",
    "<=": "({0} <= {1} if {1} == {1} else True) if {0} == {0} else {1} != {1}",
    "==": "{0} == {1} or ({0} != {0} and {1} != {1})",
    "!=": "{0} != {1} and ({0} == {0} or {1} == {1})",
    ">=": "({0} >= {1} if {0} == {0} else True) if {1} == {1} else {0} != {0}",
    ">": "({0} > {1} if {0} == {0} else {1} == {1}) if {1} == {1} else False",
}
_BY_KEY = {"jsonb", "anyarray", "record", "oidvector"}


@helper
def date_us(day: int) -> int:
    """A date as microseconds of a timestamp, for comparison: beyond the timestamp range it saturates."""
    if day == DATE_INFINITY:
        return TIMESTAMP_INFINITY
    if day == DATE_MINUS_INFINITY:
        return TIMESTAMP_MINUS_INFINITY
    return day * USECS_PER_DAY


def _key_helper(type_name: str) -> str:
    oid = OID_OF[type_name]
    name = f"{type_name}_key"
    helper(sort_key(2277 if oid == 30 else oid), name)
    return name


def _source(left: str, right: str, symbol: str) -> str:
    if left in _WITH_NAN:
        return _NAN_SOURCES[symbol]
    if left == "bpchar":
        return f"{{0}}.rstrip(' ') {symbol} {{1}}.rstrip(' ')"
    if left in _BY_KEY:
        key = _key_helper(left)
        return f"{key}({{0}}) {symbol} {key}({{1}})"
    a = "date_us({0})" if (left, right) == ("date", "timestamp") else "{0}"
    b = "date_us({1})" if (left, right) == ("timestamp", "date") else "{1}"
    return f"{a} {symbol} {b}"


def _declare(table: str, symbols: tuple[str, ...]) -> None:
    for line in table.strip().splitlines():
        left, right, *names = line.split()
        for symbol, entry in zip(symbols, names):
            if entry != "-":
                name, _, oid = entry.partition(":")
                inline(f"{name}({left}, {right}) bool", int(oid), _source(left, right, symbol))


_declare(_TABLE, SYMBOLS)
_declare(_EQUALITY, ("==", "!="))


@function("btint4cmp(int4, int4) int4", 351, not_null=True)
@function("btint8cmp(int8, int8) int4", 842, not_null=True)
@function("btoidcmp(oid, oid) int4", 356, not_null=True)
@function("date_cmp(date, date) int4", 1092, not_null=True)
@function("time_cmp(time, time) int4", 1107, not_null=True)
@function("timestamp_cmp(timestamp, timestamp) int4", 2045, not_null=True)
@function("timestamptz_cmp(timestamptz, timestamptz) int4", 1314, not_null=True)
@function("interval_cmp(interval, interval) int4", 1315, not_null=True)
def three_way(left, right) -> int:
    return -1 if left < right else 1 if right < left else 0


inline("btint2cmp(int2, int2) int4", 350, "{0} - {1}")


@function("uuid_cmp(uuid, uuid) int4", 2960, not_null=True)
def uuid_three_way(left: bytes, right: bytes) -> int:
    return next((a - b for a, b in zip(left, right) if a != b), 0)


@function("bttextcmp(text, text) int4", 360, not_null=True)
def text_three_way(left: str, right: str) -> int:
    """The difference of the first bytes that differ, as memcmp has it, else of the lengths."""
    a, b = left.encode(), right.encode()
    for x, y in zip(a, b):
        if x != y:
            return x - y
    return len(a) - len(b) if not a or not b else three_way(len(a), len(b))


# text_pattern_ops: by bytes, which is what the C.UTF-8 collation does anyway
for _name, _text, _bpchar, _symbol in (("lt", 2160, 2174, "<"), ("le", 2161, 2175, "<="), ("ge", 2163, 2177, ">="),
                                       ("gt", 2164, 2178, ">")):  # fmt: skip
    inline(f"text_pattern_{_name}(text, text) bool", _text, f"{{0}} {_symbol} {{1}}")
    inline(f"bpchar_pattern_{_name}(bpchar, bpchar) bool", _bpchar, f"{{0}}.rstrip(' ') {_symbol} {{1}}.rstrip(' ')")

for _type, _oids in (("pg_lsn", (3231, 3232, 3233, 3236, 3234, 3235)),):
    for _name, _oid, _symbol in zip(("lt", "le", "eq", "ne", "ge", "gt"), _oids, SYMBOLS):
        inline(f"{_type}_{_name}({_type}, {_type}) bool", _oid, f"{{0}} {_symbol} {{1}}")
inline("pg_lsn_mi(pg_lsn, pg_lsn) numeric", 3237, "Decimal({0} - {1})")
inline("pg_wal_lsn_diff(pg_lsn, pg_lsn) numeric", 3165, "Decimal({0} - {1})")
helper(Decimal)
for _name, _oid, _sign in (
    ("timestamp_larger", 2036, ">"), ("timestamp_smaller", 2035, "<"), ("timestamptz_larger", 1196, ">"),
    ("timestamptz_smaller", 1195, "<"), ("tidlarger", 2795, ">"), ("tidsmaller", 2796, "<"),
    ("pg_lsn_larger", 4187, ">"), ("pg_lsn_smaller", 4188, "<"), ("xid8_larger", 5097, ">"), ("xid8_smaller", 5098, "<"),
):  # fmt: skip
    _type = _name.split("_")[0] if "_" in _name and not _name.startswith("pg_") else "tid" if _name[:3] == "tid" else "pg_lsn"
    inline(f"{_name}({_type}, {_type}) {_type}", _oid, f"{{0}} if {{0}} {_sign} {{1}} else {{1}}")
