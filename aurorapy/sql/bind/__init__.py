"""Names and types: from `sql.parse.raw` trees to `sql.tree.Query` and typed expressions.

    bind(statement, catalog, [23])                     Query; query.param_types has what was given and what was inferred
    bind_expression("lower(name)", relation, catalog)  Expr over Column(rte=0)
    bind_parameter_values(args, types, catalog, ctx)   values for EXECUTE

    scope        what a name means here           overloads   which function, which operator
    fromclause   the range table                  coerce      from one type to another
    select, with_, changes, conflicts             clauses     grouping    the check behind GROUP BY
    expressions, calls                            nodes       params      types of $n

Literals without a type are read by their type's input function here, so `context` (DateStyle, TimeZone, …) is part of
what a bound query depends on.

Errors: PostgreSQL's, with positions in the client's text. Not here: running anything (`sql.plan`, execute).
"""

from __future__ import annotations

from typing import Any

from aurorapy.catalog.model import CatalogReader, Relation
from aurorapy.errors import DatabaseError, SyntaxError
from aurorapy.expressions import nodes as n
from aurorapy.expressions.compile import evaluator
from aurorapy.records import replace
from aurorapy.sql.bind.binder import Binder, relation_scope
from aurorapy.sql.bind.calls import NOT_IN_AGGREGATES
from aurorapy.sql.bind.coerce import ASSIGNMENT
from aurorapy.sql.bind.params import Parameters
from aurorapy.sql.bind.scope import Scope
from aurorapy.sql.parse.query import parse_expression
from aurorapy.sql.parse.source import Source
from aurorapy.sql.statements import ExprText, QueryStatement, TypeName
from aurorapy.sql.tree import Query
from aurorapy.types.model import TypeContext
from aurorapy_native.lexer import too_deep


def _context(catalog: Any, context: TypeContext | None) -> TypeContext:
    return context or getattr(catalog, "type_context", None) or TypeContext()


def bind(
    statement: QueryStatement,
    catalog: CatalogReader,
    param_types: list[int] | tuple[int, ...] = (),
    context: TypeContext | None = None,
    fixed_params: bool = False,
) -> Query:
    """The statement's bound tree.

    `param_types`: OIDs the client gave, 0 for "infer". `fixed_params`: a higher $n is an error (42P02) instead of a new
    parameter. Raises 42P18 when a parameter's type stays unknown.
    """
    parameters = Parameters(list(param_types), fixed_params)
    binder = Binder(catalog, parameters, _context(catalog, context))
    try:
        query = binder.query(statement.tree, Scope(binder.new_query("select")))
    except RecursionError:
        raise too_deep() from None
    parameters.check()
    query.param_types = list(parameters.types)
    query.relation_oids = binder.relations
    return query


def bind_expression(
    text: str | ExprText,
    relation: Relation | None,
    catalog: CatalogReader,
    kind: str = "",
    target: tuple[int, int] | None = None,
    target_name: str = "",
    context: TypeContext | None = None,
) -> n.Expr:
    """An expression over one relation's columns, which become Column(rte=0).

    kind: CHECK, DEFAULT, GENERATED, INDEX, INDEX PREDICATE, EXECUTE, … forbids what PostgreSQL forbids there and names
    it in errors. `target`: (type OID, typmod) to coerce to as in an assignment, for the column `target_name`.
    """
    position = 0
    if isinstance(text, ExprText):
        text, position = text.text, max(text.position - 1, 0)
    binder = Binder(catalog, Parameters([], True), _context(catalog, context))
    try:
        source = Source(text)
        tree, _ = parse_expression(source, 0, len(source.kinds) - 1)
        scope = relation_scope(relation, 0, kind, binder.new_query("select"))
        binder.scope_stack.append(scope)
        expr = binder.expr(tree, scope)
        _check_kind(expr, kind)
        if kind == "CHECK" or kind == "INDEX PREDICATE":
            expr = binder.coercion.to_boolean(expr, "CHECK" if kind == "CHECK" else "WHERE")
        if target is not None:
            expr = _stored_as(binder, expr, target, target_name, kind)
        return expr if target is not None else binder.coercion.settle(expr)
    except RecursionError:
        raise too_deep() from None
    except DatabaseError as error:
        if error.position:
            error.position += position
        raise


def _check_kind(expr: n.Expr, kind: str) -> None:
    where = NOT_IN_AGGREGATES.get(kind)
    for part in n.walk(expr):
        if isinstance(part, n.SubLink) and where:
            raise DatabaseError(f"cannot use subquery in {where.removesuffix('s') if kind != 'EXECUTE' else 'EXECUTE parameter'}",
                                sqlstate="0A000", position=part.position)  # fmt: skip
        if isinstance(part, n.Column) and kind in ("DEFAULT", "EXECUTE"):
            raise SyntaxError("cannot use column reference in DEFAULT expression", sqlstate="0A000", position=part.position)


def _stored_as(binder: Binder, expr: n.Expr, target: tuple[int, int], name: str, kind: str) -> n.Expr:
    result = binder.coercion.to_target(expr, target[0], target[1], ASSIGNMENT)
    if result is None:
        what = "generation" if kind == "GENERATED" else "default"
        raise DatabaseError(
            f'column "{name}" is of type {binder.types.show(target[0])} but {what} expression is of type '
            f"{binder.types.show(expr.type_oid)}",
            sqlstate="42804", hint="You will need to rewrite or cast the expression.",
        )  # fmt: skip
    return result


def bind_parameter_values(args: list[ExprText], param_types: list[int], catalog: CatalogReader, ctx: Any) -> list[Any]:
    """The values of EXECUTE's arguments under the statement's parameter types. `ctx`: EvalContext."""
    binder = Binder(catalog, Parameters([], True), _context(catalog, getattr(ctx, "type_context", None)))
    exprs = []
    for number, (arg, oid) in enumerate(zip(args, param_types), 1):
        bound = bind_expression(arg, None, catalog, "EXECUTE", context=binder.coercion.context) \
            if not _is_literal(arg) else _literal(binder, arg)
        value = binder.coercion.to_target(bound, oid, -1, ASSIGNMENT)
        if value is None:
            raise DatabaseError(
                f"parameter ${number} of type {binder.types.show(bound.type_oid)} cannot be coerced to the expected type "
                f"{binder.types.show(oid)}",
                sqlstate="42804", hint="You will need to rewrite or cast the expression.", position=arg.position,
            )  # fmt: skip
        exprs.append(value)
    return list(evaluator(exprs)(ctx)) if exprs else []


def _is_literal(arg: ExprText) -> bool:
    source = Source(arg.text)
    return len(source.kinds) == 2


def _literal(binder: Binder, arg: ExprText) -> n.Expr:
    source = Source(arg.text)
    tree, _ = parse_expression(source, 0, 1)
    bound = binder.expr(tree, Scope(binder.new_query("select")))
    return replace(bound, position=arg.position) if bound.position else bound


def type_of(name: TypeName, catalog: CatalogReader) -> tuple[int, int]:
    """(OID, typmod) of a type as written; 42704 when there is none."""
    return Binder(catalog, Parameters(), TypeContext()).types.resolve(name)
