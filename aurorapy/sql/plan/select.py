"""One query level: joins, grouping, windows, DISTINCT, ORDER BY, row locks, LIMIT, in the order SQL says.

    SELECT b, sum(a) FROM t WHERE c GROUP BY b ORDER BY 2 LIMIT 3
    Limit ← Sort(sum) ← Aggregate(b; sum(a)) ← Scan t (c)

Whatever a level computes before its last step gets a relation id of its own, and later expressions are rewritten to
read those columns. Target expressions that nothing sorts or groups by are computed last, after LIMIT.

Not here: FROM and WHERE (`sql.plan.joins`), INSERT, UPDATE, DELETE (`sql.plan.modify`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import UndefinedFunction
from aurorapy.expressions.nodes import Aggregate as AggregateCall
from aurorapy.expressions.nodes import Call, Column, Const, Expr, Grouping, Param, SubLink, WindowCall
from aurorapy.expressions.ordering import sort_key
from aurorapy.records import replace
from aurorapy.sql.plan import costs as cost
from aurorapy.sql.plan import nodes
from aurorapy.sql.plan.columns import (
    columns_of,
    conjuncts,
    has_set_returning,
    is_volatile,
    rels_of,
    rewrite,
    rewrite_query,
    substitute,
)
from aurorapy.sql.plan.joins import JoinPlanner
from aurorapy.sql.plan.paths import satisfies
from aurorapy.sql.plan.rules import RULES
from aurorapy.sql.plan.rules.fold_constants import raise_errors
from aurorapy.sql.plan.stats import clamp_rows, column_width, type_width
from aurorapy.sql.tree import Query, Ref, SortKey

Planned = tuple[nodes.Node, list[Expr]]


def plan_select(planner: Any, query: Query, fetched: float = 0.0) -> Planned:
    """(plan, output expressions) of a SELECT or VALUES."""
    written = query
    for rule in RULES[1:]:
        query = rule(query, planner)
    raise_errors(query, planner)
    for rel, rte in query.rtes.items():
        planner.aliases[rel] = rte
    level = _Level(planner, query, fetched)
    if query.locks and set(written.rtes) <= set(query.rtes) and written.where != query.where:
        level.recheck = conjuncts(written.where)
    return level.plan()


class _Level:
    """The planning of one query level; `exprs` are what is left to compute above the current node."""

    def __init__(self, planner: Any, query: Query, fetched: float) -> None:
        self.planner = planner
        self.query = query
        self.targets = [t.expr for t in query.targets if not t.junk]
        self.order = [k for k in query.order_by if type(k.expr) not in (Const, Param)]
        self.having = query.having
        self.distinct_on = list(query.distinct_on)
        if query.distinct and not planner.costs.enable_hashagg and _have_order(self.targets):
            self.distinct_on = list(self.targets)  # sorted rows, the first of each run
        self.windows = list(query.windows)
        self.fetched = fetched
        self.groupings: list[tuple[int, ...]] = []
        self.recheck: list[Expr] | None = None  # WHERE before subqueries became joins, for rows that were waited for

    def plan(self) -> Planned:
        query = self.query
        grouped = bool(query.has_aggregates or query.group_by or query.having is not None or query.grouping_sets)
        grouping = self._take_aggregates() if grouped else None
        windowed = self._take_windows()
        self._plan_sublinks()
        if query.set_op is not None:
            node = self._set_operations()
        else:
            node = self._from(grouping, windowed)
        if grouping is not None:
            node = self._group(node, grouping)
        for number, rel, calls in windowed:
            node = self._window(node, number, rel, calls)
        node = self._project_sets(node, early=True)
        node = self._distinct(node)
        node = self._sort(node)
        node = self._lock(node)
        node = self._project_sets(node, early=False)
        node = self._limit(node)
        self._cost_targets(node)
        return node, self.targets

    def _everything(self, each: Any) -> None:
        """Rewrites all that is computed above grouping."""
        self.targets = [each(e) for e in self.targets]
        self.order = [replace(k, expr=each(k.expr)) for k in self.order]
        self.distinct_on = [each(e) for e in self.distinct_on]
        if self.having is not None:
            self.having = each(self.having)
        self.windows = [
            replace(w, partition=[each(e) for e in w.partition], order=[replace(k, expr=each(k.expr)) for k in w.order])
            for w in self.windows
        ]

    # -- before FROM: give computed things their columns
    def _take_aggregates(self) -> tuple[int, list[Expr], list[AggregateCall]]:
        rel = self.planner.new_rel()
        keys = list(self.query.group_by)
        taken = _Aggregates(rel, keys, self._grouping_call)
        calls = taken.calls
        self._everything(taken.each)
        self._add_dependent_keys(keys, rel)
        count = len(keys)

        def place(part: Expr) -> Expr | None:
            if type(part) is Column and part.rte == rel and part.attno < 0:
                return replace(part, attno=count - part.attno)
            if type(part) is Column and part.rte == rel and part.attno >= _MASK:
                return replace(part, attno=count + len(calls) + 1 + part.attno - _MASK)
            return None

        self._everything(lambda e: rewrite(e, place))
        return rel, keys, calls

    def _grouping_call(self, call: Grouping, rel: int, keys: list[Expr]) -> Expr:
        if self.query.grouping_sets is None:
            return Const(23, value=0)
        places = tuple(keys.index(arg) for arg in call.args)
        if places not in self.groupings:
            self.groupings.append(places)
        return Column(23, -1, 0, rel, _MASK + self.groupings.index(places))

    def _add_dependent_keys(self, keys: list[Expr], rel: int) -> None:
        """Columns that the primary key among the grouping keys determines become keys as well."""
        mine = set(self.query.rtes)
        loose: list[Column] = []
        exprs = [*self.targets, *(k.expr for k in self.order), *self.distinct_on]
        exprs += [self.having] if self.having is not None else []
        exprs += [e for w in self.windows for e in (*w.partition, *(k.expr for k in w.order))]
        for expr in exprs:
            for rte, attno in columns_of(expr):
                if rte in mine and not any(c.rte == rte and c.attno == attno for c in loose):
                    entry = self.query.rtes[rte]
                    oid = entry.type_oids[attno - 1] if attno > 0 else 27
                    loose.append(Column(oid, entry.typmods[attno - 1] if attno > 0 else -1, 0, rte, attno))
        if not loose:
            return
        numbers = {(c.rte, c.attno): len(keys) + i + 1 for i, c in enumerate(loose)}
        keys.extend(loose)

        def change(part: Expr) -> Expr | None:
            if type(part) is Column and (part.rte, part.attno) in numbers:
                return replace(part, rte=rel, attno=numbers[part.rte, part.attno])
            return None

        self._everything(lambda e: rewrite(e, change))

    def _take_windows(self) -> list[tuple[int, int, list[WindowCall]]]:
        """(window number, relation id, calls) for each window in use."""
        taken: dict[int, tuple[int, list[WindowCall]]] = {}

        def change(part: Expr) -> Expr | None:
            if type(part) is not WindowCall:
                return None
            rel, calls = taken.setdefault(part.window, (self.planner.new_rel(), []))
            if part not in calls:
                calls.append(part)
            return Column(part.type_oid, part.typmod, 0, rel, calls.index(part) + 1)

        if self.query.windows:
            self.targets = [rewrite(e, change) for e in self.targets]
            self.order = [replace(k, expr=rewrite(k.expr, change)) for k in self.order]
            self.distinct_on = [rewrite(e, change) for e in self.distinct_on]
        return [(number, rel, calls) for number, (rel, calls) in sorted(taken.items())]

    def _plan_sublinks(self) -> None:
        plan = self.planner.plan_sublinks
        self._everything(plan)
        query = self.query
        self.query = replace(
            query,
            where=None if query.where is None else plan(query.where),
            limit=None if query.limit is None else plan(query.limit),
            offset=None if query.offset is None else plan(query.offset),
            from_=[_tree_sublinks(item, plan) for item in query.from_],
            rtes={rel: _entry_sublinks(rte, plan) for rel, rte in query.rtes.items()},
        )

    # -- FROM
    def _limit_rows(self) -> float:
        limit, offset = self.query.limit, self.query.offset
        if self.fetched and limit is None:
            return self.fetched
        if limit is None:
            return 0.0
        if type(limit) is not Const:
            return 0.0 if type(limit) is Const else 10.0
        if limit.value is None:
            return 0.0
        start = offset.value if type(offset) is Const and offset.value else 0
        return float(max(1, int(limit.value) + int(start)))

    def _from(self, grouping: Any, windowed: list) -> nodes.Node:
        query = self.query
        plain = grouping is None and not windowed and not query.distinct and not query.distinct_on
        wanted: tuple[SortKey, ...] = ()
        if plain or self.distinct_on:
            wanted = self._wanted()
        elif grouping is not None and self._sorts_groups(grouping[1]):
            wanted = self._known_order([SortKey(k) for k in grouping[1]])
        fetched = self._limit_rows() if plain and not any(has_set_returning(t) for t in self.targets) else 0.0
        joins = JoinPlanner(self.planner, query.rtes, wanted, fetched)
        return joins.run(query.from_, conjuncts(query.where))

    def _wanted(self) -> tuple[SortKey, ...]:
        return self._known_order(self._distinct_on_order() if self.distinct_on else self.order)

    def _known_order(self, keys: list[SortKey]) -> tuple[SortKey, ...]:
        """The keys if a scan might have their order."""
        if all(type(k.expr) is Column and k.expr.rte in self.query.rtes for k in keys):
            return tuple(keys)
        return ()

    # -- GROUP BY
    def _group(self, node: nodes.Node, grouping: tuple[int, list[Expr], list[Any]]) -> nodes.Node:
        rel, keys, calls = grouping
        planner = self.planner
        keys = [planner.plan_sublinks(k) for k in keys]
        calls = [planner.plan_sublinks(c) for c in calls]
        sets = self.query.grouping_sets
        having = conjuncts(self.having)
        strategy = "plain" if not keys and sets is None else "mixed" if sets is not None else "hashed"
        if strategy == "hashed" and self._sorts_groups(keys) and not _covers(node.order, keys):
            node, keys = self._sorted_groups(node, keys)
        if strategy == "hashed" and len(node.order) >= len(keys) and _covers(node.order, keys):
            strategy = "sorted"
        extra = len(keys) - len(self.query.group_by)
        if sets is not None and extra:
            sets = [[*s, *range(len(keys) - extra, len(keys))] for s in sets]
        made = nodes.Aggregate(rel, node, strategy, keys, calls, sets, quals=having, rels=frozenset((rel,)))
        made.groupings = self.groupings
        made.width = sum(type_width(e.type_oid, e.typmod) for e in (*keys, *calls))
        groups = planner.estimator.groups(keys, node.rows)
        if sets is not None:
            groups = sum(planner.estimator.groups([keys[i] for i in s], node.rows) for s in sets)
        share = planner.estimator.all_of(having)
        cost.aggregate(made, groups, groups * share, planner.costs)
        planner.define(rel, [*keys, *calls])
        planner.note_rows(rel, made.rows)
        if strategy == "sorted":
            made.order = planner.order_through(node, rel, keys)
        return made

    def _sorts_groups(self, keys: list[Expr]) -> bool:
        return bool(keys) and self.query.grouping_sets is None and not self.planner.costs.enable_hashagg and _have_order(keys)

    def _sorted_groups(self, node: nodes.Node, keys: list[Expr]) -> tuple[nodes.Node, list[Expr]]:
        """The node sorted by grouping keys, and the keys as it has them."""
        computed = [k for k in keys if type(k) is not Column]
        if computed:
            rel = self.planner.new_rel()
            node = self._project(node, rel, computed)
            pairs = [(e, Column(e.type_oid, e.typmod, 0, rel, i + 1)) for i, e in enumerate(computed)]
            keys = [substitute(k, pairs) for k in keys]
        order = tuple(SortKey(k) for k in keys)
        made = nodes.Sort(node, list(order), rels=node.rels, order=order, width=node.width)
        cost.sort(made, 0.0, self.planner.costs)
        return made, keys

    def _window(self, node: nodes.Node, number: int, rel: int, calls: list[Any]) -> nodes.Node:
        planner = self.planner
        window = self.windows[number]
        keys = [SortKey(e) for e in window.partition] + list(window.order)
        node = self._sorted(node, [k for k in keys if type(k.expr) is not Const])
        calls = [planner.plan_sublinks(c) for c in calls]
        made = nodes.WindowAgg(rel, node, window, calls, rels=node.rels | {rel}, order=node.order)
        cost.pass_through(made, calls, planner.costs)
        made.total += node.rows * planner.costs.cpu_operator * len(calls)
        planner.define(rel, calls)
        return made

    # -- set-returning targets
    def _project_sets(self, node: nodes.Node, early: bool) -> nodes.Node:
        """SELECT generate_series(…): before sorting when the order or DISTINCT needs its values, after it otherwise."""
        if not any(has_set_returning(e) for e in self.targets) and not any(has_set_returning(k.expr) for k in self.order):
            return node
        needed = self.query.distinct or self.distinct_on or any(has_set_returning(k.expr) for k in self.order)
        if early and not needed:
            return node
        rel = self.planner.new_rel()
        calls: list[Expr] = []

        def change(part: Expr) -> Expr | None:
            if type(part) is Call and part.fn.returns_set:
                if part not in calls:
                    calls.append(part)
                return Column(part.type_oid, part.typmod, 0, rel, calls.index(part) + 1)
            return None

        self._everything(lambda e: rewrite(e, change))
        made = nodes.ProjectSet(rel, node, calls, rels=node.rels | {rel}, order=node.order, width=node.width)
        cost.pass_through(made, calls, self.planner.costs)
        made.rows = clamp_rows(node.rows * 10)
        self.planner.define(rel, calls)
        return made

    # -- DISTINCT, ORDER BY
    def _distinct(self, node: nodes.Node) -> nodes.Node:
        if self.distinct_on:
            keys = self._distinct_on_order()
            node = self._sorted(node, keys)
            made = nodes.Unique(node, list(self.distinct_on), rels=node.rels, order=node.order)
            cost.pass_through(made, [], self.planner.costs)
            made.rows = self.planner.estimator.groups(self.distinct_on, node.rows)
            return made
        return self._deduplicate(node) if self.query.distinct else node

    def _deduplicate(self, node: nodes.Node) -> nodes.Node:
        rel = self.planner.new_rel()
        keys = list(self.targets)
        made = nodes.Aggregate(rel, node, "hashed" if keys else "plain", keys, [], rels=frozenset((rel,)), width=node.width)
        if not keys:
            return node
        groups = self.planner.estimator.groups(keys, node.rows)
        cost.aggregate(made, groups, groups, self.planner.costs)
        self.planner.define(rel, keys)
        pairs = [(e, Column(e.type_oid, e.typmod, 0, rel, i + 1)) for i, e in enumerate(keys)]
        self.targets = [column for _, column in pairs]
        self.order = [replace(k, expr=substitute(k.expr, pairs)) for k in self.order]
        return made

    def _distinct_on_order(self) -> list[SortKey]:
        """ORDER BY, completed by the DISTINCT ON expressions that it does not start with."""
        keys = [k for k in self.order]
        leading = keys[: len(self.distinct_on)]
        missing = [e for e in self.distinct_on if not any(k.expr == e for k in leading)]
        return [*leading, *(SortKey(e) for e in missing), *keys[len(self.distinct_on) :]] if missing else keys

    def _sort(self, node: nodes.Node) -> nodes.Node:
        if not self.order:
            return node
        return self._sorted(node, self.order, final=True)

    def _sorted(self, node: nodes.Node, keys: list[SortKey], final: bool = False) -> nodes.Node:
        """`node` sorted by `keys`; computed keys are computed once, and reused where targets mention them."""
        if not keys:
            return node
        computed = [k.expr for k in keys if type(k.expr) is not Column]
        if computed:
            rel = self.planner.new_rel()
            node = self._project(node, rel, computed)
            pairs = [(e, Column(e.type_oid, e.typmod, 0, rel, i + 1)) for i, e in enumerate(computed)]
            self._everything(lambda e: substitute(e, pairs))
            keys = [replace(k, expr=substitute(k.expr, pairs)) for k in keys]
        if satisfies(node.order, tuple(keys)):
            return node
        made = nodes.Sort(node, list(keys), rels=node.rels, order=tuple(keys), width=node.width)
        limit = self.query.limit
        if final and limit is not None and not self.query.with_ties and not self.query.locks:
            if not any(has_set_returning(t) for t in self.targets):
                made.bound = (limit, self.query.offset)
        cost.sort(made, self._limit_rows() if made.bound else 0.0, self.planner.costs)
        return made

    def _project(self, node: nodes.Node, rel: int, exprs: list[Expr]) -> nodes.Node:
        made = nodes.Project(rel, node, exprs, rels=node.rels | {rel}, order=node.order)
        cost.pass_through(made, exprs, self.planner.costs)
        self.planner.define(rel, exprs)
        return made

    # -- FOR UPDATE, LIMIT
    def _lock(self, node: nodes.Node) -> nodes.Node:
        marks = []
        for lock in self.query.locks:
            for rel in lock.rtes:
                rte = self.query.rtes.get(rel)
                if rte is not None and rte.kind == "table" and not any(m.rel == rel for m in marks):
                    marks.append(nodes.RowMark(rel, rte.relation, lock.strength, lock.wait))
        if not marks:
            return node
        where = conjuncts(self.query.where) if self.recheck is None else map(self.planner.plan_sublinks, self.recheck)
        recheck = [*where, *(q for item in self.query.from_ for q in inner_conditions(item))]
        made = nodes.LockRows(node, marks, recheck, rels=node.rels, order=node.order)
        cost.pass_through(made, [], self.planner.costs)
        made.total += node.rows * self.planner.costs.cpu_tuple
        return made

    def _limit(self, node: nodes.Node) -> nodes.Node:
        limit, offset = self.query.limit, self.query.offset
        if limit is None and offset is None:
            return node
        made = nodes.Limit(node, limit, offset, self._ties() if self.query.with_ties else None, rels=node.rels, order=node.order)
        cost.limit(made, _number(offset, 0.0), _number(limit, -1.0))
        return made

    def _ties(self) -> list[SortKey]:
        return list(self.order)

    def _cost_targets(self, node: nodes.Node) -> None:
        once, per_row = cost.qual_cost(self.targets, self.planner.costs)
        node.startup += once
        node.total += once + per_row * node.rows
        if self.targets:
            node.width = sum(_expr_width(self.planner, t) for t in self.targets)

    # -- UNION, INTERSECT, EXCEPT
    def _set_operations(self) -> nodes.Node:
        set_op = self.query.set_op
        out = _first_leaf(set_op)
        node, targets = self._branch(set_op, out)
        if any(not (type(t) is Column and t.rte == out) for t in targets):
            node = self._project(node, out, targets)
            node.rels = node.rels | {out}
        return node

    def _branch(self, item: Any, out: int) -> Planned:
        """(plan, its output expressions); a set operation's own outputs are columns of relation `out`."""
        if isinstance(item, Ref):
            return self.planner.plan_query(self.query.rtes[item.rte].query)
        rel = out if item is self.query.set_op and (item.all or item.op != "union") else self.planner.new_rel()
        if item.op == "union":
            inputs = self._union_inputs(item, item.all)
            made: nodes.Node = nodes.Append(rel, inputs, rels=frozenset((rel,)))
            made.startup = inputs[0][0].startup
            made.total = sum(n.total for n, _ in inputs)
            made.rows = sum(n.rows for n, _ in inputs)
        else:
            left, right = self._branch(item.left, -1), self._branch(item.right, -1)
            made = nodes.SetOperation(rel, item.op, item.all, left, right, item.type_oids, rels=frozenset((rel,)))
            made.startup = left[0].total + right[0].total
            made.rows = clamp_rows(min(left[0].rows, right[0].rows) if item.op == "intersect" else left[0].rows)
            made.total = made.startup + made.rows * self.planner.costs.cpu_tuple
            inputs = [left, right]
        made.width = sum(type_width(o) for o in item.type_oids)
        outputs = self._outputs(rel, item, inputs[0][1])
        if item.op == "union" and not item.all:
            made = self._union_distinct(made, outputs)
            outputs = [Column(c.type_oid, c.typmod, 0, made.rel, i + 1) for i, c in enumerate(outputs)]
        return made, outputs

    def _outputs(self, rel: int, item: Any, first: list[Expr]) -> list[Expr]:
        typmods = item.typmods or [-1] * len(first)
        oids = item.type_oids or [e.type_oid for e in first]
        outputs = [Column(o, t, 0, rel, i + 1) for i, (o, t) in enumerate(zip(oids, typmods))]
        self.planner.define(rel, first)
        return outputs

    def _union_inputs(self, item: Any, all_: bool) -> list[Planned]:
        """UNION branches in one row: nested UNIONs of the same kind are merged."""
        inputs: list[Planned] = []
        for side in (item.left, item.right):
            if not isinstance(side, Ref) and side.op == "union" and (side.all or not all_):
                inputs.extend(self._union_inputs(side, all_))
            else:
                inputs.append(self._branch(side, -1))
        return inputs

    def _union_distinct(self, node: nodes.Node, outputs: list[Expr]) -> nodes.Node:
        rel = self.planner.new_rel()
        made = nodes.Aggregate(rel, node, "hashed", list(outputs), [], rels=frozenset((rel,)), width=node.width)
        cost.aggregate(made, node.rows, node.rows, self.planner.costs)
        self.planner.define(rel, outputs)
        return made


class _Aggregates:
    """One level's aggregate calls: `each` puts columns of the relation `rel` in their place, and in that of grouping keys,
    in subqueries too."""

    def __init__(self, rel: int, keys: list[Expr], grouping: Callable[..., Expr]) -> None:
        self.rel, self.keys = rel, keys
        self.grouping = grouping
        self.calls: list[AggregateCall] = []
        self._columns: list[Column] = []

    def each(self, expr: Expr, depth: int = 0) -> Expr:
        def change(part: Expr) -> Expr | None:
            if depth == 0 or rels_of(part):
                for position, key in enumerate(self.keys):
                    if part == key:
                        return Column(part.type_oid, part.typmod, 0, self.rel, position + 1)
            if type(part) is AggregateCall:
                return self._column(part) if part.levels_up == depth else None
            if type(part) is Grouping and depth == 0:
                return self.grouping(part, self.rel, self.keys)
            if type(part) is SubLink:
                inner = self._within(part.query, depth + 1)
                return replace(part, query=inner, test=None if part.test is None else self.each(part.test, depth))
            return None

        return rewrite(expr, change)

    def _within(self, query: Query, depth: int) -> Query:
        return rewrite_query(query, lambda e: self.each(e, depth), lambda inner: self._within(inner, depth + 1))

    def _column(self, call: AggregateCall) -> Column:
        plain = replace(call, levels_up=0)
        for position, known in enumerate(self.calls):
            if known == plain and not is_volatile(plain):
                return self._columns[position]
        self.calls.append(plain)
        made = Column(call.type_oid, call.typmod, 0, self.rel, -len(self.calls))
        self._columns.append(made)
        return made


_MASK = 1 << 20  # from here on: GROUPING's columns, until the number of aggregate columns is known


def _first_leaf(item: Any) -> int:
    while not isinstance(item, Ref):
        item = item.left
    return item.rte


def _tree_sublinks(item: Any, plan: Any) -> Any:
    if isinstance(item, Ref):
        return item
    on = None if item.on is None else plan(item.on)
    return replace(item, left=_tree_sublinks(item.left, plan), right=_tree_sublinks(item.right, plan), on=on)


def _entry_sublinks(rte: Any, plan: Any) -> Any:
    if rte.functions:
        return replace(rte, functions=[plan(f) for f in rte.functions])
    if rte.values:
        return replace(rte, values=[[plan(v) for v in row] for row in rte.values])
    return rte


def inner_conditions(item: Any) -> list[Expr]:
    """What every row of a join tree meets: the ON of inner joins, but for those on the missing side of an outer join and in
    a subquery that became a join."""
    if isinstance(item, Ref):
        return []
    found = list(conjuncts(item.on)) if item.kind in ("inner", "cross") else []
    if item.kind not in ("right", "full"):
        found += inner_conditions(item.left)
    if item.kind in ("inner", "cross", "right"):
        found += inner_conditions(item.right)
    return found


def _covers(order: tuple[SortKey, ...], keys: list[Expr]) -> bool:
    leading = [k.expr for k in order[: len(keys)]]
    return len(leading) == len(keys) and all(k in leading for k in keys)


def _have_order(exprs: list[Expr]) -> bool:
    try:
        for expr in exprs:
            sort_key(expr.type_oid)
    except UndefinedFunction:
        return False
    return True


def _number(expr: Expr | None, absent: float) -> float:
    if expr is None:
        return absent
    if type(expr) is Const:
        return absent if expr.value is None else float(expr.value)
    return -1.0


def _expr_width(planner: Any, expr: Expr) -> int:
    if type(expr) is Column:
        relation = planner.relation_of(expr.rte)
        if relation is not None and (expr.attno <= 0 or expr.attno <= len(relation.columns)):
            return column_width(relation, expr.attno)
    return type_width(expr.type_oid, expr.typmod)
