"""Variance, standard deviation, covariance, correlation and regression.

Over integers and numerics exactly, from count, sum and sum of squares; over floats by Youngs and Cramer's update, which
does not lose digits when the mean is large against the spread.

    var_samp(x) = (N Σx² - (Σx)²) / (N (N - 1))        stddev = its square root

Errors: 22003 overflow.

Not here: percentiles (`aggregates_ordered`).
"""

from __future__ import annotations

import math
from decimal import Decimal

from aurorapy.expressions.functions import decimal_rules as rules
from aurorapy.expressions.functions import numerics
from aurorapy.expressions.functions.floats import float_overflow
from aurorapy.expressions.registry import aggregate

NAN = math.nan


def _exact_start() -> list:
    return [0, Decimal(0), Decimal(0)]


def _exact_step(state: list, value) -> list:
    number = value if isinstance(value, Decimal) else Decimal(value)
    state[0] += 1
    state[1] = numerics.add(state[1], number)
    state[2] = numerics.add(state[2], numerics.multiply(number, number))
    return state


def _exact_merge(a: list, b: list) -> list:
    return [a[0] + b[0], numerics.add(a[1], b[1]), numerics.add(a[2], b[2])]


def _exact(sample: bool, root: bool):
    def final(state: list) -> Decimal | None:
        count, total, squares = state
        if count == 0 or (sample and count == 1):
            return None
        if not (total.is_finite() and squares.is_finite()):
            return numerics.NAN
        spread = numerics.subtract(numerics.multiply(Decimal(count), squares), numerics.multiply(total, total))
        if spread <= 0:
            return Decimal(0)
        divisor = Decimal(count * (count - 1 if sample else count))
        scale = rules.quotient_scale(spread, divisor)
        variance = rules.quotient(spread, divisor, scale)
        return rules.root(variance, scale) if root and variance else variance

    return final


def _float_start() -> list:
    return [0.0, 0.0, 0.0]


def _float_step(state: list, value: float) -> list:
    count, total, spread = state
    if count > 0:
        count += 1.0
        new_total = total + value
        gap = value * count - new_total
        spread += gap * gap / (count * (count - 1.0))
        if math.isinf(new_total) or math.isinf(spread):
            if not math.isinf(total) and not math.isinf(value):
                float_overflow()
            spread = NAN
        return [count, new_total, spread]
    return [1.0, value, NAN if math.isnan(value) or math.isinf(value) else 0.0]


def _float(sample: bool, root: bool):
    def final(state: list) -> float | None:
        count, _, spread = state
        if count == 0 or (sample and count <= 1):
            return None
        variance = spread / (count - 1 if sample else count)
        return math.sqrt(variance) if root else variance

    return final


_KINDS = {
    "var_pop": (False, False),
    "var_samp": (True, False),
    "variance": (True, False),
    "stddev_pop": (False, True),
    "stddev_samp": (True, True),
    "stddev": (True, True),
}
_TABLE = """
2154 stddev(int8) numeric; 2155 stddev(int4) numeric; 2156 stddev(int2) numeric; 2157 stddev(float4) float8
2158 stddev(float8) float8; 2159 stddev(numeric) numeric; 2724 stddev_pop(int8) numeric; 2725 stddev_pop(int4) numeric
2726 stddev_pop(int2) numeric; 2727 stddev_pop(float4) float8; 2728 stddev_pop(float8) float8
2729 stddev_pop(numeric) numeric; 2712 stddev_samp(int8) numeric; 2713 stddev_samp(int4) numeric
2714 stddev_samp(int2) numeric; 2715 stddev_samp(float4) float8; 2716 stddev_samp(float8) float8
2717 stddev_samp(numeric) numeric; 2718 var_pop(int8) numeric; 2719 var_pop(int4) numeric; 2720 var_pop(int2) numeric
2721 var_pop(float4) float8; 2722 var_pop(float8) float8; 2723 var_pop(numeric) numeric; 2641 var_samp(int8) numeric
2642 var_samp(int4) numeric; 2643 var_samp(int2) numeric; 2644 var_samp(float4) float8; 2645 var_samp(float8) float8
2646 var_samp(numeric) numeric; 2148 variance(int8) numeric; 2149 variance(int4) numeric; 2150 variance(int2) numeric
2151 variance(float4) float8; 2152 variance(float8) float8; 2153 variance(numeric) numeric
"""
for _entry in _TABLE.replace("\n", ";").split(";"):
    if _entry.strip():
        _oid, _signature = _entry.strip().split(" ", 1)
        _kind = _KINDS[_signature.split("(")[0]]
        if "float" in _signature.split(")")[0]:
            aggregate(_signature, int(_oid), init=_float_start, step=_float_step, final=_float(*_kind))
        else:
            aggregate(
                _signature, int(_oid), init=_exact_start, step=_exact_step, combine=_exact_merge, final=_exact(*_kind)
            )

# ---- two variables: state N, Sx, Sxx, Sy, Syy, Sxy; the first argument is Y -------------------------------------------


def _pair_start() -> list:
    return [0.0] * 6


def _pair_step(state: list, y: float, x: float) -> list:
    count, sx, sxx, sy, syy, sxy = state
    count += 1.0
    sx, sy = sx + x, sy + y
    if count > 1:
        gap_x, gap_y, scale = x * count - sx, y * count - sy, 1.0 / (count * (count - 1.0))
        sxx += gap_x * gap_x * scale
        syy += gap_y * gap_y * scale
        sxy += gap_x * gap_y * scale
        if any(map(math.isinf, (sx, sxx, sy, syy, sxy))):
            sxx = NAN if math.isinf(sxx) else sxx
            syy = NAN if math.isinf(syy) else syy
            sxy = NAN if math.isinf(sxy) else sxy
    else:
        bad_x, bad_y = not math.isfinite(x), not math.isfinite(y)
        sxx = NAN if bad_x else sxx
        syy = NAN if bad_y else syy
        sxy = NAN if bad_x or bad_y else sxy
    return [count, sx, sxx, sy, syy, sxy]


def _corr(n, sx, sxx, sy, syy, sxy):
    return None if sxx == 0 or syy == 0 else sxy / math.sqrt(sxx * syy)


def _slope(n, sx, sxx, sy, syy, sxy):
    return None if sxx == 0 else sxy / sxx


def _intercept(n, sx, sxx, sy, syy, sxy):
    return None if sxx == 0 else (sy - sx * sxy / sxx) / n


def _r2(n, sx, sxx, sy, syy, sxy):
    return None if sxx == 0 else 1.0 if syy == 0 else (sxy * sxy) / (sxx * syy)


def _over(formula, least: int = 1):
    return lambda state: None if state[0] < least else formula(*state)


_pair = dict(init=_pair_start, step=_pair_step)
aggregate("corr(float8, float8) float8", 2829, **_pair, final=_over(_corr))
aggregate("covar_pop(float8, float8) float8", 2827, **_pair, final=_over(lambda n, sx, sxx, sy, syy, sxy: sxy / n))
aggregate("covar_samp(float8, float8) float8", 2828, **_pair, final=_over(lambda n, sx, sxx, sy, syy, sxy: sxy / (n - 1), 2))
aggregate("regr_avgx(float8, float8) float8", 2822, **_pair, final=_over(lambda n, sx, sxx, sy, syy, sxy: sx / n))
aggregate("regr_avgy(float8, float8) float8", 2823, **_pair, final=_over(lambda n, sx, sxx, sy, syy, sxy: sy / n))
aggregate("regr_sxx(float8, float8) float8", 2819, **_pair, final=_over(lambda n, sx, sxx, sy, syy, sxy: sxx))
aggregate("regr_syy(float8, float8) float8", 2820, **_pair, final=_over(lambda n, sx, sxx, sy, syy, sxy: syy))
aggregate("regr_sxy(float8, float8) float8", 2821, **_pair, final=_over(lambda n, sx, sxx, sy, syy, sxy: sxy))
aggregate("regr_slope(float8, float8) float8", 2825, **_pair, final=_over(_slope))
aggregate("regr_intercept(float8, float8) float8", 2826, **_pair, final=_over(_intercept))
aggregate("regr_r2(float8, float8) float8", 2824, **_pair, final=_over(_r2))
aggregate("regr_count(float8, float8) int8", 2818, init=int, step=lambda state, y, x: state + 1)
