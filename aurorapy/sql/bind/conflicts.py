"""ON CONFLICT: which unique indexes may arbitrate, and what DO UPDATE sets.

    ON CONFLICT (a, lower(b)) WHERE live    every unique index over exactly these columns and expressions
    ON CONFLICT ON CONSTRAINT k             the constraint's index
    ON CONFLICT DO NOTHING                  any unique index (arbiters empty)

Errors: 42P10 when no index fits, 42704 when there is no such constraint.

Not here: what happens at run time (execute).
"""

from __future__ import annotations

from typing import Any

from aurorapy.errors import DatabaseError, SyntaxError, UndefinedObject
from aurorapy.expressions import nodes as n
from aurorapy.sql.bind.scope import Item, Scope
from aurorapy.sql.parse import raw
from aurorapy.sql.tree import OnConflict, Rte


class ConflictBinder:
    """Part of the Binder."""

    def conflict(self, node: raw.Conflict, relation: Any, target: Item, scope: Scope) -> OnConflict:
        if node.action == "update" and not node.keys and node.constraint is None:
            raise SyntaxError(
                "ON CONFLICT DO UPDATE requires inference specification or constraint name",
                hint="For example, ON CONFLICT (column_name).", position=node.position,
            )  # fmt: skip
        result = OnConflict(node.action, self.arbiters(node, relation, target, scope))
        if node.action == "nothing":
            return result
        query = scope.query
        query.rtes[target.rte].privileges.add("UPDATE")
        excluded = self.excluded(relation, scope)
        result.excluded_rte = excluded.rte
        inside = Scope(query, scope.parent, [target, excluded], scope.ctes, "UPDATE")
        # bare names mean the target, never EXCLUDED
        excluded.alone = False
        self.scope_stack.append(inside)
        result.sets = self.assignments(node.sets, relation, inside)
        if node.where is not None:
            result.where = self.condition(node.where, inside, "WHERE")
        self.scope_stack.pop()
        return result

    def excluded(self, relation: Any, scope: Scope) -> Item:
        names = [c.name for c in relation.columns]
        oids = [0 if c.dropped else c.type_oid for c in relation.columns]
        rte = Rte("result", "excluded", names, oids, [c.typmod for c in relation.columns], relation)
        return self.add_rte(scope, rte, relation=relation)

    def arbiters(self, node: raw.Conflict, relation: Any, target: Item, scope: Scope) -> list[int]:
        if node.constraint is not None:
            return [self.constraint_index(node, relation)]
        if not node.keys:
            return []
        wanted = [self.conflict_key(key, target, scope) for key in node.keys]
        columns = {k.attno for k in wanted if isinstance(k, n.Column)}
        others = [k for k in wanted if not isinstance(k, n.Column)]
        where = None
        if node.key_where is not None:
            where = self.condition(node.key_where, Scope(scope.query, scope.parent, [target], {}, "WHERE"), "WHERE")
        found = [
            index.oid
            for index in relation.indexes
            if index.unique and index.valid and not index.deferrable and self.fits(index, relation, target, columns, others, where)
        ]
        if not found:
            raise DatabaseError(
                "there is no unique or exclusion constraint matching the ON CONFLICT specification", sqlstate="42P10"
            )
        return found

    def conflict_key(self, key: Any, target: Item, scope: Scope) -> n.Expr:
        inside = Scope(scope.query, scope.parent, [target], {}, "INDEX")
        return self.expr(key, inside)

    def constraint_index(self, node: raw.Conflict, relation: Any) -> int:
        for constraint in relation.constraints:
            if constraint.name == node.constraint and constraint.kind in ("p", "u", "x"):
                if constraint.deferrable:
                    raise DatabaseError(
                        "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters",
                        sqlstate="55000",
                    )
                return constraint.index_oid
        if any(c.name == node.constraint for c in relation.constraints):
            raise DatabaseError("constraint in ON CONFLICT clause has no associated index", sqlstate="42809")
        raise UndefinedObject(f'constraint "{node.constraint}" for table "{relation.name}" does not exist')

    def fits(self, index: Any, relation: Any, target: Item, columns: set[int], others: list[n.Expr], where: Any) -> bool:
        keys = index.columns[: index.key_count or len(index.columns)]
        if {c for c in keys if c} != columns:
            return False
        expressions = [self.stored_expression(e, relation, "INDEX", target.rte) for e in index.expressions]
        if len(expressions) != len(others) or any(not any(self.same(e, o) for o in others) for e in expressions):
            return False
        if index.predicate is None:
            return True
        predicate = self.stored_expression(index.predicate, relation, "INDEX PREDICATE", target.rte)
        return where is not None and implies(where, predicate, self.same)


def implies(given: n.Expr, wanted: n.Expr, same) -> bool:
    """Whether every part of `wanted` stands among the parts of `given`."""
    parts = given.args if isinstance(given, n.And) else (given,)
    needed = wanted.args if isinstance(wanted, n.And) else (wanted,)
    return all(any(same(w, p) for p in parts) for w in needed)
