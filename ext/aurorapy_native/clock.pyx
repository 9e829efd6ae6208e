"""The wall clock in PostgreSQL's unit, read once a statement.

    wall_us()       microseconds since 2000-01-01 UTC

Not here: the simulator's clock; who may read which (aurorapy.host).
"""

from libc.stdint cimport int64_t

cdef extern from "<time.h>" nogil:
    struct timespec:
        long tv_sec
        long tv_nsec
    int clock_gettime(int, timespec*)
    enum: CLOCK_REALTIME

EPOCH_2000_US = 946_684_800_000_000
cdef int64_t EPOCH = EPOCH_2000_US


def wall_us():
    """Microseconds since 2000-01-01 UTC."""
    cdef timespec now
    clock_gettime(CLOCK_REALTIME, &now)
    return <int64_t> now.tv_sec * 1000000 + now.tv_nsec // 1000 - EPOCH
