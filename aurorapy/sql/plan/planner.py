"""What the planning of one statement shares: relation ids, sizes, WITH queries, subplans, what columns stand for.

    planner = Planner(catalog, settings)
    node, targets = planner.plan_query(numbered_query)

Not here: the shape of a query level (`sql.plan.select`), of a change (`sql.plan.modify`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import InternalError
from aurorapy.expressions.nodes import Call, Column, Expr, Param, SubLink
from aurorapy.records import replace
from aurorapy.sql.plan import nodes
from aurorapy.sql.plan.columns import (
    columns_of,
    conjuncts,
    is_volatile,
    outer_columns,
    parts,
    query_expressions,
    rewrite,
)
from aurorapy.sql.plan.costs import read_costs
from aurorapy.sql.plan.nodes import CtePlan, SubPlan
from aurorapy.sql.plan.paths import same_family
from aurorapy.sql.plan.stats import Estimator, relation_size
from aurorapy.sql.tree import Query, Ref, SortKey


class Planner:
    """The state of planning one statement."""

    def __init__(self, catalog: Any, settings: Any = None, evaluation: Any = None) -> None:
        self.catalog = catalog
        self.evaluation = evaluation  # EvalContext for computing constants
        self.constants_failed = False  # a constant part raised an error; see rules.fold_constants
        self.costs = read_costs(settings)
        self.aliases: dict[int, Any] = {}  # relation id → Rte
        self.definitions: dict[tuple[int, int], Expr] = {}
        self.whole_rows: dict[int, Expr] = {}  # what attno 0 of a relation is made of
        self.numbered: dict[int, tuple[Expr, Expr]] = {}  # SubLinks met before: one shared by two clauses stays one
        self.cte_of: dict[int, tuple[Any, bool]] = {}
        self.cte_states: list[Any] = []
        self.ctes: list[CtePlan] = []
        self.used_columns: set[tuple[int, int]] = set()
        self.loops = 1.0  # how often the scan being costed will run, on the inner side of a nested loop
        self._next_rel = 0
        self._next_subplan = 0
        self._sizes: dict[int, tuple[float, float]] = {}
        self._rows: dict[int, float] = {}

    @property
    def estimator(self) -> Estimator:
        return Estimator(self)

    # -- relations
    def new_rel(self) -> int:
        self._next_rel += 1
        return self._next_rel - 1

    def relation_of(self, rel: int) -> Any:
        rte = self.aliases.get(rel)
        return rte.relation if rte is not None else None

    def size_of(self, rel: int) -> tuple[float, float]:
        """(rows, pages) of a table."""
        found = self._sizes.get(rel)
        if found is None:
            found = self._sizes[rel] = relation_size(self.relation_of(rel), self.catalog)
        return found

    def rows_of(self, rel: int) -> float:
        if self.relation_of(rel) is not None and self.aliases[rel].kind == "table":
            return self.size_of(rel)[0]
        return self._rows.get(rel, 1000.0)

    def note_rows(self, rel: int, rows: float) -> None:
        if rel >= 0:
            self._rows.setdefault(rel, rows)

    def note_columns(self, query: Query) -> None:
        for expr in query_expressions(query):
            for part in parts(expr):
                if type(part) is Column:
                    self.used_columns.add((part.rte, part.attno))

    def define(self, rel: int, exprs: list[Expr]) -> None:
        """Says what the columns of a computed relation stand for."""
        for position, expr in enumerate(exprs):
            self.definitions[rel, position + 1] = expr

    def order_through(self, child: nodes.Node, rel: int, targets: list[Expr]) -> tuple[SortKey, ...]:
        """A child's order in terms of the columns (rel, i) = targets[i - 1], as far as they carry it."""
        order = []
        for key in child.order:
            for position, target in enumerate(targets):
                if target == key.expr:
                    column = Column(target.type_oid, target.typmod, 0, rel, position + 1)
                    order.append(replace(key, expr=column))
                    break
            else:
                break
        return tuple(order)

    # -- queries
    def plan_query(self, query: Query, fetched: float = 0.0) -> tuple[nodes.Node, list[Expr]]:
        from aurorapy.sql.plan.modify import plan_modify
        from aurorapy.sql.plan.select import plan_select

        if query.kind in ("insert", "update", "delete"):
            return plan_modify(self, query)
        return plan_select(self, query, fetched)

    def plan_subquery(self, query: Query) -> tuple[nodes.Node, list[Expr]]:
        return self.plan_query(query)

    # -- WITH
    def cte_plan(self, rel: int) -> tuple[CtePlan, bool]:
        """The plan that a reference to a WITH query reads, and whether it is the recursive reference itself."""
        state, work_table = self.cte_of[rel]
        plan = self.plan_cte(state)
        return CtePlan(plan.number, plan.name, targets=plan.targets, rows=plan.rows) if work_table else plan, work_table  # no cycle

    def plan_cte(self, state: Any) -> CtePlan:
        if state.plan is not None:
            return state.plan
        query = state.query
        plan = state.plan = CtePlan(len(self.ctes) + 1, state.cte.name)
        self.ctes.append(plan)
        if state.recursive:
            self._plan_recursive(plan, query)
        else:
            plan.node, plan.targets = self.plan_query(query)
            plan.rows = plan.node.rows
            plan.is_modify = query.kind != "select" and query.kind != "values"
        plan.type_oids = [t.type_oid for t in plan.targets]
        outer = outer_columns(plan.node) | {c for t in plan.targets for c in columns_of(t) if c[0] not in plan.node.rels}
        if plan.step is not None:
            outer |= outer_columns(plan.step)
        plan.outer = frozenset(rel for rel, _ in outer if rel in self._outside(plan))
        return plan

    def _outside(self, plan: CtePlan) -> set[int]:
        inside: set[int] = set()
        for node in (plan.node, plan.step):
            if node is not None:
                _collect_rels(node, inside)
        return set(self.aliases) - inside

    def _plan_recursive(self, plan: CtePlan, query: Query) -> None:
        set_op = query.set_op
        if set_op is None or not isinstance(set_op.left, Ref) or not isinstance(set_op.right, Ref):
            raise InternalError("recursive query without UNION")
        plan.distinct = not set_op.all
        plan.node, plan.targets = self.plan_query(query.rtes[set_op.left.rte].query)
        plan.rows = plan.node.rows
        plan.step, plan.step_targets = self.plan_query(query.rtes[set_op.right.rte].query)
        plan.rows = plan.node.rows + 10 * plan.step.rows

    # -- subqueries in expressions
    def plan_sublinks(self, expr: Expr) -> Expr:
        """The expression with every SubLink planned."""
        return rewrite(expr, self._sublink)

    def _sublink(self, part: Expr) -> Expr | None:
        if type(part) is not SubLink:
            return None
        fetched = 1.0 if part.kind == "exists" else 0.0
        query = part.query
        if part.kind == "exists" and query.limit is None and not query.group_by and query.kind == "select":
            query = replace(query, order_by=[] if query.offset is None else query.order_by)
        node, targets = self.plan_query(query, fetched)
        test = None if part.test is None else self.plan_sublinks(part.test)
        needed = outer_columns(node) | {c for t in targets for c in columns_of(t)}
        inside: set[int] = set()
        _collect_rels(node, inside)
        outer = frozenset(rel for rel, _ in needed if rel not in inside)
        self._next_subplan += 1
        hash_args = self._hash_args(part.kind, test, targets, outer)
        return SubPlan(
            part.type_oid, part.typmod, 0, part.kind, node, tuple(targets), test, part.op, outer, bool(hash_args),
            self._next_subplan, hash_args,
        )  # fmt: skip

    def _hash_args(self, kind: str, test: Expr | None, targets: list[Expr], outer: frozenset[int]) -> tuple[Expr, ...]:
        """Left-hand sides when an uncorrelated `= ANY` can be answered from a set of the subquery's rows."""
        if kind != "any" or outer or test is None:
            return ()
        args: dict[int, Expr] = {}
        for clause in conjuncts(test):
            if type(clause) is not Call or clause.op != "=" or len(clause.args) != 2 or is_volatile(clause):
                return ()
            left, right = clause.args
            while type(right) is not Param and hasattr(right, "arg"):
                right = right.arg
            if type(right) is not Param or right.number >= 0:
                return ()
            if not same_family(clause.args[0].type_oid, clause.args[1].type_oid):
                return ()
            if any(type(p) is Param and p.number < 0 for p in parts(left)):
                return ()
            args[-right.number] = left
        if sorted(args) != list(range(1, len(targets) + 1)) or any(t.type_oid == 114 for t in targets):
            return ()
        return tuple(args[i] for i in sorted(args))


def _collect_rels(node: nodes.Node, found: set[int]) -> None:
    rel = getattr(node, "rel", None)
    if rel is not None:
        found.add(rel)
    found |= node.rels
    for child in node.children():
        _collect_rels(child, found)
