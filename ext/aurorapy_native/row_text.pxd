# A row's bytes from fields of text.
from libc.stdint cimport int64_t, uint8_t, uint32_t
from aurorapy_native.row_batch cimport RowBatch
from aurorapy_native.tuples cimport RowCodec

# How a field stands in the text.
cdef enum FieldForm:
    FIELD_NULL = 0
    FIELD_PLAIN = 1          # its bytes
    FIELD_BACKSLASHED = 2    # with COPY's escapes in it
    FIELD_DOUBLED = 3        # with doubled quotes in it
    FIELD_NUMBER = 4         # a numeric literal of SQL
    FIELD_TRUE = 5           # words of SQL
    FIELD_FALSE = 6

ctypedef struct Field:
    const char* at           # UTF-8; behind its end stands a byte that is no digit
    uint32_t length
    uint8_t form

cdef class RowText:
    cdef readonly RowCodec codec
    cdef readonly int fields         # how many a row of text has
    cdef int* source                 # of each column: a field's number, -1 a constant
    cdef char* kind                  # what its text is: see the table in the chapter
    cdef int* limit                  # type modifier, -1 none
    cdef uint8_t* required           # NOT NULL
    cdef list constants              # bytes as in a row, or None for NULL
    cdef bint constant_null          # a constant is NULL
    cdef char* scratch               # a field without its escapes
    cdef size_t scratch_size

    # Adds a row to the batch. 1: done; 0: some field is not for here, nothing was added.
    cdef int add(self, RowBatch batch, const Field* fields) except -1

    cdef int put(self, RowBatch batch, int column, const char* s, uint32_t n, uint8_t form) except -1
    cdef int unescape(self, Field* field) except -1
    cdef int put_text(self, RowBatch batch, char kind, int limit, const char* s, uint32_t n) except -1
    cdef int put_numeric(self, RowBatch batch, int limit, const char* s, uint32_t n) except -1
