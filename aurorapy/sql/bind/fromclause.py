"""FROM: entries of the range table, the join tree over them, and what each makes visible.

    FROM a JOIN b USING (x), LATERAL f(a.y)     rtes [a, b, f]   from_ [Join(inner, a, b, a.x = b.x), Ref f]

Not here: looking names up (`scope`), what a subquery contains (`select`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, FeatureNotSupported, SyntaxError, UndefinedColumn, UndefinedTable
from aurorapy.expressions import nodes as n
from aurorapy.sql.bind.scope import Item, Scope, ScopeColumn
from aurorapy.sql.bind.types import BOOL, INT8
from aurorapy.sql.parse import raw
from aurorapy.sql.parse.source import Source
from aurorapy.sql.tree import Join, Ref, Rte

QUERYABLE = ("r", "v", "m", "p", "t", "S", "f")


class FromBinder:
    """Part of the Binder."""

    def from_clause(self, nodes: list[Any], scope: Scope) -> None:
        """Binds the items from left to right; each sees those before it where it is LATERAL."""
        for node in nodes:
            before = list(scope.items)
            tree, items = self.from_item(node, scope, before)
            self.check_names(before, items)
            scope.query.from_.append(tree)
            scope.items = before + items

    def check_names(self, before: list[Item], items: list[Item]) -> None:
        seen = {i.name for i in before if i.named}
        for item in items:
            if item.named and item.name:
                if item.name in seen:
                    raise DatabaseError(f'table name "{item.name}" specified more than once', sqlstate="42712")
                seen.add(item.name)

    def from_item(self, node: Any, scope: Scope, visible: list[Item]) -> tuple[Any, list[Item]]:
        if isinstance(node, raw.FromTable):
            rte, item = self.from_table(node, scope)
        elif isinstance(node, raw.FromQuery):
            rte, item = self.from_query(node, scope, visible)
        elif isinstance(node, raw.FromFunction):
            rte, item = self.from_function(node, scope, visible)
        else:
            return self.from_join(node, scope, visible)
        return Ref(item.rte), [item]

    def add_rte(self, scope: Scope, rte: Rte, columns: list[ScopeColumn] | None = None, **facts: Any) -> Item:
        """Enters the entry and makes the scope item for it."""
        index = len(scope.query.rtes)
        scope.query.rtes.append(rte)
        if columns is None:
            columns = []
            for i, name in enumerate(rte.columns):
                if rte.relation is not None and rte.relation.columns[i].dropped:
                    continue
                collation = rte.relation.columns[i].collation if rte.relation is not None else 0
                expr = n.Column(rte.type_oids[i], rte.typmods[i], 0, index, i + 1, 0, name, collation)
                columns.append(ScopeColumn(name, expr))
        return Item(rte.alias, index, columns, **facts)

    # -- tables --------------------------------------------------------------------------------------------------------
    def from_table(self, node: raw.FromTable, scope: Scope) -> tuple[Rte, Item]:
        if len(node.names) == 1:
            cte = self.find_cte(node.names[0], scope)
            if cte is not None:
                return self.from_cte(node, scope, *cte)
        relation = self.relation_of(node)
        if relation.kind == "v" and relation.view_sql:
            return self.from_view(node, relation, scope)
        if relation.kind not in QUERYABLE:
            what = {"i": "is an index", "c": "is a composite type", "I": "is an index"}.get(relation.kind, "is not a table")
            raise DatabaseError(f'cannot open relation "{relation.name}"', sqlstate="42809",
                                detail=f"This operation is not supported for {_KINDS.get(relation.kind, 'this object')}."
                                if what else None, position=node.position)  # fmt: skip
        rte = self.table_rte(node, relation)
        rte.privileges.add("SELECT")
        item = self.add_rte(
            scope, rte, relation=relation, schema=relation.schema if node.alias is None else None
        )
        return rte, item

    def relation_of(self, node: raw.FromTable) -> Any:
        """The relation named; 42P01 otherwise."""
        schema = node.names[-2] if len(node.names) > 1 else None
        if len(node.names) > 2 and node.names[0] != self.catalog.database_name():
            raise FeatureNotSupported(
                f'cross-database references are not implemented: "{".".join(node.names)}"', position=node.position
            )
        if len(node.names) > 3:
            raise SyntaxError(f"improper relation name (too many dotted names): {'.'.join(node.names)}",
                              position=node.position)  # fmt: skip
        relation = self.catalog.relation_by_name(schema, node.names[-1], node.position)
        if relation is None:
            shown = ".".join(node.names[-2:])
            detail = hint = None
            if shown in self.future_ctes:
                detail = f'There is a WITH item named "{shown}", but it cannot be referenced from this part of the query.'
                hint = "Use WITH RECURSIVE, or re-order the WITH items to remove forward references."
            raise UndefinedTable(f'relation "{shown}" does not exist', detail=detail, hint=hint, position=node.position)
        self.relations.add(relation.oid)
        return relation

    def table_rte(self, node: raw.FromTable, relation: Any) -> Rte:
        alias = node.alias.name if node.alias is not None else relation.name
        names = [c.name if not c.dropped else f"........pg.dropped.{c.attno}........" for c in relation.columns]
        if node.alias is not None:
            live = [i for i, c in enumerate(relation.columns) if not c.dropped]
            self.rename(names, live, node.alias)
        oids = [0 if c.dropped else c.type_oid for c in relation.columns]
        return Rte("table", alias, names, oids, [c.typmod for c in relation.columns], relation, inherits=not node.only)

    def rename(self, names: list[str], places: list[int], alias: raw.Alias) -> None:
        if len(alias.columns) > len(places):
            raise too_many_columns(alias, len(places))
        for place, name in zip(places, alias.columns):
            names[place] = name

    def from_view(self, node: raw.FromTable, relation: Any, scope: Scope) -> tuple[Rte, Item]:
        """A view is its query, under the view's column names."""
        if self.view_depth > 50:
            raise DatabaseError(f'infinite recursion detected in rules for relation "{relation.name}"', sqlstate="42P17")
        query = self.bind_view(relation)
        names = [c.name for c in relation.live_columns()]
        if node.alias is not None:
            self.rename(names, list(range(len(names))), node.alias)
        targets = [t for t in query.targets if not t.junk]
        alias = node.alias.name if node.alias is not None else relation.name
        rte = Rte("subquery", alias, names, [t.expr.type_oid for t in targets], [t.expr.typmod for t in targets], query=query)
        rte.view = relation
        item = self.add_rte(scope, rte, schema=relation.schema if node.alias is None else None)
        for column, of in zip(item.columns, relation.live_columns()):
            self.origins[id(scope.query), item.rte, column.expr.attno] = (relation.oid, of.attno)
        return rte, item

    def bind_view(self, relation: Any):
        from aurorapy.sql.parse.query import parse_query

        source = Source(relation.view_sql)
        tree, _ = parse_query(source, *source.statements()[0])
        self.view_depth += 1
        outer = self.parameters
        try:
            return self.query(tree, Scope(self.new_query("select")))
        finally:
            self.parameters = outer
            self.view_depth -= 1

    # -- WITH ----------------------------------------------------------------------------------------------------------
    def find_cte(self, name: str, scope: Scope):
        level, current = 0, scope
        while current is not None:
            if name in current.ctes:
                return current.ctes[name], level
            level += 1
            current = current.parent
        return None

    def from_cte(self, node: raw.FromTable, scope: Scope, found, level: int) -> tuple[Rte, Item]:
        cte, columns, oids, typmods = found
        cte.references += 1
        names = list(columns)
        alias = node.alias.name if node.alias is not None else cte.name
        if node.alias is not None:
            self.rename(names, list(range(len(names))), node.alias)
        if cte.query is not None and cte.query.kind in ("insert", "update", "delete") and not cte.query.returning:
            raise FeatureNotSupported(f'WITH query "{cte.name}" does not have a RETURNING clause', position=node.position)
        rte = Rte("cte", alias, names, list(oids), list(typmods), cte=cte.name, cte_levels_up=level)
        item = self.add_rte(scope, rte)
        self.cte_origin(item, cte, scope)
        return rte, item

    # -- subqueries ----------------------------------------------------------------------------------------------------
    def from_query(self, node: raw.FromQuery, scope: Scope, visible: list[Item]) -> tuple[Rte, Item]:
        if node.alias is None:
            what = "VALUES in FROM" if isinstance(node.query, raw.Values) else "subquery in FROM"
            example = "(VALUES ...)" if isinstance(node.query, raw.Values) else "(SELECT ...)"
            raise SyntaxError(f"{what} must have an alias", position=max(node.position, 0),
                              hint=f"For example, FROM {example} [AS] foo.")  # fmt: skip
        parent = scope.parent
        inner = Scope(self.new_query("select"), parent)
        if node.lateral:
            around = Scope(scope.query, scope.parent, visible, scope.ctes, scope.kind)
            inner.parent = around
        else:
            # without LATERAL the neighbours are out of sight, but the levels stay the same
            inner.parent = Scope(scope.query, scope.parent, [], scope.ctes, scope.kind)
        query = self.query(node.query, inner)
        targets = [t for t in query.targets if not t.junk]
        names = [t.name for t in targets]
        if query.kind in ("insert", "update", "delete"):
            raise SyntaxError("syntax error", position=node.position)
        self.rename(names, list(range(len(names))), node.alias)
        rte = Rte(
            "subquery", node.alias.name, names, [t.expr.type_oid for t in targets], [t.expr.typmod for t in targets],
            query=query, lateral=node.lateral,
        )  # fmt: skip
        item = self.add_rte(scope, rte)
        for column, target in zip(item.columns, targets):
            if target.origin_table:
                self.origins[id(scope.query), item.rte, column.expr.attno] = (target.origin_table, target.origin_column)
        return rte, item

    # -- functions -----------------------------------------------------------------------------------------------------
    def from_function(self, node: raw.FromFunction, scope: Scope, visible: list[Item]) -> tuple[Rte, Item]:
        inside = Scope(scope.query, scope.parent, visible, scope.ctes, "FROM", scope.windows)
        calls, widths = [], []
        names: list[str] = []
        oids: list[int] = []
        typmods: list[int] = []
        for call in self.spread_unnest(node.calls):
            bound = self.coercion.settle(self.expr(call, inside))
            found = self.function_columns(call, bound, node)
            calls.append(bound)
            widths.append(len(found))
            names += [f[0] for f in found]
            oids += [f[1] for f in found]
            typmods += [f[2] for f in found]
        alias = node.alias.name if node.alias is not None else self.call_name(node.calls[0])
        if len(calls) == 1 and widths == [1] and node.alias is not None and not getattr(calls[0], "fn", None):
            names = [node.alias.name]
        elif len(calls) == 1 and widths == [1] and node.alias is not None and not calls[0].fn.out_names:
            names = [node.alias.name]
        if node.ordinality:
            names.append("ordinality")
            oids.append(INT8)
            typmods.append(-1)
        if node.alias is not None:
            self.rename(names, list(range(len(names))), node.alias)
        lateral = node.lateral or any(
            isinstance(x, n.Column) and x.levels_up == 0 for c in calls for x in n.walk(c)
        )
        rte = Rte("function", alias, names, oids, typmods, lateral=lateral, functions=calls, function_widths=widths,
                  ordinality=node.ordinality)  # fmt: skip
        return rte, self.add_rte(scope, rte)

    @staticmethod
    def spread_unnest(calls: list[Any]) -> list[Any]:
        """unnest(a, b) in FROM stands for ROWS FROM (unnest(a), unnest(b))."""
        out = []
        for call in calls:
            several = isinstance(call, raw.Call) and call.names[-1] == "unnest" and len(call.args) > 1
            if several and not (call.order or call.distinct or call.filter or call.over or call.variadic):
                out += [raw.Call(call.names, [arg], position=call.position) for arg in call.args]
            else:
                out.append(call)
        return out

    def call_name(self, call: Any) -> str:
        if isinstance(call, raw.Call):
            return call.names[-1]
        return getattr(call, "name", "") or "unnamed"

    def function_columns(self, call: Any, bound: n.Expr, node: raw.FromFunction) -> list[tuple[str, int, int]]:
        name = self.call_name(call)
        fn = getattr(bound, "fn", None)
        if fn is not None and len(fn.out_names) > 1:
            return [(out, oid, -1) for out, oid in zip(fn.out_names, self.out_types(bound))]
        if fn is not None and fn.out_names:
            return [(fn.out_names[0], bound.type_oid, bound.typmod)]
        fields = self.types.get(bound.type_oid).extra.get("fields")
        if fields:
            return list(fields)
        if bound.type_oid == 2249:
            raise SyntaxError('a column definition list is required for functions returning "record"',
                              position=node.position)  # fmt: skip
        return [(name, bound.type_oid, bound.typmod)]

    def out_types(self, call: n.Call) -> list[int]:
        """Types of the OUT columns, polymorphic ones settled."""
        actual = [a.type_oid for a in call.args]
        declared = list(call.fn.arg_oids)[: len(actual)]
        element, common = self._families(declared, actual)
        swap = {2283: element, 2776: element, 5077: common}
        return [swap.get(oid) or oid for oid in call.fn.out_oids]

    # -- joins ---------------------------------------------------------------------------------------------------------
    def from_join(self, node: raw.FromJoin, scope: Scope, visible: list[Item]) -> tuple[Any, list[Item]]:
        left, left_items = self.from_item(node.left, scope, visible)
        lateral_ok = node.kind in ("inner", "left", "cross")
        reachable = [
            Item(i.name, i.rte, i.columns, i.alone, i.named, not lateral_ok, lateral_ok, i.schema, i.relation)
            for i in left_items
        ]
        right, right_items = self.from_item(node.right, scope, visible + reachable)
        self.check_names(left_items, right_items)
        kind = node.kind
        on = None
        merged: list[ScopeColumn] = []
        using = node.using
        if node.natural:
            using = self.natural_columns(left_items, right_items)
        if using is not None:
            on, merged = self.using(using, left_items, right_items, kind, node)
        elif node.on is not None:
            inside = Scope(scope.query, scope.parent, left_items + right_items, scope.ctes, "JOIN/ON", scope.windows)
            on = self.condition(node.on, inside, "JOIN/ON")
        if kind == "inner" and on is None:
            kind = "cross"
        items = left_items + right_items
        if using is not None or node.alias is not None:
            items = self.merge(using or [], merged, left_items, right_items, node.alias)
        return Join(kind, left, right, on), items

    def visible_columns(self, items: list[Item]) -> list[ScopeColumn]:
        return [c for i in items if i.alone for c in i.columns]

    def natural_columns(self, left: list[Item], right: list[Item]) -> list[str]:
        rights = {c.name for c in self.visible_columns(right)}
        return [c.name for c in self.visible_columns(left) if c.name in rights]

    def using(self, names, left, right, kind, node) -> tuple[n.Expr | None, list[ScopeColumn]]:
        tests, merged = [], []
        for name in names:
            a = self.using_column(name, left, "left", node)
            b = self.using_column(name, right, "right", node)
            tests.append(self.apply("=", a, b, node.position))
            merged.append(ScopeColumn(name, self.merged_column(a, b, kind)))
        if not tests:
            return None, merged
        return (tests[0] if len(tests) == 1 else n.And(BOOL, -1, 0, tuple(tests))), merged

    def using_column(self, name: str, items: list[Item], side: str, node: Any) -> n.Expr:
        found = [c for c in self.visible_columns(items) if c.name == name]
        if not found:
            raise UndefinedColumn(f'column "{name}" specified in USING clause does not exist in {side} table',
                                  position=node.position)  # fmt: skip
        if len(found) > 1:
            raise DatabaseError(f'common column name "{name}" appears more than once in {side} table', sqlstate="42702",
                                position=node.position)  # fmt: skip
        return found[0].expr

    def merged_column(self, a: n.Expr, b: n.Expr, kind: str) -> n.Expr:
        """What a USING column is: the left one, the right one of a RIGHT join, either one of a FULL join."""
        common = self.coercion.common_type([a, b], "JOIN/USING")
        left, right = (self.coercion.to_common(x, common, "JOIN/USING") for x in (a, b))
        if kind == "full":
            return n.Coalesce(common, self.coercion.common_typmod([left, right], common), 0, (left, right))
        if kind == "right":
            return right
        if kind == "inner" and left is not a and right is b:
            return right
        return left

    def merge(self, names, merged, left, right, alias: raw.Alias | None) -> list[Item]:
        """The join as an entry of its own: merged columns first; its tables stay reachable by name."""
        joined = set(names)
        columns = list(merged)
        columns += [c for c in self.visible_columns(left) if c.name not in joined]
        columns += [c for c in self.visible_columns(right) if c.name not in joined]
        if alias is not None:
            renamed = [c.name for c in columns]
            self.rename(renamed, list(range(len(columns))), alias)
            columns = [ScopeColumn(name, c.expr) for name, c in zip(renamed, columns)]
            return [Item(alias.name, -1, columns)]
        hidden = [
            Item(i.name, i.rte, i.columns, False, i.named, i.lateral_only, i.lateral_ok, i.schema, i.relation)
            for i in left + right
        ]
        return [Item("", -1, columns, named=False), *hidden]


_KINDS = {"i": "indexes", "c": "composite types", "I": "partitioned indexes"}


def too_many_columns(alias: raw.Alias, available: int) -> DatabaseError:
    return DatabaseError(
        f'table "{alias.name}" has {available} columns available but {len(alias.columns)} columns specified',
        sqlstate="42P10",
    )

