"""smallint, integer, bigint: arithmetic with range checks, bits, and the conversions among them.

    int4pl: {t} if -2147483648 <= ({t} := {0} + {1}) <= 2147483647 else int4_range()

Division and remainder cut towards zero as in C; the usual case (both positive) stays Python's own `//` and `%`.

Errors: 22003 "integer out of range" (and kin), 22012 "division by zero".

Not here: numeric and float (`numerics`, `floats`), gcd and friends (`mathematics`).
"""

from __future__ import annotations

import re

from aurorapy.errors import DataError
from aurorapy.expressions.registry import function, helper, inline

_TABLE = """
172 int24div(int2, int4) int4; 182 int24mi(int2, int4) int4; 170 int24mul(int2, int4) int4
178 int24pl(int2, int4) int4; 948 int28div(int2, int8) int8; 942 int28mi(int2, int8) int8
943 int28mul(int2, int8) int8; 841 int28pl(int2, int8) int8; 1253 int2abs(int2) int2; 1892 int2and(int2, int2) int2
153 int2div(int2, int2) int2; 770 int2larger(int2, int2) int2; 180 int2mi(int2, int2) int2
155 int2mod(int2, int2) int2; 152 int2mul(int2, int2) int2; 1895 int2not(int2) int2; 1893 int2or(int2, int2) int2
176 int2pl(int2, int2) int2; 1896 int2shl(int2, int4) int2; 1897 int2shr(int2, int4) int2
771 int2smaller(int2, int2) int2; 213 int2um(int2) int2; 1911 int2up(int2) int2; 1894 int2xor(int2, int2) int2
173 int42div(int4, int2) int4; 183 int42mi(int4, int2) int4; 171 int42mul(int4, int2) int4
179 int42pl(int4, int2) int4; 1281 int48div(int4, int8) int8; 1279 int48mi(int4, int8) int8
1280 int48mul(int4, int8) int8; 1278 int48pl(int4, int8) int8; 1251 int4abs(int4) int4; 1898 int4and(int4, int4) int4
154 int4div(int4, int4) int4; 768 int4larger(int4, int4) int4; 181 int4mi(int4, int4) int4
156 int4mod(int4, int4) int4; 141 int4mul(int4, int4) int4; 1901 int4not(int4) int4; 1899 int4or(int4, int4) int4
177 int4pl(int4, int4) int4; 1902 int4shl(int4, int4) int4; 1903 int4shr(int4, int4) int4
769 int4smaller(int4, int4) int4; 212 int4um(int4) int4; 1912 int4up(int4) int4; 1900 int4xor(int4, int4) int4
840 int82div(int8, int2) int8; 838 int82mi(int8, int2) int8; 839 int82mul(int8, int2) int8
837 int82pl(int8, int2) int8; 1277 int84div(int8, int4) int8; 1275 int84mi(int8, int4) int8
1276 int84mul(int8, int4) int8; 1274 int84pl(int8, int4) int8; 1230 int8abs(int8) int8; 1904 int8and(int8, int8) int8
466 int8div(int8, int8) int8; 1236 int8larger(int8, int8) int8; 464 int8mi(int8, int8) int8
945 int8mod(int8, int8) int8; 465 int8mul(int8, int8) int8; 1907 int8not(int8) int8; 1905 int8or(int8, int8) int8
463 int8pl(int8, int8) int8; 1908 int8shl(int8, int4) int8; 1909 int8shr(int8, int4) int8
1237 int8smaller(int8, int8) int8; 462 int8um(int8) int8; 1910 int8up(int8) int8; 1906 int8xor(int8, int8) int8
"""

LIMITS = {2: (-32768, 32767), 4: (-(2**31), 2**31 - 1), 8: (-(2**63), 2**63 - 1)}
_NAMES = {2: "smallint", 4: "integer", 8: "bigint"}
_SIZES = {"int2": 2, "int4": 4, "int8": 8}
_PARTS = re.compile(r"(\d+) (int\d+?(pl|mi|mul|div|mod|um|up|and|or|xor|not|shl|shr|abs|larger|smaller))\(([^)]*)\) (\w+)")


@helper
def int2_range():
    raise DataError("smallint out of range", sqlstate="22003")


@helper
def int4_range():
    raise DataError("integer out of range", sqlstate="22003")


@helper
def int8_range():
    raise DataError("bigint out of range", sqlstate="22003")


@helper
def divide(a: int, b: int) -> int:
    """Towards zero; 22012 for b = 0."""
    if b == 0:
        raise DataError("division by zero", sqlstate="22012")
    return a // b if (a < 0) == (b < 0) else -(-a // b)


@helper
def remainder(a: int, b: int) -> int:
    """With the sign of a; 22012 for b = 0."""
    if b == 0:
        raise DataError("division by zero", sqlstate="22012")
    found = abs(a) % abs(b)
    return -found if a < 0 else found


@helper
def wrap(value: int, bits: int) -> int:
    """The low bits as a signed number: what a shift in C leaves."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def checked(expression: str, size: int) -> str:
    """A template that computes `expression` and checks it against the type of `size` bytes."""
    low, high = LIMITS[size]
    return f"{{t}} if {low} <= ({{t}} := {expression}) <= {high} else int{size}_range()"


def _source(operation: str, size: int, left_size: int) -> str:
    # a shift counts modulo the width, as the machine does
    width = left_size * 8
    count = f"{{1}} % {max(32, width)}"
    plain = {
        "and": "{0} & {1}",
        "or": "{0} | {1}",
        "xor": "{0} ^ {1}",
        "not": "~{0}",
        "up": "{0}",
        "shl": f"wrap({{0}} << ({count}), {width})",
        "shr": f"{{0}} >> ({count})",
        "larger": "{0} if {0} > {1} else {1}",
        "smaller": "{0} if {0} < {1} else {1}",
        "mod": "{0} % {1} if {0} >= 0 and {1} > 0 else remainder({0}, {1})",
    }
    if operation in plain:
        return plain[operation]
    arithmetic = {"pl": "{0} + {1}", "mi": "{0} - {1}", "mul": "{0} * {1}", "um": "-{0}", "abs": "abs({0})"}
    if operation == "div":
        low, _ = LIMITS[size]
        return f"{{0}} // {{1}} if {{0}} >= 0 and {{1}} > 0 else ({checked('divide({0}, {1})', size)})"
    return checked(arithmetic[operation], size)


for _oid, _name, _operation, _args, _ret in _PARTS.findall(_TABLE):
    _left = _args.split(", ")[0]
    inline(f"{_name}({_args}) {_ret}", int(_oid), _source(_operation, _SIZES[_ret], _SIZES[_left]))

inline("abs(int2) int2", 1398, checked("abs({0})", 2))
inline("abs(int4) int4", 1397, checked("abs({0})", 4))
inline("abs(int8) int8", 1396, checked("abs({0})", 8))
inline("mod(int2, int2) int2", 940, "{0} % {1} if {0} >= 0 and {1} > 0 else remainder({0}, {1})")
inline("mod(int4, int4) int4", 941, "{0} % {1} if {0} >= 0 and {1} > 0 else remainder({0}, {1})")
inline("mod(int8, int8) int8", 947, "{0} % {1} if {0} >= 0 and {1} > 0 else remainder({0}, {1})")
inline("int4inc(int4) int4", 766, checked("{0} + 1", 4))
inline("int8inc(int8) int8", 1219, checked("{0} + 1", 8))
inline("int8dec(int8) int8", 3546, checked("{0} - 1", 8))

# conversions; the name of the function is the type it makes
inline("int2(int4) int2", 314, "{0} if -32768 <= {0} <= 32767 else int2_range()")
inline("int2(int8) int2", 714, "{0} if -32768 <= {0} <= 32767 else int2_range()")
inline("int4(int2) int4", 313, "{0}")
inline("int4(int8) int4", 480, "{0} if -2147483648 <= {0} <= 2147483647 else int4_range()")
inline("int8(int2) int8", 754, "{0}")
inline("int8(int4) int8", 481, "{0}")
inline("int8(oid) int8", 1288, "{0}")
inline("int4(bool) int4", 2558, "1 if {0} else 0")
inline("bool(int4) bool", 2557, "{0} != 0")
inline("oid(int8) oid", 1287, "{0} if 0 <= {0} <= 4294967295 else oid_range()")
inline("oidlarger(oid, oid) oid", 1965, "{0} if {0} > {1} else {1}")
inline("oidsmaller(oid, oid) oid", 1966, "{0} if {0} < {1} else {1}")


@helper
def oid_range():
    raise DataError("OID out of range", sqlstate="22003")


@function("int4(char) int4", 77)
def char_to_int4(value: str) -> int:
    return wrap(value.encode("latin-1", "replace")[0], 8) if value else 0


@function("char(int4) char", 78)
def int4_to_char(value: int) -> str:
    if not -128 <= value <= 127:
        raise DataError('"char" out of range', sqlstate="22003")
    return chr(value & 0xFF) if value else ""


@function("booland_statefunc(bool, bool) bool", 2515)
def bool_and(a: bool, b: bool) -> bool:
    return a and b


@function("boolor_statefunc(bool, bool) bool", 2516)
def bool_or(a: bool, b: bool) -> bool:
    return a or b


def to_int(value: int, size: int) -> int:
    """The value itself when it fits a type of `size` bytes, 22003 otherwise."""
    low, high = LIMITS[size]
    if low <= value <= high:
        return value
    raise DataError(f"{_NAMES[size]} out of range", sqlstate="22003")
