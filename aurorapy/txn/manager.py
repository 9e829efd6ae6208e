"""Begins and ends transactions, and knows the horizons.

    manager = TransactionManager(host, volume, pool, mtr, space)
    manager.create()  or  manager.open()      # new volume, or one that somebody wrote before
    txn = manager.begin("repeatable read")

`running` has every id whose end is not yet visible, so whoever finds an id in a row can wait for its transaction. It is
the volume that says when a commit is seen: each advance of the VDL moves `status.vdl`, lets the ring of commit LSNs go
where no snapshot can doubt any more, and ends the transactions it has passed (aurorapy_native.locks).

Errors: what the volume raises.
"""

from __future__ import annotations

from typing import Any, Iterable

from aurorapy.ids import FIRST_NORMAL_OID, Lsn, Oid, Xid
from aurorapy.txn.locks import LockManager
from aurorapy.txn.transaction import Transaction
from aurorapy_native.locks import ManagerCore, TransactionEnd
from aurorapy_native.visibility import TransactionStatus

COUNTER_OID = 1
OIDS_AHEAD = 8192


class Oids:
    """Object ids, under a logged ceiling; after 2**32 they start over at 16384, so the taker checks that one is free."""

    def __init__(self, space: Any) -> None:
        self.space = space
        self.following: Oid = FIRST_NORMAL_OID
        self.ceiling = FIRST_NORMAL_OID

    def open(self) -> None:
        self.following = self.ceiling = max(FIRST_NORMAL_OID, self.space.counter(COUNTER_OID))

    def next(self) -> Oid:
        """May switch, once in 8,192 times. The logged ceiling counts rounds: the oid is its low 32 bits."""
        if self.following >= self.ceiling:
            ceiling = self.following + OIDS_AHEAD
            self.space.raise_counter(COUNTER_OID, ceiling)
            self.ceiling = max(self.ceiling, ceiling)
        oid = self.following & 0xFFFFFFFF
        if oid < FIRST_NORMAL_OID:
            self.following += FIRST_NORMAL_OID - oid
            return self.next()
        self.following += 1
        return oid


class TransactionManager(ManagerCore):
    def __init__(self, host: Any, volume: Any, pool: Any, mtr: Any, space: Any) -> None:
        super().__init__(TransactionStatus(space), LockManager(host.tasks))
        self.kind = Transaction
        self.tasks = host.tasks
        self.volume = volume
        self.pool = pool
        self.mtr = mtr
        self.space = space
        self.oids = Oids(space)
        self.wait_durable = volume.wait_durable
        space.horizon = self.status.oldest_snapshot_lsn
        self.status.vdl = volume.vdl
        volume.on_vdl(self.vdl_moved)
        volume.on_failure(self.locks.fail)

    def create(self) -> None:
        """For a new volume. May switch."""
        self.status.create()

    def open(self) -> None:
        """Takes over what a predecessor left; its running transactions are aborted. May switch."""
        self.status.open()
        self.oids.open()

    def take_over(self) -> None:
        """The instance, until now a reader, is the writer; its ring goes on. Does not switch."""
        self.status.promote()
        self.oids.open()

    def begin(
        self, isolation: str = "read committed", read_only: bool = False, deferrable: bool = False, after: Lsn = 0,
        database: Oid = 0,
    ) -> Transaction:
        """A new transaction. `after`: LSN of the session's own last commit, when it did not wait for it."""
        transaction = Transaction(self, self.status, isolation, read_only, deferrable, after)
        transaction.database = database
        return transaction

    # -- horizons

    def oldest_snapshot_lsn(self) -> Lsn:
        """The prune horizon: what was dead at this LSN is dead to everybody."""
        return self.status.oldest_snapshot_lsn()

    def oldest_xid(self) -> Xid:
        """Ids below it have ended, and the VDL has passed their commits."""
        return next(iter(self.running), self.status.next_xid)

    def reclaim(self, roots: Iterable[int]) -> int:
        """Frees the pages that a crash left with no owner; returns how many. After open(), before the first session;
        `roots`: every relfilenode that committed or prepared transactions know. May switch."""
        return self.space.reclaim([*roots, self.status.pages.root])

    # -- called by transactions

    def abort_ids(self, xids: list[Xid]) -> None:
        """These ids, of one transaction's savepoints, are aborted; their row locks go."""
        self.status.mark_aborted(xids)
        self.forget(xids)

    def end_at_vdl(self, txn: Transaction) -> None:
        """Ends the transaction when the VDL passes its commit."""
        self.volume.when_passed(txn.commit_lsn, TransactionEnd(txn))
