# Dates and timestamps in ISO form, for readers of text in C.
from libc.stdint cimport int64_t

cdef enum:
    NO_DATE = 1 << 30

# Days since 2000-01-01 of the ten bytes `YYYY-MM-DD`, NO_DATE for others.
cdef int64_t days_of(const char *text) noexcept nogil
# Microseconds as written, zone's seconds east of UTC: 0 another text, 1 without a zone, 2 with one. Behind the text
# stands a byte that is no digit.
cdef int timestamp_of(const char *raw, Py_ssize_t size, int64_t *value, int *zone) noexcept nogil
