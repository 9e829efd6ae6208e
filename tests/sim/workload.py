"""What the clients do: transfers, items that come and go, definitions, long readers, maintenance, tickets.

    client 3:  begin · update accounts … returning id, prev · savepoint · insert into items … · rollback to
               · insert into history values ('3.17') · commit        acknowledged

Every transaction that writes leaves its tag in `history`, so what committed can be told from what is there. Statements
go one by one in either protocol, or a whole transaction in one message.

Errors a client may meet are listed in EXPECTED; any other is a Violation.

Not here: what must hold (`model`, `checks`).
"""

from __future__ import annotations

import random
from typing import Any

from tests.sim.client import SimWire
from tests.sim.model import ABSENT, Edge, Model, Scratch, Sight, Txn, Violation
from tests.support.pgwire import ConnectionLost, Reply, ServerRefused

ACCOUNTS, ITEMS, BALANCE = 12, 30, 1000
SCHEMA = f"""
create table accounts (id int primary key, balance int not null, token text not null, prev text);
create table items (k int primary key, u int unique, token text not null, prev text, body text);
create index items_token on items (token);
create table history (tag text primary key, ticket bigint unique);
create table moves (tag text, id int, token text, prev text, balance int);
create index moves_tag on moves (tag);
create sequence tickets;
insert into accounts select g, {BALANCE}, '0.0', null from generate_series(1, {ACCOUNTS}) g
"""
# serialization, deadlock, unique, timeouts and cancel; a disk that fails; a scratch table that a rollback took away
EXPECTED = {"40001", "40P01", "23505", "55P03", "57014", "58030", "53100", "57P01", "57P03"}
FAILED = {"58030", "53100", "57P03"}  # nothing more can be written in this life


class Refused(Exception):
    """The statement failed, as it may."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code


class InDoubt(Exception):
    """COMMIT was answered with an error of the disk: nobody knows."""


class Client:
    """One session after another, for one life."""

    def __init__(self, world: Any, host: Any, listener: Any, number: int) -> None:
        self.world, self.host, self.listener, self.number = world, host, listener, number
        self.model: Model = world.model
        self.rng = random.Random(host.rng.randrange(1 << 30))
        self.wire: SimWire | None = None
        self.txn: Txn | None = None
        self.scratch = self.kept = self.model.scratch[number]
        self.operations = 0
        self.waits = True  # COMMIT is answered when it is durable

    def run(self, transactions: int) -> None:
        try:
            for _ in range(transactions):
                if self.wire is None or self.wire.lost:
                    self._connect()
                self._transaction()
                if self.rng.random() < 0.4:
                    self.host.tasks.sleep(self.rng.expovariate(10))
        except ConnectionLost:
            self.say("connection lost")
        except ServerRefused as refusal:
            if refusal.fields.get("C") not in FAILED:
                raise Violation(f"client {self.number} was not let in: {refusal}") from None
        except InDoubt:
            self.say("is in doubt")
        except Refused as refusal:
            if refusal.code not in FAILED:
                raise Violation(f"client {self.number} cannot go on: {refusal}") from None
        finally:
            self._give_up()
            if self.wire is not None and not self.wire.lost:
                self.wire.vanish()

    def say(self, text: str) -> None:
        self.host.tell(f"c{self.number} {text}")

    def _connect(self) -> None:
        settings = {}
        if self.rng.random() < 0.2:
            settings["lock_timeout"] = "2s"
        self.waits = self.rng.random() < 0.85
        if not self.waits:
            settings["synchronous_commit"] = "off"
        self.wire = SimWire(self.host, self.listener).connect(**settings)

    # -- statements ----------------------------------------------------------------------------------------------------
    def ask(self, sql: str) -> list[tuple]:
        """Rows; Refused for an error that may come."""
        self.say("→ " + shorten(sql))
        if self.rng.random() < 0.01:
            self._cancel_soon()
        reply = self.wire.query(sql) if self.rng.random() < 0.6 else self.wire.extended(sql)
        return self._rows(sql, reply)

    def _cancel_soon(self) -> None:
        """A CancelRequest that comes in the middle of a statement, or between two, or in the middle of COMMIT."""
        wire = self.wire
        self.host.tasks.call_later(self.rng.expovariate(3000), lambda: self.listener.cancel(wire.pid, wire.key))

    def _rows(self, sql: str, reply: Reply) -> list[tuple]:
        error = reply.error
        if error:
            self.say(f"← {error['C']} {error['M']}")
            if error["C"] not in EXPECTED:
                raise Violation(f"client {self.number}: {error['C']} {error['M']} in: {shorten(sql)}")
            raise Refused(error["C"], error["M"])
        result = reply.results[-1]
        self.say(f"← {result.tag or ''} {shorten(str(result.rows)) if result.rows else ''}")
        return result.rows

    # -- transactions --------------------------------------------------------------------------------------------------
    def _transaction(self) -> None:
        rng = self.rng
        kind = rng.choices(
            ("write", "message", "read", "scratch", "maintain", "ticket", "vanish"), (50, 14, 12, 12, 5, 4, 2)
        )[0]
        try:
            if kind == "write":
                self._write(self._steps())
            elif kind == "message":
                self._in_one_message()
            elif kind == "read":
                self._read()
            elif kind == "scratch":
                self._write([self._scratch_step] * rng.randrange(1, 5), isolation="")
            elif kind == "maintain":
                self.ask(rng.choice(("vacuum accounts", "vacuum items", "vacuum", "analyze items", "vacuum analyze history",
                                     "checkpoint")))  # fmt: skip
            elif kind == "ticket":
                self.model.note_tickets(int(row[0]) for row in self.ask("select nextval('tickets')"))
            else:
                self._vanish()
        except Refused as refusal:
            if refusal.code in FAILED and self.listener.instance.volume.failure is not None:
                raise

    def _begin(self) -> Txn:
        number = self.model.counts[f"client {self.number}"] = self.model.counts[f"client {self.number}"] + 1
        self.txn = self.model.begin(f"{self.number}.{number}")
        self.operations = 0
        return self.txn

    def _token(self) -> str:
        self.operations += 1
        return f"{self.txn.tag}.{self.operations}"

    def _steps(self) -> list[Any]:
        kinds = (self._transfer, self._transfer_to_many, self._put_item, self._upsert_item, self._change_item,
                 self._take_item, self._take_items, self._lock_rows)  # fmt: skip
        return self.rng.choices(kinds, (30, 10, 15, 12, 12, 12, 4, 5), k=self.rng.randrange(1, 6))

    def _write(self, steps: list[Any], isolation: str | None = None) -> None:
        """A transaction of these steps, with savepoints between them by chance."""
        txn = self._begin()
        if isolation is None:
            isolation = " isolation level repeatable read" if self.rng.random() < 0.25 else ""
        try:
            self.ask("begin" + isolation)
            for step in steps:
                if self.rng.random() < 0.25:
                    self._in_savepoint(step)
                else:
                    step()
                if self.rng.random() < 0.2:
                    self.host.tasks.sleep(self.rng.expovariate(20))
            if self.rng.random() < 0.08:
                raise Refused("", "of its own will")
            self._note()
        except Refused as refusal:
            self._roll_back()
            if refusal.code:
                raise
            return
        self._commit("commit")

    def _in_savepoint(self, step: Any) -> None:
        """Kept, or rolled back: by choice, or because the step failed."""
        edges, scratch = len(self.txn.edges), self.scratch
        self.ask("savepoint s")
        try:
            step()
            if self.rng.random() < 0.6:
                if self.rng.random() < 0.5:
                    self.ask("release savepoint s")
                return
        except Refused as refusal:
            if refusal.code in FAILED or refusal.code in ("40001", "40P01"):
                raise
        self.ask("rollback to savepoint s")
        del self.txn.edges[edges:]
        self.scratch = scratch

    def _note(self) -> None:
        rows = self.ask(f"insert into history values ('{self.txn.tag}', nextval('tickets')) returning ticket")
        self.model.note_tickets(int(row[0]) for row in rows)
        self.txn.scratch = self.scratch

    def _commit(self, sql: str) -> None:
        txn = self.txn
        txn.state = "doubt"
        if self.rng.random() < 0.02:
            self._cancel_soon()
        self.say("→ " + shorten(sql))
        reply = self.wire.query(sql)
        try:
            self._rows(sql, reply)
        except Refused as refusal:
            if refusal.code in FAILED:
                raise InDoubt from None
            self._refused()
            if self.wire.status != "I":
                self.ask("rollback")
            raise
        if reply.results[-1].tag != "COMMIT":
            raise Violation(f"COMMIT was answered {reply.results[-1].tag}")
        self._note_message_tickets(reply)
        if self.waits:
            self.model.acknowledge(txn)
        if not txn.writes_moves:
            self.kept = self.scratch
            if self.waits:
                self.model.scratch[self.number] = self.scratch
        self.txn = None

    def _note_message_tickets(self, reply: Reply) -> None:
        for result in reply.results:
            if result.columns and result.columns[0].name == "ticket":
                self.model.note_tickets(int(row[0]) for row in result.rows)

    def _roll_back(self) -> None:
        self._refused()
        self.ask("rollback")

    def _refused(self) -> None:
        self.model.refuse(self.txn)
        self.txn = None
        self.scratch = self.kept

    def _give_up(self) -> None:
        """The session ends in the middle: what was not sent to commit never happened."""
        if self.txn is not None and self.txn.state == "active":
            self.model.refuse(self.txn)
        self.txn = None

    def _vanish(self) -> None:
        """The link drops in the middle of a transaction, or while the answer to COMMIT is on its way."""
        self._begin()
        try:
            self.ask("begin")
            self._transfer()
            self._note()
        except Refused:
            self._roll_back()
            raise
        if self.rng.random() < 0.5:
            self.txn.state = "doubt"
            self.wire.send_query("commit")
            self.host.tasks.sleep(self.rng.expovariate(3000))
        self.say("vanishes")
        self.wire.vanish()
        raise ConnectionLost("vanished")

    # -- accounts ------------------------------------------------------------------------------------------------------
    def _change_account(self, where: str, delta: int) -> int:
        """Rows changed."""
        token = self._token()
        rows = self.ask(
            f"update accounts set prev = token, token = '{token}', balance = balance + {delta} where {where} "
            "returning id, prev, balance"
        )
        self.txn.edges += [Edge(("accounts", int(id)), prev, token, balance) for id, prev, balance in rows]
        return len(rows)

    def _transfer(self) -> None:
        source, target = self.rng.sample(range(1, ACCOUNTS + 1), 2)
        amount = self.rng.randrange(1, 50)
        for id, delta in ((source, -amount), (target, amount)):
            if self._change_account(f"id = {id}", delta) != 1:
                raise Violation(f"account {id} is not there")

    def _transfer_to_many(self) -> None:
        first = self.rng.randrange(1, ACCOUNTS - 3)
        source = self.rng.randrange(first + 4, ACCOUNTS + 1)
        if self._change_account(f"id between {first} and {first + 3}", 2) != 4:
            raise Violation("an account is not there")
        self._change_account(f"id = {source}", -8)

    def _in_one_message(self) -> None:
        """BEGIN to COMMIT in one Query: what was replaced is written down in the database itself."""
        txn = self._begin()
        txn.writes_moves = True
        statements = ["begin"]
        source, target = self.rng.sample(range(1, ACCOUNTS + 1), 2)
        for id, delta in ((source, -3), (target, 3)):
            token = self._token()
            statements += [
                f"update accounts set prev = token, token = '{token}', balance = balance + {delta} where id = {id}",
                f"insert into moves select '{txn.tag}', id, token, prev, balance from accounts where id = {id}",
            ]
        statements.append(f"insert into history values ('{txn.tag}', nextval('tickets')) returning ticket")
        self._commit("; ".join([*statements, "commit"]))

    # -- items ---------------------------------------------------------------------------------------------------------
    def _body(self) -> str:
        """Mostly short; now and then out of line."""
        size = self.rng.choice((0, 5, 40, 40, 300, 3000, 9000))
        return "%0*x" % (size, self.rng.getrandbits(4 * size)) if size else ""

    def _edge(self, k: int, old: str, new: str, body: str = "") -> None:
        self.txn.edges.append(Edge(("items", k), old, new, body))

    def _put_item(self) -> None:
        k, token, body = self.rng.randrange(ITEMS), self._token(), self._body()
        self.ask(f"insert into items values ({k}, {k * 7}, '{token}', null, '{body}')")
        self._edge(k, ABSENT, token, body)

    def _upsert_item(self) -> None:
        k, token, body = self.rng.randrange(ITEMS), self._token(), self._body()
        rows = self.ask(
            f"insert into items values ({k}, {k * 7}, '{token}', null, '{body}') on conflict (k) do update "
            "set prev = items.token, token = excluded.token, body = excluded.body returning prev"
        )
        self._edge(k, rows[0][0] or ABSENT, token, body)

    def _change_item(self) -> None:
        k, token, body = self.rng.randrange(ITEMS), self._token(), self._body()
        low, high = (k, k) if self.rng.random() < 0.7 else (k, k + 5)
        rows = self.ask(
            f"update items set prev = token, token = '{token}', body = '{body}' where k between {low} and {high} returning k, prev"
        )
        for found, prev in rows:
            self._edge(int(found), prev, token, body)

    def _take_item(self) -> None:
        k = self.rng.randrange(ITEMS)
        condition = f"k = {k}" if self.rng.random() < 0.6 else f"u = {k * 7}"
        for found, token in self.ask(f"delete from items where {condition} returning k, token"):
            self._edge(int(found), token, ABSENT)

    def _take_items(self) -> None:
        k = self.rng.randrange(ITEMS)
        for found, token in self.ask(f"delete from items where k > {k} and k < {k + 8} returning k, token"):
            self._edge(int(found), token, ABSENT)

    def _lock_rows(self) -> None:
        strength = self.rng.choice(("update", "share", "no key update", "key share"))
        tail = self.rng.choice(("", "", " nowait", " skip locked"))
        first = self.rng.randrange(1, ACCOUNTS)
        self.ask(f"select id from accounts where id between {first} and {first + 1} for {strength}{tail}")

    # -- readers -------------------------------------------------------------------------------------------------------
    def _read(self) -> None:
        """One snapshot, looked at several times, in both orders and by both ways."""
        if self.rng.random() < 0.3:
            total = self.ask("select sum(balance), count(*) from accounts")[0]
            if total != (str(ACCOUNTS * BALANCE), str(ACCOUNTS)):
                raise Violation(f"I8: the accounts add up to {total}")
            return
        must = frozenset(self.model.acknowledged)
        self.ask("begin isolation level repeatable read" + self.rng.choice((" read only", "")))
        try:
            first = self._look(must)
            for _ in range(self.rng.randrange(1, 4)):
                self.host.tasks.sleep(self.rng.expovariate(1.5))
                again = self._look(must)
                if (again.tags, again.rows) != (first.tags, first.rows):
                    raise Violation(f"client {self.number}: a repeatable read transaction saw two states")
        except Refused:
            self.ask("rollback")
            raise
        self.ask("commit")
        self.model.sights.append(first)

    def _look(self, must: frozenset[str]) -> Sight:
        steps = ["history", "accounts", "items"]
        self.rng.shuffle(steps)
        found = {name: self.ask(READS[name]) for name in steps}
        tags = frozenset(tag for (tag,) in found["history"])
        rows = {("accounts", int(id)): (token, balance) for id, token, balance in found["accounts"]}
        rows.update({("items", int(k)): (token, body) for k, token, body in found["items"]})
        return Sight(f"reader {self.number}", tags, rows, must)

    # -- definitions ---------------------------------------------------------------------------------------------------
    def _scratch_step(self) -> None:
        """Something with the client's own table: made, filled, indexed, emptied, dropped."""
        rng, name = self.rng, f"scratch_{self.number}"
        if self.scratch.rows is None:
            self.ask(f"create table {name} (k int primary key, v text)")
            self.scratch = Scratch({})
            return
        rows = dict(self.scratch.rows)
        what = rng.choices(("fill", "flood", "change", "thin", "index", "truncate", "drop"), (6, 1, 4, 3, 2, 2, 2))[0]
        if what == "fill":
            start, count = max(rows, default=0) + 1, rng.randrange(1, 60)
            self.ask(f"insert into {name} select g, 'v' || g from generate_series({start}, {start + count - 1}) g")
            rows.update({k: f"v{k}" for k in range(start, start + count)})
        elif what == "flood":  # more than the log takes at once
            start, count = max(rows, default=0) + 1, rng.choice((300, 1500))
            self.ask(f"insert into {name} select g, repeat('abcdefgh' || g, 30) from generate_series({start}, {start + count - 1}) g")
            rows.update({k: f"abcdefgh{k}" * 30 for k in range(start, start + count)})
        elif what == "change":
            bound = rng.randrange(1, 60)
            self.ask(f"update {name} set v = v || 'x' where k < {bound} and length(v) < 40")
            rows = {k: v + "x" if k < bound and len(v) < 40 else v for k, v in rows.items()}
        elif what == "thin":
            self.ask(f"delete from {name} where k % 3 = {self.number % 3}")
            rows = {k: v for k, v in rows.items() if k % 3 != self.number % 3}
        elif what == "index":
            self.ask(f"drop index if exists {name}_v")
            self.ask(f"create index {name}_v on {name} (v)")
        elif what == "truncate":
            self.ask(f"truncate {name}")
            rows = {}
        else:
            self.ask(f"drop table {name}")
            rows = None
        self.scratch = Scratch(rows)


READS = {
    "history": "select tag from history",
    "accounts": "select id, token, balance from accounts",
    "items": "select k, token, body from items",
}


def shorten(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:120]} … {text[-30:]} ({len(text)})"
