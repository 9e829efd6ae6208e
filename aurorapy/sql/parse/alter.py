"""ALTER: tables and what may be altered like them, sequences, schemas; roles and databases are in `roles`.

    ALTER TABLE t ADD COLUMN c int, ALTER d TYPE text USING d::text   ->  AlterTable with two actions

Not here: what the actions do (`execute.ddl`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.sql import statements as s
from aurorapy.sql.parse import create, roles, tables
from aurorapy.sql.parse.cursor import Cursor
from aurorapy.sql.parse.typenames import type_name
from aurorapy.sql.parse.utility import cascade
from aurorapy_native.lexer import INTEGER

RELATIONS = {"table": "table", "index": "index", "view": "view"}
SUPPORTED_ELSEWHERE = ("role", "user", "group")


def alter(c: Cursor) -> s.Statement:
    c.expect("alter")
    word = c.word()
    if word in RELATIONS:
        c.at += 1
        return alter_relation(c, RELATIONS[word])
    if c.sees("materialized", "view"):
        c.at += 2
        return alter_relation(c, "materialized view")
    if word == "sequence":
        return alter_sequence(c)
    if word == "schema":
        return alter_schema(c)
    if word in SUPPORTED_ELSEWHERE and not (word == "user" and c.word(1) == "mapping"):
        return roles.alter_role(c)
    if word == "database":
        return roles.alter_database(c)
    return create.unsupported(c, "ALTER ")


def alter_relation(c: Cursor, kind: str) -> s.Statement:
    result = s.AlterTable(object_kind=kind, tag=f"ALTER {kind.upper()}")
    if c.accept("all", "in", "tablespace"):
        c.at = c.last
        return s.Unsupported("ALTER ... ALL IN TABLESPACE")
    result.if_exists = c.accept("if", "exists")
    result.only = c.accept("only")
    result.name = c.name()
    c.accept("*")
    result.actions = c.list(lambda: action(c))
    return result


def action(c: Cursor) -> s.AlterAction:
    """One action, behind the table's name or a comma."""
    parser = ACTIONS.get(c.word())
    if parser is None:
        raise c.error()
    c.at += 1
    return parser(c)


def _add(c: Cursor) -> s.AlterAction:
    if c.word() in ("constraint", "check", "unique", "primary", "foreign") or (
        c.word() == "exclude" and c.word(1) in ("using", "")
    ):
        return s.AlterAction("add constraint", constraint=tables.table_constraint(c))
    c.accept("column")
    exists = c.accept("if", "not", "exists")
    column = tables.column(c)
    return s.AlterAction("add column", column.name, column=column, if_not_exists=exists)


def _drop(c: Cursor) -> s.AlterAction:
    kind = "drop constraint" if c.accept("constraint") else "drop column"
    if kind == "drop column":
        c.accept("column")
    exists = c.accept("if", "exists")
    name = c.identifier()
    return s.AlterAction(kind, name, if_exists=exists, cascade=cascade(c))


def _alter(c: Cursor) -> s.AlterAction:
    if c.accept("constraint"):
        result = s.AlterAction("alter constraint", c.identifier(), constraint=s.ConstraintDef("foreign"))
        while tables.deferral(c, result.constraint):
            pass
        return result
    c.accept("column")
    if c.kind() == INTEGER:
        name = c.texts[c.at]
        c.at += 1
    else:
        name = c.identifier()
    return _alter_column(c, name)


def _alter_column(c: Cursor, name: str) -> s.AlterAction:
    if c.accept("set", "data", "type") or c.accept("type"):
        result = s.AlterAction("alter type", name, type=type_name(c))
        if c.accept("collate"):
            result.options["collation"] = c.name()
        if c.accept("using"):
            result.expression = c.until(frozenset({","}))
        return result
    if c.accept("set", "default"):
        return s.AlterAction("set default", name, expression=c.until(frozenset({","})))
    if c.accept("drop", "default"):
        return s.AlterAction("drop default", name)
    if c.accept("set", "not", "null"):
        return s.AlterAction("set not null", name)
    if c.accept("drop", "not", "null"):
        return s.AlterAction("drop not null", name)
    if c.accept("drop", "expression"):
        return s.AlterAction("drop expression", name, if_exists=c.accept("if", "exists"))
    if c.accept("drop", "identity"):
        return s.AlterAction("drop identity", name, if_exists=c.accept("if", "exists"))
    if c.accept("add"):
        column = s.ColumnDef(name, None)
        c.expect("generated")
        tables.generated(c, column)
        return s.AlterAction("add identity", name, column=column, options={"generated": column.identity, **column.identity_options})
    if c.accept("set", "statistics"):
        return s.AlterAction("set statistics", name, options={"value": c.integer()})
    if c.accept("set", "storage") or c.accept("set", "compression"):
        kind = "set " + c.texts[c.at - 1]
        return s.AlterAction(kind, name, options={"value": c.label()})
    if c.sees("set", "(") or c.sees("reset", "("):
        kind = f"{c.word()} column options"
        c.at += 1
        return s.AlterAction(kind, name, options=dict(tables.storage_options(c)))
    return _set_identity(c, name)


def _set_identity(c: Cursor, name: str) -> s.AlterAction:
    options: dict[str, Any] = {}
    while c.word() in ("set", "restart"):
        if c.accept("set", "generated"):
            options["generated"] = "a" if c.accept("always") else "d"
            if options["generated"] == "d":
                c.expect("by", "default")
        else:
            c.accept("set")
            before = c.at
            options.update(tables.sequence_options(c))
            if c.at == before:
                raise c.error()
    if not options:
        raise c.error()
    return s.AlterAction("set identity", name, options=options)


def _rename(c: Cursor) -> s.AlterAction:
    if c.accept("to"):
        return s.AlterAction("rename", new_name=c.identifier())
    kind = "rename constraint" if c.accept("constraint") else "rename column"
    if kind == "rename column":
        c.accept("column")
    name = c.identifier()
    c.expect("to")
    return s.AlterAction(kind, name, c.identifier())


def _set(c: Cursor) -> s.AlterAction:
    if c.accept("schema"):
        return s.AlterAction("set schema", new_name=c.identifier())
    if c.accept("tablespace"):
        return s.AlterAction("set tablespace", new_name=c.identifier())
    if c.accept_any("logged", "unlogged"):
        return s.AlterAction("set " + c.texts[c.at - 1])
    if c.accept("without"):
        if not c.accept_any("cluster", "oids"):
            raise c.error()
        return s.AlterAction("set without " + c.texts[c.at - 1])
    if c.accept("access", "method"):
        return s.AlterAction("set access method", new_name=c.identifier())
    return s.AlterAction("set options", options=dict(tables.storage_options(c)))


def _reset(c: Cursor) -> s.AlterAction:
    return s.AlterAction("reset options", options=dict(tables.storage_options(c)))


def _owner(c: Cursor) -> s.AlterAction:
    c.expect("to")
    return s.AlterAction("owner", new_name=roles.role_name(c))


def _validate(c: Cursor) -> s.AlterAction:
    c.expect("constraint")
    return s.AlterAction("validate constraint", c.identifier())


def _enable(c: Cursor) -> s.AlterAction:
    """ENABLE/DISABLE TRIGGER, RULE, ROW LEVEL SECURITY."""
    verb = c.texts[c.at - 1]
    words = [verb]
    while c.word() in ("always", "replica", "trigger", "rule", "row", "level", "security"):
        words.append(c.word())
        c.at += 1
    name = ""
    if words[-1] in ("trigger", "rule"):
        name = c.label()
    elif words[-1] != "security":
        raise c.error()
    return s.AlterAction(" ".join(words), name)


def _no(c: Cursor) -> s.AlterAction:
    if c.accept("force", "row", "level", "security"):
        return s.AlterAction("no force row level security")
    c.expect("inherit")
    return s.AlterAction("no inherit", str(c.name()))


def _force(c: Cursor) -> s.AlterAction:
    c.expect("row", "level", "security")
    return s.AlterAction("force row level security")


def _inherit(c: Cursor) -> s.AlterAction:
    return s.AlterAction("inherit", str(c.name()))


def _replica(c: Cursor) -> s.AlterAction:
    c.expect("identity")
    if c.accept("using", "index"):
        return s.AlterAction("replica identity", c.identifier(), options={"value": "index"})
    value = c.accept_any("default", "full", "nothing")
    if not value:
        raise c.error()
    return s.AlterAction("replica identity", options={"value": value})


def _cluster(c: Cursor) -> s.AlterAction:
    c.expect("on")
    return s.AlterAction("cluster on", c.identifier())


def _partition(c: Cursor) -> s.AlterAction:
    verb = c.texts[c.at - 1]
    c.expect("partition")
    name = str(c.name())
    c.at = c.last
    return s.AlterAction(f"{verb} partition", name)


ACTIONS: dict[str, Callable[[Cursor], s.AlterAction]] = {
    "add": _add,
    "drop": _drop,
    "alter": _alter,
    "rename": _rename,
    "set": _set,
    "reset": _reset,
    "owner": _owner,
    "validate": _validate,
    "enable": _enable,
    "disable": _enable,
    "no": _no,
    "force": _force,
    "inherit": _inherit,
    "replica": _replica,
    "cluster": _cluster,
    "attach": _partition,
    "detach": _partition,
}


def alter_sequence(c: Cursor) -> s.Statement:
    """Sequence options, or an action any relation has."""
    c.expect("sequence")
    exists = c.accept("if", "exists")
    name = c.name()
    if c.word() in ("rename", "owner", "set"):
        result = s.AlterTable(name, [action(c)], exists, object_kind="sequence", tag="ALTER SEQUENCE")
        return result
    options = tables.sequence_options(c)
    if not options:
        raise c.error()
    return s.AlterSequence(name, options, exists, tag="ALTER SEQUENCE")


def alter_schema(c: Cursor) -> s.Statement:
    c.expect("schema")
    position = c.position()
    name = s.Name(None, c.identifier(), position)
    if c.word() not in ("rename", "owner"):
        raise c.error()
    return s.AlterTable(name, [action(c)], object_kind="schema", tag="ALTER SCHEMA")


PARSERS: dict[str, Callable[[Cursor], s.Statement]] = {"alter": alter}
