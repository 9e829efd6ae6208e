# Index entries on their way into a tree: (key, tid) pairs in private memory, put into the tree's order.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

# An entry; its key's bytes lie in the list's arena.
ctypedef struct Entry:
    uint64_t head            # key bytes 1..8 as a number, zeros behind a shorter key: decides nearly every comparison
    uint64_t tid
    size_t at                # of the key in the arena
    uint32_t number          # the caller's: which row it came from
    uint16_t length
    uint8_t mark             # key byte 0
    uint8_t flags            # the caller's

cdef inline uint64_t head_of(const char* key, uint32_t n) noexcept nogil:
    cdef uint8_t[8] b
    if n >= 9:
        memcpy(b, key + 1, 8)
    else:
        memset(b, 0, 8)
        if n > 1:
            memcpy(b, key + 1, n - 1)
    return (<uint64_t> b[0] << 56 | <uint64_t> b[1] << 48 | <uint64_t> b[2] << 40 | <uint64_t> b[3] << 32
            | <uint64_t> b[4] << 24 | <uint64_t> b[5] << 16 | <uint64_t> b[6] << 8 | b[7])

# What is left to say when mark and head are equal: the bytes behind, then the shorter first.
cdef inline int compare_tails(const char* a, uint32_t n, const char* b, uint32_t m) noexcept nogil:
    cdef uint32_t common = n if n < m else m
    cdef int c = memcmp(a + 9, b + 9, common - 9) if common > 9 else 0
    return c if c else <int> n - <int> m

cdef class EntryList:
    cdef char* arena
    cdef size_t used
    cdef size_t size
    cdef Entry* entries
    cdef Entry* spare            # the other half of the merge sort
    cdef int count
    cdef int capacity

    cdef int add(self, const char* key, uint32_t n, uint64_t tid, uint32_t number, uint8_t flags) except -1
    cdef void sort(self) noexcept nogil
    cdef void clear(self) noexcept nogil
    cdef bint before(self, const Entry* a, const Entry* b) noexcept nogil
    cdef bint same_key(self, int i, int j) noexcept nogil
