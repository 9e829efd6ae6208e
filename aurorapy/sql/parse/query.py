"""From the query parser's tree and the marks behind it to `raw` nodes: the only module that knows sqlglot's classes.

    parse_query(source, first, last) -> (raw.Select | SetOperation | Values | Insert | Update | Delete, highest $n)
    parse_expression(source, first, last) -> (expression, highest $n)

Errors: SyntaxError at the token where the parser stopped; RecursionError becomes 54001.

Not here: expressions (`expressions`), FROM items (`fromitems`).
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ErrorLevel, ParseError
from sqlglot.tokens import Token, TokenType

from aurorapy.errors import SyntaxError
from aurorapy.sql.parse import raw
from aurorapy.sql.parse.expressions import Expressions
from aurorapy.sql.parse.feed import Feed, feed, feed_expression
from aurorapy.sql.parse.marks import RowsMark, Word
from aurorapy.sql.parse.source import Source
from aurorapy_native.lexer import too_deep

_DIALECT = Postgres()
_PARSER = type(_DIALECT.parser())


class _Terms(dict):
    """The parser's table of signs between operands. It asks here after every operand: its compiled code never looks for
    signals, this call does, so that a long statement can be left (`host.preemption`)."""

    def __contains__(self, kind: object) -> bool:
        return dict.__contains__(self, kind)


_PARSER.TERM = _Terms(_PARSER.TERM)
_SET_OPERATIONS = {exp.Union: "union", exp.Intersect: "intersect", exp.Except: "except"}


def parse_query(source: Source, first: int, last: int) -> tuple[Any, int]:
    """The query in tokens [first, last) and the highest parameter number in it; a SELECT INTO has its `into` set."""
    try:
        fed = feed(source, first, last)
        tree = _tree(fed)
        try:
            result = Queries(fed).statement(tree)
        finally:
            _take_apart(tree)
        if fed.into is not None:
            result.into = fed.into
        return result, fed.highest_param
    except RecursionError:
        raise too_deep() from None


def parse_expression(source: Source, first: int, last: int) -> tuple[Any, int]:
    """The expression in tokens [first, last)."""
    try:
        fed = feed_expression(source, first, last)
        fed.tokens.insert(0, Token(TokenType.SELECT, "SELECT", first, 0, 0, 0))
        tree = _tree(fed)
        targets = tree.expressions
        if len(targets) != 1 or isinstance(targets[0], exp.Alias) or any(
            tree.args.get(key) for key in ("from_", "where", "order", "limit")
        ):
            raise source.near(last - 1)
        try:
            return Queries(fed).expr(targets[0]), fed.highest_param
        finally:
            _take_apart(tree)
    except RecursionError:
        raise too_deep() from None


def _tree(fed: Feed) -> exp.Expression:
    try:
        trees = _parser().parse(fed.tokens, "")
    except ParseError as error:
        raise _located(fed, error) from None
    if len(trees) != 1 or trees[0] is None:
        raise fed.error()
    return trees[0]


def _take_apart(tree: exp.Expression) -> None:
    """Its nodes know their parents: without this a statement's tree would stay until Python's cycle collector comes, and
    the tree of a long one keep everybody waiting then."""
    left: list[Any] = [tree]
    while left:
        item = left.pop()
        if type(item) is list:
            left += item
        elif isinstance(item, exp.Expr):
            left += item.args.values()
            item.args.clear()


def _parser():
    return _DIALECT.parser(error_level=ErrorLevel.IMMEDIATE)


def _located(fed: Feed, error: ParseError) -> SyntaxError:
    """The parser's complaint at the token of the source where it stood."""
    place = error.errors[0].get("line") if error.errors else None
    last_token = fed.tokens[-1].line if fed.tokens else fed.first
    if place is None:
        return fed.source.near(fed.last)
    if place >= last_token and not _refuses_last(fed):
        return fed.source.near(fed.last)
    return fed.source.near(min(place, fed.last))


def _refuses_last(fed: Feed) -> bool:
    """Whether the parser dislikes the last token itself, rather than that nothing follows it."""
    sentinel = len(fed.source.kinds)
    try:
        _parser().parse([*fed.tokens, Token(TokenType.HEREDOC_STRING, "", sentinel, 0, 0, 0)], "")
    except ParseError as error:
        return bool(error.errors) and error.errors[0].get("line") != sentinel
    return True


class Queries(Expressions):
    """The clauses of queries; inherits expressions and FROM items."""

    def statement(self, node: Any) -> Any:
        if isinstance(node, exp.Insert):
            return self.insert(node)
        if isinstance(node, exp.Update):
            return self.update(node)
        if isinstance(node, exp.Delete):
            return self.delete(node)
        return self.query(node)

    def query(self, node: Any) -> Any:
        kind = type(node)
        if kind is exp.Select and (wrapped := self.wrapped_values(node)) is not None:
            result = raw.Values(rows=self.rows(wrapped))
        elif kind is exp.Select:
            result = self.select(node)
        elif kind in _SET_OPERATIONS:
            result = raw.SetOperation(op=_SET_OPERATIONS[kind], all=not node.args.get("distinct"))
            result.left = self.query(node.args["this"])
            result.right = self.query(node.args["expression"])
            if isinstance(node.args["expression"], exp.Select):  # without parentheses: said of the whole
                result.locks, result.right.locks = result.right.locks, []
        elif kind is exp.Values:
            result = raw.Values(rows=self.rows(node))
        elif kind in (exp.Subquery, exp.Paren):
            result = self.query(node.args["this"])
        elif kind in (exp.Insert, exp.Update, exp.Delete):
            return self.statement(node)
        else:
            raise self.fail(-1)
        self.modifiers(node, result)
        return result

    def wrapped_values(self, node: Any) -> Any:
        """The parser makes SELECT * FROM (VALUES …) AS _values of a bare VALUES below UNION or IN."""
        from_ = node.args.get("from_")
        inner = from_.args["this"] if from_ is not None else None
        if isinstance(inner, exp.Values):
            alias = inner.args.get("alias")
            if alias is not None and isinstance(alias.args.get("this"), exp.Identifier) and alias.name == "_values":
                return inner
        return None

    def modifiers(self, node: Any, result: raw.Query) -> None:
        """WITH, ORDER BY, LIMIT, OFFSET and locks of any query node."""
        args = node.args
        if args.get("with_"):
            result.with_ = self.with_clause(args["with_"])
        if args.get("order"):
            if result.order:
                raise SyntaxError("multiple ORDER BY clauses not allowed")
            result.order = self.sort_list(args["order"])
        if args.get("limit"):
            if result.limit is not None:
                raise SyntaxError("multiple LIMIT clauses not allowed")
            limit = self.expr(args["limit"].args["expression"])
            if isinstance(limit, raw.Special) and limit.name == "ties":
                result.with_ties = True
                limit = limit.args[0]
            result.limit = limit
        if args.get("offset"):
            if result.offset is not None:
                raise SyntaxError("multiple OFFSET clauses not allowed")
            result.offset = self.expr(args["offset"].args["expression"])
        for lock in args.get("locks") or ():
            result.locks.append(self.locking(lock))

    def locking(self, node: Any) -> raw.Locking:
        key = node.args.get("key")
        if node.args.get("update"):
            strength = "no key update" if key else "update"
        else:
            strength = "key share" if key else "share"
        wait = {True: "nowait", False: "skip", None: "block"}[node.args.get("wait")]
        words = [self.word(table.args["this"]) for table in node.expressions]
        return raw.Locking(strength, [w.text for w in words], wait, position=words[0].position if words else 0)

    def with_clause(self, node: Any) -> raw.With:
        tables = []
        for cte in node.expressions:
            alias = cte.args["alias"]
            word = self.word(alias.args["this"])
            columns = [self.word(c).text for c in alias.args.get("columns") or ()]
            tables.append(
                raw.CommonTable(
                    word.text, columns, self.statement(cte.args["this"]), cte.args.get("materialized"), position=word.position
                )
            )
        return raw.With(tables, bool(node.args.get("recursive")))

    def select(self, node: Any) -> raw.Select:
        args = node.args
        result = raw.Select(targets=self.targets(node.expressions))
        distinct = args.get("distinct")
        if distinct is not None:
            on = distinct.args.get("on")
            result.distinct = [self.expr(e) for e in self.listed(on)] if on is not None else True
        result.from_ = self.from_clause(args.get("from_"), args.get("joins"))
        if args.get("where"):
            result.where = self.expr(args["where"].args["this"])
        if args.get("group"):
            result.group = [self.group_item(e) for e in args["group"].expressions]
        if args.get("having"):
            result.having = self.expr(args["having"].args["this"])
        for window in args.get("windows") or ():
            definition = self.window(window)
            definition.name = self.word(window.args["this"]).text
            result.windows.append(definition)
        return result

    def targets(self, nodes: list[Any]) -> list[raw.Target]:
        out = []
        for node in nodes:
            name = None
            if isinstance(node, exp.Alias):
                name = self.word(node.args["alias"]).text
                node = node.args["this"]
            value = self.expr(node)
            out.append(raw.Target(value, name, position=getattr(value, "position", 0)))
        return out

    def group_item(self, node: Any) -> Any:
        if isinstance(node, exp.Tuple) and not node.expressions:
            return raw.GroupSet("empty", [])
        value = self.expr(node)
        if isinstance(value, raw.Special) and value.name in ("rollup", "cube", "sets"):
            return self.group_set(value)
        return value

    def group_set(self, value: raw.Special) -> raw.GroupSet:
        items = []
        for item in value.args:
            nested = isinstance(item, raw.Special) and item.name in ("rollup", "cube", "sets")
            items.append(self.group_set(item) if nested else item)
        return raw.GroupSet(value.name, items, position=value.position)

    def rows(self, node: Any) -> list[list[Any]]:
        rows = []
        for row in node.expressions:
            items = self.listed(row)
            mark = self.mark_of(items[0]) if len(items) == 1 else None
            if isinstance(mark, RowsMark):
                rows.extend(mark.rows)
            else:
                rows.append([self.expr(e) for e in items])
        return rows

    # -- changes -------------------------------------------------------------------------------------------------------
    def target_table(self, node: Any) -> raw.FromTable:
        if not isinstance(node, exp.Table):
            raise self.fail(-1)
        table = self.table(node)
        if not isinstance(table, raw.FromTable):
            raise self.fail(-1)
        return table

    def insert(self, node: Any) -> raw.Insert:
        args = node.args
        columns: list[tuple[str, int]] = []
        elements: dict[int, list[Any]] = {}
        table = args["this"]
        if isinstance(table, exp.Schema):
            for column in table.expressions:
                word = self.word(column)
                if word.element[1]:
                    elements[len(columns)] = parse_expression(self.fed.source, *word.element)[0].subscripts
                columns.append((word.text, word.position))
            table = table.args["this"]
        result = raw.Insert(self.target_table(table), columns, elements=elements)
        mark = self.mark_of(table.args["this"])
        first = self.mark_of(table.args.get("catalog") or table.args.get("db") or table.args["this"])
        result.overriding = mark.overriding or (first.overriding if isinstance(first, Word) else "")
        if args.get("expression") is not None:
            result.source = self.query(args["expression"])
        elif not args.get("default"):
            raise self.fail(-1)
        if args.get("conflict"):
            result.conflict = self.conflict(args["conflict"])
            result.conflict.position = mark.conflict or first.conflict
        return self.with_and_returning(result, args)

    def with_and_returning(self, result: Any, args: dict[str, Any]) -> Any:
        """What INSERT, UPDATE and DELETE have alike."""
        if args.get("returning"):
            result.returning = self.targets(args["returning"].expressions)
        if args.get("with_"):
            result.with_ = self.with_clause(args["with_"])
        return result

    def conflict(self, node: Any) -> raw.Conflict:
        args = node.args
        action = "update" if "UPDATE" in args["action"].name.upper() else "nothing"
        result = raw.Conflict(action)
        for key in args.get("conflict_keys") or ():
            result.keys.append(self.expr(key.args["this"] if isinstance(key, exp.Ordered) else key))
        if args.get("index_predicate"):
            result.key_where = self.expr(args["index_predicate"].args["this"])
        if args.get("constraint"):
            result.constraint = self.word(args["constraint"]).text
        result.sets = [self.assignment(e) for e in node.expressions]
        if args.get("where"):
            result.where = self.expr(args["where"].args["this"])
        return result

    def assignment(self, node: Any) -> raw.Assign:
        """`a = x` arrives as an operator expression, `(a, b) = x` as one with a row on the left."""
        value = self.expr(node)
        if not isinstance(value, raw.Operator) or value.name != "=" or value.left is None:
            raise self.fail(-1)
        left = value.left
        if isinstance(left, raw.Row):
            names = [(c.names[-1], c.position) for c in left.items]
            return raw.Assign(names, value.right, multiple=True, position=left.position)
        subscripts = None
        if isinstance(left, raw.Index):
            subscripts, left = left.subscripts, left.arg
        if not isinstance(left, raw.ColumnRef):
            raise self.fail(-1)
        name = left.names[0]
        return raw.Assign([(name, left.position)], value.right, subscripts=subscripts, position=left.position)

    def update(self, node: Any) -> raw.Update:
        args = node.args
        result = raw.Update(self.target_table(args["this"]))
        result.sets = [self.assignment(e) for e in node.expressions]
        if not result.sets:
            raise self.fail(-1)
        result.from_ = self.from_clause(args.get("from_"), None)
        if args.get("where"):
            result.where = self.expr(args["where"].args["this"])
        return self.with_and_returning(result, args)

    def delete(self, node: Any) -> raw.Delete:
        args = node.args
        result = raw.Delete(self.target_table(args["this"]))
        for item in args.get("using") or ():
            result.using.extend(self.from_items(item))
        if args.get("where"):
            result.where = self.expr(args["where"].args["this"])
        return self.with_and_returning(result, args)
