"""WITH: common table expressions, recursive ones included.

A recursive query must be `non-recursive UNION [ALL] recursive`; the left side gives the columns their types, and the
right side sees the name as a table of these.

    WITH gone AS (DELETE FROM t RETURNING id) SELECT count(*) FROM gone      the rows are RETURNING's

Errors: 42712 for a name given twice, 42P19 for a recursive query of another form, 0A000 for a change below the top level.

Not here: reading a WITH query in FROM (`fromclause`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, FeatureNotSupported, SyntaxError
from aurorapy.sql.bind.scope import Item, Scope
from aurorapy.sql.parse import raw
from aurorapy.sql.tree import Cte, Query, Target

CHANGES = (raw.Insert, raw.Update, raw.Delete)


class WithBinder:
    """Part of the Binder."""

    def with_clause(self, node: raw.With | None, scope: Scope) -> None:
        if node is None:
            return
        seen = set()
        known = self.future_ctes
        for number, table in enumerate(node.tables):
            self.future_ctes = known | {t.name for t in node.tables[number:] if not node.recursive}
            if table.name in seen:
                raise DatabaseError(f'WITH query name "{table.name}" specified more than once', sqlstate="42712",
                                    position=table.position)  # fmt: skip
            seen.add(table.name)
            if isinstance(table.query, CHANGES) and scope.parent is not None:
                raise FeatureNotSupported(
                    "WITH clause containing a data-modifying statement must be at the top level", position=table.position
                )
            if node.recursive and mentions(table.query, table.name):
                self.recursive_cte(table, scope)
            else:
                self.plain_cte(table, scope)
        self.future_ctes = known

    def plain_cte(self, table: raw.CommonTable, scope: Scope) -> None:
        query = self.cte_query(table.query, scope)
        names = [t.name for t in outputs(query)]
        self.cte_names(names, table)
        self.enter_cte(table, query, names, scope, False)

    def cte_query(self, node: Any, scope: Scope) -> Query:
        around = Scope(scope.query, scope.parent, [], scope.ctes)
        query = self.query(node, Scope(self.new_query("select"), around))
        return query

    def cte_names(self, names: list[str], table: raw.CommonTable) -> None:
        if len(table.columns) > len(names):
            raise DatabaseError(
                f'WITH query "{table.name}" has {len(names)} columns available but {len(table.columns)} columns specified',
                sqlstate="42P10", position=table.position,
            )  # fmt: skip
        names[: len(table.columns)] = table.columns

    def enter_cte(self, table: raw.CommonTable, query: Query, names: list[str], scope: Scope, recursive: bool) -> None:
        columns = outputs(query)
        cte = Cte(table.name, query, recursive, table.materialized)
        scope.query.ctes.append(cte)
        scope.ctes = {
            **scope.ctes,
            table.name: (cte, names, [t.expr.type_oid for t in columns], [t.expr.typmod for t in columns]),
        }

    def recursive_cte(self, table: raw.CommonTable, scope: Scope) -> None:
        node = table.query
        if isinstance(node, CHANGES):
            raise SyntaxError(f'recursive query "{table.name}" must not contain data-modifying statements',
                              sqlstate="42P19", position=table.position)  # fmt: skip
        if not isinstance(node, raw.SetOperation) or node.op != "union":
            raise SyntaxError(
                f'recursive query "{table.name}" does not have the form non-recursive-term UNION [ALL] recursive-term',
                sqlstate="42P19", position=table.position,
            )  # fmt: skip
        for wrong, clause in ((node.order, "ORDER BY"), (node.offset, "OFFSET"), (node.limit, "LIMIT"), (node.locks, "FOR UPDATE/SHARE")):
            if wrong:
                raise FeatureNotSupported(f"{clause} in a recursive query is not implemented", position=table.position)
        if mentions(node.left, table.name):
            raise SyntaxError(f'recursive reference to query "{table.name}" must not appear within its non-recursive term',
                              sqlstate="42P19", position=table.position)  # fmt: skip
        first = self.cte_query(node.left, scope)
        columns = [t for t in first.targets if not t.junk]
        names = [t.name for t in columns]
        self.cte_names(names, table)
        oids, typmods = [t.expr.type_oid for t in columns], [t.expr.typmod for t in columns]
        cte = Cte(table.name, first, True, table.materialized)
        before = scope.ctes
        scope.ctes = {**before, table.name: (cte, names, oids, typmods)}
        around = Scope(scope.query, scope.parent, [], scope.ctes)
        inner = Scope(self.new_query("select"), around)
        self.with_clause(node.with_, inner)
        query = self.set_operation(node, inner)
        for i, (target, oid, typmod) in enumerate(zip(query.targets, oids, typmods)):
            if target.expr.type_oid != oid:
                raise DatabaseError(
                    f'recursive query "{table.name}" column {i + 1} has type {self.types.show(oid, typmod)} in '
                    f"non-recursive term but type {self.types.show(target.expr.type_oid, target.expr.typmod)} overall",
                    sqlstate="42804", hint="Cast the output of the non-recursive term to the correct type.",
                    position=columns[i].expr.position,
                )  # fmt: skip
        cte.query = query
        scope.query.ctes.append(cte)

    def cte_origin(self, item: Item, cte: Cte, scope: Scope) -> None:
        """Output columns through WITH keep their table of origin."""
        if cte.query is None:
            return
        targets = outputs(cte.query)
        for column, target in zip(item.columns, targets):
            if target.origin_table:
                self.origins[id(scope.query), item.rte, column.expr.attno] = (target.origin_table, target.origin_column)


def outputs(query: Query) -> list[Target]:
    """What a query gives to its reader: its columns, or what a change returns."""
    targets = query.targets if query.kind in ("select", "values") else query.returning
    return [t for t in targets if not t.junk]


def mentions(node: Any, name: str) -> bool:
    """Whether a query refers to a table by that bare name, not hidden by a WITH of its own."""
    if isinstance(node, raw.FromTable):
        return node.names == (name,)
    if isinstance(node, raw.Query) and node.with_ is not None and any(t.name == name for t in node.with_.tables):
        return False
    if isinstance(node, (list, tuple)):
        return any(mentions(item, name) for item in node)
    if hasattr(node, "__dataclass_fields__"):
        return any(mentions(getattr(node, f), name) for f in node.__dataclass_fields__)
    return False
