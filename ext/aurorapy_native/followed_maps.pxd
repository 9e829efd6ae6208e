# Map pages on an instance that reads what another one writes.
from libc.stdint cimport uint32_t
from aurorapy_native.redo cimport Header
from aurorapy_native.space cimport RelationStorage, VolumeSpace

cdef class FollowedMaps:
    cdef VolumeSpace space
    cdef readonly dict pages             # map page -> (root, its bytes as a bytearray)
    cdef set changed                     # roots whose map pages have changed since settle()

    cdef int record(self, const char* record, const Header* head) except -1
    # A step is over: mirrors follow.
    cdef int settle(self) except -1
    cdef uint32_t empty(self, RelationStorage storage) except 1
