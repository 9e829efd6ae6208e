# An index key made from a row's bytes.
from libc.stdint cimport uint32_t
from aurorapy_native.keys cimport KeyCodec
from aurorapy_native.tuples cimport RowCodec

cdef class RowKeys:
    cdef readonly RowCodec rows
    cdef readonly KeyCodec keys
    cdef int[32] attno
    cdef bint nulls_distinct

    # The key is in keys.data[:keys.used]. 1: done; 0: a value is not in its row, or compressed: decode and encode it.
    # decisive[0]: only one row may have the key, if the index is unique.
    cdef int encode(self, const char* row, bint* decisive) except -1

    cdef int add_plain(self, int i, char letter, const char* at, uint32_t length) except -1
