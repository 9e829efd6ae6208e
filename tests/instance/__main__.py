"""python -m tests.instance NAME [options]: long runs over a writer and its readers, on six storage nodes, real processes.

    long-fork --rounds 20000 --pages 16     two writers, four readers (two on the writer, one on each of two readers):
                                            no two snapshots may disagree about which of two commits came first
    list-append --transactions 20000        REPEATABLE READ: appends to two lists at once, snapshots of four lists
    ddl --rounds 200                        definitions change on the writer under queries on readers
    fifteen                                 fifteen readers, and a query on each after a commit that all have heard

Prints what was done and what was wrong; exit status 1 for anything wrong.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable

from tests.instance import histories
from tests.support.node_process import ProcessFleet

POSTGRES_OWN = {"42P01", "42703", "40001", "42804", "0A000"}  # what PostgreSQL says to a query that meets these changes


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.instance")
    parser.add_argument("name", choices=("long-fork", "list-append", "ddl", "fifteen"))
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--transactions", type=int, default=2000)
    parser.add_argument("--pages", type=int, default=16384, help="shared_buffers of the readers, in pages")
    parser.add_argument("--directory", default=None)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="readers-", dir=options.directory))
    runs = {"long-fork": long_fork, "list-append": list_append, "ddl": definitions, "fifteen": fifteen}
    started = time.monotonic()
    try:
        with ProcessFleet(directory / "fleet") as fleet:
            problems = runs[options.name](fleet, options)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    for problem in problems[:20]:
        print("WRONG:", problem)
    print(f"{options.name}: {len(problems)} wrong, {time.monotonic() - started:.0f} s")
    return 1 if problems else 0


class Threads:
    """Work on threads until `stop`; what fails is a problem."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.stopping = False
        self._threads: list[threading.Thread] = []

    def start(self, work: Callable[..., None], *arguments: Any) -> threading.Thread:
        def run() -> None:
            try:
                work(*arguments)
            except Exception as error:  # noqa: BLE001 - told with the rest
                self.problems.append(f"{work.__name__}{arguments[1:]}: {error!r}")

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def stop(self) -> None:
        self.stopping = True
        for thread in self._threads:
            thread.join(60)


def start_readers(fleet: ProcessFleet, count: int, pages: int) -> list[Any]:
    readers = [fleet.new_reader(f"r{number}", {"shared_buffers": str(pages)}) for number in range(1, count + 1)]
    for reader in readers:
        reader.start()
    return readers


def until_seen(readers: list[Any], sql: str, rows: list[tuple], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    for reader in readers:
        with reader.connect() as wire:
            while wire.query(sql).rows != rows:
                if time.monotonic() > deadline:
                    raise AssertionError(f"{reader.directory.name} does not see {rows}")
                time.sleep(0.01)


def long_fork(fleet: ProcessFleet, options: argparse.Namespace) -> list[str]:
    fleet.query("create table pair (id int primary key, n int); insert into pair values (1, 0), (2, 0)")
    fleet.query("create table filler (id int primary key, t text); insert into filler select g, repeat('x', 500) from generate_series(1, 2000) g")
    readers = start_readers(fleet, 2, options.pages)
    until_seen(readers, "select count(*) from filler", [("2000",)])
    threads, seen = Threads(), [set() for _ in range(4)]

    def write(server: Any, key: int) -> None:
        with server.connect() as wire:
            for _ in range(options.rounds):
                reply = wire.query(f"update pair set n = n + 1 where id = {key}")
                assert not reply.error, reply.error

    def read(server: Any, number: int) -> None:
        last = (0, 0)
        with server.connect() as wire:
            while not threads.stopping:
                if number % 2:
                    wire.query(f"select t from filler where id = {1 + hash((number, last)) % 2000}")
                reply = wire.query("select n from pair order by id")
                assert not reply.error, reply.error
                now = tuple(int(n) for (n,) in reply.rows)
                if now[0] < last[0] or now[1] < last[1]:
                    threads.problems.append(f"reader {number} went back from {last} to {now}")
                last = now
                seen[number].add(now)

    for number, server in enumerate((fleet.writer, fleet.writer, *readers)):
        threads.start(read, server, number)
    writing = [threads.start(write, fleet.writer, key) for key in (1, 2)]
    for thread in writing:
        thread.join()
    time.sleep(0.5)
    threads.stop()
    print(f"{options.rounds} rounds; snapshots seen: {[len(each) for each in seen]}")
    return threads.problems + histories.forks(seen)


def list_append(fleet: ProcessFleet, options: argparse.Namespace) -> list[str]:
    fleet.query("create table lists (id int primary key, v text not null)")
    readers = start_readers(fleet, 2, options.pages)
    threads, history = Threads(), histories.ListAppend()

    def write(server: Any, number: int) -> None:
        with server.connect() as wire:
            while (transaction := history.begin()) is not None:
                key, other, value = transaction
                replies = [
                    wire.query("begin isolation level repeatable read"),
                    wire.query(f"insert into lists values ({key}, ',{value}') on conflict (id) do update set v = lists.v || ',{value}'"),
                    wire.query(f"insert into lists values ({other}, ',{value}') on conflict (id) do update set v = lists.v || ',{value}'"),
                    wire.query("commit"),
                ]
                errors = [reply.error for reply in replies if reply.error]
                if errors and errors[0]["C"] not in ("40001", "40P01", "23505"):
                    threads.problems.append(str(errors[0]))
                history.ended(value, key, other, committed=not errors and replies[-1].results[-1].tag == "COMMIT")

    def read(server: Any, number: int) -> None:
        with server.connect() as wire:
            while not threads.stopping:
                keys = history.keys()
                first, last = keys[0], keys[-1]
                wire.query("begin isolation level repeatable read")
                rows = [*wire.query(f"select id, v from lists where id in ({keys[0]}, {keys[1]})").rows]
                rows += wire.query(f"select id, v from lists where id between {first} and {last}").rows
                wire.query("commit")
                history.read(number, rows)

    history.total = options.transactions
    for number, server in enumerate((fleet.writer, *readers, *readers)):
        threads.start(read, server, number)
    writing = [threads.start(write, fleet.writer, number) for number in range(2)]
    for thread in writing:
        thread.join()
    until_seen(readers, "select count(*) from lists", fleet.query("select count(*) from lists"))
    threads.stop()
    final = dict(fleet.query("select id, v from lists"))
    print(f"{options.transactions} transactions, {history.committed()} committed; {len(history.snapshots)} snapshots read")
    return threads.problems + history.check(final)


CHANGES = (
    "alter table moving add column c int default 5", "alter table moving drop column c",
    "alter table moving alter column b type bigint", "alter table moving alter column b type int",
    "create index moving_b on moving (b)", "drop index moving_b",
    "begin; create table moved as select a, b from moving; drop table moving; create table moving as select * from moved; "
    "drop table moved; commit",
    "begin; truncate moving; insert into moving select g, 2 * g from generate_series(1, 100) g; commit",
    "update moving set b = b", "vacuum moving", "analyze moving",
    "begin; drop table moving; create table moving (a int primary key, b int); "
    "insert into moving select g, 2 * g from generate_series(1, 100) g; commit",
)  # fmt: skip


def definitions(fleet: ProcessFleet, options: argparse.Namespace) -> list[str]:
    fleet.query("create table moving (a int primary key, b int); insert into moving select g, 2 * g from generate_series(1, 100) g")
    readers = start_readers(fleet, 2, options.pages)
    until_seen(readers, "select count(*) from moving", [("100",)])
    threads, asked = Threads(), [0, 0]
    questions = (
        ("select count(*), sum(a), sum(b) from moving", [("100", "5050", "10100")]),
        ("select b from moving where a = 50", [("100",)]),
        ("select count(*) from moving where b between 21 and 40", [("10",)]),
        ("select count(*) from moving x join moving y on x.b = y.a", [("50",)]),
    )

    def read(server: Any, number: int) -> None:
        with server.connect() as wire:
            while not threads.stopping:
                for sql, rows in questions:
                    reply = wire.query(sql)
                    asked[number % 2] += 1
                    if reply.error:
                        if reply.error["C"] not in POSTGRES_OWN:
                            threads.problems.append(f"{sql}: {reply.error}")
                    elif reply.rows != rows:
                        threads.problems.append(f"{sql}: {reply.rows}")

    for number, server in enumerate((*readers, *readers)):
        threads.start(read, server, number)
    with fleet.writer.connect() as wire:
        for number in range(options.rounds):
            reply = wire.query(CHANGES[number % len(CHANGES)])
            if reply.error:
                threads.problems.append(f"writer: {CHANGES[number % len(CHANGES)]}: {reply.error}")
    threads.stop()
    print(f"{options.rounds} changes under {sum(asked)} queries")
    return threads.problems


def fifteen(fleet: ProcessFleet, options: argparse.Namespace) -> list[str]:
    readers = start_readers(fleet, 15, 64)
    fleet.query("create table barrier (n int); insert into barrier select generate_series(1, 1000)")
    lsn = fleet.query("select vdl from aurora_volume")[0][0]
    deadline = time.monotonic() + 30
    wanted = f"select count(*) from aurora_replica_status() where current_read_lsn >= '{lsn}' and session_id <> 'MASTER_SESSION_ID'"
    while fleet.query(wanted) != [("15",)] and time.monotonic() < deadline:
        time.sleep(0.05)
    counts = []
    for reader in readers:
        with reader.connect() as wire:
            counts.append(wire.query("select count(*) from barrier").rows)
    print(fleet.query("select server_id, replica_lag_in_msec from aurora_replica_status() order by 2 desc nulls last limit 3"))
    return [] if counts == [[("1000",)]] * 15 else [f"counts after a barrier commit: {counts}"]


if __name__ == "__main__":
    sys.exit(main())
