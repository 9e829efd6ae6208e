# Which transaction ids a snapshot sees: the ring of commit LSNs, status pages behind it.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t, int64_t
from aurorapy_native.mtr cimport MiniTransaction
from aurorapy_native.space cimport RelationStorage

cdef enum:
    XID_IN_PROGRESS = 0      # running, or its commit record is not yet durable
    XID_COMMITTED = 1
    XID_ABORTED = 2

cdef class TxnIds:
    """The ids of one running transaction: its own and its savepoints', those rolled back taken out."""
    cdef uint64_t* own                    # ascending; the first is the transaction's own
    cdef uint32_t n_own
    cdef uint32_t size
    cdef readonly uint64_t top            # 0 before the first write

    cdef bint has(self, uint64_t xid) noexcept nogil
    cdef int append(self, uint64_t xid) except -1

cdef class Snapshot:
    """One LSN, plus the owner's ids and command number: sees rows of ids whose commit LSN <= lsn, and own older
    commands."""
    cdef public uint64_t lsn
    cdef public uint32_t command          # own rows of commands < command are seen
    cdef readonly object transaction      # whose it is; txn.Transaction or None
    cdef readonly TxnIds ids              # shared with the transaction: ids assigned later count as own at once
    cdef TransactionStatus status
    cdef void* older                      # neighbours among the registered snapshots, oldest first; borrowed
    cdef void* newer
    cdef readonly bint registered         # holds the prune horizon back

    cdef bint is_own(self, uint64_t xid) noexcept nogil

cdef class TransactionStatus:
    """State of every transaction id. One an instance."""
    cdef uint64_t* ring                   # commit LSN by id & mask; 0 in progress, 2**64-1 aborted
    cdef uint64_t ring_mask
    cdef readonly uint64_t ring_base      # oldest id in the ring; older ones are in status pages
    cdef readonly uint64_t next_xid
    cdef readonly uint64_t ceiling        # ids below it may be handed out without logging anything
    cdef readonly uint64_t all_committed_below   # ids below: committed, seen by everybody
    cdef public uint64_t vdl              # commits above it are not yet seen by anybody
    cdef public uint64_t far_horizon      # oldest snapshot of other instances; 2**64-1 when there is none
    cdef readonly object space            # VolumeSpace
    cdef readonly RelationStorage pages   # status pages: two bits an id
    cdef MiniTransaction mtr
    cdef void* oldest                     # registered snapshots, ordered by LSN
    cdef void* newest

    # XID_*; a commit counts once the VDL has passed it. May raise PageMiss (status page).
    cdef int state(self, uint64_t xid) except -1
    # 1 when the snapshot sees the id's effects (own ids excluded: the caller compares commands), 0 when not.
    cdef int seen(self, uint64_t xid, Snapshot snapshot) except -1
    # Commit LSN of a committed id: exact while in the ring, else 1. 0 when not committed.
    cdef uint64_t commit_lsn(self, uint64_t xid) except? 0xFFFFFFFFFFFFFFFE
    # Oldest snapshot on any instance: versions whose deleter's commit LSN is at or below it may go.
    cdef uint64_t horizon(self) noexcept nogil
    # snapshot()
    cdef Snapshot take(self, object transaction, TxnIds ids, uint32_t command)
    # assign() where an id is there to be had: next_xid < ceiling.
    cdef uint64_t next_id(self) except 0
    # log_commit() that raises Retry, having done nothing, where that one would switch.
    cdef uint64_t try_commit(self, TxnIds ids, list notes) except 0
    cdef int bits(self, uint64_t xid) except -1
    cdef int grow(self) except -1
    # On a reader: the writer has logged the id's commit at `lsn`; seen once the VDL has passed it.
    cdef int note_commit(self, uint64_t xid, uint64_t lsn) except -1
    cdef int know(self, uint64_t next_xid) except -1
    cdef void link(self, Snapshot snapshot) noexcept
    cdef void unlink(self, Snapshot snapshot) noexcept
