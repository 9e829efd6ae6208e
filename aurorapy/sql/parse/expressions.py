"""Expressions out of the query parser's tree: rows of marks become operators, dotted parts become casts and subscripts.

Not here: precedence (`operators`), FROM (`fromitems`), clauses (`query`).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from sqlglot import exp

from aurorapy.errors import SyntaxError
from aurorapy.sql.parse import raw
from aurorapy.sql.parse.feed import Feed
from aurorapy.sql.parse.fromitems import FromItems
from aurorapy.sql.parse.marks import CallMark, CastMark, CollateMark, FrameMark, IndexMark, OpMark, Word
from aurorapy.sql.parse.operators import AnyArgument, Climber


class Expressions(FromItems):
    """Knows the marks of one feed."""

    def __init__(self, fed: Feed) -> None:
        self.fed = fed
        self.marks = fed.marks

    def fail(self, token: int) -> SyntaxError:
        return self.fed.source.near(token if token >= 0 else self.fed.last)

    # -- marks ---------------------------------------------------------------------------------------------------------
    def mark_of(self, node: Any) -> Any:
        """The mark behind an identifier or a column of one; None for any other node."""
        if isinstance(node, exp.Column) and len([v for v in node.args.values() if v is not None]) == 1:
            node = node.args["this"]
        if isinstance(node, exp.Identifier):
            return self.marks[int(node.args["this"])]
        return None

    def word(self, node: Any) -> Word:
        if isinstance(node, (exp.Column, exp.TableAlias)):
            node = node.args["this"]
        mark = self.mark_of(node)
        if not isinstance(mark, Word):
            raise self.fail(-1)
        return mark

    def first_position(self, node: Any) -> int:
        """Where the first mark below a node stands in the text."""
        for identifier in node.find_all(exp.Identifier, bfs=False):
            position = getattr(self.marks[int(identifier.args["this"])], "position", 0)
            if position:
                return position
        return 0

    def token_at(self, position: int) -> int:
        return bisect_left(self.fed.source.starts, position - 1)

    def position_before(self, position: int, words: tuple[str, ...], back: int) -> int:
        """The place of the nearest of these words before `position`, or `back` tokens before that."""
        source = self.fed.source
        at = self.token_at(position)
        while at >= self.fed.first + back:
            if source.texts[at] in words and (not back or source.texts[at - back] == "("):
                return source.position(at - back)
            at -= 1
        return position

    def query_position(self, node: Any) -> int:
        """Where the parenthesis of a subquery opens."""
        return self.position_before(self.first_position(node), ("select", "values", "with", "table"), 1)

    def listed(self, node: Any) -> list[Any]:
        """The members of `(a, b)`, or of `(a)`."""
        if isinstance(node, exp.Tuple):
            return node.expressions
        if isinstance(node, exp.Paren):
            return [node.args["this"]]
        return [node]

    # -- operators -----------------------------------------------------------------------------------------------------
    def expr(self, node: Any) -> Any:
        if type(node) is not exp.Add:
            mark = self.mark_of(node)
            if mark is not None and not isinstance(mark, (Word, OpMark, CallMark)):
                return mark
            return self.operand(node)
        items: list[Any] = []
        while type(node) is exp.Add:
            items.append(node.args["expression"])
            node = node.args["this"]
        items.append(node)
        items.reverse()
        return self.climb(items)

    def climb(self, nodes: list[Any]) -> Any:
        items: list[Any] = []
        for node in nodes:
            mark = self.mark_of(node)
            if isinstance(mark, OpMark):
                items.append(mark)
            else:
                items.append(self.operand(node))
        first = items[0]
        if isinstance(first, OpMark) and first.kind in ("prefix", "ties"):
            if first.kind == "ties" or first.name == "variadic":
                name = "ties" if first.kind == "ties" else "variadic"
                return raw.Special(name, [Climber(items[1:], self.fail).run()], position=first.position)
            if first.name.startswith("=>"):
                inner = Climber(items[1:], self.fail).run()
                return raw.Special("named", [first.name[2:], inner], position=first.position)
        using = items[-1]
        if isinstance(using, OpMark) and using.kind == "using":
            return raw.Special("using", [Climber(items[:-1], self.fail).run(), using.name], position=using.position)
        return Climber(items, self.fail).run()

    # -- operands ------------------------------------------------------------------------------------------------------
    def operand(self, node: Any) -> Any:
        kind = type(node)
        if kind is exp.Column or kind is exp.Dot or kind is exp.Identifier:
            return self.dotted(node)
        if kind is exp.Paren:
            while type(node.args["this"]) is exp.Paren:
                node = node.args["this"]
            return self.expr(node.args["this"])
        if kind is exp.Tuple:
            items = [self.expr(e) for e in node.expressions]
            position = self.first_position(node)
            return raw.Row(items, position=max(position - 1, 0))
        if kind is exp.Subquery:
            return raw.QueryExpr("scalar", self.query(node), position=self.query_position(node))
        if kind is exp.Case:
            return self.case(node)
        if kind is exp.Star:
            return raw.ColumnRef(("*",), True)
        if kind is exp.Add:
            return self.expr(node)
        if kind in (exp.Anonymous, exp.Window, exp.Filter, exp.WithinGroup):
            return self.call(node, [])
        if kind is exp.Values:
            return raw.QueryExpr("scalar", self.query(node))
        raise self.fail(-1)

    def case(self, node: Any) -> raw.Case:
        operand = node.args.get("this")
        whens = [(self.expr(i.args["this"]), self.expr(i.args["true"])) for i in node.args["ifs"]]
        otherwise = node.args.get("default")
        return raw.Case(
            self.expr(operand) if operand is not None else None,
            whens,
            self.expr(otherwise) if otherwise is not None else None,
            position=self.position_before(self.first_position(node), ("case",), 0),
        )

    def parts(self, node: Any) -> list[Any]:
        """`a.b.c` in order, however the parser nested it."""
        out: list[Any] = []
        while type(node) is exp.Dot:
            right = node.args["expression"]
            out.extend(reversed(self.parts(right)) if type(right) in (exp.Dot, exp.Column) else [right])
            node = node.args["this"]
        if type(node) is exp.Column:
            args = node.args
            out.extend(args[k] for k in ("this", "table", "db", "catalog") if args.get(k) is not None)
        else:
            out.append(node)
        out.reverse()
        return out

    def dotted(self, node: Any) -> Any:
        parts = self.parts(node)
        at = 0
        words: list[Word] = []
        star = False
        while at < len(parts):
            part = parts[at]
            mark = self.mark_of(part) if type(part) is exp.Identifier else None
            if isinstance(mark, Word):
                words.append(mark)
                at += 1
            elif type(part) is exp.Star and words:
                star = True
                at += 1
                break
            else:
                break
        if words:
            value, at = self.named(words, star, parts, at)
        else:
            first = parts[0]
            mark = self.mark_of(first) if type(first) is exp.Identifier else None
            value = mark if mark is not None else self.operand(first)
            if isinstance(value, (OpMark, CallMark)):
                raise self.fail(-1)
            at = 1
        return self.postfixes(value, parts, at)

    def named(self, words: list[Word], star: bool, parts: list[Any], at: int) -> tuple[Any, int]:
        """A column reference, or the call whose schema the words are."""
        if at < len(parts) and not star and self.callee(parts[at]) is not None:
            return self.call(parts[at], words), at + 1
        names = tuple(w.text for w in words) + (("*",) if star else ())
        return raw.ColumnRef(names, star, position=words[0].position), at

    def callee(self, node: Any) -> Word | None:
        """The name of a call by name, through OVER and FILTER."""
        while type(node) in (exp.Window, exp.Filter, exp.WithinGroup):
            node = node.args["this"]
        if type(node) is exp.Anonymous:
            mark = self.mark_of(node.args["this"])
            return mark if isinstance(mark, Word) else None
        return None

    def postfixes(self, value: Any, parts: list[Any], at: int) -> Any:
        for part in parts[at:]:
            if type(part) is exp.Star:
                value = raw.Field(value, "*", position=value.position)
                continue
            if type(part) is exp.Anonymous:
                value = self.subscript(value, part)
                continue
            mark = self.mark_of(part)
            if isinstance(mark, CastMark):
                value = raw.Cast(value, mark.type, position=mark.position)
            elif isinstance(mark, CollateMark):
                value = raw.Collate(value, mark.names, position=mark.position)
            elif isinstance(mark, Word):
                value = raw.Field(value, mark.text, position=value.position)
            else:
                raise self.fail(-1)
        return value

    def subscript(self, value: Any, node: Any) -> raw.Index:
        mark = self.mark_of(node.args["this"])
        if not isinstance(mark, IndexMark):
            raise self.fail(-1)
        bounds = [self.expr(e) for e in node.expressions]
        lower = upper = None
        if not mark.is_slice:
            lower = bounds[0]
        else:
            if mark.has_lower:
                lower = bounds.pop(0)
            if mark.has_upper:
                upper = bounds.pop(0)
        entry = (lower, upper, mark.is_slice)
        if isinstance(value, raw.Index):
            value.subscripts.append(entry)
            return value
        return raw.Index(value, [entry], position=mark.position)

    # -- calls ---------------------------------------------------------------------------------------------------------
    def call(self, node: Any, prefix: list[Word]) -> Any:
        """A call through its wrappers: OVER, FILTER, WITHIN GROUP."""
        over = condition = None
        group: list[raw.SortBy] | None = None
        while type(node) is not exp.Anonymous:
            if type(node) is exp.Window:
                over = self.over(node)
            elif type(node) is exp.Filter:
                condition = self.expr(node.args["expression"].args["this"])
            elif type(node) is exp.WithinGroup:
                group = self.sort_list(node.args["expression"])
            else:
                raise self.fail(-1)
            node = node.args["this"]
        name = self.mark_of(node.args["this"])
        if isinstance(name, CallMark):
            return self.special(name, node.expressions)
        if not isinstance(name, Word):
            raise self.fail(-1)
        words = [*prefix, name]
        result = raw.Call(tuple(w.text for w in words), [], position=words[0].position)
        self.arguments(result, list(node.expressions))
        result.filter = condition
        result.over = over
        if group is not None:
            result.within_group, result.order = True, group
        return result

    def arguments(self, result: raw.Call, nodes: list[Any]) -> None:
        if nodes and isinstance(nodes[-1], exp.Order):
            result.order = self.sort_list(nodes[-1])
            nodes[-1] = nodes[-1].args["this"]
        if nodes and isinstance(nodes[0], exp.Distinct):
            result.distinct = True
            nodes = list(nodes[0].expressions) + nodes[1:]
        for node in nodes:
            value = self.expr(node)
            name = None
            if isinstance(value, raw.ColumnRef) and value.names == ("*",):
                if len(nodes) > 1:
                    raise self.fed.source.near(self.token_at(value.position))
                result.star = True
                return
            if isinstance(value, raw.Special) and value.name == "variadic":
                result.variadic, value = True, value.args[0]
            elif isinstance(value, raw.Special) and value.name == "named":
                position, (name, value) = value.position, value.args
                if name in result.arg_names:
                    raise SyntaxError(f'argument name "{name}" used more than once', position=position)
            elif any(result.arg_names):
                raise SyntaxError("positional argument cannot follow named argument", position=value.position)
            result.args.append(value)
            result.arg_names.append(name)
        if not any(result.arg_names):
            result.arg_names = []

    def special(self, mark: CallMark, nodes: list[Any]) -> Any:
        name, position = mark.name, mark.position
        if name in ("exists", "array query"):
            kind = "exists" if name == "exists" else "array"
            return raw.QueryExpr(kind, self.query(nodes[0]), position=position)
        if name in ("any", "all"):
            inner = nodes[0]
            is_query = type(inner) is exp.Subquery
            return AnyArgument(name == "any", self.query(inner) if is_query else self.expr(inner))
        if name == "cast":
            cast = self.mark_of(nodes[-1])
            if len(nodes) != 2 or not isinstance(cast, CastMark):
                raise self.fail(-1)
            return raw.Cast(self.expr(nodes[0]), cast.type, position=position)
        args = [self.expr(n) for n in nodes]
        if name == "array":
            return raw.ArrayItems(args, position=position)
        if name == "row":
            return raw.Row(args, True, position=position)
        if name in ("coalesce", "greatest", "least", "nullif", "grouping", "rollup", "cube", "sets"):
            if name == "nullif" and len(args) != 2:
                raise self.fail(-1)
            return raw.Special(name, args, position=position)
        return self.sql_call(mark, args)

    def sql_call(self, mark: CallMark, args: list[Any]) -> raw.Call:
        """extract, position, substring, overlay, trim: the function behind the syntax."""
        name, words = mark.name, mark.separators

        def call(function: str, items: list[Any], special: str = name) -> raw.Call:
            return raw.Call(("pg_catalog", function), items, special=special, position=mark.position)

        if name == "position":
            if words:
                return call("position", [args[1], args[0]])
            raise self.fail(-1)
        if name == "trim":
            function = {"both": "btrim", "leading": "ltrim", "trailing": "rtrim"}[words[0]]
            if "from" in words and len(args) > 1:
                args = [*args[1:], args[0]]
            return call(function, args)
        if name == "substring" and not words:
            return raw.Call(("substring",), args, position=mark.position)
        if name == "substring" and words[:1] == ["for"]:
            if len(words) == 2:
                args = [args[0], args[2], args[1]]
            else:
                args = [args[0], raw.Literal("integer", "1"), args[1]]
            return call("substring", args)
        if name == "overlay" and not words:
            return raw.Call(("overlay",), args, position=mark.position)
        if name == "extract" and words != ["from"]:
            raise self.fail(-1)
        return call(name, args)

    # -- sorting and windows -------------------------------------------------------------------------------------------
    def sort_list(self, node: Any) -> list[raw.SortBy]:
        out = []
        for item in node.expressions:
            if not isinstance(item, exp.Ordered):
                out.append(raw.SortBy(self.expr(item)))
                continue
            value = self.expr(item.args["this"])
            if isinstance(value, FrameMark):
                out.append(value)
                continue
            using = None
            if isinstance(value, raw.Special) and value.name == "using":
                value, using = value.args
            descending = bool(item.args.get("desc"))
            out.append(
                raw.SortBy(value, descending, item.args.get("nulls_first"), using, position=getattr(value, "position", 0))
            )
        return out

    def over(self, node: Any) -> raw.WindowDef | str:
        alias = node.args.get("alias")
        bare = not (node.args.get("partition_by") or node.args.get("order"))
        if alias is not None and bare and not node.args.get("first"):
            return raw.WindowDef(name=self.word(alias).text, position=self.word(alias).position)
        return self.window(node)

    def window(self, node: Any) -> raw.WindowDef:
        args = node.args
        result = raw.WindowDef(position=self.first_position(node))
        for item in args.get("partition_by") or ():
            value = self.expr(item)
            if isinstance(value, FrameMark):
                result.frame = value.frame
            else:
                result.partition.append(value)
        if args.get("order"):
            for sort in self.sort_list(args["order"]):
                if isinstance(sort, FrameMark):
                    result.frame = sort.frame
                else:
                    result.order.append(sort)
        if args.get("alias") is not None and isinstance(args["alias"], exp.Identifier):
            result.base = self.word(args["alias"]).text
        return result
