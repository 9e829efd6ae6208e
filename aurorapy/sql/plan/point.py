"""The short path: one row of one table by its whole unique key, as pgbench and ORMs ask for it.

    SELECT abalance FROM pgbench_accounts WHERE aid = $1
    UPDATE t SET b = b + $1 WHERE id = $2        DELETE FROM t WHERE id = 7

Such a query is recognised from its bound form and planned without rules, statistics or join search: key values are
parameters or constants. Everything else gives None and is planned in full.

Not here: the code that runs it (`execute.rows.point`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.expressions.nodes import Call, Column, Const, Expr, Param, Relabel
from aurorapy.sql.plan import nodes
from aurorapy.sql.plan.columns import conjuncts
from aurorapy.sql.plan.nodes import Plan
from aurorapy.sql.plan.paths import same_family
from aurorapy.sql.tree import Query, Ref


def plan_point(query: Query, catalog: Any) -> Plan | None:
    """The plan, or None when the query is not of that form."""
    if query.kind not in ("select", "update", "delete") or len(query.rtes) != 1 or query.where is None:
        return None
    rte = query.rtes[0]
    if rte.kind != "table" or rte.relation is None or not rte.relation.indexes or not _is_bare(query):
        return None
    relation = rte.relation
    fixed: dict[int, tuple[Expr, Expr]] = {}
    for qual in conjuncts(query.where):
        found = _equality(qual)
        if found is None or found[0] in fixed:
            return None
        fixed[found[0]] = (found[1], qual)
    index = next((i for i in relation.indexes if _serves(i, fixed)), None)
    exprs = [t.expr for t in query.targets] + [t.expr for t in query.returning] + [e for _, e in query.sets]
    if index is None or not all(_is_simple(e) for e in exprs):
        return None
    if query.kind != "select" and any(c.generated for c in relation.columns):
        return None
    return _build(query, rte, relation, index, fixed)


def _is_bare(query: Query) -> bool:
    if query.kind == "select" and query.from_ != [Ref(0)]:
        return False
    return not (
        query.group_by or query.grouping_sets or query.having is not None or query.has_aggregates or query.windows
        or query.distinct or query.distinct_on or query.limit is not None or query.offset is not None
        or query.set_op is not None or query.ctes or query.locks or (query.kind != "select" and len(query.from_) > 1)
    )  # fmt: skip


def _strip(expr: Expr) -> Expr:
    while type(expr) is Relabel:
        expr = expr.arg
    return expr


def _equality(qual: Expr) -> tuple[int, Expr] | None:
    """(attno, value) of `column = $n` or `column = constant`."""
    if type(qual) is not Call or qual.op != "=" or len(qual.args) != 2:
        return None
    left, right = qual.args
    column = _strip(left)
    if type(column) is not Column:
        column, right = _strip(right), left
    if type(column) is not Column or column.attno <= 0 or column.levels_up:
        return None
    value = _strip(right)
    if type(value) is Const and value.value is None:
        return None
    if type(value) not in (Param, Const) or not same_family(column.type_oid, value.type_oid):
        return None
    return column.attno, value


def _serves(index: Any, fixed: dict) -> bool:
    keys = index.columns[: index.key_count or len(index.columns)]
    return index.unique and index.valid and index.predicate is None and set(keys) == set(fixed) and len(keys) == len(fixed)


_PLAIN = (Column, Const, Param, Call, Relabel)


def _is_simple(expr: Expr) -> bool:
    """Made of this row's columns, parameters, constants and ordinary functions."""
    kind = type(expr)
    if kind not in _PLAIN or (kind is Call and (expr.fn.returns_set or expr.fn.kind != "f")):
        return False
    if kind is Column and (expr.attno == 0 or expr.levels_up):
        return False
    return all(_is_simple(c) for c in expr.children())


def _build(query: Query, rte: Any, relation: Any, index: Any, fixed: dict) -> Plan:
    keys = index.columns[: index.key_count or len(index.columns)]
    quals = [fixed[a][1] for a in keys]
    scan = nodes.IndexScan(
        0, relation, rte.alias, index, [(fixed[a][0], False) for a in keys], conditions=quals, rels=frozenset((0,)),
        startup=0.15, total=8.17,
    )  # fmt: skip
    targets = [t.expr for t in (query.targets if query.kind == "select" else query.returning) if not t.junk]
    node: nodes.Node = scan
    if query.kind != "select":
        node = _change(query, rte, relation, scan, quals, targets)
        if node is None:
            return None
    return Plan(query.kind, node, targets, aliases={0: rte}, point=scan, volatile=query.kind != "select")


def _change(query: Query, rte: Any, relation: Any, scan: nodes.IndexScan, quals: list[Expr], targets: list[Expr]) -> Any:
    from aurorapy.sql.plan.modify import row_columns

    if any(c.kind == "c" for c in relation.constraints):
        return None
    node = nodes.Modify(query.kind, 0, relation, rte.alias, scan, rels=frozenset((0,)), total=scan.total, startup=scan.startup)
    node.recheck, node.returning = quals, targets
    if query.kind == "update":
        sets = dict(query.sets)
        node.values = [sets.get(i + 1, old) for i, old in enumerate(row_columns(0, relation))]
        node.changed = node.given = frozenset(sets)
    return node
