# Range scans. A Scan holds keys, never a page; it may be kept across a switch.
from libc.stdint cimport int32_t, uint32_t, uint64_t
from aurorapy_native.btree cimport BTree

cdef class Scan:
    """A range of entries in either direction, a leaf's matches a step. Holds keys, never a page."""
    cdef BTree tree
    cdef bint backward
    cdef bint done
    cdef bytes start_key             # entries at or above (start_key, start_tid) ...
    cdef uint64_t start_tid
    cdef bytes end_key               # ... and below (end_key, end_tid); None: no end
    cdef uint64_t end_tid
    cdef uint64_t[819] tids          # LEAF_ENTRIES_MAX
    cdef int32_t leaf                # the frame they were read from; until the next point that may switch
    cdef readonly uint32_t count     # of tids the last step found

    # Next matches into tids[0:count], at most `limit` of them (0: no limit). 0 when the scan is over. Retry.
    cdef int step(self, uint32_t limit, list keys) except -1
    cdef int step_forward(self, uint32_t limit, list keys) except -1
    cdef int step_backward(self, uint32_t limit, list keys) except -1
    cdef int end_index(self, const char* page) noexcept
    cdef int set_end(self, const char* entry, uint32_t length) except -1
    cdef void take(self, const char* page, int index, list keys) except *
