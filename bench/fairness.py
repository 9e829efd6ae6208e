"""How long a point SELECT waits while another client runs one long statement, beside PostgreSQL 15.

    python -m bench fairness                      every statement of `STATEMENTS`, both servers
    python -m bench fairness --only sort --ours --rounds 1

    client 1   ──── one long statement, in a process of its own ─────────────────▶
    client 2   ─ point SELECT ─ point SELECT ─ point SELECT ─ …        worst and 99th percentile of these

Four tables: how long the point SELECT that waited longest took; the longest wait without the time in which the server's
main thread was ready to run and had no processor; the CPU time that thread used in the longest such wait; how long the
statement itself took. On a machine that others share the second and third are the honest ones: they leave out what the
kernel gave to somebody else. The kernel counts CPU time of a thread that runs in ticks of up to 4 ms.

Not here: throughput (`oltp`).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from dataclasses import dataclass

from bench import options as common
from bench.contestants import Contestant, say, turns
from bench.goals import Goal
from bench.report import Measure, Measures, Report
from tests.support.pgwire import Wire

NAME = "fairness"
ALLOWED = Goal(20, 10, less=True)  # ms
ROWS = 300_000
STATEMENT_SECONDS_MAX = 300

SETUP = [
    "drop table if exists fair, point, doc, target, dead, made",
    f"create table fair as select i as id, (i::bigint * 7919 % {ROWS})::int as a, i % 1000 as b, md5(i::text) as t "
    f"from generate_series(1, {ROWS}) i",
    "alter table fair add primary key (id)",
    "create table point (id int primary key, v text)",
    "insert into point select i, 'value ' || i from generate_series(1, 10000) i",
    f"create table doc as select jsonb_agg(jsonb_build_object('k', i, 'v', i::text)) as j from generate_series(1, {ROWS // 3}) i",
    "create table target (id int, a int, t text)",
    "create table dead (id int primary key, a int)",
    f"insert into dead select i, i from generate_series(1, {ROWS}) i",
    "delete from dead where id % 3 = 0",
    "analyze fair",
]
STATEMENTS = {
    "scan": "select count(*) from fair where a % 7 = 3",
    "sort integers": "select count(*) from (select id from fair order by a offset 0) s",
    "sort texts, output": "select id, t from fair order by t",
    "sort two keys, mixed": "select count(*) from (select id from fair order by b, a desc offset 0) s",
    "sort in little memory": "set work_mem = '1MB'; select count(*) from (select id from fair order by t offset 0) s",
    "top 50,000": "select count(*) from (select id from fair order by t limit 50000) s",
    "hash join": "select count(*) from fair x join fair y on x.a = y.id",
    "hash left join": "select count(y.t) from fair x left join fair y on x.a = y.id and y.b > 3",
    "hash full join": "select count(*) from fair x full join (select a + 5 as k from fair) y on x.a = y.k",
    "semi join": "select count(*) from fair where id in (select a + 1 from fair)",
    "not in": "select count(*) from fair where id not in (select a from fair)",
    "nested loop": "select count(*) from point x, point y where x.id < 200 and x.id + y.id = 7",
    "group by, many groups": "select count(*) from (select a, sum(id), max(t) from fair group by a) s",
    "group by, few groups": "select b, count(*), sum(a), avg(id) from fair group by b",
    "rollup": "select count(*) from (select b, a % 100, count(*) from fair group by rollup (b, a % 100)) s",
    "array_agg": "select length(array_agg(t order by t)::text) from fair",
    "string_agg": "select length(string_agg(t, ',')) from fair",
    "percentile": "select percentile_cont(0.5) within group (order by a) from fair",
    "count distinct": "select count(distinct t) from fair",
    "distinct": "select count(*) from (select distinct t from fair) s",
    "union": "select count(*) from (select a from fair union select id + 100000 from fair) s",
    "intersect": "select count(*) from (select a from fair intersect select id from fair) s",
    "except": "select count(*) from (select id from fair except select a + 3 from fair) s",
    "row_number": "select count(*) from (select row_number() over (order by a) from fair) s",
    "rank, partitions": "select count(*) from (select rank() over (partition by b order by t) from fair) s",
    "running sum": "select max(s) from (select sum(a) over (order by id) as s from fair) q",
    "lag": "select max(s) from (select lag(t, 3) over (order by id) as s from fair) q",
    "ntile": "select max(s) from (select ntile(7) over (order by id) as s from fair) q",
    "first_value": "select max(s) from (select first_value(t) over (order by a) as s from fair) q",
    "materialized with": "with q as materialized (select * from fair) select count(*) from q x where a > 5",
    "recursive": "with recursive q(n) as (select 1 union all select n + 1 from q where n < 200000) select count(*) from q",
    "generate_series": "select count(*) from generate_series(1, 1000000)",
    "array subquery": "select array_length(array(select t from fair), 1)",
    "unnest": "select count(*) from unnest(array(select id from fair)) u",
    "insert select": "insert into target select id, a, t from fair",
    "update": "update target set a = a + 1",
    "delete": "delete from target",
    "create index": "create index fair_t on fair (t)",
    "create index, two keys": "create index fair_ba on fair (b, a)",
    "add foreign key": "alter table fair add foreign key (id) references fair (id)",
    "rewrite": "alter table fair alter column b type bigint",
    "copy out": "copy fair to stdout",
    "copy in": "copy target from stdin",
    "analyze": "analyze fair",
    "vacuum": "vacuum dead",
    "create table as": "create table made as select * from fair",
    "long VALUES": f"insert into target values {','.join(f'({i},{i},$${i}$$)' for i in range(20_000))}",
    "long sum of terms": f"select {'+'.join(['1'] * 5_000)}",
    "long IN list": f"select count(*) from fair where id in ({','.join(map(str, range(20_000)))})",
    "repeat 100 MB": "select length(repeat('abcdefghij', 10000000))",
    "replace 100 MB": "select length(replace(repeat('abcdefghij', 10000000), 'c', 'xyz'))",
    "md5 of 100 MB": "select md5(repeat('abcdefghij', 10000000))",
    "reverse, upper 50 MB": "select length(upper(reverse(repeat('abcdefghij', 5000000))))",
    "text out 50 MB": "select repeat('abcdefghij', 5000000)",
    "string_to_array": "select array_length(string_to_array(repeat('a,', 2000000), ','), 1)",
    "regexp_replace": "select length(regexp_replace(repeat('abc ', 500000), '[bc]+', 'x', 'g'))",
    "jsonb parse": "select length((select j::text from doc)::jsonb::text)",
    "jsonb elements": "select count(*) from jsonb_array_elements((select j from doc)) e",
    "jsonb contains": "select count(*) from doc where j @> '[{\"k\": 77}]'",
    "jsonb change": "select length((j || '[1]')::text) from doc",
    "gcd of long numbers": "select length(gcd(repeat('7', 10000)::numeric, repeat('3', 9999)::numeric)::text)",
    "long multiplication": "select length((repeat('7', 60000)::numeric * repeat('3', 60000)::numeric)::text)",
    "long division": "select length((repeat('7', 60000)::numeric / repeat('3', 30000)::numeric)::text)",
    "power": "select length((3::numeric ^ 20000)::text)",
    "sqrt of a long number": "select length(sqrt(repeat('7', 60000)::numeric)::text)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """One statement on one server; `error` is its SQLSTATE."""

    seconds: float
    answers: int
    worst_ms: float
    p99_ms: float
    worst_own_ms: float
    worst_cpu_ms: float
    error: str | None = None


def add_options(parser: argparse.ArgumentParser) -> None:
    common.add_common(parser)
    parser.set_defaults(rounds=3)
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="statements whose name contains one of these")
    parser.add_argument("--ours", action="store_true", help="without PostgreSQL")


def run(options: argparse.Namespace) -> Report:
    waits, own = Measures("longest wait"), Measures("longest wait, but for waiting for a processor")
    work, takes = Measures("main thread's CPU in a wait, at most"), Measures("the statement itself")
    only = getattr(options, "only", None)
    names = [n for n in STATEMENTS if not only or any(text in n for text in only)]
    with common.contestants(options) as servers:
        report = Report(
            "Fairness: a point SELECT beside one long statement", common.facts(options, servers), [waits, own, work, takes]
        )
        asked = [server for server in servers if not (options.ours and server.is_reference)]
        for number in range(options.rounds):
            for server in turns(asked, number):
                set_up(server)
                for name in names:
                    found = measure(server, STATEMENTS[name])
                    say(f"{server.name}, {name}: {found}")
                    waits.add(Measure(name, "ms", ALLOWED), server.name, found.worst_ms)
                    takes.add(Measure(name, "s"), server.name, found.seconds)
                    if not server.is_reference:
                        own.add(Measure(name, "ms", ALLOWED), server.name, found.worst_own_ms)
                        work.add(Measure(name, "ms", ALLOWED), server.name, found.worst_cpu_ms)
    return report


def set_up(server: Contestant) -> None:
    for sql in SETUP:
        server.ask(sql)


def measure(server: Contestant, sql: str) -> Measured:
    """Runs `sql` in a process of its own and asks for single rows until it is done."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=run_long, args=(server.port, sql, theirs))
    with server.connect() as wire:
        ask = prepared_question(wire)
        for _ in range(200):
            ask()
        process.start()
        ours.recv()  # it is connected
        ours.send("go")
        latencies, cpu, delays = [], [], []
        pid = server.server.pid
        with open(f"/proc/{pid}/task/{pid}/schedstat", "rb", buffering=0) as main_thread:
            while not ours.poll():
                used, delayed = _running_and_waiting(main_thread)
                start = time.perf_counter()
                ask()
                latencies.append((time.perf_counter() - start) * 1000)
                now = _running_and_waiting(main_thread)
                cpu.append(now[0] - used)
                delays.append(now[1] - delayed)
    seconds, error = ours.recv()
    process.join()
    ordered = sorted(latencies) or [0.0]
    own = max((latency - delay for latency, delay in zip(latencies, delays)), default=0.0)
    return Measured(
        seconds, len(latencies), ordered[-1], ordered[int(len(ordered) * 0.99)], own, max(cpu, default=0.0), error
    )


def _running_and_waiting(schedstat) -> tuple[float, float]:
    """Milliseconds for which the thread has run, and was ready but had no processor."""
    running, waiting, _ = os.pread(schedstat.fileno(), 100, 0).split()
    return int(running) / 1e6, int(waiting) / 1e6


def prepared_question(wire: Wire):
    """A function that asks for one row by key and waits for it."""
    number = 0

    def ask() -> None:
        nonlocal number
        number = number % 10_000 + 1
        if wire.extended("select v from point where id = $1", [str(number)]).rows != [(f"value {number}",)]:
            raise AssertionError("a wrong row")

    return ask


def run_long(port: int, sql: str, pipe) -> None:
    """In the other process: (seconds, SQLSTATE or None) into `pipe`."""
    with Wire.connect("127.0.0.1", port) as wire:
        pipe.send("ready")
        pipe.recv()
        data = b"".join(b"%d\t%d\tsome text\n" % (i, i) for i in range(ROWS)) if "from stdin" in sql else None
        start = time.perf_counter()
        reply = wire.query(sql, STATEMENT_SECONDS_MAX)
        if data is not None:
            reply = wire.copy_in(data, STATEMENT_SECONDS_MAX)
        pipe.send((time.perf_counter() - start, reply.error["C"] if reply.error else None))
