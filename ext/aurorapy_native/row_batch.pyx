"""A batch of rows as bytes: what COPY, INSERT of many rows and CREATE TABLE AS hand to a table.

    batch = RowBatch(heap.codec)
    batch.append((1, 'a'))      True, or False: the row is one for the toaster, or the batch is full
    heap.place(batch, xid, 0)   on pages, a page a mini-transaction; batch.tids says where

A batch takes up to 1,000 rows, or 64 KB of what they came from. It belongs to one statement, so it survives a switch;
the codec's own buffer does not.

Not here: rows from text (row_text), pages (heap), index entries (btree_batch).
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from aurorapy_native.room cimport make_room
from aurorapy_native.tuples cimport RowCodec

ROWS_MAX = BATCH_ROWS


cdef class RowBatch:
    def __cinit__(self, RowCodec codec not None):
        self.codec = codec
        self.at = <uint32_t*> malloc((BATCH_ROWS + 1) * sizeof(uint32_t))
        self.tid = <uint64_t*> malloc(BATCH_ROWS * sizeof(uint64_t))
        if not (self.at and self.tid):
            raise MemoryError
        make_room(&self.data, &self.size, 65536)
        self.at[0] = 0

    def __dealloc__(self):
        free(self.data)
        free(self.at)
        free(self.tid)

    def __len__(self):
        return self.count

    cdef int reserve(self, size_t n) except -1:
        return make_room(&self.data, &self.size, self.used + n)

    cdef void end_row(self) noexcept nogil:
        self.count += 1
        self.at[self.count] = <uint32_t> self.used

    cdef bint is_full(self) noexcept nogil:
        return self.count == BATCH_ROWS or self.used >= BATCH_ROW_BYTES or self.weight >= BATCH_BYTES

    @property
    def full(self):
        return self.is_full()

    def append(self, values):
        """Adds a row of Python values. False, and nothing added: it needs the toaster, or the batch is full."""
        cdef RowCodec codec = self.codec
        cdef size_t n
        if self.is_full():
            return False
        codec.used = 0
        n = codec.encode_row(values)
        if n > BATCH_ROW_MAX or codec.oversize:
            return False
        self.reserve(n)
        memcpy(self.data + self.used, codec.data, n)
        self.used += n
        self.end_row()
        return True

    def values(self, int i):
        """The values of row i."""
        if not 0 <= i < self.count:
            raise IndexError(i)
        return self.codec.decode(self.row(i), self.codec.project(tuple(range(1, self.codec.natts + 1))), 0, 0, 0)

    def raw(self, int i):
        """The bytes of row i. For tests."""
        return self.data[self.at[i]:self.at[i + 1]]

    @property
    def tids(self):
        """Where the rows are, once they have been placed."""
        return [self.tid[i] for i in range(self.count)]

    def clear(self):
        self.count = 0
        self.used = self.weight = 0
