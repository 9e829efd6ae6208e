# The B-tree. Methods that raise a Retry (retry.py) leave nothing behind: wait, then call again.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t, int64_t
from aurorapy_native.mtr cimport MiniTransaction
from aurorapy_native.pool cimport BufferPool
from aurorapy_native.space cimport RelationStorage

cdef enum:
    HEIGHT_MAX = 18          # three pages a level stay below the 64 of a mini-transaction
    TID_AFTER_ALL = 0xFFFFFFFFFFFF

# The way from the root to a leaf; [0] is the leaf.
ctypedef struct Path:
    int top                          # level of the root
    uint32_t[HEIGHT_MAX] block
    int32_t[HEIGHT_MAX] frame
    int[HEIGHT_MAX] index            # of the entry followed, from level 1 up
    int bound_level                  # level whose followed entry is the leaf's lower bound; 0: it has none

cdef class BTree:
    cdef readonly RelationStorage storage
    cdef BufferPool pool
    cdef MiniTransaction mtr
    cdef public str name             # of the index, for error messages
    cdef uint32_t last_leaf          # a guess at the rightmost leaf's block
    cdef uint64_t barren             # the horizon at which few dead entries were found; see dead_entries
    cdef int32_t[64] pinned          # pages of the change being prepared
    cdef int n_pinned

    # Inserts (key, tid). Retry, InternalError when it is there already, ProgramLimitExceeded.
    cdef int insert_key(self, const char* key, uint32_t n, uint64_t tid) except -1
    # 1 and the tid when exactly one entry has the key, 0 none, 2 several (tid: the lowest).
    cdef int lookup_unique(self, const char* key, uint32_t n, uint64_t* tid) except -1
    # 1 removed, 0 was not there.
    cdef int delete_key(self, const char* key, uint32_t n, uint64_t tid) except -1

    cdef int32_t page_frame(self, uint32_t block, int level) except -1
    cdef int32_t find_leaf(self, const char* key, uint32_t n, uint64_t tid) except -1
    cdef int descend(self, const char* key, uint32_t n, uint64_t tid, bint strict, Path* path) except -1
    cdef int32_t settle(self, int32_t frame, int* index, const char* key, uint32_t n) except -2
    cdef int collect(self, const char* key, uint32_t n, list found) except -1
    cdef int32_t append_leaf(self, const char* key, uint32_t n, uint64_t tid) except -2
    cdef int create_pages(self) except -1
    cdef int refuse_size(self, uint32_t n) except -1

    cdef void put_entry(self, int32_t frame, int index, const char* entry, uint32_t length) except *
    cdef void remove_entry(self, int32_t frame, int index) except *
    cdef void remove_entries(self, int32_t frame, const int* at, int n) except *
    cdef void set_bounds(self, int32_t frame, uint16_t lower, uint16_t upper) except *
    cdef void replace_page(self, int32_t frame, char* image) except *
    cdef void set_link(self, int32_t frame, bint right, uint32_t block) except *

    cdef void pin(self, int32_t frame) noexcept
    cdef void unpin_all(self) noexcept
    cdef int split_and_insert(self, Path* path, const char* entry, uint32_t length) except -1
    cdef int plan_splits(self, Path* path) except -1
    cdef void apply_splits(self, Path* path, int levels, uint32_t* taken, int32_t* taken_frame, int n_taken) except *
