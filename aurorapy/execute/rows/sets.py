"""UNION ALL, INTERSECT, EXCEPT: branches as functions, one loop over them; the latter two by counting rows in a dict."""

from __future__ import annotations

from collections import Counter
from typing import Any, Iterable, Iterator

from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows import subplans
from aurorapy.execute.rows.codegen import Writer
from aurorapy.execute.rows.runtime import dispose
from aurorapy.expressions.ordering import equality_key
from aurorapy.sql.plan import nodes


def append(w: Writer, node: nodes.Append, needed: Any, consume: Any) -> None:
    wanted = sorted(k[1] for k in needed | ops.needed_by(node.quals) if k[0] == node.rel)
    names = []
    for child, targets in node.inputs:
        names.append(subplans.rows_function(w, child, [targets[i - 1] for i in wanted]))
    columns = w.declare([(node.rel, i) for i in wanted])
    with w.block(f"for source in {w.tuple_of(names)}:"):
        with w.block(f"for {w.pattern(columns)} in source():"):
            with w.passing(node.quals):
                consume()


def set_operation(w: Writer, node: nodes.SetOperation, needed: Any, consume: Any) -> None:
    left = subplans.rows_function(w, *node.left)
    right = subplans.rows_function(w, *node.right)
    keys = w.bind(tuple(equality_key(oid) for oid in node.type_oids), "keys")
    combine = w.bind(intersect if node.op == "intersect" else except_)
    width = len(node.left[1])
    names = w.declare([(node.rel, i) for i in range(1, width + 1)])
    with w.block(f"for {w.pattern(names)} in {combine}({left}(), {right}(), {node.all}, {keys}, give_way):"):
        with w.passing(node.quals):
            consume()


def _normal(row: tuple, keys: tuple) -> tuple:
    return tuple(v if k is None or v is None else k(v) for v, k in zip(row, keys))


def intersect(left: Iterable[tuple], right: Iterable[tuple], all_: bool, keys: tuple, give_way: Any) -> Iterator[tuple]:
    """Rows of `left` that `right` has too: once each, or with ALL as often as both have them."""
    counts = Counter(_normal(row, keys) for row in right)
    for row in left:
        key = _normal(row, keys)
        if counts[key] > 0:
            counts[key] = counts[key] - 1 if all_ else 0
            yield row
    dispose(counts, give_way)


def except_(left: Iterable[tuple], right: Iterable[tuple], all_: bool, keys: tuple, give_way: Any) -> Iterator[tuple]:
    """Rows of `left` that `right` has not: once each, or with ALL as often as `left` has them more."""
    counts = Counter(_normal(row, keys) for row in right)
    seen: set[tuple] = set()
    for row in left:
        key = _normal(row, keys)
        if counts[key] > 0:
            if all_:
                counts[key] -= 1
            continue
        if not all_:
            if key in seen:
                continue
            seen.add(key)
        yield row
    dispose(counts, give_way)
    dispose(seen, give_way)
