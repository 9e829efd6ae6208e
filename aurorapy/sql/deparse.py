"""Bound expressions back into SQL text, spelled and parenthesized as PostgreSQL's ruleutils does it.

    deparse(bind_expression("a>1 and lower(b)='x'", …))     ((a > 1) AND (lower(b) = 'x'::text))
    deparse(…, pretty=True)                                 a > 1 AND lower(b) = 'x'::text

This is the text that catalogs store (defaults, CHECKs, index expressions) and that pg_get_expr, pg_get_constraintdef and
pg_get_indexdef show. It reads back as the same expression whatever search_path holds. Without a catalog in `context`,
regclass constants are OIDs, so that stored text survives renaming.

Not here: EXPLAIN's view of a plan (`execute.deparse`), definitions of whole objects (`execute.ddl`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import FeatureNotSupported
from aurorapy.expressions import nodes as n
from aurorapy.sql.parse.keywords import quote_name
from aurorapy.types.builtin import TYPES
from aurorapy.types.model import TypeContext
from aurorapy.types.names import format_type

BOOL, INT4, UNKNOWN, NUMERIC = 16, 23, 705, 1700
SYSTEM = {-1: "ctid", -2: "xmin", -3: "cmin", -4: "xmax", -5: "cmax", -6: "tableoid"}
TRIMS = {"btrim": "BOTH", "ltrim": "LEADING", "rtrim": "TRAILING"}


def deparse(
    expr: n.Expr,
    context: TypeContext | None = None,
    catalog: Any = None,
    pretty: bool = False,
    column: Callable[[n.Column], str] | None = None,
    show_implicit: bool = False,
) -> str:
    """The expression's text. `column` names columns; without it they go by their bare names."""
    return Writer(context or TypeContext(), catalog, pretty, column or _bare).text(expr, show_implicit)


def expression_text(
    expr: n.Expr, relation: Any, catalog: Any, stored: bool = False, pretty: bool = False, show_implicit: bool = False
) -> str:
    """The text of an expression over one relation's columns; `stored` keeps regclass constants as OIDs."""
    return deparse(expr, text_context(catalog, stored), catalog, pretty, relation_columns(relation), show_implicit)


def relation_columns(relation: Any) -> Callable[[n.Column], str]:
    """Names columns as the relation calls them today."""

    def name(column: n.Column) -> str:
        if relation is not None and 0 < column.attno <= len(relation.columns):
            return quote_name(relation.columns[column.attno - 1].name)
        return _bare(column)

    return name


def text_context(catalog: Any, stored: bool) -> TypeContext:
    """ISO forms throughout; names of reg* constants only where a catalog can give them and they need not last."""
    return TypeContext(catalog=catalog if not stored and hasattr(catalog, "reg_out") else None)


def quote_literal(text: str) -> str:
    """A string constant; backslashes mean nothing in it."""
    return "'" + text.replace("'", "''") + "'"


def _bare(column: n.Column) -> str:
    return SYSTEM.get(column.attno) or quote_name(column.name)


class Writer:
    """One expression's text; `text(expr, implicit)` with `implicit` showing casts that nobody wrote."""

    def __init__(self, context: TypeContext, catalog: Any, pretty: bool, column: Callable[[n.Column], str]) -> None:
        self.context = context
        self.catalog = catalog
        self.pretty = pretty
        self.column_name = column
        self.indent = 0  # how far to the right a CASE, which takes lines of its own, stands
        # set by deparse_query: the text of a subquery, of window number i
        self.subquery: Callable[[n.SubLink], str] | None = None
        self.window: Callable[[int], str] = str

    def text(self, expr: Any, implicit: bool = False) -> str:
        handler = getattr(self, "_" + type(expr).__name__.lower(), None)
        if handler is None:
            raise FeatureNotSupported(f"text of {type(expr).__name__} expressions is not supported")
        return handler(expr, implicit)

    def wrapped(self, expr: Any, parent: Any, implicit: bool = False) -> str:
        """An operand: in parentheses of its own where reading it back needs them."""
        text = self.text(expr, implicit)
        return f"({text})" if self.pretty and not self.simple(expr, parent) else text

    def simple(self, expr: Any, parent: Any) -> bool:
        """In pretty text: whether an operand needs no parentheses below `parent`."""
        if isinstance(expr, n.Call):
            if not expr.op:
                return expr.form not in ("cast", "implicit") or self.simple(expr.args[0], parent) or True
            return isinstance(parent, (n.And, n.Or, n.Not)) or self.binds_tighter(expr, parent)
        if isinstance(expr, (n.And, n.Or, n.Not)):
            return isinstance(parent, n.Or) and isinstance(expr, n.And) or type(expr) is type(parent) is not n.Not
        if isinstance(expr, (n.ScalarArrayOp, n.RowCompare)) or isinstance(expr, n.Relabel) and expr.form == "collate":
            return False
        if isinstance(expr, (n.NullTest, n.BooleanTest, n.DistinctFrom)):
            return isinstance(parent, (n.And, n.Or, n.Not))
        return True

    @staticmethod
    def binds_tighter(expr: n.Call, parent: Any) -> bool:
        if not isinstance(parent, n.Call) or not parent.op or len(expr.args) == 1:
            return False
        multiplies, adds = ("*", "/", "%"), ("+", "-")
        if parent.op in adds and expr.op in multiplies:
            return True
        same = any(parent.op in family and expr.op in family for family in (multiplies, adds))
        return same and parent.args[0] is expr

    def around(self, text: str) -> str:
        return text if self.pretty else f"({text})"

    def label(self, oid: int, typmod: int = -1) -> str:
        return format_type(oid, typmod, self.catalog)

    # -- leaves --------------------------------------------------------------------------------------------------------
    def _const(self, expr: n.Const, implicit: bool = False, labelled: bool = True) -> str:
        oid, value = expr.type_oid, expr.value
        if value is None:
            return f"NULL::{self.label(oid, expr.typmod)}" if labelled and oid != UNKNOWN else "NULL"
        if oid == BOOL:
            return "true" if value else "false"
        kind = TYPES.get(oid) or (self.catalog.type_by_oid(oid) if self.catalog is not None else None)
        text = kind.output(value, self.context) if kind is not None and oid != UNKNOWN else str(value)
        need = oid != UNKNOWN
        if oid == INT4 and not text.startswith("-"):
            return text
        if oid == NUMERIC and text[:1].isdigit() and any(c in text for c in "eE."):
            need = expr.typmod >= 0
        else:
            text = quote_literal(text)
        return f"{text}::{self.label(oid, expr.typmod)}" if need and labelled else text

    def _column(self, expr: n.Column, implicit: bool) -> str:
        return self.column_name(expr)

    def _param(self, expr: n.Param, implicit: bool) -> str:
        return f"${expr.number}"

    def _sessionvalue(self, expr: n.SessionValue, implicit: bool) -> str:
        precision = f"({expr.typmod})" if expr.typmod >= 0 and expr.name != "current_date" else ""
        return expr.name.upper() + precision

    def _sublink(self, expr: n.SubLink, implicit: bool) -> str:
        if self.subquery is None:
            raise FeatureNotSupported("text of a subquery is not supported here")
        return self.subquery(expr)

    def _aggregate(self, expr: n.Aggregate, implicit: bool) -> str:
        args = "*" if expr.star else ", ".join(self.text(a, True) for a in (expr.direct or expr.args))
        text = f"{quote_name(expr.fn.name)}({'DISTINCT ' if expr.distinct else ''}{args}"
        if expr.order and not expr.direct:
            text += " ORDER BY " + self.sort(expr.order)
        text += ")"
        if expr.direct:
            text += f" WITHIN GROUP (ORDER BY {self.sort(expr.order)})"
        return text + (f" FILTER (WHERE {self.text(expr.filter)})" if expr.filter is not None else "")

    def _grouping(self, expr: n.Grouping, implicit: bool) -> str:
        return f"GROUPING({', '.join(self.text(a, True) for a in expr.args)})"

    def _windowcall(self, expr: n.WindowCall, implicit: bool) -> str:
        args = "*" if expr.star else ", ".join(self.text(a, True) for a in expr.args)
        filtered = f" FILTER (WHERE {self.text(expr.filter)})" if expr.filter is not None else ""
        return f"{quote_name(expr.fn.name)}({args}){filtered} OVER {self.window(expr.window)}"

    def sort(self, keys: Any) -> str:
        """ORDER BY's list."""
        parts = []
        for key in keys:
            text = self.text(key.expr, True) + (" DESC" if key.descending else "")
            if key.nulls_first != key.descending:
                text += " NULLS FIRST" if key.nulls_first else " NULLS LAST"
            parts.append(text)
        return ", ".join(parts)

    def _casetest(self, expr: n.CaseTest, implicit: bool) -> str:
        return "CASE_TEST_EXPR"

    # -- calls and operators -------------------------------------------------------------------------------------------
    def _call(self, expr: n.Call, implicit: bool) -> str:
        if expr.op:
            return self.operator(expr)
        if expr.form == "implicit":
            return self.coercion(expr, expr.args[0]) if implicit else self.wrapped(expr.args[0], expr)
        if expr.form == "cast":
            return self.coercion(expr, expr.args[0])
        if expr.form == "sql" and (special := self.special(expr)) is not None:
            return special
        args = [self.text(a, True) for a in self.written_arguments(expr)]
        if expr.variadic and not isinstance(expr.args[-1], n.ArrayExpr):
            args[-1] = "VARIADIC " + args[-1]
        return f"{quote_name(expr.fn.name)}({', '.join(args)})"

    def written_arguments(self, expr: n.Call) -> tuple[Any, ...]:
        last = expr.args[-1] if expr.args else None
        if expr.variadic and isinstance(last, n.ArrayExpr):
            return (*expr.args[:-1], *last.items)
        return expr.args

    def operator(self, expr: n.Call) -> str:
        if len(expr.args) == 1:
            return self.around(f"{expr.op} {self.wrapped(expr.args[0], expr, True)}")
        left, right = (self.wrapped(a, expr, True) for a in expr.args)
        return self.around(f"{left} {expr.op} {right}")

    def special(self, expr: n.Call) -> str | None:
        """Calls that were written in SQL's own syntax."""
        name = expr.fn.name
        args = [self.text(a, False) for a in expr.args]
        if name == "extract":
            field = expr.args[0]
            return f"EXTRACT({field.value if isinstance(field, n.Const) else args[0]} FROM {args[1]})"
        if name == "timezone" and len(args) == 2:
            return f"({args[1]} AT TIME ZONE {args[0]})"
        if name in TRIMS:
            return f"TRIM({TRIMS[name]} {args[1] + ' ' if len(args) > 1 else ''}FROM {args[0]})"
        if name == "substring":
            return f"SUBSTRING({args[0]} FROM {args[1]}" + (f" FOR {args[2]})" if len(args) > 2 else ")")
        if name == "overlay":
            return f"OVERLAY({args[0]} PLACING {args[1]} FROM {args[2]}" + (f" FOR {args[3]})" if len(args) > 3 else ")")
        if name == "position":
            return f"POSITION(({args[1]}) IN ({args[0]}))"
        return None

    def coercion(self, expr: Any, arg: Any) -> str:
        """`(x)::type`; a constant goes straight under the type."""
        label = self.label(expr.type_oid, expr.typmod)
        if isinstance(arg, n.Const) and not (arg.type_oid == INT4 and isinstance(arg.value, int) and arg.value < 0):
            return f"{self._const(arg, labelled=False)}::{label}" if arg.type_oid in (UNKNOWN, expr.type_oid) or (
                arg.type_oid in (25, 1043, 1042)
            ) else f"{self.around(self._const(arg))}::{label}"  # fmt: skip
        text = self.text(arg, False)
        plain = isinstance(arg, (n.Column, n.Call, n.Relabel, n.CoerceViaIO)) and getattr(arg, "form", "") != "collate"
        if self.pretty and plain and not getattr(arg, "op", ""):
            return f"{text}::{label}"
        if text.startswith("(") and isinstance(arg, n.Call) and arg.op and not self.pretty:
            return f"{text}::{label}"
        return f"({text})::{label}"

    def _relabel(self, expr: n.Relabel, implicit: bool) -> str:
        if expr.form == "collate":
            return self.around(f'{self.text(expr.arg, implicit)} COLLATE "C"')
        if expr.form == "implicit" and not implicit:
            return self.wrapped(expr.arg, expr)
        return self.coercion(expr, expr.arg)

    def _coerceviaio(self, expr: n.CoerceViaIO, implicit: bool) -> str:
        return self._relabel(expr, implicit)  # type: ignore[arg-type]

    def _arraycoerce(self, expr: n.ArrayCoerce, implicit: bool) -> str:
        return self._relabel(expr, implicit)  # type: ignore[arg-type]

    # -- conditions ----------------------------------------------------------------------------------------------------
    def _and(self, expr: n.And, implicit: bool) -> str:
        return self.around(" AND ".join(self.wrapped(a, expr) for a in expr.args))

    def _or(self, expr: n.Or, implicit: bool) -> str:
        return self.around(" OR ".join(self.wrapped(a, expr) for a in expr.args))

    def _not(self, expr: n.Not, implicit: bool) -> str:
        return self.around(f"NOT {self.wrapped(expr.arg, expr)}")

    def _nulltest(self, expr: n.NullTest, implicit: bool) -> str:
        return self.around(f"{self.wrapped(expr.arg, expr, True)} IS {'' if expr.is_null else 'NOT '}NULL")

    def _booleantest(self, expr: n.BooleanTest, implicit: bool) -> str:
        what = {True: "TRUE", False: "FALSE", None: "UNKNOWN"}[expr.truth]
        return self.around(f"{self.wrapped(expr.arg, expr)} IS {'NOT ' if expr.negated else ''}{what}")

    def _distinctfrom(self, expr: n.DistinctFrom, implicit: bool) -> str:
        left, right = self.wrapped(expr.left, expr, True), self.wrapped(expr.right, expr, True)
        text = f"{left} IS DISTINCT FROM {right}"
        return self.around(f"NOT ({text})") if expr.negated else self.around(text)

    def _scalararrayop(self, expr: n.ScalarArrayOp, implicit: bool) -> str:
        left = self.wrapped(expr.left, expr, True)
        array = self.varchar_items(expr) or self.text(expr.array, True)
        return self.around(f"{left} {expr.op} {'ANY' if expr.any else 'ALL'} ({array})")

    def varchar_items(self, expr: n.ScalarArrayOp) -> str | None:
        """The list of `x IN ('a', 'b')` with x a varchar: constants of x's type, compared as text."""
        left, array = expr.left, expr.array
        if not (isinstance(left, n.Relabel) and left.type_oid == 25 and left.arg.type_oid == 1043):
            return None
        if not isinstance(array, n.ArrayExpr) or array.elem_oid != 25:
            return None
        items = [i.arg if isinstance(i, n.Relabel) else i for i in array.items]
        if not all(isinstance(i, n.Const) and i.type_oid in (25, 1043) for i in items):
            return None
        listed = ", ".join(self._const(n.Const(1043, value=i.value)) for i in items)
        return f"{self.around(f'ARRAY[{listed}]')}::text[]"

    def _rowcompare(self, expr: n.RowCompare, implicit: bool) -> str:
        left, right = (", ".join(self.text(e, True) for e in side) for side in (expr.left, expr.right))
        return self.around(f"ROW({left}) {expr.op} ROW({right})")

    def _case(self, expr: n.Case, implicit: bool) -> str:
        lines = ["CASE" + (f" {self.text(expr.operand, True)}" if expr.operand is not None else "")]
        for when, then in zip(expr.whens, expr.thens):
            if expr.operand is not None and isinstance(when, n.Call) and len(when.args) == 2:
                when = when.args[1]
            lines.append(f"    WHEN {self.text(when)} THEN {self.text(then, True)}")
        if expr.otherwise is not None:
            lines.append(f"    ELSE {self.text(expr.otherwise, True)}")
        lines.append("END")
        pad = "\n" + " " * self.indent
        return pad + pad.join(lines)

    def _coalesce(self, expr: n.Coalesce, implicit: bool) -> str:
        return f"COALESCE({', '.join(self.text(a, True) for a in expr.args)})"

    def _minmax(self, expr: n.MinMax, implicit: bool) -> str:
        return f"{'GREATEST' if expr.greatest else 'LEAST'}({', '.join(self.text(a, True) for a in expr.args)})"

    def _nullif(self, expr: n.NullIf, implicit: bool) -> str:
        return f"NULLIF({self.text(expr.left, True)}, {self.text(expr.right, True)})"

    # -- arrays and rows -----------------------------------------------------------------------------------------------
    def _arrayexpr(self, expr: n.ArrayExpr, implicit: bool) -> str:
        text = f"ARRAY[{', '.join(self.text(i, True) for i in expr.items)}]"
        return text if expr.items else f"{text}::{self.label(expr.type_oid)}"

    def _subscript(self, expr: n.Subscript, implicit: bool) -> str:
        base = self.text(expr.base, implicit)
        if not isinstance(expr.base, (n.Column, n.Param)):
            base = f"({base})"
        if not expr.is_slice:
            return base + "".join(f"[{self.text(i)}]" for i in expr.lower)
        parts = zip(expr.lower, expr.upper)
        return base + "".join(f"[{self.text(a) if a else ''}:{self.text(b) if b else ''}]" for a, b in parts)

    def _rowexpr(self, expr: n.RowExpr, implicit: bool) -> str:
        return f"ROW({', '.join(self.text(i, True) for i in expr.items)})"

    def _fieldselect(self, expr: n.FieldSelect, implicit: bool) -> str:
        return f"({self.text(expr.arg, True)}).{quote_name(expr.name)}"


def query_text(query: Any, catalog: Any, stored: bool = False, pretty: bool = False, names: list[str] | None = None) -> str:
    """A bound query's text as pg_get_viewdef lays it out, without the semicolon; see `deparse_query`."""
    from aurorapy.sql.deparse_query import QueryWriter

    return QueryWriter(text_context(catalog, stored), catalog, pretty, stored).query(query, [], 0, names)
