"""Clients that write until the server dies, each on a thread, and note what they were told.

One transaction changes an account, a teller and the branch by the same amount and adds a line of history under the
sequence's next value. It is sent in one of three ways: statement by statement, as one message of several statements, or
in the extended protocol; sometimes it is rolled back instead, sometimes part of it to a savepoint.

Errors: a server error other than a serialization failure, deadlock or shutdown is kept in `Writers.problems`.
"""

from __future__ import annotations

import random
import threading

from tests.crash.ledger import ACCOUNTS, TELLERS, Ledger
from tests.support.pgwire import ConnectionLost, Reply, ServerRefused, Wire

EXPECTED_ERRORS = ("40001", "40P01", "57P01", "57P03", "58030", "53100")


class Writers:
    def __init__(self, port: int, clients: int, ledger: Ledger, seed: int) -> None:
        self.port = port
        self.ledger = ledger
        self.problems: list[str] = []
        self.done = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(client, random.Random(seed * 1000 + client), seed))
            for client in range(clients)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """After the server has died, or `done` was set."""
        for thread in self._threads:
            thread.join(30)
            if thread.is_alive():
                self.problems.append("a client hangs although the server is gone")

    def _write(self, client: int, random_: random.Random, round_: int) -> None:
        number = round_ * 1_000_000
        try:
            wire = Wire.connect("127.0.0.1", self.port)
        except (OSError, ConnectionLost, ServerRefused):
            return
        while not self.done.is_set():
            number += 1
            try:
                _Transfer(wire, self.ledger, (client, number), random_).run()
            except (ConnectionLost, OSError):
                return
            except UnexpectedError as problem:
                self.problems.append(str(problem))
                return
        wire.close()


class UnexpectedError(Exception):
    """The server answered with an error that this load cannot cause."""


class _Transfer:
    """One transaction."""

    def __init__(self, wire: Wire, ledger: Ledger, identity: tuple[int, int], random_: random.Random) -> None:
        self.wire = wire
        self.ledger = ledger
        self.identity = identity
        self.random = random_
        self.delta = random_.randint(-5000, 5000)
        self.changes = [
            f"update accounts set balance = balance + {self.delta} where id = {random_.randint(1, ACCOUNTS)}",
            f"update tellers set balance = balance + {self.delta} where id = {random_.randint(1, TELLERS)}",
            f"update branches set balance = balance + {self.delta} where id = 1",
        ]
        client, number = identity
        self.note = (
            f"insert into history (ticket, client, number, delta) values (nextval('tickets'), {client}, {number}, "
            f"{self.delta}) returning ticket"
        )

    def run(self) -> None:
        way = self.random.random()
        if way < 0.4:
            self._in_one_message()
        elif way < 0.7:
            self._statement_by_statement(self.wire.query)
        elif way < 0.95:
            self._statement_by_statement(self.wire.extended)
        else:
            self._only_a_ticket()

    def _in_one_message(self) -> None:
        self.wire.send_query("; ".join(["begin", *self.changes, self.note, "commit"]))
        self._await_commit()

    def _statement_by_statement(self, ask) -> None:
        statements = ["begin", *self.changes, self.note]
        if self.random.random() < 0.1:
            statements[1:1] = ["savepoint s", "update branches set balance = balance + 7 where id = 1", "rollback to s"]
        for statement in statements:
            reply = ask(statement)
            self._note_tickets(reply)
            if reply.error:
                self._refuse(reply)
                self.wire.query("rollback")
                return
        if self.random.random() < 0.05:
            self.wire.query("rollback")
            return
        self.wire.send_query("commit")
        self._await_commit()

    def _only_a_ticket(self) -> None:
        self._note_tickets(self.wire.query("select nextval('tickets')"))

    def _await_commit(self) -> None:
        try:
            reply = self.wire.reply()
        except (ConnectionLost, OSError):
            self.ledger.note_in_doubt(self.identity)
            raise
        self._note_tickets(reply)
        if reply.error:
            self._refuse(reply)
            if reply.status != "I":
                self.wire.query("rollback")
            if reply.error["C"] not in ("40001", "40P01"):
                self.ledger.note_in_doubt(self.identity)
            return
        if reply.results[-1].tag == "COMMIT":
            self.ledger.note_acknowledged(self.identity)

    def _note_tickets(self, reply: Reply) -> None:
        values = [int(row[0]) for result in reply.results if result.columns for row in result.rows]
        if values:
            self.ledger.note_tickets(values)

    def _refuse(self, reply: Reply) -> None:
        if reply.error["C"] not in EXPECTED_ERRORS:
            raise UnexpectedError(f"{self.identity}: {reply.error}")
