"""Expressions: raw nodes into typed ones, one method a node.

    ExpressionBinder.expr(raw.Operator("+", a, 1), scope) -> Call(int4pl, (Column a, Const 1)), type integer

Calls are in `calls`, subqueries in `sublinks`; both are parts of the Binder assembled in `binder`.

Errors carry the position PostgreSQL points at. Not here: clauses (`select`, `changes`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, FeatureNotSupported, SyntaxError
from aurorapy.expressions import nodes as n
from aurorapy.expressions import registry
from aurorapy.records import replace
from aurorapy.sql.bind.coerce import EXPLICIT, IMPLICIT
from aurorapy.sql.bind.scope import (
    Scope,
    column_of,
    find_column,
    find_item,
    missing_column,
    missing_table,
    whole_row,
)
from aurorapy.sql.bind.types import BOOL, CHAR, INT4, NAME, RECORD, TEXT, UNKNOWN, literal_type
from aurorapy.sql.parse import raw

COLLATIONS = {"default": 100, "C": 950, "POSIX": 951, "ucs_basic": 12547, "C.utf8": 12548, "C.UTF-8": 12548}
SESSION_TYPES = {
    "current_date": 1082,
    "current_time": 1266,
    "current_timestamp": 1184,
    "localtime": 1083,
    "localtimestamp": 1114,
}


class ExpressionBinder:
    """Needs `coercion`, `overloads`, `types`, `parameters`, `catalog` of the Binder."""

    def expr(self, node: Any, scope: Scope) -> n.Expr:
        return _METHODS[type(node)](self, node, scope)

    def exprs(self, nodes: list[Any], scope: Scope) -> list[n.Expr]:
        """Several expressions; `(row).*` among them becomes its fields."""
        out: list[n.Expr] = []
        for node in nodes:
            if isinstance(node, (raw.ColumnRef, raw.Field)) and self.is_star(node):
                out.extend(e for e, _ in self.expand_star(node, scope))
            else:
                out.append(self.expr(node, scope))
        return out

    def condition(self, node: Any, scope: Scope, construct: str) -> n.Expr:
        """A boolean expression in a clause named `construct`, which names it in errors."""
        before, scope.kind = scope.kind, construct
        try:
            return self.coercion.to_boolean(self.expr(node, scope), construct)
        finally:
            scope.kind = before

    # -- leaves --------------------------------------------------------------------------------------------------------
    def literal(self, node: raw.Literal, scope: Scope) -> n.Expr:
        kind, text, position = node.kind, node.value, node.position
        if kind == "string":
            return n.Const(UNKNOWN, -1, position, text)
        if kind == "null":
            return n.Const(UNKNOWN, -1, position, None)
        if kind == "boolean":
            return n.Const(BOOL, -1, position, text == "true")
        if kind == "bits":
            raise FeatureNotSupported("bit strings are not supported", position=position)
        oid = literal_type(kind, text)
        if oid == 1700:
            return self.coercion.read_literal(n.Const(UNKNOWN, -1, position, text), oid, -1)
        return n.Const(oid, -1, position, int(text))

    def parameter(self, node: raw.Parameter, scope: Scope) -> n.Expr:
        return self.parameters.node(node.number, node.position)

    def default_value(self, node: raw.DefaultValue, scope: Scope) -> n.Expr:
        raise SyntaxError("DEFAULT is not allowed in this context", position=node.position)

    def current_of(self, node: raw.CurrentOf, scope: Scope) -> n.Expr:
        raise FeatureNotSupported("WHERE CURRENT OF is not supported", position=node.position)

    def sql_value(self, node: raw.SqlValue, scope: Scope) -> n.Expr:
        name = node.name
        if name in SESSION_TYPES:
            oid = SESSION_TYPES[name]
            typmod = -1 if node.precision is None else min(node.precision, 6)
            return n.SessionValue(oid, typmod, node.position, name)
        name = {"user": "current_user", "current_role": "current_user"}.get(name, name)
        return n.SessionValue(19, -1, node.position, name)

    # -- columns -------------------------------------------------------------------------------------------------------
    def is_star(self, node: Any) -> bool:
        return isinstance(node, raw.ColumnRef) and node.star or isinstance(node, raw.Field) and node.name == "*"

    def column_ref(self, node: raw.ColumnRef, scope: Scope) -> n.Expr:
        names, position = node.names, node.position
        if node.star:
            if names == ("*",):
                raise SyntaxError('syntax error at or near "*"', position=position)
            item = self.item(scope, names[:-1], position)
            return whole_row(item[0], item[1], position)
        if len(names) == 1:
            found = find_column(scope, names[0], position)
            if found is not None:
                return found
            item = find_item(scope, names[0], None, position)
            if item is not None:
                return whole_row(item[0], item[1], position)
            raise missing_column(scope, None, names[0], position)
        item = find_item(scope, names[-2], names[-3] if len(names) > 2 else None, position)
        if item is not None:
            found = column_of(item[0], names[-1], item[1], position)
            if found is not None:
                return found
            raise missing_column(scope, names[-2], names[-1], position)
        if len(names) > 4:
            raise SyntaxError(f"improper qualified name (too many dotted names): {'.'.join(names)}", position=position)
        raise missing_table(scope, names[-2], position)

    def item(self, scope: Scope, names: tuple[str, ...], position: int):
        found = find_item(scope, names[-1], names[-2] if len(names) > 1 else None, position)
        if found is None:
            raise missing_table(scope, names[-1], position)
        return found

    def expand_star(self, node: Any, scope: Scope) -> list[tuple[n.Expr, str]]:
        """`*`, `t.*` or `(row).*` as (expression, name) pairs."""
        position = node.position
        if isinstance(node, raw.Field):
            return self.expand_row(self.expr(node.arg, scope), position)
        if node.names == ("*",):
            if not scope.items:
                raise SyntaxError("SELECT * with no tables specified is not valid", position=position)
            return [
                (replace(c.expr, position=position), c.name) for i in scope.items if i.alone for c in i.columns
            ]
        names = node.names[:-1]
        if len(names) == 1 and find_item(scope, names[0], None, position) is None:
            column = find_column(scope, names[0], position)
            if column is not None:
                return self.expand_row(column, position)
        item, level = self.item(scope, names, position)
        return [(e, name) for name, e in ((c.name, column_of(item, c.name, level, position)) for c in item.columns)]

    def expand_row(self, value: n.Expr, position: int) -> list[tuple[n.Expr, str]]:
        fields = self.row_fields(value)
        if fields is None:
            raise DatabaseError("record type has not been registered", sqlstate="42809", position=position)
        return [
            (n.FieldSelect(oid, typmod, position, value, i, name), name) for i, (name, oid, typmod) in enumerate(fields)
        ]

    def row_fields(self, value: n.Expr) -> list[tuple[str, int, int]] | None:
        """(name, type, typmod) of a row value's fields, or None when they are not known."""
        if isinstance(value, n.RowExpr):
            names = value.names or tuple(f"f{i + 1}" for i in range(len(value.items)))
            return [(name, e.type_oid, e.typmod) for name, e in zip(names, value.items)]
        if isinstance(value, n.Call) and value.fn.out_names:
            return [(name, oid, -1) for name, oid in zip(value.fn.out_names, value.fn.out_oids)]
        if isinstance(value, n.Column):
            rte = self.rte_of(value)
            if value.attno == 0 and rte is not None:
                return [
                    (name, oid, typmod)
                    for i, (name, oid, typmod) in enumerate(zip(rte.columns, rte.type_oids, rte.typmods))
                    if rte.relation is None or not rte.relation.columns[i].dropped
                ]
            target = self._target_behind(value)
            if target is not None:
                return self.row_fields(target)
        fields = self.types.get(value.type_oid).extra.get("fields")
        return list(fields) if fields else None

    def _target_behind(self, column: n.Column) -> n.Expr | None:
        """What the subquery in FROM computes for its column, unless that is a column again."""
        rte = self.rte_of(column) if column.attno > 0 and column.type_oid == RECORD else None
        target = rte.query.targets[column.attno - 1].expr if rte is not None and rte.query is not None else None
        return None if isinstance(target, n.Column) else target

    def rte_of(self, column: n.Column):
        scope = self.scope_stack[-1] if self.scope_stack else None
        for _ in range(column.levels_up):
            scope = scope.parent if scope else None
        return scope.query.rtes[column.rte] if scope else None

    def field(self, node: raw.Field, scope: Scope) -> n.Expr:
        if node.name == "*":
            raise SyntaxError('row expansion via "*" is not supported here', position=node.position)
        return self.field_of(self.expr(node.arg, scope), node.name, node.position)

    def field_of(self, value: n.Expr, name: str, position: int) -> n.Expr:
        if isinstance(value, n.Column) and value.attno == 0 and (rte := self.rte_of(value)) is not None:
            if name in rte.columns:
                i = rte.columns.index(name)
                return n.Column(rte.type_oids[i], rte.typmods[i], position, value.rte, i + 1, value.levels_up, name)
        for i, (field, oid, typmod) in enumerate(self.row_fields(value) or ()):
            if field == name:
                return n.FieldSelect(oid, typmod, position, value, i, name)
        found = self.types.get(value.type_oid)
        if found.kind == "c" or value.type_oid == RECORD:
            shown = self.types.show(value.type_oid)
            if value.type_oid == RECORD:
                raise DatabaseError(f'could not identify column "{name}" in record data type', sqlstate="42703",
                                    position=position)  # fmt: skip
            raise DatabaseError(f'column "{name}" not found in data type {shown}', sqlstate="42703", position=position)
        raise DatabaseError(
            f'column notation .{name} applied to type {self.types.show(value.type_oid)}, which is not a composite type',
            sqlstate="42809", position=position,
        )  # fmt: skip

    # -- operators -----------------------------------------------------------------------------------------------------
    def operator(self, node: raw.Operator, scope: Scope) -> n.Expr:
        name, position = node.name, node.position
        if node.left is not None and name in ("=", "<>", "<", "<=", ">", ">="):
            if isinstance(node.left, raw.Row) and isinstance(node.right, raw.Row):
                return self.row_compare(name, node.left, node.right, scope, position)
            if isinstance(node.left, raw.Row) and isinstance(node.right, raw.QueryExpr) and node.right.kind == "scalar":
                return self.row_query(node, scope)
        right = self.expr(node.right, scope)
        left = self.expr(node.left, scope) if node.left is not None else None
        return self.apply(name, left, right, position, node.schema)

    def apply(self, name: str, left: n.Expr | None, right: n.Expr, position: int, schema: str | None = None) -> n.Expr:
        """The operator on bound operands, coerced to what it takes."""
        op = self.overloads.operator(name, left.type_oid if left is not None else 0, right.type_oid, position, schema)
        declared = [op.left_oid, op.right_oid] if left is not None else [op.right_oid]
        args = [left, right] if left is not None else [right]
        return self.make_call(op.fn, args, declared, position, op=name, op_oid=op.oid)

    def bool_op(self, node: raw.BoolOp, scope: Scope) -> n.Expr:
        construct = node.op.upper()
        args = tuple(self.coercion.to_boolean(self.expr(a, scope), construct) for a in node.args)
        if node.op == "not":
            return n.Not(BOOL, -1, node.position, args[0])
        return (n.And if node.op == "and" else n.Or)(BOOL, -1, node.position, args)

    def is_test(self, node: raw.IsTest, scope: Scope) -> n.Expr:
        arg = self.expr(node.arg, scope)
        if node.what == "null":
            return n.NullTest(BOOL, -1, node.position, arg, not node.negated)
        construct = f"IS {'NOT ' if node.negated else ''}{node.what.upper()}"
        truth = {"true": True, "false": False, "unknown": None}[node.what]
        return n.BooleanTest(BOOL, -1, node.position, self.coercion.to_boolean(arg, construct), truth, node.negated)

    def distinct(self, node: raw.Distinct, scope: Scope) -> n.Expr:
        left, right = self.expr(node.left, scope), self.expr(node.right, scope)
        for side, other in ((right, left), (left, right)):
            if isinstance(side, n.Const) and side.value is None and side.type_oid == UNKNOWN:
                return n.NullTest(BOOL, -1, node.position, other, node.negated)
        call = self.apply("=", left, right, node.position)
        return n.DistinctFrom(BOOL, -1, node.position, call.args[0], call.args[1], call.fn, node.negated)

    def between(self, node: raw.Between, scope: Scope) -> n.Expr:
        position = node.position

        def both(low: n.Expr, high: n.Expr) -> n.Expr:
            arg = self.expr(node.arg, scope)
            first = self.apply("<" if node.negated else ">=", arg, low, position)
            if type(arg) is n.Param:  # of the type that the first comparison gave it
                arg = self.expr(node.arg, scope)
            tests = (first, self.apply(">" if node.negated else "<=", arg, high, position))
            return (n.Or if node.negated else n.And)(BOOL, -1, position, tests)

        low, high = self.expr(node.low, scope), self.expr(node.high, scope)
        if not node.symmetric:
            return both(low, high)
        pair = (both(low, high), both(high, low))
        return (n.And if node.negated else n.Or)(BOOL, -1, position, pair)

    def in_test(self, node: raw.InTest, scope: Scope) -> n.Expr:
        if not isinstance(node.items, list):
            return self.in_query(node, scope)
        position, name = node.position, "<>" if node.negated else "="
        if isinstance(node.arg, raw.Row) and all(isinstance(item, raw.Row) for item in node.items):
            rows = tuple(self.row_compare(name, node.arg, item, scope, position) for item in node.items)
            return rows[0] if len(rows) == 1 else (n.And if node.negated else n.Or)(BOOL, -1, position, rows)
        left = self.expr(node.arg, scope)
        rights = [self.expr(item, scope) for item in node.items]
        plain = [r for r in rights if type(r) is n.Const or not any(
            isinstance(x, n.Column) and not x.levels_up for x in n.walk(r))]  # fmt: skip
        tests: list[n.Expr] = []
        row = isinstance(left, n.RowExpr)
        if len(plain) > 1 and not row:
            kinds = dict.fromkeys(p.type_oid for p in plain)
            common = self.coercion.choose([left.type_oid, *kinds])
            array = self.types.array_of(common) if common and common not in (RECORD,) else 0
            if common and array and all(self.coercion.can([oid], [common], IMPLICIT) for oid in kinds):
                items = tuple(self.coercion.coerce(p, common, -1, IMPLICIT) for p in plain)
                value = n.ArrayExpr(array, -1, position, items, common)
                tests.append(self.quantify(name, left, value, not node.negated, position, None))
                taken = {id(p) for p in plain}
                rights = [r for r in rights if id(r) not in taken]
        for right in rights:
            if row and isinstance(right, n.RowExpr):
                tests.append(self.compare_rows(name, list(left.items), list(right.items), position))
            else:
                tests.append(self.apply(name, left, right, position))
        if len(tests) == 1:
            return tests[0]
        return (n.And if node.negated else n.Or)(BOOL, -1, position, tuple(tests))

    def quantified(self, node: raw.Quantified, scope: Scope) -> n.Expr:
        if isinstance(node.right, raw.Query):
            return self.quantified_query(node, scope)
        left, right = self.expr(node.left, scope), self.expr(node.right, scope)
        return self.quantify(node.name, left, right, node.any, node.position, node.schema)

    def quantify(self, name: str, left: n.Expr, right: n.Expr, any_: bool, position: int, schema: str | None) -> n.Expr:
        """`left op ANY (right)`, right an array."""
        if right.type_oid == UNKNOWN:
            element = UNKNOWN
        else:
            element = self.types.element(self.types.base(right.type_oid))
            if not element:
                raise DatabaseError("op ANY/ALL (array) requires array on right side", sqlstate="42809", position=position)
        op = self.overloads.operator(name, left.type_oid, element, position, schema)
        if op.ret_oid != BOOL:
            raise DatabaseError("op ANY/ALL (array) requires operator to yield boolean", sqlstate="42809", position=position)
        declared = self.resolve_declared([op.left_oid, op.right_oid], [left.type_oid, element])
        left = self.coercion.coerce(left, declared[0], -1, IMPLICIT)
        array = self.types.array_of(declared[1])
        if not array:
            raise DatabaseError(f"could not find array type for data type {self.types.show(declared[1])}",
                                sqlstate="42704", position=position)  # fmt: skip
        if isinstance(right, n.ArrayExpr) and right.type_oid != array:
            items = tuple(self.coercion.coerce(i, declared[1], -1, IMPLICIT) for i in right.items)
            right = n.ArrayExpr(array, -1, right.position, items, declared[1])
        else:
            right = self.coercion.coerce(right, array, -1, IMPLICIT)
        return n.ScalarArrayOp(BOOL, -1, position, op.fn, name, any_, left, right)

    def like(self, node: raw.LikeTest, scope: Scope) -> n.Expr:
        left, right = self.expr(node.left, scope), self.expr(node.right, scope)
        if node.similar:
            args = [right] + ([self.expr(node.escape, scope)] if node.escape is not None else [])
            right = self.call_named("similar_to_escape", args, node.position)
        elif node.escape is not None:
            right = self.call_named("like_escape", [right, self.expr(node.escape, scope)], node.position)
        return self.apply(node.operator, left, right, node.position)

    # -- casts and conditionals ----------------------------------------------------------------------------------------
    def cast(self, node: raw.Cast, scope: Scope) -> n.Expr:
        target, typmod = self.types.resolve(node.type)
        if isinstance(node.arg, raw.ArrayItems) and self.types.element(target):
            return self.array_items(node.arg, scope, target, typmod)
        arg = self.expr(node.arg, scope)
        if self.types.get(target).kind == "p" and target not in (2249, 2275, 705, 2278, 24):
            if not (arg.type_oid == target):
                self.cannot_cast(arg, target, node.position)
        result = self.coercion.to_target(arg, target, typmod, EXPLICIT, "cast")
        if result is None:
            self.cannot_cast(arg, target, node.position)
        return result

    def cannot_cast(self, arg: n.Expr, target: int, position: int) -> None:
        raise self.coercion.cannot(arg.type_oid, target, position)

    def collate(self, node: raw.Collate, scope: Scope) -> n.Expr:
        arg = self.expr(node.arg, scope)
        if arg.type_oid == UNKNOWN:
            arg = self.coercion.coerce(arg, TEXT, -1, IMPLICIT)
        name = node.names[-1]
        if name not in COLLATIONS:
            shown = ".".join(node.names)
            raise DatabaseError(f'collation "{shown}" for encoding "UTF8" does not exist', sqlstate="42704",
                                position=node.position)  # fmt: skip
        base = self.types.get(self.types.element(arg.type_oid) or self.types.base(arg.type_oid))
        if not base.collation:
            raise DatabaseError(f"collations are not supported by type {self.types.show(arg.type_oid)}", sqlstate="42804",
                                position=node.position)  # fmt: skip
        return n.Relabel(arg.type_oid, arg.typmod, arg.position, arg, "collate")

    def case(self, node: raw.Case, scope: Scope) -> n.Expr:
        operand = test = None
        if node.operand is not None:
            operand = self.coercion.settle(self.expr(node.operand, scope))
            test = n.CaseTest(operand.type_oid, operand.typmod)
        whens = []
        for when, _ in node.whens:
            bound = self.expr(when, scope)
            if test is not None:
                bound = self.apply("=", test, bound, getattr(when, "position", 0))
            whens.append(self.coercion.to_boolean(bound, "CASE/WHEN"))
        otherwise = (
            self.expr(node.otherwise, scope) if node.otherwise is not None else n.Const(UNKNOWN, -1, 0, None)
        )
        thens = [self.expr(then, scope) for _, then in node.whens]
        self.refuse_sets([*whens, *thens, otherwise], "set-returning functions are not allowed in CASE")
        common = self.coercion.common_type([otherwise, *thens], "CASE")
        thens = [self.coercion.to_common(t, common, "CASE/WHEN") for t in thens]
        otherwise = self.coercion.to_common(otherwise, common, "CASE/ELSE")
        typmod = self.coercion.common_typmod([*thens, otherwise], common)
        return n.Case(common, typmod, node.position, operand, tuple(whens), tuple(thens), otherwise)

    def special(self, node: raw.Special, scope: Scope) -> n.Expr:
        name, position = node.name, node.position
        if name == "grouping":
            return self.grouping_call(node, scope)
        if name == "nullif":
            left, right = (self.expr(a, scope) for a in node.args)
            call = self.apply("=", left, right, position)
            if call.type_oid != BOOL:
                raise DatabaseError("NULLIF requires = operator to yield boolean", sqlstate="42804", position=position)
            return n.NullIf(call.args[0].type_oid, call.args[0].typmod, position, call.args[0], call.args[1], call.fn)
        if name not in ("coalesce", "greatest", "least"):
            raise SyntaxError(f'syntax error at or near "{name}"', position=position)
        construct = name.upper()
        args = [self.expr(a, scope) for a in node.args]
        common = self.coercion.common_type(args, construct)
        args = [self.coercion.to_common(a, common, construct) for a in args]
        typmod = self.coercion.common_typmod(args, common)
        if name == "coalesce":
            self.refuse_sets(args, "set-returning functions are not allowed in COALESCE")
            return n.Coalesce(common, typmod, position, tuple(args))
        operators = registry.default_operators(common, self.types.category(common))
        if operators is None:
            raise DatabaseError(f"could not identify a comparison function for type {self.types.show(common)}",
                                sqlstate="42883", position=position)  # fmt: skip
        return n.MinMax(common, typmod, position, tuple(args), name == "greatest", operators.less.fn)

    # -- arrays and rows -----------------------------------------------------------------------------------------------
    def array_items(self, node: raw.ArrayItems, scope: Scope, target: int = 0, typmod: int = -1) -> n.Expr:
        """ARRAY[...]; under a cast its elements are cast one by one."""
        element = self.types.element(target) if target else 0
        nested = any(isinstance(i, raw.ArrayItems) for i in node.items)
        items: list[n.Expr] = []
        for item in node.items:
            if isinstance(item, raw.ArrayItems):
                items.append(self.array_items(item, scope, target, typmod))
            else:
                items.append(self.expr(item, scope))
        if not nested and not target and items:
            nested = bool(self.types.element(items[0].type_oid)) and items[0].type_oid not in (22, 30)
        if target:
            context = EXPLICIT
            inner = target if nested else element
            out = []
            for item in items:
                value = self.coercion.to_target(item, inner, -1 if nested else typmod, context, "cast")
                if value is None:
                    self.cannot_cast(item, inner, item.position)
                out.append(value)
            return n.ArrayExpr(target, typmod, node.position, tuple(out), element, nested)
        if not items:
            raise DatabaseError("cannot determine type of empty array", sqlstate="42P18", position=node.position,
                                hint="Explicitly cast to the desired type, for example ARRAY[]::integer[].")  # fmt: skip
        common = self.coercion.common_type(items, "ARRAY")
        if nested:
            array, element = common, self.types.element(common)
            if not element:
                raise DatabaseError(f"could not find element type for data type {self.types.show(common)}",
                                    sqlstate="42704", position=node.position)  # fmt: skip
        else:
            array, element = self.types.array_of(common), common
            if not array:
                raise DatabaseError(f"could not find array type for data type {self.types.show(common)}",
                                    sqlstate="42704", position=node.position)  # fmt: skip
        items = [self.coercion.to_common(i, common, "ARRAY") for i in items]
        return n.ArrayExpr(array, -1, node.position, tuple(items), element, nested)

    def index(self, node: raw.Index, scope: Scope) -> n.Expr:
        base = self.expr(node.arg, scope)
        return self.subscripted(base, node.subscripts, scope, node.position)

    def subscripted(self, base: n.Expr, subscripts: list[Any], scope: Scope, position: int) -> n.Expr:
        if base.type_oid == 3802:
            for sub in subscripts:
                key = self.expr(sub[0], scope)
                base = self.apply("->", base, self.coercion.settle(key), position)
            return base
        if base.type_oid == NAME and len(subscripts) == 1 and not subscripts[0][2]:
            return self._character_of_name(base, self.expr(subscripts[0][0], scope), position)
        element = self.types.element(self.types.base(base.type_oid))
        if not element:
            raise DatabaseError(
                f"cannot subscript type {self.types.show(base.type_oid)} because it does not support subscripting",
                sqlstate="42804", position=base.position,
            )  # fmt: skip
        is_slice = any(s[2] for s in subscripts)

        def bound(item: Any) -> n.Expr | None:
            if item is None:
                return None
            value = self.coercion.to_target(self.expr(item, scope), INT4, -1, ASSIGN)
            if value is None:
                raise DatabaseError("array subscript must have type integer", sqlstate="42804", position=position)
            return value

        lower, upper = [], []
        for first, last, sliced in subscripts:
            if is_slice and not sliced:
                lower.append(n.Const(INT4, value=1))
                upper.append(bound(first))
            else:
                lower.append(bound(first))
                upper.append(bound(last))
        oid = base.type_oid if is_slice else element
        return n.Subscript(oid, base.typmod, position, base, tuple(lower), tuple(upper) if is_slice else (), is_slice)

    def _character_of_name(self, name: n.Expr, index: n.Expr, position: int) -> n.Expr:
        """typname[0], which pg_dump asks for: PostgreSQL's names are arrays of "char" that count from 0."""
        index = self.coercion.to_target(index, INT4, -1, ASSIGN) or self.coercion.settle(index)
        place = self.apply("+", index, n.Const(INT4, -1, position, 1), position)
        args = [self.coercion.coerce(name, TEXT, -1, EXPLICIT, "cast"), place, n.Const(INT4, -1, position, 1)]
        candidate, _ = self.overloads.function("substr", [a.type_oid for a in args], [], False)
        return self.coercion.coerce(self.finish_call(candidate, args, position, "", False), CHAR, -1, EXPLICIT, "cast")

    def row(self, node: raw.Row, scope: Scope) -> n.Expr:
        items = tuple(self.coercion.settle(e) for e in self.exprs(node.items, scope))
        return n.RowExpr(RECORD, -1, node.position, items, tuple(f"f{i + 1}" for i in range(len(items))))

    def row_compare(self, name: str, left: raw.Row, right: raw.Row, scope: Scope, position: int) -> n.Expr:
        return self.compare_rows(name, self.exprs(left.items, scope), self.exprs(right.items, scope), position)

    def compare_rows(self, name: str, lefts: list[n.Expr], rights: list[n.Expr], position: int) -> n.Expr:
        if len(lefts) != len(rights):
            raise SyntaxError("unequal number of entries in row expressions", position=position)
        if not lefts:
            raise FeatureNotSupported("cannot compare rows of zero length", position=position)
        calls = [self.apply(name, a, b, position) for a, b in zip(lefts, rights)]
        if len(calls) == 1:
            return calls[0]
        if name in ("=", "<>"):
            return (n.And if name == "=" else n.Or)(BOOL, -1, position, tuple(calls))
        less, equals, left, right = [], [], [], []
        for call in calls:
            a, b = call.args
            strict = self.apply("<", a, b, position)
            even = self.apply("=", a, b, position)
            less.append(strict.fn)
            equals.append(even.fn)
            left.append(strict.args[0])
            right.append(strict.args[1])
        return n.RowCompare(BOOL, -1, position, name, tuple(left), tuple(right), tuple(less), tuple(equals))


ASSIGN = "assignment"
_METHODS: dict[type, Any] = {
    raw.Literal: ExpressionBinder.literal,
    raw.Parameter: ExpressionBinder.parameter,
    raw.ColumnRef: ExpressionBinder.column_ref,
    raw.Operator: ExpressionBinder.operator,
    raw.BoolOp: ExpressionBinder.bool_op,
    raw.IsTest: ExpressionBinder.is_test,
    raw.Distinct: ExpressionBinder.distinct,
    raw.Between: ExpressionBinder.between,
    raw.InTest: ExpressionBinder.in_test,
    raw.LikeTest: ExpressionBinder.like,
    raw.Quantified: ExpressionBinder.quantified,
    raw.QueryExpr: lambda self, node, scope: self.query_expr(node, scope),
    raw.Cast: ExpressionBinder.cast,
    raw.Collate: ExpressionBinder.collate,
    raw.Case: ExpressionBinder.case,
    raw.Special: ExpressionBinder.special,
    raw.SqlValue: ExpressionBinder.sql_value,
    raw.ArrayItems: ExpressionBinder.array_items,
    raw.Row: ExpressionBinder.row,
    raw.Index: ExpressionBinder.index,
    raw.Field: ExpressionBinder.field,
    raw.DefaultValue: ExpressionBinder.default_value,
    raw.CurrentOf: ExpressionBinder.current_of,
    raw.Call: lambda self, node, scope: self.call(node, scope),
}
