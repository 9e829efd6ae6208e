"""Tables under sessions that really wait: misses, locks, races between look and insertion, at every seed."""

from __future__ import annotations

import asyncio
import random

import pytest

from aurorapy.access.vacuum import check_table, vacuum_table
from aurorapy.errors import DeadlockDetected, UniqueViolation
from aurorapy.host.tasks import GreenletTasks
from aurorapy_native.heap import BEING_MODIFIED, OK, UPDATED_BY_OTHER
from tests.access.support import make_env, open_table, rows_of

PKEY = ("t_pkey", (1,), True)


class Loop:
    """Tasks whose page reads and give_ways switch to one another, in an order drawn from the seed."""

    def __init__(self, seed, frames=96):
        self.loop = asyncio.new_event_loop()
        self.tasks = GreenletTasks(self.loop)
        self.random = random.Random(seed)
        self.env = make_env(frames, tasks=self.tasks)
        read = self.env.volume.read_page
        self.env.pool.reader = lambda page_no: self.switch() or read(page_no)

    def switch(self):
        if self.tasks.current() is not None:
            if self.random.random() < 0.3:
                self.env.pool.drop_all()
            for _ in range(self.random.randrange(3)):
                self.tasks.pause()

    def run(self, *works):
        """Runs functions side by side to their end; raises the first failure."""

        def main():
            tasks = [self.tasks.spawn(work, n) for n, work in enumerate(works)]
            for task in tasks:
                task.join(30)
            for task in tasks:
                if task.error is not None:
                    raise task.error

        self.tasks.run(main)

    def close(self):
        self.loop.close()


@pytest.fixture
def loop(request):
    loop = Loop(request.param)
    yield loop
    assert loop.env.pool.misses > 0
    loop.close()


def add_one(env, table, key):
    """Adds 1 to the row's number as READ COMMITTED does: waits, and goes on with the newest version."""
    txn = env.txns.begin()
    snapshot = txn.snapshot()
    found = table.fetch_by_key(20001, (key,), snapshot, (2, -1))
    number, tid = int(found[0]), found[1]
    while True:
        outcome = table.update(txn, tid, (key, str(number + 1)), snapshot)
        if outcome.code == OK:
            break
        if outcome.code == BEING_MODIFIED:
            txn.wait_for(outcome.xid)
        else:
            assert outcome.code == UPDATED_BY_OTHER
            tid = outcome.tid
        snapshot = txn.snapshot()
        newest = table.fetch(tid, snapshot, (2, -1))
        if newest is not None:
            number, tid = int(newest[0]), newest[1]
    txn.commit()


@pytest.mark.parametrize("loop", range(8), indirect=True)
def test_no_update_is_lost(loop):
    env = loop.env
    table = open_table(env, indexes=[PKEY])

    def setup(_):
        txn = env.txns.begin()
        table.insert_many(txn, [(n, "0") for n in range(5)])
        txn.commit()

    def work(_):
        for _ in range(20):
            add_one(env, table, loop.random.randrange(5))
            loop.switch()

    loop.run(setup)
    loop.run(*[work] * 6, lambda _: [vacuum_table(table, env.txns, loop.switch) for _ in range(5)])
    rows = loop.tasks.run(lambda: rows_of(table.heap, env.txns.begin().snapshot(), (1, 2)))
    assert sorted(n for n, _ in rows) == list(range(5)) and sum(int(text) for _, text in rows) == 120
    assert loop.tasks.run(check_table, table) == []


@pytest.mark.parametrize("loop", range(8), indirect=True)
def test_a_key_is_taken_once(loop):
    env = loop.env
    table = open_table(env, indexes=[PKEY, ("t_b_idx", (2,), False)])
    won, lost = [], []

    def run(me):
        for _ in range(40):
            key = loop.random.randrange(60)
            txn = env.txns.begin()
            try:
                if loop.random.random() < 0.5:
                    table.insert(txn, (key, f"{me}"))
                    mine = True
                else:
                    mine = table.insert_on_conflict(txn, (key, f"{me}"), (20001,))[0] is not None
            except (UniqueViolation, DeadlockDetected):
                txn.abort()
                lost.append(key)
                continue
            loop.switch()
            if loop.random.random() < 0.3:
                txn.abort()
                continue
            txn.commit()
            if mine:
                won.append(key)

    loop.run(*[run] * 5, lambda _: [vacuum_table(table, env.txns, loop.switch) for _ in range(8)])
    keys = sorted(n for (n,) in loop.tasks.run(lambda: rows_of(table.heap, env.txns.begin().snapshot(), (1,))))
    assert keys == sorted(won) and len(set(keys)) == len(keys) and lost
    assert loop.tasks.run(check_table, table) == []


@pytest.mark.parametrize("loop", range(4), indirect=True)
def test_readers_see_whole_transfers(loop):
    env = loop.env
    table = open_table(env, "a:23 b:23 c:25", indexes=[PKEY])
    filler = "x" * 300

    def setup(_):
        txn = env.txns.begin()
        table.insert_many(txn, [(n, 100, filler) for n in range(300)])
        txn.commit()

    def transfer(_):
        for _ in range(30):
            txn = env.txns.begin()
            snapshot = txn.snapshot()
            one, two = loop.random.sample(range(300), 2)
            for key, amount in ((one, -7), (two, 7)):
                balance, tid = table.fetch_by_key(20001, (key,), snapshot, (2, -1))
                if table.update(txn, tid, (key, balance + amount, filler), snapshot).code != OK:
                    txn.abort()
                    break
                loop.switch()
            else:
                txn.commit()

    def read(_):
        for _ in range(6):
            txn = env.txns.begin("repeatable read")
            snapshot = txn.snapshot()
            table.give_way = loop.switch
            total = sum(row[0] for page in table.scan(snapshot, (2,)) for row in page)
            index = table.index(20001)
            rows = [r for page in table.index_pages(index, [(None, None, True, True)], False, snapshot, (1, 2)) for r in page]
            assert total == 30_000 == sum(b for _, b in rows) and [a for a, _ in rows] == list(range(300))
            txn.commit()

    loop.run(setup)
    loop.run(*[transfer] * 3, *[read] * 2, lambda _: [vacuum_table(table, env.txns, loop.switch) for _ in range(5)])
    assert loop.tasks.run(check_table, table) == [] and env.pool.pinned() == 0
