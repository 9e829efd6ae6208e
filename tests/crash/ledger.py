"""What the clients were told, and whether the database agrees.

A transaction is (client, number). It is *acknowledged* once its COMMIT was answered, *in doubt* if the connection went
between sending the COMMIT and its answer. After a restart each acknowledged one is there; of the others only those in
doubt may be, and what became of one then stays so for ever. A sequence value is never told twice.

    ledger.check(wire) → ["lost: client 3 transaction 17", …]      empty when all is well

Not here: how the rows get there (`writers`).
"""

from __future__ import annotations

import threading
from collections import Counter

from tests.support.pgwire import Wire

ACCOUNTS, TELLERS = 1000, 10
SCHEMA = f"""
create table accounts (id int primary key, balance int not null, filler char(40) default '');
create table tellers (id int primary key, balance int not null);
create table branches (id int primary key, balance int not null);
create table history (ticket bigint primary key, client int, number int, delta int, noted timestamptz default now());
create index history_client on history (client, number);
create sequence tickets;
insert into accounts (id, balance) select g, 0 from generate_series(1, {ACCOUNTS}) g;
insert into tellers select g, 0 from generate_series(1, {TELLERS}) g;
insert into branches values (1, 0)
"""
SUMS = """
select (select sum(balance) from accounts), (select sum(balance) from tellers), (select sum(balance) from branches),
       (select coalesce(sum(delta), 0) from history)
"""

Transaction = tuple[int, int]


class Ledger:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.acknowledged: set[Transaction] = set()
        self.in_doubt: set[Transaction] = set()
        self.decided: dict[Transaction, bool] = {}  # those once in doubt: were they there after the restart?
        self.tickets: Counter[int] = Counter()

    # -- from the clients ----------------------------------------------------------------------------------------------
    def note_acknowledged(self, transaction: Transaction) -> None:
        with self._lock:
            self.acknowledged.add(transaction)

    def note_in_doubt(self, transaction: Transaction) -> None:
        with self._lock:
            self.in_doubt.add(transaction)

    def note_tickets(self, values: list[int]) -> None:
        with self._lock:
            self.tickets.update(values)

    # -- after a restart -----------------------------------------------------------------------------------------------
    def check(self, wire: Wire) -> list[str]:
        rows = wire.query("select client, number, ticket from history", timeout=120).rows
        present = {(int(client), int(number)) for client, number, _ in rows}
        problems = [f"lost: client {c} transaction {n}" for c, n in sorted(self.acknowledged - present)]
        problems += [f"doubled: {len(rows) - len(present)} rows"] if len(rows) != len(present) else []
        strangers = present - self.acknowledged - self.in_doubt - self.decided.keys()
        problems += [f"never committed, but there: client {c} transaction {n}" for c, n in sorted(strangers)]
        problems += [f"changed its mind: client {c} transaction {n}" for (c, n), was in sorted(self.decided.items())
                     if was != ((c, n) in present)]  # fmt: skip
        problems += [f"sequence value told {count} times: {value}" for value, count in self.tickets.items() if count > 1]
        for transaction in self.in_doubt:
            self.decided[transaction] = transaction in present
        self.in_doubt.clear()
        sums = wire.query(SUMS, timeout=120).rows[0]
        if len(set(sums)) != 1:
            problems.append(f"accounts, tellers, branches, history add up to {', '.join(map(str, sums))}")
        return problems + self._check_by_index(wire, len(rows))

    @staticmethod
    def _check_by_index(wire: Wire, expected: int) -> list[str]:
        """The indexes lead to as many rows as the heap has."""
        wire.query("set enable_seqscan = off")
        by_ticket = int(wire.query("select count(*) from history where ticket > 0", timeout=120).rows[0][0])
        by_client = int(wire.query("select count(*) from history where client >= 0", timeout=120).rows[0][0])
        wire.query("reset enable_seqscan")
        return [] if by_ticket == by_client == expected else [f"{expected} rows, by index {by_ticket} and {by_client}"]
