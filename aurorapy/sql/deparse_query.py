"""A bound SELECT back into SQL text, laid out as pg_get_viewdef does.

     SELECT t.a,
        t.b AS x
       FROM (t
         JOIN u ON ((t.a = u.a)))
      WHERE (t.a > 1)
      ORDER BY t.b DESC
     LIMIT 5

USING joins appear as ON, their meaning in the bound tree. Text that is stored names relations with their schemas.

Not here: expressions (`deparse`), changes of data.
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import FeatureNotSupported
from aurorapy.expressions import nodes as n
from aurorapy.sql.deparse import SYSTEM, Writer
from aurorapy.sql.parse.keywords import quote_name
from aurorapy.sql.tree import Join, Query, Ref, Rte, SetOp, Target
from aurorapy.types.model import TypeContext

LOCKS = {"update": "UPDATE", "no key update": "NO KEY UPDATE", "share": "SHARE", "key share": "KEY SHARE"}
KINDS = {"inner": "JOIN", "left": "LEFT JOIN", "right": "RIGHT JOIN", "full": "FULL JOIN", "cross": "CROSS JOIN"}


class QueryWriter:
    """Text of queries; `around` is the list of queries outside, innermost last."""

    def __init__(self, context: TypeContext, catalog: Any, pretty: bool, stored: bool) -> None:
        self.context = context
        self.catalog = catalog
        self.pretty = pretty
        self.stored = stored

    # -- queries -------------------------------------------------------------------------------------------------------
    def query(self, query: Query, around: list[Query], indent: int, names: list[str] | None = None) -> str:
        """`indent` is how far to the right the query stands."""
        if query.kind not in ("select", "values"):
            raise FeatureNotSupported("text of a data-modifying statement is not supported")
        writer = self.writer([*around, query], indent)
        pad = "\n" + " " * indent
        lines = [self.with_(query, around, indent)] if query.ctes else []
        if query.set_op is not None:
            lines.append(self.set_operation(query, query.set_op, around, indent, names))
        elif self.is_values(query):
            lines.append(" VALUES " + ", ".join(self.row(writer, row) for row in query.rtes[0].values))
        else:
            lines.append(self.select(query, writer, around, indent, names))
        lines += self.tail(query, writer)
        return pad.join(lines)

    def is_values(self, query: Query) -> bool:
        """VALUES alone: one entry of rows, all of its columns under their own names."""
        if len(query.rtes) != 1 or query.rtes[0].kind != "values" or query.where is not None or query.group_by:
            return False
        targets = [t for t in query.targets if not t.junk]
        names = [t.name for t in targets]
        return names == [f"column{i + 1}" for i in range(len(names))] and all(isinstance(t.expr, n.Column) for t in targets)

    def row(self, writer: Writer, row: list[n.Expr]) -> str:
        return "(" + ", ".join(writer.text(e, False) for e in row) + ")"

    def with_(self, query: Query, around: list[Query], indent: int) -> str:
        pad = "\n" + " " * (indent + 8)
        parts = []
        for cte in query.ctes:
            columns = ""
            if cte.recursive:
                columns = "(" + ", ".join(quote_name(t.name) for t in cte.query.targets if not t.junk) + ")"
            kept = {True: "MATERIALIZED ", False: "NOT MATERIALIZED ", None: ""}[cte.materialized]
            inner = self.query(cte.query, [*around, query], indent + 8, self.cte_names(query, cte))
            parts.append(f"{quote_name(cte.name)}{columns} AS {kept}({pad}{inner}{pad})")
        word = "RECURSIVE " if any(c.recursive for c in query.ctes) else ""
        return f" WITH {word}" + ", ".join(parts)

    def cte_names(self, query: Query, cte: Any) -> list[str] | None:
        """The columns as WITH renamed them, known from where the name is used."""
        for rte in query.rtes:
            if rte.kind == "cte" and rte.cte == cte.name and rte.alias == cte.name and rte.cte_levels_up == 0:
                return rte.columns
        return None

    def set_operation(self, query: Query, tree: Any, around: list[Query], indent: int, names: list[str] | None) -> str:
        if isinstance(tree, Ref):
            rte = query.rtes[tree.rte]
            inner = rte.query
            text = self.query(inner, [*around, query], indent, names)
            needs = bool(inner.order_by or inner.limit or inner.offset or inner.locks or inner.ctes or inner.set_op)
            return f"({text})" if needs else text
        left = self.set_operation(query, tree.left, around, indent, names)
        right = self.set_operation(query, tree.right, around, indent, None)
        if isinstance(tree.right, SetOp):
            right = f"({right})"
        if isinstance(tree.left, SetOp) and (tree.left.op, tree.left.all) != (tree.op, tree.all):
            left = f"({left})"
        pad = "\n" + " " * indent
        return f"{left}{pad}{tree.op.upper()}{' ALL' if tree.all else ''}{pad}{right}"

    def select(self, query: Query, writer: Writer, around: list[Query], indent: int, names: list[str] | None) -> str:
        pad = "\n" + " " * indent
        distinct = ""
        if query.distinct_on:
            distinct = " DISTINCT ON (" + ", ".join(writer.text(e, True) for e in query.distinct_on) + ")"
        elif query.distinct:
            distinct = " DISTINCT"
        targets = [t for t in query.targets if not t.junk]
        shown = [self.target(t, writer, names[i] if names else t.name) for i, t in enumerate(targets)]
        lines = [f" SELECT{distinct}" + self.listed(shown, f"{pad}    ")]
        if query.from_:
            items = [self.from_item(item, query, writer, around, indent) for item in query.from_]
            lines.append("   FROM " + f",{pad}    ".join(items))
        if query.where is not None:
            lines.append(f"  WHERE {writer.text(query.where)}")
        if query.group_by or query.grouping_sets:
            lines.append(f"  GROUP BY {self.groups(query, writer)}")
        if query.having is not None:
            lines.append(f" HAVING {writer.text(query.having)}")
        return pad.join(lines)

    @staticmethod
    def listed(shown: list[str], pad: str) -> str:
        """Outputs, each on a line of its own; one that starts with a line break needs no other."""
        text = ""
        for number, item in enumerate(shown):
            comma = "," if number else ""
            text += comma + (item if item.startswith("\n") else (pad if number else " ") + item)
        return text

    def target(self, target: Target, writer: Writer, name: str) -> str:
        text = writer.text(target.expr, True)
        if name == "?column?":
            return text
        own = target.expr.name if isinstance(target.expr, n.Column) and target.expr.attno else None
        if isinstance(target.expr, n.Column) and text.rpartition(".")[2] == quote_name(name):
            return text
        return text if own == name and "." not in text else f"{text} AS {quote_name(name)}"

    def groups(self, query: Query, writer: Writer) -> str:
        listed = [writer.text(e, True) for e in query.group_by]
        if query.grouping_sets is None:
            return ", ".join(listed)
        sets = ("(" + ", ".join(listed[i] for i in places) + ")" for places in query.grouping_sets)
        return "GROUPING SETS (" + ", ".join(sets) + ")"

    def tail(self, query: Query, writer: Writer) -> list[str]:
        lines = []
        if query.order_by:
            if query.set_op is not None:
                keys = [str(self.place(query, k)) + (" DESC" if k.descending else "") for k in query.order_by]
                lines.append("  ORDER BY " + ", ".join(keys))
            else:
                lines.append("  ORDER BY " + writer.sort(query.order_by))
        if query.offset is not None:
            lines.append(f" OFFSET {writer.text(query.offset)}")
        if query.limit is not None:
            text = writer.text(query.limit)
            lines.append(f" FETCH FIRST {text} ROWS WITH TIES" if query.with_ties else f" LIMIT {text}")
        for lock in query.locks:
            tables = ", ".join(quote_name(query.rtes[i].alias) for i in lock.rtes)
            wait = {"block": "", "nowait": " NOWAIT", "skip": " SKIP LOCKED"}[lock.wait]
            lines.append(f" FOR {LOCKS[lock.strength]} OF {tables}{wait}")
        return lines

    def place(self, query: Query, key: Any) -> int:
        return next(i for i, t in enumerate(query.targets, 1) if t.expr == key.expr)

    # -- FROM ----------------------------------------------------------------------------------------------------------
    def from_item(self, item: Any, query: Query, writer: Writer, around: list[Query], indent: int) -> str:
        if isinstance(item, Ref):
            return self.entry(query.rtes[item.rte], query, writer, around, indent)
        assert isinstance(item, Join)
        left = self.from_item(item.left, query, writer, around, indent)
        right = self.from_item(item.right, query, writer, around, indent)
        if isinstance(item.right, Join) and self.pretty:
            right = f"({right})"
        pad = "\n" + " " * (indent + 5)
        on = "" if item.on is None else f" ON {writer.text(item.on)}" if self.pretty else f" ON ({writer.text(item.on)})"
        text = f"{left}{pad}{KINDS[item.kind]} {right}{on}"
        return text if self.pretty else f"({text})"

    def entry(self, rte: Rte, query: Query, writer: Writer, around: list[Query], indent: int) -> str:
        relation = rte.view or rte.relation
        if relation is not None and rte.kind in ("table", "subquery"):
            only = "" if rte.inherits else "ONLY "
            text = only + self.relation(relation)
            renamed = self.renamed(rte, [c.name for c in relation.live_columns()])
            return text if rte.alias == relation.name and not renamed else f"{text} {quote_name(rte.alias)}{renamed}"
        if rte.kind == "cte":
            text = quote_name(rte.cte)
            return text if rte.alias == rte.cte else f"{text} {quote_name(rte.alias)}"
        lateral = "LATERAL " if rte.lateral and rte.kind == "subquery" else ""
        if rte.kind == "subquery":
            names = [t.name for t in rte.query.targets if not t.junk]
            inner = self.query(rte.query, [*around, query], indent + 8)
            return f"{lateral}({inner}) {quote_name(rte.alias)}{self.renamed(rte, names)}"
        if rte.kind == "values":
            rows = ", ".join(self.row(writer, row) for row in rte.values)
            return f"( VALUES {rows}) {quote_name(rte.alias)}({', '.join(quote_name(c) for c in rte.columns)})"
        calls = ", ".join(writer.text(f) for f in rte.functions)
        text = f"ROWS FROM({calls})" if len(rte.functions) > 1 else calls
        text += " WITH ORDINALITY" if rte.ordinality else ""
        return f"{text} {quote_name(rte.alias)}({', '.join(quote_name(c) for c in rte.columns)})"

    def relation(self, relation: Any) -> str:
        found = None if self.stored else self.catalog.relation_by_name(None, relation.name)
        if found is not None and found.oid == relation.oid:
            return quote_name(relation.name)
        return f"{quote_name(relation.schema)}.{quote_name(relation.name)}"

    def renamed(self, rte: Rte, names: list[str]) -> str:
        """`(x, y)` where FROM gives the columns other names."""
        live = [c for i, c in enumerate(rte.columns) if rte.relation is None or not rte.relation.columns[i].dropped]
        return "" if live == names else "(" + ", ".join(quote_name(c) for c in live) + ")"

    # -- expressions in a query ----------------------------------------------------------------------------------------
    def writer(self, queries: list[Query], indent: int) -> Writer:
        """The writer of expressions inside the last of `queries`."""

        def column(expr: n.Column) -> str:
            rte = queries[-1 - expr.levels_up].rtes[expr.rte]
            if expr.attno == 0:
                return f"{quote_name(rte.alias)}.*"
            name = SYSTEM.get(expr.attno) or quote_name(rte.columns[expr.attno - 1])
            return f"{quote_name(rte.alias)}.{name}"

        writer = Writer(self.context, self.catalog, self.pretty, column)

        def subquery(link: n.SubLink) -> str:
            inner = self.query(link.query, queries, indent + 8)
            if link.kind == "exists":
                return f"(EXISTS ({inner}))"
            if link.kind == "array":
                return f"ARRAY({inner})"
            if link.kind == "scalar":
                return f"({inner})"
            left = writer.text(link.test.args[0], True) if isinstance(link.test, n.Call) else self.row_left(writer, link)
            word = "IN" if link.kind == "any" and link.op == "=" else f"{link.op} {link.kind.upper()}"
            word = link.op if link.kind == "row" else word
            return f"({left} {word} ({inner}))"

        def window(index: int) -> str:
            return self.window(queries[-1].windows[index], writer)

        writer.subquery, writer.window = subquery, window
        writer.indent = indent + 8
        return writer

    def row_left(self, writer: Writer, link: n.SubLink) -> str:
        tests = link.test.args if isinstance(link.test, (n.And, n.Or)) else ()
        return "(" + ", ".join(writer.text(t.args[0], True) for t in tests) + ")"

    def window(self, window: Any, writer: Writer) -> str:
        parts = []
        if window.partition:
            parts.append("PARTITION BY " + ", ".join(writer.text(e, True) for e in window.partition))
        if window.order:
            parts.append("ORDER BY " + writer.sort(window.order))
        if window.frame is not None:
            unit, start, low, end, high, exclude = window.frame

            def bound(side: str, value: Any) -> str:
                return f"{writer.text(value)} {side.upper()}" if value is not None else side.upper()

            parts.append(f"{unit.upper()} BETWEEN {bound(start, low)} AND {bound(end, high)}"
                         + (f" EXCLUDE {exclude.upper()}" if exclude else ""))  # fmt: skip
        return "(" + " ".join(parts) + ")"
