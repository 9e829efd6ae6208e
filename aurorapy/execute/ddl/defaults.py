"""Column defaults and generation expressions: pg_attrdef.

Expressions are stored as canonical SQL text (`sql.deparse` of the bound tree), so they mean the same whatever
search_path holds later. A sequence is named by OID inside the text: renaming it does no harm.
"""

from __future__ import annotations

import re

from aurorapy.catalog.model import Relation
from aurorapy.execute.ddl.context import CLASS_ATTRDEF, CLASS_RELATION, DdlContext
from aurorapy.execute.ddl.expressions import canonical_default, canonical_generated
from aurorapy.ids import FIRST_NORMAL_OID
from aurorapy.sql.statements import ExprText

_REGCLASS = re.compile(r"'(\d+)'::regclass")


def set_default(ctx: DdlContext, table: int, attno: int, expression: ExprText | str, *,
                relation: Relation | None = None, sequence: int = 0) -> None:  # fmt: skip
    """A str is already canonical; an ExprText is bound and checked against the column first."""
    if isinstance(expression, ExprText):
        relation = relation or ctx.catalog.relation(table)
        text = canonical_default(ctx, relation, relation.columns[attno - 1], expression)
        if text is None:  # DEFAULT NULL is no default
            drop_default(ctx, table, attno)
            return
    else:
        text = expression
    drop_default(ctx, table, attno)
    _insert(ctx, table, attno, text)
    for oid in {sequence} - {0} | _relations_in(ctx, text):
        ctx.depend(CLASS_ATTRDEF, ctx.store.one("pg_attrdef", adrelid=table, adnum=attno).oid, 0, CLASS_RELATION, oid)


def _relations_in(ctx: DdlContext, text: str) -> set[int]:
    """Relations that the stored text names by OID."""
    oids = {int(digits) for digits in _REGCLASS.findall(text)}
    return {oid for oid in oids if oid >= FIRST_NORMAL_OID and ctx.store.one("pg_class", oid=oid) is not None}


def set_generated(ctx: DdlContext, table: int, attno: int, expression: ExprText, *, relation: Relation) -> None:
    _insert(ctx, table, attno, canonical_generated(ctx, relation, relation.columns[attno - 1], expression))


def _insert(ctx: DdlContext, table: int, attno: int, text: str) -> None:
    oid = ctx.new_oid()
    ctx.store.insert("pg_attrdef", oid=oid, adrelid=table, adnum=attno, adbin=text)
    ctx.depend(CLASS_ATTRDEF, oid, 0, CLASS_RELATION, table, attno, kind="a")
    attribute = ctx.store.one("pg_attribute", attrelid=table, attnum=attno)
    ctx.store.update(attribute, atthasdef=True)
    ctx.changed(table)


def drop_default(ctx: DdlContext, table: int, attno: int) -> None:
    row = ctx.store.one("pg_attrdef", adrelid=table, adnum=attno)
    if row is None:
        return
    for dependency in ctx.store.find("pg_depend", classid=CLASS_ATTRDEF, objid=row.oid):
        ctx.store.delete(dependency)
    ctx.store.delete(row)
    attribute = ctx.store.one("pg_attribute", attrelid=table, attnum=attno)
    ctx.store.update(attribute, atthasdef=False)
    ctx.changed(table)
