"""Transactions: who writes under which id, what a snapshot sees, who waits for whom.

    manager.begin() -> Transaction          no id, no lock, no log: a read costs a snapshot
    txn.xid                                 the first write assigns one (below a logged ceiling)
    txn.commit()                            status bits + commit note in one mini-transaction -> LSN
        volume.wait_durable(lsn)            the VDL passes it: seen by every snapshot from here on
        locks go, waiters wake              never earlier
    txn.abort()                             nothing is logged and nothing undone: the ids are aborted

    manager.py       begins, ends, counts ids and horizons
    transaction.py   one transaction: savepoints, snapshots, waits
    locks.py         table locks in PostgreSQL's eight modes, queues, deadlocks

With synchronous_commit off the commit does not wait, but its locks still go only when the VDL passes, and the session's
next transaction is begun with `after=` the LSN it got, so that its snapshots wait for it.

Not here: what rows are (access), SQL's rules about transaction blocks (session), predicate locks: SERIALIZABLE is
REPEATABLE READ.
"""

from aurorapy.txn.locks import LockManager, LockWait
from aurorapy.txn.manager import Oids, TransactionManager
from aurorapy.txn.transaction import ISOLATION_LEVELS, Savepoint, Transaction

__all__ = ["ISOLATION_LEVELS", "LockManager", "LockWait", "Oids", "Savepoint", "Transaction", "TransactionManager"]
