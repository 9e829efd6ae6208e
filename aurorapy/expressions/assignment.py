"""Arrays with a part replaced: what SET a[2] = x and SET a[2:3] = b store.

    with_element({1,2,3}, (5,), 9)  → {1,2,3,NULL,9}      a one-dimensional array grows to reach the place
    with_element(NULL, (0,), 9)     → [0:0]={9}           nothing becomes an array of one element
    with_slice({1,2,3}, (2,), (3,), {8,9}) → {1,8,9}

Arrays of several dimensions keep their shape.

Errors: 2202E for subscripts that do not fit or too short a source, 22004 for NULL subscripts.

Not here: reading elements and slices (`runtime`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DataError, FeatureNotSupported, ProgramLimitExceeded
from aurorapy.expressions.registry import helper
from aurorapy.expressions.runtime import ABSENT
from aurorapy.types.values import Array

ITEMS_MAX = 134217727


def _no_nulls(*bounds: Any) -> None:
    if None in bounds:
        raise DataError("array subscript in assignment must not be null", sqlstate="22004")


def _wrong_count() -> DataError:
    return DataError("wrong number of array subscripts", sqlstate="2202E")


def _out_of_range() -> DataError:
    return DataError("array subscript out of range", sqlstate="2202E")


@helper
def with_element(array: Array | None, subscripts: tuple, value: Any, elem_oid: int) -> Array:
    _no_nulls(*subscripts)
    if array is None or not array.dims:
        return Array((value,), (1,) * len(subscripts), subscripts, elem_oid)
    if len(subscripts) != len(array.dims):
        raise _wrong_count()
    if len(subscripts) == 1:
        return _spliced(array, subscripts[0], (value,))
    offset = 0
    for subscript, length, lower in zip(subscripts, array.dims, array.lower):
        if not lower <= subscript < lower + length:
            raise _out_of_range()
        offset = offset * length + subscript - lower
    return Array((*array.items[:offset], value, *array.items[offset + 1 :]), array.dims, array.lower, elem_oid)


def _spliced(array: Array, first: int, values: tuple) -> Array:
    """A one-dimensional array with `values` from subscript `first` on, grown with NULLs where they do not touch it."""
    lower, items = array.lower[0], array.items
    start, end = min(lower, first), max(lower + len(items), first + len(values))
    if end - start > ITEMS_MAX:
        raise ProgramLimitExceeded(f"array size exceeds the maximum allowed ({ITEMS_MAX})", sqlstate="54000")
    padded = (*(None,) * (lower - start), *items, *(None,) * (end - lower - len(items)))
    at = first - start
    made = (*padded[:at], *values, *padded[at + len(values) :])
    return Array(made, (len(made),), (start,), array.elem_oid)


@helper
def with_slice(array: Array | None, lowers: tuple, uppers: tuple, value: Array | None, elem_oid: int) -> Array | None:
    """A NULL source changes nothing."""
    _no_nulls(*lowers, *uppers)
    if value is None:
        return array
    if array is None or not array.dims:
        return _new_slice(lowers, uppers, value, elem_oid)
    if len(lowers) > len(array.dims):
        raise _wrong_count()
    if len(array.dims) > 1:
        raise FeatureNotSupported("assignment to a slice of an array of several dimensions is not supported")
    first = array.lower[0] if lowers[0] is ABSENT else lowers[0]
    last = array.lower[0] + array.dims[0] - 1 if uppers[0] is ABSENT else uppers[0]
    return _spliced(array, first, _source(value, first, last))


def _new_slice(lowers: tuple, uppers: tuple, value: Array, elem_oid: int) -> Array:
    if ABSENT in lowers or ABSENT in uppers:
        raise DataError(
            "array slice subscript must provide both boundaries", sqlstate="2202E",
            detail="When assigning to a slice of an empty array value, slice boundaries must be fully specified.",
        )  # fmt: skip
    dims = tuple(last - first + 1 for first, last in zip(lowers, uppers))
    count = 1
    for length in dims:
        count *= length
    if min(dims) < 1 or count > len(value.items):
        raise _too_small() if min(dims) >= 1 else _inverted()
    return Array(value.items[:count], dims, lowers, elem_oid)


def _source(value: Array, first: int, last: int) -> tuple:
    if first > last:
        raise _inverted()
    if len(value.items) < last - first + 1:
        raise _too_small()
    return value.items[: last - first + 1]


def _inverted() -> DataError:
    return DataError("upper bound cannot be less than lower bound", sqlstate="2202E")


def _too_small() -> DataError:
    return DataError("source array too small", sqlstate="2202E")
