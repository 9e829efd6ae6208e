"""Expressions as SQL text, the way EXPLAIN shows them.

    (a > 5)   ((t.b)::text = 'x'::text)   (a = ANY ('{1,2}'::integer[]))   (hashed SubPlan 1)   $0

Columns that a plan computes are shown as what they stand for; table names are written when the statement has several
tables.

Not here: pg_get_expr and friends, which show stored text.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aurorapy.expressions import nodes as n
from aurorapy.sql.plan.nodes import Plan, SubPlan
from aurorapy.types.builtin import TYPES
from aurorapy.types.model import TypeContext
from aurorapy.types.names import format_type

_SYSTEM = {-1: "ctid", -2: "xmin", -3: "cmin", -4: "xmax", -5: "cmax", -6: "tableoid"}
_CONTEXT = TypeContext()


class Deparser:
    """Text of one plan's expressions."""

    def __init__(self, plan: Plan, verbose: bool = False) -> None:
        self.plan = plan
        tables = [r for r in plan.aliases.values() if r.kind != "join"]
        self.several = len(tables) > 1
        self.prefixed = verbose or self.several
        self.scanned = -1  # the relation of a scan whose own columns go without its name
        self.bare: frozenset[int] = frozenset()  # relations whose columns are computed in the node being shown

    def prefix(self, verbose: bool, scanned: int = -1) -> None:
        """Whether columns are shown with their table's name: everywhere, or but for those of the relation `scanned`."""
        self.prefixed = verbose or self.several
        self.scanned = -1 if verbose else scanned

    def text(self, expr: Any) -> str:
        handler = getattr(self, "_" + type(expr).__name__.lower(), None)
        return handler(expr) if handler is not None else f"<{type(expr).__name__}>"

    def quals(self, exprs: list[Any]) -> str:
        """Conditions joined by AND."""
        if len(exprs) == 1:
            return self.text(exprs[0])
        return "(" + " AND ".join(self.text(e) for e in exprs) + ")"

    def _column(self, expr: n.Column) -> str:
        meant = self.plan.definitions.get((expr.rte, expr.attno))
        rte = self.plan.aliases.get(expr.rte)
        if meant is not None and (rte is None or rte.kind not in ("subquery", "cte")):
            text = self.text(meant)
            return text if isinstance(meant, (n.Column, n.Const)) or expr.rte in self.bare else f"({text})"
        if rte is None:
            return expr.name or f"column{expr.attno}"
        name = _SYSTEM.get(expr.attno) or (rte.columns[expr.attno - 1] if expr.attno <= len(rte.columns) else expr.name)
        return f"{quoted(rte.alias)}.{quoted(name)}" if self.prefixed and expr.rte != self.scanned else quoted(name)

    def _const(self, expr: n.Const) -> str:
        value, oid = expr.value, expr.type_oid
        name = format_type(oid, expr.typmod)
        if value is None:
            return f"NULL::{name}"
        if oid == 16:
            return "true" if value else "false"
        if oid == 23 and value >= 0:
            return str(value)
        if oid == 1700 and isinstance(value, Decimal) and value >= 0 and "." in str(value):
            return str(value)
        kind = TYPES.get(oid)
        text = kind.output(value, _CONTEXT) if kind is not None else str(value)
        escaped = text.replace("'", "''")
        return f"'{escaped}'::{name}"

    def _param(self, expr: n.Param) -> str:
        return f"${expr.number}"

    def _call(self, expr: n.Call) -> str:
        args = [self.text(a) for a in expr.args]
        if expr.op:
            return f"({expr.op} {args[0]})" if len(args) == 1 else f"({args[0]} {expr.op} {args[1]})"
        if expr.form == "implicit":
            return args[0]
        if expr.form == "cast":
            return f"{_wrapped(args[0])}::{format_type(expr.type_oid, expr.typmod)}"
        return f"{expr.fn.name}({', '.join(args)})"

    def _relabel(self, expr: n.Relabel) -> str:
        if expr.form == "implicit" and not isinstance(expr.arg, n.Column):
            return self.text(expr.arg)
        return f"{_wrapped(self.text(expr.arg))}::{format_type(expr.type_oid, expr.typmod)}"

    def _coerceviaio(self, expr: n.CoerceViaIO) -> str:
        return f"{_wrapped(self.text(expr.arg))}::{format_type(expr.type_oid, expr.typmod)}"

    def _arraycoerce(self, expr: n.ArrayCoerce) -> str:
        return f"{_wrapped(self.text(expr.arg))}::{format_type(expr.type_oid, expr.typmod)}"

    def _and(self, expr: n.And) -> str:
        return "(" + " AND ".join(self.text(a) for a in expr.args) + ")"

    def _or(self, expr: n.Or) -> str:
        return "(" + " OR ".join(self.text(a) for a in expr.args) + ")"

    def _not(self, expr: n.Not) -> str:
        return f"(NOT {self.text(expr.arg)})"

    def _nulltest(self, expr: n.NullTest) -> str:
        return f"({self.text(expr.arg)} IS {'' if expr.is_null else 'NOT '}NULL)"

    def _booleantest(self, expr: n.BooleanTest) -> str:
        truth = {True: "TRUE", False: "FALSE", None: "UNKNOWN"}[expr.truth]
        return f"({self.text(expr.arg)} IS {'NOT ' if expr.negated else ''}{truth})"

    def _distinctfrom(self, expr: n.DistinctFrom) -> str:
        middle = "IS NOT DISTINCT FROM" if expr.negated else "IS DISTINCT FROM"
        return f"({self.text(expr.left)} {middle} {self.text(expr.right)})"

    def _case(self, expr: n.Case) -> str:
        operand = f" {self.text(expr.operand)}" if expr.operand is not None else ""
        whens = "".join(f" WHEN {self.text(w)} THEN {self.text(t)}" for w, t in zip(expr.whens, expr.thens))
        otherwise = f" ELSE {self.text(expr.otherwise)}" if expr.otherwise is not None else ""
        return f"CASE{operand}{whens}{otherwise} END"

    def _coalesce(self, expr: n.Coalesce) -> str:
        return f"COALESCE({', '.join(self.text(a) for a in expr.args)})"

    def _minmax(self, expr: n.MinMax) -> str:
        return f"{'GREATEST' if expr.greatest else 'LEAST'}({', '.join(self.text(a) for a in expr.args)})"

    def _nullif(self, expr: n.NullIf) -> str:
        return f"NULLIF({self.text(expr.left)}, {self.text(expr.right)})"

    def _scalararrayop(self, expr: n.ScalarArrayOp) -> str:
        return f"({self.text(expr.left)} {expr.op} {'ANY' if expr.any else 'ALL'} ({self.text(expr.array)}))"

    def _arrayexpr(self, expr: n.ArrayExpr) -> str:
        return f"ARRAY[{', '.join(self.text(i) for i in expr.items)}]"

    def _rowexpr(self, expr: n.RowExpr) -> str:
        return f"ROW({', '.join(self.text(i) for i in expr.items)})"

    def _rowcompare(self, expr: n.RowCompare) -> str:
        left, right = (", ".join(self.text(i) for i in side) for side in (expr.left, expr.right))
        return f"(ROW({left}) {expr.op} ROW({right}))"

    def _fieldselect(self, expr: n.FieldSelect) -> str:
        return f"({self.text(expr.arg)}).{expr.name}"

    def _subscript(self, expr: n.Subscript) -> str:
        def bound(part: Any) -> str:
            return self.text(part) if part is not None else ""

        if expr.is_slice:
            places = "".join(f"[{bound(lo)}:{bound(up)}]" for lo, up in zip(expr.lower, expr.upper))
        else:
            places = "".join(f"[{bound(up)}]" for up in expr.upper or expr.lower)
        return f"{_wrapped(self.text(expr.base))}{places}"

    def _sessionvalue(self, expr: n.SessionValue) -> str:
        return expr.name.upper()

    def _casetest(self, expr: n.CaseTest) -> str:
        return "CASE_TEST_EXPR"

    def _subplan(self, expr: SubPlan) -> str:
        if expr.hashed:
            return f"(hashed SubPlan {expr.number})"
        if not expr.outer and expr.kind in ("scalar", "exists", "array"):
            return f"${expr.number - 1}"
        return f"(SubPlan {expr.number})"

    def _aggregate(self, expr: n.Aggregate) -> str:
        inside = "*" if expr.star else ", ".join(self.text(a) for a in expr.args)
        if expr.distinct:
            inside = "DISTINCT " + inside
        if expr.order:
            inside += " ORDER BY " + ", ".join(self.sort_key(k) for k in expr.order)
        shown = f"{expr.fn.name}({inside})"
        return f"{shown} FILTER (WHERE {self.text(expr.filter)})" if expr.filter is not None else shown

    def _windowcall(self, expr: n.WindowCall) -> str:
        inside = "*" if expr.star else ", ".join(self.text(a) for a in expr.args)
        return f"{expr.fn.name}({inside}) OVER (?)"

    def sort_key(self, key: Any) -> str:
        text = self.text(key.expr)
        if key.descending:
            return f"{text} DESC" + ("" if key.nulls_first else " NULLS LAST")
        return text + (" NULLS FIRST" if key.nulls_first else "")


def _wrapped(text: str) -> str:
    return text if text.startswith("(") and text.endswith(")") else f"({text})"


def quoted(name: str) -> str:
    """An identifier, in quotes where SQL needs them."""
    plain = name and (name[0].isalpha() or name[0] == "_") and name == name.lower()
    if plain and all(c.isalnum() or c in "_$" for c in name):
        return name
    return '"' + name.replace('"', '""') + '"'
