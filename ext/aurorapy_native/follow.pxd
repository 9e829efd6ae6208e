# A writer's records, applied to what an instance that follows it has in memory.
from libc.stdint cimport uint32_t, uint64_t
from aurorapy_native.followed_maps cimport FollowedMaps
from aurorapy_native.pool cimport BufferPool
from aurorapy_native.visibility cimport TransactionStatus

cdef class Applier:
    cdef BufferPool pool
    cdef FollowedMaps maps
    cdef TransactionStatus status
    cdef uint32_t group_pages
    cdef readonly dict group_last        # LSN of the last record gone through, by protection group
    cdef readonly uint64_t records       # gone through
    cdef readonly uint64_t applied       # to a page that is here, or on its way

    cdef int commit_note(self, const char* payload, uint32_t length, uint64_t lsn) except -1
