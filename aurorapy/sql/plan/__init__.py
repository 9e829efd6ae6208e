"""From a bound query to a physical plan.

    query (sql.tree)  →  rules  →  join order and access paths by cost  →  Plan (sql.plan.nodes)

Reading order: `nodes` (what a plan is), `columns` (rewriting expressions), `rules/` (always-good rewrites, one list),
`stats` and `costs` (PostgreSQL's estimates), `paths` (one relation), `joins`, `select` (one query level), `modify`,
`planner` (what one statement shares), `point` (the short path for one row by its key).

    plan(query, catalog, settings, evaluation) -> Plan

`settings` is a mapping or a callable from names (seq_page_cost, enable_seqscan, work_mem, ...) to values. `catalog` may
offer `relation_pages(relation) -> int`, the table's size now; otherwise Relation.pages is believed.

Not here: running it (`execute`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.expressions.nodes import SubLink
from aurorapy.sql.plan.columns import query_expressions, query_is_volatile, shallow_parts
from aurorapy.sql.plan.costs import is_enabled
from aurorapy.sql.plan.nodes import CtePlan, Node, Plan
from aurorapy.sql.plan.planner import Planner
from aurorapy.sql.plan.point import plan_point
from aurorapy.sql.plan.rules import number_relations
from aurorapy.sql.plan.rules.fold_constants import fold_constants
from aurorapy.sql.tree import Query
from aurorapy_native.lexer import too_deep

_ROW_SHARE, _ROW_EXCLUSIVE, _ACCESS_SHARE = "ROW SHARE", "ROW EXCLUSIVE", "ACCESS SHARE"
_STRENGTH = {_ACCESS_SHARE: 0, _ROW_SHARE: 1, _ROW_EXCLUSIVE: 2}


def plan(query: Query, catalog: Any, settings: Any = None, evaluation: Any = None) -> Plan:
    """The plan of a bound SELECT, VALUES, INSERT, UPDATE or DELETE. `evaluation`: the EvalContext that constants are
    computed with; their errors are raised here."""
    try:
        made = plan_point(query, catalog) if is_enabled(settings, "enable_indexscan") else None
        if made is None:
            made = _plan_in_full(query, catalog, settings, evaluation)
        _describe(made, query)
    except RecursionError:
        raise too_deep() from None
    return made


def _plan_in_full(query: Query, catalog: Any, settings: Any, evaluation: Any) -> Plan:
    planner = Planner(catalog, settings, evaluation)
    numbered = fold_constants(number_relations(query, planner), planner)
    for state in planner.cte_states:
        state.query = fold_constants(state.query, planner)
    planner.note_columns(numbered)
    for state in planner.cte_states:
        planner.note_columns(state.query)
    node, targets = planner.plan_query(numbered)
    for state in planner.cte_states:
        if state.query.kind in ("insert", "update", "delete"):
            planner.plan_cte(state)
    return Plan(
        query.kind, node, targets, ctes=planner.ctes, definitions=planner.definitions, aliases=planner.aliases,
        whole_rows=planner.whole_rows,
        volatile=query.kind != "select" or query_is_volatile(query),
    )  # fmt: skip


def _describe(made: Plan, query: Query) -> None:
    """Result columns, table locks and privileges, from the query as it was bound."""
    targets = query.targets if query.kind in ("select", "values") else query.returning
    shown = [t for t in targets if not t.junk]
    made.names = [t.name for t in shown]
    made.origins = [(t.origin_table, t.origin_column) for t in shown]
    made.param_types = list(query.param_types)
    made.relation_oids = set(query.relation_oids)
    locks: dict[int, str] = {}
    privileges: dict[int, set[str]] = {}
    _gather(query, locks, privileges)
    made.locks = sorted(locks.items())
    made.privileges = [(oid, frozenset(wanted)) for oid, wanted in sorted(privileges.items())]


def _gather(query: Query, locks: dict[int, str], privileges: dict[int, set[str]]) -> None:
    locked = {rel for lock in query.locks for rel in lock.rtes}
    for number, rte in enumerate(query.rtes):
        if rte.kind == "table" and rte.relation is not None:
            target = number == query.target_rte
            mode = _ROW_EXCLUSIVE if target else _ROW_SHARE if number in locked or rte.for_update else _ACCESS_SHARE
            held = locks.get(rte.relation.oid)
            if held is None or _STRENGTH[mode] > _STRENGTH[held]:
                locks[rte.relation.oid] = mode
            privileges.setdefault(rte.relation.oid, set()).update(rte.privileges)
        elif rte.view is not None:  # what a view reads, its owner may read
            locks.setdefault(rte.view.oid, _ACCESS_SHARE)
            privileges.setdefault(rte.view.oid, set()).update(rte.privileges or {"SELECT"})
            _gather(rte.query, locks, {})
        elif rte.query is not None:
            _gather(rte.query, locks, privileges)
    for cte in query.ctes:
        _gather(cte.query, locks, privileges)
    for expr in query_expressions(query):
        for part in shallow_parts(expr):
            if type(part) is SubLink:
                _gather(part.query, locks, privileges)


__all__ = ["CtePlan", "Node", "Plan", "plan"]
