"""Rows of numbers, and sequences: generate_series over integers and numerics, nextval and kin.

    generate_series(1, 10, 3) → 1 4 7 10      generate_series(3, 1) → nothing

Sequences themselves belong to the instance; these functions hand over to `EvalContext.sequences`.

Errors: 22023 step size cannot be zero, NaN or infinity.

Not here: generate_series over timestamps (`datetime_arithmetic`).
"""

from __future__ import annotations

from decimal import Decimal

from aurorapy.errors import DataError
from aurorapy.expressions.functions import numerics
from aurorapy.expressions.registry import function


def _no_zero(step) -> None:
    if step == 0:
        raise DataError("step size cannot equal zero", sqlstate="22023")


@function("generate_series(int4, int4, int4) setof int4", 1066, rows=1000)
@function("generate_series(int8, int8, int8) setof int8", 1068, rows=1000)
def series_step(start: int, stop: int, step: int):
    _no_zero(step)
    return iter(range(start, stop + (1 if step > 0 else -1), step))


@function("generate_series(int4, int4) setof int4", 1067, rows=1000)
@function("generate_series(int8, int8) setof int8", 1069, rows=1000)
def series(start: int, stop: int):
    return iter(range(start, stop + 1))


def _finite(value: Decimal, what: str) -> None:
    if value.is_nan():
        raise DataError(f"{what} cannot be NaN", sqlstate="22023")
    if value.is_infinite():
        raise DataError(f"{what} cannot be infinity", sqlstate="22023")


@function("generate_series(numeric, numeric, numeric) setof numeric", 3259, rows=1000)
def series_numeric_step(start: Decimal, stop: Decimal, step: Decimal):
    _finite(start, "start value")
    _finite(stop, "stop value")
    _finite(step, "step size")
    _no_zero(step)
    return _walk(start, stop, step)


def _walk(value: Decimal, stop: Decimal, step: Decimal):
    while value <= stop if step > 0 else value >= stop:
        yield value
        value = numerics.add(value, step)


@function("generate_series(numeric, numeric) setof numeric", 3260, rows=1000)
def series_numeric(start: Decimal, stop: Decimal):
    return series_numeric_step(start, stop, Decimal(1))


@function("nextval(regclass) int8", 1574, volatility="v", context=True, not_null=True)
def nextval(ctx, sequence: int) -> int:
    return ctx.sequences.nextval(sequence)


@function("currval(regclass) int8", 1575, volatility="v", context=True, not_null=True)
def currval(ctx, sequence: int) -> int:
    return ctx.sequences.currval(sequence)


@function("setval(regclass, int8) int8", 1576, volatility="v", context=True, not_null=True)
def setval(ctx, sequence: int, value: int) -> int:
    return ctx.sequences.setval(sequence, value, True)


@function("setval(regclass, int8, bool) int8", 1765, volatility="v", context=True, not_null=True)
def setval_called(ctx, sequence: int, value: int, is_called: bool) -> int:
    return ctx.sequences.setval(sequence, value, is_called)


@function("lastval() int8", 2559, volatility="v", context=True, not_null=True)
def lastval(ctx) -> int:
    return ctx.sequences.lastval()
