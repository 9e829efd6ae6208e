# A few rows of a scan in another order. See row_sorting.pyx.
from libc.stdint cimport uint16_t, uint32_t, uint64_t, uint8_t
from aurorapy_native.row_source cimport RowSource

ctypedef struct Kept:
    uint64_t prefix          # orders as the value does, as far as it goes
    uint8_t rank             # NULLs before or after: 0, values: 1, 2
    uint32_t length          # of a text that `prefix` is only the beginning of
    size_t key               # where the text is in the arena
    size_t row               # where the row is
    uint64_t at
    const char* base         # the arena, for the comparison
    uint32_t number          # in order of arrival: equal rows keep it

cdef class SortedSource(RowSource):
    cdef RowSource inner
    cdef object fallback             # callable(iterator of pages) → sorted pages
    cdef int attno
    cdef char letter
    cdef bint blanks                 # trailing blanks do not count
    cdef bint descending
    cdef bint nulls_first
    cdef bint distinct
    cdef size_t bytes_max
    cdef bint ready
    cdef char* arena
    cdef size_t used
    cdef size_t size
    cdef Kept* kept
    cdef uint32_t count
    cdef uint32_t room
    cdef uint32_t next_kept

    cdef bint keep_found(self) except -1
    cdef bint keep(self, const char* row, uint16_t length, uint64_t at) except -1
    cdef bint set_key(self, Kept* kept, const char* row, size_t copy) except -1
    cdef int give_up(self) except -1
    cdef void sort(self) noexcept nogil
