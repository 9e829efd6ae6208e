"""What pg_type says about each built-in type, in one table.

A line is a row of pg_type; only what the conversions do is elsewhere, in the family's module, under the same name.

    oid   name  len byval align storage kind category preferred array-oid elem-oid collation
    23    int4    4 t     i     p       b    N        f         1007      0        0

Array types have no lines: all follow from their element (`array_facts`). To add a type, add its line here and its
`Codec` to a family module listed in `types.builtin`.

Not here: sizes of values in our own rows (`storage` letters, chosen by the families), composite and user types.
"""

from __future__ import annotations

from typing import NamedTuple


class Facts(NamedTuple):
    """A row of pg_type; the names follow `types.model.Type`."""

    oid: int
    name: str
    length: int
    by_value: bool
    align: str
    toast: str
    kind: str
    category: str
    preferred: bool
    array_oid: int
    elem_oid: int
    collation: int


_TABLE = """
16    bool                     1 t c p b B t  1000     0    0
17    bytea                   -1 f i x b U f  1001     0    0
18    char                     1 t c p b Z f  1002     0    0
19    name                    64 f c p b S f  1003    18  950
20    int8                     8 t d p b N f  1016     0    0
21    int2                     2 t s p b N f  1005     0    0
22    int2vector              -1 f i p b A f  1006    21    0
23    int4                     4 t i p b N f  1007     0    0
24    regproc                  4 t i p b N f  1008     0    0
25    text                    -1 f i x b S t  1009     0  100
26    oid                      4 t i p b N t  1028     0    0
27    tid                      6 f s p b U f  1010     0    0
28    xid                      4 t i p b U f  1011     0    0
29    cid                      4 t i p b U f  1012     0    0
30    oidvector               -1 f i p b A f  1013    26    0
114   json                    -1 f i x b U f   199     0    0
194   pg_node_tree            -1 f i x b Z f     0     0  100
700   float4                   4 t i p b N f  1021     0    0
701   float8                   8 t d p b N t  1022     0    0
705   unknown                 -2 f c p p X f     0     0    0
1033  aclitem                 12 f i p b U f  1034     0    0
1042  bpchar                  -1 f i x b S f  1014     0  100
1043  varchar                 -1 f i x b S f  1015     0  100
1082  date                     4 t i p b D f  1182     0    0
1083  time                     8 t d p b D f  1183     0    0
1114  timestamp                8 t d p b D f  1115     0    0
1184  timestamptz              8 t d p b D t  1185     0    0
1186  interval                16 f d p b T t  1187     0    0
1266  timetz                  12 f d p b D f  1270     0    0
1700  numeric                 -1 f i m b N f  1231     0    0
1790  refcursor               -1 f i x b U f  2201     0    0
2202  regprocedure             4 t i p b N f  2207     0    0
2203  regoper                  4 t i p b N f  2208     0    0
2204  regoperator              4 t i p b N f  2209     0    0
2205  regclass                 4 t i p b N f  2210     0    0
2206  regtype                  4 t i p b N f  2211     0    0
2249  record                  -1 f d x p P f  2287     0    0
2275  cstring                 -2 f c p p P f  1263     0    0
2276  any                      4 t i p p P f     0     0    0
2277  anyarray                -1 f d x p P f     0     0    0
2278  void                     4 t i p p P f     0     0    0
2279  trigger                  4 t i p p P f     0     0    0
2280  language_handler         4 t i p p P f     0     0    0
2281  internal                 8 t d p p P f     0     0    0
2283  anyelement               4 t i p p P f     0     0    0
2776  anynonarray              4 t i p p P f     0     0    0
2950  uuid                    16 f c p b U f  2951     0    0
3220  pg_lsn                   8 t d p b U f  3221     0    0
3500  anyenum                  4 t i p p P f     0     0    0
3802  jsonb                   -1 f i x b U f  3807     0    0
3838  event_trigger            4 t i p p P f     0     0    0
4089  regnamespace             4 t i p b N f  4090     0    0
4096  regrole                  4 t i p b N f  4097     0    0
4191  regcollation             4 t i p b N f  4192     0    0
5069  xid8                     8 t d p b U f   271     0    0
5077  anycompatible            4 t i p p P f     0     0    0
5078  anycompatiblearray      -1 f d x p P f     0     0    0
5079  anycompatiblenonarray    4 t i p p P f     0     0    0
"""


def _facts(line: str) -> Facts:
    oid, name, length, by_value, align, toast, kind, category, preferred, array_oid, elem_oid, collation = line.split()
    return Facts(
        int(oid), name, int(length), by_value == "t", align, toast, kind, category, preferred == "t",
        int(array_oid), int(elem_oid), int(collation),
    )


def array_facts(element: Facts) -> Facts:
    """The row of an element's array type: named `_elem`, aligned as the element but at least as an int."""
    align = "d" if element.align == "d" else "i"
    kind = "p" if element.kind == "p" and element.name == "record" else "b"
    category = "P" if kind == "p" else "A"
    return Facts(
        element.array_oid, "_" + element.name, -1, False, align, "x", kind, category, False,
        0, element.oid, element.collation,
    )


FACTS: dict[str, Facts] = {f.name: f for f in map(_facts, _TABLE.split("\n")[1:-1])}
