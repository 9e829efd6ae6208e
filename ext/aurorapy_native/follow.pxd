# A writer's records, applied to what an instance that follows it has in memory.
from libc.stdint cimport uint32_t, uint64_t
from aurorapy_native.pool cimport BufferPool
from aurorapy_native.redo cimport Header
from aurorapy_native.space cimport VolumeSpace
from aurorapy_native.visibility cimport TransactionStatus

cdef class Applier:
    cdef BufferPool pool
    cdef VolumeSpace space
    cdef TransactionStatus status
    cdef uint32_t group_pages
    cdef readonly dict group_last        # LSN of the last record gone through, by protection group
    cdef readonly uint64_t records       # gone through
    cdef readonly uint64_t applied       # to a page that is here, or on its way
    cdef set changed                     # roots of relations whose map pages changed

    cdef int page(self, const char* record, const Header* head) except -1
    cdef int map_page(self, const char* record, const Header* head, tuple entry) except -1
    cdef int commit_note(self, const char* payload, uint32_t length, uint64_t lsn) except -1
    cdef int relations_changed(self) except -1
