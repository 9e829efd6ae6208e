"""Rows by index and by address: from key values to pages of rows.

An IndexAccess is made once a plan and turns the values of one execution into key ranges:

    index (a, b DESC), a = 1 AND b < 5      → encode_prefix((1,)) … bounds of b, forward or backward
    a = ANY ('{3,1,3}')                     → keys 1 and 3, once each, in the index's order

A table's index is `table.index(oid)`, with `.tree` (aurorapy_native.btree.BTree) and `.codec` (keys.KeyCodec).

Not here: whether the row still fits the key (the plan checks every condition again on the row fetched).
"""

from __future__ import annotations

from itertools import product
from typing import Any, Iterable, Iterator

from aurorapy.sql.plan.nodes import IndexScan

_INT_LIMITS = {21: (-(1 << 15), (1 << 15) - 1), 23: (-(1 << 31), (1 << 31) - 1), 20: (-(1 << 63), (1 << 63) - 1)}


class IndexAccess:
    """See the module's chapter."""

    def __init__(self, node: IndexScan) -> None:
        index, relation = node.index, node.relation
        self.oid = index.oid
        self.backward = node.backward
        self.arrays = tuple(is_array for _, is_array in node.equals)
        self.null_tests = tuple(e is None for e, _ in node.equals)
        self.any_array = any(self.arrays)
        self.any_null = any(self.null_tests)
        self.full = len(node.equals) == (index.key_count or len(index.columns)) and not self.any_array and not self.any_null
        types = [relation.columns[a - 1].type_oid if a > 0 else 0 for a in index.columns]
        self.limits = tuple(_INT_LIMITS.get(types[i]) for i in range(len(node.equals)))
        self.not_null = node.not_null
        self.has_lower, self.has_upper = node.lower is not None, node.upper is not None
        self.lower_inclusive = node.lower is not None and node.lower[1]
        self.upper_inclusive = node.upper is not None and node.upper[1]
        place = len(node.equals)
        self.range_limits = _INT_LIMITS.get(types[place]) if place < len(types) else None
        option = index.options[place] if place < len(index.options) else 0
        self.descending, self.nulls_first = bool(option & 1), bool(option & 2)

    def pages(self, table: Any, snapshot: Any, equals: tuple, lower: Any, upper: Any, columns: tuple) -> Any:
        """The visible rows in index order: access.table's RowSource."""
        index = table.index(self.oid)
        ranges = self._ranges(index.codec, self._many(equals) if self.any_array else (equals,), lower, upper)
        return table.index_pages(index, ranges, self.backward, snapshot, columns)

    def _ranges(self, codec: Any, keys: Iterable[tuple], lower: Any, upper: Any) -> Iterator[tuple]:
        for equals in keys:
            if self._may_be(equals, lower, upper) and (bounds := self._bounds(codec, equals, lower, upper)) is not None:
                yield bounds

    def _many(self, equals: tuple) -> Iterable[tuple]:
        """Arrays taken apart: every combination of key values, in the index's order."""
        choices: list[list] = []
        for value, is_array in zip(equals, self.arrays):
            if not is_array:
                choices.append([value])
            elif value is None:
                return ()
            else:
                choices.append(sorted({v for v in value.items if v is not None}, reverse=self.backward))
        return product(*choices)

    def _may_be(self, equals: tuple, lower: Any, upper: Any) -> bool:
        """False when a value is NULL, or an integer that the column cannot hold."""
        for value, limits, is_null in zip(equals, self.limits, self.null_tests):
            if value is None:
                if not is_null:
                    return False
            elif limits is not None and not limits[0] <= value <= limits[1]:
                return False
        return not (self.has_lower and lower is None or self.has_upper and upper is None)

    def _bounds(self, codec: Any, equals: tuple, lower: Any, upper: Any) -> tuple | None:
        """(low key, high key, low inclusive, high inclusive) in byte order, None for no bound; None when nothing fits."""
        low_inclusive, high_inclusive = self.lower_inclusive, self.upper_inclusive
        if self.range_limits is not None and (self.has_lower or self.has_upper):
            smallest, largest = self.range_limits
            if self.has_lower and lower > largest or self.has_upper and upper < smallest:
                return None
            if self.has_lower and lower < smallest:
                lower, low_inclusive = smallest, True
            if self.has_upper and upper > largest:
                upper, high_inclusive = largest, True
        prefix = codec.encode_prefix(equals) if equals else b""
        if self.not_null:
            return self._open_start(codec, prefix, equals), self._open_end(codec, prefix, equals), True, False
        if not self.has_lower and not self.has_upper:
            if not equals:
                return None, None, True, True
            return prefix, codec.upper_of(prefix), True, False
        low = codec.encode_prefix((*equals, lower)) if self.has_lower else None
        high = codec.encode_prefix((*equals, upper)) if self.has_upper else None
        if self.descending:
            low, high, low_inclusive, high_inclusive = high, low, high_inclusive, low_inclusive
        # a bound is a prefix of the keys equal to it: inclusive takes the whole prefix, exclusive none of it
        if low is None:
            low, from_inclusive = self._open_start(codec, prefix, equals), True
        else:
            low, from_inclusive = (low, True) if low_inclusive else (codec.upper_of(low), True)
        if high is None:
            high, to_inclusive = self._open_end(codec, prefix, equals), False
        else:
            high, to_inclusive = (codec.upper_of(high), False) if high_inclusive else (high, False)
        return low, high, from_inclusive, to_inclusive

    def _open_start(self, codec: Any, prefix: bytes, equals: tuple) -> bytes:
        """Where the column's values begin: after its NULLs when those come first."""
        return codec.upper_of(codec.encode_prefix((*equals, None))) if self.nulls_first else prefix

    def _open_end(self, codec: Any, prefix: bytes, equals: tuple) -> bytes | None:
        """Where the column's values end: before its NULLs when those come last."""
        if not self.nulls_first:
            return codec.encode_prefix((*equals, None))
        return codec.upper_of(prefix) if prefix else None


def tid_pages(table: Any, snapshot: Any, tids: Any, columns: tuple) -> Iterator[list]:
    """The row at an address, or the rows at an array of them, in address order."""
    if tids is None:
        return
    wanted = [tids] if isinstance(tids, int) else sorted({t for t in tids.items if t is not None})
    for tid in wanted:
        row = table.fetch_version(tid, snapshot, columns)
        if row is not None:
            yield [row]
