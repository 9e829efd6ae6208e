"""Views: a relation without storage whose rule holds a query.

    CREATE VIEW v AS SELECT a + 1 AS x FROM t
      pg_class v (kind v) · pg_attribute x · pg_rewrite _RETURN with the query as text · pg_depend on t's columns

The text kept is the bound query printed with every name qualified, so it means the same whatever search_path holds; the
binder puts it in the place of the view's name. When something it mentions is renamed, it is printed again.

Errors: 42P07 exists, 42P16 OR REPLACE would change a column, 42601 too many column names, 0A000.
"""

from __future__ import annotations

from aurorapy.catalog.model import Relation
from aurorapy.errors import DatabaseError, FeatureNotSupported
from aurorapy.execute.ddl import context as c
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.execute.ddl.create_table_as import bind_locked, result_columns
from aurorapy.execute.ddl.relations import NewColumn, create_relation, insert_attribute
from aurorapy.expressions import nodes as n
from aurorapy.sql.bind import bind
from aurorapy.sql.deparse import query_text
from aurorapy.sql.parse import parse
from aurorapy.sql.plan.columns import parts, query_expressions
from aurorapy.sql.statements import CreateView, Name
from aurorapy.sql.tree import Query, Rte

SELECT_RULE = "1"


def create_view(ctx: DdlContext, statement: CreateView) -> int:
    name = statement.name
    if statement.query.params:
        raise DatabaseError("views must not contain parameters", sqlstate="42P02")
    if statement.query.kind not in ("select", "values"):
        raise DatabaseError("views must not contain data-modifying statements", sqlstate="0A000")
    schema = ctx.creation_schema(name, temporary=statement.persistence == "t")
    ctx.check_schema_writable(schema, name.name)
    query = bind_locked(ctx, statement.query)
    if any(cte.query.kind in ("insert", "update", "delete") for cte in query.ctes):
        raise FeatureNotSupported("views must not contain data-modifying statements in WITH")
    columns = result_columns(ctx, query, statement.columns, "CREATE VIEW specifies more column names than columns")
    text = query_text(query, ctx.catalog, stored=True, names=[column.name for column in columns])
    existing = None
    if statement.replace:
        full = Name(ctx.catalog.schema_name(schema), name.name)
        existing = ctx.locked(full, "ACCESS EXCLUSIVE", lambda found: _check_replaceable(ctx, found))
    if existing is not None:
        return _replace(ctx, existing, columns, query, text)
    oid = create_relation(ctx, name.name, schema, "v", columns, persistence=statement.persistence)
    row = ctx.store.one("pg_class", oid=oid)
    ctx.store.update(row, relhasrules=True)
    _set_rule(ctx, oid, query, text)
    return oid


def _replace(ctx: DdlContext, view: Relation, columns: list[NewColumn], query: Query, text: str) -> int:
    """Columns may be added at the end; those there keep name, type and collation."""
    if len(columns) < len(view.columns):
        raise DatabaseError("cannot drop columns from view", sqlstate="42P16")
    for old, new in zip(view.columns, columns):
        _check_same(ctx, old, new)
    for attno in range(len(view.columns) + 1, len(columns) + 1):
        insert_attribute(ctx, view.oid, attno, columns[attno - 1])
    row = ctx.store.one("pg_class", oid=view.oid)
    if row.relnatts != len(columns):
        ctx.store.update(row, relnatts=len(columns))
    _set_rule(ctx, view.oid, query, text)
    return view.oid


def _check_replaceable(ctx: DdlContext, found: Relation) -> None:
    if found.kind != "v":
        raise DatabaseError(f'"{found.name}" is not a view', sqlstate="42809")
    ctx.need_owner(found)


def _check_same(ctx: DdlContext, old, new: NewColumn) -> None:
    if old.name != new.name:
        raise DatabaseError(
            f'cannot change name of view column "{old.name}" to "{new.name}"', sqlstate="42P16",
            hint="Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.",
        )  # fmt: skip
    if (old.type_oid, old.typmod) != (new.type.oid, new.typmod):
        shown = [ctx.catalog.format_type(*pair) for pair in ((old.type_oid, old.typmod), (new.type.oid, new.typmod))]
        raise DatabaseError(
            f'cannot change data type of view column "{old.name}" from {shown[0]} to {shown[1]}', sqlstate="42P16"
        )


def _set_rule(ctx: DdlContext, view: int, query: Query, text: str) -> None:
    """Replaces the view's rule and what it depends on."""
    for row in ctx.store.find("pg_rewrite", ev_class=view):
        for dependency in ctx.store.find("pg_depend", classid=c.CLASS_REWRITE, objid=row.oid):
            ctx.store.delete(dependency)
        ctx.store.delete(row)
    oid = ctx.new_oid()
    ctx.store.insert("pg_rewrite", oid=oid, rulename="_RETURN", ev_class=view, ev_type=SELECT_RULE, ev_enabled="O",
                     is_instead=True, ev_qual="<>", ev_action=text)  # fmt: skip
    ctx.depend(c.CLASS_REWRITE, oid, 0, c.CLASS_RELATION, view, kind="i")
    for relation, attno in sorted(references(query)):
        ctx.depend(c.CLASS_REWRITE, oid, 0, c.CLASS_RELATION, relation, attno)
    ctx.changed(view)


def references(query: Query) -> set[tuple[int, int]]:
    """(relation OID, attno or 0) of everything the query mentions by name, other views included."""
    found: set[tuple[int, int]] = set()
    _collect(query, [], found)
    with_columns = {oid for oid, attno in found if attno}
    return {(oid, attno) for oid, attno in found if attno or oid not in with_columns}


def _collect(query: Query, outer: list[Query], found: set[tuple[int, int]]) -> None:
    levels = [query, *outer]
    for rte in query.rtes:
        mentioned = _mentioned(rte)
        if mentioned is not None:
            found.add((mentioned.oid, 0))
        elif rte.query is not None:
            _collect(rte.query, levels, found)
    for cte in query.ctes:
        _collect(cte.query, levels, found)
    for expr in query_expressions(query):
        for part in parts(expr):
            if isinstance(part, n.SubLink):
                _collect(part.query, levels, found)
            elif isinstance(part, n.Column) and part.attno > 0 and part.levels_up < len(levels):
                rtes = levels[part.levels_up].rtes
                mentioned = _mentioned(rtes[part.rte]) if part.rte < len(rtes) else None
                if mentioned is not None:
                    found.add((mentioned.oid, part.attno))


def _mentioned(rte: Rte) -> Relation | None:
    """The user table or view that the entry names; a view's own query is not looked into."""
    relation = rte.view or rte.relation
    return relation if relation is not None and relation.oid >= 16384 else None


# -- what others do to what a view mentions ----------------------------------------------------------------------------
def dependent_views(ctx: DdlContext, relation: int) -> list[int]:
    """Views whose query mentions the relation."""
    views = []
    for row in ctx.store.find("pg_depend", refclassid=c.CLASS_RELATION, refobjid=relation):
        if row.classid == c.CLASS_REWRITE and row.deptype == "n":
            rule = ctx.store.one("pg_rewrite", oid=row.objid)
            if rule is not None and rule.ev_class not in views:
                views.append(rule.ev_class)
    return views


class ViewTexts:
    """Keeps the texts of views true over a change of names.

        texts = ViewTexts(ctx, [table])     binds them before the change
        …rename…
        texts.write()                       prints them with the names of after
    """

    def __init__(self, ctx: DdlContext, relations: list[int]) -> None:
        self._ctx = ctx
        views = dict.fromkeys(view for relation in relations for view in dependent_views(ctx, relation))
        self._bound = [(view, self._bind(ctx.catalog.relation(view))) for view in views]

    def _bind(self, view: Relation) -> Query:
        return bind(parse(view.view_sql)[0], self._ctx.catalog, (), self._ctx.eval.type_context, fixed_params=True)

    def write(self) -> None:
        ctx = self._ctx
        for view, query in self._bound:
            _refresh(ctx, query)
            names = [column.name for column in ctx.catalog.relation(view).live_columns()]
            text = query_text(query, ctx.catalog, stored=True, names=names)
            rule = ctx.store.find("pg_rewrite", ev_class=view)[0]
            ctx.store.update(rule, ev_action=text)
            ctx.changed(view)


def _refresh(ctx: DdlContext, query: Query) -> None:
    """Puts today's names where the query was bound with others; names that the query itself gave stay."""
    for rte in query.rtes:
        old = rte.view or rte.relation
        new = ctx.catalog.relation(old.oid) if old is not None else None
        if new is not None:
            if rte.alias == old.name:
                rte.alias = new.name
            before = [c.name for c in (old.live_columns() if rte.view else old.columns)]
            after = [c.name for c in (new.live_columns() if rte.view else new.columns)]
            renamed = {a: b for a, b in zip(before, after) if a != b}
            rte.columns = [
                renamed.get(name, name) if place < len(before) and name == before[place] else name
                for place, name in enumerate(rte.columns)
            ]
            if rte.view is not None:
                rte.view = new
            else:
                rte.relation = new
        elif rte.query is not None:
            _refresh(ctx, rte.query)
    for cte in query.ctes:
        _refresh(ctx, cte.query)
    for expr in query_expressions(query):
        for part in parts(expr):
            if isinstance(part, n.SubLink):
                _refresh(ctx, part.query)
