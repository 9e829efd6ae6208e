"""Ordered-set and hypothetical-set aggregates: percentile_cont, percentile_disc, mode, rank and kin.

    percentile_cont(0.5) WITHIN GROUP (ORDER BY x)      the executor sorts, these look

final(ctx, types, values, *direct): `values` are the sorted rows as tuples, without rows that hold a NULL.

Errors: 22003 percentile value out of range.

Not here: sorting.
"""

from __future__ import annotations

import math
from typing import Any

from aurorapy.errors import DataError
from aurorapy.expressions.functions.datetime_arithmetic import interval_minus, interval_multiply, interval_plus
from aurorapy.expressions.ordering import equality_key, sort_key
from aurorapy.expressions.registry import aggregate
from aurorapy.expressions.typeoids import ELEMENT_OF
from aurorapy.types.values import Array


def _check(fraction: float) -> None:
    if fraction != fraction or not 0 <= fraction <= 1:
        raise DataError(f"percentile value {fraction:g} is not between 0 and 1", sqlstate="22003")


def _discrete(values: list, fraction: float) -> Any:
    return values[max(math.ceil(fraction * len(values)), 1) - 1][0]


def _between_floats(low: float, high: float, part: float) -> float:
    return low + part * (high - low)


def _between_spans(low, high, part: float):
    return interval_plus(low, interval_multiply(interval_minus(high, low), part))


def _continuous(between):
    def pick(values: list, fraction: float) -> Any:
        place = fraction * (len(values) - 1)
        first, second = math.floor(place), math.ceil(place)
        low, high = values[first][0], values[second][0]
        return low if first == second else between(low, high, place - first)

    return pick


def _one(pick):
    def final(ctx, types, values: list, fraction: float | None) -> Any:
        if fraction is None:
            return None
        _check(fraction)
        return pick(values, fraction) if values else None

    return final


def _many(pick):
    def final(ctx, types, values: list, fractions: Array | None) -> Array | None:
        if fractions is None or not values:
            return None
        for fraction in fractions.items:
            if fraction is not None:
                _check(fraction)
        items = tuple(None if f is None else pick(values, f) for f in fractions.items)
        elem = ELEMENT_OF.get(types.ret, types.args[-1])
        return Array(items, fractions.dims, fractions.lower, elem)

    return final


def _mode(ctx, types, values: list) -> Any:
    """The most frequent value; of several the first in order."""
    key = equality_key(types.args[-1])
    best, best_count, current, count, last = None, 0, None, 0, None
    for (value,) in values:
        same = value if key is None else key(value)
        if count and same == last:
            count += 1
        else:
            current, count, last = value, 1, same
        if count > best_count:
            best, best_count = current, count
    return best


def _no_state() -> list:
    return []


def _add(state: list, *values: Any) -> list:
    state.append(values)
    return state


_set = dict(init=_no_state, step=_add, kind="o", context=True, types=True)
_floats, _spans = _continuous(_between_floats), _continuous(_between_spans)
aggregate("percentile_cont(float8, float8) float8", 3974, final=_one(_floats), **_set)
aggregate("percentile_cont(float8, interval) interval", 3976, final=_one(_spans), **_set)
aggregate("percentile_cont(float8[], float8) float8[]", 3980, final=_many(_floats), **_set)
aggregate("percentile_cont(float8[], interval) interval[]", 3982, final=_many(_spans), **_set)
aggregate("percentile_disc(float8, anyelement) anyelement", 3972, final=_one(_discrete), **_set)
aggregate("percentile_disc(float8[], anyelement) anyarray", 3978, final=_many(_discrete), **_set)
aggregate("mode(anyelement) anyelement", 3984, final=_mode, **_set)


# ---- where a hypothetical row would stand ---------------------------------------------------------------------------


def _keys(types, row: tuple) -> tuple:
    oids = types.args[-len(row) :]
    return tuple(v if (key := sort_key(o)) is None or v is None else key(v) for v, o in zip(row, oids))


def _counts(types, values: list, direct: tuple) -> tuple[int, int, int]:
    """(rows before, rows equal, distinct rows before)"""
    mine = _keys(types, direct)
    before = [k for k in (_keys(types, row) for row in values) if k < mine]
    equal = sum(1 for row in values if _keys(types, row) == mine)
    return len(before), equal, len(set(before))


def _hypothetical(formula):
    return lambda ctx, types, values, *direct: formula(len(values), *_counts(types, values, direct))


_hypo = dict(init=_no_state, step=_add, kind="h", context=True, types=True, strict=False)
aggregate("rank(variadic any) int8", 3986, final=_hypothetical(lambda n, b, e, d: b + 1), **_hypo)
aggregate("dense_rank(variadic any) int8", 3992, final=_hypothetical(lambda n, b, e, d: d + 1), **_hypo)
aggregate("percent_rank(variadic any) float8", 3988, final=_hypothetical(lambda n, b, e, d: b / n if n else 0.0), **_hypo)
aggregate("cume_dist(variadic any) float8", 3990, final=_hypothetical(lambda n, b, e, d: (b + e + 1) / (n + 1)), **_hypo)
