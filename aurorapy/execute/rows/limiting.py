"""LIMIT, OFFSET and DISTINCT over sorted rows. A Limit ends its function, so nothing below runs further than needed."""

from __future__ import annotations

from typing import Any

from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows.codegen import Writer
from aurorapy.execute.rows.sorting import limit_count, offset_count
from aurorapy.expressions.ordering import equality_key
from aurorapy.sql.plan import nodes


def limit(w: Writer, node: nodes.Limit, needed: Any, consume: Any) -> None:
    skip, left, last = w.name("skip"), w.name("left"), w.name("last")
    if node.offset is not None:
        w.line(f"{skip} = {w.bind(offset_count)}({w.source(node.offset)})")
    if node.limit is not None:
        w.line(f"{left} = {w.bind(limit_count)}({w.source(node.limit)})")
        w.line(f"if {left} == 0: return")
        if node.ties:
            w.line(f"if {left} is None: {left} = 1 << 62")

    def each() -> None:
        if node.offset is not None:
            _skip(w, skip, lambda: _count(w, node, left, consume, last))
        else:
            _count(w, node, left, consume, last)

    ties = frozenset((k.expr.rte, k.expr.attno) for k in node.ties or ())
    ops.produce(w, node.child, needed | ties, each)


def _skip(w: Writer, skip: str, then: Any) -> None:
    with w.block(f"if {skip} > 0:"):
        w.line(f"{skip} -= 1")
        if w.fn.blocks:
            w.line("continue")
    if w.fn.blocks:
        then()
    else:
        with w.block("else:"):
            then()


def _count(w: Writer, node: nodes.Limit, left: str, consume: Any, last: str) -> None:
    if node.limit is None:
        consume()
        return
    if not node.ties:
        once = "once" + left
        with w.block(f"for {once} in (0,):"):
            consume()
        w.line(f"if {left} is not None:")
        w.line(f"    {left} -= 1")
        w.line(f"    if {left} == 0: return")
        return
    key = w.tuple_of([w.source(k.expr) for k in node.ties])
    w.line(f"if {left} <= 0 and {last} != {key}: return")
    w.line(f"{last} = {key}")
    w.line(f"{left} -= 1")
    consume()


def unique(w: Writer, node: nodes.Unique, needed: Any, consume: Any) -> None:
    last = w.name("last")
    w.line(f"{last} = None")

    def each() -> None:
        parts = []
        for key in node.keys:
            source, normal = w.source(key), equality_key(key.type_oid)
            parts.append(f"({source} and {w.bind(normal)}({source}))" if normal is not None else source)
        w.line(f"key = {w.tuple_of(parts)}")
        with w.block(f"if key != {last}:"):
            w.line(f"{last} = key")
            consume()

    ops.produce(w, node.child, needed | ops.needed_by(node.keys), each)
