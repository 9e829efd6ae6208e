"""python -m tests.instance NAME [options]: long runs over a writer and its readers, on six storage nodes, real processes.

    long-fork --rounds 20000 --pages 16     two writers, four readers (two on the writer, one on each of two readers):
                                            no two snapshots may disagree about which of two commits came first
    list-append --transactions 20000        REPEATABLE READ: appends to two lists at once, snapshots of four lists
    ddl --rounds 200                        definitions change on the writer under queries on readers
    churn --rounds 500                      old snapshots on readers under updates, vacuum, and indexes that come and go
    fifteen                                 fifteen readers, and a query on each after a commit that all have heard

Says every ten seconds how far it is, at the end what was done and what was wrong; exit status 1 for anything wrong. SIGINT
and SIGTERM end a run early: what it has seen until then is checked and told like the rest, and the status is 3 where nothing
was wrong.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable

from tests.instance import histories
from tests.instance.churn import MAKE, Churn
from tests.support.node_process import ProcessFleet

PROGRESS_SECONDS = 10.0
UNCHANGED_SECONDS = 0.001  # a snapshot seen again: the processors are the writers' for so long,
UNCHANGED_SECONDS_MAX = 0.02  # or until a transaction has ended
POSTGRES_OWN = {"42P01", "42703", "40001", "42804", "0A000"}  # what PostgreSQL says to a query that meets these changes


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.instance")
    parser.add_argument("name", choices=("long-fork", "list-append", "ddl", "churn", "fifteen"))
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--transactions", type=int, default=2000)
    parser.add_argument("--pages", type=int, default=16384, help="shared_buffers of the readers, in pages")
    parser.add_argument("--directory", default=None)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="readers-", dir=options.directory))
    runs = {"long-fork": long_fork, "list-append": list_append, "ddl": definitions, "churn": old_snapshots, "fifteen": fifteen}
    sys.setswitchinterval(0.0005)  # seven threads share this process: none waits 5 ms for another's turn to end
    started = time.monotonic()
    try:
        with ProcessFleet(directory / "fleet", is_apart=True) as fleet:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: Threads.interrupt())
            problems = runs[options.name](fleet, options)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    for problem in problems[:20]:
        print("WRONG:", problem)
    early = ", interrupted" if Threads.interrupted else ""
    print(f"{options.name}: {len(problems)} wrong, {time.monotonic() - started:.0f} s{early}", flush=True)
    return 1 if problems else 3 if Threads.interrupted else 0


class Threads:
    """Work on threads until `stop`, or until the run is interrupted; what fails is a problem."""

    interrupted = False

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._stopped = False
        self._threads: list[threading.Thread] = []

    @classmethod
    def interrupt(cls) -> None:
        cls.interrupted = True

    @property
    def stopping(self) -> bool:
        return self._stopped or Threads.interrupted

    def wait_for(self, works: list[threading.Thread], how_far: Callable[[], str]) -> None:
        """Says now and then how far they are."""
        began = said = time.monotonic()
        while any(work.is_alive() for work in works):
            works[0].join(0.2)
            works = [*works[1:], works[0]]
            if time.monotonic() - said > PROGRESS_SECONDS:
                said = time.monotonic()
                print(f"{said - began:.0f} s: {how_far()}, {len(self.problems)} wrong", flush=True)

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
        self._stopped = True
        for thread in self._threads:
            thread.join(60)


def start_readers(fleet: ProcessFleet, count: int, pages: int, settings: dict[str, str] | None = None) -> list[Any]:
    settings = {"shared_buffers": str(pages), **(settings or {})}
    readers = [fleet.new_reader(f"r{number}", settings) for number in range(1, count + 1)]
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
    written, reads = [0, 0], [0] * 4

    def write(server: Any, key: int) -> None:
        with server.connect() as wire:
            while written[key - 1] < options.rounds and not threads.stopping:
                reply = wire.query(f"update pair set n = n + 1 where id = {key}")
                assert not reply.error, reply.error
                written[key - 1] += 1

    def read(server: Any, number: int) -> None:
        last = (0, 0)
        with server.connect() as wire:
            while not threads.stopping:
                if number % 2:
                    wire.extended("select t from filler where id = $1", [str(1 + hash((number, last)) % 2000)])
                reply = wire.query("select n from pair order by id")
                assert not reply.error, reply.error
                now = tuple(int(n) for (n,) in reply.rows)
                if now[0] < last[0] or now[1] < last[1]:
                    threads.problems.append(f"reader {number} went back from {last} to {now}")
                if now == last:
                    time.sleep(UNCHANGED_SECONDS)
                last = now
                seen[number].add(now)
                reads[number] += 1

    def how_far() -> str:
        return f"{min(written)} of {options.rounds} rounds; snapshots read {reads}, different ones {[len(each) for each in seen]}"

    for number, server in enumerate((fleet.writer, fleet.writer, *readers)):
        threads.start(read, server, number)
    threads.wait_for([threads.start(write, fleet.writer, key) for key in (1, 2)], how_far)
    time.sleep(0.5)
    threads.stop()
    print(how_far())
    return threads.problems + histories.forks(seen)


# With parameters: as a new text each time, parsing it was most of a run.
APPEND = "insert into lists values ($1, $2) on conflict (id) do update set v = lists.v || $2"


def list_append(fleet: ProcessFleet, options: argparse.Namespace) -> list[str]:
    fleet.query("create table lists (id int primary key, v text not null)")
    readers = start_readers(fleet, 2, options.pages)
    threads, history = Threads(), histories.ListAppend()

    def write(server: Any, number: int) -> None:
        with server.connect() as wire:
            while not threads.stopping and (transaction := history.begin()) is not None:
                key, other, value = transaction
                replies = [
                    wire.query("begin isolation level repeatable read"),
                    wire.extended(APPEND, [str(key), f",{value}"]),
                    wire.extended(APPEND, [str(other), f",{value}"]),
                    wire.query("commit"),
                ]
                errors = [reply.error for reply in replies if reply.error]
                if errors and errors[0]["C"] not in ("40001", "40P01", "23505"):
                    threads.problems.append(str(errors[0]))
                history.ended(value, key, other, committed=not errors and replies[-1].results[-1].tag == "COMMIT")

    def read(server: Any, number: int) -> None:
        before: list[tuple] = []
        with server.connect() as wire:
            while not threads.stopping:
                keys = history.keys()
                first, last = keys[0], keys[-1]
                wire.query("begin isolation level repeatable read")
                rows = [*wire.extended("select id, v from lists where id in ($1, $2)", [str(keys[0]), str(keys[1])]).rows]
                rows += wire.extended("select id, v from lists where id between $1 and $2", [str(first), str(last)]).rows
                wire.query("commit")
                history.read(number, rows)
                if rows == before:
                    history.wait(UNCHANGED_SECONDS_MAX)
                before = rows

    def how_far() -> str:
        return f"{history.begun} of {options.transactions} transactions, {history.committed()} committed; {history.reads} snapshots read"

    history.total = options.transactions
    for number, server in enumerate((fleet.writer, *readers, *readers)):
        threads.start(read, server, number)
    threads.wait_for([threads.start(write, fleet.writer, number) for number in range(2)], how_far)
    until_seen(readers, "select count(*) from lists", fleet.query("select count(*) from lists"))
    threads.stop()
    final = dict(fleet.query("select id, v from lists"))
    print(how_far())
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
    threads, asked, changed = Threads(), [0, 0], [0]
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
    def change(server: Any) -> None:
        with server.connect() as wire:
            for sql in itertools.islice(itertools.cycle(CHANGES), options.rounds):
                if threads.stopping:
                    break
                reply = wire.query(sql)
                if reply.error:
                    threads.problems.append(f"writer: {sql}: {reply.error}")
                changed[0] += 1

    def how_far() -> str:
        return f"{changed[0]} of {options.rounds} changes under {sum(asked)} queries"

    threads.wait_for([threads.start(change, fleet.writer)], how_far)
    threads.stop()
    print(how_far())
    return threads.problems


def old_snapshots(fleet: ProcessFleet, options: argparse.Namespace) -> list[str]:
    for sql in MAKE:
        fleet.query(sql)
    readers = start_readers(fleet, 2, options.pages, {"max_standby_streaming_delay": "800ms"})
    until_seen(readers, "select count(*) from churned where v > 0", fleet.query("select count(*) from churned"))
    threads = Threads()
    churn = Churn(options.rounds, threads)
    works = [threads.start(churn.read, server, number) for number, server in enumerate((*readers, *readers))]
    for number in range(2):
        threads.start(churn.write, fleet.writer, number)
    threads.start(churn.define, fleet.writer)
    threads.wait_for(works, churn.how_far)
    threads.stop()
    print(churn.how_far())
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
