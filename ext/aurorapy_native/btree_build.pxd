# Pages of a new tree, filled in order.
from libc.stdint cimport uint32_t, uint64_t
from aurorapy_native.btree cimport BTree

cdef class Builder:
    cdef BTree tree
    cdef uint32_t threshold
    cdef list levels
    cdef char[2704] last_key             # of the entry added last
    cdef int last_length                 # -1: none yet
    cdef uint64_t last_tid
    cdef object leaf                     # levels[0]

    # start(), then entries in ascending order, then finish(). Each may switch; the key need not survive that.
    cdef int start(self) except -1
    cdef int add_leaf_entry(self, const char* key, uint32_t n, uint64_t tid) except -1
    cdef int finish(self) except -1

    cdef object open_level(self)
    cdef int add_child(self, int number, uint32_t block, bytes key, uint64_t tid) except -1
    cdef int move_last(self, int number) except -1
    cdef bint is_full(self, object level, uint32_t length) except *
    cdef int close_page(self, int number, bytes bound, uint64_t bound_tid) except -1
    cdef int write(self, char* image, uint32_t* block, uint32_t* right, bint linked) except -1
