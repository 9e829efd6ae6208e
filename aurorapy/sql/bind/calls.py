"""Function, aggregate and window calls, and the subqueries of expressions.

A polymorphic function's types are settled here: array_append(anycompatiblearray, anycompatible) on integer[] and a
literal takes and returns integer[].

Errors: 42883 with PostgreSQL's hint, 42803 for aggregates where none may be, 42P20 for window functions, 42809 for
DISTINCT and the like on plain functions.

Not here: how the overload is chosen (`overloads`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, FeatureNotSupported, SyntaxError
from aurorapy.expressions import nodes as n
from aurorapy.records import replace
from aurorapy.sql.bind.coerce import EXPLICIT, IMPLICIT
from aurorapy.sql.bind.overloads import Candidate
from aurorapy.sql.bind.scope import Scope
from aurorapy.sql.bind.types import (
    ANY,
    ANYARRAY,
    ANYCOMPATIBLE,
    ANYCOMPATIBLEARRAY,
    ANYCOMPATIBLENONARRAY,
    ANYELEMENT,
    ANYENUM,
    ANYNONARRAY,
    BOOL,
    POLYMORPHIC,
    UNKNOWN,
)
from aurorapy.sql.parse import raw
from aurorapy.sql.tree import Window
from aurorapy.types.builtin import BY_NAME

NOT_IN_AGGREGATES = {
    "WHERE": "WHERE",
    "JOIN/ON": "JOIN conditions",
    "GROUP BY": "GROUP BY",
    "FROM": "functions in FROM",
    "VALUES": "VALUES",
    "LIMIT": "LIMIT",
    "OFFSET": "OFFSET",
    "RETURNING": "RETURNING",
    "UPDATE": "UPDATE",
    "FILTER": "FILTER",
    "CHECK": "check constraints",
    "DEFAULT": "DEFAULT expressions",
    "GENERATED": "column generation expressions",
    "INDEX": "index expressions",
    "INDEX PREDICATE": "index predicates",
    "EXECUTE": "EXECUTE parameters",
}
NO_SETS = {k: v for k, v in NOT_IN_AGGREGATES.items() if k not in ("FROM", "GROUP BY", "RETURNING")} | {
    "RETURNING": "RETURNING",
    "HAVING": "HAVING",
}


class CallBinder:
    """Part of the Binder."""

    # -- calls ---------------------------------------------------------------------------------------------------------
    def call(self, node: raw.Call, scope: Scope) -> n.Expr:
        schema = node.names[-2] if len(node.names) > 1 else None
        name, position = node.names[-1], node.position
        if node.order and not node.within_group and not node.args:
            raise SyntaxError("ORDER BY specified, but no arguments", position=position)
        args = self.call_arguments(node, scope)
        inputs = [a.type_oid for a in args]
        names = list(node.arg_names)
        if schema in (None, "pg_catalog"):
            if node.within_group:
                order = [self.expr(s.expr, scope) for s in node.order]
                return self.ordered_set(node, name, args, order, scope)
            candidate, ambiguous = self.overloads.function(name, inputs, names, node.variadic)
        else:
            candidate, ambiguous = None, False
            if self.catalog.schema_oid(schema) is None:
                raise DatabaseError(f'schema "{schema}" does not exist', sqlstate="3F000", position=position)
        if candidate is None:
            return self.not_a_function(node, schema, name, args, names, ambiguous)
        fn = candidate.fn
        if fn.kind == "a" and node.over is None:
            return self.aggregate(node, candidate, args, scope)
        if node.over is not None:
            return self.window_call(node, candidate, args, scope)
        if fn.kind == "w":
            raise DatabaseError(f"window function {name} requires an OVER clause", sqlstate="42809", position=position)
        self.plain_only(node, name)
        if fn.returns_set and scope.kind in NO_SETS:
            raise FeatureNotSupported(
                f"set-returning functions are not allowed in {NO_SETS[scope.kind]}", position=position
            )
        return self.finish_call(candidate, args, position, node.special, node.variadic)

    def refuse_sets(self, values: list[n.Expr], message: str) -> None:
        for part in (part for value in values for part in n.walk(value)):
            if isinstance(part, n.Call) and part.fn.returns_set:
                raise FeatureNotSupported(
                    message, position=part.position,
                    hint="You might be able to move the set-returning function into a LATERAL FROM item.",
                )  # fmt: skip

    def call_arguments(self, node: raw.Call, scope: Scope) -> list[n.Expr]:
        if node.star:
            return []
        return self.exprs(node.args, scope)

    def plain_only(self, node: raw.Call, name: str) -> None:
        what = (
            "DISTINCT" if node.distinct else "ORDER BY" if node.order else "FILTER" if node.filter is not None else ""
        )
        if node.star:
            raise DatabaseError(f"{name}(*) specified, but {name} is not an aggregate function", sqlstate="42809",
                                position=node.position)  # fmt: skip
        if what:
            raise DatabaseError(f"{what} specified, but {name} is not an aggregate function", sqlstate="42809",
                                position=node.position)  # fmt: skip

    def not_a_function(self, node, schema, name, args, names, ambiguous) -> n.Expr:
        """`int4(x)` is a cast; anything else does not exist."""
        position = node.position
        if len(args) == 1 and not ambiguous and schema in (None, "pg_catalog"):
            if self.overloads.is_type_cast(name, args[0].type_oid):
                target = BY_NAME[name].oid
                return self.coercion.coerce(args[0], target, -1, EXPLICIT, "cast")
        shown = ", ".join(
            f"{arg_name} => {self.types.show(a.type_oid)}" if arg_name else self.types.show(a.type_oid)
            for a, arg_name in zip(args, names or [None] * len(args))
        )
        full = f"{schema}.{name}" if schema else name
        if node.star:
            raise self.overloads.missing_function(f"{full}()", position, False)
        raise self.overloads.missing_function(f"{full}({shown})", position, ambiguous)

    def call_named(self, name: str, args: list[n.Expr], position: int, form: str = "sql") -> n.Expr:
        """A call that syntax stands for."""
        candidate, ambiguous = self.overloads.function(name, [a.type_oid for a in args], [], False)
        if candidate is None:
            shown = ", ".join(self.types.show(a.type_oid) for a in args)
            raise self.overloads.missing_function(f"pg_catalog.{name}({shown})", position, ambiguous)
        return self.finish_call(candidate, args, position, form, False)

    def finish_call(self, candidate: Candidate, args, position: int, special: str, variadic: bool) -> n.Expr:
        fn = candidate.fn
        args = self.complete(candidate, args)
        result = self.make_call(fn, args, self.declared_of(candidate, len(args)), position, pack=candidate)
        if special or variadic:
            result = replace(result, form="sql" if special else result.form, variadic=variadic)
        return result

    def complete(self, candidate: Candidate, args: list[n.Expr]) -> list[n.Expr]:
        """The arguments in the function's order, defaults filled in."""
        fn = candidate.fn
        if not candidate.defaults and candidate.order is None:
            return args
        out = []
        order = candidate.order or tuple(range(len(args))) + (-1,) * candidate.defaults
        first_default = len(fn.arg_oids) - fn.defaults
        for i, source in enumerate(order):
            if source >= 0:
                out.append(args[source])
            else:
                out.append(n.Const(fn.arg_oids[i], value=fn.default_values[i - first_default]))
        return out

    def declared_of(self, candidate: Candidate, count: int) -> list[int]:
        if candidate.defaults or candidate.order is not None:
            return list(candidate.fn.arg_oids)
        return list(candidate.args)

    def make_call(self, fn, args, declared, position, op="", op_oid=0, pack: Candidate | None = None) -> n.Call:
        """Settles polymorphic types, coerces the arguments, packs variadic ones into an array."""
        actual = [a.type_oid for a in args]
        declared = self.resolve_declared(declared, actual)
        result_oid = self.resolve_result(fn, declared, actual)
        values = [self.coercion.coerce(a, d, -1, IMPLICIT) for a, d in zip(args, declared)]
        variadic = False
        if pack is not None and pack.variadic and fn.variadic_oid != ANY:
            fixed = len(fn.arg_oids) - 1
            items = tuple(values[fixed:])
            element = items[0].type_oid
            array = self.types.array_of(element)
            if not array:
                raise DatabaseError(f"could not find array type for data type {self.types.show(element)}",
                                    sqlstate="42704", position=position)  # fmt: skip
            values = [*values[:fixed], n.ArrayExpr(array, -1, items[0].position, items, element)]
            variadic = True
        return n.Call(result_oid, -1, leftmost(position, args), fn, tuple(values), op, op_oid, variadic=variadic)

    # -- polymorphic types ---------------------------------------------------------------------------------------------
    def resolve_declared(self, declared: list[int], actual: list[int]) -> list[int]:
        """Declared argument types with polymorphic ones replaced by what the arguments make of them."""
        if not any(d in POLYMORPHIC for d in declared):
            return declared
        element, common = self._families(declared, actual)
        out = []
        for d, a in zip(declared, actual):
            if d in (ANYELEMENT, ANYNONARRAY, ANYENUM):
                out.append(element or a)
            elif d == ANYARRAY:
                out.append(self.types.array_of(element) if element else a)
            elif d in (ANYCOMPATIBLE, ANYCOMPATIBLENONARRAY):
                out.append(common or a)
            elif d == ANYCOMPATIBLEARRAY:
                out.append(self.types.array_of(common) if common else a)
            else:
                out.append(d)
        return out

    def _families(self, declared: list[int], actual: list[int]) -> tuple[int, int]:
        """(what anyelement stands for, what anycompatible stands for); 0 when nothing says."""
        element = 0
        compatible: list[int] = []
        elements_seen = compatible_seen = False
        for d, a in zip(declared, actual):
            if d in (ANYELEMENT, ANYNONARRAY, ANYENUM):
                elements_seen = True
                element = element or (a if a != UNKNOWN else 0)
            elif d == ANYARRAY:
                elements_seen = True
                element = element or (self.types.element(self.types.base(a)) if a not in (UNKNOWN, ANYARRAY) else 0)
            elif d in (ANYCOMPATIBLE, ANYCOMPATIBLENONARRAY):
                compatible_seen = True
                compatible.append(a)
            elif d == ANYCOMPATIBLEARRAY:
                compatible_seen = True
                compatible.append(self.types.element(self.types.base(a)) if a != UNKNOWN else UNKNOWN)
        if elements_seen and not element and not any(a == ANYARRAY for a in actual):
            known = [a for d, a in zip(declared, actual) if d in POLYMORPHIC and a != UNKNOWN]
            if not known and any(d == ANYARRAY for d in declared):
                raise DatabaseError(
                    "could not determine polymorphic type because input has type unknown", sqlstate="42804"
                )
            element = 25 if not known else element
        common = 0
        if compatible_seen:
            common = self.coercion.choose(compatible) or 0
        return element, common

    def resolve_result(self, fn: Any, declared: list[int], actual: list[int]) -> int:
        result = fn.ret_oid
        if result not in POLYMORPHIC:
            return result
        original = list(fn.arg_oids)
        while len(original) < len(actual):
            original.append(fn.variadic_oid or original[-1])
        if fn.variadic_oid and len(original) and original[len(fn.arg_oids) - 1] != declared[len(fn.arg_oids) - 1]:
            last = len(fn.arg_oids) - 1
            if not self.types.element(declared[last]) or fn.variadic_oid in (ANYELEMENT, ANYCOMPATIBLE):
                if declared[last] != actual[last] or actual[last] != original[last]:
                    original[last:] = [fn.variadic_oid] * (len(actual) - last)
        element, common = self._families(original[: len(actual)], actual)
        if result in (ANYELEMENT, ANYNONARRAY, ANYENUM):
            return element or UNKNOWN
        if result == ANYARRAY:
            return self.types.array_of(element) if element else ANYARRAY
        if result in (ANYCOMPATIBLE, ANYCOMPATIBLENONARRAY):
            return common or UNKNOWN
        if result == ANYCOMPATIBLEARRAY:
            return self.types.array_of(common)
        return result

    # -- aggregates ----------------------------------------------------------------------------------------------------
    def aggregate(self, node: raw.Call, candidate: Candidate, args: list[n.Expr], scope: Scope) -> n.Expr:
        fn, position = candidate.fn, node.position
        name = fn.name
        if not args and not node.star and not fn.arg_oids:
            raise DatabaseError(f"{name}(*) must be used to call a parameterless aggregate function", sqlstate="42809",
                                position=position)  # fmt: skip
        if fn.aggregate is not None and fn.aggregate.kind != "n":
            raise DatabaseError(f"WITHIN GROUP is required for ordered-set aggregate {name}", sqlstate="42809",
                                position=position)  # fmt: skip
        bound = self.make_call(fn, args, self.declared_of(candidate, len(args)), position, pack=candidate)
        values = bound.args
        order = tuple(self.sort_keys(node.order, scope)) if node.order else ()
        filter_ = self.condition(node.filter, scope, "FILTER") if node.filter is not None else None
        if node.distinct:
            values = tuple(self.coercion.settle(v) if v.type_oid == UNKNOWN else v for v in values)
        level = self.aggregate_level([*values, *(k.expr for k in order)], filter_)
        self.check_aggregate_place(scope, level, position, [*values, *([filter_] if filter_ is not None else [])])
        if node.distinct:
            for key in order:
                if not any(self.same(key.expr, v) for v in values):
                    raise DatabaseError(
                        "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list",
                        sqlstate="42P10", position=key.expr.position,
                    )  # fmt: skip
            for value in values:
                self.equality_of(value.type_oid, position)
        return n.Aggregate(
            bound.type_oid, -1, position, fn, values, node.distinct, order, filter_, node.star, level
        )

    def ordered_set(self, node: raw.Call, name: str, direct: list[n.Expr], ordered: list[n.Expr], scope: Scope) -> n.Expr:
        inputs = [a.type_oid for a in (*direct, *ordered)]
        candidate, ambiguous = self.overloads.function(name, inputs, [], False)
        if candidate is None:
            shown = ", ".join(self.types.show(i) for i in inputs)
            raise self.overloads.missing_function(f"{name}({shown})", node.position, ambiguous)
        fn = candidate.fn
        if fn.kind != "a" or fn.aggregate.kind == "n":
            raise DatabaseError(f"{name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP",
                                sqlstate="42809", position=node.position)  # fmt: skip
        bound = self.make_call(fn, [*direct, *ordered], list(candidate.args), node.position, pack=candidate)
        order = self.sort_keys(node.order, scope)
        filter_ = self.condition(node.filter, scope, "FILTER") if node.filter is not None else None
        values = bound.args[len(direct):]
        for key, value in zip(order, values):
            key.expr = value
        level = self.aggregate_level(list(bound.args), filter_)
        self.check_aggregate_place(scope, level, node.position, list(bound.args))
        return n.Aggregate(
            bound.type_oid, -1, node.position, fn, values, False, tuple(order), filter_, False, level,
            bound.args[: len(direct)],
        )  # fmt: skip

    def aggregate_level(self, args: list[n.Expr], filter_: n.Expr | None) -> int:
        """The query an aggregate belongs to: that of its innermost column."""
        levels = [level for e in (*args, *([filter_] if filter_ is not None else [])) for level in self.levels_in(e, 0)]
        return min(levels) if levels else 0

    def levels_in(self, expr: n.Expr, depth: int):
        for node in n.walk(expr):
            if isinstance(node, n.Column) and node.levels_up >= depth:
                yield node.levels_up - depth
            elif isinstance(node, n.SubLink):
                for inner in self.query_expressions(node.query):
                    yield from self.levels_in(inner, depth + 1)

    def check_aggregate_place(self, scope: Scope, level: int, position: int, args: list[n.Expr]) -> None:
        owner: Scope | None = scope
        for _ in range(level):
            owner = owner.parent if owner is not None else None
        if owner is None:
            return
        for value in args:
            inner = next((x for x in n.walk(value) if isinstance(x, n.Aggregate) and x.levels_up == level), None)
            if inner is not None:
                raise DatabaseError("aggregate function calls cannot be nested", sqlstate="42803", position=inner.position)
            self.refuse_sets([value], "aggregate function calls cannot contain set-returning function calls")
            window = next((x for x in n.walk(value) if isinstance(x, n.WindowCall)), None)
            if window is not None:
                raise DatabaseError("aggregate function calls cannot contain window function calls", sqlstate="42803",
                                    position=window.position)  # fmt: skip
        if owner.kind in NOT_IN_AGGREGATES:
            what = NOT_IN_AGGREGATES[owner.kind]
            raise DatabaseError(f"aggregate functions are not allowed in {what}", sqlstate="42803", position=position)
        owner.query.has_aggregates = True

    def grouping_call(self, node: raw.Special, scope: Scope) -> n.Expr:
        if len(node.args) > 31:
            raise DatabaseError("GROUPING must have fewer than 32 arguments", sqlstate="54023", position=node.position)
        if scope.kind in NOT_IN_AGGREGATES:
            raise DatabaseError(f"grouping operations are not allowed in {NOT_IN_AGGREGATES[scope.kind]}",
                                sqlstate="42803", position=node.position)  # fmt: skip
        args = tuple(self.exprs(node.args, scope))
        scope.query.has_aggregates = True
        return n.Grouping(23, -1, node.position, args)

    # -- windows -------------------------------------------------------------------------------------------------------
    def window_call(self, node: raw.Call, candidate: Candidate, args: list[n.Expr], scope: Scope) -> n.Expr:
        fn, position = candidate.fn, node.position
        if fn.kind not in ("w", "a"):
            raise DatabaseError(f"OVER specified, but {fn.name} is not a window function nor an aggregate function",
                                sqlstate="42809", position=position)  # fmt: skip
        if scope.kind in NOT_IN_AGGREGATES or scope.kind == "HAVING":
            what = NOT_IN_AGGREGATES.get(scope.kind, scope.kind)
            raise DatabaseError(f"window functions are not allowed in {what}", sqlstate="42P20", position=position)
        if node.distinct:
            raise FeatureNotSupported("DISTINCT is not implemented for window functions", position=position)
        if fn.kind == "a" and not args and not node.star:
            raise DatabaseError(f"{fn.name}(*) must be used to call a parameterless aggregate function", sqlstate="42809",
                                position=position)  # fmt: skip
        args = self.complete(candidate, args)
        bound = self.make_call(fn, args, self.declared_of(candidate, len(args)), position, pack=candidate)
        filter_ = self.condition(node.filter, scope, "FILTER") if node.filter is not None else None
        window = self.window_index(node.over, scope)
        scope.has_windows = True
        return n.WindowCall(bound.type_oid, -1, position, fn, bound.args, window, filter_, node.star)

    def window_index(self, definition: raw.WindowDef, scope: Scope) -> int:
        """The window's place in the query, made if it is new."""
        if definition.name is not None and not (definition.partition or definition.order or definition.frame):
            found = scope.windows.get(definition.name)
            if found is None:
                raise DatabaseError(f'window "{definition.name}" does not exist', sqlstate="42704",
                                    position=definition.position)  # fmt: skip
            definition = found
        base = definition.base
        if base is not None:
            inherited = scope.windows.get(base)
            if inherited is None:
                raise DatabaseError(f'window "{base}" does not exist', sqlstate="42704", position=definition.position)
            definition = raw.WindowDef(
                None, None, inherited.partition, definition.order or inherited.order, definition.frame
            )
        before, scope.kind = scope.kind, "WINDOW"
        try:
            partition = [self.coercion.settle(self.expr(p, scope)) for p in definition.partition]
            order = self.sort_keys(definition.order, scope)
            frame = self.window_frame(definition.frame, scope)
        finally:
            scope.kind = before
        for i, window in enumerate(scope.query.windows):
            if (
                self.same(tuple(partition), tuple(window.partition))
                and self.same(tuple(order), tuple(window.order))
                and self.same(frame, window.frame)
            ):
                return i
        scope.query.windows.append(Window(partition, order, frame))
        return len(scope.query.windows) - 1

    def window_frame(self, frame: tuple | None, scope: Scope) -> tuple | None:
        if frame is None:
            return None
        unit, start, low, end, high, exclude = frame
        bounds = []
        for value in (low, high):
            if value is None:
                bounds.append(None)
                continue
            bound = self.expr(value, scope)
            bounds.append(self.coercion.to_type(bound, 20, unit.upper()) if unit != "range" else bound)
        return (unit, start, bounds[0], end, bounds[1], exclude)

    # -- subqueries ----------------------------------------------------------------------------------------------------
    def query_expr(self, node: raw.QueryExpr, scope: Scope) -> n.Expr:
        query = self.subquery(node.query, scope)
        columns = [t for t in query.targets if not t.junk]
        if node.kind == "exists":
            return n.SubLink(BOOL, -1, node.position, "exists", query)
        if len(columns) != 1:
            raise SyntaxError("subquery must return only one column", position=node.position)
        oid, typmod = columns[0].expr.type_oid, columns[0].expr.typmod
        if node.kind == "array":
            array = self.types.array_of(oid) if not self.types.element(oid) else oid
            if not array:
                raise DatabaseError(f"could not find array type for data type {self.types.show(oid)}",
                                    sqlstate="42704", position=node.position)  # fmt: skip
            return n.SubLink(array, typmod, node.position, "array", query)
        return n.SubLink(oid, typmod, node.position, "scalar", query)

    def in_query(self, node: raw.InTest, scope: Scope) -> n.Expr:
        lefts = self.row_items(node.arg, scope)
        test = self.query_test("=", lefts, node.items, scope, "any", node.position)
        return n.Not(BOOL, -1, node.position, test) if node.negated else test

    def row_items(self, node: Any, scope: Scope) -> list[n.Expr]:
        return self.exprs(node.items, scope) if isinstance(node, raw.Row) else [self.expr(node, scope)]

    def quantified_query(self, node: raw.Quantified, scope: Scope) -> n.Expr:
        lefts = self.row_items(node.left, scope)
        return self.query_test(node.name, lefts, node.right, scope, "any" if node.any else "all", node.position)

    def query_test(self, name: str, lefts: list[n.Expr], inner: Any, scope: Scope, kind: str, position: int) -> n.Expr:
        query = self.subquery(inner, scope)
        columns = [t for t in query.targets if not t.junk]
        if len(columns) < len(lefts):
            raise SyntaxError("subquery has too few columns", position=position)
        if len(columns) > len(lefts):
            raise SyntaxError("subquery has too many columns", position=position)
        slots = [n.Param(t.expr.type_oid, t.expr.typmod, 0, -i - 1) for i, t in enumerate(columns)]
        test = self.compare_rows(name, lefts, slots, position) if len(lefts) > 1 else self.apply(
            name, lefts[0], slots[0], position
        )  # fmt: skip
        if test.type_oid != BOOL:
            raise DatabaseError("row comparison operator must yield type boolean", sqlstate="42804", position=position)
        return n.SubLink(BOOL, -1, position, kind, query, test, name)

    def row_query(self, node: raw.Operator, scope: Scope) -> n.Expr:
        """(a, b) = (SELECT x, y): a subquery of at most one row."""
        lefts = self.exprs(node.left.items, scope)
        return self.query_test(node.name, lefts, node.right.query, scope, "row", node.position)


def leftmost(position: int, args: Any) -> int:
    """Where an expression begins: the smallest position of its own and its arguments'."""
    return min((p for p in (position, *(a.position for a in args)) if p), default=0)
