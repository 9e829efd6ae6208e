"""Lock modes conflict as PostgreSQL's do, queues are fair, deadlocks are found on entering the wait."""

import pytest

from aurorapy.errors import DeadlockDetected, IoError, LockNotAvailable
from aurorapy_native.locks import MODES, RowLocks, conflicts, row_conflicts
from aurorapy_native.visibility import TxnIds

T, U = ("rel", 5, 16384), ("rel", 5, 16385)

# The manual's table 13.2, requested against held, in the order of MODES.
PICTURE = """
. . . . . . . X
. . . . . . X X
. . . . X X X X
. . . X X X X X
. . X X . X X X
. . X X X X X X
. X X X X X X X
X X X X X X X X
"""

ROW_PICTURE = """
. . . X
. . X X
. X X X
X X X X
"""


def test_conflict_tables_equal_postgresql():
    drawn = [line.split() for line in PICTURE.split("\n") if line]
    assert drawn == [["X" if conflicts(a) >> b & 1 else "." for b in range(1, 9)] for a in range(1, 9)]
    drawn = [line.split() for line in ROW_PICTURE.split("\n") if line]
    assert drawn == [["X" if row_conflicts(a) >> b & 1 else "." for b in range(4)] for a in range(4)]


@pytest.mark.parametrize("held", range(1, 9))
@pytest.mark.parametrize("wanted", range(1, 9))
def test_a_lock_is_had_at_once_exactly_when_nothing_conflicts(env, held, wanted):
    one, other = env.txns.begin(), env.txns.begin()
    locks = env.txns.locks
    assert locks.acquire(one, T, MODES[held - 1])
    assert locks.acquire(one, T, MODES[wanted - 1], nowait=True)
    one.abort()
    third = env.txns.begin()
    locks.acquire(third, T, held)
    assert locks.acquire(other, T, wanted, nowait=True) == (not conflicts(wanted) >> held & 1)


def test_first_come_first_served(env, run):
    order = []
    tasks, locks = env.host.tasks, env.txns.locks

    def worker(name, mode, delay):
        def work():
            tasks.sleep(delay)
            txn = env.txns.begin()
            locks.acquire(txn, T, mode)
            order.append(name)
            tasks.sleep(0.02)
            txn.abort()

        return work

    run(worker("r1", "ACCESS SHARE", 0), worker("x", "ACCESS EXCLUSIVE", 0.004), worker("r2", "ACCESS SHARE", 0.008),
        worker("r3", "ACCESS SHARE", 0.012))  # fmt: skip
    assert order == ["r1", "x", "r2", "r3"]


def test_a_volume_that_failed_keeps_nobody_waiting(env, run):
    """A commit that was on its way stays in doubt, with its locks."""
    tasks, locks = env.host.tasks, env.txns.locks
    doubtful = env.txns.begin()
    locks.acquire(doubtful, T, "ACCESS EXCLUSIVE")
    xid = doubtful.assign()

    def wait(what):
        with pytest.raises(IoError, match="disk"):
            what(env.txns.begin())

    def waits_for_the_lock():
        wait(lambda txn: locks.acquire(txn, T, "ACCESS SHARE"))

    def waits_for_the_transaction():
        wait(lambda txn: txn.wait_for(xid))

    def fails():
        tasks.sleep(0.005)
        env.volume.failed(IoError("disk"))

    run(waits_for_the_lock, waits_for_the_transaction, fails)
    run(waits_for_the_lock, waits_for_the_transaction)  # and who comes later
    other = env.txns.begin()
    assert locks.acquire(other, U, "ACCESS EXCLUSIVE")


def test_a_holder_goes_ahead_of_who_waits_for_it(env, run):
    tasks, locks = env.host.tasks, env.txns.locks
    order = []

    def holder():
        txn = env.txns.begin()
        locks.acquire(txn, T, "ACCESS SHARE")
        tasks.sleep(0.01)
        locks.acquire(txn, T, "ROW EXCLUSIVE")
        order.append("holder")
        txn.abort()

    def exclusive():
        tasks.sleep(0.003)
        txn = env.txns.begin()
        locks.acquire(txn, T, "ACCESS EXCLUSIVE")
        order.append("exclusive")
        txn.abort()

    run(holder, exclusive)
    assert order == ["holder", "exclusive"]


def test_deadlock_between_tables_hits_who_closes_the_circle(env, run):
    tasks, locks = env.host.tasks, env.txns.locks
    a, b = env.txns.begin(), env.txns.begin()
    a.pid, b.pid = 101, 102

    def first():
        locks.acquire(a, T, "ACCESS EXCLUSIVE")
        tasks.sleep(0.002)
        locks.acquire(a, U, "ACCESS SHARE")
        a.abort()
        return "through"

    def second():
        locks.acquire(b, U, "ACCESS EXCLUSIVE")
        tasks.sleep(0.004)
        with pytest.raises(DeadlockDetected) as caught:
            locks.acquire(b, T, "ROW EXCLUSIVE")
        b.abort()
        return caught.value

    through, error = run(first, second)
    assert through == "through"
    assert str(error) == "40P01 deadlock detected"
    assert error.detail == (
        "Process 102 waits for RowExclusiveLock on relation 16384 of database 5; blocked by process 101.\n"
        "Process 101 waits for AccessShareLock on relation 16385 of database 5; blocked by process 102."
    )
    assert error.hint == "See server log for query details."
    assert not any(lock.holders or lock.queue for lock in locks.table.locks.values())


def test_deadlock_through_rows_and_tables(env, run):
    tasks, locks = env.host.tasks, env.txns.locks
    a, b, c = (env.txns.begin() for _ in range(3))
    a.pid, b.pid, c.pid = 1, 2, 3
    x, y = a.xid, b.xid

    def first():
        tasks.sleep(0.001)
        a.wait_for(y)
        return a.abort()

    def second():
        locks.acquire(b, U, "SHARE")
        tasks.sleep(0.002)
        locks.acquire(b, T, "SHARE")
        b.abort()

    def third():
        locks.acquire(c, T, "EXCLUSIVE")
        tasks.sleep(0.004)
        with pytest.raises(DeadlockDetected) as caught:
            c.wait_for(x)
        c.abort()
        return caught.value.detail

    detail = run(first, second, third)[2]
    assert detail.split("\n") == [
        f"Process 3 waits for ShareLock on transaction {x}; blocked by process 1.",
        f"Process 1 waits for ShareLock on transaction {y}; blocked by process 2.",
        "Process 2 waits for ShareLock on relation 16384 of database 5; blocked by process 3.",
    ]


def test_lock_timeout_leaves_the_queue_and_lets_others_through(env, run):
    tasks, locks = env.host.tasks, env.txns.locks

    def holder():
        txn = env.txns.begin()
        locks.acquire(txn, T, "ACCESS SHARE")
        tasks.sleep(0.03)
        txn.abort()

    def impatient():
        txn = env.txns.begin()
        txn.lock_timeout = 0.005
        with pytest.raises(LockNotAvailable, match="canceling statement due to lock timeout") as caught:
            locks.acquire(txn, T, "ACCESS EXCLUSIVE")
        return caught.value.sqlstate

    def behind():
        tasks.sleep(0.002)
        txn = env.txns.begin()
        begun = env.host.clock.monotonic()
        locks.acquire(txn, T, "ACCESS SHARE")
        return env.host.clock.monotonic() - begun

    _, sqlstate, waited = run(holder, impatient, behind)
    assert sqlstate == "55P03" and waited < 0.02


def test_a_savepoint_gives_back_what_was_taken_since(env):
    locks = env.txns.locks
    txn, other = env.txns.begin(), env.txns.begin()
    locks.acquire(txn, T, "ACCESS SHARE")
    txn.savepoint("a")
    locks.acquire(txn, T, "ACCESS EXCLUSIVE")
    locks.acquire(txn, U, "ACCESS EXCLUSIVE")
    txn.rollback_to("a")
    assert locks.acquire(other, U, "ACCESS EXCLUSIVE", nowait=True)
    assert locks.acquire(other, T, "ROW EXCLUSIVE", nowait=True)
    assert not locks.acquire(other, T, "ACCESS EXCLUSIVE", nowait=True)


def test_row_locks_by_strength_and_owner():
    rows = RowLocks()
    mine = TxnIds()
    mine.add(10)
    rows.take(7, 65537, 0, 10)
    assert rows.find_conflict(7, 65537, 2) == 0 and rows.find_conflict(7, 65537, 3) == 10
    assert rows.find_conflict(7, 65537, 3, mine) == 0 and rows.find_conflict(8, 65537, 3) == 0
    rows.take(7, 65537, 2, 10)
    assert rows.find_conflict(7, 65537, 1) == 10 and rows.count == 1
    rows.take(7, 65537, 0, 11)
    rows.carry_over(7, 65537, 65538)
    assert sorted(rows.holders(7, 65538)) == [(10, 2), (11, 0)]
    rows.release([10])
    assert rows.holders(7, 65537) == [(11, 0)] and rows.count == 2
    rows.release([11])
    assert rows.count == 0


def test_row_locks_grow_and_shrink():
    rows = RowLocks()
    for xid in range(1, 60):
        for row in range(200):
            rows.take(1, row << 16 | xid, xid % 4, xid)
    assert rows.count == 59 * 200
    assert all(rows.holders(1, row << 16 | xid) == [(xid, xid % 4)] for xid in range(1, 60) for row in range(0, 200, 9))
    rows.release(list(range(1, 60, 2)))
    assert rows.count == 29 * 200
    for row in range(100000, 110000):
        rows.take(1, row, 1, 99)
    assert all(rows.holders(1, row << 16 | 8) == [(8, 0)] for row in range(200))
    rows.release(list(range(100)))
    assert rows.count == 0
