"""count, sum, avg, min, max, the boolean and bit aggregates, string_agg and array_agg.

Sums of integers are Python ints, so they never overflow on the way; a sum over no rows is NULL, count is 0.

    sum(int4) → int8      sum(int8) → numeric      avg(int4) → numeric      sum(real) → real

Errors: 22003 for results that do not fit.

Not here: variance, regression (`aggregates_statistics`), ordered sets (`aggregates_ordered`), JSON (`json_build`).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from aurorapy.errors import DataError
from aurorapy.expressions.functions import numerics
from aurorapy.expressions.functions.floats import checked_float, single
from aurorapy.expressions.functions.integers import to_int
from aurorapy.expressions.functions.long_values import joined
from aurorapy.expressions.ordering import sort_key
from aurorapy.expressions.registry import aggregate, helper
from aurorapy.expressions.typeoids import OID_OF, type_oid
from aurorapy.types.values import Array, Interval

_SIGNATURE = re.compile(r"(\d+) (\w+\(([^)]*)\) (\S+?))(?:;|$)", re.M)


def nothing() -> None:
    """The state before the first row."""


def _inline(update: str, final: str = "{s}") -> tuple[str, str, str]:
    return "None", f"{{s}} = {{0}} if {{s}} is None else {update}", final


# ---- count ----------------------------------------------------------------------------------------------------------

_count = dict(init=int, combine=lambda a, b: a + b, inline=("0", "{s} += 1", "{s}"), trans_type=20, not_null=True)
aggregate("count() int8", 2803, step=lambda state: state + 1, **_count)
aggregate("count(any) int8", 2147, step=lambda state, value: state + 1, **_count)

# ---- sum ------------------------------------------------------------------------------------------------------------


def _plus(state: Any, value: Any) -> Any:
    return value if state is None else state + value


def _to_int8(state: int | None) -> int | None:
    return None if state is None else to_int(state, 8)


def _to_numeric(state: int | None) -> Decimal | None:
    return None if state is None else Decimal(state)


@helper
def sum_int8(state: int | None) -> int | None:
    """The last step of sum(int4), for templates."""
    return None if state is None else to_int(state, 8)


@helper
def sum_numeric(state: int | None) -> Decimal | None:
    """The last step of sum(int8), for templates."""
    return None if state is None else Decimal(state)


def _add_numeric(state: Decimal | None, value: Decimal) -> Decimal:
    return value if state is None else numerics.add(state, value)


def _add_float(state: float | None, value: float) -> float:
    return value if state is None else checked_float(state + value, state, value)


def _add_real(state: float | None, value: float) -> float:
    return value if state is None else checked_float(single(state + value), state, value)


def add_intervals(a: Interval | None, b: Interval) -> Interval:
    """Part by part; 22008 when a part leaves its range."""
    if a is None:
        return b
    months, days, micros = a.months + b.months, a.days + b.days, a.micros + b.micros
    if not (-(2**31) <= months < 2**31 and -(2**31) <= days < 2**31 and -(2**63) <= micros < 2**63):
        raise DataError("interval out of range", sqlstate="22008")
    return Interval(months, days, micros)


helper(_add_numeric, "add_numeric")
_int_sum = dict(init=nothing, step=_plus, combine=_plus)
aggregate("sum(int2) int8", 2109, **_int_sum, final=_to_int8, inline=_inline("{s} + {0}", "sum_int8({s})"), trans_type=20)
aggregate("sum(int4) int8", 2108, **_int_sum, final=_to_int8, inline=_inline("{s} + {0}", "sum_int8({s})"), trans_type=20)
aggregate("sum(int8) numeric", 2107, **_int_sum, final=_to_numeric, inline=_inline("{s} + {0}", "sum_numeric({s})"))
aggregate(
    "sum(numeric) numeric", 2114, init=nothing, step=_add_numeric, combine=_add_numeric, inline=_inline("add_numeric({s}, {0})")
)
aggregate("sum(float8) float8", 2111, init=nothing, step=_add_float, combine=_add_float, trans_type=701)
aggregate("sum(float4) float4", 2110, init=nothing, step=_add_real, combine=_add_real, trans_type=700)
aggregate("sum(interval) interval", 2113, init=nothing, step=add_intervals, combine=add_intervals, trans_type=1186)

# ---- avg: state [count, sum] ----------------------------------------------------------------------------------------


def _no_rows() -> list:
    return [0, None]


def _gather(add):
    def step(state: list, value: Any) -> list:
        state[0] += 1
        state[1] = add(state[1], value)
        return state

    return step


def _merge(add):
    def combine(a: list, b: list) -> list:
        if not a[0]:
            return b
        return [a[0] + b[0], add(a[1], b[1])] if b[0] else a

    return combine


def _mean_numeric(state: list) -> Decimal | None:
    return numerics.divide(Decimal(state[1]), Decimal(state[0])) if state[0] else None


def _mean_float(state: list) -> float | None:
    return state[1] / state[0] if state[0] else None


def _mean_interval(state: list) -> Interval | None:
    from aurorapy.expressions.functions.datetime_arithmetic import interval_divide

    return interval_divide(state[1], float(state[0])) if state[0] else None


for _signature, _oid, _sum, _final in (
    ("avg(int2) numeric", 2102, _plus, _mean_numeric),
    ("avg(int4) numeric", 2101, _plus, _mean_numeric),
    ("avg(int8) numeric", 2100, _plus, _mean_numeric),
    ("avg(numeric) numeric", 2103, _add_numeric, _mean_numeric),
    ("avg(float4) float8", 2104, _add_float, _mean_float),
    ("avg(float8) float8", 2105, _add_float, _mean_float),
    ("avg(interval) interval", 2106, add_intervals, _mean_interval),
):
    aggregate(_signature, _oid, init=_no_rows, step=_gather(_sum), combine=_merge(_sum), final=_final)

# ---- min and max ----------------------------------------------------------------------------------------------------

_EXTREMES = """
2050 max(anyarray) anyarray; 2115 max(int8) int8; 2116 max(int4) int4; 2117 max(int2) int2; 2118 max(oid) oid
2119 max(float4) float4; 2120 max(float8) float8; 2122 max(date) date; 2123 max(time) time; 2124 max(timetz) timetz
2126 max(timestamp) timestamp; 2127 max(timestamptz) timestamptz; 2128 max(interval) interval; 2129 max(text) text
2130 max(numeric) numeric; 2244 max(bpchar) bpchar; 2797 max(tid) tid; 3526 max(anyenum) anyenum
4189 max(pg_lsn) pg_lsn; 5099 max(xid8) xid8; 2051 min(anyarray) anyarray; 2131 min(int8) int8; 2132 min(int4) int4
2133 min(int2) int2; 2134 min(oid) oid; 2135 min(float4) float4; 2136 min(float8) float8; 2138 min(date) date
2139 min(time) time; 2140 min(timetz) timetz; 2142 min(timestamp) timestamp; 2143 min(timestamptz) timestamptz
2144 min(interval) interval; 2145 min(text) text; 2146 min(numeric) numeric; 2245 min(bpchar) bpchar
2798 min(tid) tid; 3527 min(anyenum) anyenum; 4190 min(pg_lsn) pg_lsn; 5100 min(xid8) xid8
"""


def _keep(oid: int, greatest: bool):
    key = sort_key(oid)

    def step(state: Any, value: Any) -> Any:
        if state is None:
            return value
        a, b = (state, value) if key is None else (key(state), key(value))
        return value if (a < b if greatest else b < a) else state

    return step


def _declare_extremes() -> None:
    for oid, signature, argument, _ in _SIGNATURE.findall(_EXTREMES):
        if argument not in OID_OF and not argument.endswith("[]"):
            continue
        greatest = signature.startswith("max")
        of = type_oid(argument)
        step = _keep(of, greatest)
        sign = ">" if greatest else "<"
        template = _inline(f"({{0}} if {{0}} {sign} {{s}} else {{s}})") if sort_key(of) is None else None
        aggregate(signature, int(oid), init=nothing, step=step, combine=step, inline=template, trans_type=of)


_declare_extremes()

# ---- booleans and bits ----------------------------------------------------------------------------------------------

_and, _or = lambda a, b: b if a is None else a and b, lambda a, b: b if a is None else a or b
_bit_and, _bit_or = lambda a, b: b if a is None else a & b, lambda a, b: b if a is None else a | b
_bit_xor = lambda a, b: b if a is None else a ^ b  # noqa: E731 - one of a row
aggregate("bool_and(bool) bool", 2517, init=nothing, step=_and, combine=_and, inline=_inline("({s} and {0})"))
aggregate("every(bool) bool", 2519, init=nothing, step=_and, combine=_and, inline=_inline("({s} and {0})"))
aggregate("bool_or(bool) bool", 2518, init=nothing, step=_or, combine=_or, inline=_inline("({s} or {0})"))

_BITS = """
2236 bit_and(int2) int2; 2238 bit_and(int4) int4; 2240 bit_and(int8) int8; 2237 bit_or(int2) int2
2239 bit_or(int4) int4; 2241 bit_or(int8) int8; 6164 bit_xor(int2) int2; 6165 bit_xor(int4) int4
6166 bit_xor(int8) int8
"""
for _oid, _signature, _argument, _ in _SIGNATURE.findall(_BITS):
    if _argument in ("int2", "int4", "int8"):
        _step = {"bit_and": _bit_and, "bit_or": _bit_or, "bit_xor": _bit_xor}[_signature.split("(")[0]]
        aggregate(_signature, int(_oid), init=nothing, step=_step, combine=_step)

# ---- collecting -----------------------------------------------------------------------------------------------------


def _join_step(state: list | None, value: Any, delimiter: Any) -> list | None:
    if value is None:
        return state
    if state is None:
        return [value]
    if delimiter is not None:
        state.append(delimiter)
    state.append(value)
    return state


aggregate(
    "string_agg(text, text) text", 3538, init=nothing, step=_join_step, strict=False,
    final=lambda state: None if state is None else joined(state),
)  # fmt: skip
aggregate(
    "string_agg(bytea, bytea) bytea", 3545, init=nothing, step=_join_step, strict=False,
    final=lambda state: None if state is None else b"".join(state),
)  # fmt: skip


def _collect(types, state: list | None, value: Any) -> list:
    if state is None:
        return [types.args[0], value]
    state.append(value)
    return state


aggregate(
    "array_agg(anynonarray) anyarray", 2335, init=nothing, step=_collect, strict=False, types=True,
    final=lambda state: None if state is None else Array.of(state[1:], state[0]),
)  # fmt: skip


def _collect_arrays(state: list | None, value: Array | None) -> list:
    if value is None:
        raise DataError("cannot accumulate null arrays", sqlstate="22004")
    if not value.dims:
        raise DataError("cannot accumulate empty arrays", sqlstate="2202E")
    if state is None:
        return [value]
    if state[0].dims != value.dims:
        raise DataError("cannot accumulate arrays of different dimensionality", sqlstate="2202E")
    state.append(value)
    return state


def _stack(state: list | None) -> Array | None:
    if state is None:
        return None
    first: Array = state[0]
    items = tuple(v for a in state for v in a.items)
    return Array(items, (len(state), *first.dims), (1, *first.lower), first.elem_oid)


aggregate("array_agg(anyarray) anyarray", 4053, init=nothing, step=_collect_arrays, strict=False, final=_stack)
