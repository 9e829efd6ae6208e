"""How values of a type compare beyond Python's own ==, < and hash: the exceptions of types.values, in one place.

    sort_key(25) → None                 text sorts as Python strings do
    sort_key(701)(nan) → (1, 0.0)       NaN above everything, equal to itself
    equality_key(1042)("ab  ") → "ab"   trailing blanks of character(n) do not count

`sort_key(oid)` gives a function to a value that Python orders as PostgreSQL orders the original; `equality_key(oid)` one
to a hashable value that is equal exactly when the originals are. None stands for the value itself. NULL is not handled
here except inside arrays and records, where it sorts last and equals itself.

Not here: SQL's three-valued comparison of nullable operands (`expressions.compile`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Callable

from aurorapy.errors import UndefinedFunction
from aurorapy.expressions.jsonvalue import jsonb_key
from aurorapy.expressions.typeoids import ARRAY_TYPES
from aurorapy.types.values import Array, Record, TimeTz

Key = Callable[[Any], Any]
_NAN = (1, 0)


def _float_key(value: float) -> tuple[int, float]:
    return (0, value) if value == value else _NAN


def _numeric_key(value: Decimal) -> tuple[int, Any]:
    return (0, value) if value == value else _NAN


def bpchar_key(value: str) -> str:
    """Trailing blanks of character(n) do not count."""
    return value.rstrip(" ")


def _array_key(value: Array) -> tuple:
    """Elements first, then number of dimensions, then the dimensions themselves (array_cmp)."""
    key = sort_key(value.elem_oid)
    items = tuple((1, 0) if v is None else (0, v if key is None else key(v)) for v in value.items)
    return (items, len(value.dims), value.dims, value.lower)


def _record_key(value: Record) -> tuple:
    return tuple(
        (1, 0) if v is None else (0, v if (key := sort_key(oid)) is None else key(v))
        for v, oid in zip(value.fields, value.type_oids)
    )


def _timetz_key(value: TimeTz) -> tuple[int, int]:
    return value.sort_key


_SORT_KEYS: dict[int, Key] = {
    700: _float_key, 701: _float_key, 1700: _numeric_key, 1042: bpchar_key, 3802: jsonb_key, 2277: _array_key,
    2249: _record_key, 1266: _timetz_key,
}  # fmt: skip
_UNORDERED = {114: "json", 142: "xml", 600: "point", 28: "xid", 29: "cid"}


def sort_key(oid: int) -> Key | None:
    """A key function for Python's sort, or None when values sort by themselves.

    Raises UndefinedFunction (42883) for a type without an ordering, with the sentence PostgreSQL uses for arrays.
    """
    found = _SORT_KEYS.get(oid)
    if found is not None:
        return found
    if oid in ARRAY_TYPES or oid == 2287:
        return _array_key
    if oid in _UNORDERED:
        raise UndefinedFunction(f"could not identify a comparison function for type {_UNORDERED[oid]}")
    return None


def equality_key(oid: int) -> Key | None:
    """A function to a hashable value with the type's equality, or None when the value itself will do."""
    if oid in (28, 29):
        return None
    if oid == 114:
        raise UndefinedFunction("could not identify an equality operator for type json")
    return sort_key(oid)


def compare(oid: int, left: Any, right: Any) -> int:
    """-1, 0 or 1 for two values that are not NULL, in the type's default order."""
    key = sort_key(oid)
    if key is not None:
        left, right = key(left), key(right)
    return -1 if left < right else 1 if right < left else 0


def equal(oid: int, left: Any, right: Any) -> bool:
    """The type's default equality for two values that are not NULL."""
    key = equality_key(oid)
    return left == right if key is None else key(left) == key(right)


def array_key(value: Array) -> tuple:
    """The sort key of an array of any type; raises 42883 when its elements have no order."""
    return _array_key(value)
