# Time as C reads it. See clock.pyx.
from libc.stdint cimport int64_t

cdef extern from "<time.h>" nogil:
    struct timespec:
        long tv_sec
        long tv_nsec
    int clock_gettime(int, timespec*)
    enum: CLOCK_MONOTONIC
    enum: CLOCK_REALTIME

cdef enum:
    EPOCH_2000 = 946684800   # seconds of the Unix epoch


# Seconds since some moment, for measuring.
cdef inline double monotonic() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec + now.tv_nsec * 1e-9


# Microseconds since 2000-01-01 UTC.
cdef inline int64_t wall() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_REALTIME, &now)
    return (<int64_t> now.tv_sec - EPOCH_2000) * 1000000 + now.tv_nsec // 1000
