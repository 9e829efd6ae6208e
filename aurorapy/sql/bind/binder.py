"""The Binder: one statement's worth of state, and every kind of clause it can bind.

Not here: the entry points (`aurorapy.sql.bind`).
"""

from __future__ import annotations

from aurorapy.catalog.model import CatalogReader, Relation
from aurorapy.expressions import nodes as n
from aurorapy.sql.bind.calls import CallBinder
from aurorapy.sql.bind.changes import ChangeBinder
from aurorapy.sql.bind.coerce import Coercion
from aurorapy.sql.bind.conflicts import ConflictBinder
from aurorapy.sql.bind.expressions import ExpressionBinder
from aurorapy.sql.bind.fromclause import FromBinder
from aurorapy.sql.bind.grouping import query_expressions
from aurorapy.sql.bind.overloads import Overloads
from aurorapy.sql.bind.params import Parameters
from aurorapy.sql.bind.scope import Item, Scope, ScopeColumn
from aurorapy.sql.bind.select import SelectBinder
from aurorapy.sql.bind.types import Types, same
from aurorapy.sql.bind.with_ import WithBinder
from aurorapy.sql.parse.query import parse_expression
from aurorapy.sql.parse.source import Source
from aurorapy.sql.tree import Query, Rte
from aurorapy.types.model import TypeContext


class Binder(
    SelectBinder, WithBinder, FromBinder, ChangeBinder, ConflictBinder, ExpressionBinder, CallBinder
):
    """Binds one statement against `catalog`; `relations` collects the OIDs it depends on."""

    def __init__(self, catalog: CatalogReader, parameters: Parameters, context: TypeContext) -> None:
        self.catalog = catalog
        self.parameters = parameters
        self.types = Types(catalog)
        self.coercion = Coercion(self.types, parameters, context)
        self.overloads = Overloads(self.coercion)
        self.relations: set[int] = set()
        self.origins: dict[tuple[int, int, int], tuple[int, int]] = {}
        self.queries: list[Query] = []  # kept alive: `origins` goes by identity
        self.scope_stack: list[Scope] = []
        self.view_depth = 0
        self.future_ctes: frozenset[str] = frozenset()  # WITH names that are not visible yet, for an error's hint

    def new_query(self, kind: str) -> Query:
        query = Query(kind)
        self.queries.append(query)
        return query

    same = staticmethod(same)
    query_expressions = staticmethod(query_expressions)

    # -- expressions kept as text --------------------------------------------------------------------------------------
    def stored_expression(self, text: str, relation: Relation | None, kind: str, rte: int = 0) -> n.Expr:
        """A default, CHECK or index expression; columns of `relation` are those of entry `rte`."""
        source = Source(text)
        tree, _ = parse_expression(source, 0, len(source.kinds) - 1)
        scope = relation_scope(relation, rte, kind, self.new_query("select"))
        self.scope_stack.append(scope)
        try:
            return self.expr(tree, scope)
        finally:
            self.scope_stack.pop()


def relation_scope(relation: Relation | None, rte: int, kind: str, query: Query) -> Scope:
    """A scope in which only the relation's columns are visible, as entry `rte`."""
    scope = Scope(query, kind=kind)
    if relation is None:
        return scope
    columns = [
        ScopeColumn(c.name, n.Column(c.type_oid, c.typmod, 0, rte, c.attno, 0, c.name, c.collation))
        for c in relation.live_columns()
    ]
    scope.items = [Item(relation.name, rte, columns, relation=relation)]
    names = [c.name for c in relation.columns]
    oids = [0 if c.dropped else c.type_oid for c in relation.columns]
    entry = Rte("table", relation.name, names, oids, [c.typmod for c in relation.columns], relation)
    query.rtes = [entry] * (rte + 1)
    return scope
