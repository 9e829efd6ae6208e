"""Arrays: building, measuring, searching, cutting, turning into rows and text.

    array_append('{1,2}', 3) → {1,2,3}      array_position('{a,b}', 'b') → 2      '{1,2,3}' @> '{3,1}' → true
    array_length('[0:2]={1,2,3}', 1) → 3    array_lower(…, 1) → 0               string_to_array('1,,2', ',', '') → {1,NULL,2}

Elements are compared by their type's default equality (`ordering.equal`); NULL elements match only where it says so.

Errors: 2202E wrong number of dimensions or subscripts, 22004 null arguments, 22023, 0A000 multidimensional.

Not here: subscripts and ARRAY[...] (`expressions.runtime`), array_agg (`aggregates`).
"""

from __future__ import annotations

from typing import Any, Iterator

from aurorapy.errors import DataError, FeatureNotSupported, ProgramLimitExceeded, UndefinedObject
from aurorapy.expressions.ordering import equality_key
from aurorapy.expressions.functions.long_values import split
from aurorapy.expressions.registry import function, inline
from aurorapy.expressions.typeoids import ELEMENT_OF
from aurorapy.types.names import format_type
from aurorapy.types.values import Array

SIZE_MAX = 134217727


def _equal_items(array: Array, value: Any) -> Iterator[bool]:
    """For each element whether it is not distinct from `value`."""
    key = equality_key(array.elem_oid)
    if value is None or key is None:
        return (v == value if v is not None else value is None for v in array.items)
    wanted = key(value)
    return (v is not None and key(v) == wanted for v in array.items)


def _like(array: Array, items: Any) -> Array:
    """One-dimensional, numbered from where `array` was."""
    items = tuple(items)
    if not items:
        return Array((), (), (), array.elem_oid)
    return Array(items, (len(items),), array.lower[:1] or (1,), array.elem_oid)


def _element_type(types, index: int = 0) -> int:
    return ELEMENT_OF.get(types.args[index]) or ELEMENT_OF.get(types.ret, 25)


# ---- measures -------------------------------------------------------------------------------------------------------


@function("array_ndims(anyarray) int4", 748)
def array_ndims(array: Array) -> int | None:
    return len(array.dims) or None


@function("array_dims(anyarray) text", 747)
def array_dims(array: Array) -> str | None:
    return "".join(f"[{low}:{low + n - 1}]" for n, low in zip(array.dims, array.lower)) or None


@function("array_length(anyarray, int4) int4", 2176)
def array_length(array: Array, dimension: int) -> int | None:
    return array.dims[dimension - 1] if 0 < dimension <= len(array.dims) else None


@function("array_lower(anyarray, int4) int4", 2091)
def array_lower(array: Array, dimension: int) -> int | None:
    return array.lower[dimension - 1] if 0 < dimension <= len(array.dims) else None


@function("array_upper(anyarray, int4) int4", 2092)
def array_upper(array: Array, dimension: int) -> int | None:
    if not 0 < dimension <= len(array.dims):
        return None
    return array.lower[dimension - 1] + array.dims[dimension - 1] - 1


inline("cardinality(anyarray) int4", 3179, "len({0}.items)")

# ---- joining --------------------------------------------------------------------------------------------------------


@function("array_append(anycompatiblearray, anycompatible) anycompatiblearray", 378, strict=False, types=True, not_null=True)
def array_append(types, array: Array | None, value: Any) -> Array:
    if array is None or not array.dims:
        return Array((value,), (1,), (1,), array.elem_oid if array else _element_type(types))
    if len(array.dims) > 1:
        raise DataError("argument must be empty or one-dimensional array", sqlstate="22000")
    return _like(array, (*array.items, value))


@function("array_prepend(anycompatible, anycompatiblearray) anycompatiblearray", 379, strict=False, types=True, not_null=True)
def array_prepend(types, value: Any, array: Array | None) -> Array:
    if array is None or not array.dims:
        return Array((value,), (1,), (1,), array.elem_oid if array else _element_type(types, 1))
    if len(array.dims) > 1:
        raise DataError("argument must be empty or one-dimensional array", sqlstate="22000")
    return _like(array, (value, *array.items))


@function("array_cat(anycompatiblearray, anycompatiblearray) anycompatiblearray", 383, strict=False)
def array_cat(a: Array | None, b: Array | None) -> Array | None:
    if a is None or b is None:
        return b if a is None else a
    if not a.dims or not b.dims:
        return b if not a.dims else a
    if len(a.dims) == len(b.dims) and a.dims[1:] == b.dims[1:] and a.lower[1:] == b.lower[1:]:
        return Array(a.items + b.items, (a.dims[0] + b.dims[0], *a.dims[1:]), a.lower, a.elem_oid)
    if len(a.dims) == len(b.dims) + 1 and a.dims[1:] == b.dims and a.lower[1:] == b.lower:
        return Array(a.items + b.items, (a.dims[0] + 1, *a.dims[1:]), a.lower, a.elem_oid)
    if len(b.dims) == len(a.dims) + 1 and b.dims[1:] == a.dims and b.lower[1:] == a.lower:
        return Array(a.items + b.items, (b.dims[0] + 1, *b.dims[1:]), b.lower, a.elem_oid)
    raise _not_joinable(a, b)


def _not_joinable(a: Array, b: Array) -> DataError:
    if abs(len(a.dims) - len(b.dims)) > 1:
        detail = f"Arrays of {len(a.dims)} and {len(b.dims)} dimensions are not compatible for concatenation."
    elif len(a.dims) == len(b.dims):
        detail = "Arrays with differing element dimensions are not compatible for concatenation."
    else:
        detail = "Arrays with differing dimensions are not compatible for concatenation."
    return DataError("cannot concatenate incompatible arrays", sqlstate="2202E", detail=detail)


# ---- searching and changing -----------------------------------------------------------------------------------------


def _one_dimensional(array: Array, what: str) -> None:
    if len(array.dims) > 1:
        raise FeatureNotSupported(f"{what} multidimensional arrays is not supported")


@function("array_position(anycompatiblearray, anycompatible, int4) int4", 3278, strict=False)
def array_position_from(array: Array | None, value: Any, start: int | None) -> int | None:
    if array is None:
        return None
    _one_dimensional(array, "searching for elements in")
    if start is None:
        raise DataError("initial position must not be null", sqlstate="22004")
    low = array.lower[0] if array.lower else 1
    for index, same in enumerate(_equal_items(array, value), low):
        if same and index >= start:
            return index
    return None


@function("array_position(anycompatiblearray, anycompatible) int4", 3277, strict=False)
def array_position(array: Array | None, value: Any) -> int | None:
    return None if array is None else array_position_from(array, value, -(2**31))


@function("array_positions(anycompatiblearray, anycompatible) int4[]", 3279, strict=False)
def array_positions(array: Array | None, value: Any) -> Array | None:
    if array is None:
        return None
    _one_dimensional(array, "searching for elements in")
    low = array.lower[0] if array.lower else 1
    return Array.of([i for i, same in enumerate(_equal_items(array, value), low) if same], 23)


@function("array_remove(anycompatiblearray, anycompatible) anycompatiblearray", 3167, strict=False)
def array_remove(array: Array | None, value: Any) -> Array | None:
    if array is None:
        return None
    _one_dimensional(array, "removing elements from")
    same = list(_equal_items(array, value))
    return array if not any(same) else _like(array, (v for v, s in zip(array.items, same) if not s))


@function("array_replace(anycompatiblearray, anycompatible, anycompatible) anycompatiblearray", 3168, strict=False)
def array_replace(array: Array | None, old: Any, new: Any) -> Array | None:
    if array is None:
        return None
    items = tuple(new if same else v for v, same in zip(array.items, _equal_items(array, old)))
    return array._replace(items=items)


def _key_set(array: Array) -> set:
    key = equality_key(array.elem_oid)
    return {v if key is None else key(v) for v in array.items if v is not None}


@function("arraycontains(anyarray, anyarray) bool", 2748, not_null=True)
def array_contains(a: Array, b: Array) -> bool:
    return None not in b.items and _key_set(b) <= _key_set(a)


@function("arraycontained(anyarray, anyarray) bool", 2749, not_null=True)
def array_contained(a: Array, b: Array) -> bool:
    return array_contains(b, a)


@function("arrayoverlap(anyarray, anyarray) bool", 2747, not_null=True)
def array_overlap(a: Array, b: Array) -> bool:
    return not _key_set(a).isdisjoint(_key_set(b))


@function("array_larger(anyarray, anyarray) anyarray", 515, not_null=True)
def array_larger(a: Array, b: Array) -> Array:
    from aurorapy.expressions.ordering import array_key

    return a if array_key(a) > array_key(b) else b


@function("array_smaller(anyarray, anyarray) anyarray", 516, not_null=True)
def array_smaller(a: Array, b: Array) -> Array:
    from aurorapy.expressions.ordering import array_key

    return a if array_key(a) < array_key(b) else b


@function("trim_array(anyarray, int4) anyarray", 6172, not_null=True)
def trim_array(array: Array, count: int) -> Array:
    length = array.dims[0] if array.dims else 0
    if not 0 <= count <= length:
        raise DataError(f"number of elements to trim must be between 0 and {length}", sqlstate="2202E")
    width = len(array.items) // length if length else 0
    kept = length - count
    if not kept:
        return Array((), (), (), array.elem_oid)
    return Array(array.items[: kept * width], (kept, *array.dims[1:]), (1,) * len(array.dims), array.elem_oid)


# ---- making ---------------------------------------------------------------------------------------------------------


@function("array_fill(anyelement, int4[]) anyarray", 1193, strict=False, types=True)
def array_fill(types, value: Any, dims: Array | None) -> Array:
    return array_fill_from(types, value, dims, Array.of((1,) * len(dims.items), 23) if dims else None)


@function("array_fill(anyelement, int4[], int4[]) anyarray", 1286, strict=False, types=True)
def array_fill_from(types, value: Any, dims: Array | None, lower: Array | None) -> Array:
    if types.args[0] in ELEMENT_OF:
        raise UndefinedObject(f"could not find array type for data type {format_type(types.args[0])}")
    if dims is None or lower is None:
        raise DataError("dimension array or low bound array cannot be null", sqlstate="22004")
    if len(dims.dims) > 1 or len(lower.dims) > 1:
        raise DataError("wrong number of array subscripts", sqlstate="2202E", detail="Dimension array must be one dimensional.")
    if None in dims.items or None in lower.items:
        raise DataError("dimension values cannot be null", sqlstate="22004")
    if len(dims.items) > 6:
        raise ProgramLimitExceeded(f"number of dimensions ({len(dims.items)}) exceeds the maximum allowed (6)")
    if len(dims.items) != len(lower.items):
        raise DataError(
            "wrong number of array subscripts", sqlstate="2202E", detail="Low bound array has different size than dimensions array."
        )
    size = 1
    for n in dims.items:
        if n < 0 or size * n > SIZE_MAX:
            raise ProgramLimitExceeded(f"array size exceeds the maximum allowed ({SIZE_MAX})")
        size *= n
    if not dims.items or not size:
        return Array((), (), (), types.args[0])
    return Array((value,) * size, tuple(dims.items), tuple(lower.items), types.args[0])


# ---- rows -----------------------------------------------------------------------------------------------------------


@function("unnest(anyarray) setof anyelement", 2331, rows=100)
def unnest(array: Array):
    return iter(array.items)


@function("generate_subscripts(anyarray, int4, bool) setof int4", 1191, rows=1000)
def generate_subscripts_reverse(array: Array, dimension: int, reverse: bool):
    if not 0 < dimension <= len(array.dims):
        return iter(())
    low = array.lower[dimension - 1]
    indexes = range(low, low + array.dims[dimension - 1])
    return iter(reversed(indexes) if reverse else indexes)


@function("generate_subscripts(anyarray, int4) setof int4", 1192, rows=1000)
def generate_subscripts(array: Array, dimension: int):
    return generate_subscripts_reverse(array, dimension, False)


# ---- text -----------------------------------------------------------------------------------------------------------


@function("array_to_string(anyarray, text, text) text", 384, strict=False, volatility="s", context=True)
def array_to_string_null(ctx, array: Array | None, separator: str | None, null: str | None) -> str | None:
    if array is None or separator is None:
        return None
    shown = (null if v is None else ctx.output(v, array.elem_oid) for v in array.items)
    return separator.join(text for text in shown if text is not None)


@function("array_to_string(anyarray, text) text", 395, volatility="s", context=True, not_null=True)
def array_to_string(ctx, array: Array, separator: str) -> str:
    return array_to_string_null(ctx, array, separator, None)


def _split_text(text: str | None, separator: str | None, null: str | None) -> list | None:
    if text is None:
        return None
    if not text:
        return []
    parts = list(text) if separator is None else split(text, separator) if separator else [text]
    return [None if p == null else p for p in parts] if null is not None else parts


@function("string_to_array(text, text, text) text[]", 376, strict=False)
def string_to_array_null(text: str | None, separator: str | None, null: str | None) -> Array | None:
    parts = _split_text(text, separator, null)
    return None if parts is None else Array.of(parts, 25)


@function("string_to_array(text, text) text[]", 394, strict=False)
def string_to_array(text: str | None, separator: str | None) -> Array | None:
    return string_to_array_null(text, separator, None)


@function("string_to_table(text, text, text) setof text", 6161, strict=False, rows=1000)
def string_to_table_null(text: str | None, separator: str | None, null: str | None):
    return iter(_split_text(text, separator, null) or ())


@function("string_to_table(text, text) setof text", 6160, strict=False, rows=1000)
def string_to_table(text: str | None, separator: str | None):
    return iter(_split_text(text, separator, None) or ())
