# Index entries sorted in bounded memory.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from aurorapy_native.btree cimport BTree
from aurorapy_native.entries cimport EntryList

# A sorted run and where its reader stands. Packed entries: u16 key length (bit 15: decisive), 6 bytes tid, key.
ctypedef struct Run:
    char* data               # the whole run, or a window of a spilled one
    size_t at                # the current entry in data
    size_t end
    size_t size
    uint64_t file_at         # what of a spilled run was not read yet: [file_at, file_end)
    uint64_t file_end
    uint64_t head            # the current entry
    uint64_t tid
    const char* key
    uint16_t length
    uint8_t mark
    bint decisive

cdef class EntrySorter:
    cdef BTree tree
    cdef EntryList current
    cdef Run* runs
    cdef int n_runs
    cdef int first_in_memory         # runs before it are spilled
    cdef readonly size_t memory      # bytes of the runs in memory
    cdef size_t memory_max
    cdef int* heap                   # of run numbers, the least entry's first
    cdef int n_heap
    cdef object file
    cdef object make_file
    cdef object file_max             # bytes, or None
    cdef readonly uint64_t spilled   # bytes in the file

    cdef int add(self, const char* key, uint32_t n, uint64_t tid, bint decisive) except -1
    cdef int close_run(self) except -1
    cdef Run* new_run(self) except NULL
    cdef int begin_merge(self, int first) except -1
    cdef int load(self, Run* run) except -1
    cdef int refill(self, Run* run) except -1
    cdef int advance(self) except -1
    cdef bint before(self, int a, int b) noexcept nogil
    cdef void sink(self, int at) noexcept nogil
    cdef int write_out(self, const char* data, size_t n) except -1
