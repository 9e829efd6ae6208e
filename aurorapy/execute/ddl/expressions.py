"""Expressions of definitions: checked, brought to the text that is stored, evaluated over rows.

    DEFAULT now()          →  "now()"                       pg_attrdef.adbin
    CHECK (n > 0)          →  "(n > 0)", (1,)               pg_constraint.conbin, conkey
    ON t (lower(name))     →  "lower(name)", text, "lower"  pg_index.indexprs

The stored text is the bound tree printed as PostgreSQL prints it, with relations named by OID inside reg* constants, so
it means the same whatever search_path holds later. `pg_get_expr` binds it again and prints it for the reader.

Errors: those of the binder; 42P17 what is not immutable where it must be; 42804 types that do not fit; 23514.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence

from aurorapy.catalog.model import Column, Relation
from aurorapy.errors import DatabaseError, IntegrityError, UndefinedColumn
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.expressions import nodes as n
from aurorapy.expressions.compile import evaluator
from aurorapy.records import replace
from aurorapy.sql.bind import bind_expression
from aurorapy.sql.deparse import expression_text
from aurorapy.sql.statements import ExprText
from aurorapy.types.identifiers import quote_identifier
from aurorapy.types.model import Type

# types whose text form depends on settings, so that going through text is only stable
_CONCATENATIONS = (2003, 2004)  # text || anything: as stable as the text of the thing
_UNSTABLE_TEXT = frozenset({1082, 1114, 1184, 1266, 1186, 700, 701, 2205, 2206})


def stored_text(ctx: DdlContext, expr: n.Expr, relation: Relation | None) -> str:
    return expression_text(expr, relation, ctx.catalog, stored=True)


def bound(ctx: DdlContext, relation: Relation | None, text: str | ExprText, kind: str = "",
          target: tuple[int, int] | None = None, name: str = "") -> n.Expr:  # fmt: skip
    """The expression over `relation`'s columns as Column(rte=0)."""
    return bind_expression(text, relation, ctx.catalog, kind, target, name, context=ctx.eval.type_context)


# -- defaults and generated columns ------------------------------------------------------------------------------------
def canonical_default(ctx: DdlContext, relation: Relation, column: Column, expression: ExprText) -> str | None:
    """None for DEFAULT NULL, which is no default."""
    try:
        expr = bound(ctx, relation, expression, "DEFAULT", (column.type_oid, column.typmod), column.name)
    except UndefinedColumn as error:
        raise DatabaseError("cannot use column reference in DEFAULT expression", sqlstate="0A000",
                            position=error.position) from None  # fmt: skip
    if isinstance(expr, n.Const) and expr.value is None:
        return None
    return stored_text(ctx, expr, None)


def canonical_generated(ctx: DdlContext, relation: Relation, column: Column, expression: ExprText) -> str:
    expr = bound(ctx, relation, expression, "GENERATED", (column.type_oid, column.typmod), column.name)
    for part in n.walk(expr):
        if isinstance(part, n.Column):
            used = relation.columns[part.attno - 1] if part.attno > 0 else None
            if used is not None and (used.generated or used.attno == column.attno):
                raise DatabaseError(
                    f'cannot use generated column "{used.name}" in column generation expression', sqlstate="42P17",
                    detail="A generated column cannot reference another generated column.", position=_place(expression, part),
                )  # fmt: skip
            if part.attno == 0:
                raise DatabaseError("cannot use whole-row variable in column generation expression", sqlstate="42P17",
                                    detail="This would cause the generated column to depend on its own value.",
                                    position=_place(expression, part))  # fmt: skip
            if part.attno < 0 and part.attno != -6:
                raise DatabaseError(f'cannot use system column "{part.name}" in column generation expression',
                                    sqlstate="42P10", position=_place(expression, part))  # fmt: skip
    if not is_immutable(expr):
        raise DatabaseError("generation expression is not immutable", sqlstate="42P17")
    return stored_text(ctx, expr, relation)


def constant_default(ctx: DdlContext, relation: Relation, column: Column) -> tuple[bool, Any]:
    """(True, value) when the default gives every existing row the same value."""
    expr = bound(ctx, relation, column.default, "DEFAULT", (column.type_oid, column.typmod), column.name)
    if is_volatile(expr):
        return False, None
    return True, compiled(ctx, [expr], {})(ctx.eval)[0]


def column_value(ctx: DdlContext, relation: Relation, column: Column) -> n.Expr:
    """What a new row gets in the column: its default or generation expression."""
    if column.default is None:
        return n.Const(column.type_oid, column.typmod)
    kind = "GENERATED" if column.generated else "DEFAULT"
    return bound(ctx, relation, column.default, kind, (column.type_oid, column.typmod), column.name)


# -- checks ------------------------------------------------------------------------------------------------------------
def canonical_check(ctx: DdlContext, relation: Relation, expression: ExprText) -> tuple[str, list[int]]:
    """The stored text, and the attnos it uses in ascending order."""
    expr = bound(ctx, relation, expression, "CHECK")
    for part in n.walk(expr):
        if isinstance(part, n.Column) and part.attno < 0 and part.attno != -6:
            raise DatabaseError(f'system column "{part.name}" reference in check constraint is invalid', sqlstate="42P10",
                                position=_place(expression, part))  # fmt: skip
    return stored_text(ctx, expr, relation), columns_used(expr, relation)


def columns_used(expr: n.Expr, relation: Relation | None = None) -> list[int]:
    """Attnos of user columns, ascending; a whole-row reference uses them all."""
    found = {part.attno for part in n.walk(expr) if isinstance(part, n.Column)}
    if 0 in found and relation is not None:
        found |= {c.attno for c in relation.live_columns()}
    return sorted(a for a in found if a > 0)


def check_rows(ctx: DdlContext, relation: Relation, name: str, text: str) -> None:
    """23514 when a row of the table fails the check."""
    expr = bound(ctx, relation, text, "CHECK")
    columns, holds = over_rows(ctx, [expr], relation)
    for page in ctx.instance.table(relation).scan(ctx.transaction.fresh_snapshot(), columns):
        ctx.give_way()
        for row in page:
            if holds(ctx.eval, (), row)[0] is False:
                raise IntegrityError(
                    f'check constraint "{name}" of relation "{relation.name}" is violated by some row',
                    sqlstate="23514", schema=relation.schema, table=relation.name, constraint=name,
                )  # fmt: skip


# -- indexes -----------------------------------------------------------------------------------------------------------
def canonical_index_expression(ctx: DdlContext, relation: Relation, expression: ExprText) -> tuple[str, Type, str, int]:
    """(stored text, type, label, attno): a plain column in parentheses is that column (attno > 0)."""
    expr = bound(ctx, relation, expression, "INDEX")
    type_ = ctx.catalog.type_by_oid(expr.type_oid)
    if isinstance(expr, n.Column) and expr.attno > 0:
        return expr.name, type_, expr.name, expr.attno
    if not is_immutable(expr):
        raise DatabaseError("functions in index expression must be marked IMMUTABLE", sqlstate="42P17")
    if type_.kind == "p":
        raise DatabaseError(f"column \"{label_of(ctx, expr)}\" has pseudo-type {type_.name}", sqlstate="42P16")
    return stored_text(ctx, expr, relation), type_, label_of(ctx, expr), 0


def label_of(ctx: DdlContext, expr: n.Expr) -> str:
    """What the index column is called: the column, the function, the type it is cast to; else `expr`."""
    while isinstance(expr, (n.Relabel, n.CoerceViaIO, n.ArrayCoerce)) or (
        isinstance(expr, n.Call) and expr.form in ("cast", "implicit")
    ):
        inner = expr.args[0] if isinstance(expr, n.Call) else expr.arg
        name = label_of(ctx, inner)
        implicit = expr.form == "implicit"
        if name != "expr" or implicit:
            return name
        return ctx.catalog.type_by_oid(expr.type_oid).name
    if isinstance(expr, (n.Column, n.FieldSelect)):
        return expr.name
    if isinstance(expr, n.Call) and not expr.op:
        return expr.fn.name
    words = {n.Coalesce: "coalesce", n.NullIf: "nullif", n.Case: "case", n.ArrayExpr: "array", n.RowExpr: "row"}
    if isinstance(expr, n.MinMax):
        return "greatest" if expr.greatest else "least"
    if isinstance(expr, n.Subscript):
        return label_of(ctx, expr.base)
    return words.get(type(expr), "expr")


def canonical_predicate(ctx: DdlContext, relation: Relation, expression: ExprText) -> str:
    expr = bound(ctx, relation, expression, "INDEX PREDICATE")
    if not is_immutable(expr):
        raise DatabaseError("functions in index predicate must be marked IMMUTABLE", sqlstate="42P17")
    return stored_text(ctx, expr, relation)


# -- ALTER COLUMN TYPE -------------------------------------------------------------------------------------------------
def canonical_using(ctx: DdlContext, relation: Relation, column: Column, expression: ExprText | None, type_: Type,
                    typmod: int) -> n.Expr:  # fmt: skip
    """The new value of a changed column, over the old relation's columns."""
    target = (type_.oid, typmod)
    try:
        text = expression if expression is not None else quoted_column(column)
        return bound(ctx, relation, text, "ALTER TYPE", target, column.name)
    except DatabaseError as error:
        if error.sqlstate != "42804" or "expression is of type" not in error.message:
            raise
        shown = ctx.catalog.format_type(type_.oid)
        if expression is None:
            full = ctx.catalog.format_type(type_.oid, typmod)
            raise DatabaseError(
                f'column "{column.name}" cannot be cast automatically to type {shown}', sqlstate="42804",
                hint=f'You might need to specify "USING {quoted_column(column)}::{full}".',
            ) from None  # fmt: skip
        raise DatabaseError(
            f'result of USING clause for column "{column.name}" cannot be cast automatically to type {shown}',
            sqlstate="42804", hint="You might need to add an explicit cast.",
        ) from None  # fmt: skip


def quoted_column(column: Column) -> str:
    return quote_identifier(column.name)


def _place(expression: ExprText, part: n.Expr) -> int:
    """Where the part stands in the client's statement."""
    return part.position + max(expression.position - 1, 0) if part.position else 0


# -- facts -------------------------------------------------------------------------------------------------------------
def is_immutable(expr: n.Expr) -> bool:
    return all(_volatility(part) == "i" for part in n.walk(expr))


def is_volatile(expr: n.Expr) -> bool:
    return any(_volatility(part) == "v" for part in n.walk(expr))


def _volatility(part: n.Expr) -> str:
    if isinstance(part, n.Call) and part.fn.oid in _CONCATENATIONS:
        return "s" if any(a.type_oid in _UNSTABLE_TEXT for a in part.args) else "i"
    if isinstance(part, (n.Call, n.ScalarArrayOp)):
        return part.fn.volatility
    if isinstance(part, n.SessionValue):
        return "s"
    if isinstance(part, n.CoerceViaIO) and (part.arg.type_oid in _UNSTABLE_TEXT or part.type_oid in _UNSTABLE_TEXT):
        return "s"
    return "i"


# -- evaluation --------------------------------------------------------------------------------------------------------
def over_rows(ctx: DdlContext, exprs: Sequence[n.Expr], relation: Relation) -> tuple[tuple[int, ...], Callable]:
    """(attnos to scan, callable(eval context, (), row) → values)."""
    used: set[int] = set()
    for expr in exprs:
        used.update(columns_used(expr, relation))
    columns = tuple(sorted(used)) or (-1,)
    return columns, compiled(ctx, exprs, {attno: place for place, attno in enumerate(columns)})


def compiled(ctx: DdlContext, exprs: Sequence[n.Expr], places: dict[int, int]) -> Callable[..., tuple]:
    """The expressions over rows in which column `attno` stands at places[attno]."""

    def leaf(node: n.Expr) -> tuple[str, bool]:
        if isinstance(node, n.Column) and node.attno in places:
            return f"row[{places[node.attno]}]", True
        raise DatabaseError(f"no value for {type(node).__name__} in this place", sqlstate="0A000")

    return evaluator(list(exprs), leaf, None, ctx.catalog.type_by_oid)


# -- renaming ----------------------------------------------------------------------------------------------------------
def rename_in_expressions(ctx: DdlContext, relation: Relation, old: str, new: str) -> None:
    """Every stored text over the relation's columns, printed again with the column's new name."""
    renamed = replace(relation, columns=[replace(c, name=new) if c.name == old else c for c in relation.columns])
    renamed.by_name = {c.name: c for c in renamed.columns if not c.dropped}

    def again(text: str, kind: str) -> str:
        return stored_text(ctx, bound(ctx, relation, text, kind), renamed)

    for row in ctx.store.find("pg_constraint", conrelid=relation.oid):
        if row.conbin:
            ctx.store.update(row, conbin=again(row.conbin, "CHECK"))
    for row in ctx.store.find("pg_attrdef", adrelid=relation.oid):
        if relation.columns[row.adnum - 1].generated:
            ctx.store.update(row, adbin=again(row.adbin, "GENERATED"))
    for row in ctx.store.find("pg_index", indrelid=relation.oid):
        changes = {}
        if row.indexprs:
            changes["indexprs"] = "\x1f".join(again(text, "INDEX") for text in row.indexprs.split("\x1f"))
        if row.indpred:
            changes["indpred"] = again(row.indpred, "INDEX PREDICATE")
        if changes:
            ctx.store.update(row, **changes)
