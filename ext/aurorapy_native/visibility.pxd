# Which transaction ids a snapshot sees: the ring of commit LSNs, status pages behind it.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t, int64_t

cdef enum:
    XID_IN_PROGRESS = 0      # running, or its commit record is not yet durable
    XID_COMMITTED = 1
    XID_ABORTED = 2

cdef class Snapshot:
    """One LSN, plus the owner's ids and command number: sees rows of ids whose commit LSN <= lsn, and own older commands."""
    cdef public uint64_t lsn
    cdef public uint32_t command          # own rows of commands < command are seen
    cdef public object transaction        # its own ids; txn.Transaction or None
    cdef uint64_t* own                    # sorted own ids (top and savepoints, aborted ones removed), shared with TxnIds
    cdef uint32_t n_own
    cdef uint64_t top

    cdef bint is_own(self, uint64_t xid) noexcept nogil

cdef class TransactionStatus:
    """State of every transaction id. One an instance."""
    cdef uint64_t* ring                   # commit LSN by id & mask; 0 in progress, 2**64-1 aborted
    cdef uint64_t ring_mask
    cdef readonly uint64_t ring_base      # oldest id in the ring; older ones are in status pages
    cdef readonly uint64_t next_xid
    cdef readonly uint64_t all_committed_below   # ids below: committed, seen by everybody
    cdef public uint64_t vdl              # commits above it are not yet seen by anybody

    # XID_*; a commit counts once the VDL has passed it. May raise PageMiss (status page).
    cdef int state(self, uint64_t xid) except -1
    # 1 when the snapshot sees the id's effects (own ids excluded: the caller compares commands), 0 when not.
    cdef int seen(self, uint64_t xid, Snapshot snapshot) except -1
    # Commit LSN of a committed id: exact while in the ring, else 1. 0 when not committed.
    cdef uint64_t commit_lsn(self, uint64_t xid) except? 0xFFFFFFFFFFFFFFFE
