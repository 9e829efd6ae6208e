# Rows on their way into a heap: their bytes, one behind the other.
from libc.stdint cimport uint32_t, uint64_t
from aurorapy_native.tuples cimport RowCodec

cdef enum:
    BATCH_ROWS = 1000        # as many as PostgreSQL's COPY keeps before it inserts them
    BATCH_BYTES = 65535      # of input, also as PostgreSQL does
    BATCH_ROW_BYTES = 262144 # of rows
    BATCH_ROW_MAX = 2032     # rows above it may have values to compress or put out of line

cdef class RowBatch:
    cdef readonly RowCodec codec
    cdef char* data
    cdef size_t used
    cdef size_t size
    cdef uint32_t* at                # where each row begins; at[count]: where the last one ends
    cdef uint64_t* tid               # of the rows that have been placed
    cdef readonly int count
    cdef public size_t weight        # bytes of input the rows came from, where the producer keeps account

    # Room for n more bytes at data + used.
    cdef int reserve(self, size_t n) except -1
    # data[at[count]:used] is a row.
    cdef void end_row(self) noexcept nogil
    cdef bint is_full(self) noexcept nogil
    cdef inline char* row(self, int i) noexcept nogil:
        return self.data + self.at[i]
    cdef inline uint32_t length(self, int i) noexcept nogil:
        return self.at[i + 1] - self.at[i]
