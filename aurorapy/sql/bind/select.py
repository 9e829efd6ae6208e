"""SELECT, VALUES and set operations: clauses in the order PostgreSQL analyses them.

    WITH → FROM → targets → WHERE → HAVING → ORDER BY → GROUP BY → DISTINCT → LIMIT → WINDOW → locks → aggregate checks

ORDER BY and GROUP BY take a bare number as a position and a bare name as an output column first (ORDER BY) or last
(GROUP BY), as the standard and PostgreSQL disagree about it.

Not here: the check that ungrouped columns stay inside aggregates (`grouping`), WITH (`with_`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, FeatureNotSupported, SyntaxError
from aurorapy.expressions import nodes as n
from aurorapy.expressions import registry
from aurorapy.sql.bind.grouping import check_grouping
from aurorapy.sql.bind.names import column_name
from aurorapy.sql.bind.scope import Item, Scope, ScopeColumn
from aurorapy.sql.bind.types import INT8, UNKNOWN
from aurorapy.sql.parse import raw
from aurorapy.sql.tree import Query, Ref, RowLock, Rte, SetOp, SortKey, Target


class SelectBinder:
    """Part of the Binder."""

    def query(self, node: Any, scope: Scope) -> Query:
        """Any query node, into `scope.query`."""
        if isinstance(node, raw.Select):
            return self.select(node, scope)
        if isinstance(node, raw.Values):
            return self.values(node, scope)
        if isinstance(node, raw.SetOperation):
            return self.set_operation(node, scope)
        return self.change(node, scope)

    def subquery(self, node: Any, scope: Scope) -> Query:
        """A query inside an expression: sees everything around it."""
        return self.query(node, Scope(self.new_query("select"), scope))

    # -- SELECT --------------------------------------------------------------------------------------------------------
    def select(self, node: raw.Select, scope: Scope) -> Query:
        query = scope.query
        self.with_clause(node.with_, scope)
        self.scope_stack.append(scope)
        try:
            self.from_clause(node.from_, scope)
            for window in node.windows:
                if window.name in scope.windows:
                    raise DatabaseError(f'window "{window.name}" is already defined', sqlstate="42P20")
                scope.windows[window.name] = window
            query.targets = self.targets(node.targets, scope)
            if node.where is not None:
                query.where = self.condition(node.where, scope, "WHERE")
            if node.having is not None:
                query.having = self.condition(node.having, scope, "HAVING")
            query.order_by = self.sort_clause(node.order, scope, query.targets)
            self.group_clause(node.group, scope)
            self.distinct(node, scope)
            self.limits(node, scope)
            if not scope.keep_unknown:
                self.settle_targets(query.targets)
            self.row_locks(node.locks, scope)
            check_grouping(query, self, having=node.having is not None)
        finally:
            self.scope_stack.pop()
        return query

    def targets(self, nodes: list[raw.Target], scope: Scope, kind: str = "SELECT") -> list[Target]:
        before, scope.kind = scope.kind, kind
        out: list[Target] = []
        try:
            for node in nodes:
                if self.is_star(node.expr):
                    for value, name in self.expand_star(node.expr, scope):
                        out.append(self.target(value, name, scope))
                else:
                    value = self.expr(node.expr, scope)
                    out.append(self.target(value, node.name or column_name(node.expr), scope))
        finally:
            scope.kind = before
        return out

    def target(self, value: n.Expr, name: str, scope: Scope) -> Target:
        table, column = self.origin(value, scope)
        return Target(value, name, False, table, column)

    def origin(self, value: n.Expr, scope: Scope) -> tuple[int, int]:
        """The table column a plain reference comes from, through subqueries."""
        if not isinstance(value, n.Column) or value.attno == 0:
            return 0, 0
        current: Scope | None = scope
        for _ in range(value.levels_up):
            current = current.parent if current is not None else None
        if current is None or value.rte >= len(current.query.rtes):
            return 0, 0
        rte = current.query.rtes[value.rte]
        if rte.relation is not None:
            return rte.relation.oid, value.attno
        return self.origins.get((id(current.query), value.rte, value.attno), (0, 0))

    def settle_targets(self, targets: list[Target]) -> None:
        for target in targets:
            if target.expr.type_oid == UNKNOWN and not target.junk:
                target.expr = self.coercion.settle(target.expr)

    # -- ORDER BY and GROUP BY -----------------------------------------------------------------------------------------
    def sort_clause(self, nodes: list[raw.SortBy], scope: Scope, targets: list[Target]) -> list[SortKey]:
        """ORDER BY of a query: output names and positions first, then expressions."""
        keys: list[SortKey] = []
        before, scope.kind = scope.kind, "ORDER BY"
        try:
            for node in nodes:
                value = self.by_output(node.expr, scope, targets, "ORDER BY", names_first=True)
                key = self.sort_key(value, node)
                if not any(self.same(key.expr, k.expr) for k in keys):
                    keys.append(key)
        finally:
            scope.kind = before
        return keys

    def by_output(self, node: Any, scope: Scope, targets: list[Target], clause: str, names_first: bool) -> n.Expr:
        visible = [t for t in targets if not t.junk]
        if isinstance(node, raw.ColumnRef) and len(node.names) == 1 and not node.star:
            name = node.names[0]
            if names_first or not self.is_input_column(scope, name, node.position):
                found = [t for t in visible if t.name == name]
                if found:
                    if any(not self.same(t.expr, found[0].expr) for t in found[1:]):
                        raise DatabaseError(f'{clause} "{name}" is ambiguous', sqlstate="42702", position=node.position)
                    return self.settled(found[0])
        if isinstance(node, raw.Literal) and node.kind != "null":
            if node.kind != "integer":
                raise SyntaxError(f"non-integer constant in {clause}", position=node.position)
            place = int(node.value)
            if not 0 < place <= len(visible):
                raise DatabaseError(f"{clause} position {place} is not in select list", sqlstate="42P10",
                                    position=node.position)  # fmt: skip
            return self.settled(visible[place - 1])
        value = self.expr(node, scope)
        for target in visible:
            if self.same(target.expr, value):
                return self.settled(target)
        return self.coercion.settle(value)

    def settled(self, target: Target) -> n.Expr:
        if target.expr.type_oid == UNKNOWN:
            target.expr = self.coercion.settle(target.expr)
        return target.expr

    def is_input_column(self, scope: Scope, name: str, position: int) -> bool:
        """Whether FROM of this very query has a column of that name."""
        return any(c.name == name for item in scope.items if item.alone for c in item.columns)

    def sort_key(self, value: n.Expr, node: raw.SortBy) -> SortKey:
        operators = registry.default_operators(value.type_oid, self.types.category(value.type_oid))
        if operators is None:
            raise DatabaseError(
                f"could not identify an ordering operator for type {self.types.show(value.type_oid)}", sqlstate="42883",
                hint="Use an explicit ordering operator or modify the query.", position=node.position or value.position,
            )  # fmt: skip
        descending = node.descending
        if node.using is not None:
            if node.using not in ("<", ">"):
                raise DatabaseError(f"operator {node.using} is not a valid ordering operator", sqlstate="42809",
                                    hint='Ordering operators must be "<" or ">" members of btree operator families.',
                                    position=node.position)  # fmt: skip
            descending = node.using == ">"
        nulls_first = descending if node.nulls_first is None else bool(node.nulls_first)
        return SortKey(value, descending, nulls_first, operators.less.fn, operators.equals.fn)

    def sort_keys(self, nodes: list[raw.SortBy], scope: Scope) -> list[SortKey]:
        """ORDER BY inside an aggregate or window: expressions only."""
        return [self.sort_key(self.coercion.settle(self.expr(s.expr, scope)), s) for s in nodes]

    def group_clause(self, nodes: list[Any], scope: Scope) -> None:
        query = scope.query
        if not nodes:
            return
        before, scope.kind = scope.kind, "GROUP BY"
        try:
            if any(isinstance(node, raw.GroupSet) for node in nodes):
                self.grouping_sets(nodes, scope)
                return
            for node in nodes:
                for item in node.items if isinstance(node, raw.Row) and not node.explicit else [node]:
                    self.group_expr(item, scope)
            if not query.group_by:
                query.grouping_sets = [[]]
        finally:
            scope.kind = before

    def group_expr(self, node: Any, scope: Scope) -> int:
        """The place of an expression in group_by, entered if it is new."""
        query = scope.query
        value = self.by_output(node, scope, query.targets, "GROUP BY", names_first=False)
        position = getattr(node, "position", 0)
        if any(isinstance(x, n.Aggregate) and x.levels_up == 0 for x in n.walk(value)):
            raise DatabaseError("aggregate functions are not allowed in GROUP BY", sqlstate="42803", position=value.position)
        if any(isinstance(x, n.WindowCall) for x in n.walk(value)):
            raise DatabaseError("window functions are not allowed in GROUP BY", sqlstate="42P20", position=value.position)
        self.equality_of(value.type_oid, position)
        for i, known in enumerate(query.group_by):
            if self.same(known, value):
                return i
        query.group_by.append(value)
        return len(query.group_by) - 1

    def grouping_sets(self, nodes: list[Any], scope: Scope) -> None:
        """GROUP BY a, ROLLUP (b, c): every combination, as lists of places in group_by."""
        sets: list[list[int]] = [[]]
        for node in nodes:
            sets = [a + b for a in sets for b in self.sets_of(node, scope)]
            if len(sets) > 4096:
                raise DatabaseError("too many grouping sets present (maximum 4096)", sqlstate="54001")
        scope.query.grouping_sets = [list(dict.fromkeys(s)) for s in sets]

    def sets_of(self, node: Any, scope: Scope) -> list[list[int]]:
        def places(item: Any) -> list[int]:
            if isinstance(item, raw.Row) and not item.explicit:
                return [self.group_expr(i, scope) for i in item.items]
            return [self.group_expr(item, scope)]

        if not isinstance(node, raw.GroupSet):
            return [places(node)]
        if node.kind == "empty":
            return [[]]
        if node.kind == "sets":
            return [s for item in node.items for s in self.sets_of(item, scope)]
        units = [places(item) for item in node.items]
        if node.kind == "rollup":
            return [[p for unit in units[:i] for p in unit] for i in range(len(units), -1, -1)]
        out = []
        for mask in range(2 ** len(units) - 1, -1, -1):
            chosen = [u for i, u in enumerate(units) if mask >> (len(units) - 1 - i) & 1]
            out.append([p for unit in chosen for p in unit])
        return out

    def equality_of(self, oid: int, position: int) -> None:
        if registry.equality_operator(oid, self.types.category(oid)) is None:
            raise DatabaseError(
                f"could not identify an equality operator for type {self.types.show(oid)}", sqlstate="42883",
                position=position,
            )  # fmt: skip

    # -- DISTINCT, LIMIT, locks ----------------------------------------------------------------------------------------
    def distinct(self, node: raw.Select, scope: Scope) -> None:
        query = scope.query
        if node.distinct is True:
            query.distinct = True
            for target in query.targets:
                self.equality_of(self.settled(target).type_oid, target.expr.position)
            for key in query.order_by:
                if not any(self.same(key.expr, t.expr) for t in query.targets):
                    raise DatabaseError(
                        "for SELECT DISTINCT, ORDER BY expressions must appear in select list", sqlstate="42P10",
                        position=key.expr.position,
                    )  # fmt: skip
        elif node.distinct:
            before, scope.kind = scope.kind, "DISTINCT ON"
            query.distinct_on = [
                self.by_output(e, scope, query.targets, "DISTINCT ON", names_first=True) for e in node.distinct
            ]
            scope.kind = before
            wanted = len(query.distinct_on)
            for i, key in enumerate(query.order_by[:wanted]):
                if not any(self.same(key.expr, e) for e in query.distinct_on):
                    missing = [
                        said for e, said in zip(query.distinct_on, node.distinct)
                        if not any(self.same(e, k.expr) for k in query.order_by[:i])
                    ]
                    if missing:
                        raise DatabaseError(
                            "SELECT DISTINCT ON expressions must match initial ORDER BY expressions", sqlstate="42P10",
                            position=missing[0].position,
                        )  # fmt: skip

    def limits(self, node: raw.Query, scope: Scope) -> None:
        query = scope.query
        query.limit = self.limit(node.limit, scope, "LIMIT")
        query.offset = self.limit(node.offset, scope, "OFFSET")
        query.with_ties = node.with_ties
        if node.with_ties and not query.order_by:
            raise SyntaxError("WITH TIES cannot be specified without ORDER BY clause")

    def limit(self, node: Any, scope: Scope, clause: str) -> n.Expr | None:
        if node is None:
            return None
        outside = Scope(scope.query, scope.parent, scope.items, scope.ctes, clause)
        value = self.coercion.to_type(self.expr(node, outside), INT8, clause)
        for part in n.walk(value):
            if isinstance(part, n.Column) and part.levels_up == 0:
                raise DatabaseError(f"argument of {clause} must not contain variables", sqlstate="42P10",
                                    position=part.position)  # fmt: skip
        return value

    def row_locks(self, nodes: list[raw.Locking], scope: Scope) -> None:
        query = scope.query
        if not nodes:
            return
        shown = {"update": "UPDATE", "no key update": "NO KEY UPDATE", "share": "SHARE", "key share": "KEY SHARE"}
        for lock in nodes:
            name = f"FOR {shown[lock.strength]}"
            for wrong, what in (
                (query.set_op is not None, "UNION/INTERSECT/EXCEPT"),
                (query.distinct or query.distinct_on, "DISTINCT clause"),
                (query.group_by or query.grouping_sets, "GROUP BY clause"),
                (query.having is not None, "HAVING clause"),
                (query.has_aggregates, "aggregate functions"),
                (scope.has_windows, "window functions"),
            ):
                if wrong:
                    raise FeatureNotSupported(f"{name} is not allowed with {what}")
            places = []
            if lock.tables:
                for table in lock.tables:
                    place = next((i for i, r in enumerate(query.rtes) if r.alias == table), None)
                    if place is None:
                        raise DatabaseError(
                            f'relation "{table}" in {name} clause not found in FROM clause', sqlstate="42P01",
                            position=lock.position,
                        )  # fmt: skip
                    if query.rtes[place].kind not in ("table", "subquery"):
                        what = {"function": "a function", "values": "VALUES", "cte": "a WITH query"}[query.rtes[place].kind]
                        raise FeatureNotSupported(f"{name} cannot be applied to {what}", position=lock.position)
                    places.append(place)
            else:
                places = [i for i, r in enumerate(query.rtes) if r.kind in ("table", "subquery")]
            for place in places:
                query.rtes[place].for_update = lock.strength
                query.rtes[place].privileges.add("UPDATE")
            query.locks.append(RowLock(places, lock.strength, lock.wait))

    # -- VALUES --------------------------------------------------------------------------------------------------------
    def values(self, node: raw.Values, scope: Scope) -> Query:
        """VALUES as a query: SELECT column1, … FROM (the rows)."""
        query = scope.query
        self.with_clause(node.with_, scope)
        rows = self.value_rows(node.rows, scope)
        self.values_query(rows, query, scope)
        query.order_by = self.sort_clause(node.order, scope, query.targets)
        self.limits(node, scope)
        return query

    def value_rows(self, rows: list[list[Any]], scope: Scope) -> list[list[n.Expr]]:
        before, scope.kind = scope.kind, "VALUES"
        try:
            bound = [self.exprs(row, scope) for row in rows]
        finally:
            scope.kind = before
        for row in bound:
            if len(row) != len(bound[0]):
                raise SyntaxError("VALUES lists must all be the same length", position=row[0].position if row else 0)
        return bound

    def values_query(self, rows: list[list[n.Expr]], query: Query, scope: Scope) -> None:
        columns = list(zip(*rows))
        oids = [self.coercion.common_type(list(c), "VALUES") for c in columns]
        columns = [
            tuple(self.coercion.to_common(v, oid, "VALUES") for v in column) for oid, column in zip(oids, columns)
        ]
        typmods = [self.coercion.common_typmod(list(c), oid) for oid, c in zip(oids, columns)]
        names = [f"column{i + 1}" for i in range(len(oids))]
        rte = Rte("values", "*VALUES*", names, oids, typmods, values=[list(r) for r in zip(*columns)])
        item = self.add_rte(scope, rte)
        scope.items = [item]
        query.from_ = [Ref(item.rte)]
        query.targets = [Target(c.expr, c.name) for c in item.columns]

    # -- UNION, INTERSECT, EXCEPT --------------------------------------------------------------------------------------
    def set_operation(self, node: raw.SetOperation, scope: Scope) -> Query:
        query = scope.query
        self.with_clause(node.with_, scope)
        tree, targets = self.set_node(node, scope, top=True)
        query.set_op = tree
        query.targets = [
            Target(n.Column(oid, typmod, 0, self.leftmost(tree), i + 1, 0, name), name)
            for i, (name, oid, typmod) in enumerate(targets)
        ]
        query.order_by = self.set_order(node.order, scope)
        self.limits(node, scope)
        self.row_locks(node.locks, scope)
        return query

    def leftmost(self, tree: Any) -> int:
        while isinstance(tree, SetOp):
            tree = tree.left
        return tree.rte

    def set_order(self, nodes: list[raw.SortBy], scope: Scope) -> list[SortKey]:
        """Only output columns can be sorted by behind a set operation."""
        keys = []
        for node in nodes:
            by_name = isinstance(node.expr, raw.ColumnRef) and any(
                t.name == node.expr.names[-1] and len(node.expr.names) == 1 for t in scope.query.targets
            )
            if not by_name and not isinstance(node.expr, raw.Literal):
                if isinstance(node.expr, raw.ColumnRef):
                    self.expr(node.expr, Scope(scope.query, scope.parent))
                output = Scope(scope.query, scope.parent, [Item("", -1, [ScopeColumn(t.name, t.expr) for t in scope.query.targets])])
                raise FeatureNotSupported(
                    "invalid UNION/INTERSECT/EXCEPT ORDER BY clause",
                    detail="Only result column names can be used, not expressions or functions.",
                    hint="Add the expression/function to every SELECT, or move the UNION into a FROM clause.",
                    position=self.expr(node.expr, output).position,
                )
            keys.append(self.sort_key(self.by_output(node.expr, scope, scope.query.targets, "ORDER BY", True), node))
        return keys

    def set_node(self, node: Any, scope: Scope, top: bool = False) -> tuple[Any, list[tuple[str, int, int]]]:
        """A leaf becomes a subquery entry; an operation settles the types of both sides."""
        plain = isinstance(node, raw.SetOperation) and (
            top or not (node.order or node.limit is not None or node.offset is not None or node.with_)
        )
        if not plain:
            return self.set_leaf(node, scope)
        left, lefts = self.set_node(node.left, scope)
        right, rights = self.set_node(node.right, scope)
        name = node.op.upper()
        if len(lefts) != len(rights):
            raise SyntaxError(f"each {name} query must have the same number of columns", position=self.place_of(node.right))
        columns = []
        for i, (a, b) in enumerate(zip(lefts, rights)):
            left_expr, right_expr = self.set_column(left, i, a, scope), self.set_column(right, i, b, scope)
            oid = self.coercion.common_type([left_expr, right_expr], name)
            self.set_coerce(left, i, oid, name, scope, left_expr)
            self.set_coerce(right, i, oid, name, scope, right_expr)
            if not node.all or node.op != "union":
                self.equality_of(oid, left_expr.position)
            typmod = a[2] if a[1:] == b[1:] and a[1] == oid else -1
            columns.append((a[0], oid, typmod))
        tree = SetOp(node.op, node.all, left, right, [c[1] for c in columns], [c[2] for c in columns])
        return tree, columns

    def place_of(self, node: Any) -> int:
        while isinstance(node, raw.SetOperation):
            node = node.left
        if isinstance(node, raw.Select) and node.targets:
            return node.targets[0].position
        if isinstance(node, raw.Values) and node.rows and node.rows[0]:
            return node.rows[0][0].position
        return 0

    def set_leaf(self, node: Any, scope: Scope) -> tuple[Ref, list[tuple[str, int, int]]]:
        around = Scope(scope.query, scope.parent, [], scope.ctes, scope.kind)
        query = self.query(node, Scope(self.new_query("select"), around, keep_unknown=True))
        targets = [t for t in query.targets if not t.junk]
        index = len(scope.query.rtes)
        alias = f"*SELECT* {index + 1}"
        rte = Rte("subquery", alias, [t.name for t in targets], [t.expr.type_oid for t in targets],
                  [t.expr.typmod for t in targets], query=query)  # fmt: skip
        scope.query.rtes.append(rte)
        scope.leaves[index] = node
        return Ref(index), [(t.name, t.expr.type_oid, t.expr.typmod) for t in targets]

    def set_column(self, tree: Any, i: int, column: tuple[str, int, int], scope: Scope) -> n.Expr:
        if isinstance(tree, Ref):
            query = scope.query.rtes[tree.rte].query
            return [t for t in query.targets if not t.junk][i].expr
        return n.Column(column[1], column[2], 0, self.leftmost(tree), i + 1)

    def set_coerce(self, tree: Any, i: int, oid: int, name: str, scope: Scope, value: n.Expr) -> None:
        """A leaf's column under the common type: at once for constants, through the entry's type otherwise."""
        if not isinstance(tree, Ref):
            if tree.type_oids[i] != oid:
                self.coercion.to_common(value, oid, name)
                for side in (tree.left, tree.right):
                    self.set_coerce(side, i, oid, name, scope, self.set_column(side, i, ("", oid, -1), scope))
                tree.type_oids[i], tree.typmods[i] = oid, -1
            return
        rte = scope.query.rtes[tree.rte]
        target = [t for t in rte.query.targets if not t.junk][i]
        if target.expr.type_oid == oid:
            return
        sets_below = rte.query.set_op is not None
        changed = self.coercion.to_common(target.expr, oid, name)
        if sets_below or rte.query.distinct or rte.query.order_by or rte.query.limit is not None:
            self.wrap_leaf(scope, tree.rte)
            target = rte.query.targets[i]
            changed = self.coercion.to_common(target.expr, oid, name)
        target.expr = changed
        rte.type_oids[i], rte.typmods[i] = oid, -1

    def wrap_leaf(self, scope: Scope, index: int) -> None:
        """SELECT * FROM (leaf): room for a coercion above the leaf's own sorting and set operations.

        The leaf is bound anew: what it names of the queries around it is now one level further out.
        """
        rte = scope.query.rtes[index]
        outer = self.new_query("select")
        around = Scope(outer, Scope(scope.query, scope.parent, [], scope.ctes, scope.kind))
        inner = self.query(scope.leaves[index], Scope(self.new_query("select"), around, keep_unknown=True))
        outer.rtes = [Rte("subquery", "*leaf*", list(rte.columns), list(rte.type_oids), list(rte.typmods), query=inner)]
        outer.from_ = [Ref(0)]
        outer.targets = [
            Target(n.Column(oid, typmod, 0, 0, i + 1, 0, name), name)
            for i, (name, oid, typmod) in enumerate(zip(rte.columns, rte.type_oids, rte.typmods))
        ]
        rte.query = outer
