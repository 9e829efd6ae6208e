"""FROM: tables, subqueries, functions and joins out of the query parser's tree.

A comma starts a new item, a join extends the last one; joins written before their ON hang below their right table.

Not here: what the names mean (`sql.bind.scope`).
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from aurorapy.errors import FeatureNotSupported, SyntaxError
from aurorapy.sql.parse import raw
from aurorapy.sql.parse.marks import Word


class FromItems:
    """Mixed into `query.Queries`; needs its `word`, `mark_of`, `expr`, `query` and `fail`."""

    def from_clause(self, from_: Any, joins: list[Any] | None) -> list[Any]:
        if from_ is None:
            return []
        items = self.from_items(from_.args["this"])
        return self.join_all(items, joins)

    def from_items(self, node: Any) -> list[Any]:
        return self.join_all([self.from_item(node)], node.args.get("joins"))

    def join_all(self, items: list[Any], joins: list[Any] | None) -> list[Any]:
        """The items with their joins. An ON or USING belongs to the last join that still wants one, so joins wait for
        theirs on a stack: `a LEFT JOIN b CROSS JOIN c ON q` is `a LEFT JOIN (b CROSS JOIN c) ON q`."""
        waiting: list[raw.FromJoin] = []
        for join in joins or ():
            self.join_one(join, items, waiting)
        if waiting:
            raise self.fail(-1)
        return items

    def join_one(self, join: Any, items: list[Any], waiting: list[raw.FromJoin]) -> None:
        args = join.args
        right = self.from_item(args["this"])
        kind = (args.get("side") or args.get("kind") or "").lower()
        natural = (args.get("method") or "").lower() == "natural"
        using, on = args.get("using"), args.get("on")
        inside = args["this"].args.get("joins") or ()
        if not (kind or natural or using or on):  # a comma
            if waiting:
                raise self.fail(-1)
            items.append(right)
        else:
            made = raw.FromJoin("inner" if kind in ("", "outer") else kind, items.pop(), right, natural=natural)
            if natural or kind == "cross":
                items.append(made)
            else:
                waiting.append(made)
                items.append(right)
        for each in inside:
            self.join_one(each, items, waiting)
        if on is not None or using:
            made = waiting.pop()
            made.right = items.pop()
            made.on = self.expr(on) if on is not None else None
            made.using = [self.column_name(u) for u in using] if using else None
            items.append(made)

    def column_name(self, node: Any) -> str:
        return self.word(node.args["this"] if isinstance(node, exp.Column) else node).text

    def from_item(self, node: Any) -> Any:
        if isinstance(node, exp.Table):
            return self.table(node)
        if isinstance(node, exp.Subquery):
            return self.from_subquery(node, False)
        if isinstance(node, exp.Lateral):
            return self.from_lateral(node)
        if isinstance(node, exp.Values):
            query = raw.Values(rows=self.rows(node))
            self.modifiers(node, query)
            return raw.FromQuery(query, self.alias(node.args.get("alias")))
        if isinstance(node, exp.Paren):
            return self.from_items(node.args["this"])[0]
        raise self.fail(-1)

    def from_subquery(self, node: Any, lateral: bool) -> Any:
        inner = node.args["this"]
        if isinstance(inner, (exp.Table, exp.Subquery)) and not self.is_query(inner):
            item = self.from_items(inner)
            item = self.join_all(item, None)
            alias = self.alias(node.args.get("alias"))
            if len(item) != 1:
                raise self.fail(-1)
            if alias is not None and isinstance(item[0], raw.FromJoin):
                item[0].alias = alias
            elif alias is not None:
                item[0].alias = alias
            return item[0]
        query = self.query(inner)
        if any(node.args.get(key) for key in ("order", "limit", "offset")):
            self.modifiers(node, query)
        position = self.query_position(node)
        return raw.FromQuery(query, self.alias(node.args.get("alias")), lateral, position=position)

    def is_query(self, node: Any) -> bool:
        """A parenthesis around a query, not around a join."""
        while isinstance(node, exp.Subquery):
            if node.args.get("joins") or node.args.get("alias"):
                return False
            node = node.args["this"]
        return not isinstance(node, exp.Table)

    def from_lateral(self, node: Any) -> Any:
        inner = node.args["this"]
        alias = self.alias(node.args.get("alias"))
        if isinstance(inner, exp.Subquery):
            item = self.from_subquery(inner, True)
            item.alias = alias or item.alias
            return item
        if isinstance(inner, exp.Table):
            item = self.table(inner)
            item.lateral = True
            item.alias = alias or item.alias
            return item
        call = self.expr(inner)
        ordinality = bool(node.args.get("ordinality"))
        return raw.FromFunction([call], alias, True, ordinality, position=getattr(call, "position", 0))

    def table(self, node: Any) -> Any:
        args = node.args
        if args.get("sample"):
            raise FeatureNotSupported("TABLESAMPLE is not supported")
        alias = self.alias(args.get("alias"))
        if args.get("rows_from"):
            calls = [self.function_of(t) for t in args["rows_from"]]
            return raw.FromFunction(calls, alias, ordinality=bool(args.get("ordinality")))
        this = args["this"]
        mark = self.mark_of(this)
        if isinstance(mark, Word):
            words = [self.word(args[key]) for key in ("catalog", "db") if args.get(key)] + [mark]
            return raw.FromTable(
                tuple(w.text for w in words), alias, bool(args.get("only")), position=words[0].position
            )
        call = self.function_of(node)
        return raw.FromFunction(
            [call], alias, ordinality=bool(args.get("ordinality")), position=getattr(call, "position", 0)
        )

    def function_of(self, node: Any) -> Any:
        """The call in a FROM item, its schema put back in front."""
        if isinstance(node, exp.Table):
            prefix = [self.word(node.args[key]) for key in ("catalog", "db") if node.args.get(key)]
            inner = node.args["this"]
            call = self.call(inner, prefix) if isinstance(inner, exp.Anonymous) else self.expr(inner)
        else:
            call = self.expr(node)
        if not isinstance(call, (raw.Call, raw.SqlValue, raw.Special, raw.Cast)):
            raise self.fail(-1)
        return call

    def alias(self, node: Any) -> raw.Alias | None:
        if node is None or node.args.get("this") is None:
            if node is not None and node.args.get("columns"):
                raise FeatureNotSupported("column definition lists are not supported")
            return None
        columns = []
        for column in node.args.get("columns") or ():
            if isinstance(column, exp.ColumnDef):
                if column.args.get("kind") is not None:
                    raise SyntaxError(
                        'a column definition list is only allowed for functions returning "record"'
                    )
                column = column.args["this"]
            columns.append(self.word(column).text)
        return raw.Alias(self.word(node.args["this"]).text, columns)
