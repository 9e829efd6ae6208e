"""The rows a scan finds, a page's or a leaf's worth a step: first as pointers to their versions, then as what is
wanted.

    source = HeapScan(heap, snapshot, (1, 2), 0, heap.blocks, give_way)
    source = IndexScan(heap, tree, ((low, high, True, False),), False, snapshot, (1, 2), give_way)
    for page in source: ...                 lists of tuples

                advance()                          tuples (here)
    pages  ───────────────────→  found: pointers   DataRows (row_output)
             may switch before                     sums (row_totals)
             it looks, never after

`advance` collects the versions that the snapshot sees. Whoever calls it makes of them what it needs before anything can
switch: a pointer into a frame does not survive that. When a page is missing in the middle of a leaf, what was found so
far is handed over first and the page is waited for in the next step.

Values out of line are fetched for rows that are made into tuples, in batches that do not fill the memory.

Errors: as in heap_read. Not here: keys (execute/rows/access.py), conditions.
"""

from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc

from aurorapy_native.btree cimport BTree
from aurorapy_native.btree_scan cimport Scan
from aurorapy_native.dead_entries cimport PASSED_MANY, drop_from_leaf
from aurorapy_native.heap_page cimport NO_BLOCK
from aurorapy_native.heap_read cimport HeapReader, VERSIONS_MAX, Versions
from aurorapy_native.tuples cimport HAS_EXTERNAL, Projection
from aurorapy_native.visibility cimport Snapshot

from aurorapy_native.retry import Retry

cdef enum:
    GIVE_WAY_STEPS = 16          # pages between two chances to give way
    FEW = 128
    FIRST_ENTRIES = 16           # of an index: many a scan ends with its first row


cdef class RowSource:
    def __cinit__(self, *args, **kwargs):
        self.found = <Versions*> malloc(sizeof(Versions))
        if self.found == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.found)

    cdef int prepare(self) except -1:
        return 0

    cdef int fill(self) except -1:
        return 0

    cdef int advance(self) except -1:
        cdef int more = 1
        while True:
            self.steps += 1
            if self.steps % GIVE_WAY_STEPS == 0:
                self.give_way()
            self.found.count = self.found.masks = 0
            try:
                more = self.fill()
            except Retry as retry:
                if self.found.count == 0:
                    retry.wait()
            if self.found.count or not more:
                return self.found.count

    def __iter__(self):
        return self

    def __next__(self):
        """The next rows, at least one."""
        page = self.next_page()
        if page is None:
            raise StopIteration
        return page

    cdef list next_page(self):
        cdef list rows
        self.prepare()
        if self.pending is not None:
            rows = next(self.pending, None)
            if rows is not None:
                return rows
            self.pending = None
        if self.advance() == 0:
            return None
        return self.found_page()

    cdef list found_page(self):
        cdef list rows = self.heap.decode_all(self.found, self.projection)
        if self.found.masks & HAS_EXTERNAL:
            self.pending = self.heap.toaster.batches(rows)
            return next(self.pending)
        return rows

    cdef tuple decode_found(self, int i):
        return self.heap.decode(self.found.row[i], self.projection, self.found.at[i])


cdef class HeapScan(RowSource):
    def __init__(self, HeapReader heap not None, Snapshot snapshot not None, columns, uint32_t block, uint32_t end,
                 give_way):
        """Blocks from `block` to before `end`. columns: attnos, or a Projection."""
        self.heap = heap
        self.snapshot = snapshot
        self.projection = heap.codec.project(columns)
        self.give_way = give_way
        self.block = block
        self.end = end
        self.line = 1

    cdef int fill(self) except -1:
        if self.block >= self.end:
            return 0
        self.heap.page_versions(self.block, self.snapshot, &self.line, self.found)
        self.line = 1
        self.block += 1
        return 1


cdef class IndexScan(RowSource):
    def __init__(self, HeapReader heap not None, BTree tree not None, ranges, bint backward,
                 Snapshot snapshot not None, columns, give_way):
        """ranges: an iterable of (low key, high key, low inclusive, high inclusive), None for no bound."""
        self.heap = heap
        self.tree = tree
        self.ranges = iter(ranges)
        self.backward = backward
        self.snapshot = snapshot
        self.projection = heap.codec.project(columns)
        self.give_way = give_way
        self.crowded = NO_BLOCK
        self.few = 1
        self.stride = FIRST_ENTRIES

    cdef int fill(self) except -1:
        cdef int seen
        cdef bint fresh
        if self.crowded != NO_BLOCK:
            self.prune_crowded()
        while self.found.count < self.few:       # ranges of one row share a step
            fresh = False
            if self.cursor is None:
                found = next(self.ranges, None)
                if found is None:
                    return 0
                low, high, low_inclusive, high_inclusive = found
                self.cursor = Scan(self.tree, low, high, low_inclusive, high_inclusive, self.backward)
                self.entry = 0
            if self.entry >= <int> self.cursor.count:
                self.entry = 0
                if self.cursor.done or self.cursor.step(min(self.stride, VERSIONS_MAX - self.found.count), None) == 0:
                    self.cursor = None
                    continue
                fresh = True
                self.stride = min(8 * self.stride, VERSIONS_MAX)
            seen = self.found.count
            self.heap.row_versions(self.cursor.tids, self.cursor.count, &self.entry, self.snapshot, self.found,
                                   &self.crowded)
            if fresh and <int> self.cursor.count - (self.found.count - seen) >= PASSED_MANY:
                drop_from_leaf(self.heap, self.tree, self.cursor.leaf)
        self.few = FEW
        return 1

    cdef int prune_crowded(self) except -1:
        cdef uint32_t block = self.crowded
        cdef int32_t frame
        self.crowded = NO_BLOCK
        frame = self.heap.row_frame(<uint64_t> block << 16)
        if frame >= 0:
            self.heap.prune_if_useful(frame, True)
        return 0
