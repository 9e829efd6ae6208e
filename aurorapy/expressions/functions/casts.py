"""Every cast between the built-in types, one an entry: OID source target context method function-OID.

Context: i implicit, a assignment, e explicit. Method: f function, b binary (the same value), i through text.

Not here: casts through text that need no entry (any type to and from text) and casts of arrays; `sql.bind` finds them.
"""

from aurorapy.expressions.registry import cast

_TABLE = """
10000 int8 int2 a f 714; 10001 int8 int4 a f 480; 10002 int8 float4 i f 652; 10003 int8 float8 i f 482
10004 int8 numeric i f 1781; 10005 int2 int8 i f 754; 10006 int2 int4 i f 313; 10007 int2 float4 i f 236
10008 int2 float8 i f 235; 10009 int2 numeric i f 1782; 10010 int4 int8 i f 481; 10011 int4 int2 a f 314
10012 int4 float4 i f 318; 10013 int4 float8 i f 316; 10014 int4 numeric i f 1740; 10015 float4 int8 a f 653
10016 float4 int2 a f 238; 10017 float4 int4 a f 319; 10018 float4 float8 i f 311; 10019 float4 numeric a f 1742
10020 float8 int8 a f 483; 10021 float8 int2 a f 237; 10022 float8 int4 a f 317; 10023 float8 float4 a f 312
10024 float8 numeric a f 1743; 10025 numeric int8 a f 1779; 10026 numeric int2 a f 1783; 10027 numeric int4 a f 1744
10028 numeric float4 i f 1745; 10029 numeric float8 i f 1746; 10034 int4 bool e f 2557; 10035 bool int4 e f 2558
10036 xid8 xid e f 5071; 10037 int8 oid i f 1287; 10038 int2 oid i f 313; 10039 int4 oid i b 0
10040 oid int8 a f 1288; 10041 oid int4 a b 0; 10042 oid regproc i b 0; 10043 regproc oid i b 0
10044 int8 regproc i f 1287; 10045 int2 regproc i f 313; 10046 int4 regproc i b 0; 10047 regproc int8 a f 1288
10048 regproc int4 a b 0; 10049 regproc regprocedure i b 0; 10050 regprocedure regproc i b 0
10051 oid regprocedure i b 0; 10052 regprocedure oid i b 0; 10053 int8 regprocedure i f 1287
10054 int2 regprocedure i f 313; 10055 int4 regprocedure i b 0; 10056 regprocedure int8 a f 1288
10057 regprocedure int4 a b 0; 10058 oid regoper i b 0; 10059 regoper oid i b 0; 10060 int8 regoper i f 1287
10061 int2 regoper i f 313; 10062 int4 regoper i b 0; 10063 regoper int8 a f 1288; 10064 regoper int4 a b 0
10065 regoper regoperator i b 0; 10066 regoperator regoper i b 0; 10067 oid regoperator i b 0
10068 regoperator oid i b 0; 10069 int8 regoperator i f 1287; 10070 int2 regoperator i f 313
10071 int4 regoperator i b 0; 10072 regoperator int8 a f 1288; 10073 regoperator int4 a b 0; 10074 oid regclass i b 0
10075 regclass oid i b 0; 10076 int8 regclass i f 1287; 10077 int2 regclass i f 313; 10078 int4 regclass i b 0
10079 regclass int8 a f 1288; 10080 regclass int4 a b 0; 10081 oid regcollation i b 0; 10082 regcollation oid i b 0
10083 int8 regcollation i f 1287; 10084 int2 regcollation i f 313; 10085 int4 regcollation i b 0
10086 regcollation int8 a f 1288; 10087 regcollation int4 a b 0; 10088 oid regtype i b 0; 10089 regtype oid i b 0
10090 int8 regtype i f 1287; 10091 int2 regtype i f 313; 10092 int4 regtype i b 0; 10093 regtype int8 a f 1288
10094 regtype int4 a b 0; 10109 text regclass i f 1079; 10110 varchar regclass i f 1079; 10111 oid regrole i b 0
10112 regrole oid i b 0; 10113 int8 regrole i f 1287; 10114 int2 regrole i f 313; 10115 int4 regrole i b 0
10116 regrole int8 a f 1288; 10117 regrole int4 a b 0; 10118 oid regnamespace i b 0; 10119 regnamespace oid i b 0
10120 int8 regnamespace i f 1287; 10121 int2 regnamespace i f 313; 10122 int4 regnamespace i b 0
10123 regnamespace int8 a f 1288; 10124 regnamespace int4 a b 0; 10125 text bpchar i b 0; 10126 text varchar i b 0
10127 bpchar text i f 401; 10128 bpchar varchar i f 401; 10129 varchar text i b 0; 10130 varchar bpchar i b 0
10131 char text i f 946; 10132 char bpchar a f 860; 10133 char varchar a f 946; 10134 name text i f 406
10135 name bpchar a f 408; 10136 name varchar a f 1401; 10137 text char a f 944; 10138 bpchar char a f 944
10139 varchar char a f 944; 10140 text name i f 407; 10141 bpchar name i f 409; 10142 varchar name i f 1400
10143 char int4 e f 77; 10144 int4 char e f 78; 10145 pg_node_tree text i b 0; 10152 date timestamp i f 2024
10153 date timestamptz i f 1174; 10154 time interval i f 1370; 10155 time timetz i f 2047
10156 timestamp date a f 2029; 10157 timestamp time a f 1316; 10158 timestamp timestamptz i f 2028
10159 timestamptz date a f 1178; 10160 timestamptz time a f 2019; 10161 timestamptz timestamp a f 2027
10162 timestamptz timetz a f 1388; 10163 interval time a f 1419; 10164 timetz time a f 2046; 10191 bool text a f 2971
10196 bool varchar a f 2971; 10201 bool bpchar a f 2971; 10204 bpchar bpchar i f 668; 10205 varchar varchar i f 669
10206 time time i f 1968; 10207 timestamp timestamp i f 1961; 10208 timestamptz timestamptz i f 1967
10209 interval interval i f 1200; 10210 timetz timetz i f 1969; 10213 numeric numeric i f 1703; 10214 json jsonb a i 0
10215 jsonb json a i 0; 10216 jsonb bool e f 3556; 10217 jsonb numeric e f 3449; 10218 jsonb int2 e f 3450
10219 jsonb int4 e f 3451; 10220 jsonb int8 e f 3452; 10221 jsonb float4 e f 3453; 10222 jsonb float8 e f 2580
"""

for _entry in _TABLE.replace("\n", ";").split(";"):
    if _entry:
        _oid, _source, _target, _context, _method, _fn = _entry.split()
        cast(_source, _target, _context, oid=int(_oid), method=_method, fn=int(_fn))
