"""Statements on one row as programs that run natively: which plans are of that form, and the code of their new rows.

    UPDATE t SET b = b + $1 WHERE id = $2     PointProgram("update", t, index, (2,), (1, 2), run)

    def run(ectx, params, found):
        p1 = params[0]
        c0_1, c0_2 = found
        n1 = c0_1; n2 = c0_2 + p1
        row = (n1, n2)
        return row

A SELECT has a program when it passes columns on as they are; INSERT when it inserts one row made of expressions. What
returns rows of a change has none.

Not here: running them (`aurorapy_native.point`), the way of everything else (`point`, `operators`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.execute.modify.statements import _check_row
from aurorapy.execute.rows.codegen import Writer
from aurorapy.execute.rows import operators as ops
from aurorapy.expressions.nodes import Call, Column, Expr, Param, Relabel, walk
from aurorapy.sql.plan import nodes
from aurorapy.sql.plan.nodes import Plan, SubPlan
from aurorapy_native.point import PointProgram

_INTEGERS = frozenset((20, 21, 23))
_DECISIVE = frozenset((16, 25, 26, 1043, 2950))  # bool, text, oid, varchar, uuid: equal values have equal key bytes
_TEXTS = frozenset((25, 1043))


def point_program(plan: Plan) -> PointProgram | None:
    """The program of a plan; None when it has to go the general way."""
    if plan.ctes:
        return None
    if isinstance(plan.root, nodes.Modify):
        if plan.targets:
            return None
        if plan.root.kind == "insert":
            return _insert(plan.root)
    if plan.point is None:
        return None
    scan: nodes.IndexScan = plan.point
    key = _key(scan)
    if key is None:
        return None
    if isinstance(plan.root, nodes.Modify):
        return _change(plan.root, scan, key)
    columns = [_stripped(target) for target in plan.targets]
    if not all(type(c) is Column and c.attno > 0 for c in columns):
        return None
    return PointProgram("select", scan.relation, scan.index.oid, key, tuple([c.attno for c in columns]), None)


def _stripped(expr: Expr) -> Expr:
    while type(expr) is Relabel:
        expr = expr.arg
    return expr


def _key(scan: nodes.IndexScan) -> tuple | None:
    """Where each key column's value comes from; None when the key's bytes do not decide alone."""
    sources: list[Any] = []
    for attno, (expr, _) in zip(scan.index.columns, scan.equals):
        value = _stripped(expr)
        column_type = scan.relation.columns[attno - 1].type_oid
        if column_type in _INTEGERS:
            alike = value.type_oid in _INTEGERS
        elif column_type in _TEXTS:
            alike = value.type_oid in _TEXTS
        else:
            alike = column_type in _DECISIVE and value.type_oid == column_type
        if not alike:
            return None
        sources.append(value.number if type(value) is Param else (value.value,))
    return tuple(sources)


def _change(node: nodes.Modify, scan: nodes.IndexScan, key: tuple) -> PointProgram | None:
    if node.kind == "delete":
        return PointProgram("delete", scan.relation, scan.index.oid, key, (), None, calm=True)
    keys = sorted(k for k in ops.needed_by(node.values) if k[1] != -6)
    w = _writer()
    names = []
    for rel, attno in keys:
        never_null = attno < 0 or scan.relation.columns[attno - 1].not_null
        names += w.declare([(rel, attno)], nullable=not never_null)
    if names:
        w.line(f"{w.pattern(names)} = found")
    w.fn.env[0, -6] = (str(scan.relation.oid), False)
    columns = tuple([a for _, a in keys])
    return PointProgram("update", scan.relation, scan.index.oid, key, columns, _new_row(w, node), _is_calm(node))


def _insert(node: nodes.Modify) -> PointProgram | None:
    if type(node.child) is not nodes.Result or node.conflict is not None or node.generated or node.checks or node.child.quals:
        return None
    if any(type(part) is SubPlan for value in node.values for part in walk(value)):
        return None
    return PointProgram("insert", node.relation, 0, (), (), _new_row(_writer(), node), _is_calm(node))


def _is_calm(node: nodes.Modify) -> bool:
    """May the new row be computed twice without anybody noticing?"""
    parts = [part for value in node.values for part in walk(value)]
    return not any(type(part) is Call and part.fn.volatility == "v" for part in parts)


def _writer() -> Writer:
    w = Writer(bind_constants=True, params="params")
    w.root.header = "def run(ectx, params, found):"
    w.root.prologue.clear()
    return w


def _new_row(w: Writer, node: nodes.Modify) -> Any:
    """The function that makes and checks the new row."""
    names = [f"n{i}" for i in range(1, len(node.values) + 1)]
    for name, value in zip(names, node.values):
        w.line(f"{name} = {w.source(value)}")
    w.line(f"row = {w.tuple_of(names)}")
    _check_row(w, node, names)
    w.line("return row")
    return w.compile()[0]
