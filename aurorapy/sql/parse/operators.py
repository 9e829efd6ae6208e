"""PostgreSQL's operator precedence, applied to a row of operands and operator marks.

    [a, =, b, ||, c, IS NULL]   ->   (a = (b || c)) IS NULL

From loose to tight: OR, AND, NOT, IS, comparison (not associative), BETWEEN IN LIKE (not associative), every other
operator, + -, * / %, ^, AT TIME ZONE, unary sign; COLLATE, [], :: and . never get here, they are parts of an operand.
All binary operators associate to the left.

Errors: the syntax error at the operator that PostgreSQL would refuse (`a < b < c`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.sql.parse import raw
from aurorapy.sql.parse.marks import OpMark

COMPARISON = 5
PATTERN = 6
POWERS = {
    "or": 1,
    "and": 2,
    "is": 4,
    "distinct": 4,
    "like": PATTERN,
    "in": PATTERN,
    "between": PATTERN,
    "overlaps": 8,
    "timezone": 12,
}
OPERATOR_POWERS = {"+": 9, "-": 9, "*": 10, "/": 10, "%": 10, "^": 11}
for _name in ("=", "<", ">", "<=", ">=", "<>"):
    OPERATOR_POWERS[_name] = COMPARISON
OTHER = 8
SIGN = 14


class AnyArgument:
    """`ANY (x)` or `ALL (x)` as the right operand of an operator."""

    __slots__ = ("any", "arg")

    def __init__(self, any: bool, arg: Any) -> None:
        self.any = any
        self.arg = arg


class Climber:
    """One pass over `items`; `fail(token)` gives the syntax error at a token of the source."""

    __slots__ = ("items", "at", "fail")

    def __init__(self, items: list[Any], fail: Callable[[int], Exception]) -> None:
        self.items = items
        self.at = 0
        self.fail = fail

    def run(self) -> Any:
        result = self.parse(0)
        if self.at < len(self.items):
            raise self.refuse(self.items[self.at])
        if isinstance(result, AnyArgument):
            raise self.fail(-1)
        return result

    def refuse(self, item: Any) -> Exception:
        return self.fail(item.token if isinstance(item, OpMark) else -1)

    def power(self, mark: OpMark) -> int:
        if mark.kind == "op":
            return OPERATOR_POWERS.get(mark.name, OTHER) if mark.schema is None else OTHER
        return POWERS.get(mark.kind, -1)

    def parse(self, minimum: int) -> Any:
        left = self.prefix(minimum)
        while self.at < len(self.items):
            mark = self.items[self.at]
            if not isinstance(mark, OpMark):
                raise self.fail(-1)
            power = self.power(mark)
            if power < minimum:
                break
            self.at += 1
            left = self.infix(left, mark, power)
            if power in (COMPARISON, PATTERN):
                self.not_associative(power)
        return left

    def not_associative(self, power: int) -> None:
        if self.at < len(self.items):
            mark = self.items[self.at]
            if isinstance(mark, OpMark) and self.power(mark) == power:
                raise self.refuse(mark)

    def prefix(self, minimum: int) -> Any:
        signs = []
        while True:
            item = self.items[self.at]
            if not isinstance(item, OpMark):
                self.at += 1
                value = item
                break
            if item.kind == "not":
                if minimum > 3:
                    raise self.refuse(item)
                self.at += 1
                value = raw.BoolOp("not", [self.parse(3)], position=item.position)
                break
            if item.kind != "prefix":
                raise self.refuse(item)
            self.at += 1
            if item.name not in ("+", "-"):
                value = raw.Operator(item.name, None, self.parse(OTHER + 1), item.schema, position=item.position)
                break
            signs.append(item)
        for mark in reversed(signs):
            value = self.signed(mark, value)
        return value

    def signed(self, mark: OpMark, value: Any) -> Any:
        """-5 is a constant of its own, not an operation on 5."""
        if isinstance(value, raw.Literal) and value.kind in ("integer", "numeric") and mark.schema is None:
            if mark.name == "+":
                return value
            text = value.value[1:] if value.value.startswith("-") else "-" + value.value
            return raw.Literal(value.kind, text, position=mark.position)
        return raw.Operator(mark.name, None, value, mark.schema, position=mark.position)

    def infix(self, left: Any, mark: OpMark, power: int) -> Any:
        kind, position = mark.kind, mark.position
        if kind == "op":
            right = self.parse(power + 1)
            if isinstance(right, AnyArgument):
                return raw.Quantified(mark.name, left, right.arg, right.any, mark.schema, position=position)
            return raw.Operator(mark.name, left, right, mark.schema, position=position)
        if kind in ("and", "or"):
            right = self.parse(power + 1)
            if isinstance(left, raw.BoolOp) and left.op == kind:
                left.args.append(right)
                return left
            return raw.BoolOp(kind, [left, right], position=position)
        if kind == "is":
            return raw.IsTest(left, mark.name, mark.negated, position=position)
        if kind == "distinct":
            return raw.Distinct(left, self.parse(power + 1), mark.negated, position=position)
        if kind == "in":
            return self.in_test(left, mark)
        if kind == "like":
            return self.like(left, mark)
        if kind == "between":
            return self.between(left, mark)
        if kind == "timezone":
            zone = self.parse(power + 1)
            return raw.Call(("pg_catalog", "timezone"), [zone, left], special="timezone", position=position)
        if kind == "overlaps":
            right = self.parse(power + 1)
            if isinstance(left, raw.Row) and isinstance(right, raw.Row):
                args = left.items + right.items
                return raw.Call(("pg_catalog", "overlaps"), args, special="overlaps", position=position)
        raise self.refuse(mark)

    def in_test(self, left: Any, mark: OpMark) -> Any:
        right = self.items[self.at]
        self.at += 1
        if isinstance(right, raw.QueryExpr) and right.kind == "scalar":
            return raw.InTest(left, right.query, mark.negated, position=mark.position)
        if isinstance(left, raw.Row) and not any(isinstance(item, raw.Row) for item in getattr(right, "items", ())):
            return raw.InTest(left, [right], mark.negated, position=mark.position)  # a list of one row
        if isinstance(right, raw.Row) and not right.explicit:
            return raw.InTest(left, right.items, mark.negated, position=mark.position)
        return raw.InTest(left, [right], mark.negated, position=mark.position)

    def like(self, left: Any, mark: OpMark) -> Any:
        right = self.parse(PATTERN + 1)
        if isinstance(right, AnyArgument):
            return raw.Quantified(mark.name, left, right.arg, right.any, position=mark.position)
        escape = None
        if self.at < len(self.items) and getattr(self.items[self.at], "kind", "") == "escape":
            self.at += 1
            escape = self.parse(PATTERN + 1)
        similar = mark.schema == "similar"
        return raw.LikeTest(mark.name, left, right, escape, similar, position=mark.position)

    def between(self, left: Any, mark: OpMark) -> Any:
        low = self.parse(COMPARISON)
        if self.at >= len(self.items) or self.items[self.at].kind != "between and":
            raise self.refuse(mark)
        self.at += 1
        high = self.parse(PATTERN + 1)
        return raw.Between(left, low, high, mark.negated, mark.name == "symmetric", position=mark.position)
