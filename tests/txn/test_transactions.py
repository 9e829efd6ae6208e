"""Visibility follows the VDL; savepoints undo what came after; waits end with the transaction."""

import random

import pytest

from aurorapy.errors import QueryCanceled, TransactionStateError
from aurorapy_native.visibility import ABORTED, COMMITTED, IN_PROGRESS
from tests.support.memory_volume import make_env


def test_a_commit_is_seen_when_the_vdl_passes_it(env, run):
    txns, status = env.txns, env.txns.status
    writer = txns.begin()
    xid = writer.xid
    before = txns.begin().snapshot()
    env.volume.hold()

    def commit():
        return writer.commit()

    def watch():
        env.host.tasks.sleep(0.001)
        assert status.state_of(xid) == IN_PROGRESS and writer.state == "committing"
        assert not status.sees(txns.begin().snapshot(), xid)
        env.volume.release()
        assert status.state_of(xid) == COMMITTED
        assert status.sees(txns.begin().snapshot(), xid)
        assert not status.sees(before, xid)

    lsn, _ = run(commit, watch)
    assert status.commit_lsn_of(xid) == lsn == writer.commit_lsn and writer.state == "committed"


def test_a_reader_costs_no_id_and_no_log(env):
    txns = env.txns
    at, following = env.redo.last_lsn, txns.status.next_xid
    txn = txns.begin("repeatable read")
    txn.snapshot()
    assert txn.commit() == 0 and txn.top_xid == 0
    assert (env.redo.last_lsn, txns.status.next_xid) == (at, following)


def test_read_committed_moves_on_repeatable_read_does_not(env):
    txns = env.txns
    moving, staying = txns.begin(), txns.begin("repeatable read")
    staying.snapshot()
    writer = txns.begin()
    xid = writer.xid
    writer.commit()
    assert txns.status.sees(moving.snapshot(), xid)
    assert not txns.status.sees(staying.snapshot(), xid)
    staying.next_command()
    assert staying.snapshot().command == 1 and not txns.status.sees(staying.snapshot(), xid)


def test_own_ids_are_known_to_snapshots_taken_before_they_were_assigned(env):
    txn = env.txns.begin()
    snapshot = txn.snapshot()
    assert not snapshot.owns(3)
    xid = txn.xid
    assert snapshot.owns(xid) and txn.is_own(xid) and not env.txns.begin().snapshot().owns(xid)


def test_savepoints(env):
    txns, status = env.txns, env.txns.status
    txn = txns.begin()
    txn.savepoint("a")
    inner = txn.xid
    top = txn.top_xid
    assert top < inner
    txn.savepoint("b")
    deeper = txn.xid
    txn.release("b")
    assert txn.xid == inner
    txn.rollback_to("a")
    assert [status.state_of(x) for x in (top, inner, deeper)] == [IN_PROGRESS, ABORTED, ABORTED]
    again = txn.xid
    assert again > deeper
    txn.release("a")
    assert txn.xid == top
    txn.commit()
    assert [status.state_of(x) for x in (top, inner, deeper, again)] == [COMMITTED, ABORTED, ABORTED, COMMITTED]
    assert status.commit_lsn_of(top) == status.commit_lsn_of(again)
    assert txns.oldest_xid() == status.next_xid and not txns.running


def test_savepoints_of_one_name_and_unknown_ones(env):
    txn = env.txns.begin()
    txn.savepoint("a")
    first = txn.xid
    txn.savepoint("a")
    second = txn.xid
    txn.rollback_to("a")
    assert txn.is_own(first) and not txn.is_own(second)
    txn.release("a")
    txn.rollback_to("a")
    assert not txn.is_own(first)
    with pytest.raises(TransactionStateError, match='savepoint "b" does not exist') as caught:
        txn.rollback_to("b")
    assert caught.value.sqlstate == "3B001"


def test_notes_and_callbacks_of_a_rolled_back_savepoint_are_gone(env):
    ran = []
    txn = env.txns.begin()
    txn.add_note(2, b"kept")
    txn.after_commit.append(lambda: ran.append("kept"))
    txn.savepoint("a")
    txn.add_note(2, b"gone")
    txn.after_commit.append(lambda: ran.append("gone"))
    txn.after_abort.append(lambda: ran.append("undone"))
    txn.rollback_to("a")
    assert txn.notes == [(2, b"kept")]
    txn.commit()
    assert ran == ["undone", "kept"]


def test_waiting_for_a_transaction_ends_with_its_commit_abort_or_rollback(env, run):
    txns, tasks = env.txns, env.host.tasks
    committing, aborting, rolling = (txns.begin() for _ in range(3))
    ids = [committing.xid, aborting.xid]
    rolling.savepoint("s")
    ids.append(rolling.xid)

    def waiter(xid):
        def work():
            txns.begin().wait_for(xid)
            return txns.status.state_of(xid)

        return work

    def end():
        tasks.sleep(0.002)
        committing.commit()
        aborting.abort()
        rolling.rollback_to("s")

    assert run(*[waiter(xid) for xid in ids], end)[:3] == [COMMITTED, ABORTED, ABORTED]


def test_without_waiting_locks_still_go_only_when_the_vdl_passes(env, run):
    txns, tasks, key = env.txns, env.host.tasks, ("rel", 5, 1)
    txn, other = txns.begin(), txns.begin()
    xid = txn.xid
    txns.locks.acquire(txn, key, "EXCLUSIVE")
    env.volume.hold()
    lsn = txn.commit(wait=False)
    assert lsn > env.volume.vdl and txn.state == "committing"
    assert not txns.locks.acquire(other, key, "EXCLUSIVE", nowait=True)

    def next_of_the_session():
        return txns.status.sees(txns.begin(after=lsn).snapshot(), xid)

    def disk():
        tasks.sleep(0.002)
        env.volume.release()

    assert run(next_of_the_session, disk)[0]
    assert txn.state == "committed" and txns.locks.acquire(other, key, "EXCLUSIVE", nowait=True)


def test_a_cancel_during_the_commit_comes_too_late(env):
    txns, tasks = env.txns, env.host.tasks
    txn = txns.begin()
    txn.xid  # noqa: B018 - assigns it
    env.volume.hold()

    def main():
        job = tasks.spawn(txn.commit)
        tasks.sleep(0.001)
        job.interrupt(QueryCanceled("canceling statement due to user request"))
        tasks.sleep(0.001)
        assert not job.done
        env.volume.release()
        job.join(1)
        return job.result

    assert tasks.run(main) == txn.commit_lsn > 0


def test_a_session_that_dies_in_its_commit_keeps_its_locks_until_the_vdl(env):
    txns, tasks, key = env.txns, env.host.tasks, ("rel", 5, 1)
    txn, other = txns.begin(), txns.begin()
    xid = txn.xid
    txns.locks.acquire(txn, key, "EXCLUSIVE")
    env.volume.hold()

    def main():
        job = tasks.spawn(txn.commit)
        tasks.sleep(0.001)
        job.interrupt(KeyboardInterrupt())
        try:
            job.join(1)
        except KeyboardInterrupt:
            pass
        assert not txns.locks.acquire(other, key, "SHARE", nowait=True)
        env.volume.release()
        return txns.locks.acquire(other, key, "SHARE", nowait=True)

    assert tasks.run(main) and txns.status.state_of(xid) == COMMITTED


def test_after_a_crash_what_did_not_commit_is_aborted_and_no_id_comes_twice():
    env = make_env(256)
    done, running = env.txns.begin(), env.txns.begin()
    committed, lost = done.xid, running.xid
    oid = env.txns.oids.next()
    done.commit()
    env.volume.hold()
    late = env.txns.begin()
    vanished = late.xid
    late.commit(wait=False)
    env = env.crash()
    status = env.txns.status
    assert [status.state_of(x) for x in (committed, lost, vanished)] == [COMMITTED, ABORTED, ABORTED]
    assert env.txns.begin().xid > vanished and env.txns.oids.next() > oid
    assert status.sees(env.txns.begin().snapshot(), committed)


def test_the_horizon_is_the_oldest_snapshot(env):
    txns, status = env.txns, env.txns.status

    def write():
        txn = txns.begin()
        txn.xid  # noqa: B018 - assigns it
        return txn.commit()

    lsns = [write() for _ in range(3)]
    assert txns.oldest_snapshot_lsn() == lsns[2]
    old = txns.begin("repeatable read")
    old.snapshot()
    middle_lsn = write()
    middle = txns.begin().snapshot()
    write()
    assert txns.oldest_snapshot_lsn() == lsns[2]
    old.commit()
    assert txns.oldest_snapshot_lsn() == middle_lsn
    del middle
    assert txns.oldest_snapshot_lsn() == env.volume.vdl and status.registered_snapshots() == 0


def test_the_ring_grows_under_an_old_snapshot_and_shrinks_after_it(env):
    txns, status = env.txns, env.txns.status
    old = txns.begin("repeatable read")
    old.snapshot()
    states = {}
    for number in range(10000):
        txn = txns.begin()
        xid = txn.xid
        if number % 3:
            txn.commit(wait=False)
            states[xid] = COMMITTED
        else:
            txn.abort()
            states[xid] = ABORTED
    env.volume.flush()
    assert status.next_xid - status.ring_base > 9000
    snapshot = txns.begin().snapshot()
    assert not any(status.sees(old.snapshot(), xid) for xid in list(states)[::50])
    old.commit()
    status.trim()
    assert status.ring_base >= max(xid for xid in states) - 2
    for xid, state in list(states.items())[::7]:
        assert status.state_of(xid) == state
        assert status.sees(snapshot, xid) == (state == COMMITTED)


@pytest.mark.parametrize("seed", range(8))
def test_snapshots_equal_the_history(seed):
    """A model keeps, for every snapshot, the set of ids whose commit was durable when it was taken."""
    draw = random.Random(seed)
    env = make_env(256)
    txns, status = env.txns, env.txns.status
    running, committing, durable, every, snapshots = [], [], set(), [], []
    env.volume.hold()
    for _ in range(600):
        step = draw.choice("bbccasspdv")
        if step == "b":
            txn = txns.begin()
            every.append(txn.xid)
            if draw.random() < 0.3:
                txn.savepoint("s")
                every.append(txn.xid)
                if draw.random() < 0.5:
                    txn.rollback_to("s")
            running.append(txn)
        elif step in "ca" and running:
            txn = running.pop(draw.randrange(len(running)))
            if step == "c":
                committing.append((txn.commit(wait=False), txn.ids.all()))
            else:
                txn.abort()
        elif step == "s":
            snapshots.append((txns.begin().snapshot(), frozenset(durable)))
        elif step == "d" and snapshots:
            snapshots.pop(draw.randrange(len(snapshots)))
        elif step == "p" and committing:
            env.volume.flush()
            env.volume.release(draw.choice(committing)[0])
            durable |= {xid for lsn, ids in committing if lsn <= env.volume.vdl for xid in ids}
            committing = [entry for entry in committing if entry[0] > env.volume.vdl]
        elif step == "v" and snapshots:
            snapshot, seen = draw.choice(snapshots)
            assert {xid for xid in every if status.sees(snapshot, xid)} == seen
    env = env.crash()
    assert {xid for xid in every if env.txns.status.state_of(xid) == COMMITTED} == durable


def test_a_relation_of_a_transaction_that_a_crash_cut_short_is_reclaimed():
    env = make_env(256)
    kept, lost = env.storage(), env.storage()
    env.txns.begin().commit()
    env.volume.flush()
    env = env.crash()
    assert env.txns.reclaim([kept.root]) == sum(pages for _, pages in lost.ranges())
    assert env.txns.reclaim([kept.root]) == 0
