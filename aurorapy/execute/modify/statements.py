"""The code of INSERT, UPDATE and DELETE: the child's loop with the change inside.

    for ... rows to update:
        tid = c0_m1
        while True:
            n1 = ...; row = (n1, c0_2)               ← new values, constraint checks
            outcome = tab.update(txn, tid, row, at)
            if outcome.code == 0: break
            version = contend(...)                    ← waits; None: skip the row
            tid, (c0_1, c0_2), at = version           ← the newest version, conditions checked again on it
        count += 1

An INSERT of which nothing is asked afterwards collects its rows in batches (`batches`). RETURNING's rows are kept until the statement is complete, as PostgreSQL does.

Not here: what the calls do (`versions`, `constraints`, `access.table`).
"""

from __future__ import annotations

from typing import Any

from aurorapy.execute.modify import batches, constraints, versions
from aurorapy.execute.rows import operators as ops
from aurorapy.execute.rows.codegen import Writer
from aurorapy.expressions.nodes import Column
from aurorapy.sql.plan import nodes


def write_modify(w: Writer, node: nodes.Modify, returning: bool) -> None:
    """The body of run(): changes everything, sets ctx.processed, then yields RETURNING's rows."""
    _body(w, node, returning)
    w.line("ctx.processed = count")
    if returning:
        w.line("yield from out")


def modify_function(w: Writer, node: nodes.Modify) -> str:
    """A change inside WITH, as a generator function over its RETURNING rows."""
    name = w.name("g")
    with w.function(name):
        w.fn.prologue.append("if 0: yield")
        _body(w, node, bool(node.returning))
        if node.returning:
            w.line("yield from out")
    return name


def _body(w: Writer, node: nodes.Modify, returning: bool) -> None:
    w.line("txn = ctx.transaction")
    w.line("count = 0")
    if returning:
        w.line("out = []")
    writer = {"insert": _insert, "update": _change, "delete": _change}[node.kind]
    writer(w, node, returning)


def _finish_row(w: Writer, node: nodes.Modify, returning: bool) -> None:
    w.line("count += 1")
    if returning:
        w.line(f"out.append({w.tuple_of([w.source(e) for e in node.returning])})")


# -- new rows ----------------------------------------------------------------------------------------------------------
def _new_row(w: Writer, node: nodes.Modify, values: list[Any], prefix: str) -> list[str]:
    """Computes a new row into variables and checks it; afterwards `row` holds it. Returns the variables."""
    names = [f"{prefix}{i}" for i in range(1, len(values) + 1)]
    generated = {attno for attno, _ in node.generated}
    for i, (name, value) in enumerate(zip(names, values), 1):
        if i not in generated:
            w.line(f"{name} = {w.source(value)}")
    saved = dict(w.fn.env)
    _show_row(w, node, names)
    for attno, expr in node.generated:
        w.line(f"{names[attno - 1]} = {w.source(expr)}")
    w.line(f"row = {w.tuple_of(names)}")
    _check_row(w, node, names)
    w.fn.env.clear()
    w.fn.env.update(saved)
    return names


def _show_row(w: Writer, node: nodes.Modify, names: list[str]) -> None:
    """From here on columns of the target mean the new row."""
    for attno, name in enumerate(names, 1):
        w.fn.env[node.rel, attno] = (name, True)
    w.fn.env[node.rel, -6] = (str(node.relation.oid), False)
    w.fn.env.pop((node.rel, 0), None)


def _check_row(w: Writer, node: nodes.Modify, names: list[str]) -> None:
    relation = node.relation
    required = tuple(c.attno for c in relation.columns if c.not_null and not c.dropped)
    if node.kind == "update":
        required = tuple(a for a in required if a in node.changed)
    known, given = w.bind(relation, "rel"), w.bind(node.given, "given")
    if required:
        nulls = " or ".join(f"{names[a - 1]} is None" for a in required)
        w.line(f"if {nulls}: {w.bind(constraints.raise_not_null)}(ectx, {known}, row, {required!r}, {given})")
    for name, check in node.checks:
        w.line(f"if ({w.source(check)}) is False: {w.bind(constraints.raise_check)}(ectx, {known}, row, {name!r}, {given})")


# -- INSERT ------------------------------------------------------------------------------------------------------------
def _insert(w: Writer, node: nodes.Modify, returning: bool) -> None:
    table = w.table(node.relation)
    needed = ops.needed_by(node.values)
    if node.conflict is None and not returning and type(node.child) is not nodes.Result:
        return _insert_batches(w, node, table, needed)

    def each() -> None:
        names = _new_row(w, node, node.values, "n")
        if node.conflict is None:
            w.line(f"tid = {table}.insert(txn, row)")
            _show_inserted(w, node, names)
            _finish_row(w, node, returning)
            return
        _insert_or(w, node, table, names, returning)

    ops.produce(w, node.child, needed, each)


def _insert_batches(w: Writer, node: nodes.Modify, table: str, needed: ops.Needed) -> None:
    """Many rows of which nothing is asked afterwards."""
    fill = w.name("fill")

    def each() -> None:
        _new_row(w, node, node.values, "n")
        w.line(f"if not add(row): {table}.insert_over(txn, batch, row)")
        w.line("count += 1")

    with w.function(fill, "batch, add"):
        w.line("count = 0")
        ops.produce(w, node.child, needed, each)
        w.line("return count")
    w.line(f"count = {w.bind(batches.insert)}(txn, {table}, {fill})")


def _show_inserted(w: Writer, node: nodes.Modify, names: list[str]) -> None:
    _show_row(w, node, names)
    w.fn.env[node.rel, -1] = ("tid", False)
    w.fn.env[node.rel, -2] = ("txn.xid", False)
    for attno in (-3, -4, -5):
        w.fn.env[node.rel, attno] = ("0", False)


def _insert_or(w: Writer, node: nodes.Modify, table: str, names: list[str], returning: bool) -> None:
    """ON CONFLICT: insert, or deal with the row in the way, until one of the two happened."""
    conflict = node.conflict
    with w.block("while True:"):
        w.line(f"tid, other = {table}.insert_on_conflict(txn, row, {tuple(conflict.arbiters)!r})")
        w.line("if tid is not None: break")
        if conflict.action == "nothing":
            w.line("break")
        else:
            _update_conflicting(w, node, table, names)
    with w.block("if tid is not None:"):
        _show_inserted(w, node, ["v" + name[1:] if conflict.action == "update" else name for name in names])
        if conflict.action == "update":
            # whichever way it went, `row` is what is in the table now
            w.line(f"{w.pattern(['v' + name[1:] for name in names])} = row")
        _finish_row(w, node, returning)


def _update_conflicting(w: Writer, node: nodes.Modify, table: str, names: list[str]) -> None:
    conflict = node.conflict
    for attno, name in enumerate(names, 1):
        w.fn.env[conflict.excluded, attno] = (name, True)
    wanted = [*conflict.values, *([conflict.where] if conflict.where is not None else [])]
    keys = sorted(k for k in ops.needed_by(wanted) if k[0] == node.rel and k[1] not in (0, -6))
    attnos = tuple(attno for _, attno in keys)
    w.line(f"version = {w.bind(versions.lock_conflicting)}(ctx, {table}, other, {attnos!r})")
    w.line("if version is None: continue")
    variables = w.declare(keys)
    w.line(f"tid, {_nested(variables)}, at = version")
    if conflict.where is not None:
        with w.block(f"if not ({w.condition(conflict.where)}):"):
            w.line("tid = None")
            w.line("break")
    w.line("proposed = row")
    _new_row(w, node, conflict.values, "u")
    w.line(f"outcome = {table}.update(txn, tid, row, at)")
    w.line("txn.release_snapshot(at)")
    with w.block("if outcome.code != 0:"):
        w.line("row = proposed")
        w.line("continue")
    w.line("tid = outcome.tid")
    w.line("break")


def _nested(names: list[str]) -> str:
    return f"({', '.join(names)},)" if names else "_"


# -- UPDATE and DELETE -------------------------------------------------------------------------------------------------
def _change(w: Writer, node: nodes.Modify, returning: bool) -> None:
    table = w.table(node.relation)
    is_update = node.kind == "update"
    own = Column(27, rte=node.rel, attno=-1)
    needed = ops.needed_by([own, *node.values, *node.recheck, *node.returning])
    if (node.rel, 0) in needed and node.rel in w.whole_rows:
        needed |= ops.needed_by([w.whole_rows[node.rel]])
    keys = sorted(k for k in needed if k[0] == node.rel and k[1] not in (0, -6))
    attnos = tuple(attno for _, attno in keys)

    def each() -> None:
        variables = w.declare(keys)
        w.line(f"tid = {w.fn.find((node.rel, -1))[0]}")
        w.line("at = snap")
        names: list[str] = []
        with w.block("while True:"):
            if is_update:
                names = _new_row(w, node, node.values, "n")
                w.line(f"outcome = {table}.update(txn, tid, row, at)")
            else:
                w.line(f"outcome = {table}.delete(txn, tid, at)")
            w.line("if outcome.code == 0: break")
            strength = "no key update" if is_update else "update"
            w.line(f"version = {w.bind(versions.contend)}(ctx, {table}, tid, outcome, {attnos!r}, {strength!r})")
            w.line("if version is None: break")
            w.line("if at is not snap: txn.release_snapshot(at)")
            w.line(f"tid, {_nested(variables)}, at = version")
            if node.recheck:
                w.line(f"if not ({w.where(node.recheck)}): break")
        w.line("if at is not snap: txn.release_snapshot(at)")
        with w.block("if outcome.code == 0:"):
            if is_update:
                w.line("tid = outcome.tid")
                _show_inserted(w, node, names)
            _finish_row(w, node, returning)

    ops.produce(w, node.child, needed, each)
