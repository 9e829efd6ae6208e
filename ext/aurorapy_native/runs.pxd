# A sealed run's index, as storage/node/runs.py lays it out: ascending by page number.
from libc.stdint cimport uint32_t

cdef enum:
    IMAGE_ENTRY_BYTES = 12   # u32 page, u64 page LSN
    DELTA_ENTRY_BYTES = 32   # u32 page, u32 records, u64 offset, u64 first, u64 last

cdef class RunIndex:
    cdef readonly bytes data
    cdef const char* entries
    cdef readonly uint32_t count
    cdef uint32_t entry_bytes
