"""The heap against a model: whatever transactions do, each snapshot sees what it saw in the beginning.

The model keeps a dictionary of committed rows; a snapshot is a copy of it with the transaction's own changes laid over.
Pages are vacuumed in between, and at the end the volume crashes: the redo has built the same pages, and what was committed
is there.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurorapy_native.heap import BEING_MODIFIED, DELETED, OK, UPDATED_BY_OTHER
from aurorapy_native.heap_check import check_page
from aurorapy_native.heap_vacuum import free_dead, vacuum_page
from tests.access.support import fetch_all, make_env, open_heap, rows_of

COLUMNS = (1, 2, 3, -1)


class Session:
    """One transaction and what the model says it sees."""

    def __init__(self, world, repeatable):
        self.world = world
        self.txn = world.env.txns.begin("repeatable read" if repeatable else "read committed")
        self.repeatable = repeatable
        self.base = None
        self.layers = [{}]  # own changes, one dictionary a savepoint: id -> (k, text, version) or None
        self.held = []  # [(snapshot, expected)]

    def own(self):
        return {row: value for layer in self.layers for row, value in layer.items()}

    def expected(self):
        if self.repeatable and self.base is None:
            self.base = dict(self.world.committed)
        rows = dict(self.base if self.repeatable else self.world.committed) | self.own()
        return {row: value for row, value in rows.items() if value is not None}

    def snapshot(self):
        self.txn.next_command()
        return self.txn.snapshot(), self.expected()


class World:
    def __init__(self):
        self.env = make_env(256)
        self.heap = open_heap(self.env, "44t", indexed=(2,))
        self.committed = {}  # id -> (k, text, version)
        self.roots = []  # tids that an index would hold
        self.sessions = []
        self.readers = []
        self.versions = 0
        self.ids = 0

    def version(self, k, text):
        self.versions += 1
        return (k, text, self.versions)

    def session(self, pick):
        if not self.sessions:
            self.sessions.append(Session(self, pick % 2))
        return self.sessions[pick % len(self.sessions)]

    # -- steps: each takes two numbers

    def begin(self, a, b):
        if len(self.sessions) < 4:
            self.sessions.append(Session(self, a % 2))

    def insert(self, a, b):
        session = self.session(a)
        self.ids += 1
        value = self.version(b % 3, "x" * (b * 7))
        tid = self.heap.insert((self.ids, value[0], value[1]), session.txn.xid, session.txn.command)
        self.roots.append(tid)
        session.layers[-1][self.ids] = value

    def _target(self, a, b):
        session = self.session(a)
        snapshot, expected = session.snapshot()
        rows = sorted(rows_of(self.heap, snapshot, COLUMNS))
        return session, snapshot, expected, rows[b % len(rows)] if rows else None

    def _verdict(self, session, expected, row):
        for other in self.sessions:
            if other is not session and row in other.own():
                return (BEING_MODIFIED,)
        if row in session.own() or self.committed.get(row) == expected[row]:
            return (OK,)
        if self.committed.get(row) is None:
            return DELETED, UPDATED_BY_OTHER  # updated first, deleted afterwards
        return (UPDATED_BY_OTHER,)

    def update(self, a, b):
        session, snapshot, expected, found = self._target(a, b)
        if found is None:
            return
        row, k, text, tid = found
        value = self.version(k if a % 3 else k + 1, text[: b % 40] + "y" * (a % 50))
        txn = session.txn
        code, new, hot = self.heap.update(tid, (row, value[0], value[1]), txn.xid, txn.command, snapshot)
        assert code in self._verdict(session, expected, row)
        if code == OK:
            assert not hot or value[0] == k
            if not hot:
                self.roots.append(new)
            session.layers[-1][row] = value

    def delete(self, a, b):
        session, snapshot, expected, found = self._target(a, b)
        if found is None:
            return
        code, _, _ = self.heap.delete(found[3], session.txn.xid, session.txn.command, snapshot)
        assert code in self._verdict(session, expected, found[0])
        if code == OK:
            session.layers[-1][found[0]] = None

    def savepoint(self, a, b):
        session = self.session(a)
        session.txn.savepoint("s")
        session.layers.append({})

    def rollback_to(self, a, b):
        session = self.session(a)
        if len(session.layers) > 1:
            session.txn.rollback_to("s")
            session.layers[-1] = {}
            session.held.clear()

    def commit(self, a, b):
        if self.sessions:
            session = self.sessions.pop(a % len(self.sessions))
            session.held.clear()
            session.txn.commit()
            self.committed.update(session.own())

    def abort(self, a, b):
        if self.sessions:
            session = self.sessions.pop(a % len(self.sessions))
            session.held.clear()
            session.txn.abort()

    def hold(self, a, b):
        if b % 2:
            session = self.session(a)
            session.held.append(session.snapshot())
        else:
            committed = {row: value for row, value in self.committed.items() if value is not None}
            self.readers.append((self.env.status.snapshot(), committed))

    def let_go(self, a, b):
        if self.readers:
            self.readers.pop(a % len(self.readers))

    def vacuum(self, a, b):
        for block in range(self.heap.blocks):
            dead = []
            *_, free = vacuum_page(self.heap, block, dead)
            self.roots = [tid for tid in self.roots if tid not in dead]
            free_dead(self.heap, block, dead)
            self.heap.storage.remember_space(block, free)

    # -- what must hold

    def check(self):
        everybody = self.readers + [held for session in self.sessions for held in session.held]
        for snapshot, expected in everybody + [session.snapshot() for session in self.sessions]:
            self.check_reads(snapshot, expected)
        for block in range(self.heap.blocks):
            page = self.env.pool.page(self.heap.storage.page_number(block))
            assert check_page(page, self.heap.storage.root, self.heap.codec) == []

    def check_reads(self, snapshot, expected):
        wanted = sorted((row, k, text) for row, (k, text, _) in expected.items())
        assert sorted(rows_of(self.heap, snapshot, (1, 2, 3))) == wanted
        assert sorted(fetch_all(self.heap, self.roots, snapshot, (1, 2, 3))) == wanted

    def check_redo(self):
        self.env.volume.flush()
        numbers = [self.heap.storage.page_number(block) for block in range(self.heap.blocks)]
        for number in [*numbers, *self.env.pool.pages()]:
            here, there = self.env.pool.page(number), self.env.volume.pages[number]
            assert here[:8] == there[:8] and here[12:] == there[12:], f"page {number}"

    def check_crash(self):
        root = self.heap.storage.root
        self.readers.clear()
        self.env = self.env.crash()
        heap = open_heap(self.env, "44t", root)
        now = self.env.txns.begin().snapshot()
        wanted = sorted((row, v[0], v[1]) for row, v in self.committed.items() if v is not None)
        assert sorted(rows_of(heap, now, (1, 2, 3))) == wanted


STEPS = [World.begin, World.insert, World.insert, World.update, World.update, World.update, World.delete, World.savepoint,
         World.rollback_to, World.commit, World.commit, World.abort, World.hold, World.let_go, World.vacuum]  # fmt: skip

steps = st.lists(
    st.tuples(st.sampled_from(range(len(STEPS))), st.integers(0, 99), st.integers(0, 99)), min_size=5, max_size=120
)


def run(script):
    world = World()
    for step, a, b in script:
        STEPS[step](world, a, b)
        world.check()
    world.check_redo()
    world.check_crash()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps)
def test_short_histories(script):
    run(script)


@pytest.mark.parametrize("seed", range(40))
def test_long_histories(seed):
    random = Random(seed)
    run([(random.randrange(len(STEPS)), random.randrange(100), random.randrange(100)) for _ in range(150)])
