"""What emitted source calls by name: quantified comparison, array subscripts, row comparison, extremes.

These are the `HELPERS` that do not belong to a family of functions. None is NULL everywhere.

    any_element(eq, 1, Array{1,NULL}) → True       any_element(eq, 2, Array{1,NULL}) → None
    array_element(Array{10,20}, (2,)) → 20         out of bounds, or a NULL subscript → None

Errors: 2202E for sub-arrays of different shapes.

Not here: SQL-visible array functions (`functions.array`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DataError
from aurorapy.expressions.registry import CallTypes, Function, helper
from aurorapy.types.values import Array, Record

helper(Array)
helper(Record)
ABSENT = helper(object(), "ABSENT")  # a bound left out of a slice


@helper
def any_element(test: Callable, left: Any, array: Array | None, strict: bool, ctx: Any = None) -> bool | None:
    """left op ANY (array)"""
    return _quantified(test, left, array, strict, ctx, True)


@helper
def all_elements(test: Callable, left: Any, array: Array | None, strict: bool, ctx: Any = None) -> bool | None:
    """left op ALL (array)"""
    return _quantified(test, left, array, strict, ctx, False)


def _quantified(test: Callable, left: Any, array: Array | None, strict: bool, ctx: Any, stop: bool) -> bool | None:
    if array is None or (strict and left is None and array.items):
        return None
    unknown = False
    for item in array.items:
        if strict and item is None:
            unknown = True
            continue
        result = test(left, item) if ctx is None else test(ctx, left, item)
        if result is None:
            unknown = True
        elif result is stop:
            return stop
    return None if unknown else not stop


@helper
def extreme(less: Callable[[Any, Any], bool], greatest: bool, values: tuple) -> Any:
    """GREATEST or LEAST: NULLs do not take part."""
    best = None
    for value in values:
        if value is None:
            continue
        if best is None or (less(best, value) if greatest else less(value, best)):
            best = value
    return best


@helper
def record_null_test(value: Record | None, is_null: bool) -> bool:
    """row IS [NOT] NULL: all fields are; an absent row counts as all NULL."""
    if value is None:
        return is_null
    return all((f is None) is is_null for f in value.fields)


@helper
def row_compare(op: str, left: tuple, right: tuple, equals: tuple, less: tuple) -> bool | None:
    """(a, b) op (c, d) in lexicographic order; for = and <> a NULL leaves it open unless a pair differs."""
    if op in ("=", "<>"):
        unknown = False
        for a, b, same in zip(left, right, equals):
            if a is None or b is None:
                unknown = True
            elif not same(a, b):
                return op == "<>"
        return None if unknown else op == "="
    for a, b, same, before in zip(left, right, equals, less):
        if a is None or b is None:
            return None
        if not same(a, b):
            return before(a, b) == (op[0] == "<")
    return op in ("<=", ">=")


# ---- arrays ---------------------------------------------------------------------------------------------------------


@helper
def array_of_arrays(items: tuple, elem_oid: int) -> Array:
    """ARRAY[a, b] whose items are arrays: one more dimension. NULL and empty items count as empty."""
    shapes = [(i.dims, i.lower) if i is not None else ((), ()) for i in items]
    if all(not dims for dims, _ in shapes):
        return Array((), (), (), elem_oid)
    if any(shape != shapes[0] for shape in shapes):
        raise DataError(
            "multidimensional arrays must have array expressions with matching dimensions", sqlstate="2202E"
        )
    flat = tuple(v for i in items for v in i.items)
    return Array(flat, (len(items), *shapes[0][0]), (1, *shapes[0][1]), elem_oid)


@helper
def array_element(array: Array | None, subscripts: tuple) -> Any:
    if array is None or len(subscripts) != len(array.dims):
        return None
    offset = 0
    for subscript, length, lower in zip(subscripts, array.dims, array.lower):
        if subscript is None or not lower <= subscript < lower + length:
            return None
        offset = offset * length + subscript - lower
    return array.items[offset]


@helper
def array_slice(array: Array | None, lowers: tuple, uppers: tuple) -> Array | None:
    """array[l:u, ...]; a plain subscript among slices has come as 1:u. Always numbered from 1."""
    if array is None or any(b is None for b in (*lowers, *uppers)):
        return None
    empty = Array((), (), (), array.elem_oid)
    if len(lowers) > len(array.dims):
        return empty
    ranges = []
    for i, (length, lower) in enumerate(zip(array.dims, array.lower)):
        first = lower if i >= len(lowers) or lowers[i] is ABSENT else max(lower, lowers[i])
        last = lower + length - 1 if i >= len(uppers) or uppers[i] is ABSENT else min(lower + length - 1, uppers[i])
        if first > last:
            return empty
        ranges.append((first - lower, last - lower))
    items = tuple(_slice_items(array.items, array.dims, ranges))
    dims = tuple(last - first + 1 for first, last in ranges)
    return Array(items, dims, (1,) * len(dims), array.elem_oid)


def _slice_items(items: tuple, dims: tuple, ranges: list):
    if not dims:
        yield from items
        return
    width = len(items) // dims[0]
    first, last = ranges[0]
    for i in range(first, last + 1):
        yield from _slice_items(items[i * width : (i + 1) * width], dims[1:], ranges[1:])


@helper
def map_array(change: Callable[[Any], Any], array: Array | None, elem_oid: int) -> Array | None:
    """The same shape with every element changed."""
    if array is None:
        return None
    return Array(tuple(map(change, array.items)), array.dims, array.lower, elem_oid)


def spreader(fn: Function, types: CallTypes) -> Callable[..., Any]:
    """f(ctx, a, ..., array) for a VARIADIC "any" function: the array's elements become the last arguments."""
    lead_types = types.args[:-1]

    def call(ctx: Any, *args: Any) -> Any:
        array = args[-1]
        if array is None:
            return None
        given = CallTypes(lead_types + (array.elem_oid,) * len(array.items), types.ret)
        lead = ((ctx,) if fn.needs_context else ()) + ((given,) if fn.wants_types else ())
        return fn.call(*lead, *args[:-1], *array.items)

    return call
