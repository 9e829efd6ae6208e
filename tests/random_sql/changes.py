"""INSERT, UPDATE and DELETE from a seed.

    Changes(Random(667)).statement()     ("a", "update a as tt set …")
"""

from __future__ import annotations

from tests.random_sql.expressions import Scope
from tests.random_sql.queries import Queries
from tests.random_sql.schema import KEYED, TABLES

TARGET = "tt"


class Changes(Queries):
    def statement(self) -> tuple[str, str]:
        """(the table it changes, the statement)"""
        table = self.random.choice(["a", *TABLES])
        make = self.random.choice([self.update, self.update, self.delete, self.insert, self.insert])
        text = make(table)
        if self.chance(0.6):
            outputs = [self.value([(TARGET, TABLES[table])], t, 1) for t in self.random.sample(["int4", "text", "bool"], 2)]
            text += f" returning {', '.join(outputs)}, {TARGET}.*"
        return table, text

    def sets(self, table: str, scope: Scope) -> str:
        columns = self.random.sample(TABLES[table], min(len(TABLES[table]), self.random.randint(1, 3)))
        chosen = [(n, t) for n, t in columns if n != "id" or self.chance(0.2)] or [TABLES[table][1]]
        return ", ".join(f"{name} = {self.value(scope, type_, 2)}" for name, type_ in chosen)

    def update(self, table: str) -> str:
        scope: Scope = [(TARGET, TABLES[table])]
        if self.chance(0.6):
            where = f" where {self.condition(scope, 2)}" if self.chance(0.85) else ""
            return f"update {table} as {TARGET} set {self.sets(table, scope)}{where}"
        other = self.alias()
        scope.append((other, TABLES["a"]))  # at most one row of it for each row of the target
        key = "v" if table == "c" else TABLES[table][0][0]
        return (
            f"update {table} as {TARGET} set {self.sets(table, scope)} from (select * from a where {self.condition([], 1)}) as {other}"
            f" where {TARGET}.{key} = {other}.id and {self.condition(scope, 1)}"
        )

    def delete(self, table: str) -> str:
        return f"delete from {table} as {TARGET} where {self.condition([(TARGET, TABLES[table])], 2)}"

    def insert(self, table: str) -> str:
        columns = TABLES[table]
        names = ", ".join(name for name, _ in columns)
        source = self.rows(table) if self.chance(0.5) else self.rows_of_query(table)
        return f"insert into {table} as {TARGET} ({names}) {source}{self.conflict(table)}"

    def rows(self, table: str) -> str:
        def cell(name: str, type_: str) -> str:
            if name == "id":
                return str(self.random.randint(30, 70))
            return self.value([], type_, 1) if self.chance(0.9) else "default"

        count = self.random.randint(1, 4)
        return "values " + ", ".join(f"({', '.join(cell(n, t) for n, t in TABLES[table])})" for _ in range(count))

    def rows_of_query(self, table: str) -> str:
        scope: Scope = [("q", TABLES["b"])]
        cells = ["q.id + 20" if n == "id" and self.chance(0.7) else self.value(scope, t, 1) for n, t in TABLES[table]]
        return f"select {', '.join(cells)} from b as q where {self.condition(scope, 1)}"

    def conflict(self, table: str) -> str:
        if table not in KEYED or self.chance(0.5):
            return ""
        if self.chance(0.4):
            return " on conflict do nothing"
        scope: Scope = [(TARGET, TABLES[table]), ("excluded", TABLES[table])]
        where = f" where {self.condition(scope, 1)}" if self.chance(0.5) else ""
        return f" on conflict (id) do update set {self.sets(table, scope)}{where}"
