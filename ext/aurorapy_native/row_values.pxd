# Values from the bytes they have in a row; see row_values.pyx.
from libc.stdint cimport uint32_t

# First bytes of variable-length values, and of numerics.
cdef enum:
    TAG_LONG = 0xE0
    TAG_COMPRESSED = 0xF0
    TAG_EXTERNAL = 0xF1
    POINTER_SIZE = 16        # of an out-of-line value, after its tag
    NUMERIC_NEGATIVE = 0x80
    NUMERIC_NAN = 0x40
    NUMERIC_INFINITY = 0x20
    NUMERIC_ODD = 0x10       # an odd number of digits: the last half byte is not one
    NUMERIC_WIDE = 0x08      # exponent in four bytes, not one

# Bytes of a letter's values; -1 variable. InternalError for no letter.
cdef int width_of(char letter) except -2
# Bytes of a variable-length value in its row, tag included.
cdef uint32_t stored_size(const char* s) noexcept nogil
# The value at `at`; n: bytes of a variable-length one.
cdef object decode_value(char letter, const char* at, size_t n)
