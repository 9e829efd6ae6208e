# Backend messages collected for one client. C callers: message_of() for small fixed messages, put_row() for a tuple.
from libc.stdint cimport uint16_t, uint32_t, uint64_t, uint8_t

cdef inline void put32(char* p, uint32_t v) noexcept nogil:
    p[0] = <char>(v >> 24)
    p[1] = <char>(v >> 16)
    p[2] = <char>(v >> 8)
    p[3] = <char>v


cdef inline void put16(char* p, uint16_t v) noexcept nogil:
    p[0] = <char>(v >> 8)
    p[1] = <char>v


cdef inline void put64(char* p, uint64_t v) noexcept nogil:
    put32(p, <uint32_t>(v >> 32))
    put32(p + 4, <uint32_t>v)


cdef class RowEncoder:
    cdef bytes codes                 # a letter a column
    cdef tuple callables
    cdef Py_ssize_t columns

cdef class OutBuffer:
    cdef char* buffer
    cdef readonly Py_ssize_t size
    cdef size_t room
    cdef uint64_t takes              # how often it was taken: a row must not see that change
    cdef public bint unreported      # a setting changed that the client hears of before ReadyForQuery

    # Room for n more bytes at buffer + size.
    cdef int need(self, Py_ssize_t n) except -1
    # What collected was sent.
    cdef void empty(self) noexcept
    # Takes back what was put in after the buffer had `mark` bytes; it was not taken meanwhile.
    cdef void cut(self, Py_ssize_t mark) noexcept
    # One message with a body of n bytes.
    cdef int put_message(self, uint8_t letter, const char* body, Py_ssize_t n) except -1
    cdef int put_bytes(self, bytes data) except -1
    # One DataRow from a tuple.
    cdef int _row(self, tuple values, RowEncoder encoder) except -1
    # A row made by the caller: begin_row, then put_null / put_field / put_int_field a column, then end_row(start).
    cdef Py_ssize_t begin_row(self, Py_ssize_t columns) except -1
    cdef int put_null(self) except -1
    cdef int put_field(self, const char* data, Py_ssize_t n) except -1
    cdef int put_int_field(self, long long number) except -1
    cdef int end_row(self, Py_ssize_t start) except -1

    cdef int _fields(self, tuple values, RowEncoder encoder) except -1
    cdef int _field(self, object value, char code, RowEncoder encoder, Py_ssize_t column) except -1
    cdef int _bytes(self, str value, Py_ssize_t n) except -1
    cdef int _str(self, str value) except -1
    cdef int _raw(self, object value) except -1
    cdef int _int_text(self, object value) except -1
    cdef int _fixed(self, object value, char code) except -1
