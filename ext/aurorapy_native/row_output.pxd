# Rows of a scan as tuples or straight as DataRows. See row_output.pyx.
from libc.stdint cimport uint8_t
from aurorapy_native.outbuffer cimport OutBuffer, RowEncoder
from aurorapy_native.row_source cimport RowSource

cdef enum:
    STRAIGHT_MAX = 64        # columns of a result that may go straight

cdef class PlainRows:
    cdef object pages                # iterator of lists of tuples
    cdef RowSource source            # the same where it is one, else None
    cdef object give_way
    cdef list page                   # tuples made, not yet handed over from `at` on
    cdef Py_ssize_t at
    cdef uint8_t[STRAIGHT_MAX] ways  # of each column, once plan_ways() has said that all have one

    cdef bint plan_ways(self, RowEncoder encoder) except -1
    cdef Py_ssize_t put_next(self, OutBuffer buffer, RowEncoder encoder) except -1
    cdef int put_found(self, OutBuffer buffer, RowEncoder encoder) except -1
    cdef bint put_row(self, OutBuffer buffer, const char* row) except -1
    cdef bint put_value(self, OutBuffer buffer, char letter, const char* s, uint8_t way) except -1
