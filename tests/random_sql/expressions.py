"""Values and conditions of a wanted type, over the columns in scope.

A scope is a list of (alias, columns). `depth` says how many more levels of calls may come; subqueries come from
`select`, which a `queries.Queries` brings.
"""

from __future__ import annotations

from random import Random
from typing import Callable

from tests.random_sql.schema import Columns, literal

Scope = list[tuple[str, Columns]]

# {type} stands for an expression of that type, one level further down
FORMS = {
    "int4": [
        "({int4} + {int4})", "({int4} - {int4})", "({int4} * {int4})", "length({text})", "abs({int4})",
        "extract(year from {date})::int4", "cardinality({int4[]})", "({int4} % 7)", "{int2}::int4", "({int4[]})[2]",
    ],
    "int8": ["({int8} + {int4})", "{int4}::int8", "(- {int8})"],
    "int2": ["({int2} & {int2})"],
    "numeric": [
        "({numeric} + {numeric})", "({numeric} - {numeric})", "({numeric} * {numeric})", "round({numeric}, 1)",
        "({int4} + {numeric})", "{int8}::numeric",
    ],
    "float8": ["({float8} + {int4})", "abs({float8})", "floor({float8})"],
    "text": [
        "({text} || {text})", "upper({text})", "substr({text}, 1, 2)", "{int4}::text", "replace({text}, 'a', 'x')",
        "concat({text}, {int4})", "{date}::text", "{bool}::text",
    ],
    "varchar": ["({text})::varchar"],
    "date": ["({date} + {int2}::int4)", "{timestamp}::date"],
    "timestamp": ["({timestamp} + interval '1 day')", "date_trunc('month', {timestamp})", "{date}::timestamp"],
    "int4[]": ["({int4[]} || {int4})", "array[{int4}, {int4}]"],
}  # fmt: skip
COMPARED = ["int4", "int4", "text", "numeric", "int8", "bool", "date", "float8"]
COMPARISONS = ["=", "=", "=", "<", "<=", ">", "<>"]
SELECTS_MAX = 7  # no more subqueries in one statement once it has so many
SCALAR = {"int4": "max", "text": "min", "numeric": "sum", "bool": "bool_or"}  # aggregates that make a scalar subquery


class Expressions:
    """Mixed into `queries.Queries`, which brings `random`, `selects`, `select` and `scalar`."""

    random: Random
    selects: int
    select: Callable[..., str]
    scalar: Callable[..., str]

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def value(self, scope: Scope, type_: str, depth: int = 2) -> str:
        columns = [f"{alias}.{name}" for alias, listed in scope for name, t in listed if t == type_]
        drawn = self.random.random()
        if depth <= 0 or drawn < 0.35:
            return self.random.choice(columns) if columns and self.chance(0.8) else literal(self.random, type_)

        def inner(wanted: str = type_) -> str:
            return self.value(scope, wanted, depth - 1)

        if drawn < 0.42:
            return f"case when {self.condition(scope, depth - 1)} then {inner()} else {inner()} end"
        if drawn < 0.53:
            name = self.random.choice(["coalesce", "nullif", "greatest" if type_ not in ("int4[]", "bool") else "coalesce"])
            return f"{name}({inner()}, {inner()})"
        if drawn < 0.57 and type_ in SCALAR and depth > 1 and self.selects < SELECTS_MAX:
            return f"({self.scalar(scope, type_)})"
        if type_ == "bool":
            return f"({self.condition(scope, depth - 1)})"
        return self.fill_in(self.random.choice(FORMS[type_]), inner)

    def fill_in(self, form: str, inner: Callable[[str], str]) -> str:
        out, rest = "", form
        while "{" in rest:
            before, rest = rest.split("{", 1)
            wanted, rest = rest.split("}", 1)
            out += before + inner(wanted)
        return out + rest

    def condition(self, scope: Scope, depth: int = 2) -> str:
        drawn = self.random.random()
        if depth > 0 and drawn < 0.2:
            word = self.random.choice(["and", "or"])
            return f"({self.condition(scope, depth - 1)}) {word} ({self.condition(scope, depth - 1)})"
        if depth > 0 and drawn < 0.26:
            return f"not ({self.condition(scope, depth - 1)})"
        if depth > 0 and drawn < 0.43 and self.selects < SELECTS_MAX:
            return self.with_subquery(scope, depth)
        return self.plain_condition(scope, depth)

    def with_subquery(self, scope: Scope, depth: int) -> str:
        maybe = self.random.choice(["", "not "])
        if self.chance(0.4):
            return f"{maybe}exists ({self.select(scope, None, 1)})"
        type_ = self.random.choice(COMPARED)
        left, query = self.value(scope, type_, depth - 1), self.select(scope, [type_], 1)
        if self.chance(0.7):
            return f"{left} {maybe}in ({query})"
        return f"{left} {self.random.choice(['=', '<', '>=', '<>'])} {self.random.choice(['any', 'all'])} ({query})"

    def plain_condition(self, scope: Scope, depth: int) -> str:
        type_ = self.random.choice(COMPARED)

        def one(wanted: str = type_, levels: int = depth - 1) -> str:
            return self.value(scope, wanted, levels)

        drawn, maybe = self.random.random(), self.random.choice(["", "not "])
        if drawn < 0.12:
            return f"{one()} is {maybe}null"
        if drawn < 0.22:
            return f"{one()} is {maybe}distinct from {one()}"
        if drawn < 0.32:
            return f"{one()} {maybe}in ({', '.join(one(levels=0) for _ in range(self.random.randint(1, 4)))})"
        if drawn < 0.37:
            return f"{one('int4')} = any({one('int4[]')})"
        if drawn < 0.45:
            return f"{one()} between {one()} and {one()}"
        if drawn < 0.50:
            return f"{one('text')} {maybe}{self.random.choice(['like', 'ilike'])} {self.random.choice(['%a%', 'a_', '%'])!r}"
        if drawn < 0.55:
            rows = [f"({one('int4', 0)}, {one('text', 0)})" for _ in range(2)]
            return self.random.choice(["=", "<", "<>", ">="]).join(rows)
        return f"{one()} {self.random.choice(COMPARISONS)} {one()}"
