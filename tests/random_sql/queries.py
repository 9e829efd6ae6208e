"""SELECT from a seed.

    Queries(Random(758)).query()
"""

from __future__ import annotations

from random import Random

from tests.random_sql.expressions import SCALAR, SELECTS_MAX, Expressions, Scope
from tests.random_sql.schema import TABLES, Columns

OUTPUTS = ["int4", "text", "numeric", "bool", "int8", "date"]
GROUPED = {
    "int4": ["count(*){f}::int4", "max({int4}){f}", "count(distinct {text}){f}::int4", "min({int4})"],
    "int8": ["sum({int4}){f}", "sum(distinct {int4}){f}", "count({numeric})", "count(distinct {date})"],
    "numeric": ["sum({numeric}){f}", "round(avg({int4}){f}, 4)"],
    "text": ["max({text}){f}", "string_agg({text}, ',' order by 1)"],
    "bool": ["bool_and({bool}){f}"],
    "date": ["min({date}){f}"],
    "float8": ["max({float8})"],
}
SETS = ["union", "union all", "intersect", "intersect all", "except", "except all"]
JOINS = ["join", "left join", "right join", "full join", "cross join", "lateral"]


class Queries(Expressions):
    def __init__(self, random: Random) -> None:
        self.random = random
        self.tables = dict(TABLES)
        self.selects = 0  # how many have been begun
        self._aliases = 0

    def query(self) -> str:
        """A whole statement."""
        if not self.chance(0.12):
            return self.select([], None, 2, top=True)
        name = self.alias()
        with_ = f"with {name}(u, v) as ({self.select([], ['int4', 'text'], 1)}) "
        self.tables[name] = [("u", "int4"), ("v", "text")]
        return with_ + self.select([], None, 2, top=True)

    def alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"

    # -- FROM
    def relation(self, depth: int) -> tuple[str, Scope]:
        drawn, alias = self.random.random(), self.alias()
        if depth > 0 and drawn < 0.15 and self.selects < SELECTS_MAX:
            types = [self.random.choice(OUTPUTS) for _ in range(self.random.randint(1, 3))]
            columns: Columns = [(f"c{i}", t) for i, t in enumerate(types)]
            return f"({self.select([], types, depth - 1)}) as {alias}({', '.join(n for n, _ in columns)})", [(alias, columns)]
        if drawn < 0.20:
            bounds = f"{self.random.randint(-1, 2)}, {self.random.randint(1, 6)}"
            return f"generate_series({bounds}) as {alias}(g)", [(alias, [("g", "int4")])]
        if drawn < 0.25:
            rows = "(values (1, 'a'), (2, null), (null, 'b'), (5, 'abc'))"
            return f"{rows} as {alias}(p, q)", [(alias, [("p", "int4"), ("q", "text")])]
        table = self.random.choice(list(self.tables))
        return f"{table} as {alias}", [(alias, self.tables[table])]

    def from_(self, outer: Scope, depth: int) -> tuple[str, Scope]:
        text, scope = self.relation(depth)
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2])):
            text, scope = self.joined(text, scope, outer, depth)
        return text, scope

    def joined(self, text: str, scope: Scope, outer: Scope, depth: int) -> tuple[str, Scope]:
        kind = self.random.choice(JOINS)
        if kind == "lateral" and self.selects < SELECTS_MAX:
            alias, type_ = self.alias(), self.random.choice(["int4", "text"])
            query = f"lateral ({self.select(outer + scope, [type_], 0)} order by 1 limit 3) as {alias}(l)"
            made = f"{text} cross join {query}" if self.chance(0.5) else f"{text} left join {query} on true"
            return made, [*scope, (alias, [("l", type_)])]
        right, more = self.relation(depth)
        if kind in ("cross join", "lateral"):
            return f"{text} cross join {right}", scope + more
        pairs = [
            f"{one}.{name} = {other}.{named}"
            for one, columns in scope for name, t in columns for other, others in more for named, u in others if t == u
        ]  # fmt: skip
        if pairs and (kind == "full join" or self.chance(0.85)):
            on = self.random.choice(pairs)
            if kind != "full join" and self.chance(0.4):
                on += f" and {self.condition(outer + scope + more, 1)}"
        else:
            on = "true" if kind == "full join" else self.condition(outer + scope + more, 1)
        return f"{text} {kind} {right} on {on}", scope + more

    # -- SELECT
    def select(self, outer: Scope, types: list[str] | None, depth: int = 2, top: bool = False) -> str:
        self.selects += 1
        if types is None:
            types = [self.random.choice(OUTPUTS) for _ in range(self.random.randint(1, 4))]
        if depth > 0 and self.selects < SELECTS_MAX and self.chance(0.1):
            sides = [f"({self.select(outer, types, depth - 1)})" for _ in range(2)]
            return f" {self.random.choice(SETS)} ".join(sides)
        text, scope = self.from_(outer, depth)
        where = f" where {self.condition(outer + scope, 2)}" if self.chance(0.7) else ""
        if self.chance(0.25):
            return self.grouped(text + where, scope, types)
        items = [self.value(outer + scope, t, 2) for t in types]
        distinct = "distinct " if self.chance(0.12) else ""
        if top and not distinct and self.chance(0.15):
            items.append(self.window(scope, items[0]))
        return f"select {distinct}{', '.join(items)} from {text}{where}"

    def window(self, scope: Scope, first: str) -> str:
        return self.random.choice([
            f"count(*) over (partition by {first})",
            f"sum({self.value(scope, 'int4', 1)}) over (partition by {self.value(scope, 'text', 1)})",
            f"rank() over (order by {self.value(scope, 'int4', 1)})",
        ])  # fmt: skip

    def scalar(self, outer: Scope, type_: str) -> str:
        """One row of one column."""
        self.selects += 1
        text, scope = self.from_(outer, 1)
        where = f" where {self.condition(outer + scope, 1)}" if self.chance(0.7) else ""
        return f"select {SCALAR[type_]}({self.value(scope, type_, 1)}) from {text}{where}"

    def grouped(self, text: str, scope: Scope, types: list[str]) -> str:
        keys = [self.value(scope, self.random.choice(["int4", "text", "bool"]), 1) for _ in range(self.random.choice([0, 1, 1, 2]))]
        keys = [k for k in keys if "." in k and "select" not in k]
        by = f" group by {', '.join(keys)}" if keys else ""
        having = ""
        if self.chance(0.3):
            having = f" having {self.aggregate(scope, 'int4')} {self.random.choice('<=>')} {self.random.choice('0123')}"
        return f"select {', '.join(self.aggregate(scope, t) for t in types)} from {text}{by}{having}"

    def aggregate(self, scope: Scope, type_: str) -> str:
        form = self.random.choice(GROUPED[type_])
        if "order by 1" in form:
            value = self.value(scope, "text", 1)
            return f"string_agg({value}, ',' order by {value})"
        before, kept, after = form.partition("{f}")
        filter_ = f" filter (where {self.condition(scope, 1)})" if kept and self.chance(0.2) else ""
        return self.fill_in(before, lambda t: self.value(scope, t, 1)) + filter_ + after
