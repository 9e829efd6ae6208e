"""DROP of any kind, and what hangs on it: pg_depend walked from the object, RESTRICT or CASCADE.

    DROP TABLE t          t → its indexes, constraints, defaults, row type, owned sequences go too (auto, internal)
                          view v on t: refused, or dropped with CASCADE

What is found is dropped dependents first. Storage is given back when the transaction commits.

Errors: 42P01/42704 does not exist (a NOTICE with IF EXISTS), 2BP01 something depends on it, 42809 wrong kind of object.
"""

from __future__ import annotations


from aurorapy import ids
from aurorapy.catalog.model import KIND_NAMES, Relation
from aurorapy.errors import DatabaseError, FeatureNotSupported, InsufficientPrivilege, UndefinedObject, UndefinedTable
from aurorapy.execute.ddl import context as c
from aurorapy.execute.ddl.context import DdlContext
from aurorapy.records import dataclass, field
from aurorapy.sql.statements import Drop, Name

_RELKINDS = {"table": "r", "index": "i", "sequence": "S", "view": "v"}
_ARTICLES = {"table": "a table", "index": "an index", "sequence": "a sequence", "view": "a view"}

Object = tuple[int, int, int]  # class, OID, sub-id


@dataclass(slots=True)
class _Found:
    """Objects to drop, dependents first; how each was reached (deptypes), and from which object first."""

    objects: list[Object] = field(default_factory=list)
    kinds: dict[Object, set[str]] = field(default_factory=dict)
    reached_from: dict[Object, Object] = field(default_factory=dict)

    def blockers(self) -> list[Object]:
        """What is no part of anything that is dropped, and depends on it: the outermost last found first."""
        return [o for o in reversed(self.objects) if o in self.kinds and self.kinds[o] <= {"n"}]


def drop(ctx: DdlContext, statement: Drop) -> None:
    if statement.kind in ("role", "user", "group"):
        from aurorapy.execute.ddl.roles import drop_roles

        return drop_roles(ctx, statement)
    if statement.kind == "database":
        from aurorapy.execute.ddl.databases import drop_database

        return drop_database(ctx, statement)
    if statement.kind not in _RELKINDS and statement.kind != "schema":
        return _drop_missing_kind(ctx, statement)
    roots: list[Object] = []
    for name in statement.names:
        root = _schema(ctx, statement, name) if statement.kind == "schema" else _relation(ctx, statement, name)
        if root is not None and root not in roots:
            roots.append(root)
    drop_objects(ctx, roots, statement.cascade)


def _drop_missing_kind(ctx: DdlContext, statement: Drop) -> None:
    """Kinds this server has none of: IF EXISTS skips, otherwise nothing of that name exists."""
    for name in statement.names:
        if not statement.if_exists:
            raise UndefinedObject(f'{statement.kind} "{name}" does not exist')
        ctx.notice("NOTICE", f'{statement.kind} "{name}" does not exist, skipping')


def _schema(ctx: DdlContext, statement: Drop, name: Name) -> Object | None:
    oid = ctx.catalog.schema_oid(name.name)
    if oid is None:
        if not statement.if_exists:
            raise DatabaseError(f'schema "{name.name}" does not exist', sqlstate="3F000")
        ctx.notice("NOTICE", f'schema "{name.name}" does not exist, skipping')
        return None
    if oid in (ids.PG_CATALOG, ids.PG_TOAST, ids.INFORMATION_SCHEMA) and oid != ids.INFORMATION_SCHEMA:
        raise DatabaseError(f"cannot drop schema {name.name} because it is required by the database system", sqlstate="2BP01")
    row = ctx.store.one("pg_namespace", oid=oid)
    if not ctx.is_superuser and row.nspowner != ctx.user:
        raise InsufficientPrivilege(f"must be owner of schema {name.name}")
    return (c.CLASS_NAMESPACE, oid, 0)


def _relation(ctx: DdlContext, statement: Drop, name: Name) -> Object | None:
    relation = ctx.locked(name, "ACCESS EXCLUSIVE", lambda found: _check_droppable(ctx, statement, found))
    return (c.CLASS_RELATION, relation.oid, 0) if relation is not None else _no_such_relation(ctx, statement, name)


def _check_droppable(ctx: DdlContext, statement: Drop, relation: Relation) -> int:
    """OID of what to lock: the relation, or an index's table."""
    if relation.kind != _RELKINDS[statement.kind]:
        actual = KIND_NAMES.get(relation.kind, "relation")
        hint = f"Use DROP {actual.upper()} to remove {_ARTICLES.get(actual, actual)}."
        raise DatabaseError(f'"{relation.name}" is not {_ARTICLES[statement.kind]}', sqlstate="42809", hint=hint)
    ctx.need_owner(relation)
    if relation.is_catalog:
        raise InsufficientPrivilege(f'permission denied: "{relation.name}" is a system catalog')
    index = ctx.catalog.index(relation.oid) if relation.kind == "i" else None
    return index.table_oid if index is not None else relation.oid


def _no_such_relation(ctx: DdlContext, statement: Drop, name: Name) -> None:
    if name.schema is not None and ctx.catalog.schema_oid(name.schema) is None:
        if not statement.if_exists:
            raise DatabaseError(f'schema "{name.schema}" does not exist', sqlstate="3F000")
        ctx.notice("NOTICE", f'schema "{name.schema}" does not exist, skipping')
        return None
    if not statement.if_exists:
        shown = str(name) if statement.kind == "table" or name.schema else name.name
        raise (UndefinedTable if statement.kind != "index" else UndefinedObject)(
            f'{statement.kind} "{shown}" does not exist', sqlstate="42704" if statement.kind == "index" else "42P01"
        )
    ctx.notice("NOTICE", f'{statement.kind} "{name.name}" does not exist, skipping')
    return None


def drop_objects(ctx: DdlContext, roots: list[Object], cascade: bool) -> None:
    """Drops the roots and everything that goes with them, or raises 2BP01."""
    for root in roots:
        _refuse_part(ctx, root, roots)
    found = _Found()
    seen = set(roots)
    for root in roots:
        if root not in found.objects:
            _collect(ctx, root, found, seen)
    for root in roots:
        found.kinds.pop(root, None)
    blockers = found.blockers()
    if blockers and not cascade:
        _refuse(ctx, roots, found, blockers)
    if blockers:
        _announce(ctx, blockers)
    for class_, oid, sub in found.objects:
        if class_ == c.CLASS_RELATION and not sub and (class_, oid, sub) not in roots:
            ctx.lock(oid, "ACCESS EXCLUSIVE")
    for object_ in found.objects:
        _remove(ctx, object_)


def _collect(ctx: DdlContext, object_: Object, found: _Found, seen: set[Object]) -> None:
    """Depth first, youngest dependents first: they are appended before what they depend on."""
    class_, oid, sub = object_
    rows = ctx.store.find("pg_depend", refclassid=class_, refobjid=oid)
    rows.sort(key=lambda row: (-row.objid, row.classid, row.objsubid))
    for row in rows:
        if sub and row.refobjsubid != sub:
            continue
        if row.classid == class_ and row.objid == oid:
            continue
        dependent: Object = (row.classid, row.objid, row.objsubid)
        if row.deptype == "n":
            dependent = _owner_of(ctx, dependent, object_)
        if dependent == object_:
            continue
        whole = (dependent[0], dependent[1], 0)
        found.kinds.setdefault(dependent, set()).add(row.deptype)
        found.reached_from.setdefault(dependent, object_)
        if dependent in seen or whole in seen:
            continue
        seen.add(dependent)
        _collect(ctx, dependent, found, seen)
    if object_ not in found.objects:
        found.objects.append(object_)


def _refuse_part(ctx: DdlContext, root: Object, roots: list[Object]) -> None:
    """A part that something else is made of goes only with its whole: an identity column's sequence, a key's index."""
    class_, oid, sub = root
    for row in ctx.store.find("pg_depend", classid=class_, objid=oid):
        owner: Object = (row.refclassid, row.refobjid, row.refobjsubid)
        if row.deptype == "i" and row.objsubid == sub and owner not in roots and (*owner[:2], 0) not in roots:
            shown = describe(ctx, owner)
            raise DatabaseError(f"cannot drop {describe(ctx, root)} because {shown} requires it", sqlstate="2BP01",
                                hint=f"You can drop {shown} instead.")  # fmt: skip


def _owner_of(ctx: DdlContext, dependent: Object, object_: Object) -> Object:
    """A part that cannot be dropped alone stands for its whole: a view's rule for the view."""
    class_, oid, sub = dependent
    for row in ctx.store.find("pg_depend", classid=class_, objid=oid):
        if row.deptype == "i" and (row.refclassid, row.refobjid) != object_[:2] and not row.refobjsubid:
            return (row.refclassid, row.refobjid, 0)
    return dependent


def _refuse(ctx: DdlContext, roots: list[Object], found: _Found, blockers: list[Object]) -> None:
    lines = [f"{describe(ctx, o)} depends on {describe(ctx, found.reached_from[o])}" for o in blockers]
    if len(roots) == 1:
        message = f"cannot drop {describe(ctx, roots[0])} because other objects depend on it"
    else:
        message = "cannot drop desired object(s) because other objects depend on them"
    raise DatabaseError(
        message, sqlstate="2BP01", detail="\n".join(lines), hint="Use DROP ... CASCADE to drop the dependent objects too."
    )


def _announce(ctx: DdlContext, blockers: list[Object]) -> None:
    dropped = [describe(ctx, dependent) for dependent in blockers]
    if len(dropped) == 1:
        ctx.notice("NOTICE", f"drop cascades to {dropped[0]}")
    else:
        detail = "\n".join(f"drop cascades to {d}" for d in dropped)
        ctx.notice("NOTICE", f"drop cascades to {len(dropped)} other objects", detail=detail)


def describe(ctx: DdlContext, object_: Object) -> str:
    """`table t`, `column a of table t`, `constraint t_pkey on table t`: getObjectDescription's words."""
    class_, oid, sub = object_
    if class_ == c.CLASS_RELATION:
        row = ctx.store.one("pg_class", oid=oid)
        name = f"{KIND_NAMES.get(row.relkind, 'relation')} {ctx.catalog.visible_name(oid)}"
        if sub:
            column = ctx.store.one("pg_attribute", attrelid=oid, attnum=sub)
            return f"column {column.attname} of {name}"
        return name
    if class_ == c.CLASS_CONSTRAINT:
        row = ctx.store.one("pg_constraint", oid=oid)
        return f"constraint {row.conname} on table {ctx.catalog.visible_name(row.conrelid)}"
    if class_ == c.CLASS_ATTRDEF:
        row = ctx.store.one("pg_attrdef", oid=oid)
        column = ctx.store.one("pg_attribute", attrelid=row.adrelid, attnum=row.adnum)
        return f"default value for column {column.attname} of table {ctx.catalog.visible_name(row.adrelid)}"
    if class_ == c.CLASS_NAMESPACE:
        return f"schema {ctx.catalog.schema_name(oid)}"
    if class_ == c.CLASS_TYPE:
        row = ctx.store.one("pg_type", oid=oid)
        return f"type {row.typname}"
    return f"object {oid}"


# -- taking rows away --------------------------------------------------------------------------------------------------
def _remove(ctx: DdlContext, object_: Object) -> None:
    class_, oid, sub = object_
    if class_ == c.CLASS_RELATION and sub:
        from aurorapy.execute.ddl.alter_columns import mark_dropped

        mark_dropped(ctx, oid, sub)
    elif class_ == c.CLASS_RELATION:
        remove_relation(ctx, oid)
    elif class_ == c.CLASS_CONSTRAINT:
        _remove_constraint(ctx, oid)
    elif class_ == c.CLASS_ATTRDEF:
        _remove_default(ctx, oid)
    elif class_ == c.CLASS_NAMESPACE:
        ctx.store.delete(ctx.store.one("pg_namespace", oid=oid))
        ctx.store.invalidate(0)
    elif class_ == c.CLASS_TYPE:
        ctx.store.delete(ctx.store.one("pg_type", oid=oid))
    elif class_ == c.CLASS_REWRITE:
        ctx.store.delete(ctx.store.one("pg_rewrite", oid=oid))
    else:
        raise FeatureNotSupported(f"cannot drop an object of class {class_}")
    _remove_dependencies(ctx, object_)
    _remove_comments(ctx, object_)


def remove_relation(ctx: DdlContext, oid: int) -> None:
    row = ctx.store.one("pg_class", oid=oid)
    if row.relfilenode:
        ctx.instance.drop_storage_at_commit(ctx.transaction, row.relfilenode)
    toast = ctx.store.one("pg_class", oid=row.reltoastrelid) if row.reltoastrelid else None
    if toast is not None:
        remove_relation(ctx, toast.oid)
    for attribute in ctx.store.find("pg_attribute", attrelid=oid):
        ctx.store.delete(attribute)
    if row.relkind == "i":
        index = ctx.store.one("pg_index", indexrelid=oid)
        table = index.indrelid
        ctx.store.delete(index)
        ctx.changed(table)
    elif row.relkind == "S":
        ctx.store.delete(ctx.store.one("pg_sequence", seqrelid=oid))
    for statistic in ctx.store.find("pg_statistic", starelid=oid):
        ctx.store.delete(statistic)
    ctx.store.delete(row)
    ctx.changed(oid)


def _remove_constraint(ctx: DdlContext, oid: int) -> None:
    row = ctx.store.one("pg_constraint", oid=oid)
    if row.contype == "c":
        table = ctx.store.one("pg_class", oid=row.conrelid)
        if table is not None:
            ctx.store.update(table, relchecks=table.relchecks - 1)
    ctx.store.delete(row)
    ctx.changed(row.conrelid)


def _remove_default(ctx: DdlContext, oid: int) -> None:
    row = ctx.store.one("pg_attrdef", oid=oid)
    attribute = ctx.store.one("pg_attribute", attrelid=row.adrelid, attnum=row.adnum)
    if attribute is not None:
        ctx.store.update(attribute, atthasdef=False)
    ctx.store.delete(row)
    ctx.changed(row.adrelid)


def _remove_dependencies(ctx: DdlContext, object_: Object) -> None:
    class_, oid, sub = object_
    for row in ctx.store.find("pg_depend", classid=class_, objid=oid):
        if row.objsubid == sub or not sub:
            ctx.store.delete(row)


def _remove_comments(ctx: DdlContext, object_: Object) -> None:
    class_, oid, sub = object_
    for row in ctx.store.find("pg_description", objoid=oid, classoid=class_):
        if row.objsubid == sub or not sub:
            ctx.store.delete(row)
