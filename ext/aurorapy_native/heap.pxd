# Changes of rows in pages. Methods that raise a Retry (retry.py) leave nothing behind: wait, then call again.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t
from aurorapy_native.heap_read cimport HeapReader
from aurorapy_native.row_batch cimport RowBatch
from aurorapy_native.tuples cimport Projection, TupleHeader
from aurorapy_native.visibility cimport TxnIds

# What became of an attempt to change or lock a row.
cdef enum Outcome:
    ROW_OK = 0
    ROW_INVISIBLE = 1        # not there for this command
    ROW_SELF_MODIFIED = 2    # this command, or a later one of this transaction, changed it already
    ROW_UPDATED = 3          # another transaction's committed update: the next version is named
    ROW_DELETED = 4
    ROW_BEING_MODIFIED = 5   # another running transaction has changed or locked it: its id is named
    ROW_NOT_HOT = 6          # see Heap.only_hot

# Where a change found its row, and whom it met.
ctypedef struct Found:
    uint64_t tid             # the next version (ROW_UPDATED), the new version (update)
    uint64_t xid             # whom to wait for
    bint hot                 # update: the new version has no index entries of its own
    bint external            # the version that ended has values out of line

cdef class Heap(HeapReader):
    cdef uint32_t target             # block that took the last insert
    cdef Projection indexed          # columns some index depends on: an update that keeps their bytes may be HOT
    cdef Projection keys             # columns of unique keys: see KEYS_UPDATED
    cdef bint all_indexed
    cdef public uint64_t dead_rows       # versions made dead, rows changed: since somebody set them to 0
    cdef public uint64_t changed_rows
    cdef bint only_hot               # updates that would need index entries answer ROW_NOT_HOT and change nothing

    cdef int judge(self, const TupleHeader* row, uint32_t command, TxnIds ids, Found* found) except -1

    cdef uint64_t insert_row(self, object values, uint64_t xid, uint32_t command, bint fitted) except 0
    cdef int delete_row(self, uint64_t tid, uint64_t xid, uint32_t command, TxnIds ids, Found* found) except -1
    cdef int update_row(self, uint64_t tid, object values, uint64_t xid, uint32_t command, TxnIds ids, bint hot_ok,
                        bint fitted, Found* found) except -1
    cdef int lock_row(self, uint64_t tid, uint64_t xid, int strength, uint32_t command, TxnIds ids,
                      Found* found) except -1

    cdef size_t encode(self, object values, bint fitted) except 0
    cdef int32_t room(self, uint32_t n, uint32_t* block) except -2
    cdef int32_t new_page(self, uint32_t* block) except -1
    cdef int place_row(self, int32_t frame, const char* row, uint32_t n, int line) except -1
    cdef int mark_deleted(self, int32_t frame, uint32_t off, uint64_t xid, uint32_t command, uint16_t set_mask,
                          uint64_t following) except -1
    cdef int not_all_visible(self, int32_t frame, uint32_t block) except -1
    cdef bint same(self, Projection columns, const char* old, const char* new) except *
    cdef int place_page(self, RowBatch batch, int first, uint64_t xid, uint32_t command) except -1
    cdef int carry_locks(self, uint64_t tid, uint64_t xid, int strength) except -1
