"""INSERT, UPDATE and DELETE: the rows to change come from a child plan; `nodes.Modify` says what to do with each.

    UPDATE t SET a = a + 1 WHERE b = 2
    Modify(update t, values=[t.a + 1, t.b], recheck=[t.b = 2]) ← Scan t (b = 2)

CHECK constraints, generated columns and defaults are bound here once, as expressions over the new row.

Not here: what happens with a row that another transaction changed meanwhile (`execute.modify`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.expressions.nodes import Column, Const, Expr
from aurorapy.records import replace
from aurorapy.sql.plan import nodes
from aurorapy.sql.plan.columns import conjuncts, rewrite
from aurorapy.sql.plan.joins import JoinPlanner
from aurorapy.sql.plan.rules import RULES
from aurorapy.sql.plan.rules.fold_constants import raise_errors
from aurorapy.sql.plan.rules.reduce_outer_joins import tree_rels
from aurorapy.sql.plan.select import _entry_sublinks, _tree_sublinks, inner_conditions
from aurorapy.sql.tree import Query, Ref


def plan_modify(planner: Any, query: Query) -> tuple[nodes.Node, list[Expr]]:
    """(Modify node, RETURNING's expressions)."""
    node = _plan_insert(planner, query) if query.kind == "insert" else _plan_change(planner, query)
    node.startup = node.child.startup
    node.total = node.child.total
    node.rows = node.child.rows if query.returning else 0.0
    return node, node.returning


def _returning(planner: Any, query: Query) -> list[Expr]:
    return [planner.plan_sublinks(t.expr) for t in query.returning if not t.junk]


def row_columns(rel: int, relation: Any) -> list[Expr]:
    """The columns of a relation in attno order; NULL stands for a dropped one."""
    return [
        Const(23) if c.dropped else Column(c.type_oid, c.typmod, 0, rel, c.attno, 0, c.name) for c in relation.columns
    ]


def _plan_insert(planner: Any, query: Query) -> nodes.Modify:
    raise_errors(query, planner)
    rel = query.target_rte
    relation = query.rtes[rel].relation
    given = dict(zip(query.insert_columns, query.insert_exprs))
    values = [planner.plan_sublinks(given[c.attno]) if c.attno in given else Const(c.type_oid) for c in relation.columns]
    if query.source_rte >= 0:
        source = query.source_rte
        joins = JoinPlanner(planner, {source: query.rtes[source]}, (), 0.0)
        child = joins.run([Ref(source)], [])
    else:
        child = nodes.Result(total=planner.costs.cpu_tuple)
    node = nodes.Modify(
        "insert", rel, relation, query.rtes[rel].alias, child, values, rels=frozenset((rel,)),
        checks=bind_checks(planner, rel, relation), generated=bind_generated(planner, rel, relation),
        given=frozenset(query.insert_given) | {attno for attno, _ in (query.on_conflict.sets if query.on_conflict else ())},
    )  # fmt: skip
    node.returning = _returning(planner, query)
    if query.on_conflict is not None:
        node.conflict = _conflict(planner, query.on_conflict, rel, relation)
    return node


def _conflict(planner: Any, conflict: Any, rel: int, relation: Any) -> nodes.Conflict:
    made = nodes.Conflict(conflict.action, list(conflict.arbiters), conflict.excluded_rte)
    if conflict.action == "update":
        sets = {attno: planner.plan_sublinks(expr) for attno, expr in conflict.sets}
        made.values = [sets.get(i + 1, old) for i, old in enumerate(row_columns(rel, relation))]
        made.where = None if conflict.where is None else planner.plan_sublinks(conflict.where)
    return made


def _plan_change(planner: Any, query: Query) -> nodes.Modify:
    rel = query.target_rte
    relation = query.rtes[rel].relation
    from_ = list(query.from_)
    if not any(rel in tree_rels(item) for item in from_):
        from_.insert(0, Ref(rel))
    original = replace(query, from_=from_)
    query = original
    for rule in RULES[1:]:
        query = rule(query, planner)
    raise_errors(query, planner)
    for number, rte in query.rtes.items():
        planner.aliases[number] = rte
    plan = planner.plan_sublinks
    rtes = {number: _entry_sublinks(rte, plan) for number, rte in query.rtes.items()}
    tree = [_tree_sublinks(item, plan) for item in query.from_]
    where = [plan(q) for q in conjuncts(query.where)]
    child = JoinPlanner(planner, rtes, (), 0.0).run(tree, where)
    node = nodes.Modify(query.kind, rel, relation, query.rtes[rel].alias, child, rels=child.rels | {rel})
    same_tree = query.from_ == original.from_ and query.where == original.where
    node.recheck = where if same_tree else [plan(q) for q in conjuncts(_mapped_where(original, query))]
    node.recheck += [q for item in tree for q in inner_conditions(item) if q not in node.recheck]
    if query.kind == "update":
        sets = {attno: plan(expr) for attno, expr in query.sets}
        node.values = [sets.get(i + 1, old) for i, old in enumerate(row_columns(rel, relation))]
        node.generated = bind_generated(planner, rel, relation)
        node.given = frozenset(sets)
        node.changed = node.given | {attno for attno, _ in node.generated}
        node.checks = bind_checks(planner, rel, relation)
    node.returning = [plan(t.expr) for t in query.returning if not t.junk]
    return node


def _mapped_where(original: Query, query: Query) -> Expr | None:
    """WHERE as written, for the recheck, unless subqueries in FROM were dissolved under it."""
    return original.where if set(original.rtes) <= set(query.rtes) else query.where


# -- expressions of the table itself -----------------------------------------------------------------------------------
def bind_checks(planner: Any, rel: int, relation: Any) -> list[tuple[str, Expr]]:
    """(constraint name, expression over relation id `rel`) of the CHECK constraints, by name as PostgreSQL runs them."""
    checks = [c for c in relation.constraints if c.kind == "c" and c.expression]
    return [
        (c.name, bind_table_expression(planner, rel, relation, c.expression)) for c in sorted(checks, key=lambda c: c.name)
    ]


def bind_generated(planner: Any, rel: int, relation: Any) -> list[tuple[int, Expr]]:
    return [
        (c.attno, bind_table_expression(planner, rel, relation, c.default, c))
        for c in relation.columns
        if c.generated == "s" and not c.dropped and c.default
    ]


def bind_table_expression(planner: Any, rel: int, relation: Any, text: str, column: Any = None) -> Expr:
    """SQL text over a table's columns (a CHECK, or the expression of a generated `column`) over relation id `rel`."""
    from aurorapy.sql.bind import bind_expression

    if column is None:
        bound = bind_expression(text, relation, planner.catalog, "CHECK")
    else:
        target = (column.type_oid, column.typmod)
        bound = bind_expression(text, relation, planner.catalog, "GENERATED", target, column.name)

    def change(part: Expr) -> Expr | None:
        return replace(part, rte=rel, position=0) if type(part) is Column else None

    return planner.plan_sublinks(rewrite(bound, change))
