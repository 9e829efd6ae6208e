"""The entries of a new index, sorted in bounded memory.

    add … add | run of 16,384, sorted, packed | run | run    beyond memory_max: merged into one run of a temporary file
                                    all runs merged, entry by entry, into the tree's pages

A packed entry is its key and eight bytes. Sorting a run takes a few milliseconds; merging gives way every thousand
entries. A spilled run is read through a window of 64 KB, and there is one for each memory_max bytes of entries.

Two live rows with one key of a unique index stand side by side when they come out: the tid of the second is build()'s
answer.

Errors: ResourceError 53400 beyond temp_file_limit, ProgramLimitExceeded 54000 for a key that no page holds, the disk's.

Not here: where the entries come from (access/build.py), pages (btree_build).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy, memmove, memset

from aurorapy_native.btree cimport BTree
from aurorapy_native.btree_build cimport Builder
from aurorapy_native.btree_page cimport KEY_MAX, get_tid, put_tid
from aurorapy_native.entries cimport Entry, EntryList, compare_tails, head_of

from aurorapy.errors import ResourceError

cdef enum:
    RUN_ENTRIES = 16384
    WINDOW = 65536           # bytes of a spilled run in memory, and of one write
    STEP = 1024              # entries between two chances to give way
    DECISIVE = 0x8000


cdef class EntrySorter:
    def __cinit__(self, BTree tree not None, size_t memory_max=64 << 20, make_file=None, file_max=None):
        self.tree = tree
        self.current = EntryList()
        self.memory_max = memory_max
        self.make_file = make_file
        self.file_max = file_max

    def __init__(self, tree, memory_max=64 << 20, make_file=None, file_max=None):
        """tree: what the entries are for, without pages yet. memory_max: bytes of packed entries before they are
        spilled. make_file: callable giving a host file (pread, pwrite, close), or None: nothing is spilled. file_max:
        bytes the file may have."""

    def __dealloc__(self):
        self.release()

    def close(self):
        """Lets go of memory and file."""
        self.release()
        if self.file is not None:
            self.file.close()
            self.file = None

    def release(self):
        cdef int i
        for i in range(self.n_runs):
            free(self.runs[i].data)
        free(self.runs)
        free(self.heap)
        self.runs = NULL
        self.heap = NULL
        self.n_runs = self.n_heap = 0

    # -- collecting ------------------------------------------------------------------------------------------------

    cdef int add(self, const char* key, uint32_t n, uint64_t tid, bint decisive) except -1:
        if n > KEY_MAX:
            self.tree.refuse_size(n)
        self.current.add(key, n, tid, 0, decisive)
        if self.current.count >= RUN_ENTRIES:
            self.close_run()
        return 0

    def append(self, bytes key not None, uint64_t tid, bint decisive):
        """Adds an entry; decisive: a unique index may have its key once."""
        self.add(PyBytes_AS_STRING(key), <uint32_t> PyBytes_GET_SIZE(key), tid, decisive)

    @property
    def is_full(self):
        """It is time to spill."""
        return self.memory > self.memory_max and self.make_file is not None

    cdef Run* new_run(self) except NULL:
        cdef Run* grown = <Run*> realloc(self.runs, (self.n_runs + 1) * sizeof(Run))
        if grown == NULL:
            raise MemoryError
        self.runs = grown
        memset(&self.runs[self.n_runs], 0, sizeof(Run))
        self.n_runs += 1
        return &self.runs[self.n_runs - 1]

    cdef int close_run(self) except -1:
        """Sorts and packs what was collected."""
        cdef EntryList list_ = self.current
        cdef size_t total = list_.used + 8 * <size_t> list_.count
        cdef Run* run
        cdef char* to
        cdef Entry* entry
        cdef int i
        if list_.count == 0:
            return 0
        list_.sort()
        to = <char*> malloc(total)
        if to == NULL:
            raise MemoryError
        run = self.new_run()
        run.data = to
        run.end = run.size = total
        for i in range(list_.count):
            entry = &list_.entries[i]
            (<uint16_t*> to)[0] = entry.length | (DECISIVE if entry.flags else 0)
            put_tid(to + 2, entry.tid)
            memcpy(to + 8, list_.arena + entry.at, entry.length)
            to += 8 + entry.length
        self.memory += total
        list_.clear()
        return 0

    # -- merging ---------------------------------------------------------------------------------------------------

    cdef int refill(self, Run* run) except -1:
        """More of a spilled run behind what is left of its window."""
        cdef size_t left = run.end - run.at, want
        cdef bytes piece
        if run.data == NULL:
            run.size = 2 * WINDOW
            run.data = <char*> malloc(run.size)
            if run.data == NULL:
                raise MemoryError
        memmove(run.data, run.data + run.at, left)
        run.at = 0
        want = <size_t> min(<uint64_t> WINDOW, run.file_end - run.file_at)
        piece = self.file.pread(want, run.file_at)
        if <size_t> PyBytes_GET_SIZE(piece) != want:
            raise ResourceError("could not read from temporary file: read too few bytes", sqlstate="58030")
        memcpy(run.data + left, PyBytes_AS_STRING(piece), want)
        run.end = left + want
        run.file_at += want
        return 0

    cdef int load(self, Run* run) except -1:
        """Reads the entry at the run's place; 0 at its end."""
        cdef uint16_t length
        if run.file_at < run.file_end and run.end - run.at < 8 + KEY_MAX + 1:
            self.refill(run)
        if run.at == run.end:
            return 0
        memcpy(&length, run.data + run.at, 2)
        run.decisive = length & DECISIVE != 0
        run.length = length & ~<uint16_t> DECISIVE
        run.tid = get_tid(run.data + run.at + 2)
        run.key = run.data + run.at + 8
        run.mark = <uint8_t> run.key[0] if run.length else 0
        run.head = head_of(run.key, run.length)
        return 1

    cdef bint before(self, int a, int b) noexcept nogil:
        cdef Run* x = &self.runs[a]
        cdef Run* y = &self.runs[b]
        cdef int c
        if x.mark != y.mark:
            return x.mark < y.mark
        if x.head != y.head:
            return x.head < y.head
        c = compare_tails(x.key, x.length, y.key, y.length)
        return c < 0 if c else x.tid < y.tid

    cdef void sink(self, int at) noexcept nogil:
        cdef int moved = self.heap[at], child
        while True:
            child = 2 * at + 1
            if child >= self.n_heap:
                break
            if child + 1 < self.n_heap and self.before(self.heap[child + 1], self.heap[child]):
                child += 1
            if not self.before(self.heap[child], moved):
                break
            self.heap[at] = self.heap[child]
            at = child
        self.heap[at] = moved

    cdef int begin_merge(self, int first) except -1:
        """Over the runs from `first` on."""
        cdef int i
        self.close_run()
        free(self.heap)
        self.heap = <int*> malloc((self.n_runs + 1) * sizeof(int))
        if self.heap == NULL:
            raise MemoryError
        self.n_heap = 0
        for i in range(first, self.n_runs):
            if self.load(&self.runs[i]):
                self.heap[self.n_heap] = i
                self.n_heap += 1
        for i in range(self.n_heap // 2 - 1, -1, -1):
            self.sink(i)
        return 0

    cdef int advance(self) except -1:
        """Past the least entry, which is runs[heap[0]]'s."""
        cdef Run* run = &self.runs[self.heap[0]]
        run.at += 8 + run.length
        if run.at == run.end and run.file_at == run.file_end or not self.load(run):
            self.n_heap -= 1
            self.heap[0] = self.heap[self.n_heap]
        if self.n_heap > 1:
            self.sink(0)
        return 0

    cdef int write_out(self, const char* data, size_t n) except -1:
        if self.file_max is not None and self.spilled + n > self.file_max:
            raise ResourceError(f"temporary file size exceeds temp_file_limit ({self.file_max >> 10}kB)",
                                sqlstate="53400")
        self.file.pwrite(PyBytes_FromStringAndSize(data, n), self.spilled)
        self.spilled += n
        return 0

    def spill(self, give_way):
        """Moves the runs in memory to the file, as one."""
        cdef char* buffer = <char*> malloc(WINDOW)
        cdef size_t used = 0, n
        cdef uint64_t start = self.spilled
        cdef Run* run
        cdef int i, count = 0
        if buffer == NULL:
            raise MemoryError
        try:
            if self.file is None:
                self.file = self.make_file()
            self.begin_merge(self.first_in_memory)
            while self.n_heap:
                run = &self.runs[self.heap[0]]
                n = 8 + run.length
                if used + n > WINDOW:
                    self.write_out(buffer, used)
                    used = 0
                memcpy(buffer + used, run.data + run.at, n)
                used += n
                self.advance()
                count += 1
                if count % STEP == 0:
                    give_way()
            self.write_out(buffer, used)
        finally:
            free(buffer)
        for i in range(self.first_in_memory, self.n_runs):
            free(self.runs[i].data)
        self.n_runs = self.first_in_memory
        self.memory = 0
        run = self.new_run()
        run.file_at = start
        run.file_end = self.spilled
        self.first_in_memory = self.n_runs

    def build(self, bint unique, give_way, int fill=90):
        """Fills the tree with everything. None, or the tid of the second of two decisive entries with one key."""
        cdef Builder builder = Builder(self.tree, fill)
        cdef char[KEY_MAX + 1] last
        cdef uint32_t last_length = 0
        cdef bint any_ = False
        cdef int count = 0
        cdef Run* run
        builder.start()
        self.begin_merge(0)
        while self.n_heap:
            run = &self.runs[self.heap[0]]
            if unique and run.decisive:
                if any_ and run.length == last_length and memcmp(run.key, last, last_length) == 0:
                    return run.tid
                any_ = True
                last_length = run.length
                memcpy(last, run.key, last_length)
            builder.add_leaf_entry(run.key, run.length, run.tid)
            self.advance()
            count += 1
            if count % STEP == 0:
                give_way()
        builder.finish()
        return None
