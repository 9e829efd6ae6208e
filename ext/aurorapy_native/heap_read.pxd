# Reading the heap. Methods that raise a Retry (retry.py) leave nothing behind: wait, then call again.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t
from aurorapy_native.locks cimport RowLocks
from aurorapy_native.mtr cimport MiniTransaction
from aurorapy_native.pool cimport BufferPool
from aurorapy_native.space cimport RelationStorage
from aurorapy_native.tuples cimport Projection, RowCodec, TupleHeader
from aurorapy_native.visibility cimport Snapshot, TransactionStatus, TxnIds

# Answers of rival_of: what stands under a key that is to be unique.
cdef enum Rival:
    RIVAL_NONE = 0
    RIVAL_LIVE = 1
    RIVAL_UNDECIDED = 2      # depends on the transaction named

cdef enum:
    VERSIONS_MAX = 819       # as many as a leaf has entries; a page has at most 300 lines

# Versions that a snapshot sees, where they lie: valid until the next point that may switch.
ctypedef struct Versions:
    int count
    uint16_t masks                   # their infomasks together
    char* row[VERSIONS_MAX]
    uint64_t at[VERSIONS_MAX]        # their tids
    uint16_t length[VERSIONS_MAX]    # their bytes

cdef inline uint32_t block_of(uint64_t tid) noexcept nogil:
    return <uint32_t> (tid >> 16)

cdef inline uint64_t make_tid(uint32_t block, int n) noexcept nogil:
    return (<uint64_t> block << 16) | <uint16_t> n

cdef class HeapReader:
    cdef readonly RelationStorage storage
    cdef readonly RowCodec codec
    cdef readonly TransactionStatus status
    cdef readonly RowLocks row_locks
    cdef BufferPool pool
    cdef MiniTransaction mtr
    cdef public object toaster       # access.toast.Toaster, or None: rows must fit as they are
    cdef public uint32_t oid         # tableoid
    cdef public int fillfactor
    cdef public bint may_prune       # off where nothing may be written
    cdef public bint reclaims        # no index ever leads here: dead lines become unused at once
    cdef readonly bint met_external  # the rows read last had values out of line

    # The version of the row at `tid` (or of the chain that begins there) that the snapshot sees: its bytes, valid until
    # the next point that may switch, and where it is. NULL: none. Without a snapshot: the version at `tid` itself.
    cdef char* visible(self, uint64_t tid, Snapshot snapshot, uint64_t* at) except? NULL
    # The version on the page that the snapshot sees, of the chain that begins at line n: its line, 0 for none. steps:
    # how many versions were passed. Without a snapshot: line n, when it has a row.
    cdef int version_on(self, const char* page, int n, Snapshot snapshot, int* steps) except -1
    # Adds the versions seen of a block, from line next_line on; moves next_line as it goes, so that a Retry loses
    # nothing.
    cdef int page_versions(self, uint32_t block, Snapshot snapshot, int* next_line, Versions* found) except -1
    # The same for the rows at tids[next[0]:n]. crowded: a block that is worth pruning once the versions are done with.
    cdef int row_versions(self, const uint64_t* tids, int n, int* next_tid, Snapshot snapshot, Versions* found,
                          uint32_t* crowded) except -1
    # The columns of the version that lies at `row` and has the tid `at`.
    cdef inline tuple decode(self, const char* row, Projection projection, uint64_t at):
        return self.codec.decode(row, projection, block_of(at), <uint32_t> (at & 0xFFFF), self.oid)
    cdef list decode_all(self, Versions* found, Projection projection)
    # Is everything an index entry's tid leads to dead to every snapshot at or above the horizon? pruned_to: raised to
    # the commit LSN up to which it was. Of a page that is not in the pool: no.
    cdef bint is_gone(self, uint64_t tid, uint64_t horizon, uint64_t* pruned_to) except -1
    cdef bint sees(self, const TupleHeader* row, Snapshot snapshot) except *
    cdef int32_t row_frame(self, uint64_t tid) except -2
    cdef int prune_if_useful(self, int32_t frame, bint crowded) except -1
    # What stands at an index entry's tid; xid[0]: the live version's tid, or the id it depends on. Own ids count as
    # committed.
    cdef int rival_of(self, uint64_t tid, TxnIds ids, uint64_t* xid) except -1
