"""Asks a server for everything it has and holds it against the model.

    check_contents(model, wire)        Violation when they differ; else the model's new base

Nobody else may be writing. Each table is read by heap and by index.
"""

from __future__ import annotations

from typing import Any

from tests.sim.client import SimWire
from tests.sim.model import Edge, Model, Violation
from tests.sim.workload import ACCOUNTS, BALANCE

BY_INDEX = {
    "accounts": "select id, token, balance from accounts where id > -1 order by id",
    "items": "select k, token, body from items where k > -1 order by k",
    "items by u": "select k, token, body from items where u > -1 order by u",
    "items by token": "select k, token, body from items where token > '' order by token",
    "history": "select tag from history where tag > '' order by tag",
}


def check_contents(model: Model, wire: SimWire) -> None:
    tags = {tag for (tag,) in rows_of(wire, "select tag from history")}
    model.check_tags(tags)
    _learn_moves(model, wire, tags)
    expected = model.state_of(tags)
    rows = _table(wire, "accounts", "select id, token, balance from accounts")
    rows |= _table(wire, "items", "select k, token, body from items")
    model.compare(expected, rows, "the heap")
    total = sum(int(value) for (table, _), (_, value) in rows.items() if table == "accounts")
    if total != ACCOUNTS * BALANCE:
        raise Violation(f"I8: the accounts add up to {total}")
    _check_by_index(model, wire, tags, rows)
    model.check_sights(tags)
    _check_tickets(model, wire)
    model.settle(tags, rows, final=True)
    _check_scratch(model, wire)
    wire.close()


def rows_of(wire: SimWire, sql: str) -> list[tuple]:
    reply = wire.query(sql)
    if reply.error:
        raise Violation(f"check: {reply.error['C']} {reply.error['M']} in: {sql}")
    return reply.rows


def _table(wire: SimWire, name: str, sql: str) -> dict[tuple[str, int], tuple[str, str]]:
    found = rows_of(wire, sql)
    rows = {(name, int(key)): (token, value) for key, token, value in found}
    if len(rows) != len(found):
        raise Violation(f"I8: a key of {name} is there twice: {sql}")
    return rows


def _learn_moves(model: Model, wire: SimWire, tags: set[str]) -> None:
    """Edges of transactions whose statements were not answered one by one."""
    moves: dict[str, list[Edge]] = {}
    for tag, id, token, prev, balance in rows_of(wire, "select * from moves"):
        if tag not in tags:
            raise Violation(f"I2: moves of {tag} without its line in history")
        moves.setdefault(tag, []).append(Edge(("accounts", int(id)), prev, token, balance))
    for tag, txn in model.txns.items():
        if txn.writes_moves and tag in tags:
            txn.edges = moves.get(tag, [])
            if len(txn.edges) != 2:
                raise Violation(f"I2: {tag} has {len(txn.edges)} of its 2 moves")


def _check_by_index(model: Model, wire: SimWire, tags: set[str], rows: dict[Any, Any]) -> None:
    rows_of(wire, "set enable_seqscan = off")
    for what, sql in BY_INDEX.items():
        if what == "history":
            if {tag for (tag,) in rows_of(wire, sql)} != tags:
                raise Violation("I11: history by index differs from the heap")
            continue
        name = what.split()[0]
        model.compare({k: v for k, v in rows.items() if k[0] == name}, _table(wire, name, sql), f"the index of {what}")
    rows_of(wire, "reset enable_seqscan")


def _check_tickets(model: Model, wire: SimWire) -> None:
    doubled = rows_of(wire, "select ticket from history group by ticket having count(*) > 1")
    if doubled:
        raise Violation(f"I8: tickets twice in history: {doubled}")


def _check_scratch(model: Model, wire: SimWire) -> None:
    names = {name for (name,) in rows_of(wire, "select relname from pg_class where relname like 'scratch%' and relkind = 'r'")}
    for client, scratch in sorted(model.scratch.items()):
        name = f"scratch_{client}"
        if (scratch.rows is not None) != (name in names):
            raise Violation(f"I2: {name} is {'there' if name in names else 'not there'}")
        if scratch.rows is None:
            continue
        for sql in (f"select k, v from {name}", f"select k, v from {name} where k > 0 order by k"):
            found = {int(k): v for k, v in rows_of(wire, sql)}
            if found != scratch.rows:
                wrong = sorted(k for k in found.keys() | scratch.rows.keys() if found.get(k) != scratch.rows.get(k))
                shown = [(k, found.get(k), scratch.rows.get(k)) for k in wrong[:5]]
                raise Violation(f"I2: {name} has other rows than was committed, {len(wrong)}: {shown}")
