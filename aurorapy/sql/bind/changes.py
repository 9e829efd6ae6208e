"""INSERT, UPDATE and DELETE: which columns get which values, defaults filled in, conflicts aimed at their indexes.

    INSERT INTO t (b) VALUES (1)      insert_columns [1, 2]   insert_exprs [default of a, 1::type of b]
    UPDATE t SET (a, b) = (b, a)      sets [(1, Column b), (2, Column a)]

A generated column's value is not among the expressions: `Query.generated` holds it over the new row.

Errors: 42804 for a value of the wrong type, 428C9 for identity and generated columns, 42601 for counts that differ.

Not here: ON CONFLICT's arbiters (`conflicts`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.catalog.model import KIND_NAMES
from aurorapy.errors import DatabaseError, FeatureNotSupported, SyntaxError, UndefinedColumn
from aurorapy.expressions import nodes as n
from aurorapy.records import replace
from aurorapy.sql.bind.coerce import ASSIGNMENT
from aurorapy.sql.bind.scope import Scope
from aurorapy.sql.bind.types import UNKNOWN
from aurorapy.sql.parse import raw
from aurorapy.sql.tree import Query, Ref, Rte



class ChangeBinder:
    """Part of the Binder."""

    def change(self, node: Any, scope: Scope) -> Query:
        if isinstance(node, raw.Insert):
            return self.insert(node, scope)
        if isinstance(node, raw.Update):
            return self.update(node, scope)
        return self.delete(node, scope)

    def target_relation(self, node: raw.FromTable, scope: Scope, privilege: str, verb: str):
        """The table to change, as entry 0 of the range table."""
        if len(node.names) == 1 and self.find_cte(node.names[0], scope) is not None:
            raise DatabaseError(f'relation "{node.names[0]}" cannot be the target of a modifying statement',
                                sqlstate="42P01", position=node.position)  # fmt: skip
        relation = self.relation_of(node)
        if relation.kind == "v":
            raise DatabaseError(
                f'cannot {verb} view "{relation.name}"', sqlstate="0A000",
                detail="Automatically updatable views are not supported.",
                hint="Change the tables that the view selects from.",
            )  # fmt: skip
        if relation.kind != "r":
            raise DatabaseError(f'cannot change {KIND_NAMES.get(relation.kind, "relation")} "{relation.name}"', sqlstate="42809")
        rte = self.table_rte(node, relation)
        rte.privileges.add(privilege)
        item = self.add_rte(
            scope, rte, relation=relation, schema=relation.schema if node.alias is None else None
        )
        scope.query.target_rte = item.rte
        return relation, item

    # -- INSERT --------------------------------------------------------------------------------------------------------
    def insert(self, node: raw.Insert, scope: Scope) -> Query:
        query = scope.query
        query.kind = "insert"
        self.with_clause(node.with_, scope)
        self.scope_stack.append(scope)
        relation, item = self.target_relation(node.table, scope, "INSERT", "insert into")
        columns = self.insert_targets(node, relation)
        given = self.insert_source(node, scope, relation, columns)
        query.insert_given = [c.attno for c in columns] if node.source is not None else []
        self.check_identity(node, relation, columns, given)
        by_attno = self.given_columns(node, columns, given, scope)
        for column in relation.live_columns():
            value = by_attno.get(column.attno)
            if column.generated:
                if value is not None and not isinstance(value, n.Default):
                    raise self.generated_column(f'cannot insert a non-DEFAULT value into column "{column.name}"', column)
                value = n.Const(column.type_oid, column.typmod, 0, None)
            elif value is None or isinstance(value, n.Default):
                value = self.default_of(relation, column)
            query.insert_columns.append(column.attno)
            query.insert_exprs.append(value)
        query.generated = self.generated_values(relation, item.rte)
        scope.items = [item]
        if node.conflict is not None:
            query.rtes[item.rte].privileges.add("SELECT")
            query.on_conflict = self.conflict(node.conflict, relation, item, scope)
        scope.items = [item]
        self.returning(node.returning, scope)
        self.scope_stack.pop()
        return query

    def insert_targets(self, node: raw.Insert, relation: Any) -> list[Any]:
        if not node.columns:
            return relation.live_columns()
        out = []
        for name, position in node.columns:
            column = relation.by_name.get(name)
            if column is None:
                raise self.no_column(relation, name, position)
            subscripts = node.elements.get(len(out))
            if any(c.attno == column.attno and (subscripts is None or i not in node.elements) for i, c in enumerate(out)):
                raise DatabaseError(f'column "{name}" specified more than once', sqlstate="42701", position=position)
            out.append(column if subscripts is None else self.element_column(column, subscripts))
        return out

    def element_column(self, column: Any, subscripts: list[Any]) -> Any:
        """The column of an array as one that takes the element or slice."""
        element = self.types.element(self.types.base(column.type_oid))
        if not element:
            raise DatabaseError(
                f"cannot subscript type {self.types.show(column.type_oid)} because it does not support subscripting",
                sqlstate="42804",
            )  # fmt: skip
        return replace(column, type_oid=column.type_oid if any(s[2] for s in subscripts) else element)

    def given_columns(self, node: raw.Insert, columns: list[Any], given: list[n.Expr], scope: Scope) -> dict[int, n.Expr]:
        """Values by attno; elements of an array are put together."""
        if not node.elements:
            return {c.attno: value for c, value in zip(columns, given)}
        found: dict[int, n.Expr] = {}
        for i, (column, value) in enumerate(zip(columns, given)):
            if i not in node.elements:
                found[column.attno] = value
                continue
            name, position = node.columns[i]
            if isinstance(value, n.Default):
                raise FeatureNotSupported("cannot set an array element to DEFAULT", position=position)
            array = column.type_oid if any(s[2] for s in node.elements[i]) else self.types.array_of(column.type_oid)
            base = found.get(column.attno, n.Const(array, column.typmod))
            assign = raw.Assign([(name, position)], None, subscripts=node.elements[i])
            found[column.attno] = self.element_value(base, assign, value, column, scope)
        return found

    def no_column(self, relation: Any, name: str, position: int) -> DatabaseError:
        if name in ("ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"):
            return FeatureNotSupported(f'cannot assign to system column "{name}"', position=position)
        return UndefinedColumn(f'column "{name}" of relation "{relation.name}" does not exist', position=position)

    def insert_source(self, node: raw.Insert, scope: Scope, relation: Any, columns: list[Any]) -> list[n.Expr]:
        """One expression a target column; rows of several VALUES or a SELECT become the source entry."""
        source = node.source
        if source is None:
            return [n.Default(c.type_oid, c.typmod) for c in columns]
        plain = isinstance(source, raw.Values) and not (
            source.order or source.limit is not None or source.offset is not None or source.with_
        )
        if plain and len(source.rows) == 1:
            return self.one_row(source.rows[0], node, scope, columns)
        if plain:
            return self.several_rows(source, node, scope, relation, columns)
        outside = Scope(scope.query, scope.parent, [], scope.ctes)
        query = self.query(source, Scope(self.new_query("select"), outside, keep_unknown=True))
        targets = [t for t in query.targets if not t.junk]
        self.check_count(len(targets), columns, node, targets[-1].expr.position if targets else 0,
                         targets[len(columns)].expr.position if len(targets) > len(columns) else 0)  # fmt: skip
        for target, column in zip(targets, columns):
            if target.expr.type_oid == UNKNOWN:
                target.expr = self.assigned(target.expr, column)
        for target in targets:
            target.expr = self.coercion.settle(target.expr)
        rte = Rte("subquery", "*SELECT*", [t.name for t in targets], [t.expr.type_oid for t in targets],
                  [t.expr.typmod for t in targets], query=query)  # fmt: skip
        item = self.add_rte(scope, rte)
        scope.query.source_rte = item.rte
        scope.query.from_ = [Ref(item.rte)]
        del columns[len(targets):]
        values = []
        for column, target, of in zip(item.columns, targets, columns):
            place = n.Column(column.expr.type_oid, column.expr.typmod, target.expr.position, item.rte, column.expr.attno, 0, column.name)
            values.append(self.assigned(place, of))
        return values

    def check_count(self, count: int, columns: list[Any], node: raw.Insert, last: int, extra: int) -> None:
        if count > len(columns):
            raise SyntaxError("INSERT has more expressions than target columns", position=extra)
        if count < len(columns) and node.columns:
            hint = None
            raise SyntaxError("INSERT has more target columns than expressions", position=node.columns[count][1], hint=hint)

    def one_row(self, row: list[Any], node: raw.Insert, scope: Scope, columns: list[Any]) -> list[n.Expr]:
        outside = Scope(scope.query, scope.parent, [], scope.ctes, "VALUES")
        values = [self.value_or_default(v, outside) for v in row]
        self.check_count(len(values), columns, node, 0,
                         getattr(row[len(columns)], "position", 0) if len(row) > len(columns) else 0)  # fmt: skip
        del columns[len(values):]
        return [v if isinstance(v, n.Default) else self.assigned(v, c) for v, c in zip(values, columns)]

    def value_or_default(self, node: Any, scope: Scope) -> n.Expr:
        if isinstance(node, raw.DefaultValue):
            return n.Default(0, -1, node.position)
        return self.expr(node, scope)

    def several_rows(self, source, node: raw.Insert, scope: Scope, relation: Any, columns: list[Any]) -> list[n.Expr]:
        """VALUES of many rows: each value already under its column's type."""
        outside = Scope(scope.query, scope.parent, [], scope.ctes, "VALUES")
        width = len(source.rows[0])
        rows: list[list[n.Expr]] = []
        for row in source.rows:
            if len(row) != width:
                raise SyntaxError("VALUES lists must all be the same length", position=getattr(row[0], "position", 0))
        self.check_count(width, columns, node, 0,
                         getattr(source.rows[0][len(columns)], "position", 0) if width > len(columns) else 0)  # fmt: skip
        del columns[width:]
        defaults = self.defaults_wanted(source.rows, relation, columns, node)
        for row in source.rows:
            bound = []
            for i, (value, column) in enumerate(zip(row, columns)):
                if isinstance(value, raw.DefaultValue):
                    bound.append(defaults[i])
                else:
                    bound.append(self.assigned(self.expr(value, outside), column))
            rows.append(bound)
        all_default = [all(isinstance(row[i], raw.DefaultValue) for row in source.rows) for i in range(width)]
        rte = Rte("values", "*VALUES*", [f"column{i + 1}" for i in range(width)], [c.type_oid for c in columns],
                  [c.typmod for c in columns], values=rows)  # fmt: skip
        item = self.add_rte(scope, rte)
        scope.query.source_rte = item.rte
        scope.query.from_ = [Ref(item.rte)]
        return [
            n.Default(c.type_oid, c.typmod) if whole else column.expr
            for whole, column, c in zip(all_default, item.columns, columns)
        ]

    def defaults_wanted(self, rows, relation, columns, node: raw.Insert) -> list[n.Expr | None]:
        out: list[n.Expr | None] = []
        for i, column in enumerate(columns):
            written = [isinstance(row[i], raw.DefaultValue) for row in rows]
            if not any(written):
                out.append(None)
                continue
            if column.generated:
                if not all(written):
                    raise self.generated_column(f'cannot insert a non-DEFAULT value into column "{column.name}"', column)
                out.append(n.Const(column.type_oid, column.typmod))
                continue
            if column.identity == "a" and not all(written) and node.overriding != "system" and node.overriding != "user":
                raise self.identity_always(column)
            out.append(self.default_of(relation, column))
        return out

    def check_identity(self, node: raw.Insert, relation: Any, columns: list[Any], given: list[n.Expr]) -> None:
        for i, column in enumerate(columns[: len(given)]):
            if not column.identity or isinstance(given[i], n.Default):
                continue
            if node.overriding == "user":
                given[i] = n.Default(column.type_oid)
            elif column.identity == "a" and node.overriding != "system":
                raise self.identity_always(column)

    @staticmethod
    def identity_always(column: Any) -> DatabaseError:
        return DatabaseError(
            f'cannot insert a non-DEFAULT value into column "{column.name}"', sqlstate="428C9",
            detail=f'Column "{column.name}" is an identity column defined as GENERATED ALWAYS.',
            hint="Use OVERRIDING SYSTEM VALUE to override.",
        )  # fmt: skip

    @staticmethod
    def generated_column(message: str, column: Any) -> DatabaseError:
        return DatabaseError(message, sqlstate="428C9", detail=f'Column "{column.name}" is a generated column.')

    # -- values --------------------------------------------------------------------------------------------------------
    def assigned(self, value: n.Expr, column: Any) -> n.Expr:
        """The value as the column stores it, or 42804."""
        result = self.coercion.to_target(value, column.type_oid, column.typmod, ASSIGNMENT)
        if result is None:
            raise DatabaseError(
                f'column "{column.name}" is of type {self.types.show(column.type_oid)} but expression is of type '
                f"{self.types.show(value.type_oid)}",
                sqlstate="42804", hint="You will need to rewrite or cast the expression.", position=value.position,
            )  # fmt: skip
        return result

    def default_of(self, relation: Any, column: Any) -> n.Expr:
        """The column's default, bound; NULL where there is none."""
        if column.identity:
            sequence = getattr(self.catalog, "identity_sequence", lambda *_: 0)(relation.oid, column.attno)
            if sequence:
                call = self.call_named("nextval", [n.Const(2205, value=sequence)], 0, "call")
                return self.assigned(call, column)
        if column.default is None or column.generated:
            return n.Const(column.type_oid, column.typmod, 0, None)
        return self.assigned(self.stored_expression(column.default, None, "DEFAULT"), column)

    def generated_values(self, relation: Any, rte: int) -> list[tuple[int, n.Expr]]:
        return [
            (c.attno, self.assigned(self.stored_expression(c.default, relation, "GENERATED", rte), c))
            for c in relation.live_columns()
            if c.generated and c.default is not None
        ]

    # -- UPDATE, DELETE ------------------------------------------------------------------------------------------------
    def update(self, node: raw.Update, scope: Scope) -> Query:
        query = scope.query
        query.kind = "update"
        self.with_clause(node.with_, scope)
        self.scope_stack.append(scope)
        relation, item = self.target_relation(node.table, scope, "UPDATE", "update")
        query.from_ = [Ref(item.rte)]
        scope.items = [item]
        self.from_clause(node.from_, scope)
        query.sets = self.assignments(node.sets, relation, scope)
        if node.where is not None:
            query.where = self.condition(node.where, scope, "WHERE")
        self.returning(node.returning, scope)
        if node.where is not None or node.from_ or not all(_is_plain(value) for _, value in query.sets):
            query.rtes[item.rte].privileges.add("SELECT")
        query.generated = self.generated_values(relation, item.rte)
        self.scope_stack.pop()
        return query

    def assignments(self, nodes: list[raw.Assign], relation: Any, scope: Scope) -> list[tuple[int, n.Expr]]:
        out: list[tuple[int, n.Expr]] = []
        before, scope.kind = scope.kind, "UPDATE"
        for node in nodes:
            for (name, position), value in zip(node.names, self.assigned_values(node, scope)):
                column = relation.by_name.get(name)
                if column is None:
                    raise self.no_column(relation, name, position)
                known = next((i for i, (attno, _) in enumerate(out) if attno == column.attno), None)
                if node.subscripts is not None and (known is None or isinstance(out[known][1], n.ArrayStore)):
                    base = self.column_value(relation, column, scope) if known is None else out.pop(known)[1]
                    out.append((column.attno, self.element_value(base, node, value, column, scope)))
                elif known is not None:
                    raise SyntaxError(f'multiple assignments to same column "{name}"')
                else:
                    out.append((column.attno, self.set_value(value, relation, column)))
        scope.kind = before
        return out

    def column_value(self, relation: Any, column: Any, scope: Scope) -> n.Expr:
        """The column's present value, of the row that is changed."""
        target = next(i for i in scope.items if i.relation is relation)
        return next(c.expr for c in target.columns if c.expr.attno == column.attno)

    def element_value(self, base: n.Expr, node: raw.Assign, value: n.Expr, column: Any, scope: Scope) -> n.Expr:
        """SET a[i] = value: the array with that element, or SET a[i:j] = array with that slice, replaced."""
        position = node.names[0][1]
        if base.type_oid == 3802:
            raise FeatureNotSupported("assignment to an element of jsonb is not supported", position=position,
                                      hint="Use jsonb_set.")  # fmt: skip
        if isinstance(value, n.Default):
            raise FeatureNotSupported("cannot set an array element to DEFAULT", position=position)
        place = self.subscripted(replace(base, position=position), node.subscripts, scope, position)
        wanted = self.types.base(base.type_oid) if place.is_slice else place.type_oid
        stored = self.coercion.to_target(value, wanted, column.typmod, ASSIGNMENT)
        if stored is None:
            raise DatabaseError(
                f'subscripted assignment to "{column.name}" requires type {self.types.show(wanted)} but expression is of type '
                f"{self.types.show(value.type_oid)}",
                sqlstate="42804", hint="You will need to rewrite or cast the expression.", position=position,
            )  # fmt: skip
        element = self.types.element(self.types.base(base.type_oid))
        return n.ArrayStore(base.type_oid, base.typmod, position, base, place.lower, place.upper, place.is_slice, stored, element)

    def set_value(self, value: n.Expr, relation: Any, column: Any) -> n.Expr:
        is_default = isinstance(value, n.Default)
        if column.generated and not is_default:
            raise self.generated_column(f'column "{column.name}" can only be updated to DEFAULT', column)
        if column.identity == "a" and not is_default:
            raise DatabaseError(
                f'column "{column.name}" can only be updated to DEFAULT', sqlstate="428C9",
                detail=f'Column "{column.name}" is an identity column defined as GENERATED ALWAYS.',
            )  # fmt: skip
        if is_default:
            return self.default_of(relation, column)
        return self.assigned(value, column)

    def assigned_values(self, node: raw.Assign, scope: Scope) -> list[n.Expr]:
        if not node.multiple:
            return [self.value_or_default(node.value, scope)]
        value = node.value
        if isinstance(value, raw.Row):
            items = [self.value_or_default(i, scope) for i in value.items]
        elif isinstance(value, raw.QueryExpr) and value.kind == "scalar":
            items = self.query_values(value, scope)
        elif len(node.names) == 1:
            items = [self.value_or_default(value, scope)]
        else:
            raise FeatureNotSupported(
                "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression",
                position=getattr(value, "position", 0),
            )
        if len(items) != len(node.names):
            raise SyntaxError("number of columns does not match number of values", position=getattr(value, "position", 0))
        return items

    def query_values(self, node: raw.QueryExpr, scope: Scope) -> list[n.Expr]:
        """SET (a, b) = (SELECT x, y): the query once for each column, each giving one of its columns."""
        out: list[n.Expr] = []
        query = self.subquery(node.query, scope)
        count = sum(1 for t in query.targets if not t.junk)
        for i in range(count):
            query = query if i == 0 else self.subquery(node.query, scope)
            chosen = [t for t in query.targets if not t.junk][i]
            for j, target in enumerate([t for t in query.targets if not t.junk]):
                target.junk = j != i
            out.append(n.SubLink(chosen.expr.type_oid, chosen.expr.typmod, node.position, "scalar", query))
        return out

    def delete(self, node: raw.Delete, scope: Scope) -> Query:
        query = scope.query
        query.kind = "delete"
        self.with_clause(node.with_, scope)
        self.scope_stack.append(scope)
        relation, item = self.target_relation(node.table, scope, "DELETE", "delete from")
        if node.where is not None or node.using:
            query.rtes[item.rte].privileges.add("SELECT")
        query.from_ = [Ref(item.rte)]
        scope.items = [item]
        self.from_clause(node.using, scope)
        if node.where is not None:
            query.where = self.condition(node.where, scope, "WHERE")
        self.returning(node.returning, scope)
        self.scope_stack.pop()
        return query

    def returning(self, nodes: list[raw.Target], scope: Scope) -> None:
        if nodes:
            scope.query.returning = self.targets(nodes, scope, "RETURNING")
            self.settle_targets(scope.query.returning)
            scope.query.rtes[scope.query.target_rte].privileges.add("SELECT")


def _is_plain(value: n.Expr) -> bool:
    """Reads no column."""
    return not any(isinstance(part, (n.Column, n.SubLink)) for part in n.walk(value))
