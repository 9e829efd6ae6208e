# Order-preserving key bytes. The codec owns one scratch buffer: encode_into leaves the key there, valid until the next
# call.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t, int64_t

cdef enum:
    KEY_COLUMNS_MAX = 32
    OPTION_DESC = 1
    OPTION_NULLS_FIRST = 2

cdef class KeyCodec:
    cdef readonly int columns
    cdef char[32] letter
    cdef uint8_t[32] option
    cdef char* data              # the key: data[0:used]
    cdef size_t used
    cdef size_t size
    cdef object letter_of        # callable(type oid) -> key letter, for elements of arrays and records

    # Key of the first `count` columns of a tuple or list of Python values.
    cdef int encode_into(self, object values, Py_ssize_t count) except -1

    # The same from C values, column by column: start(), then one add_* a column, in order.
    cdef void start(self) noexcept
    cdef int add_null(self, int column) except -1
    cdef int add_int(self, int column, int64_t value) except -1       # letters 2 4 8 u 6
    cdef int add_bool(self, int column, bint value) except -1         # letter b
    cdef int add_double(self, int column, double value) except -1     # letters f d
    cdef int add_text(self, int column, const char* s, size_t n) except -1    # letters t c p: UTF-8 without NUL
    cdef int add_bytes(self, int column, const char* s, size_t n) except -1   # letter y; g: 16 bytes

    cdef size_t mark(self) except 0
    cdef void close(self, int column, size_t body) noexcept
    cdef int reserve(self, size_t n) except -1
    cdef int put_value(self, char letter, object value) except -1
    cdef void put_int(self, int width, uint64_t biased) noexcept
    cdef int put_letter_int(self, char letter, int64_t value) except -1
    cdef int put_double(self, double value) except -1
    cdef int put_text(self, const char* s, size_t n) except -1
    cdef int put_str(self, object value, bint strip) except -1
    cdef int put_bytes(self, const char* s, size_t n) except -1
    cdef int put_numeric(self, object value) except -1
    cdef int put_elements(self, object items, object oids, object elem_oid) except -1
    cdef int put_array(self, object value) except -1
    cdef int put_json(self, object value) except -1
    cdef int put_json_value(self, object value) except -1
    cdef int put_json_array(self, object items, bint raw) except -1
    cdef void invert_from(self, size_t position) noexcept
