"""TRUNCATE: new empty storage for the table and its indexes; the old goes at commit, or stays on rollback.

Readers with an old snapshot keep reading the old storage (its extents are quarantined until nobody needs them).

Errors: 42809 not a table.
"""

from __future__ import annotations

from aurorapy.catalog.model import Relation
from aurorapy.errors import DatabaseError, InsufficientPrivilege
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.execute.ddl.sequences import owned_sequences, restart_sequence
from aurorapy.sql.statements import Truncate


def truncate(ctx: DdlContext, statement: Truncate) -> None:
    relations: list[Relation] = []

    def check(relation: Relation) -> None:
        if relation.kind != "r":
            raise DatabaseError(f'"{relation.name}" is not a table', sqlstate="42809")
        if relation.is_catalog:
            raise InsufficientPrivilege(f'permission denied: "{relation.name}" is a system catalog')
        if not ctx.is_superuser:
            ctx.privileges.check(relation, ("TRUNCATE",))

    for name in statement.tables:
        relations.append(ctx.need_locked(name, "ACCESS EXCLUSIVE", check))
    for relation in relations:
        empty(ctx, relation)
        if statement.restart_identity:
            for oid in owned_sequences(ctx, relation.oid):
                row = ctx.store.one("pg_sequence", seqrelid=oid)
                restart_sequence(ctx, ctx.catalog.relation(oid), row.seqstart)


def empty(ctx: DdlContext, relation: Relation) -> None:
    """Swaps in new storage for the table, its toast and its indexes."""
    oids = [relation.oid, *(index.oid for index in relation.indexes)]
    if relation.toast_oid:
        oids.append(relation.toast_oid)
    for oid in oids:
        new_storage(ctx, oid)
    ctx.changed(relation.oid)


def new_storage(ctx: DdlContext, oid: int) -> None:
    row = ctx.store.one("pg_class", oid=oid)
    root = ctx.instance.create_storage(ctx.transaction, row.relkind)
    if row.relfilenode:
        ctx.instance.drop_storage_at_commit(ctx.transaction, row.relfilenode)
    ctx.store.update(row, relfilenode=root, relpages=0, reltuples=-1.0, relallvisible=0)
    ctx.changed(oid)
