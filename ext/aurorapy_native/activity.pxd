# What one session is doing now, and what a database's sessions have done so far.
from libc.stdint cimport int64_t, uint64_t

cdef enum:
    RAN_SELECT = 0
    RAN_INSERT = 1
    RAN_UPDATE = 2
    RAN_DELETE = 3
    RAN_KINDS = 4

cdef class DatabaseActivity:
    """One database's statements and commits since the instance started."""
    cdef uint64_t counts[RAN_KINDS]
    cdef double seconds[RAN_KINDS]
    cdef readonly uint64_t commits       # of transactions that wrote
    cdef readonly double commit_seconds

    cdef int ran_one(self, object kind, double seconds) except -1
    cdef void committed_one(self, double seconds) noexcept

cdef class SessionActivity:
    cdef public object facts
    cdef public str state
    cdef public object query
    cdef public int64_t since            # microseconds since 2000: when the state last changed
    cdef public int64_t query_start
    cdef public str application_name
    cdef public bint is_running

    cdef void run(self, object query, int64_t now_us) noexcept
    cdef void rest(self, str letter) noexcept
