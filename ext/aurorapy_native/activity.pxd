# What one session is doing now.
from libc.stdint cimport int64_t

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
