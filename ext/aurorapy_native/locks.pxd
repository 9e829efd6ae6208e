# Table locks and row locks of the writer: in memory only, gone with it.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t
from aurorapy_native.visibility cimport Snapshot, TransactionStatus, TxnIds
from aurorapy_native.volume cimport DurableWait, VolumeCore

cdef class LockOwner:
    """Who may hold table locks: a transaction (aurorapy.txn.Transaction is one), later also a session."""
    cdef public dict held                # key -> bits of the modes held
    cdef public list taken               # (key, mode) in order of acquisition: what a savepoint's rollback gives back

cdef class TransactionCore(LockOwner):
    """The fields of a transaction and what every statement needs of it; aurorapy.txn.Transaction is the rest."""
    cdef readonly ManagerCore manager
    cdef TransactionStatus status
    cdef readonly TxnIds ids
    cdef readonly str isolation
    cdef public bint read_only
    cdef public bint deferrable
    cdef readonly bint one_snapshot      # REPEATABLE READ: one LSN for all statements
    cdef public uint64_t after           # LSN of the session's own last commit: snapshots wait for it
    cdef public uint32_t command
    cdef public str state                # active, committing, committed, aborted
    cdef public int pid                  # the session's, for messages
    cdef public object lock_timeout      # seconds or None: for waits that are given none
    cdef public object waiting           # the wait it is in (aurorapy.txn.locks), or None
    cdef public list savepoints
    cdef public list before_commit       # callables
    cdef public list after_commit
    cdef public list after_abort
    cdef public list notes               # (kind, payload) for the commit's mini-transaction
    cdef public list watchers            # waits of others for one of its ids
    cdef public uint64_t commit_lsn      # 0 before the commit is logged
    cdef public uint64_t current_xid     # of the current savepoint; 0: not assigned yet
    cdef public object database          # OID of the session's
    cdef Snapshot first                  # REPEATABLE READ's

    cdef Snapshot take_snapshot(self)    # snapshot(); may switch
    # xid; may switch only when `knows_id` says no.
    cdef uint64_t write_id(self) except 0
    cdef bint knows_id(self) noexcept
    cdef int end_command(self) except -1
    # commit() without a switch: its record is on its way, `end` is told. Raises Retry before it does anything.
    cdef int commit_soon(self, VolumeCore volume, TransactionEnd end) except -1
    cdef int ended(self, str state) except -1

cdef class TransactionEnd(DurableWait):
    """Ends a transaction when the VDL has passed its commit."""
    cdef readonly TransactionCore transaction

cdef class ManagerCore:
    """What a transaction's end needs of all transactions; aurorapy.txn.TransactionManager is the rest."""
    cdef readonly TransactionStatus status
    cdef readonly RowLocks row_locks
    cdef public object kind              # the class of its transactions
    cdef public object locks             # txn.locks.LockManager
    cdef LockTable table
    cdef readonly dict running           # id -> transaction; ascending, because ids are
    cdef readonly uint64_t commits       # of transactions that wrote, since the start
    cdef readonly uint64_t rollbacks

    cdef int forget_ids(self, list xids) except -1

cdef class Lock:
    """One locked object: who holds it, and who waits, first come first."""
    cdef readonly object key
    cdef readonly dict holders           # LockOwner -> bits of modes
    cdef int32_t[8] count                # holders by mode
    cdef readonly int granted            # bits of the modes with a holder
    cdef public list queue               # of waits (aurorapy.txn.locks.LockWait)

    cdef int conflicting(self, LockOwner owner, int mode) except -1
    cdef int grant(self, LockOwner owner, int mode) except -1
    cpdef int give_back(self, LockOwner owner, int modes) except -1

cdef class LockTable:
    """Every object with a lock, by key."""
    cdef readonly dict locks

    # Could anybody have the mode at once? For who reads without a switch and so needs to hold nothing.
    cdef bint is_free(self, object key, int mode) except -1
    # try_acquire(): the mode is the owner's, or False and nothing is taken.
    cdef bint acquire(self, LockOwner owner, object key, int mode) except -1
    cpdef list release(self, LockOwner owner)

# Strengths of row locks, weakest first.
cdef enum RowStrength:
    ROW_KEY_SHARE = 0
    ROW_SHARE = 1
    ROW_NO_KEY_UPDATE = 2
    ROW_UPDATE = 3

ctypedef struct RowLock:
    uint64_t tid
    uint64_t xid
    uint32_t root
    uint32_t next_row        # next entry of the bucket, index + 1
    uint32_t next_xid        # next entry of the same id, index + 1
    uint8_t strength

cdef class RowLocks:
    """FOR UPDATE / NO KEY UPDATE / SHARE / KEY SHARE: (root map page, tid) -> ids that hold it. One an instance.
    Rows changed by an id carry that id as xmax and need no entry here."""
    cdef RowLock* entries
    cdef uint32_t* buckets
    cdef uint32_t mask
    cdef uint32_t used                   # entries ever used; freed ones are chained from `free_entry`
    cdef uint32_t size
    cdef uint32_t free_entry
    cdef readonly uint32_t count         # locks held now: 0 lets callers skip everything
    cdef dict by_xid                     # id -> its first entry, index + 1

    # An id other than `ids` whose lock on the row conflicts with `strength`, or 0.
    cdef uint64_t conflict(self, uint32_t root, uint64_t tid, int strength, TxnIds ids) noexcept nogil
    # Takes the lock for `xid`, which has found no conflict; a weaker one of the same id is raised.
    cdef int hold(self, uint32_t root, uint64_t tid, int strength, uint64_t xid) except -1
    # The row's new version is locked by the same ids as the old one.
    cdef int carry(self, uint32_t root, uint64_t old_tid, uint64_t new_tid) except -1
    cdef int grow(self) except -1
