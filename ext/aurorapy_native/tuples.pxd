# A row's bytes. C callers: encode_row() leaves the row in data[at:at+length]; attribute() points into a row on a page.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, int32_t, int64_t

cdef enum:
    TUPLE_HEADER = 36        # the null bitmap, if any, begins here
    COLUMNS_MAX = 1600
    VALUE_MAX = 1073741823   # bytes of one value

# infomask
cdef enum:
    HAS_NULLS = 0x0001
    HAS_EXTERNAL = 0x0002    # at least one value is out of line
    UPDATED = 0x0020         # this version came from an UPDATE
    KEYS_UPDATED = 0x2000    # its deleter removed it, or changed a column of a unique key
    HOT_UPDATED = 0x4000     # the next version is on this page and has no index entries
    HEAP_ONLY = 0x8000       # this version has no index entries: reached through its chain only

ctypedef packed struct TupleHeader:
    uint64_t xmin            # who made the version; 0: nobody, it never was
    uint32_t cmin            # in which of its commands
    uint32_t cmax
    uint64_t xmax            # who deleted or replaced it; 0: nobody
    uint32_t next_block      # ctid: the next version, or this one itself
    uint16_t next_line
    uint16_t infomask
    uint16_t natts           # columns of the table when the row was written
    uint16_t hoff            # where the first value begins

# How a variable-length value lies in the row.
cdef enum ValueForm:
    FORM_NULL = 0            # also: missing at the end of an old row
    FORM_PLAIN = 1           # its bytes
    FORM_COMPRESSED = 2      # u32 raw length, lz4 block
    FORM_EXTERNAL = 3        # POINTER_SIZE bytes: see access/toast.py
    FORM_MISSING = 4         # the column is younger than the row

cdef class Projection:
    """Which columns a reader wants, as C ints; made once by RowCodec.projection()."""
    cdef readonly tuple columns
    cdef int* attno          # from 1; negative: a system column
    cdef int count
    cdef int highest
    cdef readonly bint system

cdef class Stored:
    """A value in the form it has in a row: tag byte included. Made for long values (access/toast.py)."""
    cdef readonly bytes data

cdef class OutOfLine:
    """Stands for a value that is not in its row; access/toast.py fetches it."""
    cdef readonly bytes pointer      # POINTER_SIZE bytes
    cdef readonly str letter

cdef class RowCodec:
    cdef readonly str letters
    cdef readonly int natts
    cdef char* letter
    cdef int* width                  # bytes of a fixed-width value, -1 variable
    cdef int* fixed_at               # offset from hoff when nothing before is NULL or variable, else -1
    cdef readonly list missing       # what rows older than a column have, by attno - 1
    cdef object letter_of            # callable(type oid) -> storage letter, for elements of arrays and records
    cdef char* data
    cdef size_t used
    cdef size_t size
    cdef bint oversize               # the last row had a value too long for any page; its length is nominal
    cdef dict projections
    cdef Projection last_projection

    # Appends a row with an empty header (natts, hoff, infomask set) at data[used:]; returns its length.
    cdef size_t encode_row(self, object values) except 0
    # Attribute n (from 1) of a row: where it is and how; the length is that of the value, without tags.
    cdef int attribute(self, const char* row, int n, const char** at, uint32_t* length) except -1
    cdef object value(self, const char* row, int n)
    cdef tuple decode(self, const char* row, Projection projection, uint32_t block, uint32_t line, uint32_t table)
    cdef Projection project(self, object columns)

    cdef int locate(self, const char* row, int highest, uint16_t* at) noexcept nogil
    cdef uint32_t skip_width(self, int i, const char* row, uint32_t off) noexcept nogil
    cdef object value_at(self, char letter, const char* row, uint16_t at)
    cdef int reserve(self, size_t n) except -1
    cdef int put_value(self, char letter, object value, bint top) except -1
    cdef int put_bytes(self, const char* s, size_t n, bint top) except -1
    cdef int close_body(self, size_t start) except -1
    cdef int put_numeric(self, object value) except -1
    cdef int put_array(self, object value) except -1
    cdef int put_record(self, object value) except -1
