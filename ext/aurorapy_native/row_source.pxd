# Rows of a scan as pointers into their pages, a page's or a leaf's worth at a time. See row_source.pyx.
from libc.stdint cimport uint32_t, uint64_t
from aurorapy_native.btree cimport BTree
from aurorapy_native.btree_scan cimport Scan
from aurorapy_native.heap_read cimport HeapReader, Versions
from aurorapy_native.tuples cimport Projection
from aurorapy_native.visibility cimport Snapshot

cdef class RowSource:
    """What a scan finds. As it stands: nothing."""
    cdef readonly HeapReader heap
    cdef readonly Projection projection
    cdef readonly Snapshot snapshot
    cdef object give_way             # callable; may switch
    cdef object pending              # iterator of pages whose long values are being fetched
    cdef Versions* found             # the step's versions: valid until the next point that may switch
    cdef uint32_t steps

    # What must be done once before the first step; may switch.
    cdef int prepare(self) except -1
    # The next versions into found[0]; 0 at the end. May switch before it looks, never after.
    cdef int advance(self) except -1
    # Adds to found[0]; 0 when there is nothing after that. A Retry leaves what was found and goes on behind it.
    cdef int fill(self) except -1
    cdef list next_page(self)        # tuples; None at the end. May switch.
    cdef list found_page(self)       # the first tuples of what was found last. May switch, after it has looked.
    cdef tuple decode_found(self, int i)

cdef class HeapScan(RowSource):
    """Every row of a range of blocks."""
    cdef uint32_t block
    cdef uint32_t end
    cdef int line

cdef class IndexScan(RowSource):
    """The rows of ranges of an index, one range after the other, in the index's order."""
    cdef BTree tree
    cdef object ranges               # iterator: (low, high, low inclusive, high inclusive)
    cdef bint backward
    cdef Scan cursor                 # of the present range
    cdef int entry                   # of the cursor's tids, the next one to look at
    cdef int few                     # versions that a step should find: one at first, for who stops early
    cdef uint32_t stride             # entries that the next step may take, more each time
    cdef uint32_t crowded            # a block worth pruning when its rows are done with

    cdef int prune_crowded(self) except -1
