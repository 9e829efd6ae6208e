"""Names and OIDs of the types that signatures mention, pseudo-types included.

    type_oid("int4") → 23        type_oid("int4[]") → 1007        ARRAY_OF[23] → 1007        ELEMENT_OF[1007] → 23

Signatures are read when the registry fills itself, before any catalog exists; that is why this short list stands beside
`types.builtin`. A test keeps the two in step.

Not here: anything else about a type.
"""

from __future__ import annotations

_BASE = """
bool 16 1000;bytea 17 1001;char 18 1002;name 19 1003;int8 20 1016;int2 21 1005;int2vector 22 1006;int4 23 1007
regproc 24 1008;text 25 1009;oid 26 1028;tid 27 1010;xid 28 1011;cid 29 1012;oidvector 30 1013;json 114 199
pg_node_tree 194 0;point 600 1017;float4 700 1021;float8 701 1022;unknown 705 0;money 790 791;inet 869 1041
cidr 650 651;aclitem 1033 1034;bpchar 1042 1014;varchar 1043 1015;date 1082 1182;time 1083 1183;timestamp 1114 1115
timestamptz 1184 1185;interval 1186 1187;timetz 1266 1270;bit 1560 1561;varbit 1562 1563;numeric 1700 1231
refcursor 1790 2201;regprocedure 2202 2207;regoper 2203 2208;regoperator 2204 2209;regclass 2205 2210
regtype 2206 2211;record 2249 2287;cstring 2275 1263;any 2276 0;anyarray 2277 0;void 2278 0;trigger 2279 0
internal 2281 0;anyelement 2283 0;anynonarray 2776 0;uuid 2950 2951;pg_lsn 3220 3221;anyenum 3500 0
tsvector 3614 3643;tsquery 3615 3645;regconfig 3734 3735;regdictionary 3769 3770;jsonb 3802 3807;anyrange 3831 0
regnamespace 4089 4090;regrole 4096 4097;regcollation 4191 4192;pg_snapshot 5038 5039;xid8 5069 271
anycompatible 5077 0;anycompatiblearray 5078 0;anycompatiblenonarray 5079 0;anycompatiblerange 5080 0
"""

OID_OF: dict[str, int] = {}
ARRAY_OF: dict[int, int] = {}
ELEMENT_OF: dict[int, int] = {}

for _entry in _BASE.replace("\n", ";").split(";"):
    if _entry:
        _name, _oid, _array = _entry.split()
        OID_OF[_name] = int(_oid)
        if _array != "0":
            OID_OF["_" + _name] = int(_array)
            ARRAY_OF[int(_oid)] = int(_array)
            ELEMENT_OF[int(_array)] = int(_oid)
ELEMENT_OF[22] = 21  # int2vector and oidvector are arrays counted from 0
ELEMENT_OF[30] = 26

NAME_OF = {oid: name for name, oid in OID_OF.items()}

BOOL, CHAR, NAME, INT8, INT2, INT4, TEXT, OID = 16, 18, 19, 20, 21, 23, 25, 26
JSON, FLOAT4, FLOAT8, UNKNOWN, BPCHAR, VARCHAR = 114, 700, 701, 705, 1042, 1043
DATE, TIME, TIMESTAMP, INTERVAL, NUMERIC = 1082, 1083, 1114, 1186, 1700
RECORD, CSTRING, ANY, VOID, UUID = 2249, 2275, 2276, 2278, 2950

REG_TYPES = frozenset({24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191})
ARRAY_TYPES = frozenset(ELEMENT_OF)
POLYMORPHIC = frozenset({2277, 2283, 2776, 3500, 3831, 5077, 5078, 5079, 5080})


def type_oid(name: str) -> int:
    """The OID of a type by its catalog name; `x[]` and `_x` both mean the array. KeyError when unknown."""
    return OID_OF["_" + name[:-2]] if name.endswith("[]") else OID_OF[name]
